"""addons.selftest: it passes as things are, and finds each hook that lets something through."""

import pytest

from addons.enforcement import Enforcement
from addons.lane import Limits
from addons.lockdown import Unsafe, make_options
from addons.master import LaneMaster
from addons.selftest import self_test
from addons.underway import Underway


def prepared():
    """Return a dispatch with the enforcement add-on, and what it works on."""
    underway = Underway(Limits())
    master = LaneMaster(make_options(mode=[]))
    master.addons.add(Enforcement(underway))
    return master.guarded, underway


async def test_it_passes_and_leaves_nothing_behind():
    """No exchange, no task, no memory stays counted."""
    guarded, underway = prepared()
    await self_test(guarded, underway)
    assert underway.live == {}
    assert underway.tasks == set()
    assert underway.buffered == 0


@pytest.mark.parametrize("hook", ["requestheaders", "request", "responseheaders", "response", "error"])
async def test_it_finds_a_hook_that_lets_something_through(monkeypatch, hook):
    """A hook that does nothing at all is found, and the error names it."""

    async def careless(self, flow):
        return None

    if hook == "requestheaders":

        async def careless(self, flow):
            flow.response = None

    monkeypatch.setattr(Enforcement, hook, careless)
    guarded, underway = prepared()
    with pytest.raises(Unsafe, match=hook):
        await self_test(guarded, underway)


async def test_it_finds_a_way_for_raw_tcp(monkeypatch):
    """If TCP flows were asked about instead of denied, it would be noticed."""
    monkeypatch.setattr(
        "addons.dispatch.KNOWN",
        frozenset({"requestheaders", "request", "responseheaders", "response", "error", "tcp_start"}),
    )
    guarded, underway = prepared()
    with pytest.raises(Unsafe, match="TCP"):
        await self_test(guarded, underway)

"""addons.selftest: it passes as things are, and finds each step that lets something through."""

import pytest

from addons import selftest
from addons.http1.exchange import Exchange
from addons.lockdown import Unsafe
from addons.selftest import CANARY, self_test


async def test_it_passes():
    """As things are."""
    await self_test()


async def test_it_finds_an_exchange_that_lets_everything_through(monkeypatch):
    """One that asks nobody, and says what the upstream said."""

    async def careless(self):
        answer = await self._lane.pool.ask("POST", (CANARY,), self._client.account.hold, lambda: None)
        return (b"HTTP/1.1 503 x\r\n\r\n", answer.body)

    monkeypatch.setattr(Exchange, "_judge", careless)
    with pytest.raises(Unsafe, match="on_head"):
        await self_test()


@pytest.mark.parametrize(
    "method", ["on_request", "on_response", "on_upload", "on_piece", "on_answer", "on_rows"]
)
async def test_it_finds_a_step_whose_failure_is_taken_for_a_yes(monkeypatch, method):
    """The error names it."""
    normal = getattr(selftest.Saboteur, method)
    sabotaged = selftest.Saboteur._word

    def word(self, asked, otherwise):
        return otherwise if asked == self._method == method else sabotaged(self, asked, otherwise)

    assert normal is not None
    monkeypatch.setattr(selftest.Saboteur, "_word", word)
    with pytest.raises(Unsafe, match=method):
        await self_test()


async def test_it_would_notice_that_it_finds_nothing(monkeypatch):
    """A self-test in which nothing can leak proves nothing, and says so."""

    async def empty(self):
        return (b"HTTP/1.1 503 x\r\n\r\n",)

    monkeypatch.setattr(Exchange, "run", empty)
    with pytest.raises(Unsafe, match="found"):
        await self_test()

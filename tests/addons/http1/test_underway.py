"""addons.http1.underway: places, and the memory of conversations."""

import asyncio
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from addons.http1.underway import Account, Underway
from addons.lane import Limits
from proxy.message import Peer


def conversation(address="a", *, idle=True, heard=False):
    """Return what stands for a conversation, and notes whether it was closed."""
    made = SimpleNamespace(peer=Peer(address), idle=idle, heard=heard, closed=False)
    made.hang_up = lambda: setattr(made, "closed", True)
    return made


def test_a_silent_connection_makes_room_before_one_that_has_spoken():
    """And one with an exchange under way never does."""
    underway = Underway(Limits(connections=3))
    busy, spoken, silent = conversation(idle=False), conversation(heard=True), conversation()
    for key, one in (("1", busy), ("2", spoken), ("3", silent)):
        assert underway.room_for_another("b")
        underway.enter(key, one)
    for gone in (silent, spoken):
        assert underway.room_for_another("b")
        assert gone.closed
        underway.enter("b", conversation("b", idle=False))
        underway.conversations[str(id(gone))] = underway.conversations.pop("b")
    assert not underway.room_for_another("b")
    assert not busy.closed


def test_a_peer_displaces_its_own():
    """With its own number reached, an idle one of its own goes, and nobody else's."""
    underway = Underway(Limits(connections_per_peer=2))
    other, first, second = conversation("b"), conversation("a"), conversation("a", idle=False)
    for key, one in (("0", other), ("1", first), ("2", second)):
        underway.enter(key, one)
    assert underway.room_for_another("a")
    assert first.closed
    assert not other.closed
    underway.enter("3", conversation("a", idle=False))
    assert not underway.room_for_another("a")
    assert underway.room_for_another("b")


def test_leaving_twice_is_leaving_once():
    """No address is remembered when its last connection has gone."""
    underway = Underway(Limits())
    underway.enter("1", conversation())
    for _ in range(2):
        underway.leave("1")
    assert underway.conversations == {}
    assert underway.peers == {}


steps = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["hold", "belong", "keep"]), st.integers(0, 50), st.booleans()),
    max_size=60,
)


@given(steps)
def test_what_is_held_is_counted_exactly(moves):
    """In total and for each caller, whatever is done in whatever order; in the end nothing is left."""
    underway = Underway(Limits(buffered_bytes=200, caller_bytes=60))
    accounts, sizes, callers = [Account(underway) for _ in range(4)], [0] * 4, [""] * 4
    for which, move, size, first in moves:
        fault = None
        if move == "hold":
            fault = accounts[which].hold(size)
            sizes[which] += size
        elif move == "belong":
            callers[which] = "one" if first else "two"
            fault = accounts[which].belongs_to(callers[which])
        else:
            accounts[which].keep(size)
            sizes[which], callers[which] = size, ""
        assert underway.buffered == sum(sizes)
        for name in ("one", "two"):
            held = sum(size for size, caller in zip(sizes, callers, strict=True) if caller == name)
            assert underway.by_caller[name] == held
        if fault is not None:
            over = sum(s for s, c in zip(sizes, callers, strict=True) if c == callers[which])
            assert underway.buffered > 200 if fault[0] == "overloaded" else over > 60
    for account in accounts:
        account.keep(0)
    assert underway.buffered == 0
    assert not +underway.by_caller


async def test_what_is_spawned_ends_quietly():
    """An exception nobody awaits is not printed by the loop: its text may quote anything."""

    async def fail():
        raise RuntimeError("canary")

    seen = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: seen.append(context))
    underway = Underway(Limits())
    underway.spawn(fail())
    while underway.tasks:
        await asyncio.sleep(0)
    assert seen == []

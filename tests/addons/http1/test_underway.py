"""addons.http1.underway: tasks, and the memory of conversations."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from addons.http1.underway import Account, Underway
from addons.lane import Limits

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

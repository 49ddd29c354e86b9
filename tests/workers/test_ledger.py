"""The ledger at the other end of a channel: order, bounds, and refusal when it is gone."""

import asyncio
import contextlib

import pytest

from proxy.errors import Unavailable
from proxy.model import Noted
from proxy.workers.ledger import FarLedger
from proxy.workers.messages import Append, Written


def note(number: int) -> Noted:
    """An entry that can be told from the others."""
    return Noted(str(number), "", what="started", detail="")


async def begun(ledger: FarLedger, numbers: range) -> list["asyncio.Task[int]"]:
    """Return appends that wait for the other end, of one turn of the loop."""
    tasks = [asyncio.create_task(ledger.append(note(number))) for number in numbers]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_one_message_per_turn_in_order() -> None:
    """What one turn of the loop appends goes together; each entry gets its own number."""
    said: list[Append] = []
    ledger = FarLedger(said.append)
    first = await begun(ledger, range(3))
    second = await begun(ledger, range(3, 5))
    assert [[entry["id"] for entry in message.batch] for message in said] == [["0", "1", "2"], ["3", "4"]]
    assert ledger.queued == 5
    ledger.written(Written(7, ""))
    assert await asyncio.gather(*first) == [5, 6, 7]
    assert not any(task.done() for task in second)
    ledger.written(Written(20, ""))
    assert await asyncio.gather(*second) == [19, 20]
    assert ledger.queued == 0


async def test_a_refused_batch_is_refused_to_each() -> None:
    """The reason is the writer's; what is appended afterwards is not touched by it."""
    ledger = FarLedger(lambda _: None)
    first = await begun(ledger, range(2))
    second = await begun(ledger, range(2, 3))
    ledger.written(Written(0, "ledger_busy"))
    ledger.written(Written(3, ""))
    for task in first:
        with pytest.raises(Unavailable, match="ledger_busy"):
            await task
    assert await second[0] == 3


async def test_no_more_wait_than_may() -> None:
    """One more than the bound is refused at once and is not sent."""
    said: list[Append] = []
    ledger = FarLedger(said.append, max_queued=2)
    tasks = await begun(ledger, range(3))
    with pytest.raises(Unavailable, match="ledger_busy"):
        await tasks[2]
    assert [len(message.batch) for message in said] == [2]
    ledger.written(Written(2, ""))
    await asyncio.gather(*tasks[:2])


async def test_when_the_writer_is_gone_nothing_is_acknowledged() -> None:
    """Whoever waits is refused, sent or not, and so is everybody later."""
    ledger = FarLedger(lambda _: None)
    tasks = await begun(ledger, range(2))
    tasks.append(asyncio.create_task(ledger.append(note(9))))
    await asyncio.sleep(0)
    ledger.lost()
    for task in tasks:
        with pytest.raises(Unavailable, match="ledger_failed"):
            await task
    with pytest.raises(Unavailable, match="ledger_failed"):
        await ledger.append(note(10))


async def test_an_entry_is_written_even_if_nobody_waits_any_more() -> None:
    """A cancelled task does not take back what happened, nor put the answers out of step."""
    said: list[Append] = []
    ledger = FarLedger(said.append)
    gone, stays = await begun(ledger, range(2))
    gone.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await gone
    ledger.written(Written(2, ""))
    assert await stays == 2
    assert len(said[0].batch) == 2


async def test_what_cannot_be_an_entry_is_not_sent() -> None:
    """It is refused here, in the words of the ledger itself."""
    said: list[Append] = []
    ledger = FarLedger(said.append)
    with pytest.raises(Unavailable, match="ledger_bad_entry"):
        await ledger.append(Noted("x", "", what="started", detail="\ud800"))
    await asyncio.sleep(0)
    assert said == []

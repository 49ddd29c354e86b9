"""Many tasks append; what returned is durable, numbered in order, and says what the entry says."""

import asyncio
import json
import threading
import time
from dataclasses import asdict

import pytest

from proxy.errors import LedgerError, Unavailable
from proxy.ledger import verify as judge
from proxy.ledger.canonical import GENESIS, members_of


def lines(folder):
    """Everything in the ledger, as the independent reader reads it."""
    return [json.loads(line) for _, _, line in judge.read_entries(folder)]


def fine(folder):
    """Whether the independent verifier has nothing to say."""
    return not judge.verify(folder, pauses=()).problems


class Held:
    """A disk whose writes wait until they are let go."""

    def __init__(self, disk):
        self._disk = disk
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = False
        self.allocate, self.sync = disk.allocate, disk.sync

    def write(self, fd, data, offset):
        """Wait, then write."""
        self.waiting = not self.gate.is_set()
        assert self.gate.wait(10)
        return self._disk.write(fd, data, offset)


@pytest.fixture
def held(faulty_disk):
    """See Held."""
    return Held(faulty_disk())


async def until(what):
    """Let other tasks run until something is true."""
    for _ in range(2000):
        if what():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never happened")


async def test_an_entry_says_what_was_given_and_no_more(folder, open_ledger, entries):
    """Every line is the entry's own fields and the five members of the envelope."""
    ledger = open_ledger(now=lambda: 1234.5678)
    given = [make("one") for make in entries.values()]
    for number, entry in enumerate(given, 1):
        assert await ledger.append(entry) == number
    ledger.close()
    prev = GENESIS
    raw = [line for _, _, line in judge.read_entries(folder)]
    for number, (line, entry) in enumerate(zip(raw, given, strict=True), 1):
        fields = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(entry).items()}
        envelope = {"v": 1, "seq": number, "time_ms": 1_234_567, "kind": entry.kind, "prev": prev}
        assert json.loads(line) == fields | envelope
        prev = judge.hashlib.sha256(line.encode()).hexdigest()
    assert ledger.head() == (len(given), prev)


async def test_no_byte_on_the_disk_comes_from_elsewhere(folder, open_ledger, entries):
    """The files are frames and zeros: nothing of the process's memory, environment or paths is in them."""
    ledger = open_ledger()
    await asyncio.gather(*(ledger.append(entries["noted"](f"n{n}")) for n in range(50)))
    ledger.close()
    [path] = folder.iterdir()
    data = path.read_bytes()
    for _, _, line in judge.read_entries(folder):
        data = data.replace(line.encode() + b"\n", b"", 1)
    assert len(data.replace(b"\0", b"")) <= 8 * 50
    assert str(folder).encode() not in path.read_bytes()


async def test_control_characters_stay_inside_their_line(folder, open_ledger, entries):
    """AU-05: line feeds, escapes and quotes in an entry are escaped; one entry stays one line."""
    ledger = open_ledger()
    nasty = 'a\r\n{"seq":1}\x1b[2J\x00"}\u2028\u202e'
    await ledger.append(entries["noted"]("one", nasty))
    ledger.close()
    assert [entry["detail"] for entry in lines(folder)] == [nasty]
    assert fine(folder)


async def test_order_is_the_order_of_the_calls(folder, open_ledger, entries):
    """Entries stand in the ledger in the order in which `append` was called, from whichever task."""
    ledger = open_ledger()
    seqs = await asyncio.gather(*(ledger.append(entries["noted"](f"n{n}")) for n in range(500)))
    assert seqs == list(range(1, 501))
    ledger.close()
    assert [entry["id"] for entry in lines(folder)] == [f"n{n}" for n in range(500)]


async def test_what_queues_during_a_commit_is_the_next_one(folder, open_ledger, entries, held):
    """Entries that come while the disk works are committed together: 101 entries, two writes."""
    ledger = open_ledger(disk=held, segment_bytes=1 << 20)
    counted = held._disk.calls
    held.gate.clear()
    first = asyncio.ensure_future(ledger.append(entries["noted"]("first")))
    await until(lambda: held.waiting)
    others = [asyncio.ensure_future(ledger.append(entries["noted"](f"n{n}"))) for n in range(100)]
    await until(lambda: ledger.queued == 100)
    before = counted.count("write")
    held.gate.set()
    assert await asyncio.gather(first, *others) == list(range(1, 102))
    assert counted.count("write") - before == 2
    ledger.close()
    assert fine(folder)


async def test_what_one_turn_of_the_loop_appends_is_one_commit(open_ledger, entries, held):
    """Tasks that append in the same turn of the event loop share one write, though the disk is idle."""
    ledger = open_ledger(disk=held, segment_bytes=1 << 20)
    counted = held._disk.calls
    before = counted.count("write")
    seqs = await asyncio.gather(*(ledger.append(entries["noted"](f"n{n}")) for n in range(20)))
    assert seqs == list(range(1, 21))
    assert counted.count("write") - before == 1


def test_a_loop_that_stops_within_its_turn_holds_nobody_up(folder, open_ledger, entries):
    """An entry whose loop is gone before its turn ended is written with the next one, or at the end."""
    ledger = open_ledger()

    def leave(name):
        loop, waiting = asyncio.new_event_loop(), ledger.append(entries["noted"](name))
        loop.call_soon(waiting.send, None)
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()
        waiting.close()

    leave("left")
    assert asyncio.run(ledger.append(entries["noted"]("next"))) == 2
    leave("last")
    ledger.close()
    assert [entry["id"] for entry in lines(folder)] == ["left", "next", "last"]


async def test_nothing_returns_before_the_disk_has_it(open_ledger, entries, held):
    """While the write has not returned, no `append` has."""
    ledger = open_ledger(disk=held)
    held.gate.clear()
    waiting = asyncio.ensure_future(ledger.append(entries["noted"]("one")))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    assert ledger.head() == (0, GENESIS)
    held.gate.set()
    assert await waiting == 1


async def test_a_cancelled_task_does_not_lose_its_entry(folder, open_ledger, entries, held):
    """AU-07: who waits may be cancelled; the entry is written, and the ledger goes on."""
    ledger = open_ledger(disk=held)
    held.gate.clear()
    waiting = [asyncio.ensure_future(ledger.append(entries["noted"](f"n{n}"))) for n in range(3)]
    await asyncio.sleep(0.01)
    waiting[1].cancel()
    held.gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [results[0], results[2]] == [1, 3]
    assert isinstance(results[1], asyncio.CancelledError)
    assert await ledger.append(entries["noted"]("after")) == 4
    ledger.close()
    assert [entry["id"] for entry in lines(folder)] == ["n0", "n1", "n2", "after"]


async def test_a_full_queue_refuses_and_recovers(folder, open_ledger, entries, held):
    """AU-08: beyond the bound `append` refuses at once, nothing of it is written, and it passes."""
    ledger = open_ledger(disk=held, max_queued=5)
    held.gate.clear()
    first = asyncio.ensure_future(ledger.append(entries["noted"]("first")))
    await until(lambda: held.waiting)
    waiting = [asyncio.ensure_future(ledger.append(entries["noted"](f"n{n}"))) for n in range(5)]
    await until(lambda: ledger.queued == 5)
    with pytest.raises(Unavailable) as caught:
        await ledger.append(entries["noted"]("refused"))
    assert (caught.value.reason, caught.value.status) == ("ledger_busy", 503)
    held.gate.set()
    await asyncio.gather(first, *waiting)
    assert await ledger.append(entries["noted"]("later")) == 7
    ledger.close()
    assert "refused" not in [entry["id"] for entry in lines(folder)]


async def test_close_writes_what_waits(folder, open_ledger, entries, held):
    """AU-12: a stop loses nothing that was queued; afterwards everything is refused."""
    ledger = open_ledger(disk=held)
    held.gate.clear()
    waiting = [asyncio.ensure_future(ledger.append(entries["noted"](f"n{n}"))) for n in range(20)]
    await asyncio.sleep(0.01)
    threading.Timer(0.02, held.gate.set).start()
    ledger.close()
    assert await asyncio.gather(*waiting) == list(range(1, 21))
    with pytest.raises(Unavailable, match="ledger_closed"):
        await ledger.append(entries["noted"]("late"))
    ledger.close()
    assert len(lines(folder)) == 20


async def test_the_clock_may_jump(folder, open_ledger, entries):
    """AU-04: when the clock goes back the order does not; the verifier counts it and finds no fault."""
    clock = iter([100.0, 50.0, 0.0, 1e10, 200.0])
    ledger = open_ledger(now=lambda: next(clock))
    for number in range(5):
        await ledger.append(entries["noted"](f"n{number}"))
    ledger.close()
    report = judge.verify(folder)
    assert (report.problem_count, report.clock_steps_back, report.last_seq) == (0, 3, 5)
    assert [entry["time_ms"] for entry in lines(folder)] == [100_000, 50_000, 0, 10**13, 200_000]


async def test_a_second_instance_is_refused(open_ledger):
    """AU-11: while the ledger is open nobody else opens it; afterwards anybody may."""
    first = open_ledger()
    with pytest.raises(LedgerError, match="another process"):
        open_ledger()
    first.close()
    open_ledger()


async def test_it_goes_on_where_it_ended(folder, open_ledger, entries):
    """Ten restarts make one chain, with heads that agree."""
    head = (0, GENESIS)
    for life in range(10):
        ledger = open_ledger(segment_bytes=3000)
        assert ledger.head() == head
        for number in range(3):
            assert await ledger.append(entries["requested"](f"{life}-{number}")) == 3 * life + number + 1
        head = ledger.head()
        ledger.close()
    assert fine(folder)


async def test_a_torn_tail_is_cut_and_noted(folder, open_ledger, entries):
    """AU-03: what a crash left is replaced by an entry that says how much it was, and what its digest is."""
    ledger = open_ledger()
    await ledger.append(entries["noted"]("one"))
    ledger.close()
    [path] = folder.iterdir()
    end = len(path.read_bytes().rstrip(b"\0"))
    with path.open("r+b") as file:
        file.seek(end)
        file.write(b"\x00\x00\x01\x00rest")
    ledger = open_ledger()
    assert ledger.head()[0] == 2
    assert await ledger.append(entries["noted"]("two")) == 3
    ledger.close()
    note = lines(folder)[1]
    digest = judge.hashlib.sha256(b"\x00\x00\x01\x00rest").hexdigest()
    assert (note["kind"], note["what"], note["id"]) == ("noted", "torn_tail_cut", "ledger-2")
    assert note["detail"] == f"8 bytes sha256:{digest}"
    assert fine(folder)


async def test_it_measures_its_disk(open_ledger, entries):
    """From the start there is a measured commit time; each commit adds its own."""
    ledger = open_ledger()
    assert 0 < ledger.median_commit_seconds < 10
    started = time.perf_counter()
    await ledger.append(entries["noted"]("one"))
    assert 0 < ledger.commit_seconds <= time.perf_counter() - started
    assert not ledger.failed


def test_several_loops_can_wait_for_one_ledger(folder, open_ledger, entries):
    """Tasks of different event loops each get their answer, in the order of their calls."""
    ledger = open_ledger(segment_bytes=1 << 20)

    async def some(name):
        return [await ledger.append(entries["noted"](f"{name}-{n}")) for n in range(50)]

    answers = {}
    threads = [
        threading.Thread(target=lambda name=name: answers.update({name: asyncio.run(some(name))}))
        for name in "abc"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seq for its in answers.values() for seq in its) == list(range(1, 151))
    for its in answers.values():
        assert its == sorted(its)

    ledger.close()
    assert fine(folder)


def test_a_loop_that_ended_disturbs_nobody(folder, open_ledger, entries, held):
    """An entry whose event loop is gone before the disk has it is written, and the ledger goes on."""
    ledger = open_ledger(disk=held)
    held.gate.clear()

    async def leave():
        asyncio.ensure_future(ledger.append(entries["noted"]("left")))  # noqa: RUF006 - left on purpose
        await until(lambda: held.waiting)

    asyncio.run(leave())
    held.gate.set()
    assert asyncio.run(ledger.append(entries["noted"]("next"))) == 2
    ledger.close()
    assert [entry["id"] for entry in lines(folder)] == ["left", "next"]


async def test_a_bad_entry_hurts_nobody_else(folder, open_ledger, entries):
    """An entry without a canonical form is refused to its caller; those around it are written."""
    ledger = open_ledger()
    results = await asyncio.gather(
        ledger.append(entries["noted"]("one")),
        ledger.append(entries["noted"]("two", detail=1.5)),
        ledger.append(entries["noted"]("three")),
        return_exceptions=True,
    )
    assert results[0] == 1
    assert results[1].reason == "ledger_bad_entry"
    assert results[2] == 2
    ledger.close()
    assert fine(folder)


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_a_folder_open_to_others_is_refused(folder, open_ledger, mode):
    """The ledger does not start where others may look."""
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(LedgerError, match="0700"):
        open_ledger()


def test_a_folder_that_cannot_be_made_is_a_ledger_error(tmp_path, open_ledger, folder):
    """An operating system's refusal comes out as LedgerError, without a path in it."""
    folder.write_text("a file")
    with pytest.raises(LedgerError) as caught:
        open_ledger()
    assert str(tmp_path) not in str(caught.value)


async def test_a_batch_is_written_behind_each_other_or_not_at_all(folder, open_ledger, entries):
    """One answer, with the last number, once all of it is durable; a batch beyond the bound leaves nothing."""
    ledger = open_ledger(max_queued=3)
    batch = [members_of(entries["requested"](name)) for name in ("a", "b", "c")]
    other = asyncio.create_task(ledger.append(entries["declined"]("d")))
    assert await ledger.append_members(batch[:2]) in (2, 3)
    await other
    with pytest.raises(Unavailable, match="ledger_busy"):
        await ledger.append_members([*batch, members_of(entries["declined"]("e"))])
    assert await ledger.append_members([members_of(entries["declined"]("f"))]) == 4
    ledger.close()
    assert sorted(line["id"] for line in lines(folder)) == ["a", "b", "d", "f"]
    assert fine(folder)

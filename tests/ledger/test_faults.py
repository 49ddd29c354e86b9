"""Whatever the disk refuses, and whether or not it did it first: nothing acknowledged is lost."""

import asyncio
import errno
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import proxy
from proxy.errors import LedgerError, Unavailable
from proxy.ledger import verify as judge
from proxy.ledger.segment import payload_at

OPENING = {"allocate": 1, "sync": 3, "write": 5}
"""Calls that `Ledger.open` makes where no folder is: its name, the segment's length and name, five probes."""


async def work(ledger, entries, acknowledged):
    """Append from four tasks until the ledger refuses; note what was acknowledged."""

    async def one(task):
        for number in range(30):
            name = f"{task}-{number}"
            acknowledged[await ledger.append(entries["noted"](name, "x" * 150))] = name

    return await asyncio.gather(*map(one, range(4)), return_exceptions=True)


def check(folder, acknowledged):
    """Nothing acknowledged is lost, and the verifier has nothing to say."""
    report = judge.verify(folder, pauses=())
    assert not report.problems
    standing = [judge.json.loads(line) for _, _, line in judge.read_entries(folder)]
    for seq, name in acknowledged.items():
        assert (standing[seq - 1]["seq"], standing[seq - 1]["id"]) == (seq, name)


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done, but reported failed"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EROFS], ids=["EIO", "ENOSPC", "EROFS"])
@pytest.mark.parametrize(
    ("method", "nth"),
    [
        ("write", 1),  # the first commit
        ("write", 9),  # one in the middle
        ("allocate", 1),  # no room for the second segment
        ("allocate", 3),
        ("sync", 1),  # the new segment's length
        ("sync", 2),  # its name in the folder
    ],
)
async def test_an_error_ends_the_ledger_and_loses_nothing(
    *, folder, open_ledger, entries, faulty_disk, method, nth, code, done
):
    """AU-02: after one error all is refused and the disk left alone; a restart finds all promises kept."""
    disk = faulty_disk(method=method, nth=OPENING[method] + nth, done=done, code=code)
    ledger = open_ledger(segment_bytes=2500, disk=disk)
    acknowledged = {}
    results = await work(ledger, entries, acknowledged)
    assert [result.reason for result in results] == ["ledger_failed"] * 4
    assert ledger.failed
    with pytest.raises(Unavailable, match="ledger_failed"):
        await ledger.append(entries["noted"]("later"))
    assert disk.broken  # and it would have complained about any call after the error
    ledger.close()
    assert ledger.failed
    again = open_ledger(segment_bytes=2500)
    assert again.head()[0] >= max(acknowledged, default=0)
    check(folder, acknowledged)
    acknowledged[await again.append(entries["noted"]("after"))] = "after"
    again.close()
    check(folder, acknowledged)


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done, but reported failed"])
@pytest.mark.parametrize(
    ("method", "nth"), [(method, nth + 1) for method, count in OPENING.items() for nth in range(count)]
)
def test_an_error_while_opening_is_a_ledger_error(*, folder, open_ledger, faulty_disk, method, nth, done):
    """A ledger that cannot be opened holds no lock, and opens when the disk is well again."""
    with pytest.raises(LedgerError, match="as asked"):
        open_ledger(disk=faulty_disk(method=method, nth=nth, done=done))
    ledger = open_ledger()
    assert ledger.head()[0] == 0
    ledger.close()
    check(folder, {})


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done, but reported failed"])
@pytest.mark.parametrize("at_most", [1 << 30, 40], ids=["whole writes", "short writes"])
def test_an_error_while_a_torn_tail_is_cut_leaves_it_to_the_next_start(
    *, folder, open_ledger, entries, faulty_disk, done, at_most
):
    """Dying between the cut and its note is impossible: one of the next starts says that it was cut."""
    ledger = open_ledger()
    asyncio.run(work(ledger, entries, acknowledged := {}))
    ledger.close()
    path = max(folder.iterdir())
    data = path.read_bytes().rstrip(b"\0") + b"\xff" * 999
    path.write_bytes(data)
    with pytest.raises(LedgerError):
        open_ledger(disk=faulty_disk(method="write", nth=2 if at_most == 40 else 1, done=done, at_most=at_most))
    open_ledger().close()
    check(folder, acknowledged)
    notes = [line for _, _, line in judge.read_entries(folder) if "torn_tail_cut" in line]
    assert len(notes) == 1


async def test_an_error_that_is_not_the_disks_ends_the_ledger_too(open_ledger, entries, monkeypatch):
    """Whatever breaks in the committing thread, nobody waits for ever."""
    ledger = open_ledger()

    def no_memory(batch):
        raise MemoryError

    monkeypatch.setattr(ledger._tail, "commit", no_memory)
    async with asyncio.timeout(5):
        results = await work(ledger, entries, {})
    assert [result.reason for result in results] == ["ledger_failed"] * 4


async def test_the_log_says_why_without_saying_what(open_ledger, entries, faulty_disk, caplog):
    """The operator reads the reason; no entry and no path is in it."""
    ledger = open_ledger(disk=faulty_disk(method="write", nth=6))
    await work(ledger, entries, {})
    [record] = caplog.records
    assert record.levelname == "CRITICAL"
    assert record.getMessage().endswith("as asked")
    assert record.exc_info is None


LIMITED = """
import asyncio, resource, sys, time
from pathlib import Path
from proxy.errors import Unavailable
from proxy.ledger import Ledger
from proxy.model import Noted

ledger = Ledger.open(Path(sys.argv[1]), now=time.time, segment_bytes=1 << 20)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))

async def main():
    for number in range(100):
        try:
            seq = await ledger.append(Noted(f"n{number}", "", what="tested", detail="x" * 300))
        except Unavailable as error:
            print("refused", error.reason)
        else:
            print(seq, f"n{number}")

asyncio.run(main())
ledger.close()
"""


@pytest.mark.parametrize("limit", [512, 5_000, 20_000])
def test_a_kernel_that_takes_half_a_frame(folder, open_ledger, limit):
    """A real short write and a real error, from the kernel's own limit on a file's size: a real torn tail."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    child = subprocess.run(
        [sys.executable, "-c", LIMITED, str(folder), str(limit)],
        cwd=Path(proxy.__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [row.split(" ", 1) for row in child.stdout.splitlines()]
    acknowledged = {int(seq): name for seq, name in rows if seq != "refused"}
    refused = [reason for seq, reason in rows if seq == "refused"]
    assert len(acknowledged) + len(refused) == 100
    assert set(refused) == {"ledger_failed"}
    assert "the ledger stopped" in child.stderr
    [path] = folder.iterdir()
    torn = path.read_bytes().rstrip(b"\0")
    assert len(torn) == limit
    assert judge.verify(folder, pauses=()).exit_code == 1
    open_ledger().close()
    check(folder, acknowledged)
    assert payload_at(path.read_bytes(), 0)

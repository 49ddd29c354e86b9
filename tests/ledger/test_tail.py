"""Bytes are added at the end, in frames, in segments, and with the note of a cut in one write."""

import os

import pytest

from proxy.ledger import segment
from proxy.ledger.canonical import GENESIS, digest, members_of
from proxy.ledger.survey import Found, survey
from proxy.ledger.tail import MAX_FRAME_BYTES, Tail


@pytest.fixture
def new_tail(folder):
    """A tail of the test's folder; folder and tail are closed at the end."""
    folder.mkdir()
    opened = []

    def make(found=None, segment_bytes=4096, disk=None):
        fd = os.open(folder, os.O_RDONLY)
        tail = Tail(folder, fd, found or Found(), segment_bytes=segment_bytes, disk=disk or segment.SystemDisk())
        opened.append((tail, fd))
        return tail

    yield make
    for tail, fd in opened:
        tail.close()
        os.close(fd)


def batch(entries, count, detail=""):
    """So many notes, as members."""
    return [members_of(entries["noted"](f"n{n}", detail)) | {"time_ms": 5} for n in range(count)]


def test_a_batch_is_one_frame_and_a_chain(folder, new_tail, entries):
    """Entries of one commit stand in one frame, numbered from 1, each naming the digest of the one before."""
    tail = new_tail()
    assert tail.commit(batch(entries, 3)) == 3
    payload = segment.payload_at(segment.path_of(folder, 1).read_bytes(), 0)
    assert payload.endswith(b"\n")
    lines = payload.split(b"\n")[:-1]
    prev = GENESIS
    for number, line in enumerate(lines, 1):
        assert f'"prev":"{prev}"'.encode() in line
        assert f'"seq":{number},'.encode() in line
        prev = digest(line)
    assert tail.head == (3, prev)


def test_a_full_segment_is_followed_by_another(folder, new_tail, entries):
    """A frame that does not fit starts a segment called after its first entry; every file is private."""
    tail = new_tail()
    for _ in range(4):
        tail.commit(batch(entries, 1, "x" * 2500))
    assert sorted(folder.iterdir()) == [segment.path_of(folder, n) for n in (1, 2, 3, 4)]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert {path.stat().st_size for path in folder.iterdir()} == {4096}
    assert survey(folder).seq == 4


def test_a_segment_that_was_removed_takes_no_promise(folder, new_tail, entries):
    """Bytes in a file without a name are gone with the process: a commit into one is an error."""
    tail = new_tail()
    tail.commit(batch(entries, 1))
    segment.path_of(folder, 1).unlink()
    with pytest.raises(FileNotFoundError):
        tail.commit(batch(entries, 1))


def test_a_commit_larger_than_a_segment_gets_its_own(folder, new_tail, entries):
    """Nothing is too large to be written whole."""
    tail = new_tail()
    tail.commit(batch(entries, 1))
    tail.commit(batch(entries, 5, "x" * 2500))
    tail.commit(batch(entries, 1))
    assert survey(folder).seq == 7
    assert segment.path_of(folder, 2).stat().st_size > 4096


def test_a_first_commit_larger_than_a_segment_is_written(folder, new_tail, entries):
    """An empty segment takes a commit of any size; there is no other of its name to move on to."""
    tail = new_tail()
    tail.commit(batch(entries, 5, "x" * 2500))
    tail.commit(batch(entries, 1))
    assert survey(folder).seq == 6
    assert len(list(folder.iterdir())) == 2


def test_a_commit_takes_only_so_many_bytes(folder, new_tail, entries):
    """A batch beyond the limit is committed in parts, in order, and nothing is left out."""
    tail = new_tail(segment_bytes=4 * MAX_FRAME_BYTES)
    waiting = batch(entries, 60, "x" * 60_000)
    counts = []
    while waiting:
        counts.append(tail.commit(waiting))
        del waiting[: counts[-1]]
    assert sum(counts) == 60
    assert 1 < len(counts) < 60
    assert survey(folder).seq == 60


def test_a_disk_that_takes_little_at_a_time_gets_everything(folder, new_tail, entries, faulty_disk):
    """A short write is not an error: the rest is written after it."""
    tail = new_tail(disk=faulty_disk(at_most=7))
    tail.commit(batch(entries, 3))
    assert survey(folder).seq == 3


def test_a_disk_that_takes_nothing_is_an_error(new_tail, entries):
    """A write of no bytes does not turn into an endless loop."""

    class Full(segment.SystemDisk):
        def write(self, fd, data, offset):
            return 0

    tail = new_tail(disk=Full())
    with pytest.raises(OSError, match="took no byte"):
        tail.commit(batch(entries, 1))
    assert tail.head == (0, GENESIS)


def test_the_note_of_a_cut_and_the_cut_are_one_write(folder, new_tail, entries, faulty_disk):
    """Between a torn tail and its note there is no moment at which we could die."""
    new_tail().commit(batch(entries, 1))
    path = segment.path_of(folder, 1)
    end = survey(folder).offset
    with path.open("r+b") as file:
        file.seek(end)
        file.write(b"torn" * 500)
    found = survey(folder)
    assert found.torn == b"torn" * 500
    disk = faulty_disk()
    new_tail(found, disk=disk).commit(batch(entries, 1), over=len(found.torn))
    assert disk.calls.count("write") == 1
    again = survey(folder)
    assert (again.seq, again.torn) == (2, b"")


def test_a_note_at_the_end_of_a_segment_does_not_roll(folder, new_tail, entries):
    """The torn bytes are overwritten where they are, even if the note is longer than what was left there."""
    new_tail().commit(batch(entries, 1, "x" * 3700))
    end = survey(folder).offset
    assert end < 4090
    with segment.path_of(folder, 1).open("r+b") as file:
        file.seek(end)
        file.write(b"torn")
    found = survey(folder)
    new_tail(found).commit(batch(entries, 1), over=len(found.torn))
    again = survey(folder)
    assert (again.seq, again.torn, again.path) == (2, b"", segment.path_of(folder, 1))


def test_a_probe_writes_nothing_that_is_read(folder, new_tail, entries):
    """Measuring the disk leaves the ledger as it is."""
    tail = new_tail()
    tail.probe()
    tail.commit(batch(entries, 1))
    tail.probe()
    tail.commit(batch(entries, 1))
    assert survey(folder).seq == 2


def test_a_segment_that_was_made_and_not_used_is_used(folder, new_tail, entries):
    """If we died right after making a segment, of any size, the next start goes on in it."""
    new_tail().commit(batch(entries, 1))
    segment.path_of(folder, 2).write_bytes(b"")
    found = survey(folder)
    assert (found.seq, found.offset, found.path) == (1, 0, segment.path_of(folder, 2))
    new_tail(found).commit(batch(entries, 1))
    assert survey(folder).seq == 2
    assert segment.path_of(folder, 2).stat().st_size == 4096

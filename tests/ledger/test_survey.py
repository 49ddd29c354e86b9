"""A restart finds the end of the chain, accepts a torn tail, and nothing else."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.errors import LedgerError
from proxy.ledger import Ledger, segment
from proxy.ledger.canonical import GENESIS, members_of
from proxy.ledger.survey import SEGMENTS, survey

PAGE = 4096


async def fill(ledger, entries, count, size=100):
    """Append notes one by one, each a commit of its own."""
    for number in range(count):
        await ledger.append(entries["noted"](f"n{number}", "x" * size))


def frames(data):
    """The frames of a segment, header included."""
    found, at = [], 0
    while (payload := segment.payload_at(data, at)) is not None:
        found.append(data[at : at + 8 + len(payload)])
        at += len(found[-1])
    return found


def test_an_empty_folder_has_no_ledger(folder):
    """Where nothing was, the chain starts from 64 zeros."""
    folder.mkdir()
    found = survey(folder)
    assert (found.path, found.seq, found.head, found.torn) == (None, 0, GENESIS, b"")


async def test_the_end_is_found_across_segments(folder, open_ledger, entries):
    """Sequence number, head and place are those of the last entry, many segments on."""
    ledger = open_ledger(segment_bytes=2000)
    await fill(ledger, entries, 40)
    head = ledger.head()
    ledger.close()
    assert len(list(folder.iterdir())) > SEGMENTS + 1
    found = survey(folder)
    assert (found.seq, found.head) == head
    assert found.path == max(folder.iterdir())
    assert found.offset == sum(map(len, frames(found.path.read_bytes())))


async def test_intents_are_open_until_their_last_part(folder, open_ledger, entries):
    """An intent is closed by any outcome with its id, by a disclosure in parts only with the last of them."""
    ledger = open_ledger()
    for name in ("a", "b", "c", "d", "e", "f"):
        await ledger.append(entries["requested"](name))
    await ledger.append(entries["disclosed"]("a"))
    await ledger.append(entries["declined"]("b"))
    await ledger.append(entries["failed"]("c"))
    await ledger.append(entries["disclosed"]("d", 1, 2))
    await ledger.append(entries["disclosed"]("e", 1, 2))
    await ledger.append(entries["disclosed"]("e", 2, 2))
    await ledger.append(entries["noted"]("f"))
    assert ledger.open_intents() == {}
    ledger.close()
    assert survey(folder).intents == {"d": "sales", "f": "sales"}
    assert list(open_ledger().open_intents()) == ["d", "f"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lost=st.sets(st.integers(0, 4), min_size=1),
    before=st.integers(0, PAGE),
    length=st.none() | st.integers(0, 9000),
)
def test_a_power_cut_in_the_last_commit_is_a_torn_tail(tmp_path_factory, entries, lost, before, length):
    """Whichever pages of the last commit never reached the disk, every entry before it is kept.

    The pages of one write reach the disk in any order, so whole entries may stand behind torn ones.
    """
    folder = tmp_path_factory.mktemp("cut") / "ledger"
    ledger = Ledger.open(folder, now=lambda: 0.0, segment_bytes=65_536)
    for count in (1, 2, 40):
        notes = [entries["noted"](f"n{n}", "y" * (before if count < 40 else 200)) for n in range(count)]
        ledger._tail.commit([members_of(note) | {"time_ms": 0} for note in notes])
    ledger.close()
    path = segment.path_of(folder, 1)
    data = bytearray(path.read_bytes())
    start = sum(map(len, frames(bytes(data))[:2]))
    whole = bytes(data)
    for page in lost:
        first = start // PAGE * PAGE + page * PAGE
        data[max(start, first) : first + PAGE] = bytes(first + PAGE - max(start, first))
    if length is not None:
        del data[start + length :]
    path.write_bytes(data)
    Ledger.open(folder, now=lambda: 0.0, segment_bytes=65_536).close()
    kept = frames(path.read_bytes())
    assert kept[:2] == frames(whole)[:2]
    if bytes(data).rstrip(b"\0") == whole.rstrip(b"\0"):
        assert len(kept) == 3  # only pages behind the commit were lost
    elif any(data[start:]):
        assert b"torn_tail_cut" in kept[2]
        assert survey(folder).seq == 4
    else:
        assert survey(folder).seq == 3  # nothing of the commit had reached the disk
    assert segment.is_blank(path.read_bytes(), sum(map(len, kept)))


async def damaged(folder, open_ledger, entries, damage):
    """A ledger of three segments with several frames each, one of which `damage` changes."""
    ledger = open_ledger(segment_bytes=2000)
    await fill(ledger, entries, 18)
    ledger.close()
    paths = sorted(folder.iterdir())
    assert len(paths) == 3
    assert len(frames(paths[-1].read_bytes())) >= 3
    damage(folder, paths)


def flip(path, offset):
    """Change one byte."""
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "a byte in the middle of the last segment": lambda _, paths: flip(paths[-1], 60),
    "a byte in an earlier segment": lambda _, paths: flip(paths[0], 60),
    "the tail of an earlier segment": lambda _, paths: flip(paths[0], 1990),
    "a length in an earlier segment": lambda _, paths: flip(paths[0], 2),
    "a length in the last segment, whole frames behind": lambda _, paths: flip(paths[-1], 2),
    "the first segment gone": lambda _, paths: paths[0].unlink(),
    "a segment in the middle gone": lambda _, paths: paths[1].unlink(),
    "a segment renamed": lambda folder, paths: paths[-1].rename(segment.path_of(folder, 900)),
    "something called like a segment": lambda folder, _: (folder / "x.segment").write_bytes(b""),
    "two segments exchanged": lambda folder, paths: (
        paths[0].rename(folder / "t"),
        paths[1].rename(paths[0]),
        (folder / "t").rename(paths[1]),
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
async def test_damage_is_refused_and_left_alone(folder, open_ledger, entries, name):
    """What is not a torn tail stops the start, and not a byte of it is changed."""
    await damaged(folder, open_ledger, entries, DAMAGES[name])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(LedgerError):
        open_ledger(segment_bytes=2000)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


async def test_a_rewritten_entry_breaks_the_chain(folder, open_ledger, entries):
    """An entry changed together with its checksum is seen by the entry after it."""
    await damaged(folder, open_ledger, entries, lambda *_: None)
    path = max(folder.iterdir())
    first, *others = frames(path.read_bytes())
    forged = segment.frame(first[8:].replace(b"xxx", b"yyy"))
    path.write_bytes(b"".join([forged, *others]).ljust(2000, b"\0"))
    with pytest.raises(LedgerError, match="chain breaks"):
        survey(folder)


async def test_what_is_not_an_entry_is_refused(folder, open_ledger, entries):
    """A whole frame with something else in it is damage."""
    await damaged(folder, open_ledger, entries, lambda *_: None)
    path = max(folder.iterdir())
    data = b"".join(frames(path.read_bytes())) + segment.frame(b'{"v":"secret"}\n')
    path.write_bytes(data)
    with pytest.raises(LedgerError, match="not an entry") as caught:
        survey(folder)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__

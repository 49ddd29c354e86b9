"""Reading behind the writer: every line once, from any place, and nothing invented where one is missing."""

import asyncio

import pytest

from proxy.errors import LedgerError
from proxy.ledger.follow import Place, follow, lines_from, place_after
from proxy.ledger.verify import read_entries


@pytest.fixture
def written(folder, open_ledger, entries):
    """The lines of a ledger of 60 entries in several segments, one or more per commit; it stays open."""
    ledger = open_ledger(segment_bytes=4096)

    async def fill():
        for count in (1, 5, 1, 20, 3, 30):
            await asyncio.gather(*(ledger.append(entries["noted"](f"n{count}-{n}", "é")) for n in range(count)))

    asyncio.run(fill())
    assert len(list(folder.iterdir())) > 2
    return [line.encode() for _, _, line in read_entries(folder)]


def test_every_line_comes_once(folder, written):
    """Over all segments, and again from each place at which a frame ends."""
    places = list(follow(folder, Place(), 60))
    assert [line for _, lines in places for line in lines] == written
    for place, _ in places:
        rest = [line for _, lines in follow(folder, place, 60) for line in lines]
        assert rest == written[place.seq :]
        assert place_after(folder, place.seq) == (place, written[place.seq - 1])
    assert place_after(folder, 0) == (Place(), b"")


def test_it_stops_where_it_is_told_to(folder, written):
    """What came later is not read; a place within a commit is none."""
    ends = [place.seq for place, _ in follow(folder, Place(), 60)]
    assert [line for _, lines in follow(folder, Place(), ends[1]) for line in lines] == written[: ends[1]]
    within = next(seq for seq in range(1, 60) if seq not in ends)
    with pytest.raises(LedgerError, match="last one of"):
        list(follow(folder, Place(), within))
    with pytest.raises(LedgerError, match="last one of"):
        place_after(folder, within)


@pytest.mark.parametrize(("first", "last"), [(1, 60), (7, 7), (27, 31), (60, 60)])
def test_entries_are_found_by_number(folder, written, first, last):
    """Any of them, in whichever segment."""
    assert list(lines_from(folder, first, last)) == list(enumerate(written[first - 1 : last], first))


def test_what_is_missing_is_told(folder, written):
    """An entry that was never written, a segment that is gone, a damaged frame."""
    assert written
    with pytest.raises(LedgerError, match="entry 61 cannot"):
        list(follow(folder, Place(), 61))
    with pytest.raises(LedgerError, match="entry 61 cannot"):
        list(lines_from(folder, 60, 61))
    second = sorted(folder.iterdir())[1]
    data = bytearray(second.read_bytes())
    data[20] ^= 1
    second.write_bytes(data)
    with pytest.raises(LedgerError, match="cannot be read"):
        list(follow(folder, Place(), 60))
    second.write_bytes(b"\xff" * 8)
    with pytest.raises(LedgerError, match="cannot be read"):
        list(follow(folder, Place(), 60))
    second.unlink()
    with pytest.raises(LedgerError, match="cannot be read"):
        list(follow(folder, Place(), 60))

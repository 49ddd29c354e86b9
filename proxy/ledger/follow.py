"""Reads entries behind the writer, up to one that is known to be durable; the writer is not asked."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from proxy.errors import LedgerError
from proxy.ledger import segment


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on; the default is the beginning of a ledger."""

    seq: int = 0
    """How many entries lie before it."""
    segment: int = 1
    """Sequence number in the segment's name."""
    offset: int = 0


def follow(folder: Path, place: Place, upto: int) -> Iterator[tuple[Place, list[bytes]]]:
    """Yield the entries' lines behind `place`, one frame at a time, and where reading goes on after each.

    Args:
        folder: the ledger's; may be written to meanwhile.
        place: where a frame starts.
        upto: sequence number of an entry that is durable and the last of its commit.

    Raises:
        LedgerError: an entry cannot be read, or the frames do not end with entry `upto`.
        OSError: a file cannot be read.
    """
    while place.seq < upto:
        fd = os.open(segment.path_of(folder, place.segment), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            while place.seq < upto and (payload := _payload(fd, place.offset)) is not None:
                lines = payload.removesuffix(b"\n").split(b"\n")
                after = place.offset + segment.HEADER_BYTES + len(payload)
                place = Place(place.seq + len(lines), place.segment, after)
                yield place, lines
        finally:
            os.close(fd)
        if place.seq < upto:
            place = _next(folder, place)
    if place.seq != upto:
        raise LedgerError(f"entry {upto} is not the last one of its commit; run `lychgate audit verify`")


def lines_from(folder: Path, seq: int, upto: int) -> Iterator[tuple[int, bytes]]:
    """Yield sequence number and line of the entries from `seq` to `upto`, read from the segment of `seq` on.

    Raises:
        LedgerError: one of them cannot be read.
        OSError: a file cannot be read.
    """
    place = _segment_of(folder, seq)
    while place.seq < upto:
        for after, lines in _rest(folder, place):
            first = after.seq - len(lines) + 1
            yield from ((at, line) for at, line in enumerate(lines, first) if seq <= at <= upto)
            place = after
            if place.seq >= upto:
                return
        place = _next(folder, place)


def place_after(folder: Path, seq: int) -> tuple[Place, bytes]:
    """Return where the frame after entry `seq` starts, and that entry's line; b"" in front of the first one.

    Raises:
        LedgerError: the entry cannot be read, or is not the last of its commit.
        OSError: a file cannot be read.
    """
    if seq == 0:
        return Place(), b""
    for place, lines in _rest(folder, _segment_of(folder, seq)):
        if place.seq == seq:
            return place, lines[-1]
    raise LedgerError(
        f"entry {seq} is not the last one of a commit that can be read; run `lychgate audit verify`"
    )


def _rest(folder: Path, place: Place) -> Iterator[tuple[Place, list[bytes]]]:
    """Yield the frames of one segment from `place` on."""
    data = segment.read(segment.path_of(folder, place.segment))
    while (payload := segment.payload_at(data, place.offset)) is not None:
        lines = payload.removesuffix(b"\n").split(b"\n")
        offset = place.offset + segment.HEADER_BYTES + len(payload)
        place = Place(place.seq + len(lines), place.segment, offset)
        yield place, lines


def _segment_of(folder: Path, seq: int) -> Place:
    starts = [segment.first_seq_of(path) or 0 for path in folder.iterdir()]
    first = max((start for start in starts if 0 < start <= seq), default=0)
    if not first:
        raise LedgerError(f"entry {seq} cannot be read; run `lychgate audit verify`")
    return Place(first - 1, first, 0)


def _next(folder: Path, place: Place) -> Place:
    following = place.seq + 1
    if following == place.segment or not segment.path_of(folder, following).exists():
        raise LedgerError(f"entry {following} cannot be read; run `lychgate audit verify`")
    return Place(place.seq, following, 0)


def _payload(fd: int, offset: int) -> bytes | None:
    """Return the payload of the whole frame at `offset`, read with nothing around it."""
    header = os.pread(fd, segment.HEADER_BYTES, offset)
    if len(header) < segment.HEADER_BYTES:
        return None
    length = int.from_bytes(header[:4], "big")
    # A length that is no length would make us read what is not there; the file says how much there can be.
    if length > os.fstat(fd).st_size - offset:
        return None
    return segment.payload_at(header + os.pread(fd, length, offset + segment.HEADER_BYTES), 0)

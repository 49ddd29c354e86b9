"""What an earlier process left in a ledger's folder: read before the first byte is written.

The survey follows the chain through the last few segments. It accepts exactly one defect, a torn tail: bytes
behind the last whole frame of the last segment with no whole frame behind them. Those belong to a commit
that never returned, so nobody was told that they exist. Everything else is damage and stops the start.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from proxy.errors import LedgerError
from proxy.ledger import segment
from proxy.ledger.canonical import GENESIS, digest
from proxy.model import Declined, Disclosed, Failed, Requested

SEGMENTS: Final = 4
"""How many segments are read, newest first. An exchange ends within its deadline, and a lane does not fill
three segments of 64 MiB (some 270,000 entries) in that time; reading four takes a second or two. What is
older is for `verify`, which reads everything."""
OUTCOMES: Final = frozenset({Disclosed.kind, Declined.kind, Failed.kind})
"""What closes an intent. Of a `Disclosed` in parts the last one does."""


class _Link(msgspec.Struct):
    """The members of an entry that the survey needs."""

    v: int
    seq: int
    prev: str
    kind: str
    id: str
    lane: str
    part: int = 1
    parts: int = 1


_decode: Final = msgspec.json.Decoder(_Link).decode


@dataclass(slots=True)
class Found:
    """Where the ledger goes on. The defaults are a folder without a ledger."""

    path: Path | None = None
    """The last segment."""
    offset: int = 0
    """Where in it the next frame goes."""
    seq: int = 0
    """Sequence number of the last entry; 0 if there is none."""
    head: str = GENESIS
    """Digest of the last entry."""
    torn: bytes = b""
    """What stands from `offset` to the last byte that is not zero: a commit that did not finish."""
    intents: dict[str, str] = field(default_factory=dict)
    """Decision id -> lane of every `Requested` without an outcome, oldest first."""


def survey(folder: Path) -> Found:
    """Return where the ledger in `folder` goes on, its chain checked through the last `SEGMENTS` segments.

    Raises:
        LedgerError: a name, frame, entry or link is not as the writer leaves it, and it is not a torn tail.
        OSError: a file cannot be read.
    """
    starts = _starts(folder)
    if not starts:
        return Found()
    recent = starts[-SEGMENTS:]
    # The predecessor of the oldest segment we read is taken from the entry itself: `verify` checks it.
    found = Found(seq=recent[0] - 1, head=GENESIS if recent[0] == 1 else "")
    for start in recent:
        _follow(segment.path_of(folder, start), found, last=start == recent[-1])
    return found


def _starts(folder: Path) -> list[int]:
    named = {path: segment.first_seq_of(path) for path in folder.iterdir() if path.suffix == segment.SUFFIX}
    starts = sorted(start for start in named.values() if start is not None)
    if len(starts) != len(named):
        raise LedgerError("a file in the ledger's folder is called like a segment and is none")
    if starts and starts[0] != 1:
        raise LedgerError("the ledger's first segment is missing")
    return starts


def _follow(path: Path, found: Found, *, last: bool) -> None:
    if segment.first_seq_of(path) != found.seq + 1:
        raise LedgerError(f"{path.name}: entries are missing before it")
    data = segment.read(path)
    found.path, found.offset = path, 0
    while (payload := segment.payload_at(data, found.offset)) is not None:
        for line in payload.splitlines():
            _link(line, found, path)
        found.offset += segment.HEADER_BYTES + len(payload)
    if segment.is_blank(data, found.offset):
        return
    if not last or segment.frame_after(data, found.offset) is not None:
        raise LedgerError(f"{path.name}: damaged at byte {found.offset}; run `lychgate audit verify`")
    found.torn = data[found.offset :].rstrip(b"\0")


def _link(line: bytes, found: Found, path: Path) -> None:
    try:
        link = _decode(line)
    except msgspec.DecodeError:
        raise LedgerError(f"{path.name}: what follows entry {found.seq} is not an entry") from None
    if link.v != 1 or link.seq != found.seq + 1 or link.prev != (found.head or link.prev):
        raise LedgerError(f"{path.name}: the chain breaks after entry {found.seq}; run `lychgate audit verify`")
    found.seq, found.head = link.seq, digest(line)
    if link.kind == Requested.kind:
        found.intents[link.id] = link.lane
    elif link.kind in OUTCOMES and link.part == link.parts:
        found.intents.pop(link.id, None)
    elif link.kind == Disclosed.kind:  # an answer in rows may have begun before the segments that are read
        found.intents.setdefault(link.id, link.lane)

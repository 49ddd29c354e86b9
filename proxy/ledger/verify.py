"""An independent check of a ledger: shares no code with what wrote it, and needs Python alone.

Copy this one file to another machine and run `python verify.py FOLDER [SEQ:HASH]`. It reads every byte:

1. segments follow each other without a gap, from entry 1 on;
2. each frame (`length u32 | CRC-32 u32 | payload`, big-endian) is whole, and only zeros follow the last;
3. each line of a payload is one entry in canonical form (RFC 8785, only strings, integers, booleans and
   arrays of strings), with the members that every entry has;
4. `seq` counts by one and `prev` is the SHA-256 of the entry before;
5. a `requested` entry has an outcome (`disclosed`, `declined` or `failed` with its id), or is listed as open;
6. the ledger contains the head that somebody noted earlier, if one is given.

A chain is only as good as the head that was kept somewhere else: without step 6 nothing here can tell a
ledger from one that its owner wrote anew, or from one that was cut at its end.
"""

import hashlib
import json
import re
import struct
import sys
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

FIRST_PREV = "0" * 64
OUTCOMES = ("disclosed", "declined", "failed")
EXACT = 2**53
MAX_PROBLEMS = 100
"""More are counted and not listed: one broken file can make a problem of every line."""
_PAYLOAD_START = re.compile(rb'\{"')
PAUSES = (0.05, 0.2, 0.5)


@dataclass(frozen=True)
class Problem:
    """One thing that is not as an honest writer leaves it."""

    segment: str
    offset: int
    """Byte in the segment at which the frame or entry starts."""
    seq: int
    """The entry that should stand there."""
    what: str

    def __str__(self) -> str:
        return f"{self.segment}:{self.offset}: entry {self.seq}: {self.what}"


@dataclass
class Report:
    """What the ledger in a folder is worth."""

    entries: int = 0
    segments: int = 0
    first_seq: int = 0
    last_seq: int = 0
    head: str = FIRST_PREV
    """SHA-256 of the last entry: note it elsewhere, together with `last_seq`."""
    problems: list[Problem] = field(default_factory=list)
    """At most `MAX_PROBLEMS`, in the order of the bytes; the first is where to look."""
    problem_count: int = 0
    open_intents: dict[str, int] = field(default_factory=dict)
    """Id -> seq of each `requested` without an outcome: under way, or unknown since a crash. No problem."""
    clock_steps_back: int = 0
    """Entries whose `time_ms` is before their predecessor's. No problem: `seq` is the order."""

    @property
    def exit_code(self) -> int:
        """0 if nothing is wrong, 1 if something is."""
        return 1 if self.problem_count else 0


class NotALedger(Exception):
    """The folder holds no segment, or cannot be read."""


def verify(folder: Path, *, expect: tuple[int, str] | None = None, pauses: Iterable[float] = PAUSES) -> Report:
    """Return what is wrong with the ledger in `folder`, and where; never raises for what stands in it.

    Args:
        folder: a ledger's folder, or a copy of it; may be in use.
        expect: sequence number and hash of a head noted earlier; (0, 64 zeros) expects nothing.
        pauses: seconds between looks at a last frame that is not whole, which a running proxy may be writing.

    Raises:
        NotALedger: see there.
    """
    walk = _Walk(Report(), expect, pauses)
    try:
        names = _segments(folder)
        for name in names:
            walk.segment(folder / name, last=name == names[-1])
    except OSError as error:
        raise NotALedger(f"cannot be read: {error.strerror}") from None
    if expect is not None and expect[0] > walk.report.last_seq:
        walk.problem(f"the ledger ends here, but entry {expect[0]} is known to have been written")
    return walk.report


def read_entries(folder: Path, *, newest_first: bool = False) -> Iterator[tuple[str, int, str]]:
    """Yield (segment, offset of the frame, line) of everything readable; nothing is checked but the frames.

    Raises:
        NotALedger: see there.
    """
    try:
        names = _segments(folder)
        for name in reversed(names) if newest_first else names:
            data = (folder / name).read_bytes()
            frames = list(_frames(data))
            for offset, payload in reversed(frames) if newest_first else frames:
                lines = payload.decode("utf-8", "replace").split("\n")[:-1]
                for line in reversed(lines) if newest_first else lines:
                    yield name, offset, line
    except OSError as error:
        raise NotALedger(f"cannot be read: {error.strerror}") from None


def _segments(folder: Path) -> list[str]:
    names = sorted(path.name for path in folder.iterdir() if re.fullmatch(r"[0-9]{20}\.segment", path.name))
    if not names:
        raise NotALedger("there is no ledger in this folder")
    return names


class _Walk:
    """One pass over the bytes, in order."""

    def __init__(self, report: Report, expect: tuple[int, str] | None, pauses: Iterable[float]) -> None:
        self.report = report
        self._pauses = pauses
        self._expect = expect
        self._seq = 0
        self._prev = FIRST_PREV
        self._time = 0
        self._name = ""
        self._offset = 0
        if expect is not None and expect[0] == 0 and expect[1] != FIRST_PREV:
            self.problem("the expected head of an empty ledger is 64 zeros")

    def problem(self, what: str, offset: int | None = None) -> None:
        """Note what is wrong with the next entry."""
        self.report.problem_count += 1
        if len(self.report.problems) < MAX_PROBLEMS:
            place = self._offset if offset is None else offset
            self.report.problems.append(Problem(self._name, place, self._seq + 1, what))

    def segment(self, path: Path, *, last: bool) -> None:
        """Check one file; `last` is the one that may be growing."""
        self.report.segments += 1
        self._name, self._offset = path.name, 0
        starts_with = int(path.name[:20])
        if starts_with != self._seq + 1:
            self.problem(f"the segment says that it starts with entry {starts_with}")
        data = path.read_bytes()
        while not _blank(data, self._offset):
            payload = _payload(data, self._offset)
            if payload is None and last:
                data, payload = self._look_again(path, data)
            if payload is not None:
                self._frame(payload)
                self._offset += 8 + len(payload)
            elif (there := _next_frame(data, self._offset)) is not None:
                self.problem("a frame is damaged")
                self._offset = there
            else:
                self.problem("the last frame is damaged, or was never finished")
                break

    def _look_again(self, path: Path, data: bytes) -> tuple[bytes, bytes | None]:
        for pause in self._pauses:
            time.sleep(pause)
            data = path.read_bytes()
            payload = _payload(data, self._offset)
            if payload is not None:
                return data, payload
        return data, None

    def _frame(self, payload: bytes) -> None:
        at = self._offset + 8
        if not payload.endswith(b"\n"):
            self.problem("the frame does not end with a line feed", at)
        for line in payload.removesuffix(b"\n").split(b"\n"):
            self._entry(line, at)
            at += len(line) + 1

    def _entry(self, line: bytes, at: int) -> None:
        entry = _canonical(line)
        if isinstance(entry, str):
            self.problem(entry, at)
            entry = {}
        else:
            self._chain(entry, at)
        digest = hashlib.sha256(line).hexdigest()
        seq = entry.get("seq")
        seq = seq if isinstance(seq, int) else self._seq + 1
        if self._expect is not None and self._expect[0] == seq and self._expect[1] != digest:
            self.problem("is not the one that was noted", at)
        # One defect is told once: go on from what stands here.
        self._seq, self._prev = seq, digest
        report = self.report
        report.entries += 1
        report.first_seq = report.first_seq or seq
        report.last_seq, report.head = seq, digest
        self._intent(entry)

    def _chain(self, entry: dict[str, object], at: int) -> None:
        if entry["v"] != 1:
            self.problem("a version of the form that this verifier does not know", at)
        if entry["seq"] != self._seq + 1:
            self.problem(f"has the sequence number {entry['seq']}", at)
        if entry["prev"] != self._prev:
            self.problem("does not name the hash of the entry before it", at)
        moment = entry["time_ms"]
        if isinstance(moment, int):
            self.report.clock_steps_back += moment < self._time
            self._time = moment

    def _intent(self, entry: dict[str, object]) -> None:
        kind, name = entry.get("kind"), entry.get("id")
        if kind == "requested":
            self.report.open_intents[str(name)] = self._seq
        elif kind in OUTCOMES and entry.get("part", 1) == entry.get("parts", 1):
            self.report.open_intents.pop(str(name), None)


def _payload(data: bytes, offset: int) -> bytes | None:
    start = offset + 8
    if start > len(data):
        return None
    length, checksum = struct.unpack_from(">II", data, offset)
    if length == 0 or start + length > len(data):
        return None
    payload = data[start : start + length]
    return payload if zlib.crc32(data[offset : offset + 4] + payload) == checksum else None


def _next_frame(data: bytes, offset: int) -> int | None:
    for brace in _PAYLOAD_START.finditer(data, offset + 9):
        if _payload(data, brace.start() - 8) is not None:
            return brace.start() - 8
    return None


def _blank(data: bytes, offset: int) -> bool:
    # The header is looked at first, so that the long look at the rest is made once per segment.
    return not any(data[offset : offset + 8]) and not data[offset:].strip(b"\0")


def _frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset: int | None = 0
    while offset is not None:
        payload = _payload(data, offset)
        if payload is not None:
            yield offset, payload
            offset += 8 + len(payload)
        elif _blank(data, offset):
            return
        else:
            offset = _next_frame(data, offset)


_MEMBERS: dict[str, type] = {
    "v": int,
    "seq": int,
    "time_ms": int,
    "kind": str,
    "prev": str,
    "id": str,
    "lane": str,
}


def _canonical(line: bytes) -> dict[str, object] | str:
    """Return the entry, or what keeps the line from being one."""
    try:
        entry = json.loads(line.decode("utf-8"))
        again = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return "is not JSON"
    if again != line or not isinstance(entry, dict):
        return "is not in canonical form"
    if not all(name.isascii() and _allowed(value) for name, value in entry.items()):
        return "has a member of a kind that no entry has"
    if any(type(entry.get(name)) is not kind for name, kind in _MEMBERS.items()):
        return "lacks a member that every entry has"
    return entry


def _allowed(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    if type(value) is int:
        return -EXACT < value < EXACT
    return isinstance(value, (str, bool))


def parse_head(text: str) -> tuple[int, str]:
    """Return the sequence number and hash in `SEQ:HASH`.

    Raises:
        ValueError: it is not of this form.
    """
    if not re.fullmatch(r"[0-9]{1,16}:[0-9a-f]{64}", text):
        raise ValueError("a head is SEQ:HASH, a number and 64 lower-case hexadecimal digits")
    seq, _, digest = text.partition(":")
    return int(seq), digest


def tell(report: Report) -> str:
    """Return the report for a person, several lines without a final line feed."""
    lines = [str(problem) for problem in report.problems]
    if report.problem_count > len(report.problems):
        lines.append(f"... and {report.problem_count - len(report.problems)} more problems")
    if report.open_intents:
        lines.append(f"open: {len(report.open_intents)} requests have no outcome yet")
    if report.clock_steps_back:
        lines.append(f"note: the clock went back {report.clock_steps_back} times")
    verdict = f"{report.problem_count} problems" if report.problem_count else "ok"
    lines.append(f"{verdict}: {report.entries} entries in {report.segments} segments")
    lines.append(f"head {report.last_seq}:{report.head}")
    return "\n".join(lines)


def _main(arguments: list[str]) -> int:
    try:
        folder, *heads = arguments
        report = verify(Path(folder), expect=parse_head(heads[0]) if heads else None)
    except (ValueError, NotALedger) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(tell(report) + "\n")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))

"""An independent check of a ledger: shares no code with what wrote it, and needs Python alone.

Copy this one file to another machine and run it:

    python verify.py FOLDER [SEQ:HASH]
    python verify.py FOLDER --checkpoint FILE --public-key FILE
    python verify.py proof FILE --public-key FILE
    python verify.py certificate FILE --public-key FILE

The first two read every byte of a ledger:

1. segments follow each other without a gap, from entry 1 on;
2. each frame (`length u32 | CRC-32 u32 | payload`, big-endian) is whole, and only zeros follow the last;
3. each line of a payload is one entry in canonical form (RFC 8785, only strings, integers, booleans and
   arrays of strings), with the members that every entry has;
4. `seq` counts by one and `prev` is the SHA-256 of the entry before;
5. a `requested` entry has an outcome (`disclosed`, `declined` or `failed` with its id), or is listed as open;
   one that was `disclosed`, in whole or in parts, and then `failed` was cut short on its way to the client, and
   is counted: what is disclosed may have reached it or not;
6. the ledger contains the head that somebody noted earlier, if one is given;
7. the ledger begins with exactly the entries of which a checkpoint speaks, if one is given: a C2SP signed note
   (Ed25519) with the RFC 6962 root over the first so many entries. The leaf is the entry's line without its
   line feed.

The third checks what `lychgate audit prove` wrote: that one entry is in the ledger of a checkpoint, or that one
checkpoint's ledger is the beginning of another's. The fourth checks a certificate of erasure: its signature, and
that the ledger of a checkpoint holds it. Neither needs a ledger.

A chain is only as good as the head that was kept somewhere else: without step 6 or 7 nothing here can tell a
ledger from one that its owner wrote anew, or from one that was cut at its end.
"""

import argparse
import base64
import binascii
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
RECENT = 100_000
"""Disclosures that are remembered: an answer that is cut short fails soon after its last part."""
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
    cut_short: int = 0
    """Exchanges with a `failed` after a `disclosed`: of what is disclosed, the client may not have got all. No
    problem."""
    clock_steps_back: int = 0
    """Entries whose `time_ms` is before their predecessor's. No problem: `seq` is the order."""

    @property
    def exit_code(self) -> int:
        """0 if nothing is wrong, 1 if something is."""
        return 1 if self.problem_count else 0


class NotALedger(Exception):
    """The folder holds no segment, or cannot be read."""


class Unproved(Exception):
    """A note is not signed by a known key, or a proof does not prove what it says."""


@dataclass(frozen=True)
class Checkpoint:
    """What a signed note says of a ledger (C2SP tlog-checkpoint)."""

    origin: str
    """Name of the installation, which is also its key's."""
    size: int
    """How many entries it speaks of: the first ones."""
    root: bytes
    """RFC 6962 tree hash over them."""


def verify(
    folder: Path,
    *,
    expect: tuple[int, str] | None = None,
    checkpoint: Checkpoint | None = None,
    pauses: Iterable[float] = PAUSES,
) -> Report:
    """Return what is wrong with the ledger in `folder`, and where; never raises for what stands in it.

    Args:
        folder: a ledger's folder, or a copy of it; may be in use.
        expect: sequence number and hash of a head noted earlier; (0, 64 zeros) expects nothing.
        checkpoint: what the ledger has to begin with; its signature was checked by `open_checkpoint`.
        pauses: seconds between looks at a last frame that is not whole, which a running proxy may be writing.

    Raises:
        NotALedger: see there.
    """
    walk = _Walk(Report(), expect, pauses, checkpoint)
    try:
        names = _segments(folder)
        for name in names:
            walk.segment(folder / name, last=name == names[-1])
    except OSError as error:
        raise NotALedger(f"cannot be read: {error.strerror}") from None
    if expect is not None and expect[0] > walk.report.last_seq:
        walk.problem(f"the ledger ends here, but entry {expect[0]} is known to have been written")
    if checkpoint is not None and checkpoint.size > walk.report.entries:
        walk.problem(f"the ledger ends here, but a signed checkpoint speaks of {checkpoint.size} entries")
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

    def __init__(
        self,
        report: Report,
        expect: tuple[int, str] | None,
        pauses: Iterable[float],
        checkpoint: Checkpoint | None,
    ) -> None:
        self.report = report
        self._checkpoint = checkpoint
        self._roots = Roots()
        self._pauses = pauses
        self._expect = expect
        self._seq = 0
        self._prev = FIRST_PREV
        self._time = 0
        self._name = ""
        self._offset = 0
        self._disclosed: dict[str, None] = {}
        """Ids of answers that were disclosed of late, or of which parts were and the rest is to come."""
        if expect is not None and expect[0] == 0 and expect[1] != FIRST_PREV:
            self.problem("the expected head of an empty ledger is 64 zeros")
        self._compare()

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
        if self._checkpoint is not None and report.entries <= self._checkpoint.size:
            self._roots.add(leaf_hash(line))
            self._compare()

    def _compare(self) -> None:
        signed = self._checkpoint
        if signed is not None and self._roots.size == signed.size and self._roots.root() != signed.root:
            self.problem(f"the {signed.size} entries before this are not those of the signed checkpoint")

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
        kind, name = entry.get("kind"), str(entry.get("id"))
        if kind == "requested":
            self.report.open_intents.setdefault(name, self._seq)
        elif kind in OUTCOMES and entry.get("part", 1) == entry.get("parts", 1):
            self.report.open_intents.pop(name, None)
        if kind == "disclosed":
            self._disclosed.pop(name, None)
            self._disclosed[name] = None
            if len(self._disclosed) > RECENT:
                del self._disclosed[next(iter(self._disclosed))]
        elif kind == "failed" and name in self._disclosed:
            del self._disclosed[name]
            self.report.cut_short += 1


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


def leaf_hash(line: bytes) -> bytes:
    """Return the RFC 6962 hash of an entry's line, which has no line feed."""
    return hashlib.sha256(b"\0" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the RFC 6962 hash of two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Roots:
    """The tree hash of a growing list of leaves, in the memory of its peaks."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Append a leaf's hash."""
        size = self.size
        while size & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            size >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the tree hash over all leaves so far."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_by_inclusion(leaf: bytes, index: int, size: int, hashes: list[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to (RFC 9162, 2.1.3.2).

    Raises:
        Unproved: the proof is too long or too short for this place in a tree of this size.
    """
    if not 0 <= index < size:
        raise Unproved("the entry's place is outside the tree")
    at, last, root = index, size - 1, leaf
    for sibling in hashes:
        if last == 0:
            raise Unproved("the proof is too long")
        if at & 1 or at == last:
            root = node_hash(sibling, root)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise Unproved("the proof is too short")
    return root


def check_consistency(old: Checkpoint, new: Checkpoint, hashes: list[bytes]) -> None:
    """Return if the tree of `old` is the beginning of that of `new` (RFC 9162, 2.1.4.2).

    Raises:
        Unproved: the proof does not show that.
    """
    if old.size > new.size:
        raise Unproved("the newer checkpoint speaks of fewer entries: the ledger was rolled back")
    if old.size in {0, new.size}:
        if hashes or old.root != (new.root if old.size else hashlib.sha256(b"").digest()):
            raise Unproved("the two checkpoints contradict each other")
        return
    path = list(hashes)
    if not old.size & (old.size - 1):
        path.insert(0, old.root)
    at, last = old.size - 1, new.size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not path:
        raise Unproved("the proof is too short")
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise Unproved("the proof is too long")
        if at & 1 or at == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        at, last = at >> 1, last >> 1
    if last or first != old.root or second != new.root:
        raise Unproved("the older checkpoint's ledger is not the beginning of the newer one's")


def parse_keys(text: str) -> dict[tuple[str, bytes], bytes]:
    """Return (name, key id) -> Ed25519 public key, of lines `name+id+base64` (C2SP signed-note, "vkey").

    Raises:
        Unproved: a line is none, or there is no line.
    """
    keys = {}
    for line in text.split():
        name, _, rest = line.partition("+")
        key_id, _, encoded = rest.partition("+")
        data = _decode64(encoded)
        if not name or len(data) != 33 or data[0] != 1:
            raise Unproved("not an Ed25519 verification key of the form name+id+base64")
        expected = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
        if key_id != expected.hex():
            raise Unproved("the verification key does not have the id that stands in it")
        keys[name, expected] = data[1:]
    if not keys:
        raise Unproved("there is no verification key")
    return keys


def open_note(note: bytes, keys: dict[tuple[str, bytes], bytes]) -> tuple[str, set[str]]:
    """Return the text of a C2SP signed note and the names of the known keys that signed it, at least one.

    Signatures of unknown keys are passed over; one of a known key that is wrong spoils the note.

    Raises:
        Unproved: see there.
    """
    text, blank, signatures = note.rpartition(b"\n\n")
    body = text + b"\n"
    if not blank or not signatures.endswith(b"\n") or any(byte < 32 and byte != 10 for byte in note):
        raise Unproved("not a signed note")
    signers = set()
    try:
        shown = body.decode("utf-8")
        lines = signatures.decode("utf-8").split("\n")[:-1]
    except UnicodeDecodeError:
        raise Unproved("not a signed note") from None
    for line in lines:
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        data = _decode64(encoded)
        if dash != "\u2014" or not name or len(data) < 5:
            raise Unproved("not a signed note")
        key = keys.get((name, data[:4]))
        if key is None:
            continue
        if not ed25519_verify(key, body, data[4:]):
            raise Unproved(f"the signature of {name} is wrong")
        signers.add(name)
    if not signers:
        raise Unproved("no known key signed this")
    return shown, signers


def open_checkpoint(note: bytes, keys: dict[tuple[str, bytes], bytes]) -> Checkpoint:
    """Return what a checkpoint says, signed by a key of the name that stands in its first line.

    Raises:
        Unproved: see there.
    """
    text, signers = open_note(note, keys)
    origin, size, root, *_ = [*text.split("\n"), "", ""]
    hashed = _decode64(root)
    if not re.fullmatch("0|[1-9][0-9]{0,15}", size, re.ASCII) or len(hashed) != 32:
        raise Unproved("the note is not a checkpoint")
    if origin not in signers:
        raise Unproved("the checkpoint is not signed by the installation that it names")
    return Checkpoint(origin, int(size), hashed)


INCLUSION = "lychgate.dev/v1/inclusion"
CONSISTENCY = "lychgate.dev/v1/consistency"
"""The member `type` of the two kinds of proof files."""


def check_proof(text: str, keys: dict[tuple[str, bytes], bytes]) -> list[str]:
    """Return what a proof file proves, as lines for a person: ASCII, entries as they stand in the ledger.

    Raises:
        Unproved: nothing, or not what it says.
    """
    try:
        proof = json.loads(text)
        newest = open_checkpoint(proof["checkpoint"].encode(), keys)
        if proof["type"] == CONSISTENCY:
            oldest = open_checkpoint(proof["from"].encode(), keys)
            if oldest.origin != newest.origin:
                raise Unproved("the two checkpoints are of two ledgers")
            check_consistency(oldest, newest, _hashes(proof["hashes"]))
            return [f"ok: the first {oldest.size} of {newest.size} entries are unchanged"]
        if proof["type"] != INCLUSION or not proof["entries"]:
            raise Unproved("a kind of proof that this verifier does not know")
        lines = [_included(item["entry"], _hashes(item["hashes"]), newest) for item in proof["entries"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unproved("not a proof of the form that `lychgate audit prove` writes") from None
    return [
        *lines,
        f"ok: {len(lines)} entries are in the ledger of {newest.size} entries that {newest.origin} signed",
    ]


CERTIFICATE = "lychgate.dev/v1/erasure-certificate-file"
_SAID = "lychgate.dev/v1/erasure-certificate"


def check_certificate(text: str, keys: dict[tuple[str, bytes], bytes]) -> tuple[dict[str, object], list[str]]:
    """Return what a certificate of erasure says, and that as lines for a person, ASCII.

    Raises:
        Unproved: its signature or its proof is wrong, or it is no certificate.
    """
    try:
        file = json.loads(text)
        if file["type"] != CERTIFICATE:
            raise Unproved("a kind of file that this verifier does not know")
        line, signers = open_note(file["certificate"].encode(), keys)
        said = json.loads(line)
        again = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
        if again != line or said["type"] != _SAID or said["installation"] not in signers:
            raise Unproved("the certificate is not one of the installation that it names")
        proof = file["proof"]
        (proved,) = proof["entries"]
        entry = json.loads(proved["entry"])
        check_proof(json.dumps(proof), keys)
        digest = "sha256:" + hashlib.sha256(line.removesuffix("\n").encode()).hexdigest()
        wanted = {"kind": "erasure", "what": "certified", "id": said["case"], "how": said["edition"]}
        if proof["type"] != INCLUSION or entry["digest"] != digest or not wanted.items() <= entry.items():
            raise Unproved("the entry that is proved is not this certificate's")
        later = [f"beside it, not signed: {_plain(file['superseded'])}"] if "superseded" in file else []
        return said, [*later, *_certified(said, entry)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unproved("not a certificate of the form that `lychgate erasure certificate` writes") from None


def _certified(said: dict[str, object], entry: dict[str, object]) -> list[str]:
    lines = [
        f"case {said['case']}, edition {said['edition']}, {said['law']} {said['ground']}",
        f"received {said['received']}, erased {said['erased']}",
    ]
    if said.get("outcome") == "incomplete":
        lines = ["NOT COMPLETE: data of the person remain where `left` says", *lines]
        lines += _table("left", said["left"])  # type: ignore[arg-type]
    for name in ("done", "kept", "checks", "told"):
        lines += _table(name, said[name])  # type: ignore[arg-type]
    lines += [f"remains: {_plain(line)}" for line in said["remains"]]  # type: ignore[attr-defined]
    return [*lines, f"ok: {said['installation']} signed this, and entry {entry['seq']} of its ledger says so"]


def _table(name: str, rows: list[dict[str, object]]) -> list[str]:
    """Return rows of one kind as lines: a head and aligned columns, less those that are empty in every row."""
    names = dict.fromkeys(key for row in rows for key in row if any(other.get(key, "") != "" for other in rows))
    cells = [[_plain(row.get(key, "")) for key in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(map(_plain, names), *cells, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in ([*map(_plain, names)], *cells)]
    return [f"{name}:", *(f"  {line}" for line in lines)] if rows else []


def _plain(value: object) -> str:
    """Return a value as text; what a terminal would not print as it stands is escaped."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if text.isprintable() else json.dumps(text)


def _included(line: str, hashes: list[bytes], newest: Checkpoint) -> str:
    entry = _canonical(line.encode())
    if isinstance(entry, str):
        raise Unproved(f"the entry {entry}")
    seq = entry["seq"]
    # The entry says its own place, so a proof cannot show a true entry in another one's place.
    if (
        not isinstance(seq, int)
        or root_by_inclusion(leaf_hash(line.encode()), seq - 1, newest.size, hashes) != newest.root
    ):
        raise Unproved("the entry is not in the ledger of the checkpoint")
    return json.dumps(entry, separators=(",", ":"))


def _hashes(listed: list[str]) -> list[bytes]:
    found = [_decode64(text) for text in listed]
    if any(len(item) != 32 for item in found):
        raise Unproved("a hash of the proof is not one")
    return found


def _decode64(text: str) -> bytes:
    """Return the bytes; b"" for what is not the one standard base64 form of some bytes."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return b""
    return data if base64.b64encode(data).decode() == text else b""


# Ed25519 (RFC 8032) for verification only: nothing here is secret, so nothing needs constant time.
_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_1 = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int, int, int]
"""Extended homogeneous coordinates: X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z."""


def ed25519_verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether the signature over the message is the key's (RFC 8032, 5.1.7, without the cofactor)."""
    point = _point(key) if len(key) == 32 else None
    if point is None or len(signature) != 64:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= _ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % _ORDER
    x, y, z, t = point
    minus = (-x % _P, y, z, -t % _P)
    return _encoded(_sum(_times(scalar, _BASE), _times(challenge, minus))) == signature[:32]


def _point(data: bytes) -> _Point | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _ROOT_OF_MINUS_1 % _P
    if x * x % _P != square or (x == 0 and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


def _sum(one: _Point, other: _Point) -> _Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: _Point) -> _Point:
    result: _Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _sum(result, point)
        point = _sum(point, point)
        scalar >>= 1
    return result


def _encoded(point: _Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE_POINT = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
assert _BASE_POINT is not None
_BASE: _Point = _BASE_POINT


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
    if report.cut_short:
        lines.append(
            f"cut short: {report.cut_short} answers are disclosed that the client may not have got in full"
        )
    if report.clock_steps_back:
        lines.append(f"note: the clock went back {report.clock_steps_back} times")
    verdict = f"{report.problem_count} problems" if report.problem_count else "ok"
    lines.append(f"{verdict}: {report.entries} entries in {report.segments} segments")
    lines.append(f"head {report.last_seq}:{report.head}")
    return "\n".join(lines)


def _main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Check a ledger, or a proof about one.")
    parser.add_argument("what", nargs="+", metavar="FOLDER [SEQ:HASH] | proof FILE | certificate FILE")
    parser.add_argument("--checkpoint", type=Path, help="a signed checkpoint that the ledger has to contain")
    parser.add_argument(
        "--public-key", type=Path, help="who may have signed it, as `audit public-key` prints it"
    )
    given = parser.parse_args(arguments)
    try:
        keys = parse_keys(given.public_key.read_text("utf-8")) if given.public_key else {}
        if given.what[0] == "certificate":
            (path,) = given.what[1:]
            _, lines = check_certificate(Path(path).read_text("utf-8"), keys)
            sys.stdout.write("\n".join(lines) + "\n")
            return 0
        if given.what[0] == "proof":
            (path,) = given.what[1:]
            lines = check_proof(Path(path).read_text("utf-8"), keys)
            sys.stdout.write("\n".join(lines) + "\n")
            return 0
        folder, *heads = given.what
        signed = open_checkpoint(given.checkpoint.read_bytes(), keys) if given.checkpoint else None
        head = parse_head(*heads) if heads else None
        report = verify(Path(folder), expect=head, checkpoint=signed)
    except Unproved as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (ValueError, TypeError, OSError, NotALedger) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(tell(report) + "\n")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))

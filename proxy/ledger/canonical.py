"""An entry as bytes: the form that is hashed, framed and exported, the same in every language.

RFC 8785 (JCS) restricted to what needs no care: an object with ASCII names whose values are strings, integers
below 2**53, booleans and arrays of strings. Under that restriction RFC 8785, `json.dumps(sort_keys=True,
separators=(",", ":"), ensure_ascii=False)` and msgspec's sorted encoder write the same bytes; a test holds
all three against each other.
"""

import hashlib
from typing import Final

import msgspec

from proxy.errors import Unavailable
from proxy.model import Entry

VERSION: Final = 1
"""Of the entry's form; the member `v`."""
GENESIS: Final = "0" * 64
"""What the first entry of a ledger names as its predecessor."""
MAX_ENTRY_BYTES: Final = 65_535
"""C2SP tlog-tiles gives an entry a 16-bit length; a ledger that is to be published as tiles keeps to it."""
MAX_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 8785 §3.2.2.3)."""
ENVELOPE: Final = frozenset({"v", "seq", "time_ms", "kind", "prev"})
"""Members that the ledger adds; no entry has a field of these names."""

Members = dict[str, str | int | bool | tuple[str, ...]]
"""The members of one entry, envelope included or not."""

_ENVELOPE_BYTES: Final = 200
_SURELY_SHORT: Final = MAX_ENTRY_BYTES // 2
_TEXT: Final = frozenset({str})
_encoder: Final = msgspec.json.Encoder(order="sorted")


def members_of(entry: Entry) -> Members:
    """Return the entry's kind and fields, known to have a canonical form within `MAX_ENTRY_BYTES`.

    Raises:
        Unavailable: `ledger_bad_entry` (a field of another type, out of range or not Unicode text; the
            detail names the field, or the kind of entry), `ledger_long_entry`.
    """
    members: Members = {"kind": entry.kind}
    texts: list[str] = []
    for name in entry.__match_args__:
        value = members[name] = getattr(entry, name)
        kind = type(value)
        if kind is str:
            texts.append(value)
        elif kind is tuple:
            texts += value
        elif kind is not bool and not (kind is int and -MAX_INTEGER <= value <= MAX_INTEGER):
            raise Unavailable("ledger_bad_entry", name)
    if not set(map(type, texts)) <= _TEXT:
        raise Unavailable("ledger_bad_entry", entry.kind)
    if not _surely_short(texts):
        _check_size(members, entry.kind)
    return members


def _surely_short(texts: list[str]) -> bool:
    """Say whether an entry with these texts is far below the limit, without writing it out."""
    text = "".join(texts)
    # A character takes six bytes at most, as an escape; a text has two quotes and a comma around it.
    return text.isascii() and 6 * len(text) + 3 * len(texts) < _SURELY_SHORT


def _check_size(members: Members, kind: str) -> None:
    try:
        size = len(_encoder.encode(members))
    except UnicodeEncodeError:
        raise Unavailable("ledger_bad_entry", kind) from None
    if size + _ENVELOPE_BYTES > MAX_ENTRY_BYTES:
        raise Unavailable("ledger_long_entry", kind)


def encode(members: Members) -> bytes:
    """Return the canonical form of an entry; `members` came from `members_of`, plus the envelope."""
    return _encoder.encode(members)


def digest(line: bytes) -> str:
    """Return what the next entry names as its predecessor: lower-case hex SHA-256 of the canonical form."""
    return hashlib.sha256(line).hexdigest()

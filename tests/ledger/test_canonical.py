"""The canonical form is one form, in every encoder, for every entry."""

import json
from dataclasses import asdict, fields, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.errors import Unavailable
from proxy.ledger.canonical import ENVELOPE, MAX_ENTRY_BYTES, MAX_INTEGER, digest, encode, members_of
from proxy.model import Entry, Noted

TEXT = st.text(st.characters(exclude_categories=("Cs",)))
VALUES = st.one_of(TEXT, st.booleans(), st.integers(-MAX_INTEGER, MAX_INTEGER), st.lists(TEXT).map(tuple))
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1)


def jcs(value):
    """RFC 8785 written out by hand for the types an entry has; §3.2.2.2 for strings, §3.2.3 for the order."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
        return (
            '"' + "".join(short.get(ord(c)) or (f"\\u{ord(c):04x}" if ord(c) < 0x20 else c) for c in value) + '"'
        )
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{jcs(name)}:{jcs(value[name])}" for name in names) + "}"
    return "[" + ",".join(map(jcs, value)) + "]"


@given(st.dictionaries(NAMES, VALUES))
@example({"a": '\x00\x1f\x7f\x80\u2028\u202e\U0001f600/\\"', "b": MAX_INTEGER})
def test_three_encoders_write_the_same_bytes(members):
    """The encoder in use, the standard library and RFC 8785 agree byte for byte."""
    written = encode(members)
    library = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert written == library.encode() == jcs(members).encode()


def test_every_character_is_written_alike():
    """No code point is escaped by one encoder and not by the other."""
    for start in range(0, 0x110000, 0x400):
        text = "".join(map(chr, range(start, start + 0x400)))
        if not any("\ud800" <= c <= "\udfff" for c in text):
            assert (
                encode({"a": text})
                == json.dumps({"a": text}, ensure_ascii=False, separators=(",", ":")).encode()
            )


def test_members_are_the_fields_and_the_kind(entries):
    """Nothing is in the members that is not in the entry, and everything that is."""
    for kind, make in entries.items():
        entry = make("one")
        assert members_of(entry) == {"kind": kind, **asdict(entry)}


def test_no_entry_has_a_field_of_the_envelope():
    """What the ledger adds never hides what an entry says."""
    for kind in Entry.__subclasses__():
        assert not ENVELOPE & {field.name for field in fields(kind)}


@pytest.mark.parametrize(
    "detail",
    [
        1.5,  # written differently in every language
        None,  # has no place in the form
        2**53,  # not exact in a double
        -(2**53),
        b"bytes",
        ["a"],  # a list can change after the check
        ("a", 1),
        ("a", ("b",)),
        {"a": "b"},
        "\ud800",  # half a character has no UTF-8
        ("\udfff",),
    ],
)
def test_what_has_no_canonical_form_is_refused(detail):
    """A field of another kind stops the entry, and the error does not repeat the value."""
    with pytest.raises(Unavailable) as caught:
        members_of(Noted("one", "", what="tested", detail=detail))
    assert caught.value.reason == "ledger_bad_entry"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert repr(detail) not in str(caught.value)


def test_an_entry_fits_into_a_tile(entries):
    """The longest entry that is taken stays below 64 KiB with its envelope; one byte more is refused."""
    short = entries["noted"]("one")
    room = MAX_ENTRY_BYTES - 200 - len(encode(members_of(short)))
    envelope = {"v": 1, "seq": MAX_INTEGER, "time_ms": MAX_INTEGER, "prev": "f" * 64}
    longest = encode(members_of(replace(short, detail="x" * room)) | envelope)
    assert MAX_ENTRY_BYTES - 100 < len(longest) <= MAX_ENTRY_BYTES
    with pytest.raises(Unavailable, match="ledger_long_entry"):
        members_of(replace(short, detail="x" * (room + 1)))


@pytest.mark.parametrize("text", ['"', "\\", "\n", "\x7f", "é", "\U0001f600"])
def test_a_text_is_as_long_as_it_is_written(entries, text):
    """Escapes and encoding count: what is longer written out than it looks is refused all the same."""
    written = len(encode({"": text})) - len(encode({"": ""}))
    room = (MAX_ENTRY_BYTES - 200 - len(encode(members_of(entries["noted"]("one", ""))))) // written
    members_of(entries["noted"]("one", text * room))
    with pytest.raises(Unavailable, match="ledger_long_entry"):
        members_of(entries["noted"]("one", text * (room + 1)))


def test_digest_is_sha256():
    """The chain can be checked with any SHA-256: this is FIPS 180-4's "abc"."""
    assert digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

"""Signed notes: what we sign is what anybody's verifier of C2SP signed notes accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.crypto import NoteSigner
from proxy.ledger import verify as judge

SIGNER = NoteSigner(bytes(range(32)), "lychgate.example/ledger")


def test_a_note_opens_under_its_verification_key():
    """Text, name and key id come back."""
    keys = judge.parse_keys(SIGNER.verification_key)
    assert judge.open_note(SIGNER.sign("a\nb\n"), keys) == ("a\nb\n", {"lychgate.example/ledger"})
    assert SIGNER.sign("a\n").startswith("a\n\n— lychgate.example/ledger ".encode())


@given(st.data())
def test_no_changed_byte_is_accepted(data):
    """Whatever single bit is flipped, the note does not open to anything."""
    note = bytearray(SIGNER.sign("lychgate.example/ledger\n3\nabc\n"))
    at = data.draw(st.integers(0, len(note) * 8 - 1))
    note[at // 8] ^= 1 << at % 8
    with pytest.raises(judge.Unproved):
        judge.open_note(bytes(note), judge.parse_keys(SIGNER.verification_key))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "a\u2028b", "a\x00"])
def test_a_name_that_would_break_the_form_is_refused(name):
    """A name cannot smuggle a second line or key in."""
    with pytest.raises(ValueError, match="name"):
        NoteSigner(bytes(32), name)


@pytest.mark.parametrize("text", ["", "a", "a\r\n", "\x1b\n"])
def test_what_is_no_text_is_not_signed(text):
    """The signed text ends with a line feed and has no other control character."""
    with pytest.raises(ValueError, match="lines"):
        SIGNER.sign(text)


def test_the_key_is_not_shown():
    """What a log could print of it is public."""
    assert bytes(range(32)).hex() not in repr(SIGNER)
    assert SIGNER.verification_key in repr(SIGNER)

"""Sealed text opens under its key, in its context, unchanged; or not at all."""

import base64
import re
import string

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import assume, given
from hypothesis import strategies as st

from proxy.crypto.derive import derive
from proxy.crypto.sealed import Sealer
from proxy.errors import Undecodable

KEY = bytes(range(32))
SEALER = Sealer(KEY)
ALPHABET = string.ascii_letters + string.digits + "-_."


@given(st.binary(max_size=200), st.text(max_size=30))
def test_open_undoes_seal(plaintext, context):
    """What was sealed is opened in the same context, and a URL can carry it as it is."""
    text = SEALER.seal(plaintext, context)
    assert SEALER.open(text, context) == plaintext
    assert re.fullmatch(r"lg1\.[0-9a-f]{8}\.[A-Za-z0-9_-]+", text)


@given(st.binary(max_size=50), st.text(max_size=10), st.text(max_size=10))
def test_another_context_does_not_open(plaintext, context, other):
    """A text moved to where it does not belong is refused."""
    assume(context != other)
    with pytest.raises(Undecodable, match="sealed_not_authentic"):
        SEALER.open(SEALER.seal(plaintext, context), other)


@given(st.binary(max_size=50), st.data())
def test_any_changed_character_is_refused(plaintext, data):
    """No single character of a sealed text can be changed, added or left out."""
    text = SEALER.seal(plaintext, "context")
    place = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from(ALPHABET))
    changed = data.draw(
        st.sampled_from(
            [
                text[:place] + character + text[place + 1 :],
                text[:place] + character + text[place:],
                text[:place] + text[place + 1 :],
            ]
        )
    )
    assume(changed != text)
    with pytest.raises(Undecodable):
        SEALER.open(changed, "context")


@given(st.text(max_size=100))
def test_rubbish_is_refused(text):
    """Whatever a client sends, it is opened or Undecodable, and the error does not repeat it."""
    with pytest.raises(Undecodable) as caught:
        SEALER.open(text, "context")
    assert str(caught.value) == "sealed_malformed"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "=",  # padding
        lambda text: text + "\n",  # `$` would let it pass
        lambda text: text.replace("lg1", "lg2"),
        lambda text: text.replace("lg1", "LG1"),
        lambda text: text.upper(),
        lambda text: text[:20],  # shorter than nonce and tag
        lambda text: "",
    ],
)
def test_a_text_has_one_spelling(change):
    """A text that another reader might take for the same is refused before any key is used."""
    with pytest.raises(Undecodable, match="sealed_malformed"):
        SEALER.open(change(SEALER.seal(b"x" * 31, "context")), "context")


def test_unused_bits_are_zero():
    """The last character's unused bits cannot carry a second spelling of the same bytes."""
    text = SEALER.seal(b"x", "context")  # 29 bytes: the last character carries four bits
    spellings = [text[:-1] + character for character in ALPHABET[:-1]]
    opened = [spelling for spelling in spellings if _opens(spelling)]
    assert opened == [text]


def _opens(text):
    try:
        SEALER.open(text, "context")
    except Undecodable:
        return False
    return True


def test_another_key_says_so():
    """A text of another key is told from a forged one, by the key's id."""
    with pytest.raises(Undecodable, match="sealed_unknown_key"):
        Sealer(bytes(32)).open(SEALER.seal(b"x", "context"), "context")


def test_the_documented_form():
    """The text can be opened from the documentation alone: AES-256-GCM, derived keys, framed associated data."""
    text = Sealer(KEY, random=lambda count: b"n" * count).seal(b"plain", "ctx")
    version, key_id, body = text.split(".")
    assert key_id == derive(KEY, "sealed/key-id").hex()[:8]
    raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    assert raw[:12] == b"n" * 12
    bound = b"\0\0\0\x03lg1" + b"\0\0\0\x08" + key_id.encode() + b"\0\0\0\x03ctx"
    assert AESGCM(derive(KEY, "sealed/encrypt")).decrypt(raw[:12], raw[12:], bound) == b"plain"
    assert version == "lg1"


def test_the_same_plaintext_never_looks_the_same():
    """WP-09: sealing twice gives two texts: equality of what is inside does not show."""
    assert SEALER.seal(b"x", "context") != SEALER.seal(b"x", "context")


def test_the_key_is_not_in_its_representation():
    """Printing the object prints the key's id only."""
    assert repr(SEALER) == f"Sealer(key_id='{SEALER.key_id}')"


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_is_32_bytes(length):
    """A short key is refused instead of used."""
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(bytes(length))

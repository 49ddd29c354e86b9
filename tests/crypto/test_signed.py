"""Signed messages in combined mode: RFC 8032's own vectors, and every other byte refused."""

import pytest

from proxy.crypto.signed import NotSigned, opened

# RFC 8032 §7.1, TEST 3.
KEY = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
TEXT = bytes.fromhex("af82")
SIGNATURE = bytes.fromhex(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)


def test_what_was_signed_is_returned() -> None:
    """The signature stands in front of it."""
    assert opened(SIGNATURE + TEXT, KEY) == TEXT


@pytest.mark.parametrize("at", [0, 31, 63, 64, 65])
def test_a_changed_bit_is_not_signed(at: int) -> None:
    """In the signature or in the text."""
    message = bytearray(SIGNATURE + TEXT)
    message[at] ^= 1
    with pytest.raises(NotSigned):
        opened(bytes(message), KEY)


@pytest.mark.parametrize("message", [b"", SIGNATURE[:63], SIGNATURE])
def test_a_short_message_is_not_signed(message: bytes) -> None:
    """Nor is one whose text is missing."""
    with pytest.raises(NotSigned):
        opened(message, KEY)

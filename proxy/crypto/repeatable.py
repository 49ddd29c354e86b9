"""Deterministic envelopes: the same value of a field is the same text, so that the CRM itself can find it.

    ld1.<base64url, no padding, of:  synthetic IV 16 | ciphertext n>

AES-SIV (RFC 5297) under 64 bytes: HKDF-SHA256 of the field's key with info
"lychgate.dev/v1/protect/repeatable/mac" and ".../encrypt". Associated data: one string, "ld1", tenant and data
element, each after its length.

What it costs: whoever sees the CRM sees which records have the same value, and how often each occurs; a value
that is moved to another record opens there; no person's key is in it, so erasing a person means overwriting it.
That is why policy takes it by a named waiver only.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from proxy.crypto.derive import derive
from proxy.crypto.envelope import decode, encode, lengths
from proxy.errors import Undecodable

VERSION: Final = "ld1"
PREFIX: Final = VERSION + "."
IV_BYTES: Final = 16


def characters(plaintext: int) -> int:
    """Return how many characters the envelope of so many bytes has."""
    return len(PREFIX) + ((plaintext + IV_BYTES) * 8 + 5) // 6


def room(length: int) -> int:
    """Return how many bytes fit into so many characters; below 0 if none does."""
    return (length - len(PREFIX)) * 6 // 8 - IV_BYTES


class FieldKey:
    """Seals and opens the values of one data element, always the same way."""

    __slots__ = ("_bound", "_cipher")

    def __init__(self, key: bytes, tenant: str, element: str) -> None:
        """Derive what is needed; `key` is not kept.

        Raises:
            ValueError: the key is not 32 bytes long.
        """
        mac, encrypt = derive(key, "protect/repeatable/mac"), derive(key, "protect/repeatable/encrypt")
        self._cipher = AESSIV(mac + encrypt)
        self._bound = [lengths(VERSION.encode(), tenant.encode(), element.encode())]

    def seal(self, plaintext: bytes) -> str:
        """Return the one text that stands for a value; the value is not empty."""
        return PREFIX + encode(self._cipher.encrypt(plaintext, self._bound))

    def open(self, text: str) -> bytes:
        """Return the value behind a text.

        Raises:
            Undecodable: `sealed_malformed`, `sealed_not_authentic` (changed, or of another element or tenant).
        """
        data = decode(text[len(PREFIX) :]) if text.startswith(PREFIX) else b""
        if len(data) <= IV_BYTES:
            raise Undecodable("sealed_malformed")
        try:
            return self._cipher.decrypt(data, self._bound)
        except InvalidTag:
            raise Undecodable("sealed_not_authentic") from None

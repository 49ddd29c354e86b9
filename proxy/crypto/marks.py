"""Keyed one-way marks: what a value is found by, and what a recipient is shown in its place.

    index      HMAC-SHA256(key, normal form); 32 bytes, kept in our own store only
               key: HKDF of the index key, info "lychgate.dev/v1/index/<element>/<normaliser>"
    pseudonym  pn1 + 26 lower-case base32 characters of HMAC-SHA256(key, element and normal form, each after its
               length, 4 bytes big-endian)
               key: HKDF of the stand-in key, info "lychgate.dev/v1/standin/pseudonym/<recipient>"
    sealed     le1.<base64url of nonce 12 | ciphertext | tag 16>, AES-256-GCM
               key: HKDF of the stand-in key, info "lychgate.dev/v1/standin/encrypt/<recipient>"
               AAD: "le1", recipient, element, each after its length

The normaliser is named with its version in the key's label: a normaliser that changes finds nothing of before,
instead of finding the wrong thing. A recipient's name in the label keeps two partners from joining what they
have.
"""

import base64
import hmac
import os
import re
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proxy.crypto.derive import derive
from proxy.crypto.envelope import NONCE_BYTES, TAG_BYTES, decode, encode, lengths
from proxy.errors import Undecodable

SEALED: Final = re.compile(r"le1\.[A-Za-z0-9_-]{38,}", re.ASCII)
_STANDIN: Final = re.compile(
    r"(?<![a-z0-9])(?:pn1[a-z2-7]{26}|le1\.[a-z0-9_-]{38,})(?![a-z0-9])", re.ASCII | re.IGNORECASE
)
_CHARACTERS: Final = 26
"""130 bits."""


def index(key: bytes, normal: str) -> bytes:
    """Return the mark by which a value in normal form is found.

    Args:
        key: 32 bytes, derived for the data element and the version of the normaliser.
        normal: from `proxy.protected.normal`.
    """
    return hmac.digest(key, normal.encode("utf-8", "surrogatepass"), "sha256")


def has_standin(text: str) -> bool:
    """Tell whether a pseudonym or what was sealed for a recipient stands in a text, in whatever case."""
    return _STANDIN.search(text) is not None


class RecipientKeys:
    """Makes what one recipient is shown instead of values."""

    __slots__ = ("_bound", "_cipher", "_mark", "_random")

    def __init__(self, key: bytes, recipient: str, *, random: Callable[[int], bytes] = os.urandom) -> None:
        """Derive what is needed; raises ValueError for a key that is not 32 bytes long."""
        self._mark = derive(key, f"standin/pseudonym/{recipient}")
        self._cipher = AESGCM(derive(key, f"standin/encrypt/{recipient}"))
        self._bound = lengths(b"le1", recipient.encode())
        self._random = random

    def pseudonym(self, element: str, normal: str) -> str:
        """Return the pseudonym of a value in normal form: the same each time, for this recipient alone."""
        mark = hmac.digest(self._mark, lengths(element.encode(), normal.encode()), "sha256")
        return "pn1" + base64.b32encode(mark).decode("ascii").lower()[:_CHARACTERS]

    def seal(self, element: str, plaintext: str) -> str:
        """Return a value sealed under the key of the recipient; another text each time."""
        nonce = self._random(NONCE_BYTES)
        bound = self._bound + lengths(element.encode())
        return "le1." + encode(nonce + self._cipher.encrypt(nonce, plaintext.encode(), bound))

    def open(self, element: str, text: str) -> str:
        """Return what was sealed for this recipient.

        Raises:
            Undecodable: `sealed_malformed`, `sealed_not_authentic`.
        """
        data = decode(text[4:]) if SEALED.fullmatch(text) else b""
        if len(data) < NONCE_BYTES + TAG_BYTES:
            raise Undecodable("sealed_malformed")
        bound = self._bound + lengths(element.encode())
        try:
            return self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], bound).decode()
        except InvalidTag:
            raise Undecodable("sealed_not_authentic") from None

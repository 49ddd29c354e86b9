"""Text that only we can make and read, bound to where it belongs.

`lg1.<key id>.<base64url of nonce 12 | ciphertext | tag 16>`: AES-256-GCM (NIST SP 800-38D) with a random
nonce. The version, the key id and the context are authenticated, each with its length in front. A random
nonce bounds one key to 2**32 texts (SP 800-38D §8.3); rotate long before.
"""

import base64
import binascii
import os
import re
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proxy.crypto.derive import derive
from proxy.errors import Undecodable

VERSION: Final = "lg1"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_FORM: Final = re.compile(r"lg1\.([0-9a-f]{8})\.([A-Za-z0-9_-]+)", re.ASCII)


class Sealer:
    """Seals and opens under one key; a class, so that the key schedule is made once."""

    def __init__(self, key: bytes, *, random: Callable[[int], bytes] = os.urandom) -> None:
        """Derive what is needed from `key`, which is not kept.

        Args:
            key: 32 random bytes, derived for this use alone.
            random: how many bytes -> that many bytes from a cryptographic source.

        Raises:
            ValueError: the key is not 32 bytes long.
        """
        self._cipher = AESGCM(derive(key, "sealed/encrypt"))
        self.key_id = derive(key, "sealed/key-id").hex()[:8]
        """Says which key sealed a text, and nothing about the key."""
        self._random = random

    def __repr__(self) -> str:
        return f"Sealer(key_id={self.key_id!r})"

    def seal(self, plaintext: bytes, context: str) -> str:
        """Return text of A-Z a-z 0-9 . _ - that `open` turns back, in the same context only.

        Args:
            plaintext: any bytes; their length shows.
            context: where the text belongs (lane, route, caller ...); not secret, not contained in the text.
        """
        nonce = self._random(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, plaintext, self._bound(context))
        return f"{VERSION}.{self.key_id}.{_encode(sealed)}"

    def open(self, text: str, context: str) -> bytes:
        """Return the plaintext of what this key sealed in this context.

        Args:
            text: unverified.
            context: as given to `seal`.

        Raises:
            Undecodable: `sealed_malformed`, `sealed_unknown_key`, `sealed_not_authentic` (changed, or of
                another context).
        """
        parts = _FORM.fullmatch(text)
        sealed = _decode(parts[2]) if parts else b""
        if parts is None or len(sealed) < _NONCE_BYTES + _TAG_BYTES:
            raise Undecodable("sealed_malformed")
        if parts[1] != self.key_id:
            raise Undecodable("sealed_unknown_key")
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._bound(context))
        except InvalidTag:
            raise Undecodable("sealed_not_authentic") from None

    def _bound(self, context: str) -> bytes:
        parts = (VERSION.encode(), self.key_id.encode(), context.encode("utf-8", "surrogatepass"))
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    """Return the bytes; b"" for what `_encode` never writes, so that no two texts say the same."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return b""
    return data if _encode(data) == text else b""

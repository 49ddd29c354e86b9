"""A data key under a key encryption key: AES-256-GCM, 60 bytes, bound to whom it belongs to."""

import os
from collections.abc import Callable, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proxy.errors import Unavailable

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
WRAPPED_BYTES: Final = NONCE_BYTES + KEY_BYTES + TAG_BYTES


class Wrapping:
    """Wraps and unwraps under one key that is in this process's memory."""

    def __init__(self, key: bytes, *, random: Callable[[int], bytes] = os.urandom) -> None:
        """Keep the key.

        Args:
            key: 32 random bytes.
            random: how many bytes -> that many bytes from a cryptographic source.

        Raises:
            ValueError: the key is not 32 bytes long.
        """
        if len(key) != KEY_BYTES:
            raise ValueError("a key that wraps others is 32 bytes long")
        self._cipher = AESGCM(key)
        self._random = random

    def __repr__(self) -> str:
        return "Wrapping(...)"

    def wrap_all(self, keys: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Return what `wrap` does for each key and what it is bound to; asking for random bytes once."""
        nonces, encrypt = self._random(NONCE_BYTES * len(keys)), self._cipher.encrypt
        each = (nonces[start : start + NONCE_BYTES] for start in range(0, len(nonces), NONCE_BYTES))
        return [nonce + encrypt(nonce, key, bound) for nonce, (key, bound) in zip(each, keys, strict=True)]

    def unwrap_all(self, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Return what `unwrap` does for each; all or none.

        Raises:
            Unavailable: `key_not_authentic`.
        """
        decrypt = self._cipher.decrypt
        try:
            return [decrypt(each[:NONCE_BYTES], each[NONCE_BYTES:], bound) for each, bound in wrapped]
        except (InvalidTag, ValueError):
            raise Unavailable("key_not_authentic") from None

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        """Return nonce, ciphertext and tag.

        Args:
            key: to be wrapped.
            bound: authenticated with it (`bind`); needed to unwrap.
        """
        nonce = self._random(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, bound)

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        """Return what was wrapped under this key and bound to the same.

        Raises:
            Unavailable: `key_not_authentic`: changed, of another key, or bound to something else.
        """
        return self.unwrap_all([(wrapped, bound)])[0]


def bind(*parts: bytes) -> bytes:
    """Return the parts as one, each with its length before it, so that no two lists give the same."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)

"""One key from another, for one use."""

from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LABEL: Final = "lychgate.dev/v1/"
KEY_BYTES: Final = 32
_SHA256: Final = hashes.SHA256()


def derive(key: bytes, use: str) -> bytes:
    """Return the 32-byte key of one use: HKDF-SHA256 (RFC 5869) without salt, info `lychgate.dev/v1/<use>`.

    Args:
        key: 32 uniformly random bytes; not a password.
        use: constant word, never client text; two uses have unrelated keys.

    Raises:
        ValueError: the key is not 32 bytes long, or the use is empty.
    """
    if len(key) != KEY_BYTES or not use:
        raise ValueError("derive takes a key of 32 bytes and a use")
    info = (LABEL + use).encode()
    return HKDF(algorithm=_SHA256, length=KEY_BYTES, salt=None, info=info).derive(key)

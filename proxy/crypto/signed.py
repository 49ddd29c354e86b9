"""Messages that somebody else signed with Ed25519, the signature in front (libsodium's combined mode)."""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_SIGNATURE: Final = 64


class NotSigned(ValueError):
    """The message was not signed with this key."""


def opened(message: bytes, key: bytes) -> bytes:
    """Return what was signed.

    Args:
        message: signature and text, unverified.
        key: 32 bytes, public.

    Raises:
        NotSigned: see there.
        ValueError: the key is none.
    """
    signature, text = message[:_SIGNATURE], message[_SIGNATURE:]
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except InvalidSignature:
        raise NotSigned("the message was not signed with this key") from None
    return text

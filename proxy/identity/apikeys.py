"""API keys: 32 random bytes that Lychgate makes, and of which it keeps only a digest.

A key is `lg_` and 43 characters of base64url (RFC 4648 §5, no padding). The vocabulary holds its SHA-256 in
lower-case hex. A slow hash (argon2, scrypt) would buy nothing here: it makes guesses dear where secrets are
guessable, and 2**256 keys are not; it would only give an attacker without a key a way to burn our CPU.
"""

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Final

PREFIX: Final = "lg_"
_SHAPE: Final = re.compile(r"lg_[A-Za-z0-9_-]{43}")


def mint(random: Callable[[int], bytes]) -> str:
    """Return a fresh API key; `random` MUST be a cryptographic source such as `secrets.token_bytes`."""
    return PREFIX + urlsafe_b64encode(random(32)).rstrip(b"=").decode("ascii")


def digest(key: str) -> str:
    """Return what the vocabulary keeps of a key: SHA-256 of its text, 64 lower-case hex digits."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def is_key(text: str) -> bool:
    """Return whether `text` has the shape of an API key; says nothing about whose it is."""
    return _SHAPE.fullmatch(text) is not None

"""Who may want a key destroyed: people with a token of their own, of which we keep the digest."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Final

from proxy.errors import Unidentified

_PREFIX: Final = "lgo_"
"""Tells a token from other secrets, for people and for scanners of repositories."""


def mint(random: Callable[[int], bytes]) -> str:
    """Return a new token: 256 random bits."""
    return _PREFIX + base64.urlsafe_b64encode(random(32)).decode().rstrip("=")


def digest(token: str) -> str:
    """Return what is kept of a token: lower-case hex SHA-256, from which nobody can make it again."""
    return hashlib.sha256(token.encode()).hexdigest()


def identify(token: str, officers: Mapping[str, str]) -> str:
    """Return whose token it is.

    Args:
        token: unverified.
        officers: digest by name; no two may be equal.

    Raises:
        Unidentified: `unknown_officer`.
    """
    shown = digest(token)
    # All are compared, whichever fits: how long it takes says nothing.
    found = [name for name, kept in officers.items() if hmac.compare_digest(shown, kept)]
    if len(found) != 1:
        raise Unidentified("unknown_officer")
    return found[0]

"""Take a compact JWS apart without believing a word of it (RFC 7515 §3.1, RFC 8725 §3)."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from proxy.errors import Unidentified
from proxy.identity.strictjson import read_object

_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-]+")
_JWE_SEGMENTS: Final = 5
FORBIDDEN: Final = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty"})
"""Header members that bring a key of the sender's choice, change how the token is read, or wrap another."""
TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""`typ` of tokens that grant access; logout and DPoP tokens of the same issuer do not (RFC 8725 §3.11)."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a token says of itself; nobody has checked its signature."""

    text: str
    algorithm: str
    key_id: str
    claims: Mapping[str, object]


def parse(text: str) -> Unverified:
    """Return the parts of a token, each read strictly.

    Args:
        text: from the client, at most 8 KiB.

    Raises:
        Unidentified: it is encrypted, malformed, ambiguous, or names its own key.
    """
    segments = text.split(".")
    if len(segments) == _JWE_SEGMENTS:
        raise Unidentified("encrypted_token")
    if len(segments) != 3:
        raise Unidentified("malformed_token")
    header, claims = (_object(segment) for segment in segments[:2])
    _bytes(segments[2])
    if FORBIDDEN & header.keys():
        raise Unidentified("forbidden_token_header")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise Unidentified("wrong_token_type")
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str):
        raise Unidentified("algorithm_refused")
    if not isinstance(key_id, str):
        raise Unidentified("unknown_kid")
    return Unverified(text, algorithm, key_id, claims)


def _object(segment: str) -> Mapping[str, object]:
    try:
        return read_object(_bytes(segment))
    except ValueError:
        raise Unidentified("malformed_token") from None


def _bytes(segment: str) -> bytes:
    """Return the decoded segment; another spelling of the same bytes is refused, so a token has one text."""
    if not _SEGMENT.fullmatch(segment) or len(segment) % 4 == 1:
        raise Unidentified("malformed_token")
    data = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if urlsafe_b64encode(data).rstrip(b"=") != segment.encode():
        raise Unidentified("malformed_token")
    return data

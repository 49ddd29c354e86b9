"""Check one token against one issuer, in the order in which each step makes the next one safe.

    1  algorithm    on the issuer's list (RFC 8725 §3.1)
    2  key          looked up by (kid, algorithm) in the issuer's own set, nowhere else
    3  signature    PyJWT, with that one key and that one algorithm
    4  iss, aud     exact
    5  times        exp, nbf, iat: integers, within leeway; no longer life than the issuer may give
    6  binding      `cnf` refused: a token bound to a key we cannot check must not work unbound (RFC 8705)
    7  subject      one form only, printable, short

Claims are checked here and not by PyJWT because the clock comes in as an argument, and because PyJWT takes
floats, booleans and strings for times.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from jwt import PyJWK, PyJWS, PyJWTError

from proxy.errors import Unidentified
from proxy.identity.issuer import Issuer
from proxy.identity.unverified import Unverified

ID_LIMIT: Final = 128
_JWS: Final = PyJWS()


@dataclass(frozen=True, slots=True)
class Verified:
    """What may be believed of a token."""

    claims: Mapping[str, object]
    subject: str
    expires: int
    """Seconds since epoch, from `exp`, without leeway."""
    key: PyJWK
    """The key that signed it."""


def verify(token: Unverified, issuer: Issuer, now: float) -> Verified:
    """Return what the token proves.

    Args:
        token: from the client.
        issuer: the one its `iss` names.
        now: seconds since epoch.

    Raises:
        Unidentified: one of the steps fails.
        Unavailable: see `proxy.identity.issuer.Keys.key`.
    """
    if token.algorithm not in issuer.algorithms:  # 1
        raise Unidentified("algorithm_refused", issuer.name)
    key = issuer.keys.key(token.key_id, token.algorithm)  # 2
    try:
        _JWS.decode(token.text, key, algorithms=[token.algorithm])  # 3
    except (PyJWTError, ValueError, TypeError):
        raise Unidentified("bad_signature", issuer.name) from None
    claims = token.claims
    _check_parties(claims, issuer)  # 4
    expires = _check_times(claims, issuer, now)  # 5
    if "cnf" in claims:  # 6
        raise Unidentified("bound_token", issuer.name)
    return Verified(claims, _subject(claims, issuer), expires, key)  # 7


def check_id(text: str) -> str:
    """Return `text` if it can be a principal's id.

    Two spellings of one name, and characters that rewrite a log line, never become an id (threats ID-13).

    Raises:
        Unidentified: empty, longer than 128 characters, not in NFC, or with a control or separator character.
    """
    if not 0 < len(text) <= ID_LIMIT or unicodedata.normalize("NFC", text) != text:
        raise Unidentified("bad_subject")
    if any(unicodedata.category(char)[0] == "C" or unicodedata.category(char) in {"Zl", "Zp"} for char in text):
        raise Unidentified("bad_subject")
    return text


def _check_parties(claims: Mapping[str, object], issuer: Issuer) -> None:
    if claims.get("iss") != issuer.issuer:
        raise Unidentified("unknown_issuer")
    audience = claims.get("aud")
    names = audience if isinstance(audience, list) else [audience]
    if not all(isinstance(name, str) for name in names) or issuer.audience not in names:
        raise Unidentified("wrong_audience", issuer.name)


def _check_times(claims: Mapping[str, object], issuer: Issuer, now: float) -> int:
    expires = _seconds(claims, "exp", issuer)
    if expires is None:
        raise Unidentified("token_without_expiry", issuer.name)
    if now >= expires + issuer.leeway:
        raise Unidentified("token_expired", issuer.name)
    begins, issued = _seconds(claims, "nbf", issuer), _seconds(claims, "iat", issuer)
    if any(moment is not None and moment > now + issuer.leeway for moment in (begins, issued)):
        raise Unidentified("token_not_yet_valid", issuer.name)
    if expires - (now if issued is None else issued) > issuer.max_lifetime:
        raise Unidentified("token_lives_too_long", issuer.name)
    return expires


def _seconds(claims: Mapping[str, object], name: str, issuer: Issuer) -> int | None:
    if name not in claims:
        return None
    value = claims[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unidentified("bad_token_time", issuer.name)
    return value


def _subject(claims: Mapping[str, object], issuer: Issuer) -> str:
    subject = claims.get(issuer.subject_claim)
    if not isinstance(subject, str):
        raise Unidentified("bad_subject", issuer.name)
    return check_id(subject)

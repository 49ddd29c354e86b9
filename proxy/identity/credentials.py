"""Find the one credential in a request; nothing here knows whether it is any good.

    X-Lychgate-Key: lg_...              an API key
    Authorization: Bearer lg_...        an API key
    Authorization: Basic base64(x:lg_)  an API key, for clients that only speak user and password; the user is
                                        not looked at
    Authorization: Bearer a.b.c         a JWT
    X-SFDC-Session: ...                 either of them, as Salesforce's Bulk clients send it
    a client certificate                names that the data plane verified

On a passthrough lane `Authorization` is the CRM's, so ours can only stand in the first or the last. Query
and cookies are never read: what stands in a URL has been logged before it arrived (RFC 9700 §4.3.2).
"""

import re
from base64 import b64decode
from dataclasses import dataclass
from typing import Final

from proxy.errors import Unidentified
from proxy.identity.apikeys import PREFIX, is_key
from proxy.identity.headers import AUTHORIZATION, KEY_HEADER, SESSION_HEADER
from proxy.message import Headers, Request

CREDENTIAL_LIMIT: Final = 8192
"""Characters; a longer credential is refused before anything parses it (threats ID-06)."""
_TOKEN68: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """Text of the shape of an API key, unverified."""

    unverified: str


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A bearer token that is not an API key, unverified and unparsed; at most `CREDENTIAL_LIMIT` long."""

    unverified: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """Subject alternative names of the client certificate that the data plane verified."""

    sans: tuple[str, ...]


Credential = ApiKey | BearerToken | Certificate


def only_credential(request: Request, *, passthrough: bool) -> Credential:
    """Return the one credential that `request` carries for us.

    Raises:
        Unidentified: there is none, there are two, or it has no shape we know.
    """
    key = _single(request.headers, KEY_HEADER)
    authorization = _with_session(request.headers, _single(request.headers, AUTHORIZATION))
    if passthrough:
        _refuse_misplaced(authorization)
        authorization = None
    present = [key is not None, authorization is not None, bool(request.peer.sans)]
    if sum(present) > 1:
        raise Unidentified("two_credentials")
    if key is not None:
        return _key(key)
    if authorization is not None:
        return _from_authorization(authorization)
    if request.peer.sans:
        return Certificate(request.peer.sans)
    raise Unidentified("no_credential")


def _with_session(headers: Headers, authorization: str | None) -> str | None:
    """Return the credential in `Authorization`, or the session id that some clients send in its place.

    Raises:
        Unidentified: there are both, and they are not the same.
    """
    session = _single(headers, SESSION_HEADER)
    if session is None:
        return authorization
    found = f"Bearer {session}"
    if authorization is not None and authorization != found:
        raise Unidentified("two_credentials")
    return found


def _single(headers: Headers, name: str) -> str | None:
    found = [value for key, value in headers.fields if key == name]
    if len(found) > 1:
        raise Unidentified("two_credentials")
    return found[0].strip(" \t") if found else None


def _key(text: str) -> ApiKey:
    if not text:
        raise Unidentified("no_credential")
    if not is_key(text):
        raise Unidentified("unknown_key")
    return ApiKey(text)


def _from_authorization(value: str) -> ApiKey | BearerToken:
    if len(value) > CREDENTIAL_LIMIT:
        raise Unidentified("token_too_large")
    scheme, _, rest = value.partition(" ")
    text = rest.strip(" ")
    if not text:
        raise Unidentified("no_credential")
    match scheme.lower():
        case "bearer" | "zoho-oauthtoken":  # as Zoho's own clients call one
            if not _TOKEN68.fullmatch(text):
                raise Unidentified("malformed_credential")
            return _key(text) if text.startswith(PREFIX) else BearerToken(text)
        case "basic":
            return _key(_basic_password(text))
        case _:
            raise Unidentified("unknown_scheme")


def _basic_password(text: str) -> str:
    try:
        _, _, password = b64decode(text, validate=True).decode("utf-8").partition(":")
    except ValueError:
        raise Unidentified("malformed_credential") from None
    return password


def _refuse_misplaced(authorization: str | None) -> None:
    """Refuse an API key of ours where the CRM's credential belongs: it would be sent to the CRM."""
    if authorization is None:
        return
    scheme, _, rest = authorization.partition(" ")
    inside = authorization + " " + rest
    if scheme.lower() == "basic":
        try:
            inside += " " + b64decode(rest.strip(" ")).decode("utf-8", "replace")
        except ValueError:
            raise Unidentified("malformed_credential") from None
    if re.search(r"(?<![A-Za-z0-9_-])" + PREFIX + r"[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])", inside):
        raise Unidentified("misplaced_key")

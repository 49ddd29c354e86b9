"""Which header fields of a client never go on: one table, applied to every request.

Names are compared with `_` read as `-`: a CRM behind CGI or WSGI cannot tell the two apart (threats ID-01).
This is a deny table on purpose, in front of the connector's allow-list and not in place of it: what is named
here can never be let through by a connector's mistake.
"""

from functools import lru_cache
from typing import Final

from proxy.errors import Undecodable
from proxy.message import Headers

KEY_HEADER: Final = "x-lychgate-key"
SESSION_HEADER: Final = "x-sfdc-session"
"""Where clients of Salesforce's Bulk API put what elsewhere is a bearer token."""
PURPOSE_HEADER: Final = "x-purpose"
AUTHORIZATION: Final = "authorization"

WHO: Final = frozenset({KEY_HEADER, AUTHORIZATION, SESSION_HEADER})
"""Fields that may say who asks."""

STRIPPED: Final = frozenset(
    {
        # credentials, and what rides on them
        "authorization",  # kept, as it is, on a passthrough lane only
        "cookie",
        "cookie2",
        "x-api-key",
        "api-key",
        SESSION_HEADER,
        "dpop",
        # our own
        "x-purpose",
        # what a front proxy would say about the caller; there is none that we trust
        "forwarded",
        "remote-user",
        "remote-addr",
        "xfcc",
        "client-cert",  # RFC 9440
        "client-cert-chain",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "true-client-ip",
        "via",
        # what makes a server behind us route, or act for, somebody else
        "x-rewrite-url",
        "x-host",
        "x-http-host-override",
        "mscrmcallerid",
        "callerobjectid",
        "sforce-call-options",
        "as-user",
    }
)
PREFIXES: Final = (
    "x-lychgate-",
    "x-role",
    "x-user",
    "x-group",
    "x-forwarded-",  # x-forwarded-client-cert as well
    "x-original-",
    "x-ssl-",
    "ssl-client-",
    "x-client-cert",
    "x-client-dn",
    "x-remote-",
    "x-auth",
    "x-webauth-",
    "x-impersonate",
    "x-goog-authenticated-user-",
    "x-amzn-oidc-",
    "x-ms-client-principal",
    "proxy-",
)
OVERRIDES: Final = frozenset({"x-http-method-override", "x-http-method", "x-method-override", "x-method"})
"""Fields that make a server use another method than the one on the request line, which policy judged."""


def strip(headers: Headers, *, keep_authorization: bool = False) -> Headers:
    """Return `headers` without any field the table names, order kept.

    Args:
        headers: as the client sent them.
        keep_authorization: leave `Authorization`, where it holds the CRM's credential and not ours.
    """
    return Headers(
        tuple(
            pair
            for pair in headers.fields
            if (keep_authorization and pair[0] == AUTHORIZATION) or not _named(pair[0])
        )
    )


def refuse_overrides(headers: Headers) -> None:
    """Return only if nothing asks for a method other than the one on the request line.

    Raises:
        Undecodable: such a field is there, whatever its value.
    """
    if any(_overrides(name) for name, _ in headers.fields):
        raise Undecodable("method_override")


@lru_cache(maxsize=1024)
def _named(name: str) -> bool:
    """Return whether the table names this field; remembered, since clients send the same few names."""
    name = name.replace("_", "-")
    return name in STRIPPED or name in OVERRIDES or name.startswith(PREFIXES)


@lru_cache(maxsize=1024)
def _overrides(name: str) -> bool:
    return name.replace("_", "-") in OVERRIDES

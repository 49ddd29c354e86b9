"""What a request is for: claimed in a header, in force only if the client is registered for it."""

import re
from collections.abc import Set as AbstractSet
from typing import Final

from proxy.errors import Gap, Undecodable
from proxy.identity.headers import PURPOSE_HEADER
from proxy.message import Headers
from proxy.model import Client, Purpose

_NAME: Final = re.compile(r"[a-z0-9_.-]{1,64}")
UNKNOWN: Final = "(unknown)"
"""Written down for a claim that names no purpose anybody is registered for: it is the client's own text."""


def purpose_of(client: Client, headers: Headers, known: AbstractSet[str]) -> Purpose:
    """Return the purpose in force: the one claimed if `client` is registered for it, else its default.

    Args:
        client: authenticated.
        headers: as the client sent them; only `X-Purpose` is looked at.
        known: every purpose that any client is registered for.

    Raises:
        Undecodable: the header stands there twice, or is not a purpose's name.
        Gap: nothing is claimed, or something the client is not registered for, and there is no default.
    """
    claimed = headers.one(PURPOSE_HEADER)
    if claimed is not None and not _NAME.fullmatch(claimed):
        raise Undecodable("bad_purpose")
    if claimed in client.purposes:
        return Purpose(claimed, claimed)
    if client.default_purpose is not None:
        return Purpose(client.default_purpose, claimed if claimed is None or claimed in known else UNKNOWN)
    if claimed is None:
        raise Gap("purpose", "purpose_required", client.name)
    raise Gap("purpose", "purpose_not_registered", client.name)

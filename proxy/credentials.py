"""What a lane's CRM is shown: a secret that only Lychgate holds, or what the client sent."""

import base64
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

import orjson

from proxy import config as settings
from proxy.kept import read_secret
from proxy.message import Request
from proxy.transport import Caller, ShowsCredential

SHORTEST_TRACE: Final = 12
"""Characters that a secret needs at least to be looked for in answers."""


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A secret that only Lychgate holds, shown to the CRM in one header field."""

    shown: tuple[str, str] = field(repr=False)
    passthrough: bool = False
    traces: tuple[bytes, ...] = field(default=(), repr=False)

    def fields(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Return the field; what the client sent does not matter."""
        del request
        return (self.shown,)


@dataclass(frozen=True, slots=True)
class ClientCredential:
    """The client's own CRM credential, passed on unchanged in `authorization`."""

    passthrough: bool = True
    traces: tuple[bytes, ...] = ()

    def fields(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Return what the client sent; none is the CRM's to refuse."""
        value = request.headers.one("authorization")
        return (("authorization", value),) if value is not None else ()


def load_credential(lane: settings.Lane) -> HeldCredential | ClientCredential:
    """Return what this lane shows its CRM; the secret never stands in the configuration.

    Raises:
        Problems: the file or variable is missing, empty, or readable by others.
    """
    held = lane.credential
    if held.passthrough:
        return ClientCredential()
    secret = shown = read_secret(held, f"lane {lane.name} needs a credential for its CRM")
    if held.scheme == "Basic":
        shown = base64.b64encode(secret.encode()).decode("ascii")
    value = shown if held.scheme == "none" else f"{held.scheme} {shown}"
    return HeldCredential((held.header.lower(), value), traces=_traces(secret, held.scheme))


def _traces(secret: str, scheme: str) -> tuple[bytes, ...]:
    """Return how a secret may look where somebody repeats it; a short one would be found in innocent text."""
    each_of = {secret, secret.partition(":")[2]} if scheme == "Basic" else {secret}
    looks = [
        look
        for each in each_of
        for look in (
            each.encode(),
            orjson.dumps(each)[1:-1],
            base64.b64encode(each.encode()),
            base64.urlsafe_b64encode(each.encode()),
            quote(each, safe="").encode(),
        )
    ]
    return tuple(dict.fromkeys(look for look in looks if len(look) >= SHORTEST_TRACE))


def caller(lane: settings.Lane, credential: ShowsCredential) -> Caller:
    """Return who sends requests of our own to a lane's CRM."""
    upstream = lane.upstream
    return Caller(upstream.url, credential, ca_file=upstream.ca_file, seconds=float(lane.deadline_seconds))

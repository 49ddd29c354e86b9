"""The order in which an installation is looked at."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Final

from proxy.config import Config
from proxy.doctor.certificates import lane_certificate, local_authority
from proxy.doctor.custody import store
from proxy.doctor.finding import Finding, fail
from proxy.doctor.network import listener, upstream
from proxy.doctor.state import credential, keys, ledger, policies, room, state_folder

NOT_SEEN: Final = (
    "whether a client or a network still lets anybody reach a CRM without passing through here",
    "whether a CRM accepts the credential of its lane: no request is sent",
    "what the CRM itself lets its own users and integrations do",
)
"""What nobody can tell from this machine."""

_Look = Callable[[], Iterator[Finding]]


def examine(config: Config, *, now: datetime, network: bool = True) -> Iterator[Finding]:
    """Yield what is found, in the order in which somebody would mend it; never raises for what it looks at.

    Args:
        config: loaded, so its own mistakes are known already.
        now: aware; certificates are judged by it.
        network: whether to look CRMs up and shake hands with them.
    """
    looks: list[tuple[str, _Look]] = [
        ("state", partial(state_folder, config)),
        ("state", partial(room, config)),
        ("keys", partial(keys, config)),
        ("store", partial(store, config)),
        ("policies", partial(policies, config)),
        ("ledger", partial(ledger, config)),
        ("authority", partial(local_authority, config, now)),
    ]
    for lane in config.lanes:
        part = f"lane {lane.name}"
        looks += [
            (part, partial(credential, lane)),
            (part, partial(lane_certificate, lane, now)),
            (part, partial(listener, lane)),
        ]
        if network:
            looks.append((part, partial(upstream, lane)))
    for part, look in looks:
        yield from _guarded(part, look)


def _guarded(part: str, look: _Look) -> Iterator[Finding]:
    try:
        yield from look()
    except OSError as error:
        yield fail(part, f"cannot be looked at: {error.strerror}", "run this as the user who runs the proxy")

"""The CRMs into which an erasure looks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Final

from proxy.app import App
from proxy.credentials import caller, load_credential
from proxy.erase import Site

COPIES: Final = (
    "copies of Lychgate's own database from before: keys that lie in them open what was sealed until the key of "
    "their epoch is destroyed (lychgate keys rotate, then keys destroy)"
)
OTHER_HOSTS: Final = (
    "other hosts that use the same database: only processes of the host that carried this out were asked "
    "whether a key opens still; the others go by what they remember for two seconds, and by the database then"
)
NO_SITE: Final = "Lychgate has no credential of its own for it, or its connector has no playbook"


class Sites(Mapping[str, Site]):
    """Sites by lane, made when somebody first looks at one: a case can be kept when no credential can be read.

    Args:
        make: returns them; is called once at most.
    """

    def __init__(self, make: Callable[[], Mapping[str, Site]]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Mapping[str, Site]:
        return self._make()

    def __getitem__(self, lane: str) -> Site:
        return self._made[lane]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def sites(app: App) -> dict[str, Site]:
    """Return every lane on which Lychgate has a credential and the connector a playbook.

    Raises:
        Problems: a credential cannot be read.
    """
    found = {}
    for lane in app.config.lanes:
        rules = app.gateways[lane.name].rules
        connector, credential = rules.connector, load_credential(lane)
        if connector.book is None or credential.passthrough:
            continue
        book = replace(connector.book, protections=rules.protections, region=lane.region or "")
        found[lane.name] = Site(book, connector.catalogue, caller(lane, credential).send, app.kept.vault.settle)
    return found


def unseen(app: App, seen: Mapping[str, Site]) -> tuple[str, ...]:
    """Return a line for what no erasure reaches, so that no certificate seems to cover it.

    That is each lane into which nobody looks, and, where fields are protected, every copy of the keys' rows.
    """
    lanes = [
        f"{lane.name}: nobody looked into this CRM: {NO_SITE}"
        for lane in app.config.lanes
        if lane.name not in seen
    ]
    sealed = any(gateway.rules.protections for gateway in app.gateways.values())
    far = () if app.kept.store.embedded else (OTHER_HOSTS,)
    return (*lanes, COPIES, *far) if sealed else tuple(lanes)

"""What records repeat of people who are restricted: it goes as what it repeats does.

Whose a copy is, the link beside it says. Where that is not in the answer, nobody can tell, and the copy goes
while anybody is restricted: so the CRM is asked for the link as well, wherever a connector can.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from proxy.connectors import Opened
from proxy.connectors.facts import link
from proxy.exchange import Exchange
from proxy.message import Record, scalar_text
from proxy.model import DISCLOSING, Catalogue, CopyOf, Facts

_MISSING: Final = object()
_NOBODY: Final = (None, False, "")
"""How CRMs write a link that leads nowhere."""


class Copies:
    """The copies in one answer."""

    def __init__(self, opened: Opened, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        # A record in short stands in place of the link to it.
        self._short = {id(each.members): each.key for each in opened.records if each.within and each.key}

    def of(self, record: Record) -> Iterator[tuple[str, tuple[tuple[str, str], ...] | None]]:
        """Yield each member of a record that is a copy, with object and id of whose it may be; None: of any."""
        for name, field, member in self._copies(record):
            ways = self._catalogue[name].borrowed[field]
            links = {by: self._link(record, name, by) for by in {each.by for each in ways}}
            yield member, _whose(ways, links)

    def _copies(self, record: Record) -> Iterator[tuple[str, str, str]]:
        """Yield object, field and member of each copy."""
        if record.names is None:
            for field in self._catalogue[record.object].borrowed.keys() & record.members.keys():
                yield record.object, field, field
            return
        for member, (name, field, _) in record.names.items():
            if member in record.members and name in self._catalogue and field in self._catalogue[name].borrowed:
                yield name, field, member

    def _link(self, record: Record, name: str, by: str) -> object:
        """Return what a link of a record holds, _MISSING where it does not come."""
        if record.names is None:
            value = record.members.get(by, _MISSING)
        else:
            shown = (
                record.members[member]
                for member, (other, field, _) in record.names.items()
                if (other, field) == (name, by) and member in record.members and "@" not in member
            )
            value = next(shown, _MISSING)
        if value is _MISSING:
            return _known(record.facts, by) if name == record.object else _MISSING
        if isinstance(value, dict):
            return self._short.get(id(value), _MISSING)
        return value[0] if isinstance(value, list) and value else value


def _known(facts: Facts | None, by: str) -> object:
    """Return what we asked for ourselves, _MISSING where we did not, or it did not come."""
    try:
        return _MISSING if facts is None else facts[link(by)]
    except KeyError:
        return _MISSING


def _whose(ways: Iterable[CopyOf], links: Mapping[str, object]) -> tuple[tuple[str, str], ...] | None:
    """Return object and id of all whose a copy may be; None unless each link says."""
    found = []
    for each in ways:
        value = links[each.by]
        if value in _NOBODY:
            continue
        text = scalar_text(value) if isinstance(value, str | int) else None
        if text is None:
            return None
        found.append((each.object, text))
    return tuple(found)


def asked_for(exchange: Exchange) -> dict[str, frozenset[str]]:
    """Return, by object, the links that say whose the copies are which a request names."""
    found: dict[str, frozenset[str]] = {}
    asked, catalogue = exchange.asked, exchange.rules.connector.catalogue
    for operation in asked.operations if asked is not None else ():
        for use in operation.uses:
            if use.action in DISCLOSING and use.object in catalogue:
                ways = catalogue[use.object].borrowed.get(use.field, ())
                if ways:
                    links = {link(each.by) for each in ways}
                    found[use.object] = found.get(use.object, frozenset()) | links
    return found

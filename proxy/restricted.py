"""Whose records nobody reads or changes: people who are being erased, or whose processing is restricted.

One object for every policy set and exchange of a process; whoever keeps the list replaces it as a whole.
`number` grows with every change, so that who looked before a change knows to look again.
"""

from collections.abc import Iterable
from typing import Final

from proxy.ids import long_form, same_form

_GUID: Final = 36


def item(lane: str, object_: str, kind: str, pseudonym: str) -> str:
    """Return the name of one entry.

    Args:
        lane: where the record is.
        object_: its object.
        kind: `record` for the record itself, `person` for every record that is about this person.
        pseudonym: of the record's or the person's id.
    """
    return f"{lane} {object_} {kind} {pseudonym}"


def one_form(record: str) -> str:
    """Return an id as it stands on the list: a CRM may take a number with zeros before it for the same number,
    and a GUID in either case."""
    if record.isascii() and record.isdecimal():
        return record.lstrip("0") or "0"
    return record.lower() if len(record) == _GUID and record.count("-") == 4 else record


def forms(record: str) -> tuple[str, ...]:
    """Return each form of an id in which a record may stand on the list.

    Salesforce takes an id with 15 or with 18 characters, and a case has it as whoever named the record wrote it.
    """
    short = same_form(record)
    return tuple(dict.fromkeys((one_form(record), one_form(short), long_form(short))))


class Restricted:
    """The list as one process has it; empty until it is told."""

    def __init__(self, items: Iterable[str] = ()) -> None:
        self.number = 0
        self._items: frozenset[str] = frozenset()
        self._places: frozenset[str] = frozenset()
        self._objects: frozenset[tuple[str, ...]] = frozenset()
        self.replace(items)

    def replace(self, items: Iterable[str]) -> None:
        """Have the list be this from now on."""
        self._items = frozenset(items)
        self._places = frozenset(each.partition(" ")[0] for each in self._items)
        self._objects = frozenset(tuple(each.split(" ", 2)[:2]) for each in self._items)
        self.number += 1

    @property
    def items(self) -> tuple[str, ...]:
        """All of it, sorted."""
        return tuple(sorted(self._items))

    def on(self, lane: str) -> bool:
        """Say whether anybody is restricted on a lane; most of the time nobody is."""
        return lane in self._places

    def among(self, lane: str, object_: str) -> bool:
        """Say whether a record of an object is restricted on a lane."""
        return (lane, object_) in self._objects

    def any(self, names: Iterable[str]) -> bool:
        """Say whether one of these entries is on the list."""
        return not self._items.isdisjoint(names)

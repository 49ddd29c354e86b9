"""Records with the same members, worked on a member at a time: what a page mostly is.

Hundreds of records that say the same of themselves are one thing to find out and one thing to do, and what is
done to each of them is done to a column. `Columns` says what can be done; how the records are held is left to
whoever made them: as dicts of a tree (`Dicts`), or as the text they came in (`proxy.codec`).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, NamedTuple

from proxy.message import Tree
from proxy.model import Action, Facts

_DICT: Final = frozenset({dict})
_TEXT: Final = frozenset({str})
_CONTAINERS: Final = frozenset({dict, list})


class PageAt(NamedTuple):
    """Where an answer holds a list of records that may be read as columns."""

    names: tuple[str, ...]
    """The members that lead to it from the outermost object."""
    structure: frozenset[str]
    """The members of its records that may hold an object: it is cut down, and never shown as a field."""
    told: tuple[tuple[str, ...], str] | None = None
    """Where each record says what it is, and what that has to be."""


class Columns(ABC):
    """One or more records with the same members in the same order.

    A path is the name of a member, or that and the name of a member of the object which stands there.
    """

    names: tuple[str, ...]
    """The members of each record, in order."""

    @abstractmethod
    def __len__(self) -> int:
        """Return how many records there are."""

    @abstractmethod
    def inside(self, name: str) -> tuple[str, ...] | None:
        """Return the members of the object that stands at `name`; None unless that is the same for all."""

    @abstractmethod
    def column(self, *path: str) -> list[Tree] | None:
        """Return what stands at a path of each record; None unless something does in each."""

    @abstractmethod
    def all_are(self, text: str, *path: str) -> bool:
        """Say whether this very text stands at a path of each record."""

    @abstractmethod
    def all_text(self, *path: str) -> bool:
        """Say whether a text stands at a path of each record."""

    @abstractmethod
    def all_plain(self, names: Iterable[str]) -> bool:
        """Say whether no record has an object or a list in any of these members."""

    @abstractmethod
    def drop(self, *path: str) -> None:
        """Take a member out of each record."""

    @abstractmethod
    def put(self, name: str, values: list[Tree]) -> None:
        """Put a value into a member of each record, which has it."""

    @abstractmethod
    def apart(self) -> list[dict[str, Tree]]:
        """Return the records one by one, in place of this: they were not as alike as they looked."""


class Dicts(Columns):
    """Records that stand in a tree, edited in place."""

    def __init__(self, rows: list[dict[str, Tree]]) -> None:
        """Take one or more records, which have the same members in the same order."""
        self.rows = rows
        self.names = tuple(rows[0])

    @classmethod
    def of(cls, items: list[Any]) -> "Dicts | None":
        """Return the items of a list as columns, None if they are not records with the same members."""
        same = bool(items) and set(map(type, items)) == _DICT and _same_members(items) is not None
        return cls(items) if same else None

    def __len__(self) -> int:
        return len(self.rows)

    def inside(self, name: str) -> tuple[str, ...] | None:
        """Return the members of the object that stands at `name`; see `Columns`."""
        found: list[Any] = list(map(itemgetter(name), self.rows))
        return _same_members(found) if set(map(type, found)) == _DICT else None

    def column(self, *path: str) -> list[Tree] | None:
        """Return what stands at a path of each record; None unless something does in each."""
        found: list[Any] = self.rows
        try:
            for step in path:
                found = list(map(itemgetter(step), found))
        except (KeyError, TypeError, IndexError):
            return None
        return found

    def all_are(self, text: str, *path: str) -> bool:
        """Say whether this very text stands at a path of each record."""
        found = self.column(*path)
        return found is not None and found.count(text) == len(found)

    def all_text(self, *path: str) -> bool:
        """Say whether a text stands at a path of each record."""
        found = self.column(*path)
        return found is not None and set(map(type, found)) == _TEXT

    def all_plain(self, names: Iterable[str]) -> bool:
        """Say whether no record has an object or a list in any of these members."""
        return all(_CONTAINERS.isdisjoint(map(type, map(itemgetter(name), self.rows))) for name in names)

    def drop(self, *path: str) -> None:
        """Take a member out of each record."""
        inside: list[Any] = self.rows
        for step in path[:-1]:
            inside = list(map(itemgetter(step), inside))
        for each in inside:
            del each[path[-1]]

    def put(self, name: str, values: list[Tree]) -> None:
        """Put a value into a member of each record, which has it."""
        for row, value in zip(self.rows, values, strict=True):
            row[name] = value

    def apart(self) -> list[dict[str, Tree]]:
        """Return the records themselves."""
        return self.rows


def _same_members(items: list[dict[str, Tree]]) -> tuple[str, ...] | None:
    names = list(items[0])
    return tuple(names) if list(map(list, items)).count(names) == len(items) else None


@dataclass(frozen=True, slots=True)
class Alike:
    """Records of one object with the same members, none of them in another.

    Whatever is true of each is found out once for all of them, and what is done to each is done member by
    member. Where there is any doubt that they are alike, they are `Record`s.
    """

    object: str
    action: Action
    columns: Columns
    keep: frozenset[str]
    """As in `Record`."""
    keys: list[str | None]
    """As `Record.key`, of each record."""
    facts: list[Facts | None] | None = None
    """As in `Record`, of each record; None: of none."""

    @property
    def rows(self) -> list[dict[str, Tree]]:
        """The records, where they stand in a tree: everywhere but in an answer that was asked for as columns."""
        if not isinstance(self.columns, Dicts):
            raise TypeError("these records are held as text")
        return self.columns.rows

    def people(self, key: str | None) -> list[str | None]:
        """Return who each of the records is about, None where nobody says; see `Record.person`."""
        if key is None:
            return [None] * len(self.keys)
        if all(self.keys):
            return self.keys
        there = self.columns.column(key) or [None] * len(self.keys)
        found = [said or value for said, value in zip(self.keys, there, strict=True)]
        return [str(one) if isinstance(one, str | int) else None for one in found]

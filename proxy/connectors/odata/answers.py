"""What comes back: records with annotations beside their fields, and records inside them.

An annotation says of a field what it is called in a person's language: `birthdate@...FormattedValue`. It is
judged as the field it stands beside; that of a link shows what the other record is called, and is judged as
the field of that name. Control information (`@odata.etag`, `@odata.context`, `@odata.editLink`) goes: a version
tells that a hidden field has changed, and a context names what was asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from proxy.connectors.asked import Opened, Total
from proxy.connectors.facts import NOTHING, Gathering, Way
from proxy.connectors.odata.meaning import Columns
from proxy.connectors.odata.naming import Names
from proxy.connectors.shape import MAX_COUNT
from proxy.connectors.words import ObjectWords, Relation
from proxy.errors import UpstreamFault
from proxy.message import Record, Tree, scalar_text
from proxy.model import Action

FORMATTED: Final = "OData.Community.Display.V1.FormattedValue"
_OF_LINKS: Final = frozenset(
    {"Microsoft.Dynamics.CRM.lookuplogicalname", "Microsoft.Dynamics.CRM.associatednavigationproperty"}
)
_COUNTING: Final = frozenset({"sum", "average", "countdistinct", "$count"})
COUNTS: Final = frozenset({"countdistinct", "$count"})
"""What never says more than how many records there are."""
MAX_NESTING: Final = 8
NO_CONTENT: Final = 204

Next = Callable[[str], str | None]
"""Gets the link to the next page, returns it sealed, or None to have it dropped."""


@dataclass(frozen=True, slots=True)
class Members:
    """What the members of a record are, worked out once for all records with the same ones."""

    names: Columns
    parents: tuple[tuple[str, Relation], ...]
    children: tuple[tuple[str, Relation], ...]
    dropped: tuple[str, ...]
    """Control information, and annotations that nobody has a word for."""
    keep: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """Knows the members of one connector's records; compared by what it is, and not by what it holds."""

    names: Names

    def members(self, given: tuple[str, ...], name: str, action: Action) -> Members:
        """Return what the members of a record of object `name` are."""
        words = self.names.words.objects[name]
        found: dict[str, tuple[str, str, Action]] = {}
        dropped = []
        for member in given:
            if member in words.parents or member in words.children:
                continue
            meant = self._meant(member, words)
            if meant is None:
                dropped.append(member)
            elif meant in words.spec.fields:
                found[member] = (name, meant, action)
        parents = tuple((each, words.parents[each]) for each in given if each in words.parents)
        children = tuple((each, words.children[each]) for each in given if each in words.children)
        found.update({each: (name, relation.via, action) for each, relation in parents})
        keep = frozenset(each for each, _ in (*parents, *children))
        return Members(found, parents, children, tuple(dropped), keep)

    def _meant(self, member: str, words: ObjectWords) -> str | None:
        """Return the field that a member shows, None for what is dropped whatever policy says."""
        base, at, kind = member.partition("@")
        if not at:
            return self.names.field(words, member)
        if not base:
            return None
        if kind == FORMATTED:
            return self.names.label(words, self.names.field(words, base))
        return self.names.field(words, base) if kind in _OF_LINKS else None


@lru_cache(maxsize=1_024)
def _members(reader: Reader, given: tuple[str, ...], name: str, action: Action) -> Members:
    return reader.members(given, name, action)


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a request for one record, or for many."""

    reader: Reader
    object: ObjectWords
    action: Action
    many: bool
    sealed: Next
    gathering: Gathering = NOTHING

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the records of the answer; see `Answer`."""
        if tree is None:
            if status != NO_CONTENT:
                raise UpstreamFault("body_missing")
            return Opened(None)
        opened = Opened(tree)
        if not self.many:
            self._record(tree, self.object, opened, ())
            return opened
        rows = rows_of(tree, opened, self.sealed)
        for row in rows:
            self._record(row, self.object, opened, ())
        assert isinstance(tree, dict)
        opened.totals.append(Total(tree, "@odata.count", tree, "value", self.object.name))
        return opened

    def _record(
        self,
        tree: Tree,
        words: ObjectWords,
        into: Opened,
        way: Way,
        within: tuple[Record, str] | None = None,
    ) -> None:
        if not isinstance(tree, dict) or len(way) > MAX_NESTING:
            raise UpstreamFault("unexpected_record")
        members = _members(self.reader, tuple(tree), words.name, self.action)
        for name in members.dropped:
            del tree[name]
        for name in list(tree):
            # An annotation of a field that only we asked for goes with the field.
            if "@" in name and name.partition("@")[0] in self.gathering.added.get(way, ()):
                del tree[name]
        facts = self.gathering.take(words.spec, tree, way)
        if members.keep and not all(isinstance(tree[each], dict | list) for each in members.keep):
            members = self._without_links(tree, members)
        key = scalar_text(tree.get(self.reader.names.objects[words.name].key))
        record = Record(words.name, self.action, tree, members.names, members.keep, key, within, facts)
        for name, relation in members.parents:
            if name in members.keep:
                target = self.reader.names.words.objects[relation.object]
                self._record(tree[name], target, into, (*way, name), (record, name))
        for name, relation in members.children:
            self._children(tree[name], relation, into, (*way, name), (record, name))
        into.records.append(record)

    def _children(
        self, rows: Tree, relation: Relation, into: Opened, way: Way, within: tuple[Record, str]
    ) -> None:
        if not isinstance(rows, list):
            raise UpstreamFault("unexpected_shape")
        target = self.reader.names.words.objects[relation.object]
        for row in rows:
            self._record(row, target, into, way, within)

    @staticmethod
    def _without_links(tree: dict[str, Tree], members: Members) -> Members:
        """Return the members where a link leads to no record: then it is a field like any other."""
        keep = frozenset(each for each in members.keep if isinstance(tree[each], dict | list))
        return Members(members.names, members.parents, members.children, members.dropped, keep)


@dataclass(frozen=True, slots=True)
class Grouped:
    """The answer to a request that groups or counts: its rows are not records, its columns are computed."""

    reader: Reader
    object: ObjectWords
    columns: Columns
    counting: frozenset[str]
    """Columns that can only be numbers."""
    counts: tuple[str, ...] = ()
    """Columns that say how many records of the object are in a group, or fewer."""

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the rows; a column that was not asked for, or is of another kind, is pruned."""
        del status
        opened = Opened(tree)
        for row in rows_of(tree, opened, lambda _link: None):
            if not isinstance(row, dict):
                raise UpstreamFault("unexpected_record")
            names = self._names(row)
            for name in row.keys() - names.keys():
                del row[name]
                opened.pruned += 1
            opened.records.append(Record(self.object.name, Action.LIST, row, names, counts=self.counts))
        return opened

    def _names(self, row: dict[str, Tree]) -> Columns:
        found: dict[str, tuple[str, str, Action]] = {}
        for member, value in row.items():
            base, at, kind = member.partition("@")
            if base not in self.columns or (at and kind != FORMATTED):
                continue
            name, meant, action = self.columns[base]
            if base in self.counting:
                if (isinstance(value, str) and not at) or isinstance(value, bool | dict | list):
                    continue
                found[member] = (name, meant, action)
            else:
                shown = self.reader.names.label(self.object, meant) if at else meant
                found[member] = (name, shown, action)
        return found


def counting(columns: Mapping[str, str]) -> frozenset[str]:
    """Return the columns that hold numbers, of column -> method."""
    return frozenset(name for name, method in columns.items() if method in _COUNTING)


def rows_of(tree: Tree, into: Opened, sealed: Next) -> list[Tree]:
    """Return the rows of a collection, its envelope cut down to the count and a sealed link."""
    rows = tree.get("value") if isinstance(tree, dict) else None
    if not isinstance(tree, dict) or not isinstance(rows, list):
        raise UpstreamFault("unexpected_shape")
    for name in list(tree):
        value = tree[name]
        if name == "@odata.nextLink":
            link = sealed(value) if isinstance(value, str) else None
            if link is not None:
                tree[name] = link
                continue
        elif name == "value" or (name == "@odata.count" and type(value) is int and 0 <= value < MAX_COUNT):
            continue
        del tree[name]
        into.pruned += not name.startswith("@odata.")
    return rows

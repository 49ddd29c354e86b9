"""The answer to a COQL query: rows that show records, and what is behind their lookups, or computed rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.connectors.asked import Opened, Vacant
from proxy.connectors.envelope import NO_CONTENT
from proxy.connectors.facts import NOTHING, Gathering
from proxy.connectors.rows import Rows
from proxy.connectors.shape import GONE, Shape
from proxy.connectors.soql.computed import fits
from proxy.connectors.zoho.meaning import Meaning, Shown
from proxy.errors import UpstreamFault
from proxy.message import Record, Tree
from proxy.model import Action

ID: Final = "id"
Columns = Mapping[str, Shown]
Read = Callable[[dict[str, Tree], Opened], None]


@dataclass(frozen=True, slots=True)
class Far:
    """People behind a lookup whose fields a query shows."""

    object: str
    key: str
    """Column that holds the id."""
    columns: Columns
    asked: bool
    """Whether the client asked for that column."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which columns are about the record of a row, and which about people behind lookups."""

    own: Columns
    far: tuple[Far, ...] = ()
    kept: dict[frozenset[str], Columns] = field(default_factory=dict)
    """Lookups that lead to nobody -> what is then the row's own."""

    def without(self, missing: frozenset[str]) -> Columns:
        """Return what is about the record of a row in which some lookups lead to nobody."""
        found = self.kept.get(missing)
        if found is None:
            more = [each.columns for each in self.far if each.key in missing]
            found = self.kept[missing] = {
                name: shown for part in (self.own, *more) for name, shown in part.items()
            }
        return found


def plan(meaning: Meaning, people: frozenset[str], asked: Columns) -> Plan:
    """Return the plan of a query whose rows are records.

    Args:
        meaning: what is sent, which also asks for the ids of people behind lookups.
        people: objects whose records are people.
        asked: the columns that the client asked for.
    """
    object_ = meaning.object.name
    own = {name: shown for name, shown in meaning.columns.items() if "." not in name}
    own |= {ID: (object_, ID, Action.LIST)}
    far: list[Far] = []
    for prefix in dict.fromkeys(name.rpartition(".")[0] for name in meaning.columns if "." in name):
        columns = {name: shown for name, shown in meaning.columns.items() if name.rpartition(".")[0] == prefix}
        about = next(iter(columns.values()))[0]
        if about in people:
            key = f"{prefix}.{ID}"
            far.append(Far(about, key, {name: columns[name] for name in columns if name in asked}, key in asked))
        else:
            own |= {name: shown for name, shown in columns.items() if name in asked}
    return Plan(own, tuple(far))


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a query whose rows are records."""

    shape: Shape
    rows: Rows
    meaning: Meaning
    plan: Plan
    gathering: Gathering = NOTHING

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return each row as a record, and what it shows of people behind lookups as records of their own."""
        opened = _opened(self.shape, status, tree, self._row)
        name = self.meaning.object.name
        opened.totals += self.shape.totals(opened.tree, name)
        if opened.tree is not None and self.shape.records is not None:
            opened.totals.append(Vacant(opened, self.shape.records, name))
        return opened

    def _row(self, row: dict[str, Tree], into: Opened) -> None:
        facts = self.gathering.take(self.meaning.object.spec, row, ())
        keys = {each.key: row.get(each.key) for each in self.plan.far}
        missing = frozenset(name for name, key in keys.items() if not isinstance(key, str))
        own = self.plan.without(missing)
        present = [each for each in self.plan.far if each.key not in missing]
        for each in self.plan.far:
            if not each.asked:
                row.pop(each.key, None)
        named = {name for each in present for name in each.columns}
        for name in row.keys() - own.keys() - named:
            del row[name]
            into.pruned += 1
        for name in named & row.keys():
            if isinstance(row[name], dict | list):
                del row[name]
        record = Record(self.meaning.object.name, Action.LIST, row, own, frozenset(named), facts=facts)
        record.key = self.rows.key(row)
        if self.rows.sides.inside:
            self.rows.sides.inside.open(record, self.meaning.object, into)
        into.records.append(record)
        for each in present:
            keep = frozenset(row.keys() - each.columns.keys())
            key = str(keys[each.key])
            into.records.append(Record(each.object, Action.LIST, row, each.columns, keep, key))


@dataclass(frozen=True, slots=True)
class Computed:
    """The answer to a query that groups or counts: its rows are not records."""

    shape: Shape
    meaning: Meaning

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the rows; a column that was not asked for, or is of another kind, is pruned."""
        return _opened(self.shape, status, tree, self._row)

    def _row(self, row: dict[str, Tree], into: Opened) -> None:
        kinds = self.meaning.kinds or {}
        for name in list(row):
            if name not in kinds or isinstance(row[name], dict | list) or not fits(kinds[name], row[name]):
                del row[name]
                into.pruned += 1
        into.records.append(Record(self.meaning.object.name, Action.LIST, row, self.meaning.columns))


def _opened(shape: Shape, status: int, tree: Tree | None, read: Read) -> Opened:
    if tree is None:
        if status != NO_CONTENT:
            raise UpstreamFault("body_missing")
        return Opened(None)
    opened = Opened(tree)

    def record(row: Tree) -> Tree:
        if not isinstance(row, dict):
            return GONE
        read(row, opened)
        return row

    opened.tree, pruned = shape.open(tree, {"record": record})
    opened.pruned += pruned
    return opened

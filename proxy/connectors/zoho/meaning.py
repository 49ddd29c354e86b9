"""What a query does: every field it touches, how, and what each column of the answer shows.

A path leads through lookups: `Account_Name.Phone`. A lookup is a field that the connector's records show in
short (`short`), and that is an id in the object it starts from. To compare what is behind one is to compare it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from proxy.connectors.comparing import Looking, refuse
from proxy.connectors.soql.computed import Kind, kind_of
from proxy.connectors.words import CALLED, UNCLASSIFIED, Hidden, ObjectWords, Words
from proxy.connectors.zoho.tree import (
    EQUALITY,
    NOTHING,
    Call,
    Column,
    Compare,
    Condition,
    Expression,
    Junction,
    Order,
    Path,
    Query,
)
from proxy.errors import Gap, Refused
from proxy.model import Action, FieldUse, Operation

Shown = tuple[str, str, Action]
"""Object, field, and how it is shown."""
_SHOWS_VALUES: Final = frozenset({"MIN", "MAX"})
"""Aggregates whose result is one of the values: judged as showing the field, too."""


@dataclass(frozen=True, slots=True)
class Names:
    """Knows where paths lead."""

    words: Words
    short: Mapping[str, str]
    """Field that may be a lookup -> object that it leads to."""

    def far(self, words: ObjectWords, hop: str) -> ObjectWords | None:
        """Return the object that a field of another leads to; None where it leads nowhere."""
        spec, other = words.spec.fields.get(hop), self.short.get(hop)
        if spec is None or other is None or spec.semantic != "id":
            return None
        return self.words.objects[other]

    def meant(self, words: ObjectWords, path: Path) -> tuple[ObjectWords, str]:
        """Return the object and field at the end of a path."""
        for hop in path.hops[:-1]:
            far = self.far(words, hop)
            if far is None:
                return words, UNCLASSIFIED
            words = far
        return words, words.listed(path.hops[-1])

    def uses(self, words: ObjectWords, path: Path, *actions: Action) -> Iterator[FieldUse]:
        """Yield the uses of the field at the end of a path, and of each lookup that it is compared through."""
        end, name = self.meant(words, path)
        for hop in path.hops[:-1]:
            far = self.far(words, hop)
            if far is None:
                break
            yield from (FieldUse(words.name, hop, each) for each in actions if each is not Action.LIST)
            words = far
        yield from (FieldUse(end.name, name, each) for each in actions)

    def label(self, words: ObjectWords, path: Path, action: Action) -> Iterator[FieldUse]:
        """Yield a use of what the record is called that a path leads to, if its end is a lookup."""
        far = self.far(*self.meant(words, path))
        if far is not None:
            yield FieldUse(far.name, far.listed(CALLED), action)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a query does."""

    query: Query
    object: ObjectWords
    uses: tuple[FieldUse, ...]
    records: tuple[str, ...]
    """Ids that the query compares the object's own with, as it does by equality alone."""
    columns: Mapping[str, Shown]
    """Column of the answer -> what it shows."""
    kinds: Mapping[str, Kind] | None = None
    """Column -> what can stand there, where rows are computed; None: rows are records."""

    @property
    def operation(self) -> Operation:
        """What is asked of policy."""
        return Operation(Action.LIST, self.object.name, self.uses, self.records)


@dataclass(slots=True)
class _Notes:
    names: Names
    words: ObjectWords
    uses: dict[FieldUse, None] = field(default_factory=dict)
    records: list[str] = field(default_factory=list)

    def path(self, path: Path, *actions: Action) -> None:
        self.uses.update(dict.fromkeys(self.names.uses(self.words, path, *actions)))

    def label(self, path: Path, action: Action) -> None:
        self.uses.update(dict.fromkeys(self.names.label(self.words, path, action)))

    def condition(self, condition: Condition) -> None:
        if isinstance(condition, Junction):
            self.condition(condition.one)
            self.condition(condition.other)
            return
        self.path(condition.path, Action.FILTER)
        if not _by_id(condition):
            self.label(condition.path, Action.FILTER)
        if condition.path.hops == (self.words.spec.subject_key or "id",) and condition.operator in {"=", "in"}:
            self.records += condition.values


def compared(
    condition: Condition, words: ObjectWords, names: Names
) -> tuple[tuple[FieldUse, ...], tuple[str, ...]]:
    """Return what a condition uses, and the ids it compares the object's own with."""
    notes = _Notes(names, words)
    notes.condition(condition)
    return tuple(notes.uses), tuple(notes.records)


def understand(query: Query, names: Names) -> Meaning:
    """Return what a query does.

    Raises:
        Gap: an object nobody listed, or a combination that has no single meaning.
    """
    words = names.words.object(query.module)
    query = replace(query, module=words.name)
    notes = _Notes(names, words)
    computed = bool(query.group) or any(isinstance(each.expression, Call) for each in query.columns)
    columns: dict[str, Shown] = {}
    kinds: dict[str, Kind] = {}
    for column in query.columns:
        name = _called(column)
        if name in columns or (column.alias is not None and _is_taken(column.alias, words)):
            raise Gap("construct", "coql_alias")
        columns[name] = _shown(column.expression, notes)
        spec = names.words.objects[columns[name][0]].spec.fields.get(columns[name][1])
        kinds[name] = kind_of(column.expression, spec)
    notes.condition(query.where)
    for path in query.group:
        notes.path(path, Action.GROUP)
    aliases = {each.alias: each.expression for each in query.columns if each.alias is not None}
    for key in query.order:
        _sorted(key, aliases, notes)
    if computed:
        _check_grouped(query)
    found = MappingProxyType(columns)
    return Meaning(
        query,
        words,
        tuple(notes.uses),
        tuple(notes.records),
        found,
        MappingProxyType(kinds) if computed else None,
    )


def _by_id(condition: Compare) -> bool:
    """Say whether a comparison, if it is of a lookup, can be met by the id that is in it alone."""
    same = condition.operator in EQUALITY or condition.operator in NOTHING
    return same and all(value.isascii() and value.isdigit() for value in condition.values)


def _called(column: Column) -> str:
    """Return what a column is called in the answer."""
    if column.alias is not None:
        return column.alias
    expression = column.expression
    if isinstance(expression, Path):
        return ".".join(expression.hops)
    assert isinstance(expression.argument, Path)
    return f"{expression.name}({'.'.join(expression.argument.hops)})"


def _is_taken(alias: str, words: ObjectWords) -> bool:
    return alias.lower() in {"id", *(name.lower() for name in words.spec.fields)}


def _shown(expression: Expression, notes: _Notes) -> Shown:
    """Note what a column shows and return it."""
    if isinstance(expression, Call):
        assert isinstance(expression.argument, Path)
        path = expression.argument
        action = Action.LIST if expression.name in _SHOWS_VALUES else Action.AGGREGATE
        notes.path(path, *{Action.AGGREGATE, action})
    else:
        path, action = expression, Action.LIST
        notes.path(path, action)
    end, name = notes.names.meant(notes.words, path)
    return end.name, name, action


def _sorted(key: Order, aliases: Mapping[str, Expression], notes: _Notes) -> None:
    expression = key.expression
    if isinstance(expression, Path) and len(expression.hops) == 1 and expression.hops[0] in aliases:
        expression = aliases[expression.hops[0]]
    if isinstance(expression, Call):
        assert isinstance(expression.argument, Path)
        notes.path(expression.argument, Action.AGGREGATE, Action.SORT)
    else:
        notes.path(expression, Action.SORT)
        notes.label(expression, Action.SORT)


def _check_grouped(query: Query) -> None:
    """Return if every plain column is one of the groups; else a row would be of nobody knows whom."""
    for column in query.columns:
        if isinstance(column.expression, Path) and column.expression not in query.group:
            raise Gap("construct", "coql_group")


def narrowed(meaning: Meaning, hidden: Hidden) -> Query:
    """Return a query, whose rows are records, without columns of which nothing could be shown.

    Raises:
        Refused: no column is left of it.
    """
    kept = [column for column in meaning.query.columns if meaning.columns[_called(column)][:2] not in hidden]
    if not kept:
        raise Refused("not_granted", meaning.object.name)
    return replace(meaning.query, columns=tuple(kept))


def swapped(condition: Condition, words: ObjectWords, names: Names, looking: Looking) -> Condition:
    """Return a condition that compares protected fields with what stands in the CRM for the values.

    Raises:
        Refused: a protected field is compared by anything but equality.
    """
    if isinstance(condition, Junction):
        one, other = (swapped(each, words, names, looking) for each in (condition.one, condition.other))
        return replace(condition, one=one, other=other)
    end, name = names.meant(words, condition.path)
    if condition.operator not in EQUALITY and condition.operator not in NOTHING:
        looking.other(end.name, name)
        return condition
    if not looking.guarded(end.name, name):
        return condition
    if condition.bare:
        refuse(end.name, name)
    found = looking.look(end.name, name, list(condition.values))
    if found is None or not condition.values:
        return condition
    return Compare(condition.path, EQUALITY[condition.operator], found)

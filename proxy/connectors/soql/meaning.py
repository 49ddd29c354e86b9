"""What a query does: every field it touches, how, and what each column of the answer shows.

Names are resolved hop by hop through the connector's relations. A name nobody listed becomes UNCLASSIFIED,
which no rule grants; what the client called it goes no further than the text sent to the CRM, and there only
if policy lets the request pass.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from proxy.connectors.soql.computed import Kind, kind_of
from proxy.connectors.soql.naming import Names, Notes, is_aggregate
from proxy.connectors.soql.tree import (
    AGGREGATES,
    Call,
    Column,
    Compare,
    Condition,
    Expression,
    FieldSet,
    Junction,
    Not,
    Path,
    Query,
    Within,
)
from proxy.connectors.words import ObjectWords, Words
from proxy.errors import Gap
from proxy.message import RECORD_ITSELF
from proxy.model import Action, FieldUse

_SHOWS_VALUES: Final = frozenset({"MIN", "MAX"})
_COUNTS: Final = frozenset({"COUNT", "COUNT_DISTINCT"})
"""Aggregates whose result is one of the values: judged as showing the field, too."""
_RESERVED: Final = "attributes"
_CUSTOM: Final = "__c"

Shown = Mapping[str, tuple[str, str, Action]]
"""Column of an aggregate's answer -> (object, field, action)."""
Read = Callable[[Expression], Expression]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a query does."""

    query: Query
    """The query in the connector's spelling, table aliases resolved: this is what may be sent."""
    object: ObjectWords
    uses: tuple[FieldUse, ...]
    """Without those of sub-queries that show records of their own."""
    records: tuple[str, ...] = ()
    """Text literals that the query compares the object's subject key with; quotes removed."""
    columns: Shown | None = None
    """None: columns are fields."""
    counts: tuple[str, ...] = ()
    """Columns that say how many records of its object are in a group, or fewer."""
    kinds: Mapping[str, Kind] = field(default_factory=lambda: MappingProxyType({}))
    """Column of an aggregate's answer -> what can stand there."""
    children: "Mapping[str, Meaning]" = field(default_factory=lambda: MappingProxyType({}))
    """Child relation -> its sub-query as a query of its own, which it is for judging and for further pages."""

    def parts(self) -> "Iterator[Meaning]":
        """Yield the query and every sub-query that shows records; of each, something must be allowed to be."""
        yield self
        for child in self.children.values():
            yield from child.parts()


def understand(query: Query, words: Words) -> Meaning:
    """Return what a query does.

    Raises:
        Gap: an object nobody listed, or a combination that has no single meaning.
    """
    notes = Notes(words)
    scope = _Scope(notes, words.object(query.source), query.alias)
    return scope.whole(query)


class _Scope:
    """One query or sub-query: the object its names start from."""

    def __init__(self, notes: Notes, words: ObjectWords, alias: str | None) -> None:
        self.notes = notes
        self.words = words
        self.names = Names(notes, words, alias)
        self.records: list[str] = []
        self.children: dict[str, Meaning] = {}

    def whole(self, query: Query) -> Meaning:
        """Return the meaning of the outermost query."""
        grouped = bool(query.group) or any(map(is_aggregate, query.columns))
        columns, shown, kinds = self._aggregated(query) if grouped else (self._columns(query), None, {})
        if query.having is not None and not grouped:
            raise Gap("construct", "soql_having")
        canonical = replace(self._rest(query), columns=columns, source=self.words.name)
        if grouped:
            _check_grouped(columns, canonical.group)
        found = replace(self._meaning(canonical), columns=shown, kinds=MappingProxyType(kinds))
        return replace(found, counts=tuple(self._counting(columns, shown))) if shown else found

    def _counting(self, columns: Iterable[Column | FieldSet | Query], shown: Shown) -> Iterator[str]:
        """Yield the columns that count records of the query's own object."""
        for (name, (of, _, _)), column in zip(shown.items(), columns, strict=True):
            expression = column.expression if isinstance(column, Column) else None
            if isinstance(expression, Call) and expression.name in _COUNTS and of == self.words.name:
                yield name

    def _meaning(self, canonical: Query) -> Meaning:
        if self.children and not any(use.action is Action.LIST for use in self.notes.uses):
            # Nothing is selected but sub-queries; that there are records is told all the same.
            self.notes.add(self.words, RECORD_ITSELF, Action.LIST)
        uses, records = tuple(self.notes.uses), tuple(self.records)
        return Meaning(canonical, self.words, uses, records, children=MappingProxyType(self.children))

    def _rest(self, query: Query) -> Query:
        """Return the query with everything but its columns and source resolved."""
        group = tuple(self._grouping(each) for each in query.group)
        where = None if query.where is None else self._condition(query.where, self._filtering)
        having = None if query.having is None else self._condition(query.having, self._having)
        order = tuple(replace(each, expression=self._sorting(each.expression)) for each in query.order)
        return replace(query, alias=None, group=group, where=where, having=having, order=order)

    # ---- columns -----------------------------------------------------------------------------------------

    def _columns(self, query: Query) -> tuple[Column | FieldSet | Query, ...]:
        return tuple(map(self._column, query.columns))

    def _column(self, column: Column | FieldSet | Query) -> Column | FieldSet | Query:
        if isinstance(column, Query):
            return self._child(column)
        if isinstance(column, FieldSet):
            self._field_set(column)
            return column
        if column.alias is not None:
            raise Gap("construct", "soql_alias")
        if isinstance(column.expression, Call):
            raise Gap("construct", "soql_function")
        return Column(self.names.path(column.expression, Action.LIST))

    def _field_set(self, column: FieldSet) -> None:
        """Note the use of every listed field; those that are not listed are judged when they come back."""
        for name in self.words.spec.fields:
            custom = name.lower().endswith(_CUSTOM)
            if name not in self.words.parents and column.kind in {"ALL", "CUSTOM" if custom else "STANDARD"}:
                self.notes.add(self.words, name, Action.LIST)

    def _child(self, query: Query) -> Query:
        relation = self.words.children.get(self.words.spelled(query.source))
        if relation is None:
            raise Gap("object", "unknown_object")
        if query.group or query.having or any(map(is_aggregate, query.columns)):
            raise Gap("construct", "soql_subquery")
        if relation.name in self.children:
            raise Gap("construct", "soql_subquery")
        scope = _Scope(Notes(self.notes.words), self.notes.words.objects[relation.object], query.alias)
        columns = scope._columns(query)
        inner = replace(scope._rest(query), columns=columns)
        self.children[relation.name] = scope._meaning(replace(inner, source=relation.object))
        return replace(inner, source=relation.name)

    def _aggregated(self, query: Query) -> tuple[tuple[Column, ...], Shown, dict[str, Kind]]:
        """Return the columns of a query that groups or aggregates, which field each shows, and as what."""
        if query.columns == (Column(Call("COUNT", None)),):
            if query.group or query.having:
                raise Gap("construct", "soql_function")
            self.notes.add(self.words, RECORD_ITSELF, Action.AGGREGATE)
            return query.columns, MappingProxyType({}), {}
        names: dict[str, tuple[str, str, Action]] = {}
        kinds: dict[str, Kind] = {}
        columns: list[Column] = []
        unnamed = 0
        for column in query.columns:
            if not isinstance(column, Column):
                raise Gap("construct", "soql_subquery")
            expression, shown = self._cell(column.expression)
            if column.alias is not None:
                name = column.alias
            elif isinstance(expression, Path):
                name = expression.hops[-1]
            else:
                name, unnamed = f"expr{unnamed}", unnamed + 1
            self._claim(name, column.alias, names)
            names[name] = shown
            kinds[name] = kind_of(expression, self.notes.words.objects[shown[0]].spec.fields.get(shown[1]))
            columns.append(Column(expression, column.alias))
        return tuple(columns), MappingProxyType(names), kinds

    def _claim(self, name: str, alias: str | None, taken: Shown) -> None:
        """Refuse a column name that another column, a field or a relation has too."""
        known = {each.lower() for each in (*taken, _RESERVED)}
        if alias is not None:
            known |= {each.lower() for each in (*self.words.spec.fields, *self.words.children)}
        if name.lower() in known:
            raise Gap("construct", "soql_alias")

    def _cell(self, expression: Expression) -> tuple[Expression, tuple[str, str, Action]]:
        """Return a column of an aggregate's answer, and which field it shows how."""
        if isinstance(expression, Path) or expression.name not in AGGREGATES:
            found = self.names.expression(expression, Action.LIST)
            return found, (*self.names.meant(found), Action.LIST)
        if expression.argument is None:
            raise Gap("construct", "soql_function")
        action = Action.LIST if expression.name in _SHOWS_VALUES else Action.AGGREGATE
        found = self.names.expression(expression, *{Action.AGGREGATE, action})
        return found, (*self.names.meant(found), action)

    # ---- conditions, groups, orders ----------------------------------------------------------------------

    def _filtering(self, expression: Expression) -> Expression:
        if is_aggregate(expression):
            raise Gap("construct", "soql_function")
        return self.names.expression(expression, Action.FILTER)

    def _having(self, expression: Expression) -> Expression:
        if is_aggregate(expression):
            return self.names.expression(expression, Action.AGGREGATE, Action.FILTER)
        return self.names.expression(expression, Action.FILTER)

    def _grouping(self, expression: Expression) -> Expression:
        if is_aggregate(expression):
            raise Gap("construct", "soql_function")
        return self.names.expression(expression, Action.GROUP)

    def _sorting(self, expression: Expression) -> Expression:
        if is_aggregate(expression):
            return self.names.expression(expression, Action.AGGREGATE, Action.SORT)
        return self.names.expression(expression, Action.SORT)

    def _condition(self, condition: Condition, read: Read) -> Condition:
        match condition:
            case Compare():
                found = read(condition.expression)
                if condition.operator == "=":
                    self._note_records(found, (condition.value,))
                return replace(condition, expression=found)
            case Within():
                found = read(condition.expression)
                if isinstance(condition.values, Query):
                    return replace(condition, expression=found, values=self._semi_join(condition.values))
                if condition.operator == "IN":
                    self._note_records(found, condition.values)
                return replace(condition, expression=found)
            case Not():
                return Not(self._condition(condition.condition, read))
            case Junction():
                inner = tuple(self._condition(each, read) for each in condition.conditions)
                return replace(condition, conditions=inner)

    def _semi_join(self, query: Query) -> Query:
        """Return the query of a set; what it selects is compared, not shown."""
        if len(query.columns) != 1 or query.group or query.having:
            raise Gap("construct", "soql_subquery")
        column = query.columns[0]
        if not isinstance(column, Column) or column.alias or not isinstance(column.expression, Path):
            raise Gap("construct", "soql_subquery")
        scope = _Scope(self.notes, self.notes.words.object(query.source), query.alias)
        shown = Column(scope.names.path(column.expression, Action.FILTER))
        return replace(scope._rest(query), columns=(shown,), source=scope.words.name)

    def _note_records(self, expression: Expression, values: tuple[str, ...]) -> None:
        if isinstance(expression, Path) and expression.hops == (self.words.spec.subject_key,):
            self.records += [value[1:-1] for value in values if value.startswith("'") and "\\" not in value]


def _check_grouped(columns: tuple[Column | FieldSet | Query, ...], group: tuple[Expression, ...]) -> None:
    """Refuse a column that is neither computed nor grouped by, as the CRM would in words of its own."""
    known = set(map(_folded, group))
    for column in columns:
        if isinstance(column, Column) and not is_aggregate(column) and _folded(column.expression) not in known:
            raise Gap("construct", "soql_group")


def _folded(expression: Expression) -> tuple[str, ...]:
    """Return what an expression says, whatever the case of names that nobody listed."""
    if isinstance(expression, Path):
        return tuple(hop.lower() for hop in expression.hops)
    return (f"{expression.name}()", *(_folded(expression.argument) if expression.argument else ()))

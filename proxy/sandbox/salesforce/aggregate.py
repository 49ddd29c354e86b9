"""GROUP BY, HAVING and the aggregate functions."""

from collections.abc import Callable

from proxy.sandbox.salesforce.comparing import instant, sort_key
from proxy.sandbox.salesforce.conditions import compiled
from proxy.sandbox.salesforce.org import Row
from proxy.sandbox.salesforce.reach import Scope
from proxy.sandbox.salesforce.refusals import SalesforceError, malformed_query
from proxy.sandbox.salesforce.schema import NUMBERS, Field
from proxy.sandbox.salesforce.soql_tree import Function, Path, Query

Group = list[Row]
Value = Callable[[Group], object]

_PARTS: dict[str, Callable[[str], object]] = {
    "CALENDAR_YEAR": lambda text: instant(text).year,
    "CALENDAR_MONTH": lambda text: instant(text).month,
    "DAY_ONLY": lambda text: instant(text).date().isoformat(),
}
_AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG"})
_COUNT = Field("count", "int")


def grouped(scope: Scope, rows: list[Row]) -> list[dict[str, object]]:
    """Return one AggregateResult per group that HAVING leaves, in order.

    Raises:
        SalesforceError: something selected or ordered by is neither grouped nor aggregated.
    """
    query = scope.query
    groups = _groups(scope, rows)
    if query.having is not None:
        test = compiled(
            query.having, lambda left: _left(scope, left), _no_subselect, scope.text, scope.org.now()
        )
        groups = [group for group in groups if test(group)]
    for order in reversed(query.orders):
        _, value = _left(scope, order.by)
        groups.sort(key=lambda group, value=value: sort_key(value(group)), reverse=order.descending)  # type: ignore[misc]
        groups.sort(key=lambda group, value=value, last=order.nulls_last: (value(group) is None) == last)  # type: ignore[misc]
    columns = _columns(scope)
    shown = groups[query.offset :][: query.limit]
    shell = {"attributes": {"type": "AggregateResult"}}
    return [shell | {name: value(group) for name, value in columns} for group in shown]


def _groups(scope: Scope, rows: list[Row]) -> list[Group]:
    if not scope.query.groups:
        return [rows]
    keys = [_single(scope, by) for by in scope.query.groups]
    found: dict[tuple[object, ...], Group] = {}
    for row in rows:
        found.setdefault(tuple(sort_key(key(row)) for key in keys), []).append(row)
    return list(found.values())


def _single(scope: Scope, by: Path | Function) -> Callable[[Row], object]:
    """Return how to get a grouping key from one row."""
    if isinstance(by, Path):
        reach = scope.usable(by, "GROUP BY")
        return lambda row: reach.value(scope.org, scope.sobject, row)
    if by.name not in _PARTS or by.argument is None:
        raise malformed_query(f"unexpected token: '{by.name}'")
    reach, part = scope.usable(by.argument, "GROUP BY"), _PARTS[by.name]

    def key(row: Row) -> object:
        text = reach.value(scope.org, scope.sobject, row)
        return None if text is None else part(str(text))

    return key


def _same(one: Path | Function, other: Path | Function) -> bool:
    if isinstance(one, Path) and isinstance(other, Path):
        return [part.lower() for part in one.parts] == [part.lower() for part in other.parts]
    if isinstance(one, Function) and isinstance(other, Function):
        together = one.argument is None and other.argument is None
        both = one.argument is not None and other.argument is not None and _same(one.argument, other.argument)
        return one.name == other.name and (together or both)
    return False


def _left(scope: Scope, what: Path | Function) -> tuple[Field, Value]:
    """Return what a grouped or aggregated expression is, and how to get it from a group."""
    if isinstance(what, Function) and what.name in _AGGREGATES:
        return _aggregate(scope, what)
    if not any(_same(what, by) for by in scope.query.groups):
        name = ".".join(what.parts) if isinstance(what, Path) else what.name
        raise malformed_query(f"Field must be grouped or aggregated: {name}")
    key = _single(scope, what)
    item = scope.reach(what).item if isinstance(what, Path) else _COUNT
    return item, lambda group: key(group[0])


def _aggregate(scope: Scope, what: Function) -> tuple[Field, Value]:
    if what.argument is None:
        if what.name != "COUNT":
            raise malformed_query(f"unexpected token: '{what.name}'")
        return _COUNT, len
    reach = scope.usable(what.argument, "GROUP BY")
    if what.name in {"SUM", "AVG"} and reach.item.type not in NUMBERS:
        message = f"field {reach.item.name} does not support aggregate operator {what.name}"
        raise SalesforceError(400, "MALFORMED_QUERY", message)

    def values(group: Group) -> list[object]:
        every = (reach.value(scope.org, scope.sobject, row) for row in group)
        return sorted((value for value in every if value is not None), key=sort_key)

    item = _COUNT if what.name.startswith("COUNT") else reach.item
    return item, lambda group: _reduce(what.name, values(group))


def _reduce(name: str, values: list[object]) -> object:
    """Return the aggregate of sorted values; of none it is null, except for counts."""
    if name == "COUNT":
        return len(values)
    if name == "COUNT_DISTINCT":
        return len({sort_key(value) for value in values})
    if not values:
        return None
    if name in {"MIN", "MAX"}:
        return values[0 if name == "MIN" else -1]
    total = sum((float(value) for value in values if isinstance(value, int | float)), 0.0)
    return total if name == "SUM" else total / len(values)


def _columns(scope: Scope) -> list[tuple[str, Value]]:
    columns: list[tuple[str, Value]] = []
    unnamed = 0
    for column in scope.query.columns:
        if isinstance(column.what, Query):
            raise malformed_query("a sub-select cannot be grouped")
        item, value = _left(scope, column.what)
        if column.alias is not None or isinstance(column.what, Path):
            name = column.alias or item.name
        else:
            name, unnamed = f"expr{unnamed}", unnamed + 1
        columns.append((name, value))
    return columns


def _no_subselect(query: Query) -> frozenset[object]:
    raise malformed_query(f"unexpected token: 'SELECT' at {query.source.at}")

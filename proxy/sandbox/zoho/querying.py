"""What a query or a search finds."""

from collections.abc import Callable, Iterable, Mapping
from statistics import fmean
from typing import Final

from proxy.sandbox.exchange import Answer
from proxy.sandbox.zoho.comparing import holds, value_at
from proxy.sandbox.zoho.coql import Column, Condition, Pair, Path, Query, parse
from proxy.sandbox.zoho.refusals import ZohoError
from proxy.sandbox.zoho.showing import cell, columns
from proxy.sandbox.zoho.store import Held, Store, looks_up

Values = Callable[[list[float]], object]
_COMPUTE: Final[Mapping[str, Values]] = {"SUM": sum, "AVG": fmean, "MIN": min, "MAX": max}


def select(text: str, store: Store) -> Answer:
    """Answer a COQL query; raises ZohoError where it cannot be."""
    query = parse(text)
    kind = store.kind(query.module)
    for path in _paths(query):
        check(path, kind)
    found = [held for held in store.all(kind) if query.where is None or meets(held, query.where, store)]
    if query.group or any(column.function for column in query.columns):
        rows = _grouped(query, found, store)
    else:
        for column, down in reversed(query.order):
            _sort(found, column.path, store, down=down)
        rows = [_row(held, query, store) for held in found]
    page = rows[query.offset : query.offset + query.limit]
    if not page:
        return Answer(204)
    more = len(rows) > query.offset + query.limit
    return Answer(200, {"data": page, "info": {"count": len(page), "more_records": more}})


def meets(held: Held, condition: Condition, store: Store) -> bool:
    """Say whether a condition holds of a record."""
    if isinstance(condition, Pair):
        both = (meets(held, each, store) for each in (condition.one, condition.other))
        return all(both) if condition.word == "and" else any(both)
    return holds(value_at(held, condition.path, store), condition.operator, condition.values)


def paths_of(condition: Condition | None) -> Iterable[Path]:
    """Yield every path that a condition compares."""
    if isinstance(condition, Pair):
        yield from paths_of(condition.one)
        yield from paths_of(condition.other)
    elif condition is not None:
        yield condition.path


def check(path: Path, kind: str) -> None:
    """Return if a path leads through lookups to a field; raises ZohoError."""
    *hops, name = path
    at = kind
    for hop in hops:
        far = looks_up(at, hop)
        if far is None:
            raise ZohoError(400, "INVALID_QUERY", "column given seems to be invalid", {"column_name": hop})
        at = far
    if name not in {*columns(at), "id"}:
        raise ZohoError(400, "INVALID_QUERY", "column given seems to be invalid", {"column_name": name})


def _paths(query: Query) -> Iterable[Path]:
    named = {column.alias for column in query.columns}
    yield from (column.path for column in query.columns)
    yield from paths_of(query.where)
    yield from query.group
    yield from (column.path for column, _ in query.order if ".".join(column.path) not in named)


def _row(held: Held, query: Query, store: Store) -> dict[str, object]:
    row: dict[str, object] = {}
    for column in query.columns:
        value = (
            cell(held, column.path[0], store) if len(column.path) == 1 else value_at(held, column.path, store)
        )
        row[column.name] = value
    return {**row, "id": held.id}


def _grouped(query: Query, found: list[Held], store: Store) -> list[dict[str, object]]:
    groups: dict[tuple[str, ...], list[Held]] = {} if query.group else {(): found}
    for held in found if query.group else ():
        key = tuple(str(value_at(held, path, store)) for path in query.group)
        groups.setdefault(key, []).append(held)
    rows = [
        {column.name: _computed(column, each, store) for column in query.columns} for each in groups.values()
    ]
    for column, down in reversed(query.order):
        rows = _by(rows, column.name, down=down)
    return rows


def _sort(found: list[Held], path: Path, store: Store, *, down: bool) -> None:
    found.sort(key=lambda held: _key(value_at(held, path, store)), reverse=down)


def _by(rows: list[dict[str, object]], name: str, *, down: bool) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: _key(row.get(name)), reverse=down)


def _computed(column: Column, group: list[Held], store: Store) -> object:
    values = [value_at(held, column.path, store) for held in group]
    known = [value for value in values if value is not None]
    if column.function == "COUNT":
        return len(known)
    if not column.function:
        return values[0] if values else None
    if not known:
        return None
    if column.function in {"MIN", "MAX"}:
        return (min if column.function == "MIN" else max)(known, key=_key)
    return _COMPUTE[column.function]([float(str(value)) for value in known])


def _key(value: object) -> tuple[int, float, str]:
    """Return what to sort by: nothing first, numbers as numbers, everything else as text."""
    if value is None:
        return (0, 0, "")
    if isinstance(value, int | float):
        return (1, value, "")
    return (2, 0, str(value).casefold())

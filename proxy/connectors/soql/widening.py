"""A query that also brings the fields some facts come from, wherever records of their objects are selected."""

from collections.abc import Mapping
from dataclasses import replace

from proxy.connectors.facts import Wanted, Way, fields_of
from proxy.connectors.soql.tree import Column, FieldSet, Path, Query
from proxy.connectors.words import ObjectWords, Words


def widened(
    query: Query, object_: ObjectWords, words: Words, wanted: Wanted, way: Way = ()
) -> tuple[Query, Mapping[Way, frozenset[str]]]:
    """Return the query with more columns, and for each way to a record the fields that were added there.

    A query with `FIELDS(...)` keeps its columns: Salesforce wants none of them to stand there twice, and which
    ones are among them only it knows.
    """
    added: dict[Way, frozenset[str]] = {}
    columns: list[Column | FieldSet | Query] = []
    for column in query.columns:
        if isinstance(column, Query) and column.source in object_.children:
            child = words.objects[object_.children[column.source].object]
            wider, inside = widened(column, child, words, wanted, (*way, column.source))
            added |= inside
            columns.append(wider)
        else:
            columns.append(column)
    if not any(isinstance(column, FieldSet) for column in columns):
        for hops, named in _selected(columns).items():
            owner = _owner(object_, hops, words)
            names = fields_of(owner.spec, wanted.get(owner.name, ())) if owner else []
            more = [name for name in names if name not in named]
            columns += [Column(Path((*hops, name))) for name in more]
            if more:
                added[*way, *hops] = frozenset(more)
    return replace(query, columns=tuple(columns)), added


def _selected(columns: list[Column | FieldSet | Query]) -> dict[Way, set[str]]:
    """Return the fields that are selected, by the way that leads to them."""
    found: dict[Way, set[str]] = {(): set()}
    for column in columns:
        if isinstance(column, Column) and isinstance(column.expression, Path):
            *hops, name = column.expression.hops
            for end in range(len(hops) + 1):
                found.setdefault(tuple(hops[:end]), set())
            found[tuple(hops)].add(name)
    return found


def _owner(object_: ObjectWords, hops: Way, words: Words) -> ObjectWords | None:
    for hop in hops:
        if hop not in object_.parents:
            return None
        object_ = words.objects[object_.parents[hop].object]
    return object_

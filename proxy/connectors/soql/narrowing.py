"""A query without the columns that could not be shown: what nobody gets need not leave the CRM.

A name that nobody listed goes, too. Sent on, it would come back as an error if the CRM does not know it either,
and so tell which fields there are.
"""

from dataclasses import replace

from proxy.connectors.soql.naming import meant
from proxy.connectors.soql.tree import Column, FieldSet, Path, Query
from proxy.connectors.words import Hidden, ObjectWords, Words
from proxy.errors import Refused


def narrowed(query: Query, object_: ObjectWords, words: Words, hidden: Hidden) -> Query:
    """Return the query, and every sub-query in it, without columns of which nothing could be shown.

    Args:
        query: in the connector's spelling, without groups or aggregates.
        object_: what it starts from.
        words: those of the connector.
        hidden: what could not be shown in any record.

    Raises:
        Refused: no column is left of it, or of a sub-query.
    """
    columns: list[Column | FieldSet | Query] = []
    for column in query.columns:
        if isinstance(column, Query):
            child = words.objects[object_.children[column.source].object]
            columns.append(narrowed(column, child, words, hidden))
        elif not _is_hidden(column, object_, words, hidden):
            columns.append(column)
    if not columns:
        raise Refused("not_granted", object_.name)
    return replace(query, columns=tuple(columns))


def _is_hidden(column: Column | FieldSet, object_: ObjectWords, words: Words, hidden: Hidden) -> bool:
    if isinstance(column, Column) and isinstance(column.expression, Path):
        return meant(column.expression, object_, words) in hidden
    return False

"""The rows of the vault: a handful of statements, each over many rows at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, or_, select, update

from proxy.store import Store
from proxy.vault.tables import VALUES

CHUNK: Final = 400
"""Names in one statement; SQLite takes 32,766 and PostgreSQL 65,535 parameters."""
IN_FLIGHT: Final = 3_600.0
"""Seconds after which a write has reached the CRM, or never will, though nobody heard of it."""


@dataclass(frozen=True, slots=True)
class Value:
    """One row; see `tables.VALUES`."""

    handle: str
    connector: str
    object: str
    field: str
    element: str
    record: str | None
    key_id: bytes
    sealed: str | None = None
    mark: bytes | None = None
    normaliser: str | None = None
    created_at: float = 0.0
    index_key: int = 1
    settled_at: float | None = None


Where = tuple[str, str, str]
"""Connector, object, field."""


@dataclass(frozen=True, slots=True)
class Place:
    """One record of one CRM."""

    connector: str
    object: str
    record: str


def by_handle(connection: Connection, handles: Iterable[str]) -> dict[str, Value]:
    """Return the rows of some handles, as far as there are any."""
    return {
        row.handle: _value(row)
        for chunk in _chunks(handles)
        for row in _where(connection, VALUES.c.handle, chunk)
    }


def marked(connection: Connection, place: Where, marks: Collection[bytes], most: int | None) -> list[Value]:
    """Return rows of one (connector, object, field) with one of the marks; at most `most` + 1, None: all."""
    connector, name, field = place
    query = (
        select(VALUES)
        .where(VALUES.c.mark.in_(list(marks)))
        .where(and_(VALUES.c.connector == connector, VALUES.c.object == name, VALUES.c.field == field))
        .order_by(VALUES.c.handle)
        .limit(None if most is None else most + 1)
    )
    return [_value(row) for row in connection.execute(query)]


def unplaced(connection: Connection, connector: str, objects: Iterable[str], before: float) -> list[Value]:
    """Return the tokens of some objects without a record that were made before some time."""
    query = select(VALUES).where(VALUES.c.connector == connector, VALUES.c.object.in_(list(objects)))
    query = query.where(VALUES.c.record.is_(None), VALUES.c.sealed.is_not(None), VALUES.c.created_at < before)
    return [_value(row) for row in connection.execute(query.order_by(VALUES.c.handle))]


def used(connection: Connection, key_ids: Iterable[bytes]) -> set[bytes]:
    """Return those of some data keys that a row is sealed under."""
    return {each for chunk in _chunks(key_ids) for each in _keys_in(connection, VALUES.c.key_id.in_(chunk))}


def placed_under(connection: Connection, key_ids: Iterable[bytes]) -> set[bytes]:
    """Return those under which something is sealed of which the record is known."""
    placed = VALUES.c.record.is_not(None)
    return {
        each for chunk in _chunks(key_ids) for each in _keys_in(connection, VALUES.c.key_id.in_(chunk) & placed)
    }


def keys_of(connection: Connection, places: Iterable[Place]) -> dict[Place, bytes]:
    """Return the id of the data key that values of each record are sealed with, the newest of several."""
    found: dict[Place, bytes] = {}
    columns = (VALUES.c.connector, VALUES.c.object, VALUES.c.record, VALUES.c.key_id)
    for chunk in _chunks(places):
        query = select(*columns).where(or_(*map(_at, chunk))).order_by(VALUES.c.created_at)
        for connector, name, record, key_id in connection.execute(query):
            found[Place(connector, name, record)] = key_id
    return found


def add(connection: Connection, values: Sequence[Value]) -> None:
    """Add rows."""
    if values:
        connection.execute(insert(VALUES), [{name: getattr(each, name) for name in _NAMES} for each in values])


def attach(connection: Connection, pairs: Iterable[tuple[str, str]], now: float) -> None:
    """Say of rows without a record which one they went into, as is known now; one that has one keeps it."""
    for handle, record in pairs:
        change = update(VALUES).where(and_(VALUES.c.handle == handle, VALUES.c.record.is_(None)))
        connection.execute(change.values(record=record, settled_at=now))


def supersede(connection: Connection, handles: Iterable[str], now: float) -> int:
    """Keep that the CRM has some handles now; delete what stood there before, and return how many rows that was.

    Of two writes to one field that are under way together, nobody can tell which the CRM carried out last. So
    only what the CRM had before a value was sent there is deleted; the rest goes with the next change.
    """
    gone = 0
    for value in by_handle(connection, handles).values():
        if value.record is None:
            continue
        settled = update(VALUES).where(VALUES.c.handle == value.handle, VALUES.c.settled_at.is_(None))
        connection.execute(settled.values(settled_at=now))
        place = and_(
            _at(Place(value.connector, value.object, value.record)),
            VALUES.c.field == value.field,
            VALUES.c.handle != value.handle,
            or_(
                VALUES.c.settled_at <= value.created_at,
                and_(VALUES.c.settled_at.is_(None), VALUES.c.created_at < value.created_at - IN_FLIGHT),
            ),
        )
        gone += connection.execute(delete(VALUES).where(place)).rowcount
    return gone


def drop(connection: Connection, handles: Iterable[str]) -> None:
    """Delete rows."""
    for chunk in _chunks(handles):
        connection.execute(delete(VALUES).where(VALUES.c.handle.in_(chunk)))


def drop_unplaced(connection: Connection, handles: Iterable[str]) -> int:
    """Delete those of some rows of which no record is known at this moment, and return how many there were."""
    gone = 0
    for chunk in _chunks(handles):
        without = and_(VALUES.c.handle.in_(chunk), VALUES.c.record.is_(None))
        gone += connection.execute(delete(VALUES).where(without)).rowcount
    return gone


def drop_keys(connection: Connection, key_ids: Iterable[bytes]) -> int:
    """Delete every row of some data keys, marks included, and return how many there were."""
    gone = 0
    for chunk in _chunks(key_ids):
        gone += connection.execute(delete(VALUES).where(VALUES.c.key_id.in_(chunk))).rowcount
    return gone


def marked_by(connection: Connection) -> dict[int, int]:
    """Return how many values are found by the marks of each index key."""
    query = select(VALUES.c.index_key, func.count()).where(VALUES.c.mark.is_not(None))
    return {row.index_key: row[1] for row in connection.execute(query.group_by(VALUES.c.index_key))}


def stale(
    connection: Connection, current: int, wanted: Mapping[Where, str], after: str, most: int
) -> list[Value]:
    """Return the next tokens that are marked otherwise than they should be, by handle; none behind the last.

    Args:
        connection: to read by.
        current: number of the index key in force.
        wanted: normaliser of the fields for which it may have changed.
        after: the last handle that was returned before.
        most: how many at once.
    """
    older = and_(VALUES.c.mark.is_not(None), VALUES.c.index_key < current)
    other = [
        and_(
            VALUES.c.connector == connector,
            VALUES.c.object == name,
            VALUES.c.field == field,
            or_(VALUES.c.normaliser.is_(None), VALUES.c.normaliser != normaliser),
        )
        for (connector, name, field), normaliser in wanted.items()
    ]
    query = select(VALUES).where(VALUES.c.sealed.is_not(None), VALUES.c.handle > after, or_(older, *other))
    return [_value(row) for row in connection.execute(query.order_by(VALUES.c.handle).limit(most))]


def mark_anew(connection: Connection, values: Iterable[Value]) -> None:
    """Give rows their marks, normalisers and index keys; those that are gone meanwhile stay gone."""
    change = (
        update(VALUES)
        .where(VALUES.c.handle == bindparam("row"))
        .values(mark=bindparam("found"), normaliser=bindparam("by"), index_key=bindparam("number"))
    )
    made = [
        {"row": each.handle, "found": each.mark, "by": each.normaliser, "number": each.index_key}
        for each in values
    ]
    if made:
        connection.execute(change, made)


def counted(connection: Connection) -> dict[tuple[str, str, str], int]:
    """Return how many rows there are of each (connector, object, field)."""
    place = (VALUES.c.connector, VALUES.c.object, VALUES.c.field)
    query = select(*place, func.count()).group_by(*place)
    return {(connector, name, field): count for connector, name, field, count in connection.execute(query)}


def in_records(connection: Connection, places: Iterable[Place]) -> list[Value]:
    """Return every row of some records."""
    return [
        _value(row)
        for chunk in _chunks(places)
        for row in connection.execute(select(VALUES).where(or_(*map(_at, chunk))))
    ]


def store_rows(store: Store, values: Sequence[Value]) -> None:
    """Add rows, durable when this returns."""
    with store.begin() as connection:
        add(connection, values)


_NAMES: Final = tuple(column.name for column in VALUES.columns)


def _value(row: Row[Any]) -> Value:
    columns: Any = row
    return Value(*columns)


def _where(connection: Connection, column: Any, names: Sequence[Any]) -> Iterable[Row[Any]]:
    return connection.execute(select(VALUES).where(column.in_(names))).all()


def _keys_in(connection: Connection, where: Any) -> Iterable[bytes]:
    return connection.scalars(select(VALUES.c.key_id).where(where).distinct()).all()


def _at(place: Place) -> Any:
    return and_(
        VALUES.c.connector == place.connector, VALUES.c.object == place.object, VALUES.c.record == place.record
    )


def _chunks[T](items: Iterable[T]) -> Iterable[list[T]]:
    distinct = list(dict.fromkeys(items))
    return (distinct[at : at + CHUNK] for at in range(0, len(distinct), CHUNK))

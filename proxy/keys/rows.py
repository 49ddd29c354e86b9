"""The statements about keys, in one place."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from proxy.errors import Unavailable
from proxy.keys.states import State
from proxy.keys.tables import ASSENTS, EPOCHS, INSTALLATION_KEYS, SETTINGS, SUBJECT_KEYS

_SEARCHED = "index_keys_searched"
_AT_ONCE = 500
"""Names in one statement; SQLite once took 999 at most."""
_TO_OPEN = """\
SELECT json_group_array(hex(id)), json_group_array(hex(subject)), json_group_array(epoch),
json_group_array(hex(wrapped)) FROM subject_keys WHERE id IN"""


@dataclass(frozen=True, slots=True)
class Epoch:
    """A key encryption key and how it stands."""

    number: int
    provider: str
    handle: str
    state: State
    created_at: float
    changed_at: float
    gone_at: float | None
    resumes: State | None


@dataclass(frozen=True, slots=True)
class Assent:
    """One row; see `tables.ASSENTS`."""

    epoch: int
    officer: str
    at: float
    digest: str | None


class Wrapped(NamedTuple):
    """A key as it is kept; its members in the order of the table's columns."""

    id: bytes
    subject: bytes | None
    epoch: int
    wrapped: bytes
    serial: int = 1
    created_at: float = 0.0


Held = tuple[bytes, bytes, bytes | None]
"""What of a key is needed to wrap it anew: as it is wrapped, its id, its subject. A plain tuple, since there are
a million of them, and what holds nothing but bytes is nothing to the garbage collector."""


def epochs(connection: Connection) -> dict[int, Epoch]:
    """Return every epoch there ever was, by number."""
    return {row.number: _epoch(row) for row in connection.execute(select(EPOCHS))}


def active_epoch(connection: Connection, *, hold: bool = False) -> Epoch:
    """Return the one that is in force.

    Args:
        connection: may be one that changes something.
        hold: nobody ends it before this connection's block has ended.

    Raises:
        Unavailable: `keys_not_initialised`, or `key_suspended` if there is none in force now.
    """
    query = select(EPOCHS).where(EPOCHS.c.state == State.ACTIVE.value)
    if hold:
        query = query.with_for_update(read=True)
    # In PostgreSQL, who waited for the row that a rotation was changing finds that it does not fit any more, and
    # does not see the one that was added: the second look does.
    row = connection.execute(query).first() or connection.execute(query).first()
    if row is not None:
        return _epoch(row)
    any_ = connection.execute(select(EPOCHS.c.number).limit(1)).first()
    raise Unavailable("keys_not_initialised" if any_ is None else "key_suspended")


def add_epoch(connection: Connection, number: int, provider: str, handle: str, now: float) -> None:
    """Keep a new epoch, which is in force."""
    connection.execute(
        insert(EPOCHS).values(
            number=number,
            provider=provider,
            handle=handle,
            state=State.ACTIVE.value,
            created_at=now,
            changed_at=now,
        )
    )


def change_epoch(
    connection: Connection, epoch: Epoch, state: State, now: float, **more: float | str | None
) -> None:
    """Have an epoch stand otherwise.

    Raises:
        Unavailable: `key_epoch_changed`: it does not stand any more as `epoch` says.
    """
    change = (
        update(EPOCHS)
        .where(EPOCHS.c.number == epoch.number, EPOCHS.c.state == epoch.state.value)
        .values(state=state.value, changed_at=now, **more)
    )
    if connection.execute(change).rowcount != 1:
        raise Unavailable("key_epoch_changed", f"epoch {epoch.number}")


def _epoch(row: Row[tuple[object, ...]]) -> Epoch:
    resumes = State(row.resumes) if row.resumes else None
    return Epoch(
        row.number,
        row.provider,
        row.handle,
        State(row.state),
        row.created_at,
        row.changed_at,
        row.gone_at,
        resumes,
    )


def by_id(connection: Connection, ids: Iterable[bytes]) -> list[Wrapped]:
    """Return the keys of these ids that there are."""
    return _select(connection, SUBJECT_KEYS.c.id, list(ids))


def to_open(connection: Connection, ids: Collection[bytes]) -> list[Wrapped]:
    """Return what `by_id` does, as far as it is needed to open keys: without serial and time.

    From SQLite it comes in one row, of JSON: its driver lets others have their turn before each row, and where
    several threads read the keys of a page, that costs more than all else.
    """
    names, found = list(ids), list[Wrapped]()
    if connection.dialect.name != "sqlite":
        return by_id(connection, names)
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        statement = f"{_TO_OPEN} ({','.join('?' * len(some))})"
        row = connection.exec_driver_sql(statement, tuple(some)).one()
        found += map(_to_open, *map(msgspec.json.decode, row))
    return found


def _to_open(key_id: str, subject: str, epoch: int, wrapped: str) -> Wrapped:
    return Wrapped(bytes.fromhex(key_id), bytes.fromhex(subject) or None, epoch, bytes.fromhex(wrapped))


def hold(connection: Connection, ids: Collection[bytes]) -> int:
    """Return how many of these keys there are; nobody deletes them before the connection's block has ended."""
    found, names = 0, list(ids)
    for start in range(0, len(names), _AT_ONCE):
        query = select(SUBJECT_KEYS.c.id).where(SUBJECT_KEYS.c.id.in_(names[start : start + _AT_ONCE]))
        found += len(connection.execute(query.with_for_update(read=True)).all())
    return found


def by_subject(connection: Connection, subjects: Iterable[bytes]) -> list[Wrapped]:
    """Return every key of these data subjects, the one that seals last."""
    return sorted(_select(connection, SUBJECT_KEYS.c.subject, list(subjects)), key=lambda key: key.serial)


def _select(connection: Connection, column: object, names: Sequence[bytes]) -> list[Wrapped]:
    found: list[Wrapped] = []
    for start in range(0, len(names), _AT_ONCE):
        query = select(SUBJECT_KEYS).where(column.in_(names[start : start + _AT_ONCE]))  # type: ignore[attr-defined]
        found += [_wrapped(row) for row in connection.execute(query)]
    return found


def _wrapped(row: Row[tuple[object, ...]]) -> Wrapped:
    return Wrapped(row.id, row.subject, row.epoch, row.wrapped, row.serial, row.created_at)


def add(connection: Connection, key: Wrapped) -> None:
    """Keep a new key."""
    connection.execute(
        insert(SUBJECT_KEYS).values(
            id=key.id,
            subject=key.subject,
            epoch=key.epoch,
            wrapped=key.wrapped,
            serial=key.serial,
            created_at=key.created_at,
        )
    )


def give(connection: Connection, key: Wrapped) -> bool:
    """Have a record's key be a data subject's from now on; return whether it was a record's still."""
    change = (
        update(SUBJECT_KEYS)
        .where(SUBJECT_KEYS.c.id == key.id, SUBJECT_KEYS.c.subject.is_(None))
        .values(subject=key.subject, epoch=key.epoch, wrapped=key.wrapped, serial=key.serial)
    )
    return connection.execute(change).rowcount == 1


def remove(connection: Connection, subject: bytes) -> int:
    """Delete every key of a data subject; return how many there were."""
    gone = 0
    # In PostgreSQL, who waited for a row does not see one that was added meanwhile: the next statement does.
    while count := connection.execute(delete(SUBJECT_KEYS).where(SUBJECT_KEYS.c.subject == subject)).rowcount:
        gone += count
    return gone


def remove_key(connection: Connection, key_id: bytes) -> int:
    """Delete one key; return how many there were."""
    return connection.execute(delete(SUBJECT_KEYS).where(SUBJECT_KEYS.c.id == key_id)).rowcount


def counts(connection: Connection) -> dict[int, int]:
    """Return how many keys are wrapped under each epoch, installation keys included."""
    found: dict[int, int] = {}
    for table in (SUBJECT_KEYS, INSTALLATION_KEYS):
        query = select(table.c.epoch, func.count()).group_by(table.c.epoch)
        for epoch, count in connection.execute(query):
            found[epoch] = found.get(epoch, 0) + count
    return found


def next_under(connection: Connection, epoch: int, after: bytes, most: int) -> list[Held]:
    """Return the next data subjects' keys that are wrapped under an epoch, by id; none behind the last."""
    mark = _mark(connection)
    statement = (
        f"SELECT wrapped, id, subject FROM subject_keys WHERE id > {mark} "  # noqa: S608 - constants and numbers
        f"AND epoch = {epoch:d} ORDER BY id LIMIT {most:d}"
    )
    found = connection.exec_driver_sql(statement, (after,)).cursor
    return list(found.fetchall()) if found is not None else []


def rewrap(connection: Connection, fresh: Sequence[Held], old: int, new: int) -> int:
    """Have keys wrapped under another epoch; one that was shredded or given away meanwhile is left alone.

    Returns:
        How many were.
    """
    if not fresh:
        return 0
    mark = _mark(connection)
    same = "IS" if mark == "?" else "IS NOT DISTINCT FROM"
    statement = (
        f"UPDATE subject_keys SET epoch = {new:d}, wrapped = {mark} "  # noqa: S608 - constants and numbers
        f"WHERE id = {mark} AND subject {same} {mark} AND epoch = {old:d}"
    )
    return connection.exec_driver_sql(statement, list(fresh)).rowcount


def _mark(connection: Connection) -> str:
    """Return how the driver marks a parameter.

    What is done to a million rows is given to the driver as it is: what SQLAlchemy does for each of them would
    take most of the time.
    """
    return "?" if connection.dialect.name == "sqlite" else "%s"


def rewrap_own(connection: Connection, name: str, wrapped: bytes, old: int, new: int) -> None:
    """Have an installation key wrapped under another epoch."""
    change = update(INSTALLATION_KEYS).where(INSTALLATION_KEYS.c.name == name, INSTALLATION_KEYS.c.epoch == old)
    connection.execute(change.values(epoch=new, wrapped=wrapped))


def outdated(connection: Connection, before: float, most: int) -> list[tuple[bytes, int]]:
    """Return some data subjects whose newest key is from before that time, and its serial."""
    query = (
        select(SUBJECT_KEYS.c.subject, func.max(SUBJECT_KEYS.c.serial))
        .where(SUBJECT_KEYS.c.subject.is_not(None))
        .group_by(SUBJECT_KEYS.c.subject)
        .having(func.max(SUBJECT_KEYS.c.created_at) < before)
        .limit(most)
    )
    return [(subject, serial) for subject, serial in connection.execute(query)]


def assents(connection: Connection) -> list[Assent]:
    """Return who wants which epoch's key destroyed."""
    return [Assent(*row) for row in connection.execute(select(ASSENTS).order_by(ASSENTS.c.officer))]


def assent(connection: Connection, given: Assent) -> None:
    """Keep that an officer wants an epoch's key destroyed; an older word of theirs is replaced."""
    withdraw(connection, given.epoch, given.officer)
    connection.execute(
        insert(ASSENTS).values(epoch=given.epoch, officer=given.officer, at=given.at, digest=given.digest)
    )


def withdraw(connection: Connection, epoch: int, officer: str) -> int:
    """Forget that an officer wants it; return whether they did."""
    gone = delete(ASSENTS).where(ASSENTS.c.epoch == epoch, ASSENTS.c.officer == officer)
    return connection.execute(gone).rowcount


def installation_keys(connection: Connection) -> dict[str, Wrapped]:
    """Return the keys that belong to nobody, by name."""
    rows = connection.execute(select(INSTALLATION_KEYS))
    return {row.name: Wrapped(row.name.encode(), None, row.epoch, row.wrapped) for row in rows}


def searched(connection: Connection, *, hold: Literal["", "share", "change"] = "") -> str:
    """Return the numbers of the index keys that are searched, `1,2`, the one in force last.

    Args:
        connection: may be one that changes something.
        hold: `share`: nobody changes it before this connection's block has ended; `change`: nor reads it so.
    """
    if hold:
        first = select(INSTALLATION_KEYS.c.name).where(INSTALLATION_KEYS.c.name == "index")
        connection.execute(first.with_for_update(read=hold == "share")).first()
    # A statement of its own: who waited for the row would not see what was changed meanwhile.
    return settings(connection).get(_SEARCHED, "1")


def search(connection: Connection, numbers: str) -> None:
    """Keep which index keys are searched."""
    connection.execute(delete(SETTINGS).where(SETTINGS.c.name == _SEARCHED))
    connection.execute(insert(SETTINGS).values(name=_SEARCHED, value=numbers))


def add_own(connection: Connection, name: str, epoch: int, wrapped: bytes) -> None:
    """Keep a new installation key."""
    connection.execute(insert(INSTALLATION_KEYS).values(name=name, epoch=epoch, wrapped=wrapped))


def drop_own(connection: Connection, name: str) -> None:
    """Delete an installation key."""
    connection.execute(delete(INSTALLATION_KEYS).where(INSTALLATION_KEYS.c.name == name))


def settings(connection: Connection) -> dict[str, str]:
    """Return what was settled when keys were made."""
    return {row.name: row.value for row in connection.execute(select(SETTINGS))}

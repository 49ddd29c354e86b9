"""The front door: what is durable, what is refused, and who may read the file."""

import contextlib
import os
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import URL, Column, Connection, Integer, MetaData, String, Table, insert, select, text

from proxy.errors import StoreError, Unavailable
from proxy.store import Chapter, Store, sqlite
from proxy.store.store import url_of

_META = MetaData()
NOTES = Table("notes", _META, Column("id", Integer, primary_key=True), Column("said", String(200)))
CHAPTER = Chapter("notes", (NOTES,))


@pytest.fixture
def store(database_url: URL):
    """Give a new database."""
    opened = Store.open(database_url, (CHAPTER,))
    yield opened
    opened.close()


@pytest.fixture
def hasty(store: Store, tmp_path: Path):
    """Give the same database to somebody who does not wait for a turn."""
    opened = Store(sqlite.engine(tmp_path / "s.db", busy_seconds=0.001))
    yield opened
    opened.close()


def said(store: Store) -> list[str]:
    """Return what is kept, in order."""
    with store.read() as connection:
        return [row.said for row in connection.execute(select(NOTES).order_by(NOTES.c.id))]


def add(connection: Connection, what: str) -> None:
    """Keep something."""
    connection.execute(insert(NOTES).values(said=what))


def test_a_block_that_ends_well(store: Store) -> None:
    """A block that ends well is kept and one that raises is not."""
    with store.begin() as connection:
        add(connection, "a")
    with contextlib.suppress(ZeroDivisionError), store.begin() as connection:
        add(connection, "b")
        raise ZeroDivisionError
    assert said(store) == ["a"]


def test_one_who_looks_sees_one_state(store: Store) -> None:
    """One who looks sees one state while another changes it."""
    with store.read() as connection:
        assert connection.execute(select(NOTES)).all() == []
        with store.begin() as other:
            add(other, "a")
        assert connection.execute(select(NOTES)).all() == []
    assert said(store) == ["a"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_who_read_before_they_change(store: Store) -> None:
    """Two who read before they change take turns."""

    def change() -> None:
        for _ in range(20):
            with store.begin() as connection:
                count = len(connection.execute(select(NOTES)).all())
                add(connection, str(count))

    threads = [threading.Thread(target=change) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said(store) == [str(number) for number in range(80)]


def test_the_file_and_its_log(tmp_path: Path) -> None:
    """The file and its log are for the owner only whatever the umask."""
    before = os.umask(0)
    try:
        store = Store.open(url_of(tmp_path / "s.db"), (CHAPTER,))
        with store.begin() as connection:
            add(connection, "a")
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"s.db": 0o600, "s.db-wal": 0o600, "s.db-shm": 0o600}
    store.close()


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda path: (path.write_bytes(b"something else" * 99), path.chmod(0o600)), "not a database"),
        (lambda path: (path.touch(), path.chmod(0o640)), "open to others"),
        (lambda path: path.mkdir(), "directory"),
        (lambda path: path.symlink_to("/etc/passwd"), "symbolic links"),
    ],
)
def test_a_file_that_cannot_be_ours(tmp_path: Path, prepare, said: str) -> None:
    """A file that cannot be ours is refused."""
    prepare(tmp_path / "s.db")
    with pytest.raises(StoreError, match=said):
        Store.open(url_of(tmp_path / "s.db"), (CHAPTER,))


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite:///relative.db", "no url", "postgresql+asyncpg://h/d"])
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    """A url of another kind is refused."""
    with pytest.raises(StoreError):
        Store.open(url, (CHAPTER,))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_we_ask_of_sqlite(store: Store) -> None:
    """What we ask of sqlite is in force on every connection."""
    wanted = {
        "secure_delete": 1,
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
    }
    with store.read() as one, store.read() as two:
        for connection in (one, two):
            found = {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in wanted}
            assert found == wanted


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_deleted_bytes_are_gone(store: Store, tmp_path: Path) -> None:
    """Deleted bytes are gone from the files after forget."""
    canary = "canary-" + "x" * 64
    with store.begin() as connection:
        add(connection, canary)
    with store.begin() as connection:
        connection.execute(text("DELETE FROM notes"))

    def traces() -> int:
        return sum(path.read_bytes().count(canary.encode()) for path in tmp_path.iterdir())

    assert traces()
    store.forget()
    assert traces() == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_forget_says_that_the_log_could_not_be_cut(store: Store, hasty: Store) -> None:
    """Somebody who reads an older state keeps the log from being cut, and that is said."""
    with store.begin() as connection:
        add(connection, "a")
    with store.read() as connection:
        connection.execute(select(NOTES)).all()
        with store.begin() as other:
            add(other, "b")
        with pytest.raises(Unavailable, match="store_busy"):
            hasty.forget()
    hasty.forget()


def test_no_error_carries_a_value(store: Store) -> None:
    """No error carries a value, nor the one that it came from."""
    add_twice = insert(NOTES).values(id=1, said="canary")
    with store.begin() as connection:
        connection.execute(add_twice)
    with pytest.raises(Unavailable) as raised, store.begin() as connection:
        connection.execute(add_twice)
    assert raised.value.reason == "store_conflict"
    assert "canary" not in str(raised.value)
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_locked_database_is_said_to_be_busy(hasty: Store, tmp_path: Path) -> None:
    """A locked database is said to be busy."""
    with contextlib.closing(sqlite3.connect(tmp_path / "s.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="store_busy"), hasty.begin():
            pass


def test_a_store_says_where_it_is(store: Store, tmp_path: Path) -> None:
    """A store says where it is."""
    where = str(tmp_path / "s.db") if store.embedded else "postgresql+psycopg://gate:***@/t_"
    assert store.where.startswith(where)
    store.ping()
    store.forget()

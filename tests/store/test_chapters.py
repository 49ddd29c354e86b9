"""Older databases are brought up to date, newer ones refused."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import URL, Column, Connection, Integer, MetaData, String, Table, inspect, text

from proxy.errors import StoreError
from proxy.store import Chapter, Store
from proxy.store.store import url_of

_OLD = MetaData()
_NEW = MetaData()
OLD = Chapter("notes", (Table("notes", _OLD, Column("id", Integer, primary_key=True)),))


def _add_said(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE notes ADD COLUMN said VARCHAR(20)"))


def _fails(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE notes ADD COLUMN half VARCHAR(20)"))
    raise ZeroDivisionError


NEW = Chapter(
    "notes",
    (Table("notes", _NEW, Column("id", Integer, primary_key=True), Column("said", String(20))),),
    (_add_said,),
)


def columns(store: Store) -> list[str]:
    """Return the names of the table's columns."""
    with store.read() as connection:
        return [column["name"] for column in inspect(connection).get_columns("notes")]


def opened(url: URL, *chapters: Chapter) -> list[str]:
    """Open, look at the columns, and close."""
    store = Store.open(url, chapters)
    try:
        return columns(store)
    finally:
        store.close()


def test_an_older_database_equals_a_new_one(database_url: URL, tmp_path: Path) -> None:
    """It takes the steps, once; the new one took none."""
    new = url_of(tmp_path / "new.db")
    assert opened(database_url, OLD) == ["id"]
    assert opened(database_url, NEW) == ["id", "said"] == opened(new, NEW)
    assert opened(database_url, NEW) == ["id", "said"]


def test_many_processes_start_at_once(database_url: URL) -> None:
    """One of them brings it up to date, the others wait and find it done."""
    opened(database_url, OLD)
    threads = [threading.Thread(target=opened, args=(database_url, NEW)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened(database_url, NEW) == ["id", "said"]


def test_a_newer_database_is_refused(database_url: URL) -> None:
    """A newer database is refused and stays as it is."""
    opened(database_url, NEW)
    with pytest.raises(StoreError, match=r"newer version of Lychgate \(it has newer notes\)"):
        opened(database_url, OLD)
    assert opened(database_url, NEW) == ["id", "said"]


def test_a_chapter_that_this_version(database_url: URL) -> None:
    """A chapter that this version does not know is newer."""
    opened(database_url, OLD, Chapter("more", ()))
    with pytest.raises(StoreError, match="more"):
        opened(database_url, OLD)


def test_a_step_that_fails_leaves_all(database_url: URL) -> None:
    """A step that fails leaves all as it was."""
    opened(database_url, OLD)
    with pytest.raises(ZeroDivisionError):
        opened(database_url, Chapter("notes", NEW.tables, (_fails,)))
    assert opened(database_url, OLD) == ["id"]

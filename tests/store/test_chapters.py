"""Older databases are brought up to date, newer ones refused."""

from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, inspect, text

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


def opened(tmp_path: Path, *chapters: Chapter) -> list[str]:
    """Open, look at the columns, and close."""
    store = Store.open(url_of(tmp_path / "s.db"), chapters)
    try:
        return columns(store)
    finally:
        store.close()


def test_an_older_database_takes_the_steps(tmp_path: Path) -> None:
    """An older database takes the steps and equals a new one."""
    (tmp_path / "new").mkdir()
    assert opened(tmp_path, OLD) == ["id"]
    assert opened(tmp_path, NEW) == ["id", "said"] == opened(tmp_path / "new", NEW)
    assert opened(tmp_path, NEW) == ["id", "said"]


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """A newer database is refused and stays as it is."""
    opened(tmp_path, NEW)
    with pytest.raises(StoreError, match=r"newer version of Lychgate \(it has newer notes\)"):
        opened(tmp_path, OLD)
    assert opened(tmp_path, NEW) == ["id", "said"]


def test_a_chapter_that_this_version(tmp_path: Path) -> None:
    """A chapter that this version does not know is newer."""
    opened(tmp_path, OLD, Chapter("more", ()))
    with pytest.raises(StoreError, match="more"):
        opened(tmp_path, OLD)


def test_a_step_that_fails_leaves_all(tmp_path: Path) -> None:
    """A step that fails leaves all as it was."""
    opened(tmp_path, OLD)
    with pytest.raises(ZeroDivisionError):
        opened(tmp_path, Chapter("notes", NEW.tables, (_fails,)))
    assert opened(tmp_path, OLD) == ["id"]

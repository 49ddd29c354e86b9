"""What we ask of PostgreSQL is in force on every connection."""

import pytest
from sqlalchemy import URL, Column, Integer, MetaData, Table, text

from proxy.errors import Unavailable
from proxy.store import Chapter, Store

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
TABLE = Table("things", MetaData(), Column("id", Integer, primary_key=True))
CHAPTER = Chapter("things", (TABLE,))


@pytest.fixture
def store(database_url: URL):
    """Give a new database."""
    opened = Store.open(database_url, (CHAPTER,))
    yield opened
    opened.close()


def test_waits_are_bounded_and_commits_are_on_disk(store: Store) -> None:
    """Whatever the server's own defaults are."""
    wanted = {
        "statement_timeout": "10s",
        "lock_timeout": "10s",
        "synchronous_commit": "on",
        "default_transaction_isolation": "read committed",
    }
    with store.begin() as connection:
        assert {name: connection.execute(text(f"SHOW {name}")).scalar() for name in wanted} == wanted


def test_who_looks_cannot_change_anything(store: Store) -> None:
    """The server itself refuses."""
    with pytest.raises(Unavailable, match="store_failed"), store.read() as connection:
        connection.execute(TABLE.insert())


def test_a_vacuum_leaves_the_waits_as_they_were(store: Store) -> None:
    """It may take longer than a statement; what comes after it on the connection may not."""
    store.forget(TABLE)
    for _ in range(6):
        with store.begin() as connection:
            assert connection.execute(text("SHOW statement_timeout")).scalar() == "10s"


def test_a_server_that_is_not_there(database_url: URL) -> None:
    """It is unreachable, and the password is not told."""
    with pytest.raises(Unavailable, match="store_unreachable") as raised:
        Store.open(database_url.set(query={"host": "/nonexistent"}), (CHAPTER,))
    assert str(database_url.password) not in repr(raised.value)
    assert raised.value.__suppress_context__

"""One open database, and the three ways to use it: change, look, forget."""

import contextlib
import os
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, Table, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from proxy.errors import StoreError, Unavailable
from proxy.store import postgresql, sqlite
from proxy.store.chapters import Chapter, bring_up_to_date, check_up_to_date

_SCHEMA_LOCK: Final = 0x6C796368_67617465
"""For pg_advisory_xact_lock: the letters of our name."""


class Store:
    """A database that is open and up to date. Threads may share it; a process that forks opens its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Whoever forgets to close it leaves no connection behind.
        self._end = weakref.finalize(self, engine.dispose)

    @classmethod
    def open(cls, url: str | URL, chapters: Sequence[Chapter], *, change: bool = True) -> "Store":
        """Return the database at `url`, made if it is an SQLite file that is missing, every chapter up to date.

        Args:
            url: `sqlite:////absolute/path.db` or `postgresql://...`; the path's folder has to exist.
            chapters: everything that this version of Lychgate keeps.
            change: False brings nothing up to date, for who only looks.

        Raises:
            StoreError: the URL is of another kind, the file is open to others or damaged, the driver is not
                installed, a newer version of Lychgate has used the database, or an older one and nothing is to
                be changed.
            Unavailable: `store_unreachable`.
        """
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise StoreError("write the database's URL as postgresql://user@host/name") from None
        if parsed.get_backend_name() == "sqlite":
            engine = sqlite.engine(Path(parsed.database or ""))
        elif parsed.get_backend_name() == "postgresql":
            engine = postgresql.engine(parsed)
        else:
            raise StoreError("the store is SQLite or PostgreSQL")
        store = cls(engine)
        try:
            if not change:
                with store.read() as connection:
                    check_up_to_date(connection, chapters)
                return store
            with store.begin() as connection:
                if not store.embedded:
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})"))
                bring_up_to_date(connection, chapters)
        except BaseException:
            store.close()
            raise
        return store

    @property
    def embedded(self) -> bool:
        """Whether it is a file of this machine, which no other machine shares."""
        return self._engine.dialect.name == "sqlite"

    @property
    def where(self) -> str:
        """The file or the server, without a password, for people to read."""
        url = self._engine.url
        return str(url.database) if self.embedded else url.render_as_string(hide_password=True)

    @contextlib.contextmanager
    def begin(self) -> Iterator[Connection]:
        """Give a connection on which everything happens and is durable when the block ends, or nothing.

        In SQLite one block at a time changes something; others wait up to `sqlite.BUSY_SECONDS`.

        Raises:
            Unavailable: `store_unreachable`, `store_busy`, `store_failed`; nothing has happened, except that
                a commit whose answer was lost may have happened: MUST be repeatable or looked at.
        """
        with _translated(), self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one state of everything and changes nothing.

        Raises:
            Unavailable: as `begin`.
        """
        with _translated(), self._engine.connect() as plain:
            connection = plain.execution_options(**{sqlite.READS: True})
            with connection.begin():
                if not self.embedded:
                    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                yield connection

    @contextlib.contextmanager
    def session(self) -> Iterator[Connection]:
        """Give a connection outside of any block, for a lock that lasts as long as the connection is held.

        Raises:
            Unavailable: as `begin`.
        """
        with _translated(), self._engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            try:
                yield connection
            finally:
                connection.invalidate()  # its locks end with it, and are not in the pool for the next

    def query(self, sql: str) -> sqlite.Query:
        """Return a question to SQLite for one number, to be asked very often; close it before the store.

        Raises:
            Unavailable: the file cannot be opened.
        """
        assert self.embedded
        return sqlite.Query(Path(self._engine.url.database or ""), sql)

    def forget(self, *tables: Table) -> None:
        """Have the bytes of deleted rows gone from the files of this database.

        SQLite overwrote them in place (`secure_delete`), and the write-ahead log that still had them is cut
        here. PostgreSQL is only vacuumed: it promises nothing about bytes in free space, its log and its
        replicas, which is why what is kept here in secret is wrapped under keys that are elsewhere.

        Args:
            tables: that rows were deleted from, for PostgreSQL; all if none is named.

        Raises:
            Unavailable: `store_busy`: somebody reads an older state still, so the log could not be cut.
        """
        with _translated():
            if self.embedded:
                sqlite.cut_log(self._engine)
            else:
                postgresql.vacuum(self._engine, tables)

    def ping(self) -> None:
        """Return if the database answers.

        Raises:
            Unavailable: it does not.
        """
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Let go of every connection."""
        self._end()


def url_of(path: Path) -> URL:
    """Return the URL of an SQLite file."""
    return URL.create("sqlite", database=os.fspath(path))


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Say what went wrong without a statement's parameters, which may be values."""
    try:
        yield
    except IntegrityError:
        raise Unavailable("store_conflict") from None
    except DBAPIError as error:
        raise Unavailable(_reason(error)) from None
    except SQLAlchemyError as error:
        raise Unavailable("store_failed", type(error).__name__) from None


def _reason(error: DBAPIError) -> str:
    code = getattr(error.orig, "sqlite_errorname", "") or ""
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "store_busy"
    if code:
        return "store_failed"
    return "store_unreachable" if getattr(error.orig, "sqlstate", None) is None else "store_failed"

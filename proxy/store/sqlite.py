"""SQLite as we need it: durable when it says so, deleted when it says so, and nobody else's to read."""

import os
import sqlite3
import stat
import threading
import weakref
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from proxy.errors import StoreError, Unavailable

BUSY_SECONDS: Final = 5
READS: Final = "lychgate_reads"
"""Execution option of a connection that only looks."""
MODE: Final = 0o600
_PRAGMAS: Final = (
    # Debian builds SQLite so that this is on already; python.org does not.
    "PRAGMA secure_delete=ON",
    "PRAGMA journal_mode=WAL",
    # In WAL mode anything less loses commits when the power fails.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    # Temporary tables and indices would be files of their own, with copies of rows.
    "PRAGMA temp_store=MEMORY",
    "PRAGMA trusted_schema=OFF",
)


def engine(path: Path, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """Return an engine for the file, which is there, ours alone, and answers.

    Args:
        path: absolute.
        busy_seconds: how long to wait for a turn.

    Raises:
        StoreError: it lies nowhere, is open to others, or is no database.
    """
    _ensure_private(path)
    made = create_engine(
        URL.create("sqlite", database=os.fspath(path)),
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=12,
        pool_timeout=BUSY_SECONDS,
        connect_args={"timeout": busy_seconds, "check_same_thread": False, "isolation_level": None},
        hide_parameters=True,
    )
    event.listen(made, "connect", _prepare)
    event.listen(made, "begin", _begin)
    try:
        with made.connect():
            pass
    except DBAPIError:
        raise StoreError(f"{path} is not a database that this version of SQLite can use") from None
    return made


def cut_log(made: Engine) -> None:
    """Have the write-ahead log empty.

    Raises:
        Unavailable: `store_busy`.
    """
    raw = made.raw_connection()
    try:
        busy, _, _ = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        raw.close()
    if busy:
        raise Unavailable("store_busy", "log not cut")


class Query:
    """A question for one number, asked on a connection of its own in microseconds; threads may share it.

    It sees at once what any process has committed, and neither waits for anybody nor keeps anybody waiting.
    """

    def __init__(self, path: Path, sql: str) -> None:
        self._sql = sql
        self._turn = threading.Lock()
        try:
            self._connection = sqlite3.connect(path, timeout=0, check_same_thread=False, isolation_level=None)
            self._connection.execute("PRAGMA query_only=ON").close()
        except sqlite3.Error:
            raise Unavailable("store_failed") from None
        # Whoever forgets to close it leaves no connection behind.
        self._end = weakref.finalize(self, self._connection.close)

    def now(self) -> int | None:
        """Return the number; None if nobody can tell at this moment."""
        try:
            with self._turn:
                row = self._connection.execute(self._sql).fetchone()
        except sqlite3.Error:
            return None
        return None if row is None else int(row[0])

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._end()


def _ensure_private(path: Path) -> None:
    """Make the file with its mode, whatever the umask is; SQLite gives its log files the mode of the file."""
    if not path.is_absolute():
        raise StoreError("the database's file needs an absolute path")
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, MODE)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from None
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(f"{path} is not a file")
        if status.st_mode & 0o077:
            raise StoreError(f"{path} is open to others: chmod 600")
    finally:
        os.close(fd)


def _prepare(connection: sqlite3.Connection, record: object) -> None:
    del record
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin(connection: Connection) -> None:
    # A block that changes something takes its turn at once: one that reads first and asks for the turn later
    # can be refused without any waiting.
    reads = connection.get_execution_options().get(READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

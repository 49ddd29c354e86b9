"""PostgreSQL through psycopg 3: bounded waits, commits that are on disk, and connections that are checked."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import URL, Engine, Table, create_engine, text
from sqlalchemy.exc import NoSuchModuleError

from proxy.errors import StoreError

CONNECT_SECONDS: Final = 5
STATEMENT_SECONDS: Final = 10
VACUUM_SECONDS: Final = 300
_ALIVE: Final = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": STATEMENT_SECONDS * 1000,
}
"""A server that vanished without a word is noticed within as much time as one that answers may take."""
_OPTIONS: Final = (
    f"-c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout={STATEMENT_SECONDS}s "
    f"-c idle_in_transaction_session_timeout=60s -c synchronous_commit=on "
    f"-c default_transaction_isolation=read\\ committed"
)


def engine(url: URL) -> Engine:
    """Return an engine for the server, which nobody has asked anything yet.

    Raises:
        StoreError: the driver is not installed, or the URL names another one.
    """
    if url.drivername not in {"postgresql", "postgresql+psycopg"}:
        raise StoreError("PostgreSQL is reached by psycopg 3: write postgresql://")
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=4,
            max_overflow=12,
            pool_timeout=CONNECT_SECONDS,
            connect_args={"connect_timeout": CONNECT_SECONDS, "options": _OPTIONS, **_ALIVE},
            hide_parameters=True,
        )
    except (ImportError, NoSuchModuleError):
        raise StoreError("PostgreSQL needs its driver: pip install 'lychgate[postgresql]'") from None


def vacuum(made: Engine, tables: Iterable[Table]) -> None:
    """Have what nobody can see any more removed from the pages of these tables, or of all."""
    names = ", ".join(table.name for table in tables)
    with made.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text(f"SET statement_timeout = '{VACUUM_SECONDS}s'"))
        try:
            connection.execute(text(f"VACUUM {names}"))
        finally:
            connection.execute(text(f"SET statement_timeout = '{STATEMENT_SECONDS}s'"))

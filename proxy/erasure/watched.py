"""Records in which somebody may just be withdrawing a consent: written down before the CRM is asked, so that no
withdrawal is lost with a process.

Nothing is decided by a row: whoever takes it looks at the record, and what the CRM shows then counts.
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec
from sqlalchemy import delete, insert, select, update

from proxy.erasure.cases import Seals
from proxy.erasure.plan import Spot
from proxy.erasure.tables import WATCHED
from proxy.errors import LychgateError
from proxy.ids import new_id
from proxy.store import Store


class Watch(msgspec.Struct, frozen=True):
    """One record that is being written."""

    spot: Spot
    at: int
    """Since when, in seconds since the epoch."""
    before: dict[str, Literal["given", "absent", "withdrawn", "unknown"]] = {}
    """How the consent of each rule (by id) stood before; a rule that is not there: nobody knows."""


class Watching(msgspec.Struct, frozen=True):
    """What was written down for one request."""

    rows: tuple[str, ...]
    watches: tuple[Watch, ...]


class Watched:
    """The records, in the store.

    Args:
        store: open, with this package's chapter.
        seals: under a key of this use alone.
    """

    def __init__(self, store: Store, seals: Seals) -> None:
        self._store = store
        self._seals = seals

    def note(self, watches: tuple[Watch, ...], *, late: int) -> Watching:
        """Have some records looked at late, if nobody says sooner; durable when this returns.

        Args:
            watches: the records.
            late: seconds from when each was noted.
        """
        rows = [
            {"id": (name := new_id()), "at": one.at + late, "sealed": self._sealed(name, one)} for one in watches
        ]
        if rows:
            with self._store.begin() as connection:
                connection.execute(insert(WATCHED), rows)
        return Watching(tuple(str(row["id"]) for row in rows), watches)

    def _sealed(self, name: str, watch: Watch) -> str:
        return self._seals.seal(_ENCODER.encode(watch), _context(name))

    def look_at(self, watching: Watching, now: int) -> None:
        """Have records looked at from a moment on.

        A row that was looked at before its time is noted anew: the CRM had not answered then.
        """
        with self._store.begin() as connection:
            there = update(WATCHED).where(WATCHED.c.id.in_(watching.rows)).values(at=now)
            gone = connection.execute(there).rowcount < len(watching.rows)
        if gone:
            self.note(watching.watches, late=0)

    def later(self, row: str, at: int) -> None:
        """Have a row looked at again."""
        with self._store.begin() as connection:
            connection.execute(update(WATCHED).where(WATCHED.c.id == row).values(at=at))

    def due(self, now: int, limit: int) -> Mapping[str, Watch | None]:
        """Return what is to be looked at by now, longest due first; None: it cannot be read."""
        found = select(WATCHED.c.id, WATCHED.c.sealed).where(WATCHED.c.at <= now)
        with self._store.read() as connection:
            rows = connection.execute(found.order_by(WATCHED.c.at, WATCHED.c.id).limit(limit)).all()
        return {row.id: self._opened(row.id, row.sealed) for row in rows}

    def _opened(self, name: str, sealed: str) -> Watch | None:
        try:
            return _DECODER.decode(self._seals.open(sealed, _context(name)))
        except (ValueError, LychgateError):
            return None

    def drop(self, row: str) -> None:
        """Forget a row; what it stood for has been dealt with."""
        with self._store.begin() as connection:
            connection.execute(delete(WATCHED).where(WATCHED.c.id == row))


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Watch)


def _context(row: str) -> str:
    return f"erasure watched\n{row}"

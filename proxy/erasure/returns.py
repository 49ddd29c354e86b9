"""The worklist of people who were erased and whom somebody tried to store again.

The write was refused; nothing of it is kept but of which case it would have been a return, and where. Whoever
may agree to erasures looks at it: with a new lawful basis the person may come back, without one the line goes.
"""

from typing import Any

from sqlalchemy import delete, insert, select, update

from proxy.erasure.tables import RETURNS
from proxy.store import Store


class Returns:
    """The table of returns."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, case: str, lane: str, now: int) -> None:
        """Count one more attempt; durable when this returns."""
        here = (RETURNS.c.case == case) & (RETURNS.c.lane == lane)
        with self._store.begin() as connection:
            more = update(RETURNS).where(here).values(last=now, count=RETURNS.c.count + 1)
            if connection.execute(more).rowcount == 0:
                new = {"case": case, "lane": lane, "first": now, "last": now, "count": 1}
                connection.execute(insert(RETURNS).values(new))

    def waiting(self) -> list[dict[str, Any]]:
        """Return all lines, oldest first."""
        with self._store.read() as connection:
            rows = connection.execute(select(RETURNS).order_by(RETURNS.c.first, RETURNS.c.case, RETURNS.c.lane))
            return [dict(row) for row in rows.mappings()]

    def drop(self, case: str) -> int:
        """Take a case's lines away; return how many there were."""
        with self._store.begin() as connection:
            return connection.execute(delete(RETURNS).where(RETURNS.c.case == case)).rowcount

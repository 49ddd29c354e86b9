"""Whose records nobody reads, as they are kept: item by item, each with the case it is for."""

from collections.abc import Iterable

from sqlalchemy import delete, insert, select

from proxy.erasure.tables import SHUT
from proxy.errors import LychgateError
from proxy.store import Store


class Taken(LychgateError):
    """Another case has some of these records already."""


class Shut:
    """The table of restricted records."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def items(self) -> list[str]:
        """Return everything that is shut, sorted."""
        with self._store.read() as connection:
            return list(connection.scalars(select(SHUT.c.item).order_by(SHUT.c.item)).all())

    def put(self, case: str, items: Iterable[str]) -> None:
        """Have the items of a case be exactly these; durable when this returns.

        Raises:
            Taken: one of them is another case's.
        """
        wanted = sorted(set(items))
        with self._store.begin() as connection:
            connection.execute(delete(SHUT).where(SHUT.c.case == case))
            for at in range(0, len(wanted), 500):
                part = wanted[at : at + 500]
                if connection.scalar(select(SHUT.c.case).where(SHUT.c.item.in_(part)).limit(1)) is not None:
                    raise Taken(
                        "another case is erasing some of these records; wait for it, or revoke one of the two"
                    )
                connection.execute(insert(SHUT), [{"item": item, "case": case} for item in part])

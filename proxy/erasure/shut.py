"""Whose records nobody reads, as they are kept: item by item, each with the case it is for."""

from collections.abc import Collection, Container, Iterable

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

    def free(self, items: Iterable[str], cases: Collection[str]) -> None:
        """Have items shut no longer for some cases that are over: what those left is gone."""
        wanted = sorted(set(items))
        with self._store.begin() as connection:
            for at in range(0, len(wanted), 500):
                part = SHUT.c.item.in_(wanted[at : at + 500])
                connection.execute(delete(SHUT).where(part, SHUT.c.case.in_([*cases])))

    def put(self, case: str, items: Iterable[str], *, beside: Container[str] = ()) -> None:
        """Have the items of a case be exactly these; durable when this returns.

        Args:
            case: whose they are.
            items: what nobody reads.
            beside: cases that are over, or that it goes on with; what is theirs is shut, and stays theirs.

        Raises:
            Taken: one of them is another case's.
        """
        wanted = sorted(set(items))
        with self._store.begin() as connection:
            connection.execute(delete(SHUT).where(SHUT.c.case == case))
            for at in range(0, len(wanted), 500):
                part = wanted[at : at + 500]
                taken = connection.execute(select(SHUT).where(SHUT.c.item.in_(part))).all()
                if any(row.case not in beside for row in taken):
                    raise Taken(
                        "another case is erasing some of these records; wait for it, or revoke one of the two"
                    )
                theirs = {row.item for row in taken}
                if fresh := [{"item": item, "case": case} for item in part if item not in theirs]:
                    connection.execute(insert(SHUT), fresh)

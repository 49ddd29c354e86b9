"""Where cases are kept: a port, and the store's table behind it, in which a case is ciphertext.

A sealed case is bound to its id, so that one cannot be put in another's place; its id is random and says
nothing.
"""

import re
from collections.abc import Iterator
from typing import Final, Protocol

from sqlalchemy import delete, insert, select

from proxy.erasure.case import Case, decode, encode
from proxy.erasure.notices import due_at
from proxy.erasure.states import State
from proxy.erasure.tables import CASES, HOLDING, ORIGINS, TELLING
from proxy.errors import LychgateError
from proxy.store import Store


class NoSuchCase(LychgateError):
    """Nobody opened a case of this name, or it cannot be read."""


def no_case(case: str) -> NoSuchCase:
    """Return what is raised for a case that is not there, or not the asker's to see."""
    return NoSuchCase(f"no case {case!r} can be read here; see `lychgate erasure list`")


class Cases(Protocol):
    """Keeps cases."""

    def keep(self, case: Case) -> None:
        """Make a case what is found under its id from now on; durable when this returns.

        Raises:
            LychgateError: it cannot be written; what was there before still is.
        """

    def get(self, case: str) -> Case:
        """Return a case.

        Raises:
            NoSuchCase: see there.
        """

    def ids(self) -> Iterator[str]:
        """Yield the ids of all cases, oldest first."""


class Seals(Protocol):
    """Turns bytes into text that nobody else can read, bound to where it belongs."""

    def seal(self, plaintext: bytes, context: str) -> str:
        """Return the text."""

    def open(self, text: str, context: str) -> bytes:
        """Return what was sealed in the same context; raises what LychgateError there is."""


_NAME: Final = re.compile(r"[a-z0-9]{8,40}", re.ASCII)


class StoreCases:
    """Cases in the store.

    Args:
        store: open, with this package's chapter.
        seals: under a key of this use alone.
    """

    def __init__(self, store: Store, seals: Seals) -> None:
        self._store = store
        self._seals = seals

    def keep(self, case: Case) -> None:
        """Write the case; see `Cases.keep`."""
        sealed = self._seals.seal(encode(case), _context(case.id))
        with self._store.begin() as connection:
            connection.execute(delete(CASES).where(CASES.c.id == case.id))
            connection.execute(insert(CASES).values(id=case.id, state=case.state.value, sealed=sealed))
            connection.execute(delete(HOLDING).where(HOLDING.c.case == case.id))
            if case.holds:
                connection.execute(insert(HOLDING).values(case=case.id))
            connection.execute(delete(TELLING).where(TELLING.c.case == case.id))
            if (at := due_at(case)) is not None:
                connection.execute(insert(TELLING).values(case=case.id, at=at))

    def holding(self) -> list[Case]:
        """Return the cases on which holds stand, whatever has become of them and whichever process put them."""
        with self._store.read() as connection:
            names = connection.scalars(select(HOLDING.c.case).order_by(HOLDING.c.case)).all()
        return [case for case in map(self.get, names) if case.holds]

    def telling(self, now: int) -> list[str]:
        """Return the ids of cases of which somebody has to be told something by now."""
        found = select(TELLING.c.case).where(TELLING.c.at <= now).order_by(TELLING.c.at, TELLING.c.case)
        with self._store.read() as connection:
            return [*connection.scalars(found).all()]

    def claim(self, request: bytes, about: bytes, case: str) -> str:
        """Return whose request this is from now on: `case`, or the one that had it before; durable.

        Args:
            request: digest of what a request is called.
            about: digest of that and of whom it names.
            case: the id of a case that does not exist yet.

        Raises:
            LychgateError: what is called so was about somebody else.
        """
        with self._store.begin() as connection:
            found = connection.scalar(select(ORIGINS.c.case).where(ORIGINS.c.digest == request))
            if found is None:
                rows = [{"digest": digest, "case": case} for digest in (request, about)]
                connection.execute(insert(ORIGINS), rows)
                return case
            same = connection.scalar(select(ORIGINS.c.case).where(ORIGINS.c.digest == about))
        if same != found:
            raise LychgateError("a request of this name was about somebody else; give this one another name")
        return str(found)

    def once(self, message: bytes) -> bool:
        """Say whether this is the first time that a message of this digest comes; durable."""
        with self._store.begin() as connection:
            found = connection.scalar(select(ORIGINS.c.case).where(ORIGINS.c.digest == message))
            if found is None:
                connection.execute(insert(ORIGINS).values(digest=message, case=""))
        return found is None

    def get(self, case: str) -> Case:
        """Read a case; see `Cases.get`."""
        if not _NAME.fullmatch(case):
            raise NoSuchCase("a case's id is letters and digits; see `lychgate erasure list`")
        with self._store.read() as connection:
            sealed = connection.scalar(select(CASES.c.sealed).where(CASES.c.id == case))
        try:
            return decode(self._seals.open(str(sealed or ""), _context(case)))
        except (ValueError, LychgateError):
            raise no_case(case) from None

    def ids(self, states: frozenset[State] | None = None) -> Iterator[str]:
        """Yield the ids, oldest first, as they begin with the time; of cases in `states` only, if given."""
        found = select(CASES.c.id).order_by(CASES.c.id)
        if states is not None:
            found = found.where(CASES.c.state.in_([state.value for state in states]))
        with self._store.read() as connection:
            yield from connection.scalars(found).all()


def _context(case: str) -> str:
    return f"erasure case\n{case}"

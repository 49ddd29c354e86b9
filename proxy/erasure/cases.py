"""Where cases are kept: a port, and the store's table behind it, in which a case is ciphertext.

A sealed case is bound to its id, so that one cannot be put in another's place; its id is random and says
nothing.
"""

import contextlib
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from sqlalchemy import Connection, delete, insert, select, update

from proxy.erasure.assent import CONFIRMABLE
from proxy.erasure.case import Case, decode, encode
from proxy.erasure.notices import due
from proxy.erasure.plan import Spot
from proxy.erasure.states import State
from proxy.erasure.tables import CASES, HOLDING, INDEX, MESSAGES, ORIGINS, REQUESTERS
from proxy.errors import LychgateError, Unavailable
from proxy.ids import same_form
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


AGREEABLE: Final = CONFIRMABLE | {State.READY}
"""Cases that people agree to, or have agreed to, and in which nothing has been begun."""
_NAME: Final = re.compile(r"[a-z0-9]{8,40}", re.ASCII)


class StoreCases:
    """Cases in the store.

    Args:
        store: open, with this package's chapter.
        seals: under a key of this use alone.
        key: of this use alone; names requesters.
    """

    def __init__(self, store: Store, seals: Seals, key: bytes) -> None:
        self._store = store
        self._seals = seals
        self._key = key

    def keep(self, case: Case) -> None:
        """Write the case; see `Cases.keep`."""
        with self._store.begin() as connection:
            self._put(connection, case)

    def _put(self, connection: Connection, case: Case) -> None:
        sealed = self._seals.seal(encode(case), _context(case.id))
        before = connection.execute(delete(CASES).where(CASES.c.id == case.id)).rowcount
        connection.execute(insert(CASES).values(id=case.id, state=case.state.value, sealed=sealed))
        connection.execute(delete(HOLDING).where(HOLDING.c.case == case.id))
        if case.holds:
            connection.execute(insert(HOLDING).values(case=case.id))
        connection.execute(delete(MESSAGES).where(MESSAGES.c.case == case.id))
        if told := [{"case": case.id, "to": to, "at": at} for to, at in due(case).items()]:
            connection.execute(insert(MESSAGES), told)
        self._put_index(connection, case)
        if not before:  # whose it is never changes
            connection.execute(insert(REQUESTERS).values(case=case.id, digest=self._digest(case.by)))

    def keep_first(self, case: Case, record: str, instead_of: str | None) -> str:
        """Make a case the one of a record that a client deletes, and keep it, if no other process was faster.

        Args:
            case: new.
            record: what the record is called, with the place where it is.
            instead_of: the case that was that of the record so far, as `of_record` had it.

        Returns the id of the case of the record: that of `case`, or the other's; `case` is not kept then.

        Raises:
            Unavailable: see `Store.begin`; also where another process was faster by less than that takes to see.
        """
        digest = self._digest(f"record\n{record}")
        with self._store.begin() as connection:
            found = connection.scalar(select(ORIGINS.c.case).where(ORIGINS.c.digest == digest))
            if found != instead_of:
                return str(found)
            if found is None:
                connection.execute(insert(ORIGINS).values(digest=digest, case=case.id))
            else:
                mine = update(ORIGINS).where(ORIGINS.c.digest == digest, ORIGINS.c.case == found)
                if not connection.execute(mine.values(case=case.id)).rowcount:
                    raise Unavailable("store_conflict")
            self._put(connection, case)
        return case.id

    def of_record(self, record: str) -> str | None:
        """Return the id of the case that was opened last in place of a record's delete; None: there is none."""
        digest = self._digest(f"record\n{record}")
        with self._store.read() as connection:
            return connection.scalar(select(ORIGINS.c.case).where(ORIGINS.c.digest == digest))

    def _digest(self, by: str) -> bytes:
        return hmac.digest(self._key, by.encode(), hashlib.sha256)

    def _put_index(self, connection: Connection, case: Case) -> None:
        """Have the index say by what a case is found; most of the time it does already."""
        now = set(map(self._digest, _names(case)))
        was = set(connection.scalars(select(INDEX.c.digest).where(INDEX.c.case == case.id)))
        if gone := was - now:
            connection.execute(delete(INDEX).where(INDEX.c.case == case.id, INDEX.c.digest.in_([*gone])))
        if fresh := now - was:
            connection.execute(insert(INDEX), [{"case": case.id, "digest": one} for one in fresh])

    def about(self, spot: Spot, states: frozenset[State]) -> list[str]:
        """Return the cases in some states one of whose people is a record, oldest first."""
        return self._indexed(_person(spot), states)

    def of_batch(self, batch: str) -> list[str]:
        """Return the cases of a batch, oldest first."""
        return self._indexed(f"batch\n{batch}", frozenset(State))

    def agreed_by(self, who: str) -> list[str]:
        """Return the cases to which somebody has said yes and in which nothing has been begun, oldest first."""
        return self._indexed(f"agreed\n{who}", AGREEABLE)

    def _indexed(self, name: str, states: frozenset[State]) -> list[str]:
        """Return the cases that are found by a name; none is opened for it."""
        self._index_older()
        found = select(INDEX.c.case).join(CASES, CASES.c.id == INDEX.c.case)
        found = found.where(
            INDEX.c.digest == self._digest(name), CASES.c.state.in_([each.value for each in states])
        )
        with self._store.read() as connection:
            return [*connection.scalars(found.order_by(INDEX.c.case)).all()]

    def _index_older(self) -> None:
        """Write down by what cases of an older version are found, once; those that cannot be read are not."""
        with self._store.read() as connection:
            names = connection.scalars(select(INDEX.c.case).where(INDEX.c.digest == b"")).all()
        for name in names:
            with contextlib.suppress(NoSuchCase):
                case = self.get(name)
                with self._store.begin() as connection:
                    self._put_index(connection, case)

    def holding(self) -> list[Case]:
        """Return the cases on which holds stand, whatever has become of them and whichever process put them."""
        with self._store.read() as connection:
            names = connection.scalars(select(HOLDING.c.case).order_by(HOLDING.c.case)).all()
        return [case for case in map(self.get, names) if case.holds]

    def telling(self, now: int, limit: int, *, without: Iterable[str] = ()) -> list[tuple[str, str]]:
        """Return of which cases whom to tell something by now, as `notices.due` calls them, longest due first.

        Args:
            now: seconds since the epoch.
            limit: how many at most.
            without: who is left out.
        """
        found = select(MESSAGES.c.case, MESSAGES.c.to).where(
            MESSAGES.c.at <= now, MESSAGES.c.to.not_in([*without])
        )
        with self._store.read() as connection:
            rows = connection.execute(found.order_by(MESSAGES.c.at, MESSAGES.c.case, MESSAGES.c.to).limit(limit))
            return [(row.case, row.to) for row in rows]

    def of(self, by: str, *, after: str = "", limit: int | None = None) -> list[str]:
        """Return the ids of the cases that somebody asked for, as `ids` does; no other is opened for it."""
        self._mark_older()
        found = select(REQUESTERS.c.case).where(
            REQUESTERS.c.digest == self._digest(by), REQUESTERS.c.case > after
        )
        with self._store.read() as connection:
            return [*connection.scalars(found.order_by(REQUESTERS.c.case).limit(limit)).all()]

    def _mark_older(self) -> None:
        """Write down whose the cases of an older version are, once; those that cannot be read are nobody's."""
        with self._store.read() as connection:
            names = connection.scalars(select(REQUESTERS.c.case).where(REQUESTERS.c.digest == b"")).all()
        for name in names:
            try:
                case = self.get(name)
            except NoSuchCase:
                continue
            marked = update(REQUESTERS).where(REQUESTERS.c.case == name).values(digest=self._digest(case.by))
            with self._store.begin() as connection:
                connection.execute(marked)

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

    def ids(
        self, states: frozenset[State] | None = None, *, after: str = "", limit: int | None = None
    ) -> Iterator[str]:
        """Yield the ids, oldest first, as they begin with the time.

        Args:
            states: only of cases in these; None: in any.
            after: only those behind this one.
            limit: how many at most; None: all.
        """
        found = select(CASES.c.id).where(CASES.c.id > after).order_by(CASES.c.id).limit(limit)
        if states is not None:
            found = found.where(CASES.c.state.in_([state.value for state in states]))
        with self._store.read() as connection:
            yield from connection.scalars(found).all()


def _names(case: Case) -> Iterator[str]:
    """Yield what a case is found by."""
    yield from map(_person, case.everybody)
    if case.batch:
        yield f"batch\n{case.batch}"
    if case.state in AGREEABLE:
        yield from (f"agreed\n{each.who}" for each in case.assents)


def _person(spot: Spot) -> str:
    """Return what a record is called in the index, however its id is written."""
    return f"person\n{spot.lane}\n{spot.object}\n{same_form(spot.id)}"


def _context(case: str) -> str:
    return f"erasure case\n{case}"

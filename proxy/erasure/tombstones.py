"""Who was erased, remembered so that nobody can read it: to catch a person who is put back.

A digest is HMAC-SHA256 over kind and normal form of a value that named the person, under a key of this use alone
(standards D.6): a plain hash of an address or a number can be reversed by trying them all. Names are not among
them: others bear them too.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from proxy.erasure import normal
from proxy.erasure.plan import Known
from proxy.erasure.tables import ERASED, LEAVING, TOMBSTONES
from proxy.errors import StoreError
from proxy.store import Store

KINDS: Final = frozenset({"email", "phone", "id"})
_MARK: Final = "key"
"""Kind of the row that is nobody: it tells under which key the others are, and its basis keeps nobody away."""
_AT_ONCE: Final = 500
"""Digests in one question."""


class Tombstones:
    """The table of those who were erased.

    Args:
        store: open, with this package's chapter.
        key: 32 random bytes, derived for this use alone.
    """

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key

    def __repr__(self) -> str:
        return "Tombstones(...)"

    def vouch(self) -> None:
        """Return if those who are remembered here are remembered under this key; the first one is taken note of.

        Under another key none of them would ever be met again, and nothing would say so.

        Raises:
            StoreError: they are remembered under another one.
        """
        own = hmac.digest(self._key, f"{_MARK}\0".encode(), hashlib.sha256)
        kind = TOMBSTONES.c.kind
        with self._store.begin() as connection:
            marks = connection.scalars(select(TOMBSTONES.c.digest).where(kind == _MARK)).all()
            if own in marks:
                return
            if marks and self._remembers(connection, kind != _MARK):
                raise StoreError(
                    "who was erased is remembered under another key, and nobody would be known again: put the "
                    "root key back that this store was used with (keys/root.key below the state folder)"
                )
            connection.execute(delete(TOMBSTONES).where(kind == _MARK))
            row = {"digest": own, "case": "", "kind": _MARK, "since": 0, "basis": _MARK}
            connection.execute(insert(TOMBSTONES), row)

    @staticmethod
    def _remembers(connection: Connection, which: ColumnElement[bool]) -> bool:
        """Say whether anybody stands in one of the tables, in the first one as a condition has it."""
        found = (select(TOMBSTONES.c.digest).where(which), select(LEAVING.c.digest))
        return any(connection.scalar(each.limit(1)) is not None for each in found)

    def digest(self, kind: str, value: str) -> bytes | None:
        """Return what a value is remembered by; None for one that would name others too."""
        form = normal.key(kind, value) if kind in KINDS else ""
        if not form:
            return None
        return hmac.digest(self._key, f"{kind}\0{form}".encode("utf-8", "surrogatepass"), hashlib.sha256)

    def leave(self, case: str, known: Iterable[Known], *, regions: Iterable[str] = ("",)) -> None:
        """Keep away whoever these values name until `put` or `stay` is called. Idempotent, durable.

        What an older case has of them is left as it is.
        """
        rows = [{"digest": digest, "case": case} for digest in self._rows(known, regions)]
        with self._store.begin() as connection:
            connection.execute(delete(LEAVING).where(LEAVING.c.case == case))
            if rows:
                connection.execute(insert(LEAVING), rows)

    def stay(self, case: str) -> None:
        """Let in whom `leave` keeps away for a case, as far as no other one does. Idempotent, durable."""
        with self._store.begin() as connection:
            connection.execute(delete(LEAVING).where(LEAVING.c.case == case))

    def _rows(self, known: Iterable[Known], regions: Iterable[str]) -> dict[bytes, str]:
        """Return the kind of each value, by what it is remembered by."""
        wanted = tuple(regions)
        return {
            digest: one.kind
            for one in known
            for region in wanted
            for digest in self._forms(one.kind, one.value, region)
        }

    def note(self, lanes: Iterable[str], now: int) -> None:
        """Keep when somebody was last erased on some lanes; durable when this returns."""
        with self._store.begin() as connection:
            for lane in sorted({*lanes}):
                connection.execute(delete(ERASED).where(ERASED.c.lane == lane))
                connection.execute(insert(ERASED).values(lane=lane, at=now))

    def last(self, lane: str) -> int:
        """Return when that was, in seconds since the epoch, 0 = never."""
        with self._store.read() as connection:
            found = select(func.max(ERASED.c.at)).where(ERASED.c.lane.in_([lane, ""]))
            return int(connection.scalar(found) or 0)

    def put(self, case: str, known: Iterable[Known], now: int, *, regions: Iterable[str] = ("",)) -> int:
        """Remember everybody's values; return how many are new. Idempotent, durable when this returns.

        Who was let in again on a basis, and is erased by another case, may not come back on that basis: what an
        older case had is the new one's.

        Args:
            case: whose they are.
            known: the values.
            now: seconds since the epoch.
            regions: countries whose numbers may be written without saying so; "" for none.
        """
        rows = self._rows(known, regions)
        with self._store.begin() as connection:
            have: dict[bytes, str] = {}
            for part in batched(rows, _AT_ONCE):
                found = select(TOMBSTONES.c.digest, TOMBSTONES.c.case)
                for row in connection.execute(found.where(TOMBSTONES.c.digest.in_(part))):
                    have[row.digest] = row.case
            again = [digest for digest, by in have.items() if by != case]
            for part in batched(again, _AT_ONCE):
                stood = update(TOMBSTONES).where(TOMBSTONES.c.digest.in_(part))
                connection.execute(stood.values(case=case, since=now, basis=""))
            fresh = [
                {"digest": digest, "case": case, "kind": kind, "since": now, "basis": ""}
                for digest, kind in rows.items()
                if digest not in have
            ]
            if fresh:
                connection.execute(insert(TOMBSTONES), fresh)
            connection.execute(delete(LEAVING).where(LEAVING.c.case == case))
        return len(fresh) + len(again)

    def met(self, values: Iterable[tuple[str, str]], *, region: str = "", leaving: bool = True) -> str | None:
        """Return the case of somebody erased whom one of the values names, None if there is nobody.

        Args:
            values: what a playbook says of the field that holds it, and the value.
            region: country of numbers that do not say theirs; "" if nobody knows.
            leaving: count those who are restricted, too: their own records are still there.
        """
        if not self.any:  # in most installations, most of the time; an import asks about very many
            return None
        digests = {digest for kind, value in values for digest in self._digests(kind, value, region)}
        with self._store.read() as connection:
            for part in batched(digests, _AT_ONCE):
                erased = select(TOMBSTONES.c.case).where(TOMBSTONES.c.digest.in_(part), TOMBSTONES.c.basis == "")
                found = connection.scalar(erased.limit(1))
                if found is None and leaving:
                    found = connection.scalar(select(LEAVING.c.case).where(LEAVING.c.digest.in_(part)).limit(1))
                if found is not None:
                    return str(found)
        return None

    def _digests(self, said: str, value: str, region: str) -> Iterator[bytes]:
        for part in normal.parts(said, value):
            kind = normal.kind_of(said, part)
            for each in normal.among(kind, part):
                yield from self._forms(kind, each, region)

    def _forms(self, kind: str, value: str, region: str) -> Iterator[bytes]:
        """Yield what a value is remembered by."""
        for form in normal.known_as(kind, value, region):
            if (digest := self.digest(kind, form)) is not None:
                yield digest

    def allow(self, case: str, basis: str) -> int:
        """Let the person of a case be here again, on a new lawful basis; return how many values that is."""
        with self._store.begin() as connection:
            changed = connection.execute(
                update(TOMBSTONES).where(TOMBSTONES.c.case == case).values(basis=basis[:200])
            )
        return changed.rowcount

    @property
    def any(self) -> bool:
        """Whether anybody may not come back, or is about to be erased."""
        with self._store.read() as connection:
            return self._remembers(connection, TOMBSTONES.c.basis == "")

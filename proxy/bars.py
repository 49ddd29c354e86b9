"""Keeps an exchange from records that are restricted: named in a request, written by it, or in an answer.

A request that names or writes one is refused. In an answer such a record is taken out whole, as if it were not
there, and so is what is nested in it. A record of which nobody can say whose it is goes too, on a lane where
somebody is restricted: it may be theirs.

What is written is looked at for people who were erased: nobody puts them back without a new lawful basis.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import chain
from typing import Final

from proxy import borrowed, inferred
from proxy.connectors import Opened
from proxy.connectors.naming import telling, told
from proxy.errors import Refused, Unavailable
from proxy.exchange import Exchange
from proxy.message import Record, Tree
from proxy.model import Action, Catalogue, Operation
from proxy.restricted import Restricted, forms, item
from proxy.subjects import Pseudonyms
from proxy.vault.needs import Got, Known, Need, Returning
from proxy.withheld import stands, take_out

REASON: Final = "person_restricted"
RETURNED: Final = "person_erased"
QUARANTINED: Final = "person_quarantined"
STALE: Final = "erasure_stale_job"
CHANGING: Final = frozenset({Action.UPDATE, Action.DELETE, Action.ERASE})


class Bars:
    """The bars of one lane."""

    def __init__(
        self,
        lane: str,
        restricted: Restricted,
        pseudonyms: Pseudonyms,
        erased: Callable[[Iterable[tuple[str, str]]], str | None],
        returned: Callable[[str], None] = lambda case: None,
        *,
        erased_at: Callable[[], int] = lambda: 0,
    ) -> None:
        self._erased_at = erased_at
        self._erased = erased
        self._returned = returned
        self._lane = lane
        self._restricted = restricted
        self._pseudonyms = pseudonyms

    @property
    def number(self) -> int:
        """Grows whenever somebody is restricted, or is not any more."""
        return self._restricted.number

    @property
    def stand(self) -> bool:
        """Whether anybody is restricted on the lane."""
        return self._restricted.on(self._lane)

    def refuse(self, exchange: Exchange) -> None:
        """Return if the request is about nobody who is restricted.

        Raises:
            Refused: it is, or what it is about is not at hand any more.
        """
        if not self._restricted.on(self._lane):
            return
        asked = exchange.asked
        if asked is None:
            raise Refused(REASON)
        catalogue = exchange.rules.connector.catalogue
        if any(map(self._unnamed, asked.operations)):
            raise Refused(REASON)
        every = ((each.object, key) for each in asked.operations for key in each.records)
        named = chain.from_iterable(self._record(*each) for each in every)
        if self._restricted.any([*named, *self._written(asked.writes, catalogue)]):
            raise Refused(REASON)
        self._refuse_queries(exchange)

    def _refuse_queries(self, exchange: Exchange) -> None:
        """Return if nothing tells of records of an object of which some are restricted, and shows none of them.

        Raises:
            Refused: it does; whichever records are found, or what is counted, would tell what is in the
            restricted one.
        """
        if any(self._restricted.among(self._lane, name) for name in inferred.told_of(exchange)):
            raise Refused(REASON)

    def wanted(self, exchange: Exchange) -> dict[str, frozenset[str]]:
        """Return what has to be known of the records of the answer, by object."""
        found = exchange.wanted()
        if self._restricted.on(self._lane):
            for name, links in borrowed.asked_for(exchange).items():
                found[name] = found.get(name, frozenset()) | links
        return found

    def _unnamed(self, operation: Operation) -> bool:
        """Say whether only the CRM knows which records change: those with some address, for instance."""
        changes = operation.action in CHANGING and not operation.records
        return changes and self._restricted.among(self._lane, operation.object)

    def refuse_rows(self) -> None:
        """Return if nobody is restricted on the lane: bodies that pass row by row are not looked through for
        them.

        Raises:
            Refused: somebody is.
        """
        if self._restricted.on(self._lane):
            raise Refused(REASON)

    def refuse_stale(self, ordered: int) -> None:
        """Return if nobody of the lane was erased since what comes back was ordered; blocks.

        Raises:
            Refused: somebody was, and may be in it: the CRM made it before, and keeps it.
        """
        if self._erased_at() >= max(ordered, 1):
            raise Refused(STALE)

    def refuse_return(self, exchange: Exchange) -> Generator[Need, Got, None]:
        """Return if what is written puts nobody back who was erased.

        Raises:
            Refused: it does; a person who comes back needs a new lawful basis, which is put on record first.
                409 where policy has somebody decide about it, 403 elsewhere.
        """
        connector, asked = exchange.rules.connector, exchange.asked
        if asked is None:
            return
        writes = asked.writes
        named = [told(telling(connector, one.object, one.members), one.members) for one in writes]
        back = connector.brought_back(asked)
        yield from self.refuse_named(exchange, tuple(chain.from_iterable(named)), back)

    def refuse_named(
        self,
        exchange: Exchange,
        values: tuple[tuple[str, str], ...],
        records: tuple[tuple[str, str], ...] = (),
    ) -> Generator[Need, Got, None]:
        """Return if nothing of this names somebody who was erased.

        Args:
            exchange: with its rules.
            values: what its field holds, and value.
            records: object and id of those that come back as they are.

        Raises:
            Refused: something does, or nobody can say.
            Unavailable: nobody can say at the moment.
        """
        if not values and not records:
            return
        known = yield Returning(values, records)
        assert isinstance(known, Known)
        if known.case is not None and exchange.rules.policies.erasing.quarantines:
            raise Refused(QUARANTINED, status=409)
        if known.case is not None:
            raise Refused(RETURNED)

    def known(self, need: Returning) -> Known:
        """Return whom values tell of, of those who were erased, once that is on the worklist; blocks."""
        case = self._erased(need.values)
        if case is not None:
            self._returned(case)
        return Known(case)

    def drop(self, opened: Opened, exchange: Exchange) -> frozenset[str] | None:
        """Take what is restricted out of an answer; return who is left in it, None if nobody looked.

        Raises:
            Refused: the answer is such a record and nothing else, or was looked for by what is in one.
        """
        if not self._restricted.on(self._lane):
            return None
        self._refuse_queries(exchange)
        catalogue = exchange.rules.connector.catalogue
        copies = borrowed.Copies(opened, catalogue)
        gone: set[int] = set()
        left: set[str] = set()
        for record in opened.records:
            if record.names is None or record.key is not None:
                self._look(record, record.key, record.members, catalogue, gone=gone, left=left)
            else:
                self._hide_nameless(record.names, record.members, catalogue)
            self._hide(record, copies, left)
        for alike in opened.alike:
            facts = alike.facts or [None] * len(alike.keys)
            for key, row, known in zip(alike.keys, alike.rows, facts, strict=True):
                record = Record(alike.object, alike.action, row, key=key, facts=known)
                self._look(record, key, row, catalogue, gone=gone, left=left)
                self._hide(record, copies, left)
        for name, ids in opened.ids:
            ids[:] = [key for key in ids if not self._restricted.any(self._record(name, str(key)))]
        if gone:
            take_out(opened, gone, REASON)
        return frozenset(left)

    def _hide(self, record: Record, copies: "borrowed.Copies", left: set[str]) -> None:
        """Have a record say nothing of what it repeats of others who are restricted, or may be."""
        for member, whose in copies.of(record):
            names = None if whose is None else {name for each in whose for name in self._record(*each)}
            if names is None or self._restricted.any(names):
                record.members[member] = None
            else:
                left |= names

    def _hide_nameless(
        self, names: Mapping[str, tuple[str, str, Action]], members: dict[str, Tree], catalogue: Catalogue
    ) -> None:
        """Have columns say nothing of people, where no column says whose they are and some are restricted."""
        for member, (name, field, _) in names.items():
            some = name in catalogue and self._restricted.among(self._lane, name)
            if member in members and some and inferred.is_somebodys(catalogue[name], field):
                members[member] = None

    def again(self, left: Iterable[str] | None, exchange: Exchange) -> None:
        """Return if nobody who is left in an answer has been restricted meanwhile.

        Raises:
            Refused: somebody has, or the answer was looked for by what is in their record.
            Unavailable: nobody knows who is left in it; asked for again it will be looked at.
        """
        if not self._restricted.on(self._lane):
            return
        if left is None or exchange.asked is None:
            raise Unavailable("restriction_changed")
        if self._restricted.any(left):
            raise Refused(REASON)
        self._refuse_queries(exchange)

    def _look(
        self,
        record: Record,
        key: str | None,
        members: dict[str, Tree],
        catalogue: Catalogue,
        *,
        gone: set[int],
        left: set[str],
    ) -> None:
        names = set(self._names(record, key, members, catalogue))
        if (not names and catalogue[record.object].subject_key is not None) or self._restricted.any(names):
            gone.add(id(stands(record)))
        else:
            left |= names

    def _names(
        self, record: Record, key: str | None, members: dict[str, Tree], catalogue: Catalogue
    ) -> Iterator[str]:
        if key is not None:
            yield from self._record(record.object, key)
        field = catalogue[record.object].subject_key
        person = members.get(field) if field is not None else None
        if isinstance(person, list) and person:  # with what it is called: [7, "Mara Quinn"]
            person = person[0]
        if isinstance(person, str | int):
            yield from self._items(record.object, "person", str(person))

    def _written(self, writes: Iterable[Record], catalogue: Catalogue) -> Iterator[str]:
        for record in writes:
            if record.object in catalogue:
                yield from self._names(record, record.key, record.members, catalogue)

    def _record(self, object_: str, key: str) -> Iterator[str]:
        return self._items(object_, "record", key)

    def _items(self, object_: str, kind: str, key: str) -> Iterator[str]:
        """Yield each entry by which a record, or whose it is, may stand on the list."""
        for form in forms(key):
            yield item(self._lane, object_, kind, self._pseudonyms.of("record", form))

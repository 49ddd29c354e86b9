"""Rows of an answer, judged: which columns stay, what is done to cells, which rows are left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from proxy.codec import CsvStream, CsvText, Edit, EditAll, Ndjson, NdjsonStream, Records, RowPlan
from proxy.connectors import Asked, Opened
from proxy.connectors.rowset import Rowset
from proxy.errors import Refused, Unavailable
from proxy.exchange import Exchange
from proxy.message import Record, Tree, scalar_text
from proxy.model import Action, Catalogue, Effect
from proxy.streaming.protected import refuse_protected, refuse_protected_records
from proxy.transforms import Apply, Redactions, Redactor, Shape, Tally, apply_all, mask_all


@dataclass(slots=True)
class Batch:
    """What came of the rows of one piece."""

    out: bytes = b""
    records: int = 0
    """Rows that go on."""
    people: list[str] = field(default_factory=list)
    """Whom they are about, in the CRM's ids."""
    tally: Tally = field(default_factory=Tally)
    pruned: int = 0

    def absorb(self, later: "Batch") -> None:
        """Add what comes after it."""
        self.out += later.out
        self.records += later.records
        self.people += later.people
        self.tally.absorb(later.tally)
        self.pruned += later.pruned


class Shown(Protocol):
    """Rows in one form."""

    def take(self, chunk: bytes, *, last: bool) -> Batch:
        """Return what may be shown by now; raises ExchangeError, and then nothing more may be."""


def shown(exchange: Exchange, codec: object, status: int) -> Shown:
    """Return what judges the rows of an answer that comes in a codec.

    Raises:
        Unavailable: the connector does not say what the columns are.
    """
    rules, asked = exchange.rules, exchange.asked
    catalogue = rules.connector.catalogue
    assert asked is not None
    assert exchange.principal is not None
    redactors = rules.redactors.of(exchange.principal.recipient.name)
    redactions = Redactions(exchange.decide, catalogue, redactors, exchange.decide_record)
    rowset = getattr(asked.answer, "rowset", None)
    if not isinstance(rowset, Rowset):
        raise Unavailable("rows_undeclared")
    if isinstance(codec, CsvText):
        return ShownCells(exchange, rowset, codec, redactions)
    if isinstance(codec, Ndjson):
        return ShownLines(exchange, asked, rowset, status, redactions)
    raise Unavailable("rows_undeclared")


class ShownCells:
    """Rows of CSV."""

    def __init__(self, exchange: Exchange, rowset: Rowset, codec: CsvText, redactions: Redactions) -> None:
        self._exchange, self._rowset, self._redactions = exchange, rowset, redactions
        self._stream = CsvStream(codec.dialect, self._plan, sheet=codec.sheet)
        self._batch = Batch()
        self._shape: Shape | None = None
        """What is done to all rows, where all are alike."""

    def take(self, chunk: bytes, *, last: bool) -> Batch:
        """See `Shown`."""
        stream, batch = self._stream, Batch()
        self._batch = batch
        before = stream.rows
        batch.out = stream.feed(chunk)
        if last:
            batch.out += stream.finish()
        batch.records = stream.rows - before
        batch.people = stream.noted.copy()
        stream.noted.clear()
        if self._shape is not None and batch.records:
            batch.tally.add(self._shape, batch.records)
        return batch

    def _plan(self, columns: tuple[str, ...]) -> RowPlan:
        """Work out from the head row what is done to the others."""
        rowset = self._rowset
        members = rowset.members(columns)
        refuse_protected(self._exchange, self._fields(members), shown=True)
        places = {member: at for at, member in enumerate(members) if columns[at] not in rowset.added}
        whose = rowset.key_at(columns)
        if self._redactions.varies(rowset.record()):
            return self._by_row(columns, places, whose)
        shape = self._redactions.redactor(rowset.record()).shape(tuple(places))
        if not shape.shown:
            raise Refused("nothing_released")
        self._shape = shape
        gone = set(shape.removed)
        keep = tuple(at for member, at in places.items() if member not in gone)
        return RowPlan(keep, _edits(shape, places), note=whose, together=_together(shape, places))

    def _by_row(self, columns: Sequence[str], places: Mapping[str, int], whose: int | None) -> RowPlan:
        """Return a plan for rows that come out differently: a column that some may not show is empty in
        those."""
        rowset, redactions = self._rowset, self._redactions
        facts_at = rowset.facts_at(columns)
        members = tuple(places)
        keep = {member: at for member, at in places.items() if self._ever(member)}
        if not keep:
            raise Refused("nothing_released")
        known: dict[Redactor, tuple[Shape, Mapping[int, Edit]]] = {}

        def choose(values: Sequence[str]) -> Mapping[int, Edit] | None:
            facts = None if facts_at is None else facts_at.of(values)
            redactor = redactions.redactor(rowset.record(facts))
            found = known.get(redactor)
            if found is None:
                shape = redactor.shape(members)
                found = known[redactor] = shape, _edits(shape, keep)
            self._batch.tally.add(found[0])
            return found[1] if found[0].shown else None

        return RowPlan(tuple(keep.values()), choose=choose, note=whose)

    def _fields(self, members: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield object and field of what each column shows."""
        for member in members:
            name, shown_field, _ = self._shows(member)
            yield name, shown_field

    def _shows(self, member: str) -> tuple[str, str, Action]:
        rowset = self._rowset
        own = (rowset.object.name, member, rowset.action)
        return own if rowset.names is None else rowset.names.get(member, own)

    def _ever(self, member: str) -> bool:
        """Say whether a column may be shown in any row."""
        name, shown_field, action = self._shows(member)
        return self._exchange.foresee(name, action).of(shown_field).effect is not Effect.DENY


def _edits(shape: Shape, places: Mapping[str, int]) -> Mapping[int, Edit]:
    """Return what a shape does to the cells of the columns at some places."""
    emptied = (*shape.nulled, *shape.removed)
    edits: dict[int, Edit] = {places[member]: _empty for member in emptied if member in places}
    edits |= {places[member]: _text(mask) for member, mask in shape.masked if member in places}
    return edits


def _together(shape: Shape, places: Mapping[str, int]) -> Mapping[int, EditAll]:
    """Return what does to a column what `_edits` does to its cells."""
    masks = {places[member]: mask for member, mask in shape.masked if member in places}
    return {at: partial(mask_all, mask) for at, mask in masks.items() if _text(mask) is mask}


def _empty(_value: str) -> None:
    """Leave nothing of a cell."""


def _text(mask: Apply) -> Edit:
    """Return a mask for cells, where a number is a text as well."""
    return mask if isinstance(mask("x"), str | None) else lambda value: scalar_text(mask(value))


MOST: Final = 2_000
"""Lines that are opened together: their trees are many times as large as they are."""


class ShownLines:
    """Rows of newline-delimited JSON."""

    def __init__(
        self, exchange: Exchange, asked: Asked, rowset: Rowset, status: int, redactions: Redactions
    ) -> None:
        self._exchange, self._asked, self._rowset, self._status = exchange, asked, rowset, status
        self._redactions, self._catalogue = redactions, exchange.rules.connector.catalogue
        self._stream = NdjsonStream(self._edit)
        self._batch = Batch()
        self._any = False

    def take(self, chunk: bytes, *, last: bool) -> Batch:
        """See `Shown`; no line at all is no record."""
        self._any = self._any or bool(chunk)
        self._batch = Batch()
        self._batch.out = self._stream.feed(chunk)
        if last and self._any:
            self._batch.out += self._stream.finish()
        return self._batch

    def _edit(self, records: Records) -> Records:
        left: Records = []
        for at in range(0, len(records), MOST):
            left += self._judged(records[at : at + MOST])
        self._batch.records += len(left)
        return left

    def _judged(self, records: Records) -> Records:
        """Return those of the records that show anything, as they may be shown."""
        rows: list[Tree] = [*records]
        opened = self._asked.open(self._status, rows)
        refuse_protected_records(self._exchange, opened)
        people = _people(opened, self._catalogue)
        batch, redactions = self._batch, self._redactions
        flags = apply_all(redactions, opened.records, self._catalogue, batch.tally)
        for alike in opened.alike:
            redactions.apply_all(alike, batch.tally)
        batch.pruned += opened.pruned
        shows = {
            id(_outermost(one).members)
            for one, any_shown in zip(opened.records, flags, strict=True)
            if any_shown
        }
        shows |= {id(row) for alike in opened.alike for row in alike.rows if row.keys() - alike.keep}
        batch.people += [who for who, members, record in people if _is_shown(members, record, shows)]
        return [row for row in records if not shows.isdisjoint({id(row), *map(id, row.values())})]


_Person = tuple[str, dict[str, Tree], Record | None]
"""Whom a record is about, its members, and the record unless it is one of many that are alike."""


def _people(opened: Opened, catalogue: Catalogue) -> list[_Person]:
    """Return whom each record is about, while it still says so."""
    found: list[_Person] = []
    for alike in opened.alike:
        key = catalogue[alike.object].subject_key
        for row, said in zip(alike.rows, alike.keys, strict=True):
            who = Record(alike.object, alike.action, row, key=said).person(key)
            if who is not None:
                found.append((who, row, None))
    for record in opened.records:
        who = record.person(catalogue[record.object].subject_key)
        if who is not None:
            found.append((who, record.members, record))
    return found


def _is_shown(members: dict[str, Tree], record: Record | None, shows: set[int]) -> bool:
    """Say whether anything of a person's record goes on."""
    if record is None:
        return id(members) in shows
    return not record.gone and bool(members.keys() - record.keep)


def _outermost(record: Record) -> Record:
    while record.within is not None:
        record = record.within[0]
    return record

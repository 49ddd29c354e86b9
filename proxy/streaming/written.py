"""Rows of a request, judged: what they write, and whether each of them may."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from proxy.codec import CsvStream, CsvText, Edit, Ndjson, NdjsonStream, Records, RowPlan
from proxy.connectors.naming import telling, told
from proxy.connectors.rowset import Rowset
from proxy.errors import Gap, Unavailable, Undecodable
from proxy.exchange import Exchange
from proxy.intercepts import refuse_rows
from proxy.message import Tree
from proxy.policy.judge import judge
from proxy.streaming.leaving import Leaving
from proxy.streaming.protected import refuse_protected
from proxy.writes import WriteCheck


class Written(Protocol):
    """Rows in one form."""

    judged: bool
    """Whether it is known, and allowed, what the rows write."""
    records: list[str]
    """The CRM's ids of records that rows are about; the caller's to clear."""
    named: list[tuple[str, str]]
    """What rows write that names somebody, each with what its field holds; the caller's to clear."""
    leaving: Leaving
    """What they come to beside that."""

    def take(self, chunk: bytes, *, last: bool) -> bytes:
        """Return what may be sent by now; raises ExchangeError, and then nothing more may be."""


def written(exchange: Exchange, rowset: Rowset, codec: object) -> Written:
    """Return what judges the rows of a request that comes in a codec."""
    if isinstance(codec, CsvText):
        return WrittenCells(exchange, rowset, codec)
    if isinstance(codec, Ndjson):
        return WrittenLines(exchange, rowset)
    raise Unavailable("rows_undeclared")


def allow(exchange: Exchange, rowset: Rowset, columns: Sequence[str], leaving: Leaving) -> Mapping[str, str]:
    """Return the field that each column writes, if the caller may do all that the rows do; the ruling is noted.

    Raises:
        Refused: it may not, or policy has something else in place of a delete.
    """
    assert exchange.asked is not None
    exchange.stage = "connector"
    operations, fields = rowset.written(columns)
    exchange.asked.operations = (*operations, *leaving.operations())
    exchange.stage = "policy"
    catalogue = exchange.rules.connector.catalogue
    exchange.ruling = judge(exchange.asked.operations, exchange.decide, catalogue)
    exchange.ruling.enforce()
    refuse_rows(exchange)
    exchange.stage = "transform"
    refuse_protected(
        exchange, ((use.object, use.field) for each in exchange.asked.operations for use in each.uses)
    )
    return fields


class WrittenCells:
    """Rows of CSV; they are sent as they were written, each with the end that the connector asks for."""

    def __init__(self, exchange: Exchange, rowset: Rowset, codec: CsvText) -> None:
        self.judged = False
        self.named: list[tuple[str, str]] = []
        self.leaving = Leaving(exchange, rowset)
        self._exchange, self._rowset = exchange, rowset
        self._stream = CsvStream(codec.dialect, self._plan, end=codec.end)
        self.records = self._stream.noted

    def take(self, chunk: bytes, *, last: bool) -> bytes:
        """See `Written`."""
        out = self._stream.feed(chunk)
        if last:
            out += self._stream.finish()
            if not self._stream.rows:
                raise Undecodable("body_expected")
        return out

    def _plan(self, columns: tuple[str, ...]) -> RowPlan:
        rowset = self._rowset
        fields = allow(self._exchange, rowset, columns, self.leaving)
        self.judged = True
        self._columns = columns
        keys = [at for at, column in enumerate(columns) if rowset.is_key(column)]
        check = WriteCheck(self._exchange, rowset.object.name, (rowset.action, *rowset.more), fields.values())
        places = [(at, fields[column]) for at, column in enumerate(columns) if column in fields]
        everything = tuple(range(len(columns)))
        key = keys[0] if keys else None
        return RowPlan(everything, choose=self._inspect(places, check, key), note=key)

    def _inspect(self, places: list[tuple[int, str]], check: WriteCheck, key: int | None) -> "_Choose":
        """Return what looks at each row and changes none."""
        rowset, named, leaving = self._rowset, self.named, self.leaving
        naming = telling(self._exchange.rules.connector, rowset.object.name, [name for _, name in places])
        absent, null, lookup = rowset.absent, rowset.null, rowset.lookup
        is_key = rowset.key_like.fullmatch if rowset.key_like is not None else None

        def inspect(values: Sequence[str]) -> Mapping[int, Edit]:
            members: dict[str, Tree] = {}
            for at, name in places:
                value = values[at]
                if value != absent:
                    members[name] = None if value == null else value
            if is_key is not None and (key is None or not is_key(values[key])):
                raise Undecodable("id_missing")
            if lookup and members.get(lookup) is None:
                raise Undecodable("member_missing")
            check.check(members)
            named.extend(told(naming, members))
            if leaving.look(members, "" if key is None else values[key]):
                allow(self._exchange, rowset, self._columns, leaving)
            return _UNCHANGED

        return inspect


_UNCHANGED: Mapping[int, Edit] = {}


class _Choose(Protocol):
    def __call__(self, values: Sequence[str], /) -> Mapping[int, Edit]: ...


class WrittenLines:
    """Rows of newline-delimited JSON; they are sent with the fields in the connector's spelling."""

    def __init__(self, exchange: Exchange, rowset: Rowset) -> None:
        self.judged = False
        self.records: list[str] = []
        self.named: list[tuple[str, str]] = []
        self.leaving = Leaving(exchange, rowset)
        self._naming: Mapping[str, str] = {}
        self._exchange, self._rowset = exchange, rowset
        self._stream = NdjsonStream(self._edit)
        self._fields: Mapping[str, str] = {}
        self._columns: dict[str, None] = {}
        self._check: WriteCheck | None = None

    def take(self, chunk: bytes, *, last: bool) -> bytes:
        """See `Written`."""
        out = self._stream.feed(chunk)
        return out + self._stream.finish() if last else out

    def _edit(self, records: Records) -> Records:
        new = {name: None for record in records for name in record if name not in self._columns}
        if new or not self.judged:
            self._columns |= new
            self._learn()
        return [self._written(record) for record in records]

    def _learn(self) -> None:
        """Have it judged that rows write other fields than those before."""
        rowset = self._rowset
        spelled = {name: rowset.object.spelled(name) for name in self._columns}
        fields = allow(self._exchange, rowset, tuple(dict.fromkeys(spelled.values())), self.leaving)
        self._fields = {name: fields[to] for name, to in spelled.items() if to in fields}
        self.judged = True
        actions = (rowset.action, *rowset.more)
        self._check = WriteCheck(self._exchange, rowset.object.name, actions, self._fields.values())
        self._naming = telling(self._exchange.rules.connector, rowset.object.name, self._fields.values())

    def _written(self, record: Mapping[str, Tree]) -> dict[str, Tree]:
        members: dict[str, Tree] = {}
        key = ""
        for name, value in record.items():
            if isinstance(value, dict | list):
                raise Gap("construct", "nested_value")
            if name in self._fields:
                members[self._fields[name]] = value
            elif isinstance(value, str | int):
                key = str(value)
                self.records.append(key)
        assert self._check is not None
        self._check.check(members)
        if self.leaving.look(members, key):
            self._learn()
        self.named += told(self._naming, members)
        sent = {self._fields.get(name, name): value for name, value in record.items()}
        if len(sent) != len(record):
            raise Undecodable("repeated_field")
        return sent

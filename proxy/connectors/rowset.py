"""Bodies that are handed on in pieces, row by row: what the rows are records of, and how they are written.

A route that declares `streams: response` is answered with rows, one that declares `streams: request` takes
them; either may have any size. So nothing here holds a body: a `Rowset` says what the columns of any row mean.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from proxy.connectors.facts import NOTHING, Gathering, facts_of
from proxy.connectors.words import NAME, ObjectWords
from proxy.errors import Gap, Undecodable
from proxy.message import Record
from proxy.model import WRITING, Action, Facts, FieldUse, Operation

Names = Mapping[str, tuple[str, str, Action]]
"""Column -> (object, field, action)."""


@dataclass(frozen=True, slots=True)
class Rowset:
    """The rows of one body: records of one object, a column for each field."""

    object: ObjectWords
    action: Action
    """What is done to the fields: read or list where they are shown, create or update where they are written."""
    names: Names | None = None
    """Of an answer, where a query renamed or computed columns, or followed relations; None: a column is called
    as the field that it shows."""
    gathering: Gathering = NOTHING
    """Of an answer: what conditions look at, and the columns that only we asked for."""
    keys: frozenset[str] = frozenset()
    """Of a request: columns that say which record a row is about, and write nothing."""
    key_like: re.Pattern[str] | None = None
    """Of a request: each row has one key, and it is like this; None: it may have none."""
    lookup: str = ""
    """Of a request: the field by which the CRM looks for a record, and which it sets where there is none; each
    row has it. "": it does not look."""
    more: tuple[Action, ...] = ()
    """Of a request: what else each row may do; an upsert updates what it does not create."""
    absent: str | None = None
    """Of a request: the text of a cell that leaves a field as it is; None: there is none."""
    null: str = ""
    """Of a request: the text of a cell that empties a field."""

    # ---- answers ---------------------------------------------------------------------------------------------

    @property
    def added(self) -> frozenset[str]:
        """The columns that nobody but us asked for."""
        return frozenset(".".join((*way, name)) for way, names in self.gathering.added.items() for name in names)

    def members(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Return what each column is called where fields are judged: the listed spelling, or as it came."""
        if self.names is not None:
            return tuple(columns)
        return tuple(map(self.object.spelled, columns))

    def record(self, facts: Facts | None = None) -> Record:
        """Return a record that stands for one row, without its values."""
        return Record(self.object.name, self.action, {}, self.names, facts=facts)

    def facts_at(self, columns: Sequence[str]) -> "FactsAt | None":
        """Return what reads the facts of a row under these columns; None if no condition looks at any."""
        wanted = self.gathering.wanted.get(self.object.name)
        if not wanted:
            return None
        listed = [self._field(column) for column in columns]
        fields = {spec.field for name in wanted if (spec := self.object.spec.attributes.get(name))}
        places = {name: at for at, name in enumerate(listed) if name in fields}
        return FactsAt(self.object, tuple(sorted(wanted)), places)

    def key_at(self, columns: Sequence[str]) -> int | None:
        """Return the place of the column that says whom a row is about; None if none does, or it is about
        nobody."""
        key = self.object.spec.subject_key
        found = [at for at, column in enumerate(columns) if key is not None and self._field(column) == key]
        return found[0] if len(found) == 1 else None

    def _field(self, column: str) -> str:
        """Return the field of the rows' own object that a column shows, "" if it shows none."""
        if self.names is None or column not in self.names:
            return self.object.spelled(column)
        name, shown, action = self.names[column]
        return shown if name == self.object.name and action is self.action else ""

    # ---- requests --------------------------------------------------------------------------------------------

    def is_key(self, column: str) -> bool:
        """Say whether a column names the record that a row is about."""
        return self.object.spelled(column) in self.keys

    def written(self, columns: Iterable[str]) -> tuple[tuple[Operation, ...], Mapping[str, str]]:
        """Return what rows with these columns do, and which field each column writes; keys write none.

        Raises:
            Gap: a column cannot be the name of a field, or has no business in rows that delete.
            Undecodable: two columns write one field, or a column that has to be there is not.
        """
        fields: dict[str, str] = {}
        keyed = 0
        for column in columns:
            if self.is_key(column):
                keyed += 1
            elif not NAME.fullmatch(column):
                raise Gap("construct", "not_a_field_name")
            else:
                fields[column] = self.object.spelled(column)
        if len(set(fields.values())) != len(fields):
            raise Undecodable("repeated_field")
        if self.key_like is not None and keyed != 1:
            raise Undecodable("id_missing")
        if self.lookup and self.lookup not in fields.values():
            raise Undecodable("member_missing")
        if fields and self.action not in WRITING:
            raise Gap("construct", "unknown_member")
        return tuple(self._operations(list(map(self.object.listed, fields.values())))), fields

    def _operations(self, listed: list[str]) -> Iterator[Operation]:
        name, found = self.object.name, self.object.listed(self.lookup) if self.lookup else ""
        changed = (FieldUse(name, each, self.action) for each in listed if each != found)
        yield Operation(self.action, name, tuple(changed))
        for action in self.more:
            yield Operation(action, name, tuple(FieldUse(name, each, action) for each in listed))
        if found:
            yield Operation(Action.READ, name, (FieldUse(name, found, Action.FILTER),))


@dataclass(frozen=True, slots=True)
class FactsAt:
    """Reads what conditions may know of a row out of its cells."""

    object: ObjectWords
    wanted: tuple[str, ...]
    places: Mapping[str, int]
    """Field -> its column."""

    def of(self, values: Sequence[str]) -> Facts:
        """Return the facts of one row; what stands in no column is unknown, and an empty cell is nothing."""
        members = {name: values[at] for name, at in self.places.items()}
        return facts_of(self.object.spec, self.wanted, members)


@runtime_checkable
class InRows(Protocol):
    """An answer that comes in rows."""

    @property
    def rowset(self) -> Rowset:
        """What its rows are."""


ROWS: Final = "$[*]"
"""Where the records of a body in rows lie."""


def in_rows(codec: str) -> bool:
    """Say whether a body in the codec of that name comes in rows."""
    return codec in {"ndjson", "csv"} or codec.startswith("csv_")

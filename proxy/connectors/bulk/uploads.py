"""Rows that a job writes, from CSV or JSON: what each does to which field of the job's object.

An empty cell of a CSV changes nothing, and `#N/A` stands for no value. A row of an update or a delete says by
its id which record it is about; that is no field it writes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.connectors.bulk.jobs import WRITES, Job
from proxy.connectors.grammar import Setting
from proxy.connectors.uses import Uses
from proxy.connectors.words import NAME, ObjectWords
from proxy.errors import Gap, Undecodable
from proxy.message import Record, Tree
from proxy.model import Action, FieldUse, Operation

NOTHING: Final = "#N/A"
BY_ID: Final = frozenset({"update", "delete", "hardDelete"})


@dataclass(slots=True)
class Upload:
    """Collects what the rows of one upload do."""

    setting: Setting
    job: Job
    words: ObjectWords
    rows: list[Tree] = field(default_factory=list)
    """To be sent."""
    writes: list[Record] = field(default_factory=list)
    _uses: Uses = field(init=False)
    _columns: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._uses = Uses(self.words, WRITES[self.job.operation])

    @property
    def deletes(self) -> bool:
        """Whether its rows are nothing but ids."""
        return self.job.operation in {"delete", "hardDelete"}

    def take(self, tree: Tree, *, csv: bool) -> None:
        """Note what every row does.

        Raises:
            Gap: a column that is no field, or a value that is none.
            Undecodable: no rows, no id where one is needed, or a field twice.
        """
        if not isinstance(tree, list) or not all(isinstance(row, dict) for row in tree):
            raise Gap("construct", "unknown_value")
        if not tree:
            raise Undecodable("body_expected")
        for row in tree:
            self._row(row, csv=csv)

    def _row(self, row: Mapping[str, Tree], *, csv: bool) -> None:
        key = self._key(row) if self.job.operation in BY_ID else None
        sent: dict[str, Tree] = {}
        written: dict[str, Tree] = {}
        for name, value in row.items():
            if name == "attributes" and not csv:
                continue
            if isinstance(value, dict | list):
                raise Gap("construct", "nested_value")
            spelled = self._column(name)
            if spelled in sent:
                raise Undecodable("repeated_field")
            sent[spelled] = value
            if name == key or (csv and value == ""):
                continue
            written[spelled] = None if csv and value == NOTHING else value
        self.rows.append(sent)
        if not self.deletes:
            before = len(self.writes)
            self._write(written)
            for write in self.writes[before:]:
                there = (name for name, value in write.members.items() if value is not None)
                write.live = {name: (sent, name) for name in there}
                write.targets = (str(row[key]),) if key is not None else ()

    def _write(self, written: dict[str, Tree]) -> None:
        action = WRITES[self.job.operation]
        if self.job.operation == "upsert":
            found = {name: value for name, value in written.items() if name == self.job.key}
            if found.get(self.job.key) is None:
                raise Undecodable("member_missing")
            self.writes.append(Record(self.words.name, Action.CREATE, found))
            written = {name: value for name, value in written.items() if name != self.job.key}
        self.writes.append(Record(self.words.name, action, written))

    def _key(self, row: Mapping[str, Tree]) -> str:
        """Return the member of a row that names its record, which is noted."""
        names = {steps[-1].lower() for steps in self.setting.rows.keys}
        found = [name for name in row if name.lower() in names]
        value = row[found[0]] if len(found) == 1 else None
        if not isinstance(value, str) or not self.setting.rows.id.fullmatch(value):
            raise Undecodable("id_missing")
        self._uses.records.append(str(value))
        if self.deletes and len(row) != 1:
            raise Gap("construct", "unknown_member")
        return found[0]

    def _column(self, name: str) -> str:
        """Return a column in the connector's spelling; what is written to it is noted once."""
        if name in self._columns:
            return self._columns[name]
        if not NAME.fullmatch(name):
            raise Gap("construct", "not_a_field_name")
        spelled = self._columns[name] = self.words.spelled(name)
        named = self.job.operation in BY_ID and spelled.lower() in {
            steps[-1].lower() for steps in self.setting.rows.keys
        }
        if not named and not (self.job.operation == "upsert" and spelled == self.job.key):
            self._uses.add(name)
        return spelled

    def operations(self) -> Iterable[Operation]:
        """Return all that is done to records of the object."""
        main = self._uses.operation()
        yield main
        if self.job.operation == "upsert":
            key = self.words.listed(self.job.key)
            uses = (key, *(use.field for use in main.uses))
            made = dict.fromkeys(FieldUse(self.words.name, name, Action.CREATE) for name in uses)
            yield Operation(Action.CREATE, self.words.name, tuple(made))
            yield Operation(Action.READ, self.words.name, (FieldUse(self.words.name, key, Action.FILTER),))

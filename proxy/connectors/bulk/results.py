"""Rows that come back from a job: what became of what was uploaded, and what a query found.

In CSV a row of a query is flat: `Account.Name` is a column. Facts for conditions are had of the row's own object
only; what stands behind a relation is judged as a record of which nothing is known.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from proxy.connectors.asked import Opened
from proxy.connectors.bulk.jobs import Job
from proxy.connectors.envelope import Mishaps
from proxy.connectors.facts import NOTHING, Gathering
from proxy.connectors.rows import Rows
from proxy.connectors.words import UNCLASSIFIED, ObjectWords
from proxy.errors import UpstreamFault
from proxy.message import Record, Tree
from proxy.model import Action

Columns = Mapping[str, tuple[str, str, Action]]
"""Column -> (object, field, action)."""
_ID: Final = "Id"
_FLAGS: Final = frozenset({"sf__Created", "Success", "Created"})
_IDS: Final = frozenset({"sf__Id", "Id"})
_ERRORS: Final = frozenset({"sf__Error", "Error"})
_FLAG: Final = re.compile(r"true|false", re.IGNORECASE)


def rows_of(tree: Tree | None) -> list[Tree]:
    """Return the rows of an answer; none where it has no body. Raises UpstreamFault if it is no table."""
    if tree is None:
        return []
    if not isinstance(tree, list):
        raise UpstreamFault("unexpected_shape")
    return tree


def nothing(row: dict[str, Tree]) -> None:
    """Have an empty cell say what it means in a record: there is nothing to be hidden, or to be shown of it."""
    for name, value in row.items():
        if value == "":
            row[name] = None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The answer that says of each uploaded row what became of it."""

    job: Job
    words: ObjectWords
    mishaps: Mishaps | None
    id: re.Pattern[str]
    echoes: bool
    """Whether the columns of the upload come back as well."""

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the rows, with errors in our words; whose record an upsert found is not said."""
        opened = Opened(tree)
        if tree is None:
            return opened
        names: dict[str, tuple[str, str, Action]] = {}
        for row in rows_of(tree):
            if not isinstance(row, dict):
                raise UpstreamFault("unexpected_shape")
            nothing(row)
            self._row(row, names, opened)
        return opened

    def _row(self, row: dict[str, Tree], names: dict[str, tuple[str, str, Action]], opened: Opened) -> None:
        keep = []
        for name in list(row):
            field = _ID if name == "sf__Id" else name
            if name in _ERRORS:
                row[name] = self._error(row[name])
                keep.append(name)
            elif name in _FLAGS and (row[name] is None or _FLAG.fullmatch(str(row[name]))):
                keep.append(name)
            elif self._hides(name):
                row[name] = ""
                keep.append(name)
            elif (self.echoes or name in _IDS) and self.words.listed(field) != UNCLASSIFIED:
                names[name] = (self.words.name, self.words.listed(field), Action.READ)
            else:
                del row[name]
                opened.pruned += 1
        key = next((str(row[name]) for name in ("sf__Id", "Id") if row.get(name)), None)
        known = key if key is not None and self.id.fullmatch(key) else None
        opened.records.append(Record(self.words.name, Action.READ, row, names, frozenset(keep), known))

    def _hides(self, name: str) -> bool:
        """Say whether a column would tell whose record an upsert found."""
        return self.job.operation == "upsert" and name in _IDS and not (self.echoes and name == _ID)

    def _error(self, value: Tree) -> Tree:
        """Return an error of one row, `CODE:text:fields`, in our words."""
        if self.mishaps is None or not isinstance(value, str) or not value:
            return ""
        code, text = self.mishaps.say(value.partition(":")[0])
        return f"{code}:{text}:--"


@dataclass(frozen=True, slots=True)
class Listed:
    """The same in JSON: a list of what became of each row, errors apart."""

    job: Job
    words: ObjectWords
    mishaps: Mishaps | None
    id: re.Pattern[str]

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the results, with errors in our words; whose record an upsert found is not said."""
        opened = Opened(tree)
        found: list[Tree] = []
        for row in rows_of(tree):
            if not isinstance(row, dict):
                raise UpstreamFault("unexpected_shape")
            errors = row.get("errors")
            told: dict[str, Tree] = {
                name: row[name] for name in ("success", "created") if isinstance(row.get(name), bool)
            }
            key = row.get("id")
            if isinstance(key, str) and self.id.fullmatch(key) and self.job.operation != "upsert":
                told["id"] = key
                names = {"id": (self.words.name, self.words.listed(_ID), Action.READ)}
                keep = frozenset({"success", "created", "errors"})
                opened.records.append(Record(self.words.name, Action.READ, told, names, keep, key))
            else:
                told["id"] = None
            mishaps = self.mishaps
            items = errors if isinstance(errors, list) else []
            told["errors"] = [] if mishaps is None else [mishaps.tell(item) for item in items]
            found.append(told)
        opened.tree = found
        return opened


@dataclass(frozen=True, slots=True)
class Flat:
    """The answer of a query as a table."""

    rows: Rows
    object: ObjectWords
    columns: Columns
    gathering: Gathering = NOTHING

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the rows; a column that the query did not ask for is pruned."""
        opened = Opened(tree)
        added = frozenset(
            ".".join((*way, name)) for way, names in self.gathering.added.items() for name in names
        )
        for row in rows_of(tree):
            if not isinstance(row, dict):
                raise UpstreamFault("unexpected_shape")
            key = row.get(_ID)
            facts = self.gathering.take(self.object.spec, row, ())
            nothing(row)
            for name in row.keys() - self.columns.keys():
                del row[name]
                opened.pruned += name not in added
            known = key if isinstance(key, str) and self.rows.id.fullmatch(key) else None
            record = Record(self.object.name, Action.LIST, row, self.columns, key=known, facts=facts)
            opened.records.append(record)
        return opened


@dataclass(frozen=True, slots=True)
class Parcels:
    """The ids of the parts that a query's results come in."""

    id: re.Pattern[str]

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the ids, as JSON or XML has them."""
        inner = tree.get("result-list") if isinstance(tree, dict) else None
        found = inner.get("result") if isinstance(inner, dict) else tree
        if found is None or inner == "":
            return Opened({"result-list": {}} if isinstance(tree, dict) else [])
        if not isinstance(found, list):
            raise UpstreamFault("unexpected_shape")
        ids: list[Tree] = [each for each in found if isinstance(each, str) and self.id.fullmatch(each)]
        return Opened({"result-list": {"result": ids}} if isinstance(tree, dict) else ids)

"""Successful answers: an envelope of declared members around records."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.columns import Columns, Dicts, PageAt
from proxy.connectors import paths
from proxy.connectors.alike import together
from proxy.connectors.asked import Beside, Faults, Missing, Opened, Vacant
from proxy.connectors.describing import Descriptions
from proxy.connectors.facts import NOTHING, Gathering
from proxy.connectors.faults import filled
from proxy.connectors.rows import More, Page, Rows, no_more
from proxy.connectors.rowset import Rowset
from proxy.connectors.shape import GONE, Shape
from proxy.connectors.spec import ConnectorFile, LackingModel
from proxy.connectors.words import ObjectWords
from proxy.errors import UpstreamFault
from proxy.message import Tree
from proxy.model import Action

NO_CONTENT: Final = 204
NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class Nothing:
    """The answer of a request that is answered without a body; one that comes anyway is dropped."""

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return an answer without a body."""
        return Opened(None, pruned=0 if tree is None else 1)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The answer to a request about one object."""

    shape: Shape
    rows: Rows
    object: ObjectWords
    action: Action
    more: More = no_more
    gathering: Gathering = NOTHING
    faults: "Mishaps | None" = None
    """Says in our words what went wrong with single records; None: such answers have none."""
    describes: tuple[Descriptions, ...] = ()
    mixed: frozenset[str] = frozenset()
    """Objects whose records may stand there too; each says itself what it is."""
    types: frozenset[str] = frozenset()
    """Further names that the CRM may give the object."""
    asked: Beside = field(default_factory=Beside)
    """What is to come beside the fields of records."""
    missing: Faults | None = None
    """Says that there is no such record, where the CRM sends an answer without a body for that, and for a list
    of nothing; None: it does not."""

    @property
    def rowset(self) -> Rowset:
        """What the rows are, where the answer comes in rows."""
        return Rowset(self.object, self.action, gathering=self.gathering)

    @property
    def page(self) -> PageAt | None:
        """Where the list of records is that may come as `Columns`; None if it must come as a list."""
        rows = self.rows
        if rows.inner is not None or rows.sides.inside or self.gathering.wanted or self.mixed:
            return None
        if self.shape.records is None:
            return None
        told = None if rows.type_at is None else (rows.type_at, self.object.name)
        return PageAt(self.shape.records, frozenset(rows.structure), told)

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the records of the answer and its declared envelope; see `Answer`."""
        if tree is None:
            if status != NO_CONTENT:
                raise UpstreamFault("body_missing")
            return self._empty()
        opened = Opened(tree)
        page = Page(self.rows, self.action, opened, self.more, self.gathering, self.asked)

        def link(value: Tree) -> Tree:
            sealed = self.more("", value) if isinstance(value, str) else None
            return GONE if sealed is None else sealed

        def record(row: Tree) -> Tree:
            told = self.rows.told(row) if self.mixed and isinstance(row, dict) else None
            if told is None:
                return page.open(row, self.object, self.types)
            if told not in self.mixed:  # of an object that was not asked for, or that nobody lists
                opened.pruned += 1
                return GONE
            return page.open(row, self.rows.words.objects[told])

        def optional(row: Tree) -> Tree:
            return None if row is None else record(row)

        def fault(value: Tree) -> Tree:
            return GONE if self.faults is None else self.faults.tell(value)

        def records(rows: Tree) -> Tree:
            if not self.mixed:
                return self._records(page, rows)
            assert isinstance(rows, list)
            rows[:] = [row for row in map(record, rows) if row is not GONE]
            return rows

        def outcome(value: Tree) -> Tree:
            return GONE if self.faults is None else self.faults.outcome(value)

        visits = {
            "record": record,
            "every record": records,
            "optional": optional,
            "more": link,
            "fault": fault,
            "outcome": outcome,
        }
        opened.tree, pruned = self.shape.open(tree, visits)
        opened.pruned += pruned
        opened.totals += self.shape.totals(opened.tree, self.object.name)
        if self.faults is not None and isinstance(opened.tree, dict):
            opened.lacking = self.faults.lacking(self.shape, opened.tree)
        if self.shape.sparse and isinstance(opened.tree, list):
            opened.sparse.append(opened.tree)
        for each in self.describes:
            opened.told += each.told(opened.tree, self.object)
        if self.missing is not None and self.action is Action.READ:
            opened.missing = Missing(NOT_FOUND, self.missing.open(NOT_FOUND, None).tree, any=True)
        elif self.missing is not None and self.shape.records is not None:
            opened.totals.append(Vacant(opened, self.shape.records, self.object.name))
        return opened

    def _records(self, page: Page, rows: Tree) -> Tree:
        """Open a list of records of one object, together where they are alike."""
        columns = Dicts.of(rows) if isinstance(rows, list) else rows
        if isinstance(columns, Columns) and (found := together(page, columns, self.object)):
            page.into.alike.append(found)
        elif isinstance(rows, list):
            for row in rows:
                page.open(row, self.object, self.types)
        elif isinstance(columns, Columns):
            return self._records(page, columns.apart())
        return rows

    def _empty(self) -> Opened:
        """Return an answer without a body: of one record, as if the CRM had said that there is none."""
        if self.missing is None or self.action is not Action.READ:
            return Opened(None)
        opened = self.missing.open(NOT_FOUND, None)
        opened.status = NOT_FOUND
        return opened


@dataclass(frozen=True, slots=True)
class Mishaps:
    """Errors that stand inside a success, one for each record that failed: a known code and our sentence."""

    code_at: paths.Steps
    shape: object
    codes: Mapping[str, str]
    otherwise: str
    """The code where the CRM sent none we know."""
    lacks: LackingModel | None = None
    done: frozenset[str] = frozenset()
    """Codes that say that nothing went wrong."""
    kept: Shape | None = None
    """What is released of what has such a code."""

    @staticmethod
    def compile(file: ConnectorFile, patterns: Mapping[str, re.Pattern[str]]) -> "Mishaps | None":
        """Return them as a connector declares them, None where it does not.

        Raises:
            ValueError: a path or a kind is wrong.
        """
        errors = file.errors
        if errors.item is None:
            return None
        code_at, otherwise = paths.compile_path(errors.item_code), errors.statuses["400"]
        kept = Shape(errors.kept, frozenset({"drop"}), patterns) if errors.kept else None
        done = frozenset(errors.done)
        return Mishaps(code_at, errors.item, errors.codes, otherwise, errors.lacking, done, kept)

    def lacking(self, shape: Shape, tree: dict[str, Tree]) -> Callable[[], int] | None:
        """Return what has an answer say that a record is not there, and returns the status that goes with it.

        None where answers of this shape have no word for it.
        """
        lacks = self.lacks
        if lacks is None or not shape.has_list(f"$.{lacks.errors}"):
            return None

        def say() -> int:
            error = filled(self.shape, {"{code}": lacks.code, "{text}": self.codes[lacks.code]})
            others = tree.get(lacks.errors)
            listed = [each for each in others if each != error] if isinstance(others, list) else []
            tree[lacks.count] = len(listed) + 1
            tree[lacks.errors] = [*listed, error]
            return lacks.status

        return say

    def outcome(self, tree: Tree) -> Tree:
        """Return what is released of what came of one record: what is kept, or the error told; total."""
        code = paths.first(tree, self.code_at)
        if self.kept is None or not isinstance(code, str) or code not in self.done:
            return self.tell(tree)
        return self.kept.open(tree, {})[0]

    def tell(self, tree: Tree) -> Tree:
        """Return one error in constants; total."""
        code, text = self.say(paths.first(tree, self.code_at))
        return filled(self.shape, {"{code}": code, "{text}": text})

    def say(self, told: Tree) -> tuple[str, str]:
        """Return the code that is released for the CRM's, and our text for it; total."""
        code = told if isinstance(told, str) and told in self.codes else self.otherwise
        return code, self.codes[code]

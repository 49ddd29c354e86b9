"""Successful answers: an envelope of declared members around records."""

from dataclasses import dataclass
from typing import Final

from proxy.connectors.alike import together
from proxy.connectors.asked import Opened
from proxy.connectors.facts import NOTHING, Gathering
from proxy.connectors.rows import More, Page, Rows, no_more
from proxy.connectors.shape import GONE, Shape
from proxy.connectors.words import ObjectWords
from proxy.errors import UpstreamFault
from proxy.message import Tree
from proxy.model import Action

NO_CONTENT: Final = 204


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

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the records of the answer and its declared envelope; see `Answer`."""
        if tree is None:
            if status != NO_CONTENT:
                raise UpstreamFault("body_missing")
            return Opened(None)
        opened = Opened(tree)
        page = Page(self.rows, self.action, opened, self.more, self.gathering)

        def link(value: Tree) -> Tree:
            sealed = self.more("", value) if isinstance(value, str) else None
            return GONE if sealed is None else sealed

        def record(row: Tree) -> Tree:
            return page.open(row, self.object)

        def records(rows: Tree) -> Tree:
            assert isinstance(rows, list)
            if (found := together(page, rows, self.object)) is not None:
                opened.alike.append(found)
            else:
                for row in rows:
                    page.open(row, self.object)
            return rows

        visits = {"record": record, "records": records, "more": link}
        opened.tree, pruned = self.shape.open(tree, visits)
        opened.pruned += pruned
        return opened

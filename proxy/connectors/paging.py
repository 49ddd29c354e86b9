"""Cursors of further pages that are ours: the CRM's are sealed on their way out, and opened on their way back.

What is in a cursor is the CRM's affair, and some hold what a query would be refused for: Pipedrive's are a
field, a value of it and a direction, in letters that anybody can write. So no client is shown the CRM's, and the
CRM is sent none that a client made. One opens for whoever was given it, for the same purpose and the same query.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from proxy.connectors import paths
from proxy.connectors.asked import Answer, Opened, Sealer
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.spec import ParameterModel, RouteModel
from proxy.errors import Gap
from proxy.message import Tree

Seal = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Paging:
    """Reads a route by its grammar, and has its cursors sealed."""

    grammar: Grammar
    parameter: str
    at: tuple[str, ...]
    """Where the answer has the next page's cursor."""
    sealer: Sealer | None
    context: str

    def read(self, asking: Asking) -> Reading:
        """Return what the request does, and how its answer is read; see `Grammar.read`."""
        context = self._context(asking)
        sealer, given = self.sealer, asking.query.get(self.parameter)
        if sealer is None:
            if given is not None:
                raise Gap("construct", "cursor")
            return _sealing(self.grammar.read(asking), self.at, None)
        if given is not None:
            opened = sealer.open(given[0], context).decode()
            asking = replace(asking, query={**asking.query, self.parameter: (opened,)})
        return _sealing(self.grammar.read(asking), self.at, lambda text: sealer.seal(text.encode(), context))

    def _context(self, asking: Asking) -> str:
        """Return what a cursor is bound to: the query that it goes on with, and who asks it what for."""
        rest = sorted((name, *values) for name, values in asking.query.items() if name != self.parameter)
        return f"{self.context}\n{json.dumps([sorted(asking.params.items()), rest])}\n{asking.binding}"


@dataclass(frozen=True, slots=True)
class Sealing:
    """An answer whose cursor is sealed, or left out."""

    answer: Answer
    at: tuple[str, ...]
    seal: Seal | None

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the answer taken apart; see `Answer`."""
        opened = self.answer.open(status, tree)
        holder, name = paths.get(opened.tree, self.at[:-1]), self.at[-1]
        if isinstance(holder, dict) and isinstance(text := holder.get(name), str):
            holder[name] = None if self.seal is None else self.seal(text)
        return opened


def _sealing(reading: Reading, at: tuple[str, ...], seal: Seal | None) -> Reading:
    """Return what was read with its cursor sealed, in every form that it can be asked in."""
    narrow, widen, swap = reading.narrow, reading.widen, reading.swap
    return replace(
        reading,
        answer=Sealing(reading.answer, at, seal),
        narrow=None if narrow is None else lambda hidden: _sealing(narrow(hidden), at, seal),
        widen=None if widen is None else lambda wanted: _sealing(widen(wanted), at, seal),
        swap=None if swap is None else lambda looking: _sealing(swap(looking), at, seal),
    )


def paged(route: RouteModel, grammar: Grammar, setting: Setting) -> Grammar:
    """Return the grammar of a route, whose cursors are ours where it says where they stand.

    Raises:
        ValueError: it says so of several parameters, or of an answer in rows.
    """
    found = [
        (name, kind.next) for name, kind in route.query.items() if isinstance(kind, ParameterModel) and kind.next
    ]
    if not found:
        return grammar
    if len(found) > 1 or route.streams:
        raise ValueError("has one cursor at most, and none of an answer in rows")
    (name, at), context = found[0], f"{setting.file.metadata.name} page {route.match}"
    return Paging(grammar, name, paths.names(at), setting.sealer, context)

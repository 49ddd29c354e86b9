"""The grammars `soql` and `soql-page`: a query in a parameter, and the pages that follow its answer.

A page of a query is asked for by a locator that says nothing about the query. So the locator and the query go
into the link together, sealed for one caller and purpose; when the link comes back, the query in it is judged
again, under the policy of that moment.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from zlib import compress, decompress

from proxy.connectors import soql, target
from proxy.connectors.asked import Answer, Opened, Sealer
from proxy.connectors.envelope import Envelope
from proxy.connectors.facts import Gathering, Wanted, Way
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.rows import More, Page, Rows, no_more
from proxy.connectors.shape import GONE, Shape
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import Hidden
from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Record, Tree
from proxy.model import Action, Operation

_AGGREGATE: Final = "AggregateResult"
"""What Salesforce calls a row that is not a record."""


@dataclass(frozen=True, slots=True)
class Links:
    """Seals links to further pages into this API's own URLs."""

    sealer: Sealer | None
    context: str
    base: tuple[str | tuple[str], ...]
    """Path template of the query resource."""
    setting: Setting

    def more(self, meaning: soql.Meaning, asking: Asking) -> More:
        """Return what seals the links in the answer to `meaning`."""
        sealer = self.sealer
        if sealer is None:
            return no_more
        own = soql.write(meaning.query)
        prefix = target.path_of(self.base, asking.params)

        def seal(relation: str, link: str) -> str | None:
            before, _, locator = link.rpartition("/")
            child = meaning.children.get(relation)
            query = own if child is None else soql.write(child.query)
            if before != prefix or not self.setting.patterns["locator"].fullmatch(locator):
                return None
            if relation and child is None:
                return None
            plain = compress(json.dumps([locator, query]).encode("ascii"))
            return f"{prefix}/{sealer.seal(plain, self.context + asking.binding)}"

        return seal

    def open(self, asking: Asking) -> tuple[str, str]:
        """Return the locator and the query inside the link that was followed.

        Raises:
            Undecodable: the link was not made for this caller and purpose.
            Gap: this connector makes no links.
        """
        if self.sealer is None:
            raise Gap("construct", "cursor")
        plain = self.sealer.open(asking.params["cursor"], self.context + asking.binding)
        match json.loads(decompress(plain)):
            case [str(locator), str(query)]:
                return locator, query
        raise Undecodable("cursor")


@dataclass(frozen=True, slots=True)
class Soql:
    """Reads a query from the parameter `q`."""

    setting: Setting
    links: Links
    answer: Shape

    def read(self, asking: Asking) -> Reading:
        """Return what the query does; see `Grammar.read`."""
        text = asking.query.get("q")
        if text is None:
            raise Undecodable("query_missing")
        return self._reading(soql.understand(soql.parse(text[0]), self.setting.words), asking)

    def _reading(self, meaning: soql.Meaning, asking: Asking) -> Reading:
        """Return what the query does, and how to ask for less or more than it does."""
        query = (("q", soql.write(meaning.query)),)
        operations, words = _operations(meaning, self.setting), self.setting.words
        reading = Reading(operations, self.opening(meaning, asking), asking.params, query)

        def widen(wanted: Wanted) -> Reading:
            wider, added = soql.widened(meaning.query, meaning.object, words, wanted)
            opening = gathering(self.opening(meaning, asking), wanted, added)
            return Reading(operations, opening, asking.params, (("q", soql.write(wider)),))

        def narrow(hidden: Hidden) -> Reading:
            less = soql.narrowed(meaning.query, meaning.object, words, hidden)
            return self._reading(replace(meaning, query=less), asking)

        if meaning.columns is None:  # else all is computed: allowed outright, and not from any one record
            reading.widen, reading.narrow = widen, narrow
        return reading

    def opening(self, meaning: soql.Meaning, asking: Asking) -> "Envelope | Aggregated":
        """Return how the answer to `meaning` is read."""
        rows = self.setting.rows
        if meaning.columns is not None:
            return Aggregated(self.answer, rows, meaning.object.name, meaning.columns, meaning.kinds)
        more = self.links.more(meaning, asking)
        return Envelope(self.answer, rows, meaning.object, Action.LIST, more)


@dataclass(frozen=True, slots=True)
class SoqlPage:
    """Reads a link to a further page of a query."""

    soql: Soql

    def read(self, asking: Asking) -> Reading:
        """Return what the query behind the link does; see `Grammar.read`."""
        locator, text = self.soql.links.open(asking)
        meaning = soql.understand(soql.parse(text), self.soql.setting.words)
        operations = _operations(meaning, self.soql.setting)
        params = {**asking.params, "cursor": locator}
        words = self.soql.setting.words

        def widen(wanted: Wanted) -> Reading:
            # The first page was asked for with these fields, and so the CRM sends them here as well.
            _, added = soql.widened(meaning.query, meaning.object, words, wanted)
            opening = gathering(self.soql.opening(meaning, asking), wanted, added)
            return Reading(operations, opening, params)

        return Reading(operations, self.soql.opening(meaning, asking), params, widen=widen)


def gathering(read: "Envelope | Aggregated", wanted: Wanted, added: Mapping[Way, frozenset[str]]) -> Answer:
    """Return how an answer is read so that its records come with facts; groups of records have none."""
    return replace(read, gathering=Gathering(wanted, added)) if isinstance(read, Envelope) else read


@dataclass(frozen=True, slots=True)
class Aggregated:
    """The answer of a query that groups or counts: its rows are not records, its columns are computed."""

    shape: Shape
    rows: Rows
    object: str
    columns: Mapping[str, tuple[str, str, Action]]
    kinds: Mapping[str, soql.Kind]

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the rows; a column that the query did not ask for, or of another kind, is pruned."""
        if tree is None:
            raise UpstreamFault("body_missing")
        opened = Opened(tree)
        page = Page(self.rows, Action.LIST, opened)

        def row(value: Tree) -> Tree:
            return self._row(value, page)

        opened.tree, pruned = self.shape.open(tree, {"record": row, "more": lambda _: GONE})
        opened.pruned += pruned
        return opened

    def _row(self, tree: Tree, page: Page) -> Tree:
        if not isinstance(tree, dict) or self.rows.told(tree) != _AGGREGATE:
            raise UpstreamFault("unexpected_record")
        keep = page.structure(tree, self.rows.layout(tuple(tree)))
        for name in tree.keys() - keep:
            if name not in self.columns or not soql.fits(self.kinds[name], tree[name]):
                del tree[name]
                page.into.pruned += 1
        page.into.records.append(Record(self.object, Action.LIST, tree, self.columns, keep))
        return tree


def _operations(meaning: soql.Meaning, setting: Setting) -> tuple[Operation, ...]:
    """Return what a query does, and what each sub-query in it does that shows records."""
    is_id = setting.rows.id.fullmatch
    return tuple(
        Operation(Action.LIST, part.object.name, part.uses, tuple(filter(is_id, part.records)))
        for part in meaning.parts()
    )


def compile_soql(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that takes a query; raises ValueError where the route is wrong."""
    return _soql(route, setting)


def compile_soql_page(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that takes a link to a page; raises ValueError where it is wrong."""
    if not route.match.endswith("/{cursor}"):
        raise ValueError("must end in /{cursor} for its grammar")
    return SoqlPage(_soql(route, setting))


def _soql(route: RouteModel, setting: Setting) -> Soql:
    if not route.answer:
        raise ValueError("needs an answer for its grammar")
    if "locator" not in setting.patterns:
        raise ValueError('needs a pattern "locator" for its grammar')
    path = route.match.partition(" ")[2].removesuffix("/{cursor}").removesuffix("/")
    links = Links(setting.sealer, f"{setting.file.metadata.name} soql\n", target.template(path), setting)
    return Soql(setting, links, setting.answers[route.answer])

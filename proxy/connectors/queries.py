"""The grammars `soql` and `soql-page`: a query in a parameter, and the pages that follow its answer.

A page of a query is asked for by a locator that says nothing about the query. So the locator and the query go
into the link together, sealed for one caller and purpose; when the link comes back, the query in it is judged
again, under the policy of that moment.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from zlib import compress, decompress

from proxy.connectors import soql, target
from proxy.connectors.asked import Answer, Opened, Sealer
from proxy.connectors.comparing import Looking
from proxy.connectors.envelope import Envelope
from proxy.connectors.facts import Gathering, Wanted, Way
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.implied import outright
from proxy.connectors.rows import More, Page, Rows, no_more
from proxy.connectors.shape import GONE, Shape
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import Hidden
from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Record, Tree
from proxy.model import Action, FieldUse, Operation

_AGGREGATE: Final = "AggregateResult"
"""What Salesforce calls a row that is not a record."""
ALL: Final = "All"
"""At the end of the path of queries that see deleted rows, too; pages of them are those of any query."""
MOST_KEPT: Final = 128
"""Queries remembered, and of each of them what was left out or added."""
LONGEST_KEPT: Final = 4_096
"""Characters of such a query."""


@dataclass(frozen=True, slots=True)
class Links:
    """Seals links to further pages into this API's own URLs."""

    sealer: Sealer | None
    context: str
    base: tuple[str | tuple[str], ...]
    """Path template of the query resource."""
    setting: Setting

    def more(self, understood: "Understood", asking: Asking) -> More:
        """Return what seals the links in the answer to a query."""
        sealer = self.sealer
        if sealer is None:
            return no_more

        def seal(relation: str, link: str) -> str | None:
            before, _, locator = link.rpartition("/")
            before = before.removesuffix(ALL) if understood.deleted else before
            child = understood.meaning.children.get(relation)
            query = understood.text if child is None else soql.write(child.query)
            prefix = target.path_of(self.base, asking.params)
            if before != prefix or not self.setting.patterns["locator"].fullmatch(locator):
                return None
            if relation and child is None:
                return None
            plain = compress(json.dumps([locator, query, understood.deleted]).encode("ascii"))
            return f"{prefix}/{sealer.seal(plain, self.context + asking.binding)}"

        return seal

    def open(self, asking: Asking) -> tuple[str, str, bool]:
        """Return the locator and the query inside the link that was followed, and whether it sees deleted rows.

        Raises:
            Undecodable: the link was not made for this caller and purpose.
            Gap: this connector makes no links.
        """
        if self.sealer is None:
            raise Gap("construct", "cursor")
        plain = self.sealer.open(asking.params["cursor"], self.context + asking.binding)
        match json.loads(decompress(plain)):
            case [str(locator), str(query), bool(deleted)]:
                return locator, query, deleted
        raise Undecodable("cursor")


class Understood:
    """A query, and what has been worked out of it; the same for every caller."""

    def __init__(self, meaning: soql.Meaning, setting: Setting, *, deleted: bool = False) -> None:
        self.meaning = meaning
        self.deleted = deleted
        """Whether it sees deleted rows, too."""
        self.text = soql.write(meaning.query)
        self.operations = _operations(meaning, setting)
        if deleted:
            self.operations += of_deleted(self.operations, setting)
        self._setting = setting
        self._less: dict[Hidden, Understood] = {}
        self._more: dict[frozenset[tuple[str, frozenset[str]]], tuple[str, Mapping[Way, frozenset[str]]]] = {}

    def without(self, hidden: Hidden) -> "Understood":
        """Return the query less some columns; raises Refused where none remains."""
        found = self._less.get(hidden)
        if found is None:
            less = soql.narrowed(self.meaning.query, self.meaning.object, self._setting.words, hidden)
            meaning = replace(self.meaning, query=less)
            found = _keep(self._less, hidden, Understood(meaning, self._setting, deleted=self.deleted))
        return found

    def swapped(self, looking: Looking) -> "Understood":
        """Return the query with what it compares protected fields with put into what the CRM has; not kept."""
        query = soql.swapped(self.meaning.query, self.meaning.object, self._setting.words, looking)
        if query == self.meaning.query:
            return self
        return Understood(replace(self.meaning, query=query), self._setting)

    def widened(self, wanted: Wanted) -> tuple[str, Mapping[Way, frozenset[str]]]:
        """Return the text that asks for facts as well, and the columns that were added, by where they are."""
        key = frozenset(wanted.items())
        found = self._more.get(key)
        if found is None:
            meaning = self.meaning
            wider, added = soql.widened(meaning.query, meaning.object, self._setting.words, wanted)
            found = _keep(self._more, key, (soql.write(wider), added))
        return found


def _keep[K, V](kept: dict[K, V], key: K, value: V) -> V:
    """Remember something among a bounded number of others, and return it."""
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[key] = value
    return value


def _has_condition(query: soql.Query) -> bool:
    """Say whether a query can hold a value of somebody's."""
    inner = (column for column in query.columns if isinstance(column, soql.Query))
    return query.where is not None or query.having is not None or any(map(_has_condition, inner))


@dataclass(frozen=True, slots=True)
class Soql:
    """Reads a query from the parameter `q`."""

    setting: Setting
    links: Links
    answer: Shape
    deleted: bool = False
    """Whether its queries see deleted rows, too."""
    kept: dict[tuple[str, bool], Understood] = field(default_factory=dict, repr=False, compare=False)
    """Queries of which clients send the same ones again and again. None with a condition is among them: what
    it compares with may be somebody's, and is not to outlive its request."""

    def read(self, asking: Asking) -> Reading:
        """Return what the query does; see `Grammar.read`."""
        text = asking.query.get("q")
        if text is None:
            raise Undecodable("query_missing")
        return self._reading(self.understood(text[0], deleted=self.deleted), asking)

    def understood(self, text: str, *, deleted: bool) -> Understood:
        """Return what a query means that sees deleted rows, too, or does not.

        Raises:
            Gap: something that the connector has no word for.
            Undecodable: it is none.
        """
        found = self.kept.get((text, deleted))
        if found is None:
            query = soql.parse(text)
            found = Understood(soql.understand(query, self.setting.words), self.setting, deleted=deleted)
            if len(text) <= LONGEST_KEPT and not _has_condition(query):
                _keep(self.kept, (text, deleted), found)
        return found

    def _reading(self, understood: Understood, asking: Asking) -> Reading:
        """Return what the query does, and how to ask for less or more than it does."""
        reading = Reading(
            understood.operations, self.opening(understood, asking), asking.params, (("q", understood.text),)
        )

        def widen(wanted: Wanted) -> Reading:
            text, added = understood.widened(wanted)
            opening = gathering(self.opening(understood, asking), wanted, added)
            return Reading(understood.operations, opening, asking.params, (("q", text),))

        def narrow(hidden: Hidden) -> Reading:
            return self._reading(understood.without(hidden), asking)

        def swap(looking: Looking) -> Reading:
            return self._reading(understood.swapped(looking), asking)

        reading.swap = swap
        if understood.meaning.columns is None:  # else all is computed: allowed outright, and of no one record
            reading.widen, reading.narrow = widen, narrow
        return reading

    def opening(self, understood: Understood, asking: Asking) -> "Envelope | Aggregated":
        """Return how the answer to a query is read."""
        rows, meaning = self.setting.rows, understood.meaning
        if meaning.columns is not None:
            name, columns = meaning.object.name, meaning.columns
            return Aggregated(self.answer, rows, name, columns, meaning.kinds, meaning.counts)
        more = self.links.more(understood, asking)
        return Envelope(self.answer, rows, meaning.object, Action.LIST, more)


@dataclass(frozen=True, slots=True)
class SoqlPage:
    """Reads a link to a further page of a query."""

    soql: Soql

    def read(self, asking: Asking) -> Reading:
        """Return what the query behind the link does; see `Grammar.read`."""
        locator, text, deleted = self.soql.links.open(asking)
        understood = self.soql.understood(text, deleted=deleted)
        params = {**asking.params, "cursor": locator}

        def widen(wanted: Wanted) -> Reading:
            # The first page was asked for with these fields, and so the CRM sends them here as well.
            _, added = understood.widened(wanted)
            opening = gathering(self.soql.opening(understood, asking), wanted, added)
            return Reading(understood.operations, opening, params)

        reading = Reading(understood.operations, self.soql.opening(understood, asking), params, widen=widen)

        def swap(looking: Looking) -> Reading:
            understood.swapped(looking)  # the CRM has the query already; what cannot be compared is refused anew
            return reading

        return replace(reading, swap=swap)


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
    counts: tuple[str, ...] = ()

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
        for total in self.shape.totals(opened.tree, self.object):
            size = total.holder[total.member]
            if self.columns:  # it says how many groups there are
                opened.totals.append(total)
            elif isinstance(size, int):
                opened.sizes.append((self.object, size))
        return opened

    def _row(self, tree: Tree, page: Page) -> Tree:
        if not isinstance(tree, dict) or self.rows.told(tree) != _AGGREGATE:
            raise UpstreamFault("unexpected_record")
        keep = page.structure(tree, self.rows.layout(tuple(tree)))
        for name in tree.keys() - keep:
            if name not in self.columns or not soql.fits(self.kinds[name], tree[name]):
                del tree[name]
                page.into.pruned += 1
        record = Record(self.object, Action.LIST, tree, self.columns, keep, counts=self.counts)
        page.into.records.append(record)
        return tree


def _operations(meaning: soql.Meaning, setting: Setting) -> tuple[Operation, ...]:
    """Return what a query does, and what each sub-query in it does that shows records."""
    is_id = setting.rows.id.fullmatch
    return tuple(
        Operation(Action.LIST, part.object.name, part.uses, tuple(filter(is_id, part.records)))
        for part in meaning.parts()
    )


def of_deleted(operations: tuple[Operation, ...], setting: Setting) -> tuple[Operation, ...]:
    """Return what it is to see deleted records of the objects that some operations touch, judged outright."""
    words = setting.words.objects[setting.file.deleted]
    names = dict.fromkeys(
        name for each in operations for name in (each.object, *(use.object for use in each.uses))
    )
    return tuple(outright(FieldUse(words.name, words.listed(name), Action.LIST)) for name in names)


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
    deleted = route.layout == "deleted"
    if deleted and setting.file.deleted not in setting.words.objects:
        raise ValueError('needs the name of an object at "deleted:" for its layout')
    return Soql(setting, links_of(route, setting), setting.answers[route.answer], deleted)


def links_of(route: RouteModel, setting: Setting) -> Links:
    """Return what seals links to further pages of the queries of a route."""
    path = route.match.partition(" ")[2].removesuffix("[/]").removesuffix("/{cursor}").removesuffix("/")
    path = path.removesuffix(ALL)
    return Links(setting.sealer, f"{setting.file.metadata.name} soql\n", target.template(path), setting)

"""The grammar `sosl`: free-text searches, in SOSL or by parameters.

To look for something in a field is to filter by it, whatever is returned. So a search names the objects that it
returns and says where it looks: in names, e-mail addresses or phone numbers, which are the fields that the
connector lists for that scope (`searched_in`). A search in all fields would look into some that nobody listed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors import soql
from proxy.connectors.asked import Answer, Opened
from proxy.connectors.facts import NOTHING, Gathering, Wanted
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.rows import Page
from proxy.connectors.shape import GONE, Shape
from proxy.connectors.soql.tree import Column, Path
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import NAME, Hidden, ObjectWords
from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Tree
from proxy.model import Action, FieldUse, Operation

LAYOUTS: Final = ("", "parameters", "body")
MAX_TERM: Final = 4_000
MOST_OBJECTS: Final = 20

_BODY: Final = frozenset({"q", "in", "fields", "sobjects", "overallLimit", "defaultLimit"})
_OBJECT: Final = frozenset({"name", "fields", "where", "orderBy", "limit"})
_LIMITS: Final = ("overallLimit", "defaultLimit")

Sent = tuple[tuple[tuple[str, str], ...], Tree]
"""Query parameters and body."""
Write = Callable[[soql.Search], Sent]
"""Returns what is sent for a search."""


@dataclass(frozen=True, slots=True)
class Searches:
    """Reads a search."""

    setting: Setting
    layout: str
    answer: Shape

    def read(self, asking: Asking) -> Reading:
        """Return what the search does; see `Grammar.read`."""
        search, write = _READERS[self.layout](asking)
        if not search.returned:
            raise Gap("construct", "search_objects")
        if len(search.returned) > MOST_OBJECTS:
            raise Undecodable("too_many_items", status=413)
        meanings = [soql.understand(query, self.setting.words) for query in search.returned]
        if len({each.object.name for each in meanings}) != len(meanings):
            raise Gap("construct", "search_objects")
        operations = tuple(self._operation(each, search.scope) for each in meanings)
        return self._reading(asking, search, meanings, operations, write)

    def _operation(self, meaning: soql.Meaning, scope: str) -> Operation:
        names = meaning.object.searched_in.get(scope)
        if not names:
            raise Gap("construct", "search_scope")
        looked = (FieldUse(meaning.object.name, name, Action.FILTER) for name in names)
        uses = tuple(dict.fromkeys((*meaning.uses, *looked)))
        records = tuple(filter(self.setting.rows.id.fullmatch, meaning.records))
        return Operation(Action.LIST, meaning.object.name, uses, records)

    def _reading(
        self,
        asking: Asking,
        search: soql.Search,
        meanings: list[soql.Meaning],
        operations: tuple[Operation, ...],
        write: Write,
    ) -> Reading:
        """Return what a search does, and how to ask for less or more than it does."""
        words = self.setting.words

        def sending(queries: list[soql.Query], gatherings: Mapping[str, Gathering]) -> Reading:
            found = {
                each.object.name: (each.object, gatherings.get(each.object.name, NOTHING)) for each in meanings
            }
            answer: Answer = Found(self.answer, self.setting, found)
            query, tree = write(replace(search, returned=tuple(queries)))
            return Reading(operations, answer, asking.params, query, tree)

        def narrow(hidden: Hidden) -> Reading:
            less = [
                replace(each, query=soql.narrowed(each.query, each.object, words, hidden)) for each in meanings
            ]
            return self._reading(asking, search, less, operations, write)

        def widen(wanted: Wanted) -> Reading:
            queries, gatherings = [], {}
            for each in meanings:
                wider, added = soql.widened(each.query, each.object, words, wanted)
                queries.append(wider)
                gatherings[each.object.name] = Gathering(wanted, added)
            return sending(queries, gatherings)

        return replace(sending([each.query for each in meanings], {}), narrow=narrow, widen=widen)


@dataclass(frozen=True, slots=True)
class Found:
    """The answer of a search: records of the objects that it returns, each of which says what it is."""

    shape: Shape
    setting: Setting
    objects: Mapping[str, tuple[ObjectWords, Gathering]]

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the records; one of another object is pruned."""
        if tree is None:
            raise UpstreamFault("body_missing")
        opened = Opened(tree)
        rows = self.setting.rows
        pages = {
            name: (words, Page(rows, Action.LIST, opened, gathering=gathering))
            for name, (words, gathering) in self.objects.items()
        }

        def record(row: Tree) -> Tree:
            told = rows.told(row) if isinstance(row, dict) else None
            if told not in pages:
                return GONE
            words, page = pages[told]
            return page.open(row, words)

        opened.tree, pruned = self.shape.open(tree, {"record": record, "more": lambda _: GONE})
        opened.pruned += pruned
        return opened


# ---- three ways of writing a search ------------------------------------------------------------------------


def _sosl(asking: Asking) -> tuple[soql.Search, Write]:
    text = asking.query.get("q")
    if text is None:
        raise Undecodable("query_missing")
    return soql.parse_search(text[0]), lambda search: ((("q", soql.write_search(search)),), None)


def _parameters(asking: Asking) -> tuple[soql.Search, Write]:
    given = {name: values[0] for name, values in asking.query.items()}
    names = tuple(filter(None, given.get("sobject", "").split(",")))
    fields = given.get("fields", "Id").split(",")
    search = soql.Search(_term(given.get("q")), given.get("in", "").upper(), _queries(names, fields))
    more = tuple((name, given[name]) for name in _LIMITS if name in given)

    def write(search: soql.Search) -> Sent:
        objects = ",".join(each.source for each in search.returned)
        named = ((f"{each.source}.fields", ",".join(_names(each))) for each in search.returned)
        return (("q", search.term), ("in", search.scope), ("sobject", objects), *named, *more), None

    return search, write


def _queries(names: tuple[str, ...], fields: list[str]) -> tuple[soql.Query, ...]:
    return tuple(_query({"name": name, "fields": fields}, fields) for name in names)


def _body(asking: Asking) -> tuple[soql.Search, Write]:
    tree = asking.tree
    if not isinstance(tree, dict) or not tree.keys() <= _BODY:
        raise Gap("construct", "unknown_member")
    objects, scope = tree.get("sobjects"), tree.get("in", "")
    if not isinstance(objects, list) or not isinstance(scope, str):
        raise Gap("construct", "unknown_value")
    more = {name: _limit(tree[name]) for name in _LIMITS if name in tree}
    returned = tuple(_query(each, tree.get("fields", ["Id"])) for each in objects)

    def write(search: soql.Search) -> Sent:
        sobjects = [_written(each) for each in search.returned]
        return (), {"q": search.term, "in": search.scope, "sobjects": sobjects, **more}

    return soql.Search(_term(tree.get("q")), scope.upper(), returned), write


_READERS: Final[Mapping[str, Callable[[Asking], tuple[soql.Search, Write]]]] = {
    "": _sosl,
    "parameters": _parameters,
    "body": _body,
}


def _term(value: Tree) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TERM or not value.isprintable():
        raise Gap("construct", "unknown_value")
    return value


def _limit(value: Tree) -> int:
    if type(value) is not int or not 0 < value <= 10_000:
        raise Gap("construct", "unknown_value")
    return value


def _query(tree: Tree, fields: Tree) -> soql.Query:
    """Return what is returned of one object, as a query of it."""
    if not isinstance(tree, dict) or not tree.keys() <= _OBJECT:
        raise Gap("construct", "unknown_member")
    name, named = tree.get("name"), tree.get("fields", fields)
    if not isinstance(name, str) or not NAME.fullmatch(name) or not isinstance(named, list) or not named:
        raise Gap("construct", "unknown_value")
    if not all(isinstance(each, str) and NAME.fullmatch(each) for each in named):
        raise Gap("construct", "not_a_field_name")
    parsed = soql.parse(_text(name, tree))
    if bool(parsed.where) is not ("where" in tree) or bool(parsed.order) is not ("orderBy" in tree):
        raise Gap("construct", "soql")
    if parsed.alias or parsed.group or parsed.having or parsed.limit is not None or parsed.offset is not None:
        raise Gap("construct", "soql")
    columns = tuple(Column(Path((each,))) for each in named)
    return replace(parsed, columns=columns, limit=_limit(tree["limit"]) if "limit" in tree else None)


def _text(name: str, tree: Mapping[str, Tree]) -> str:
    """Return a query that has the conditions and the order of an object of a search."""
    parts = ["SELECT Id FROM", name]
    for member, word in (("where", "WHERE"), ("orderBy", "ORDER BY")):
        if member in tree:
            if not isinstance(tree[member], str):
                raise Gap("construct", "unknown_value")
            parts.append(f"{word} {tree[member]}")
    return " ".join(parts)


def _names(query: soql.Query) -> list[str]:
    """Return the fields of a query, which are names without a way to them."""
    return [
        ".".join(each.expression.hops)
        for each in query.columns
        if isinstance(each, Column) and isinstance(each.expression, Path)
    ]


def _written(query: soql.Query) -> dict[str, Tree]:
    fields: list[Tree] = [*_names(query)]
    found: dict[str, Tree] = {"name": query.source, "fields": fields}
    if query.where is not None:
        found["where"] = soql.write_condition(query.where)
    if query.order:
        found["orderBy"] = soql.write_order(query.order)
    return found if query.limit is None else {**found, "limit": query.limit}


def compile_sosl(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that searches; raises ValueError where the route is wrong."""
    if route.layout not in LAYOUTS:
        raise ValueError(f"has an unknown layout; there are {', '.join(filter(None, LAYOUTS))} and none")
    if not route.answer:
        raise ValueError("needs an answer for its grammar")
    return Searches(setting, route.layout, setting.answers[route.answer])

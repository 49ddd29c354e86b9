"""The grammars `hubspot-search` and `hubspot-export`: bodies that query, or that send data elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors.choices import remaining, selecting
from proxy.connectors.comparing import Looking, refuse
from proxy.connectors.facts import Wanted
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.plain import answer, canonical, gathering, visits
from proxy.connectors.shape import Shape
from proxy.connectors.spec import RouteModel
from proxy.connectors.uses import Keys, Uses
from proxy.connectors.words import NAME, Hidden, ObjectWords
from proxy.errors import Gap
from proxy.message import Tree, scalar_text
from proxy.model import Action

OPERATORS: Final = frozenset(
    {
        *("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY"),
        *("NOT_HAS_PROPERTY", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"),
    }
)
MAX_GROUPS: Final = 5
MAX_FILTERS: Final = 18
"""In all groups together, as HubSpot documents it."""
MAX_VALUES: Final = 1_000
MAX_TEXT: Final = 3_000

_EQUALITY: Final = {"EQ": "IN", "IN": "IN", "NEQ": "NOT_IN", "NOT_IN": "NOT_IN"}
_PRESENCE: Final = frozenset({"HAS_PROPERTY", "NOT_HAS_PROPERTY"})
_FILTER: Final = frozenset({"propertyName", "operator", "value", "values", "highValue"})
_DIRECTIONS: Final = {"ASCENDING": "ASCENDING", "DESCENDING": "DESCENDING"}

Member = Callable[["_Search", Tree], Tree]


@dataclass(frozen=True, slots=True)
class Search:
    """Reads a search: what it compares, sorts by, looks into and returns."""

    setting: Setting
    object: ObjectWords | None
    answer: Shape

    def read(self, asking: Asking) -> Reading:
        """Return what the search does; see `Grammar.read`."""
        words = self.object or self.setting.words.object(asking.params["object"])
        if not isinstance(asking.tree, dict):
            raise Gap("construct", "unknown_value")
        uses = Uses(words, Action.LIST)
        search = _Search(uses, self.setting)
        tree: dict[str, Tree] = {}
        for name, value in asking.tree.items():
            member = _MEMBERS.get(name)
            if member is None:
                raise Gap("construct", "unknown_member")
            tree[name] = member(search, value)
        return self._reading(uses, tree, asking)

    def _reading(self, uses: Uses, tree: dict[str, Tree], asking: Asking) -> Reading:
        """Return what the search does, and how to ask for less or more than it does."""
        words, properties = uses.words, tree.get("properties")
        reading = Reading(
            operations=(uses.operation(),),
            answer=answer(self.setting, self.answer, words, Action.LIST),
            params=canonical(asking.params, words),
            tree=tree,
        )

        def narrow(hidden: Hidden) -> Reading:
            names = remaining(words, hidden, properties)
            return self._reading(uses, {**tree, "properties": names} if names else tree, asking)

        def widen(wanted: Wanted) -> Reading:
            names, added = selecting(words, wanted, properties)
            wider = {**tree, "properties": names} if names else tree
            return replace(reading, tree=wider, answer=gathering(reading.answer, wanted, added))

        def swap(looking: Looking) -> Reading:
            return self._reading(uses, _swapped(tree, words, looking), asking)

        return replace(reading, narrow=narrow, widen=widen, swap=swap)


def _swapped(tree: dict[str, Tree], words: ObjectWords, looking: Looking) -> dict[str, Tree]:
    """Return a search, all of it checked, that compares protected properties with what HubSpot has."""
    if tree.get("query"):
        for name in words.searched:
            looking.other(words.name, name)
    groups = tree.get("filterGroups")
    if not isinstance(groups, list):
        return tree
    found = [{"filters": [_compared(each, words, looking) for each in group["filters"]]} for group in groups]
    return {**tree, "filterGroups": found}


def _compared(given: dict[str, Tree], words: ObjectWords, looking: Looking) -> dict[str, Tree]:
    name, operator = str(given["propertyName"]), str(given["operator"])
    field = words.listed(name)
    if not looking.guarded(words.name, field):
        return given
    if operator in _PRESENCE:
        looking.look(words.name, field, [])
        return {"propertyName": name, "operator": operator}  # a value beside it means nothing, and is clear
    if operator not in _EQUALITY:
        refuse(words.name, field)
    values = (
        _items(given.get("values", []), MAX_VALUES) if operator in {"IN", "NOT_IN"} else [given.get("value")]
    )
    texts = [text for value in values if (text := scalar_text(value)) is not None]
    if not texts or len(texts) != len(values):
        refuse(words.name, field)
    handles = looking.look(words.name, field, texts)
    if handles is None:
        return given
    return {"propertyName": name, "operator": _EQUALITY[operator], "values": list(handles)}


@dataclass(frozen=True, slots=True)
class _Search:
    """Checks the members of one search and notes what each does."""

    uses: Uses
    setting: Setting

    def groups(self, tree: Tree) -> Tree:
        found = [self._group(group) for group in _items(tree, MAX_GROUPS)]
        if sum(len(group["filters"]) for group in found) > MAX_FILTERS:
            raise Gap("construct", "too_many_filters")
        return found

    def _group(self, tree: Tree) -> dict[str, list[Tree]]:
        if not isinstance(tree, dict) or tree.keys() != {"filters"}:
            raise Gap("construct", "unknown_member")
        return {"filters": [self._filter(each) for each in _items(tree["filters"], MAX_FILTERS)]}

    def _filter(self, tree: Tree) -> Tree:
        if not isinstance(tree, dict) or not tree.keys() <= _FILTER:
            raise Gap("construct", "unknown_member")
        name = self._use(tree.get("propertyName"), Action.FILTER)
        operator = tree.get("operator")
        if not isinstance(operator, str) or operator not in OPERATORS:
            raise Gap("construct", "unknown_operator")
        found: dict[str, Tree] = {"propertyName": name, "operator": operator}
        for member in ("value", "highValue"):
            if tree.get(member) is not None:
                found[member] = _scalar(tree[member])
        if tree.get("values") is not None:
            found["values"] = [_scalar(each) for each in _items(tree["values"], MAX_VALUES)]
        if name == self.uses.words.spec.subject_key and operator in {"EQ", "IN"}:
            self._note_records([found.get("value"), *_items(found.get("values", []), MAX_VALUES)])
        return found

    def _note_records(self, values: list[Tree]) -> None:
        matches = self.setting.rows.id.fullmatch
        self.uses.records += [each for each in values if isinstance(each, str) and matches(each)]

    def sorts(self, tree: Tree) -> Tree:
        return [self._sort(each) for each in _items(tree, MAX_FILTERS)]

    def _sort(self, tree: Tree) -> Tree:
        if isinstance(tree, str):
            sign = "-" if tree.startswith("-") else ""
            return sign + self._use(tree.removeprefix("-"), Action.SORT)
        if not isinstance(tree, dict) or not tree.keys() <= {"propertyName", "direction"}:
            raise Gap("construct", "unknown_member")
        found: dict[str, Tree] = {"propertyName": self._use(tree.get("propertyName"), Action.SORT)}
        if "direction" in tree:
            direction = tree["direction"]
            if not isinstance(direction, str) or direction not in _DIRECTIONS:
                raise Gap("construct", "unknown_value")
            found["direction"] = direction
        return found

    def text(self, tree: Tree) -> Tree:
        """Note a free-text search: it looks into every field that the connector lists as searched."""
        if not isinstance(tree, str) or len(tree) > MAX_TEXT:
            raise Gap("construct", "unknown_value")
        if not self.uses.words.searched:
            raise Gap("construct", "free_text_search")
        if tree:
            for name in self.uses.words.searched:
                self.uses.add(name, Action.FILTER)
        return tree

    def properties(self, tree: Tree) -> Tree:
        return [self._use(each, Action.LIST) for each in _items(tree, MAX_VALUES)]

    def limit(self, tree: Tree) -> Tree:
        if type(tree) is not int or not 0 < tree <= 200:
            raise Gap("construct", "unknown_value")
        return tree

    def after(self, tree: Tree) -> Tree:
        """Check a cursor; the SDK sends it as a number too."""
        text = str(tree) if type(tree) is int else tree
        if not isinstance(text, str) or not self.setting.patterns["cursor"].fullmatch(text):
            raise Gap("construct", "unknown_value")
        return text

    def _use(self, tree: Tree, action: Action) -> str:
        if not isinstance(tree, str) or not NAME.fullmatch(tree):
            raise Gap("construct", "not_a_field_name")
        return self.uses.add(tree, action)


_MEMBERS: Final[Mapping[str, Member]] = {
    "filterGroups": _Search.groups,
    "sorts": _Search.sorts,
    "query": _Search.text,
    "properties": _Search.properties,
    "limit": _Search.limit,
    "after": _Search.after,
}


@dataclass(frozen=True, slots=True)
class Export:
    """Reads the order of an export; its object stands in the body."""

    setting: Setting
    body: Shape
    answer: Shape

    def read(self, asking: Asking) -> Reading:
        """Return which fields of which object the export takes away; see `Grammar.read`."""
        tree = asking.tree
        named = tree.get("objectType") if isinstance(tree, dict) else None
        if not isinstance(named, str):
            raise Gap("object", "unknown_object")
        words = self.setting.words.object(named)
        uses, keys = Uses(words, Action.EXPORT), Keys(self.setting.rows.id)
        sent = self.body.read(tree, visits(uses, self.setting, keys))
        keys.settle(uses)
        return Reading(
            tree=sent,
            operations=(uses.operation(),),
            answer=answer(self.setting, self.answer, words, Action.EXPORT),
            params=canonical(asking.params, words),
        )


def _items(tree: Tree, most: int) -> list[Tree]:
    if not isinstance(tree, list) or len(tree) > most:
        raise Gap("construct", "unknown_value")
    return tree


def _scalar(tree: Tree) -> Tree:
    """Return a value to compare with; what is in it is the CRM's business, that it is one value is ours."""
    if tree is None or isinstance(tree, dict | list):
        raise Gap("construct", "nested_value")
    return tree


def compile_search(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a search route; raises ValueError where the route is wrong."""
    if not route.answer:
        raise ValueError("needs an answer for its grammar")
    if "cursor" not in setting.patterns:
        raise ValueError('needs a pattern "cursor" for its grammar')
    if not route.object and "/{object}" not in route.match:
        raise ValueError("names no object: write object: or put {object} into the path")
    return Search(setting, setting.words.objects.get(route.object), setting.answers[route.answer])


def compile_export(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of an export route; raises ValueError where the route is wrong."""
    if not route.answer or not route.body:
        raise ValueError("needs a body and an answer for its grammar")
    return Export(setting, setting.bodies[route.body], setting.answers[route.answer])

"""The grammar `pipedrive-search`: a text that is looked for in several fields of one object, or of several.

Which fields is for the client to say; where it says nothing, Pipedrive looks into all that can be searched, and
so each of them must be open to filters. What is found says itself of what object it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from proxy.connectors.asked import Opened
from proxy.connectors.choices import objects
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.rows import Page
from proxy.connectors.shape import GONE, Shape
from proxy.connectors.spec import ParameterModel, RouteModel
from proxy.connectors.uses import Uses
from proxy.connectors.words import UNCLASSIFIED, ObjectWords
from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Tree
from proxy.model import Action, FieldUse, Operation

_TERM: Final = "term"
_FIELDS: Final = "fields"
_TYPES: Final = "item_types"
_CUSTOM: Final = "custom_fields"
_ELSEWHERE: Final[Mapping[str, tuple[str, str]]] = {"notes": ("notes", "content")}
"""Name of what is searched -> the object and field that it is, where it is no field of the object."""


@dataclass(frozen=True, slots=True)
class Found:
    """Reads one declared route that searches."""

    setting: Setting
    route: RouteModel
    object: ObjectWords | None
    """None: the client says which, or all that can be searched are."""
    answer: Shape

    def read(self, asking: Asking) -> Reading:
        """Return what is looked into, and what is shown of what is found; see `Grammar.read`."""
        if not asking.query.get(_TERM, ("",))[0]:
            raise Undecodable("query_missing")
        chosen = self._objects(asking)
        named = objects(asking.query[_FIELDS][0]) if _FIELDS in asking.query else None
        operations = [Uses(words, Action.LIST).operation() for words in chosen]
        looked = [use for words in chosen for use in self._looked(words, named)]
        looked += self._filters(asking, chosen)
        if not looked:
            raise Gap("construct", "not_a_field_name")
        return Reading(
            operations=(*operations, Operation(Action.READ, chosen[0].name, tuple(dict.fromkeys(looked)))),
            answer=FoundItems(self.answer, self.setting, tuple(words.name for words in chosen)),
            params=asking.params,
            query=tuple((name, values[0]) for name, values in asking.query.items()),
        )

    def _objects(self, asking: Asking) -> list[ObjectWords]:
        if self.object is not None:
            return [self.object]
        words = self.setting.words
        if _TYPES in asking.query:
            return [words.object(name) for name in dict.fromkeys(objects(asking.query[_TYPES][0]))]
        return [each for each in words.objects.values() if each.searched]

    def _looked(self, words: ObjectWords, named: list[str] | None) -> list[FieldUse]:
        """Return the fields of one object that are looked into; those that are no field of it are not."""
        found = []
        for name in words.searched if named is None else named:
            far, field = _ELSEWHERE.get(name, (words.name, name))
            if name == _CUSTOM:  # all that the account made itself, whatever that is
                field = UNCLASSIFIED
            elif far == words.name and name not in words.searched:
                if self.object is not None:
                    raise Gap("construct", "not_a_field_name")
                continue
            found.append(FieldUse(far, field, Action.FILTER))
        if named is None:
            found += [
                FieldUse("notes", "content", Action.FILTER),
                FieldUse(words.name, UNCLASSIFIED, Action.FILTER),
            ]
        return found

    def _filters(self, asking: Asking, chosen: list[ObjectWords]) -> list[FieldUse]:
        models = [
            (name, kind)
            for name, kind in self.route.query.items()
            if isinstance(kind, ParameterModel) and kind.filter
        ]
        return [
            FieldUse(words.name, words.listed(kind.filter), Action.FILTER)
            for name, kind in models
            for words in chosen
            if name in asking.query
        ]


@dataclass(frozen=True, slots=True)
class FoundItems:
    """The answer to a search: items, each a record of one of the objects that were searched."""

    shape: Shape
    setting: Setting
    names: tuple[str, ...]

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return what was found, each item as a record of what it says it is; see `Answer`."""
        if tree is None:
            raise UpstreamFault("body_missing")
        opened = Opened(tree)
        page = Page(self.setting.rows, Action.LIST, opened)

        def item(row: Tree) -> Tree:
            told = row.get("type") if isinstance(row, dict) else None
            words = self.setting.words
            name = words.spelled(told) if isinstance(told, str) else None
            if name not in self.names:
                return GONE
            return page.open(row, words.objects[name])

        opened.tree, pruned = self.shape.open(tree, {"record": item})
        opened.pruned += pruned
        return opened


def compile_found(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that searches; raises ValueError where the route is wrong."""
    if not route.answer or _TERM not in route.query:
        raise ValueError("needs an answer and a query parameter term for its grammar")
    if route.object and route.object not in setting.words.objects:
        raise ValueError(f'is about "{route.object}", which is not among the objects')
    if "notes" not in setting.words.objects:
        raise ValueError("needs an object notes for its grammar")
    about = setting.words.objects[route.object] if route.object else None
    return Found(setting, route, about, setting.answers[route.answer])

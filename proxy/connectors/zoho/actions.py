"""Grammars for what is about more objects than the path says.

zoho-bin        the recycle bin is emptied of records, and only the CRM knows which object each is of
zoho-export     a bulk read: the body says which fields of which object go into a file, and of which records
zoho-fields     definitions of fields, of the module that a parameter names
"""

from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.plain import Plain, answer, compile_plain
from proxy.connectors.shape import Shape
from proxy.connectors.spec import RouteModel
from proxy.connectors.uses import ids
from proxy.connectors.words import NAME, UNCLASSIFIED, ObjectWords
from proxy.connectors.zoho.meaning import Names
from proxy.connectors.zoho.parsing import MAX_DEPTH
from proxy.connectors.zoho.queries import names_of
from proxy.connectors.zoho.tree import Path
from proxy.errors import Gap, Undecodable
from proxy.message import Tree, scalar_text
from proxy.model import Action, FieldUse, Operation

_COMPARATORS: Final = frozenset(
    {
        *("equal", "not_equal", "in", "not_in", "less_than", "less_equal", "greater_than", "greater_equal"),
        *("contains", "not_contains", "starts_with", "ends_with", "between", "not_between"),
    }
)
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Emptied:
    """Reads a request that empties the recycle bin of some records."""

    setting: Setting
    binned: tuple[str, ...]
    """Objects whose records may lie there."""
    answer: Shape

    def read(self, asking: Asking) -> Reading:
        """Return that these records are erased, whichever object each is of; see `Grammar.read`."""
        if "id" in asking.params:
            keys = [asking.params["id"]]
        elif "ids" in asking.query:
            keys = ids(asking.query["ids"][0], self.setting.rows.id)
        else:
            raise Undecodable("query_missing")
        objects = [self.setting.words.objects[name] for name in self.binned]
        operations = tuple(Operation(Action.ERASE, words.name, (), tuple(keys)) for words in objects)
        opening = answer(self.setting, self.answer, objects[0], Action.ERASE)
        query = tuple((name, values[0]) for name, values in asking.query.items())
        return Reading(operations, opening, asking.params, query)


@dataclass(frozen=True, slots=True)
class Export:
    """Reads the order of a bulk read."""

    setting: Setting
    names: Names
    answer: Shape

    def read(self, asking: Asking) -> Reading:
        """Return which fields of which object are taken away; see `Grammar.read`."""
        tree = asking.tree
        if not isinstance(tree, dict) or not tree.keys() <= {"query", "file_type"}:
            raise Gap("construct", "unknown_member")
        query, kind = tree.get("query"), tree.get("file_type", "csv")
        if not isinstance(query, dict) or not query.keys() <= {"module", "fields", "criteria", "page"}:
            raise Gap("construct", "unknown_member")
        if kind != "csv" or not _is_page(query.get("page", 1)):
            raise Gap("construct", "unknown_value")
        words = self.setting.words.object(_api_name(query.get("module")))
        uses = dict.fromkeys(self._fields(words, query.get("fields")))
        if "criteria" in query:
            self._criteria(words, query["criteria"], uses, 0)
        opening = answer(self.setting, self.answer, words, Action.EXPORT)
        return Reading((Operation(Action.EXPORT, words.name, tuple(uses)),), opening, asking.params, tree=tree)

    def _fields(self, words: ObjectWords, named: Tree) -> list[FieldUse]:
        """Return the fields that are taken; without a list all that there are, whoever listed them."""
        if named is None:
            return [FieldUse(words.name, name, Action.EXPORT) for name in (*words.spec.fields, UNCLASSIFIED)]
        found: list[FieldUse] = []
        for name in _items(named):
            if not isinstance(name, str):
                raise Gap("construct", "not_a_field_name")
            found += self.names.uses(words, _path(name), Action.EXPORT)
        return found

    def _criteria(self, words: ObjectWords, tree: Tree, uses: dict[FieldUse, None], depth: int) -> None:
        """Note what a condition, or a group of them, compares."""
        if not isinstance(tree, dict) or depth > MAX_DEPTH:
            raise Gap("construct", "criteria")
        if tree.keys() == {"group_operator", "group"}:
            if tree["group_operator"] not in {"and", "or"}:
                raise Gap("construct", "unknown_operator")
            for each in _items(tree["group"]):
                self._criteria(words, each, uses, depth + 1)
            return
        if tree.keys() != {"field", "comparator", "value"} or tree["comparator"] not in _COMPARATORS:
            raise Gap("construct", "criteria")
        values = tree["value"] if isinstance(tree["value"], list) else [tree["value"]]
        if any(isinstance(each, dict | list) for each in values):
            raise Gap("construct", "nested_value")
        path = _path(_api_name(tree["field"]))
        uses.update(dict.fromkeys(self.names.uses(words, path, Action.FILTER)))


@dataclass(frozen=True, slots=True)
class Defined:
    """Reads a request for definitions of fields."""

    plain: Plain

    def read(self, asking: Asking) -> Reading:
        """Return that a module is described; see `Grammar.read`."""
        named = asking.query.get("module")
        if named is None:
            raise Undecodable("query_missing")
        words = self.plain.setting.words.object(named[0])
        params = {**asking.params, "object": words.name}
        return self.plain.read(replace(asking, params=params, query={**asking.query, "module": (words.name,)}))


def _is_page(tree: Tree) -> bool:
    return type(tree) is int and 0 < tree <= 100_000


def _items(tree: Tree) -> list[Tree]:
    if not isinstance(tree, list) or not 0 < len(tree) <= _MOST:
        raise Gap("construct", "unknown_value")
    return tree


def _api_name(tree: Tree) -> str:
    """Return the name in `{"api_name": NAME}`, which is all that it may have."""
    name = tree.get("api_name") if isinstance(tree, dict) and tree.keys() == {"api_name"} else None
    found = scalar_text(name)
    if found is None:
        raise Gap("construct", "unknown_member")
    return found


def _path(text: str) -> Path:
    hops = tuple(text.split("."))
    if not all(map(NAME.fullmatch, hops)):
        raise Gap("construct", "not_a_field_name")
    return Path(hops)


def compile_bin(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that empties the recycle bin; raises ValueError where it is wrong."""
    if not route.answer or ("ids" not in route.query and "/{id}" not in route.match):
        raise ValueError("needs an answer, and {id} in its path or a query parameter ids, for its grammar")
    bin_ = setting.words.objects.get(setting.file.deleted)
    binned = () if bin_ is None else tuple(name for name in bin_.spec.fields if name in setting.words.objects)
    if not binned:
        raise ValueError('needs an object at "deleted:", with fields that are called like objects')
    return Emptied(setting, binned, setting.answers[route.answer])


def compile_zoho_export(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that orders an export; raises ValueError where it is wrong."""
    if not route.answer:
        raise ValueError("needs an answer for its grammar")
    return Export(setting, names_of(setting), setting.answers[route.answer])


def compile_fields(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that describes fields; raises ValueError where it is wrong."""
    if "module" not in route.query or route.object:
        raise ValueError("needs a query parameter module, and no object, for its grammar")
    plain = compile_plain(route.model_copy(update={"match": f"{route.match}/{{object}}"}), setting)
    assert isinstance(plain, Plain)
    return Defined(plain)

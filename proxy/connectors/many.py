"""The grammar `many`: records of several objects in one request, each of which says itself what it is.

    layout ""         rows that are created or updated, each named by an id of its own; or ids to delete, whose
                      objects their first characters tell
    layout upsert     rows that are found, and changed or made, by one of their fields
    layout tree       rows that are created with others below them

What is done to each object is one operation (two, and a filter, for an upsert), so one row that policy refuses
refuses the request. Records inside a written record are refused but in a tree, where the link to the record
above is a field that is written without being named.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.connectors.endings import Named
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.plain import answer, canonical, visits
from proxy.connectors.shape import Shape
from proxy.connectors.spec import RouteModel
from proxy.connectors.uses import Keys, Uses, ids, members_of
from proxy.connectors.words import ObjectWords, Relation
from proxy.errors import Gap, Undecodable
from proxy.message import Record, Tree
from proxy.model import Action, FieldUse, Operation

LAYOUTS: Final = ("", "upsert", "tree")
MOST_DEEP: Final = 5
MOST_PLANTED: Final = 200
"""Records in one tree, as Salesforce takes them."""

_REFERENCE: Final = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_TYPE: Final = "type"
_REFERENCED: Final = "referenceId"


@dataclass(frozen=True, slots=True)
class Many:
    """Reads one declared route about several records."""

    setting: Setting
    action: Action
    layout: str
    body: Shape | None
    answer: Shape | None

    def read(self, asking: Asking) -> Reading:
        """Return what is done to the records of each object; see `Grammar.read`."""
        named = asking.params.get("object")
        only = None if named is None else self.setting.words.object(named)
        rows = Rows(self.setting, self.action, self.layout, only)
        if self.layout == "upsert":
            rows.key = asking.params["field"]
        tree: Tree = None
        if self.body is None:
            rows.by_id(asking.query.get("ids", ()))
        else:
            none, keys = rows.nothing(), Keys(self.setting.rows.id)
            tree = self.body.read(asking.tree, {**visits(none, self.setting, keys), "row": rows.row})
            keys.settle(none)
        operations = rows.operations()
        words = self.setting.words.objects[operations[0].object]
        params = canonical(asking.params, words)
        if self.layout == "upsert":
            params = {**params, "field": words.spelled(rows.key)}
        return Reading(
            operations=operations,
            answer=answer(self.setting, self.answer, words, self.action),
            params=params,
            query=tuple((name, values[0]) for name, values in asking.query.items()),
            tree=tree,
            writes=tuple(rows.writes),
            named=tuple(rows.named),
        )


@dataclass(slots=True)
class Rows:
    """Collects what one request does to the records of each object."""

    setting: Setting
    action: Action
    layout: str
    only: ObjectWords | None
    """The object that the path names; each row is of it."""
    key: str = ""
    """With `upsert`: the field that records are found by."""
    found: dict[str, Uses] = field(default_factory=dict)
    writes: list[Record] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)
    """Records that nothing but their ids is said of, in the client's order."""
    planted: int = 0

    def uses(self, words: ObjectWords) -> Uses:
        """Return what collects the uses of one object."""
        return self.found.setdefault(words.name, Uses(words, self.action))

    def nothing(self) -> Uses:
        """Return what collects uses of places that a body of many rows does not have."""
        return Uses(next(iter(self.setting.words.objects.values())), self.action)

    def by_id(self, given: tuple[str, ...]) -> None:
        """Note records that nothing but their ids is said of."""
        if not given:
            raise Undecodable("query_missing")
        for key in ids(given[0], self.setting.rows.id):
            words = self.setting.words.of_id(key)
            self.uses(words).records.append(key)
            self.named.append((words.name, key))

    def row(self, tree: Tree, depth: int = 1, above: Relation | None = None) -> Tree:
        """Note what one row writes, and return it with nothing in it that was not understood."""
        if not isinstance(tree, dict):
            raise Gap("construct", "unknown_value")
        words, attributes = self._head(tree)
        if above is not None:
            if words.name != above.object:
                raise Undecodable("unexpected_object")
            self.uses(words).add(above.via)
        elif self.only is not None and words is not self.only:
            raise Undecodable("unexpected_object")
        self.uses(words)  # in the order in which rows come, outer ones first
        below = self._below(tree, words, depth)
        key = self._key(tree)
        left_out = {*self.setting.rows.structure, *key, *(each for each in tree if words.spelled(each) in below)}
        before = len(self.writes)
        written = self._written(tree, words, left_out)
        row: dict[str, Tree] = {"attributes": attributes, **key, **written, **below}
        for write in self.writes[before:]:
            write.live = {name: (row, name) for name in write.members}
            write.targets = tuple(str(each) for each in key.values())
        return row

    def _head(self, tree: Mapping[str, Tree]) -> tuple[ObjectWords, dict[str, Tree]]:
        """Return the object of a row, and what is sent on of how it says so."""
        said = tree.get("attributes")
        name = said.get(_TYPE) if isinstance(said, dict) else None
        if not isinstance(said, dict) or not isinstance(name, str):
            raise Undecodable("member_missing")
        words = self.setting.words.object(name)
        attributes: dict[str, Tree] = {_TYPE: words.name}
        if self.layout == "tree":
            reference = said.get(_REFERENCED)
            if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
                raise Gap("construct", "unknown_value")
            attributes[_REFERENCED] = reference
        return words, attributes

    def _key(self, tree: Mapping[str, Tree]) -> dict[str, Tree]:
        """Return the member that says which record a row is about, where it is about one that there is."""
        if self.action is not Action.UPDATE or self.layout:
            return {}
        names = {steps[-1].lower() for steps in self.setting.rows.keys}
        found = {name: value for name, value in tree.items() if name.lower() in names}
        ((name, key),) = found.items() if len(found) == 1 else ((None, None),)
        if name is None or not isinstance(key, str) or not self.setting.rows.id.fullmatch(key):
            raise Undecodable("id_missing")
        self.uses(self._head(tree)[0]).records.append(key)
        return {name: key}

    def _written(self, tree: Mapping[str, Tree], words: ObjectWords, left_out: set[str]) -> dict[str, Tree]:
        uses = self.uses(words)
        if self.layout != "upsert":
            written = members_of(tree, uses, left_out)
            self.writes.append(Record(words.name, self.action, written))
            return written
        named = {name for name in tree if words.spelled(name) == words.spelled(self.key)}
        if len(named) != 1:
            raise Undecodable("member_missing")
        # Where nobody has the value, the CRM makes a new record with it.
        written = members_of(tree, uses, left_out | named, Action.CREATE)
        self.writes.append(Record(words.name, Action.UPDATE, dict(written)))
        found = {words.spelled(self.key): next(tree[name] for name in named)}
        if any(isinstance(value, dict | list) for value in found.values()):
            raise Gap("construct", "nested_value")
        self.writes.append(Record(words.name, Action.CREATE, dict(found)))
        return {**written, **found}

    def _below(self, tree: Mapping[str, Tree], words: ObjectWords, depth: int) -> dict[str, Tree]:
        """Return the members that hold further rows, read."""
        self.planted += 1
        if self.layout != "tree":
            return {}
        if depth > MOST_DEEP or self.planted > MOST_PLANTED:
            raise Undecodable("too_many_items", status=413)
        found: dict[str, Tree] = {}
        for name, value in tree.items():
            relation = words.children.get(words.spelled(name))
            if relation is None or not isinstance(value, dict):
                continue
            rows = value.get("records")
            if value.keys() != {"records"} or not isinstance(rows, list):
                raise Gap("construct", "unknown_member")
            if relation.name in found:
                raise Undecodable("repeated_field")
            found[relation.name] = {"records": [self.row(each, depth + 1, relation) for each in rows]}
        return found

    def operations(self) -> tuple[Operation, ...]:
        """Return all that is done; raises Undecodable where it is nothing."""
        if not self.found:
            raise Undecodable("member_missing")
        found: list[Operation] = []
        for uses in self.found.values():
            main = uses.operation()
            if self.layout != "upsert":
                found.append(main)
                continue
            by = FieldUse(main.object, uses.words.listed(self.key), Action.FILTER)
            changed = tuple(use for use in main.uses if use.action is Action.UPDATE)
            made = FieldUse(main.object, by.field, Action.CREATE)
            more = tuple(use for use in main.uses if use.action is Action.CREATE)
            found.append(Operation(Action.UPDATE, main.object, changed))
            found.append(Operation(Action.CREATE, main.object, (made, *more)))
            found.append(Operation(Action.READ, main.object, (by,)))
        return tuple(found)


def compile_many(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route about several records; raises ValueError where the route is wrong."""
    if route.layout not in LAYOUTS:
        raise ValueError(f"has an unknown layout; there are {', '.join(filter(None, LAYOUTS))} and none")
    if setting.file.record.object is None:
        raise ValueError("needs records that say of what object they are for its grammar")
    if route.layout == "upsert" and "/{object}/{field}" not in route.match:
        raise ValueError("must have /{object}/{field} in its path for its layout")
    if not route.body and "ids" not in route.query:
        raise ValueError("needs a body, or a query parameter ids, for its grammar")
    body = setting.bodies[route.body] if route.body else None
    return Many(setting, route.action, route.layout, body, setting.answers.get(route.answer))

"""The grammar `zoho-rows`: several records of one object in a body, `{"data": [{...}, ...]}`.

    layout ""         records that are made, or the one record that the path names
    layout many       records that are changed, each of which has its `id`
    layout upsert     records that are found by one of `duplicate_check_fields` and changed, or made: who sends
                      one learns whether somebody has that value, so it is a filter on the field, too

A field that is empty in a row is emptied. What else a body may have is `trigger`: which of the account's own
automation runs.
"""

import re
from dataclasses import dataclass
from typing import Final

from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.plain import answer, canonical, visits
from proxy.connectors.shape import Shape, Visit
from proxy.connectors.spec import RouteModel
from proxy.connectors.uses import Keys, Uses
from proxy.connectors.words import NAME, ObjectWords
from proxy.errors import Gap, Undecodable
from proxy.message import Record, Tree
from proxy.model import Action, FieldUse, Operation

LAYOUTS: Final = ("", "many", "upsert")
MOST_ROWS: Final = 100
MOST_CHECKED: Final = 5
"""Fields by which a record is found."""
_DATA: Final = "data"
_ID: Final = "id"
_CHECKED: Final = "duplicate_check_fields"
_TRIGGER: Final = "trigger"
_TRIGGERS: Final = re.compile(r"workflow|approval|blueprint|pathfinder|orchestration")


@dataclass(frozen=True, slots=True)
class Written:
    """Reads one declared route."""

    setting: Setting
    route: RouteModel
    object: ObjectWords | None
    answer: Shape

    def read(self, asking: Asking) -> Reading:
        """Return what is written, and what else that does; see `Grammar.read`."""
        words = self.object or self.setting.words.object(asking.params["object"])
        uses = Uses(words, self.route.action)
        tree = asking.tree
        allowed = {_DATA, _TRIGGER, _CHECKED} if self.route.layout == "upsert" else {_DATA, _TRIGGER}
        if not isinstance(tree, dict) or not tree.keys() <= allowed:
            raise Gap("construct", "unknown_member")
        rows = tree.get(_DATA)
        if not isinstance(rows, list) or not rows or (_ID in asking.params and len(rows) != 1):
            raise Gap("construct", "unknown_value")
        if len(rows) > MOST_ROWS:
            raise Undecodable("too_many_items", status=413)
        if _ID in asking.params:
            uses.records.append(asking.params[_ID])
        fields = visits(uses, self.setting, Keys(self.setting.rows.id))["fields"]
        sent: dict[str, Tree] = {_DATA: [self._row(row, uses, fields) for row in rows]}
        if _TRIGGER in tree:
            sent[_TRIGGER] = _triggers(tree[_TRIGGER])
        operations: tuple[Operation, ...] = (uses.operation(),)
        writes = tuple(uses.writes)
        if self.route.layout == "upsert":
            checked = _checked(tree.get(_CHECKED), words)
            sent[_CHECKED] = [*checked]
            operations += _found(operations[0], checked, words)
            writes += tuple(Record(words.name, Action.CREATE, dict(each.members)) for each in writes)
        return Reading(
            operations,
            answer(self.setting, self.answer, words, self.route.action),
            canonical(asking.params, words),
            tree=sent,
            writes=writes,
        )

    def _row(self, row: Tree, uses: Uses, fields: Visit) -> Tree:
        """Note what one row writes, and return it with nothing in it that was not understood."""
        if not isinstance(row, dict):
            raise Gap("construct", "unknown_value")
        key, before = row.get(_ID), len(uses.writes)
        named: dict[str, Tree] = {}
        if _ID in row:
            # A record that the path names already, or that is to be found, has its id there or nowhere.
            if self.route.layout != "many":
                raise Gap("construct", "unknown_member")
            named[_ID] = key
        if self.route.layout == "many":
            if not isinstance(key, str) or not self.setting.rows.id.fullmatch(key):
                raise Undecodable("id_missing")
            uses.records.append(key)
        written = fields({name: value for name, value in row.items() if name != _ID})
        assert isinstance(written, dict)
        sent = {**named, **written}
        for write in uses.writes[before:]:
            if write.live is None:  # else it lies deeper, and stays the same object there
                write.live = {name: (sent, name) for name in write.members}
            if self.route.layout != "upsert" and uses.records:
                write.targets = (uses.records[-1],)
        return sent


def _triggers(tree: Tree) -> Tree:
    if not isinstance(tree, list) or not all(
        isinstance(each, str) and _TRIGGERS.fullmatch(each) for each in tree
    ):
        raise Gap("construct", "unknown_value")
    return tree


def _checked(tree: Tree, words: ObjectWords) -> list[str]:
    """Return the fields by which records are found.

    Raises:
        Gap: there are none, so that the account says by which; or something there is no name.
    """
    if not isinstance(tree, list) or not 0 < len(tree) <= MOST_CHECKED:
        raise Gap("construct", "upsert_fields")
    found = [name for name in tree if isinstance(name, str) and NAME.fullmatch(name)]
    if len(found) != len(tree):
        raise Gap("construct", "not_a_field_name")
    return [words.spelled(name) for name in found]


def _found(main: Operation, checked: list[str], words: ObjectWords) -> tuple[Operation, ...]:
    """Return that records are made where nobody has the value, and that they are looked for."""
    made = tuple(FieldUse(use.object, use.field, Action.CREATE) for use in main.uses)
    looked = tuple(FieldUse(words.name, words.listed(name), Action.FILTER) for name in checked)
    return Operation(Action.CREATE, words.name, made), Operation(Action.READ, words.name, looked)


def compile_rows(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that writes; raises ValueError where the route is wrong."""
    if route.layout not in LAYOUTS:
        raise ValueError(f"has an unknown layout; there are {', '.join(filter(None, LAYOUTS))} and none")
    if not route.answer:
        raise ValueError("needs an answer for its grammar")
    if not route.object and "/{object}" not in route.match:
        raise ValueError("names no object: write object: or put {object} into the path")
    return Written(setting, route, setting.words.objects.get(route.object), setting.answers[route.answer])

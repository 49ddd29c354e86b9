"""Calls that change records: create, update, upsert, delete, undelete, merge; and what became of each record."""

from dataclasses import dataclass
from typing import Final

from proxy.connectors.asked import Opened
from proxy.connectors.envelope import Mishaps
from proxy.connectors.grammar import Asking, Reading, Setting
from proxy.connectors.implied import outright
from proxy.connectors.many import Rows
from proxy.connectors.soap.envelope import Call, answered, members, results, wrapped
from proxy.connectors.soap.queries import ids_in, text_in
from proxy.connectors.soap.records import as_element, row_of
from proxy.connectors.words import NAME
from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Tree
from proxy.model import Action, FieldUse, Operation

MOST: Final = 200
"""Records that one call takes."""
MOST_MERGED: Final = 2

_ACTIONS: Final = {"p:create": Action.CREATE, "p:update": Action.UPDATE, "p:upsert": Action.UPDATE}
_FLAGS: Final = frozenset({"true", "false"})


@dataclass(frozen=True, slots=True)
class Writes:
    """Reads these calls for one connector."""

    setting: Setting

    def write(self, call: Call, asking: Asking) -> Reading:
        """Return what records are written."""
        upsert = call.name == "p:upsert"
        arguments = dict(call.arguments)
        key = text_in(arguments.pop("p:externalIDFieldName", None)) if upsert else ""
        if key and not NAME.fullmatch(key):
            raise Gap("construct", "not_a_field_name")
        given = arguments.pop("p:sObjects", [])
        if arguments:
            raise Gap("construct", "unknown_member")
        rows = Rows(self.setting, _ACTIONS[call.name], "upsert" if upsert else "", None)
        rows.key = key
        listed = given if isinstance(given, list) else [given]
        if len(listed) > MOST:
            raise Undecodable("too_many_items", status=413)
        elements = [_written(rows, each) for each in listed]
        operations = rows.operations()
        sent: dict[str, Tree] = {"p:sObjects": elements}
        if upsert:
            objects = {each.object for each in operations}
            spelled = {self.setting.words.objects[name].spelled(key) for name in objects}
            if len(objects) != 1:
                raise Gap("construct", "unknown_value")
            sent = {"p:externalIDFieldName": spelled.pop(), **sent}
        return Reading(
            operations,
            Outcomes(self.setting, call, upsert=upsert),
            asking.params,
            tree=wrapped(call, sent),
            writes=tuple(rows.writes),
        )

    def by_id(self, call: Call, asking: Asking) -> Reading:
        """Return that records are deleted, or taken out of the recycle bin."""
        if call.arguments.keys() != {"p:ids"}:
            raise Gap("construct", "unknown_member")
        ids = ids_in(call.arguments["p:ids"], self.setting)
        if len(ids) > MOST:
            raise Undecodable("too_many_items", status=413)
        named = [(self.setting.words.of_id(key).name, key) for key in ids]
        found = {name: [key for other, key in named if other == name] for name, _ in named}
        operations = tuple(each for name, keys in found.items() for each in self._by_id(call, name, keys))
        listed: list[Tree] = [*ids]
        tree = wrapped(call, {"p:ids": listed})
        return Reading(
            operations,
            Outcomes(self.setting, call),
            asking.params,
            tree=tree,
            named=tuple(named),
            wrap=lambda said: answered(call, said if isinstance(said, list) else []),
        )

    def _by_id(self, call: Call, name: str, keys: list[str]) -> list[Operation]:
        """Return what is done to records of one object; who brings one back sees that it was deleted."""
        if call.name == "p:delete":
            return [Operation(Action.DELETE, name, (), tuple(keys))]
        bin_ = self.setting.words.objects[self.setting.file.deleted]
        seen = FieldUse(bin_.name, bin_.listed(name), Action.LIST)
        return [Operation(Action.CREATE, name, (), tuple(keys), revives=True), outright(seen)]

    def merge(self, call: Call, asking: Asking) -> Reading:
        """Return that records are put into another: it is changed, and they are deleted."""
        request = members(call.arguments.get("p:request"))
        if call.arguments.keys() != {"p:request"} or request.keys() != {"p:masterRecord", "p:recordToMergeIds"}:
            raise Gap("construct", "unknown_member")
        rows = Rows(self.setting, Action.UPDATE, "", None)
        master = _written(rows, request["p:masterRecord"])
        ids = ids_in(request["p:recordToMergeIds"], self.setting)
        if not 0 < len(ids) <= MOST_MERGED:
            raise Undecodable("too_many_items", status=413)
        (kept,) = rows.operations()
        if any(self.setting.words.of_id(key).name != kept.object for key in ids):
            raise Undecodable("unexpected_object")
        lost = Operation(Action.DELETE, kept.object, (), tuple(ids), revives=True)
        listed: list[Tree] = [*ids]
        sent: dict[str, Tree] = {"p:request": {"p:masterRecord": master, "p:recordToMergeIds": listed}}
        return Reading(
            (kept, lost),
            Outcomes(self.setting, call),
            asking.params,
            tree=wrapped(call, sent),
            writes=tuple(rows.writes),
        )


def _written(rows: Rows, element: Tree) -> Tree:
    """Return a record that is written as the element that is sent."""
    row = rows.row(row_of(element))
    assert isinstance(row, dict)
    return as_element(row)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The answer that says of each record what became of it."""

    setting: Setting
    call: Call
    upsert: bool = False
    """Whose record it found is not said."""

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return it, with errors in our words."""
        opened = Opened(tree)
        found: list[Tree] = [self._one(each) for each in results(tree, self.call)]
        opened.tree = answered(self.call, found)
        return opened

    def _one(self, tree: Tree) -> Tree:
        if not isinstance(tree, dict) or tree.get("p:success") not in _FLAGS:
            raise UpstreamFault("unexpected_shape")
        told: dict[str, Tree] = {}
        if tree.get("p:created") in _FLAGS:
            told["p:created"] = tree["p:created"]
        if errors := tree.get("p:errors"):
            listed = errors if isinstance(errors, list) else [errors]
            told["p:errors"] = [_error(each, self.setting.mishaps) for each in listed]
        told["p:id"] = None if self.upsert else self._id(tree.get("p:id"))
        merged = tree.get("p:mergedRecordIds")
        if isinstance(merged, list) and not self.upsert:
            told["p:mergedRecordIds"] = [each for each in merged if self._id(each) is not None]
        told["p:success"] = tree["p:success"]
        return told

    def _id(self, value: Tree) -> Tree:
        known = isinstance(value, str) and self.setting.rows.id.fullmatch(value)
        return str(value) if known else None


def _error(tree: Tree, mishaps: Mishaps | None) -> Tree:
    """Return one error in our words."""
    told = tree.get("p:statusCode") if isinstance(tree, dict) else None
    code, text = ("UNKNOWN_EXCEPTION", "") if mishaps is None else mishaps.say(told)
    return {"p:message": text, "p:statusCode": code}

"""The grammar `suitecrm-write`: a resource, `{"data": {"type": "Contacts", "id": "...", "attributes": {...}}}`.

An attribute is set on a record whatever it is, `deleted` too: that is a delete by another name. An `id` among
the attributes would make it another record, and is refused.
"""

from dataclasses import dataclass
from typing import Final

from proxy.connectors.goings import reads_as
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.plain import answer, visits
from proxy.connectors.shape import Shape
from proxy.connectors.spec import RouteModel
from proxy.connectors.uses import Keys, Uses
from proxy.errors import Gap, Undecodable
from proxy.message import Tree
from proxy.model import Action, Operation

_DELETED: Final = "deleted"
_MEMBERS: Final = frozenset({"type", "id", "attributes"})


@dataclass(frozen=True, slots=True)
class Resource:
    """Reads a resource that is written."""

    setting: Setting
    action: Action
    answer: Shape

    def read(self, asking: Asking) -> Reading:
        """Return what is written, and to which record; see `Grammar.read`."""
        tree = asking.tree
        data = tree.get("data") if isinstance(tree, dict) and tree.keys() == {"data"} else None
        if not isinstance(data, dict) or not data.keys() <= _MEMBERS:
            raise Gap("construct", "unknown_member")
        name, given = data.get("type"), data.get("attributes")
        if not isinstance(name, str) or not isinstance(given, dict):
            raise Undecodable("member_missing")
        words = self.setting.words.object(name)
        uses = Uses(words, self.action)
        sent: dict[str, Tree] = {"type": words.name}
        if self.action is Action.UPDATE:
            sent["id"] = self._key(data.get("id"))
            uses.records.append(str(sent["id"]))
        elif "id" in data:  # who may say what a new record is called can find out what others are
            raise Gap("construct", "unknown_member")
        if any(words.spelled(each) == "id" for each in given):
            raise Gap("construct", "unknown_member")
        sent["attributes"] = visits(uses, self.setting, Keys(self.setting.rows.id))["fields"](given)
        for write in uses.writes:
            write.targets = tuple(uses.records)
        operations: tuple[Operation, ...] = (uses.operation(),)
        for said in (value for each, value in given.items() if words.spelled(each) == _DELETED):
            back = not reads_as(said, value=True)
            operations += (Operation(Action.DELETE, words.name, (), tuple(uses.records), revives=back),)
        return Reading(
            operations,
            answer(self.setting, self.answer, words, self.action),
            asking.params,
            tree={"data": sent},
            writes=tuple(uses.writes),
        )

    def _key(self, key: Tree) -> str:
        if not isinstance(key, str) or not self.setting.rows.id.fullmatch(key):
            raise Undecodable("id_missing")
        return key


def compile_resource(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that writes a resource; raises ValueError where the route is wrong."""
    if not route.answer or route.action not in {Action.CREATE, Action.UPDATE}:
        raise ValueError("needs an answer, and an action that is create or update, for its grammar")
    return Resource(setting, route.action, setting.answers[route.answer])

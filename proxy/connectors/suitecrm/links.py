"""The grammar `suitecrm-links`: `Contacts/ID/relationships/cases`, what a record is linked with.

A link is a field of one of the two ends, and that is what is judged: to see who is behind it is to filter by it,
to put or cut it is to write it.
"""

from dataclasses import dataclass

from proxy.connectors.asked import Answer, Opened
from proxy.connectors.envelope import Nothing
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.plain import answer
from proxy.connectors.shape import Shape
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import ObjectWords
from proxy.errors import Gap, Undecodable
from proxy.message import Record, Tree
from proxy.model import Action, FieldUse, Operation


@dataclass(frozen=True, slots=True)
class Behind:
    """The answer to a request for what is behind a link: none of it is told by a message, and without a list."""

    inner: Answer

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the records behind it; see `Answer`."""
        if isinstance(tree, dict) and "data" not in tree:
            tree["data"] = []
        return self.inner.open(status, tree)


@dataclass(frozen=True, slots=True)
class Linked:
    """Reads one declared route with `{object}/{id}/relationships/{link}` in its path."""

    setting: Setting
    method: str
    answer: Shape | None

    def read(self, asking: Asking) -> Reading:
        """Return by which field which records are linked; see `Grammar.read`."""
        words, key = self.setting.words.object(asking.params["object"]), asking.params["id"]
        link = words.spelled(asking.params["link"])
        params = {**asking.params, "object": words.name, "link": link}
        far, holder, name, own = self._way(words, link)
        if self.method == "GET":
            assert self.answer is not None
            looked = Operation(Action.READ, holder.name, (FieldUse(holder.name, name, Action.FILTER),), (key,))
            opening = Behind(answer(self.setting, self.answer, far, Action.LIST))
            return Reading((Operation(Action.LIST, far.name), looked), opening, params)
        tree, other = self._other(asking, far)
        # The record that holds the link is changed, and the other one is named.
        changed = key if own else other
        use = FieldUse(holder.name, name, Action.UPDATE)
        operations = (
            Operation(Action.UPDATE, holder.name, (use,), (changed,)),
            Operation(Action.READ, far.name if own else words.name, (), (other if own else key,)),
        )
        value: Tree = (other if own else key) if self.method == "POST" else ""
        write = Record(holder.name, Action.UPDATE, {name: value}, targets=(changed,))
        return Reading(operations, Nothing(), params, tree=tree, writes=(write,))

    def _way(self, words: ObjectWords, link: str) -> tuple[ObjectWords, ObjectWords, str, bool]:
        """Return the far object, the one that holds the link, the field, and whether that is of this end."""
        objects = self.setting.words.objects
        if (up := words.parents.get(link)) is not None:
            return objects[up.object], words, words.listed(up.via), True
        if (down := words.children.get(link)) is not None:
            far = objects[down.object]
            return far, far, far.listed(down.via), False
        raise Gap("field", "unknown_relation")

    def _other(self, asking: Asking, far: ObjectWords) -> tuple[Tree, str]:
        """Return the body to send, and the id of the record on the other end."""
        if self.method == "DELETE":
            return None, asking.params["to"]
        tree = asking.tree
        data = tree.get("data") if isinstance(tree, dict) and tree.keys() == {"data"} else None
        if not isinstance(data, dict) or data.keys() != {"type", "id"}:
            raise Gap("construct", "unknown_member")
        name, key = data["type"], data["id"]
        if not isinstance(name, str) or self.setting.words.object(name) is not far:
            raise Undecodable("unexpected_object")
        if not isinstance(key, str) or not self.setting.rows.id.fullmatch(key):
            raise Undecodable("id_missing")
        return {"data": {"type": far.name, "id": key}}, key


def compile_suite_links(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route about relationships; raises ValueError where the route is wrong."""
    method = route.match.partition(" ")[0]
    if "/{object}/{id}/relationships/{link}" not in route.match:
        raise ValueError("must have /{object}/{id}/relationships/{link} in its path for its grammar")
    if (method == "DELETE") != route.match.endswith("/{to}"):
        raise ValueError("must end in /{to} if it is a DELETE, and else not, for its grammar")
    if method == "GET" and not route.answer:
        raise ValueError("needs an answer for its grammar")
    return Linked(setting, method, setting.answers.get(route.answer))

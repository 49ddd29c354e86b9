"""The grammar `links`: routes that say, or change, which records belong to one another.

`{object}` and `{other}` in the path name the ends, and the connector's `links` say which field is the link
between them; or the route names its object and `field:`, for what somebody belongs to that is no record: a list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy.connectors.asked import Opened
from proxy.connectors.envelope import NO_CONTENT, Mishaps, Nothing
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.linked import Links
from proxy.connectors.plain import visits
from proxy.connectors.shape import GONE, Shape
from proxy.connectors.spec import ParameterModel, RouteModel
from proxy.connectors.uses import Keys, Uses
from proxy.connectors.values import Use, Values
from proxy.errors import Gap, UpstreamFault
from proxy.message import Place, Tree
from proxy.model import DISCLOSING, Action


@dataclass(frozen=True, slots=True)
class Linking:
    """Reads one declared route about links."""

    setting: Setting
    route: RouteModel
    links: Links
    body: Shape | None
    answer: Shape | None

    def read(self, asking: Asking) -> Reading:
        """Return what the request does to the field that is the link; see `Grammar.read`."""
        words, action = self.setting.words, self.route.action
        holder, field, ends = self._link(asking.params)
        uses, keys = Uses(words.object(holder), action), Keys(self.setting.rows.id)
        uses.add(field)
        uses.records += [asking.params[name] for name in ("id", "to") if name in asking.params]
        tree = None if self.body is None else self.body.read(asking.tree, visits(uses, self.setting, keys))
        keys.settle(uses)
        near, key = ends.get("object") == holder, asking.params.get("id")
        shown = Use(holder, field, action if action in DISCLOSING else Action.READ)
        opening = Linked(self.answer, self.links.values, shown, near, key, self.setting.mishaps)
        return Reading(
            operations=uses.operations(),
            answer=Nothing() if self.answer is None else opening,
            params={**asking.params, **ends},
            query=tuple((name, values[0]) for name, values in asking.query.items()),
            tree=tree,
        )

    def _link(self, params: Mapping[str, str]) -> tuple[str, str, dict[str, str]]:
        """Return object and field that are the link, and the blanks that name objects as they are to be sent."""
        words = self.setting.words
        ends = {name: words.object(params[name]).name for name in ("object", "other") if name in params}
        if self.route.field:
            if ends.get("object", self.route.object) != self.route.object:
                raise Gap("construct", "unknown_link")
            return self.route.object, self.route.field, ends
        return *self.links.field(ends["object"], ends["other"]), ends


@dataclass(frozen=True, slots=True)
class Linked:
    """The answer to a request about links."""

    shape: Shape | None
    values: Values
    use: Use
    near: bool
    """Whether the field is of the end that was asked about, and not of those that are listed."""
    key: str | None
    """Of the record that was asked about, if it is one."""
    faults: Mishaps | None

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the links in the answer, each to be judged as the field; see `Answer`."""
        if tree is None:
            if status != NO_CONTENT:
                raise UpstreamFault("body_missing")
            return Opened(None)
        assert self.shape is not None
        opened = Opened(tree)

        def entries(items: Any) -> Tree:
            self.values.open_list(items, self.use, opened, key=self.key if self.near else None)
            return items

        def many(items: Any) -> Tree:
            for item in list(items):
                self._of_one(item, Place(items), opened)
            return items

        def fault(value: Tree) -> Tree:
            return GONE if self.faults is None else self.faults.tell(value)

        visits = {"every link": entries, "every links": many, "fault": fault}
        opened.tree, pruned = self.shape.open(tree, visits)
        opened.pruned += pruned
        opened.totals += self.shape.totals(opened.tree, self.use.object)
        return opened

    def _of_one(self, item: Tree, place: Place, opened: Opened) -> None:
        """Open what one of several records is linked to."""
        near = item.get("from") if isinstance(item, dict) else None
        entries = item.get("to") if isinstance(item, dict) else None
        key = near.get("id") if isinstance(near, dict) else None
        if not isinstance(item, dict) or not isinstance(entries, list) or not isinstance(key, str | int):
            raise UpstreamFault("unexpected_shape")
        opened.pruned += len(item) - 2
        item.clear()
        item |= {"from": {"id": key}, "to": entries}
        near_key = str(key) if self.near else None
        self.values.open_list(entries, self.use, opened, outer=place, whole=item, key=near_key)


def compile_links(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route about links; raises ValueError where the route is wrong."""
    if setting.links is None:
        raise ValueError("needs the connector to have a section links: for its grammar")
    if route.field:
        words = setting.words.objects.get(route.object)
        if words is None or route.field not in words.spec.fields:
            raise ValueError(f'has no field "{route.field}" of an object it is about')
    elif "/{object}" not in route.match or "/{other}" not in route.match:
        raise ValueError("needs {object} and {other} in its path, or object: and field:")
    if any(isinstance(kind, ParameterModel) for kind in route.query.values()):
        raise ValueError("has a query parameter that does more than its grammar knows")
    return Linking(
        setting,
        route,
        setting.links,
        setting.bodies[route.body] if route.body else None,
        setting.answers[route.answer] if route.answer else None,
    )

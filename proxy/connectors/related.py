"""The grammar `related`: records behind a link of one record, `sobjects/Account/001.../Contacts`.

Going up it is the one record that the link leads to, going down a list of those that link here. Either way
somebody learns what hangs together, so the field that holds the link is judged as one that is filtered by,
beside the records that come back. Further pages of a list are those of a query that asks for the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors import soql
from proxy.connectors.choices import Choice, choices
from proxy.connectors.envelope import Envelope
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.plain import Plain
from proxy.connectors.queries import Links, Understood, links_of
from proxy.connectors.rows import More
from proxy.connectors.shape import Shape
from proxy.connectors.soql.tree import Column, Compare, FieldSet, Path, Query
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import ObjectWords, Relation
from proxy.errors import Gap, Undecodable
from proxy.model import Action, FieldUse, Operation

_UP: Final = "record"
_DOWN: Final = "query"


@dataclass(frozen=True, slots=True)
class Related:
    """Reads one declared route with `{object}/{id}/{relation}` in its path."""

    setting: Setting
    route: RouteModel
    choices: tuple[Choice, ...]
    links: Links
    one: Shape
    many: Shape

    def read(self, asking: Asking) -> Reading:
        """Return whose records are asked for, by which link; see `Grammar.read`."""
        words, key = self.setting.words.object(asking.params["object"]), asking.params["id"]
        if not words.prefix or not key.startswith(words.prefix):
            raise Undecodable("ambiguous_path")  # it could be the name of a field, and what follows its value
        name = words.spelled(asking.params["relation"])
        params = {**asking.params, "object": words.name, "relation": name}
        if (up := words.parents.get(name)) is not None:
            linked = FieldUse(words.name, words.listed(up.via), Action.FILTER)
            return self._reading(up, linked, asking, params)
        if (down := words.children.get(name)) is not None:
            far = self.setting.words.objects[down.object]
            linked = FieldUse(far.name, far.listed(down.via), Action.FILTER)
            return self._reading(down, linked, asking, params, key)
        raise Gap("field", "unknown_relation")

    def _reading(
        self, way: Relation, linked: FieldUse, asking: Asking, params: Mapping[str, str], down: str = ""
    ) -> Reading:
        """Return what is read of the records behind a link.

        Args:
            way: the link.
            linked: that it is gone by.
            asking: the request.
            params: what is sent in its path.
            down: the id of the record that it starts from, where it leads to several.
        """
        far = self.setting.words.objects[way.object]
        action, shape = (Action.LIST, self.many) if down else (Action.READ, self.one)
        route = self.route.model_copy(update={"action": action})
        plain = Plain(self.setting, route, far, self.choices, None, shape)
        inner = plain.read(replace(asking, params={}))
        looked = Operation(Action.READ, linked.object, (linked,), (asking.params["id"],))

        def placed(reading: Reading) -> Reading:
            narrow, widen = reading.narrow, reading.widen
            opening = reading.answer
            if isinstance(opening, Envelope):
                more = self._more(far, linked, asking, reading, down) if down else opening.more
                opening = replace(opening, more=more, types=way.types)
            return replace(
                reading,
                operations=(*reading.operations, looked),
                answer=opening,
                params=params,
                narrow=None if narrow is None else lambda hidden: placed(narrow(hidden)),
                widen=None if widen is None else lambda wanted: placed(widen(wanted)),
            )

        return placed(inner)

    def _more(self, far: ObjectWords, by: FieldUse, asking: Asking, reading: Reading, key: str) -> More:
        """Return what seals links to further pages: as pages of the query that asks for the same."""
        named = next((names for each in self.choices if (names := each.given(reading))), None)
        columns = tuple(Column(Path((name,))) for name in named) if named else (FieldSet("ALL"),)
        query = Query(columns, far.name, where=Compare(Path((by.field,)), "=", f"'{key}'"))
        return self.links.more(Understood(soql.understand(query, self.setting.words), self.setting), asking)


def compile_related(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that follows a link; raises ValueError where the route is wrong."""
    if "/{object}/{id}/{relation}" not in route.match:
        raise ValueError("must have /{object}/{id}/{relation} in its path for its grammar")
    if _UP not in setting.answers or _DOWN not in setting.answers:
        raise ValueError(f"needs answers called {_UP} and {_DOWN} for its grammar")
    queries = [each for each in setting.file.routes if each.grammar == "soql"]
    if not queries:
        raise ValueError("needs a route with the grammar soql for its grammar")
    one, many = setting.answers[_UP], setting.answers[_DOWN]
    return Related(setting, route, choices(route, setting), links_of(queries[0], setting), one, many)

"""The arguments of one call, each judged by what belongs at its place."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.connectors.domains import UNDECLARED, Shapes, path_uses, sort_uses
from proxy.connectors.odoo.calls import Call
from proxy.connectors.odoo.domains import COMPARISONS, PATTERNS, Filtered
from proxy.connectors.odoo.methods import METHODS, SORTED_BY_ID, Kind, Method
from proxy.connectors.odoo.writes import ACTIVE, archives, normal
from proxy.connectors.rpcwrites import Tasks, Writes, ids_of
from proxy.errors import Gap, Undecodable
from proxy.message import Tree
from proxy.model import Action, FieldUse

ID: Final = "id"
COUNT: Final = "__count"
MAX_NAMES: Final = 300

_GROUP: Final = re.compile(r"([a-z_][a-z0-9_]{0,63})(?::(hour|day|week|month|quarter|year))?")
_AGGREGATE: Final = re.compile(
    r"([a-z_][a-z0-9_]{0,63})(?::(sum|avg|min|max|count|count_distinct|bool_and|bool_or)"
    r"(?:\(([a-z_][a-z0-9_]{0,63})\))?)?"
)
_SHOWS_VALUES: Final = frozenset({"min", "max"})
"""What comes of these is one of the values: judged as showing the field, too, as what a group is called is."""
_ORDER: Final = re.compile(r" *([a-z_][a-z0-9_.]{0,199})(?::[a-z]{1,8})?(?: +(asc|desc))? *", re.IGNORECASE)
_TEXT: Final = re.compile(r"[A-Za-z0-9_@./ +-]{0,64}")
Columns = dict[str, tuple[str, str, Action]]


@dataclass(slots=True)
class Arguments:
    """One pass over the arguments of a call, which is edited in place."""

    call: Call
    name: str
    """The model."""
    shapes: Shapes
    method: Method = field(init=False)
    uses: dict[FieldUse, None] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)
    columns: Columns = field(default_factory=dict)
    """Of groups: what each column is."""
    many: bool = True
    """Whether a create is of a list."""
    domains: list[Tree] = field(default_factory=list)
    """Those among the arguments, live."""
    tasks: Tasks = field(default_factory=Tasks)
    writes: Writes = field(init=False)

    def __post_init__(self) -> None:
        self.writes = Writes(self.shapes, self.tasks)

    def take(self) -> None:
        """Take in all arguments.

        Raises:
            Undecodable: too many, twice, or one of another kind than belongs there.
            Gap: a method, an argument or a construct that policy has no word for.
        """
        call = self.call
        found = METHODS.get(call.method)
        if found is None:
            raise Gap("route", "unknown_method")
        self.method = found
        places: list[tuple[list[Tree] | dict[str, Tree], int | str, Kind]] = []
        given = call.args
        if found.ids:
            self._ids(given)
        start = 1 if found.ids and call.protocol != "json2" else 0
        if len(given) - start > len(found.params):
            raise Undecodable("bad_arguments")
        said = set()
        for at, (name, kind) in enumerate(found.params[: max(0, len(given) - start)], start):
            places.append((given, at, kind))
            said.add(name)
        for name in call.kwargs:
            if name == "context" or (name == "ids" and found.ids and call.protocol == "json2"):
                continue
            kind_of = found.kind(name)
            if kind_of is None:
                raise Gap("construct", "unknown_argument")
            if name in said or (kind_of == "domain" and "args" in said):
                raise Undecodable("bad_arguments")
            said.add(name)
            places.append((call.kwargs, name, kind_of))
        for holder, key, kind in sorted(places, key=lambda place: place[2] == "order"):  # it may name a column
            holder[key] = _TAKE[kind](self, holder[key])  # type: ignore[index]
        self._complete(said)
        self._context(call.kwargs)

    def _complete(self, said: set[str]) -> None:
        """Refuse a call without what it cannot do without; have lists come in an order of ours."""
        needed = {"create": "vals_list", "write": "vals", "read_group": "groupby"}.get(self.call.method)
        if needed is not None and needed not in said:
            raise Undecodable("bad_arguments")
        if self.call.method in SORTED_BY_ID and not ("order" in said and self._ordered()):
            if "order" in said and len(self.call.args) == len(self.method.params):
                self.call.args.pop()
            self.call.kwargs["order"] = ID
        if self.call.method == "name_search":
            filtered = Filtered(self.shapes)
            filtered.labelled(self.name)
            self._filtered(filtered)

    def _ordered(self) -> bool:
        """Say whether the client named an order."""
        last = self.call.args[-1] if len(self.call.args) == len(self.method.params) else None
        return bool(self.call.kwargs.get("order", last))

    def _filtered(self, filtered: Filtered) -> None:
        self.uses.update(filtered.uses)
        self.ids += filtered.ids

    def _ids(self, given: list[Tree]) -> None:
        value = self.call.kwargs.get("ids") if self.call.protocol == "json2" else (given[0] if given else None)
        self.ids += ids_of([value] if isinstance(value, int) else value)

    def _context(self, kwargs: dict[str, Tree]) -> None:
        context = kwargs.get("context")
        if context is None or context is False:
            kwargs.pop("context", None)
            return
        if not isinstance(context, dict):
            raise Undecodable("bad_context")
        for key, value in list(context.items()):
            if key == "uid":  # clients repeat who they logged in as; the lane says who calls
                del context[key]
            elif key in {"lang", "tz"}:
                if value not in {None, False} and not (isinstance(value, str) and _TEXT.fullmatch(value)):
                    raise Undecodable("bad_context")
            elif key == "active_test":
                if not isinstance(value, bool):
                    raise Undecodable("bad_context")
                if not value and ACTIVE in self.shapes[self.name].fields:
                    # Archived records are found only by whoever may search for them.
                    self.uses[FieldUse(self.name, ACTIVE, Action.FILTER)] = None
            else:
                raise Gap("construct", "context_key")

    # ---- one method per kind of argument -------------------------------------------------------------------

    def _domain(self, value: Tree) -> Tree:
        filtered = Filtered(self.shapes)
        filtered.domain(value, self.name)
        self._filtered(filtered)
        self.domains.append(value)
        return value or []

    def _fields(self, value: Tree) -> Tree:
        """Note fields to return; one that nobody declared is noted, and not sent."""
        known = []
        for name in _names(value):
            use = FieldUse(self.name, self._field(name), self.method.action)
            self.uses[use] = None
            if use.field != UNDECLARED:
                known.append(name)
        return known or ([ID] if value else [])

    def _order(self, value: Tree) -> Tree:
        if value in {None, False, ""} if not isinstance(value, list | dict) else False:
            return value
        if not isinstance(value, str):
            raise Undecodable("bad_order")
        for term in value.split(","):
            found = _ORDER.fullmatch(term)
            if found is None:
                raise Undecodable("bad_order")
            if self.method.answer == "groups" and found[1] == COUNT:
                continue
            source = self.columns.get(found[1], (self.name, found[1], Action.SORT))[1]
            self.uses.update(dict.fromkeys(sort_uses([[source, "ASC"]], self.name, self.shapes)))
        return value

    def _groupby(self, value: Tree) -> Tree:
        for text in [value] if isinstance(value, str) else _names(value):
            found = _GROUP.fullmatch(text)
            if found is None:
                raise Gap("construct", "group")
            name = self._field(found[1])
            self.uses[FieldUse(self.name, name, Action.GROUP)] = None
            self.uses[FieldUse(self.name, name, Action.LIST)] = None
            if (far := self.shapes[self.name].relations.get(name)) is not None:
                # Odoo has groups by a link come in the order of what the linked records are called.
                self.uses[FieldUse(far.object, self.shapes[far.object].called, Action.SORT)] = None
            self.columns[text] = (self.name, name, Action.LIST)
            self.columns[f"{found[1]}_count"] = (self.name, ID, Action.AGGREGATE)
        self.columns[COUNT] = (self.name, ID, Action.AGGREGATE)
        self.uses[FieldUse(self.name, ID, Action.AGGREGATE)] = None
        return value

    def _aggregates(self, value: Tree) -> Tree:
        for text in _names(value):
            if text == COUNT:
                continue
            found = _AGGREGATE.fullmatch(text)
            if found is None:
                raise Gap("construct", "aggregate")
            name = self._field(found[3] or found[1])
            action = Action.LIST if found[2] in _SHOWS_VALUES else Action.AGGREGATE
            self.uses.update({FieldUse(self.name, name, each): None for each in (Action.AGGREGATE, action)})
            self.columns.setdefault(found[1], (self.name, name, action))
        return value or []

    def _rows(self, value: Tree) -> Tree:
        self.many = isinstance(value, list)
        rows = value if isinstance(value, list) else [value]
        if not rows:
            raise Undecodable("bad_values")
        for row in rows:
            self.writes.record(normal(row, self.name, self.shapes), self.name, Action.CREATE)
        return value

    def _values(self, value: Tree) -> Tree:
        self.writes.record(normal(value, self.name, self.shapes), self.name, Action.UPDATE, self.ids)
        if archives(value):
            self.tasks.add(Action.DELETE, self.name, ids=self.ids)
        return value

    def _field(self, name: str) -> str:
        uses, _ = path_uses(name, self.name, self.shapes, Action.READ)
        if len(uses) != 1:
            raise Gap("construct", "field_path")
        return uses[0].field


def _names(value: Tree) -> list[str]:
    if value is None or value is False:
        return []
    if not isinstance(value, list) or len(value) > MAX_NAMES:
        raise Undecodable("bad_field_name")
    found = [item for item in value if isinstance(item, str)]
    if len(found) != len(value):
        raise Undecodable("bad_field_name")
    return found


def _number(_arguments: Arguments, value: Tree) -> Tree:
    if value is None or value is False:
        return value
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Undecodable("bad_arguments")
    return value


def _flag(_arguments: Arguments, value: Tree) -> Tree:
    if not isinstance(value, bool):
        raise Undecodable("bad_arguments")
    return value


def _load(_arguments: Arguments, value: Tree) -> Tree:
    if isinstance(value, list | dict) or value not in {"_classic_read", "_classic_write", "", None, False}:
        raise Gap("construct", "load")
    return value


def _said(_arguments: Arguments, value: Tree) -> Tree:
    if not isinstance(value, str) or len(value) > 1_000:
        raise Undecodable("bad_arguments")
    return value


def _operator(_arguments: Arguments, value: Tree) -> Tree:
    if not isinstance(value, str) or value not in COMPARISONS | PATTERNS:
        raise Gap("construct", "domain_operator")
    return value


def _plain_names(_arguments: Arguments, value: Tree) -> Tree:
    _names(value)
    return value


_TAKE: Final[Mapping[Kind, Callable[[Arguments, Tree], Tree]]] = {
    "domain": Arguments._domain,
    "fields": Arguments._fields,
    "order": Arguments._order,
    "groupby": Arguments._groupby,
    "aggregates": Arguments._aggregates,
    "rows": Arguments._rows,
    "values": Arguments._values,
    "number": _number,
    "flag": _flag,
    "load": _load,
    "text": _said,
    "operator": _operator,
    "names": _plain_names,
    "attributes": _plain_names,
}

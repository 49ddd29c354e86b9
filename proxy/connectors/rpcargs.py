"""The arguments of one RPC call, each judged by what belongs at its place."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.connectors import domains
from proxy.connectors.domains import UNDECLARED, Shapes, is_scalar_struct
from proxy.connectors.rpcspec import ContextKind, Parameter, RpcCall
from proxy.connectors.rpcwrites import Tasks, Writes, ids_of
from proxy.errors import Gap, Undecodable
from proxy.message import Tree
from proxy.model import Action, FieldUse

ID: Final = "id"
ACTIVE: Final = "active"
LABEL: Final = ":string"
"""Follows the name of a choice whose label is asked for."""

MAX_NAMES: Final = 300
"""Field names in one call; proteus asks for every field of an object at once."""
MAX_FORM_DEPTH: Final = 12

_STAMPED: Final = re.compile(r"[a-z_][a-z0-9_.-]{0,99},-?[0-9]{1,18}")
_FORM_KEY: Final = re.compile(r"(_parent_)?([a-z][a-z0-9_]{0,63}(?:\.[a-z_][a-z0-9_]{0,63}){0,4})")

_UNSAID: Final[Mapping[Parameter, Tree]] = {"offset": 0, "limit": None, "order": None}
"""What a search is sent with where the client says nothing."""
_BY_ID: Final = (ID, "ASC")
"""The order where the client names none. The CRM's own would be by name, and so tell a caller who may not see
names how they compare (threat IO-03)."""
_NEEDED: Final = frozenset({"ids", "rows", "values", "domain"})
"""Kinds that a call cannot do without when they come first."""


@dataclass(slots=True)
class Arguments:
    """One pass over the arguments of one call; read `params` and the rest afterwards."""

    call: RpcCall
    name: str
    """The object the call is about."""
    shapes: Shapes
    context: Mapping[str, ContextKind]
    params: list[Tree] = field(default_factory=list)
    """What to send."""
    uses: list[FieldUse] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    domains: list[Tree] = field(default_factory=list)
    """Those among the arguments, live."""
    tasks: Tasks = field(default_factory=Tasks)
    writes: Writes = field(init=False)

    def __post_init__(self) -> None:
        self.writes = Writes(self.shapes, self.tasks)

    def take(self, given: list[Tree]) -> None:
        """Take in all arguments; the context is always the last.

        Raises:
            Undecodable: too few, too many, or one of another kind than belongs there.
            Gap: a construct the connector has no word for.
        """
        kinds = list(self.call.params)
        given, tail = list(given), []
        if kinds and kinds[-1] == "context":
            kinds.pop()
            tail = given[-1:]
            self._context(given.pop() if given else None)
        if kinds == ["pairs"]:
            self.writes.pairs(given, self.name)
        else:
            given = self._each(kinds, given)
        self.params = given + tail

    def _each(self, kinds: list[Parameter], given: list[Tree]) -> list[Tree]:
        if len(given) > len(kinds) or (kinds and kinds[0] in _NEEDED and not given):
            raise Undecodable("bad_arguments")
        if "order" in kinds:
            given += [_UNSAID[kind] for kind in kinds[len(given) : kinds.index("order") + 1]]
        for position, (kind, value) in enumerate(zip(kinds, given, strict=False)):
            _TAKE[kind](self, value)
            if kind == "order" and not value:
                given[position] = [list(_BY_ID)]
        return given

    # ---- one method per kind of argument -------------------------------------------------------------------

    def _ids(self, value: Tree) -> None:
        self.ids += ids_of(value)

    def _fields(self, value: Tree) -> None:
        """Take in names of fields to return, in place; to ask for definitions is no use of data.

        One that nobody declared is noted, and not sent: an error would tell whether the CRM knows it.
        """
        paths = _names(value)
        if self.call.answer == "definitions":
            return
        known = []
        for path in paths:
            uses, _ = domains.path_uses(path.removesuffix(LABEL), self.name, self.shapes, self.call.action)
            self.uses += uses
            if uses[-1].field != UNDECLARED:
                known.append(path)
        if isinstance(value, list) and value:
            value[:] = known or [ID]

    def _domain(self, value: Tree) -> None:
        self.uses += domains.filter_uses(value, self.name, self.shapes)
        self.domains.append(value)

    def _order(self, value: Tree) -> None:
        self.uses += domains.sort_uses(value, self.name, self.shapes)

    def _rows(self, value: Tree) -> None:
        if not isinstance(value, list) or not value:
            raise Undecodable("bad_values")
        for row in value:
            self.writes.record(row, self.name, Action.CREATE)

    def _changed(self, value: Tree) -> None:
        for name in _names(value):
            meant = self.shapes[self.name].meant(name)
            if UNDECLARED in meant:
                raise Gap("field", "unknown_form_field")
            self.uses += [FieldUse(self.name, each, self.call.action) for each in meant]

    def _form(self, value: Tree) -> None:
        """Take in a form: nothing of it is stored, and what it makes the CRM say is judged as a read."""
        _check_form(value, self.name, self.shapes, self.ids)

    def _context(self, value: Tree) -> None:
        if not isinstance(value, dict):
            raise Undecodable("context_expected")
        for key, setting in value.items():
            kind = self.context.get(key)
            if kind is None:
                raise Gap("construct", "context_key")
            if not _CONTEXT[kind](setting):
                raise Undecodable("bad_context")
            if kind == "active" and setting is False and ACTIVE in self.shapes[self.name].fields:
                # Inactive records are found only by whoever may search for them.
                self.uses.append(FieldUse(self.name, ACTIVE, Action.FILTER))


def _number(_arguments: Arguments, value: Tree) -> None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise Undecodable("bad_arguments")


def _flag(_arguments: Arguments, value: Tree) -> None:
    if not isinstance(value, bool):
        raise Undecodable("bad_arguments")


_TAKE: Final[Mapping[Parameter, Callable[[Arguments, Tree], None]]] = {
    "ids": Arguments._ids,
    "fields": Arguments._fields,
    "domain": Arguments._domain,
    "offset": _number,
    "limit": _number,
    "order": Arguments._order,
    "flag": _flag,
    "rows": Arguments._rows,
    "values": Arguments._form,
    "names": Arguments._changed,
}

_CONTEXT: Final[Mapping[ContextKind, Callable[[Tree], bool]]] = {
    "text": lambda value: value is None or (isinstance(value, str) and len(value) <= 64),
    "active": lambda value: isinstance(value, bool),
    "timestamps": lambda value: (
        isinstance(value, dict)
        and all(_STAMPED.fullmatch(key) for key in value)
        and not any(isinstance(stamp, list | dict) for stamp in value.values())
    ),
}


def _names(value: Tree) -> list[str]:
    """Return a list of names as they came; None asks for whatever the CRM chooses."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MAX_NAMES:
        raise Undecodable("bad_field_name")
    found = [item for item in value if isinstance(item, str)]
    if len(found) != len(value):
        raise Undecodable("bad_field_name")
    return found


def _check_form(form: Tree, name: str, shapes: Shapes, ids: list[int], depth: int = 1) -> None:
    """Check that a form consists of declared fields, and note the ids of stored records in it.

    Raises:
        Undecodable: not a form.
        Gap: a field that the connector does not list.
    """
    if not isinstance(form, dict) or depth > MAX_FORM_DEPTH:
        raise Undecodable("bad_values")
    for key, value in form.items():
        if key == ID:
            _note(value, ids)
            continue
        path = _FORM_KEY.fullmatch(key)
        if path is None:
            raise Undecodable("bad_field_name")
        uses, target = domains.path_uses(path[2], name, shapes, Action.READ)
        if uses[-1].field == UNDECLARED:
            raise Gap("field", "unknown_form_field")
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and target is not None:
                _check_form(item, target, shapes, ids, depth + 1)
            elif isinstance(item, list) or (isinstance(item, dict) and not is_scalar_struct(item)):
                raise Gap("construct", "nested_value")


def _note(value: Tree, ids: list[int]) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise Undecodable("bad_ids")
    if value >= 0:  # a record that is not stored yet has a negative one
        ids.append(value)

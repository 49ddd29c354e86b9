"""What comes back from a call, taken apart: every record in it, and nothing the connector does not declare.

A record may hold others. Tryton writes them under the relation's name with a dot at its end (`"party.":
{...}`) and the label of a choice under `type:string`; both are judged as the field they show, and what is
inside as records of their own. A form's answer holds changes of a relation, `{"add": [[0, {...}]]}`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.connectors.asked import Faults, Missing, Opened
from proxy.connectors.domains import UNDECLARED, Relation, Shape, Shapes, is_scalar_struct
from proxy.connectors.rpcargs import ID
from proxy.connectors.shape import MAX_COUNT
from proxy.connectors.words import Words
from proxy.errors import UpstreamFault
from proxy.message import Record, Tree
from proxy.model import Action

MAX_DEPTH: Final = 16
_Names = Mapping[str, tuple[str, str, Action]]
"""Member -> object, field and action, as `Record.names` has it."""
_LABEL: Final = ":string"
_ABSENT: Final = "UserError"
"""What Tryton raises where it is to read several records, and one of them is not there."""
_CHANGES: Final = frozenset({"add", "update", "remove", "delete"})


@dataclass(frozen=True, slots=True)
class RpcAnswer:
    """How the answer to one call is read."""

    kind: str
    """An entry of `rpcspec.Answered`."""
    object: str
    action: Action
    words: Words
    shapes: Shapes
    faults: Faults
    known: Callable[[str], bool] = field(default=lambda _name: False)
    """Whether a method is declared; for an answer that lists methods."""
    number: int | None = None
    """The `id` of a JSON-RPC call, which the answer must repeat; None: XML-RPC."""

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return what the answer holds; a fault inside a success is still a fault."""
        if not isinstance(tree, dict):
            raise UpstreamFault("unexpected_shape")
        expected = {"result"} if self.number is None else {"id", "result"}
        if "fault" in tree or tree.get("error") is not None:
            return self.faults.open(status, tree)
        if tree.keys() - {"error"} != expected or tree.get("id") != self.number:
            raise UpstreamFault("unexpected_shape")
        tree.pop("error", None)
        opened = Opened(tree)
        tree["result"] = self._result(tree["result"], opened)
        if self.kind == "records" and self.action is Action.READ:
            absent: Tree = {"fault": {"faultCode": 1}}
            if self.number is not None:
                absent = {"id": self.number, "error": [_ABSENT]}
            opened.missing = Missing(200, self.faults.open(200, absent).tree, any=True)
        return opened

    def _result(self, result: Tree, opened: Opened) -> Tree:
        rows = _Rows(self.words, self.shapes, self.action, opened, stored=self.kind != "form")
        match self.kind, result:
            case "records", list():
                for row in result:
                    rows.row(row, self.object)
            case "record", dict():
                rows.row(result, self.object)
            case "form", dict():
                rows.row(result, self.object)
            case "form" | "nothing", None:
                pass
            case "definitions", dict():
                self._definitions(result, rows, opened)
            case "method_names", list():
                # Not counted as gaps: that most methods are not declared is how it is meant to be.
                return [name for name in result if isinstance(name, str) and self.known(name)]
            case "ids", list() if all(_is_number(item) for item in result):
                opened.ids.append((self.object, result))
            case "count", int() if not isinstance(result, bool) and 0 <= result < MAX_COUNT:
                opened.sizes.append((self.object, result))
            case "text", str():
                pass
            case _:
                raise UpstreamFault("unexpected_shape")
        return result

    def _definitions(self, result: dict[str, Tree], rows: "_Rows", opened: Opened) -> None:
        """Keep the definition of every declared field; each is a record of the object that `object` names."""
        about = self.shapes[self.object].fields
        for name in list(result):
            if name in about:
                rows.row(result[name], DEFINITIONS)
            else:
                del result[name]  # not a gap, for the same reason as a method that is not declared


DEFINITIONS: Final = "ir.model.field"
"""The object whose fields are the properties of a definition: `type`, `relation`, `selection`."""


@dataclass(slots=True)
class _Rows:
    """One pass over the records of an answer; prunes in place."""

    words: Words
    shapes: Shapes
    action: Action
    opened: Opened
    stored: bool
    """Whether rows stand in the CRM as they are here; what a form computed may say of itself what the client
    had it say, so that nothing in it tells what kind of data a typed member is."""
    _known: dict[tuple[str, tuple[str, ...], str | None], "_Names"] = field(default_factory=dict)

    def row(self, row: Tree, name: str, within: tuple[Record, str] | None = None, depth: int = 1) -> None:
        """Take in one record of object `name`, and those inside it.

        Args:
            row: member -> value, untrusted.
            name: its object.
            within: the record around it, and the member there.
            depth: of records inside records.
        """
        if not isinstance(row, dict) or depth > MAX_DEPTH:
            raise UpstreamFault("unexpected_shape")
        shape = self.shapes[name]
        kind = shape.typed.of(row) if shape.typed is not None and self.stored else None
        names = self._names(name, tuple(row), kind)
        for member in [member for member in row if member not in names]:
            del row[member]
            self.opened.pruned += 1
        renamed = any(member != base for member, (_, base, _) in names.items())
        record = Record(
            name, self.action, row, names if renamed else None, key=self._key(row, name), within=within
        )
        number = row.get(ID)
        record.own = str(number) if _is_number(number) and self.stored else None
        self.opened.records.append(record)
        for member, (_, base, _) in names.items():
            relation = shape.relations.get(base)
            if relation is not None:
                self._inside(record, member, relation, depth + 1)

    def _key(self, row: Mapping[str, Tree], name: str) -> str | None:
        """Return the id of a record that is a person's own; any other says whose it is in a field."""
        if self.words.objects[name].spec.subject_key != ID:
            return None
        value = row.get(ID)
        return str(value) if _is_number(value) else None

    def _names(self, name: str, members: tuple[str, ...], kind: str | None) -> "_Names":
        """Return the field that each declared member shows; the same mapping for rows that look the same."""
        key = (name, members, kind)
        found = self._known.get(key)
        if found is None:
            shape = self.shapes[name]
            bases = {member: _field(member, shape, kind) for member in members}
            found = {member: (name, base, self.action) for member, base in bases.items() if base != UNDECLARED}
            self._known[key] = found
        return found

    def _inside(self, outer: Record, member: str, relation: Relation, depth: int) -> None:
        """Take in the records that stand in place of a relation's ids, if there are any."""
        value, within = outer.members[member], (outer, member)
        if isinstance(value, dict) and not is_scalar_struct(value):
            if relation.many and value.keys() <= _CHANGES:
                for row in _changed(value):
                    self.row(row, relation.object, within, depth)
            else:
                self.row(value, relation.object, within, depth)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    self.row(item, relation.object, within, depth)
                elif not _is_number(item):
                    raise UpstreamFault("unexpected_shape")


def _field(member: str, shape: Shape, kind: str | None) -> str:
    """Return the field that a member shows, or UNDECLARED; `kind` is what typed members are in this row."""
    base = shape.field(member.removesuffix(_LABEL).removesuffix("."))
    if member.endswith(".") and base not in shape.relations:
        return UNDECLARED
    if shape.typed is not None and base in shape.typed.members:
        return kind or UNDECLARED  # the row does not say what this is: nobody can judge it
    return base


def _changed(value: Mapping[str, Tree]) -> list[Tree]:
    """Return the records among the changes of a relation."""
    rows: list[Tree] = []
    for kind, items in value.items():
        if not isinstance(items, list):
            raise UpstreamFault("unexpected_shape")
        for item in items:
            match kind, item:
                case "add", [int(), dict() as row]:
                    rows.append(row)
                case "update", dict():
                    rows.append(item)
                case (("remove" | "delete"), int()):
                    pass
                case _:
                    raise UpstreamFault("unexpected_shape")
    return rows


def _is_number(value: Tree) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

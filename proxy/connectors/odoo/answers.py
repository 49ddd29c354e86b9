"""What comes back from a call: every record in it, and nothing that the connector does not declare.

A link to one record comes as `[7, "Mara Quinn"]`: its number, and what the record is called. The second part is
data about the other record, and is judged as that record's own name, wherever the link stands.
"""

import re
from dataclasses import dataclass
from typing import Final

from proxy.connectors.asked import Faults, Opened
from proxy.connectors.domains import UNDECLARED, Relation, Shapes
from proxy.connectors.odoo.arguments import COUNT, ID, Columns
from proxy.connectors.odoo.calls import Protocol
from proxy.connectors.shape import MAX_COUNT
from proxy.connectors.words import Words
from proxy.errors import UpstreamFault
from proxy.message import Record, Tree
from proxy.model import Action

DEFINITIONS: Final = "ir.model.fields"
"""The object whose fields are the properties of a definition: `type`, `relation`, `selection`."""
VERSION: Final = "system"
_WORD: Final = re.compile(r"[A-Za-z_/+-]{1,40}[0-9]{0,2}")


class Pair(dict[str, Tree]):
    """A link as a record of its own: what is done to its members is done to the list that it came as."""

    def __init__(self, held: list[Tree], called: str) -> None:
        """Take a list of a number and a name."""
        super().__init__({ID: held[0], called: held[1]})
        self.held = held
        self._places = {ID: 0, called: 1}

    def __setitem__(self, name: str, value: Tree) -> None:
        super().__setitem__(name, value)
        self.held[self._places[name]] = value

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self.held[self._places[name]] = False  # as Odoo writes that there is nothing


@dataclass(frozen=True, slots=True)
class OdooAnswer:
    """How the answer to one call is read."""

    kind: str
    """An entry of `methods.Answered`, or `version`, `uid`, `session` or `destroyed`."""
    object: str
    action: Action
    words: Words
    shapes: Shapes
    faults: Faults
    protocol: Protocol
    number: int | None = None
    columns: Columns | None = None
    many: bool = True
    database: str = ""
    """That the lane reaches; a session says it."""

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return what the answer holds; a fault inside a success is still a fault."""
        if self.protocol == "json2":
            opened = Opened(tree)
            opened.tree = self._result(tree, opened)
            return opened
        if not isinstance(tree, dict):
            raise UpstreamFault("unexpected_shape")
        if "fault" in tree or "error" in tree:
            return self.faults.open(status, tree)
        expected = {"result"} if self.protocol == "xmlrpc" else {"jsonrpc", "id", "result"}
        if tree.keys() != expected or tree.get("id") != self.number:
            raise UpstreamFault("unexpected_shape")
        opened = Opened(tree)
        tree["result"] = self._result(tree["result"], opened)
        return opened

    def _result(self, result: Tree, opened: Opened) -> Tree:
        rows = _Rows(self.words, self.shapes, self.action, opened)
        match self.kind, result:
            case "records", list():
                for row in result:
                    rows.row(row, self.object)
            case "pairs", list():
                for pair in result:
                    rows.pair(pair, self.object)
            case "groups", list():
                for row in result:
                    rows.group(row, self.object, self.columns or {})
            case "definitions", dict():
                self._definitions(result, rows)
            case "version", dict():
                rows.row(result, VERSION)
            case "context", dict():
                return {name: result[name] for name, fits in _CONTEXT.items() if fits(result.get(name))}
            case ("session", int()) if _is_number(result) and 0 < result < MAX_COUNT:
                return {"uid": result, "user_context": {}, "db": self.database}
            case ("session", False):
                return {"uid": False, "user_context": {}, "db": self.database}
            case "destroyed", dict():
                return None
            case ("ids", list()) if all(map(_is_number, result)):
                opened.ids.append((self.object, result))
            case ("created", list()) if self.many and all(map(_is_number, result)):
                pass
            case ("count", int()) if _is_number(result) and 0 <= result < MAX_COUNT:
                opened.sizes.append((self.object, result))
            case ("created" | "uid", int()) if _is_number(result) and 0 <= result < MAX_COUNT:
                pass
            case ("uid" | "done", bool()):
                pass
            case _:
                raise UpstreamFault("unexpected_shape")
        return result

    def _definitions(self, result: dict[str, Tree], rows: "_Rows") -> None:
        about = self.shapes[self.object].fields
        for name in list(result):
            if name in about:
                rows.row(result[name], DEFINITIONS)
            else:
                del result[name]  # not a gap: that most fields are not declared is how it is meant to be


@dataclass(slots=True)
class _Rows:
    """One pass over the records of an answer; prunes in place."""

    words: Words
    shapes: Shapes
    action: Action
    opened: Opened

    def row(self, row: Tree, name: str) -> None:
        """Take in one record of a model."""
        if not isinstance(row, dict):
            raise UpstreamFault("unexpected_shape")
        shape = self.shapes[name]
        for member in [member for member in row if shape.field(member) == UNDECLARED]:
            del row[member]
            self.opened.pruned += 1
        number = row.get(ID)
        record = Record(name, self.action, row, key=self._key(number, name))
        record.own = str(number) if _is_number(number) else None
        self.opened.records.append(record)
        for member, relation in shape.relations.items():
            if member in row:
                self._link(row[member], relation, (record, member))

    def group(self, row: Tree, name: str, columns: Columns) -> None:
        """Take in one group; its domain and its range repeat values, and are left out."""
        if not isinstance(row, dict):
            raise UpstreamFault("unexpected_shape")
        for member in [member for member in row if member not in columns]:
            del row[member]
            self.opened.pruned += not member.startswith("__")
        counts = tuple(each for each in row if each == COUNT or each.endswith("_count"))
        counts = tuple(each for each in counts if columns[each][1:] == (ID, Action.AGGREGATE))
        record = Record(name, self.action, row, columns, counts=counts)
        self.opened.records.append(record)
        for member, (_, base, action) in columns.items():
            relation = self.shapes[name].relations.get(base)
            if member in row and relation is not None and action is Action.LIST:
                self._link(row[member], relation, (record, member))

    def pair(self, pair: Tree, name: str, within: tuple[Record, str] | None = None) -> None:
        """Take in a record of which there is no more than its number and what it is called."""
        if not isinstance(pair, list) or len(pair) != 2 or not _is_number(pair[0]):
            raise UpstreamFault("unexpected_shape")
        if isinstance(pair[1], list | dict):
            raise UpstreamFault("unexpected_shape")
        members, key = Pair(pair, self.shapes[name].called), self._key(pair[0], name)
        # The number is what the field around it holds, and was judged there.
        keep = frozenset({ID} if within is not None else ())
        self.opened.records.append(Record(name, self.action, members, keep=keep, key=key, within=within))

    def _link(self, value: Tree, relation: Relation, within: tuple[Record, str]) -> None:
        if relation.many:
            if not isinstance(value, list) or not all(map(_is_number, value)):
                raise UpstreamFault("unexpected_shape")
        elif isinstance(value, list):
            self.pair(value, relation.object, within)
        elif isinstance(value, dict):
            raise UpstreamFault("unexpected_shape")

    def _key(self, value: Tree, name: str) -> str | None:
        own = self.words.objects[name].spec.subject_key == ID
        return str(value) if own and _is_number(value) else None


def _is_word(value: Tree) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _is_number(value: Tree) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_CONTEXT: Final = {"lang": _is_word, "tz": _is_word, "uid": _is_number}
"""What is shown of how the lane's account has texts written."""

"""What a call writes: nested records, and the commands by which Tryton changes the far end of a relation.

A one-to-many field is written as a list of commands: `["create", [{...}]]`, `["write", [ids], {...}]`,
`["add"|"remove"|"delete", [ids]]`. Each is an operation on the other object, judged as if it had been sent
to it; a record that moves by `add` or `remove` is an update of its field that points back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from proxy.connectors.domains import Relation, Shape, Shapes, is_scalar_struct
from proxy.errors import Gap, Undecodable
from proxy.message import RECORD_ITSELF, Record, Tree, scalar_text
from proxy.model import Action, FieldUse, Operation

MAX_DEPTH = 8
"""Records inside records; proteus sends three at most (party, address, identifier)."""
MAX_RECORDS = 1_000
"""Ids in one list, and records that one call writes; Tryton's clients read as many at a time."""


class Reworded(dict[str, Tree]):
    """A record to write, in other words than it is sent in."""

    def __init__(self, sent: dict[str, Tree]) -> None:
        super().__init__()
        self.sent = sent
        """The same record as it is sent."""


@dataclass(slots=True)
class Tasks:
    """Operations as they are found, one for each action and object."""

    _found: dict[tuple[Action, str], tuple[dict[FieldUse, None], dict[str, None]]] = field(default_factory=dict)

    def add(self, action: Action, name: str, uses: Iterable[FieldUse] = (), ids: Iterable[int] = ()) -> None:
        """Add uses and ids to the operation on `name`."""
        known_uses, known_ids = self._found.setdefault((action, name), ({}, {}))
        known_uses.update(dict.fromkeys(uses))
        known_ids.update(dict.fromkeys(map(str, ids)))

    def operations(self) -> tuple[Operation, ...]:
        """Return what was found, in the order in which each was first met."""
        return tuple(
            Operation(action, name, tuple(uses), tuple(ids))
            for (action, name), (uses, ids) in self._found.items()
        )


@dataclass(slots=True)
class Writes:
    """One pass over what a call writes; fills `tasks` and `records`."""

    shapes: Shapes
    tasks: Tasks
    records: list[Record] = field(default_factory=list)
    written: int = 0
    """Records taken in; some have two entries in `records`."""

    def record(self, values: Tree, name: str, action: Action, ids: Iterable[int] = (), depth: int = 1) -> None:
        """Take in one record.

        Args:
            values: field -> value, unchecked.
            name: its object.
            action: CREATE or UPDATE.
            ids: the records that get these values.
            depth: of records inside records.

        Raises:
            Undecodable: not a record, nested too deep, or one too many.
            Gap: a value, member or command the connector has no word for.
        """
        if not isinstance(values, dict) or depth > MAX_DEPTH:
            raise Undecodable("bad_values")
        self.written += 1
        if self.written > MAX_RECORDS:
            raise Undecodable("too_many_records", status=413)
        shape = self.shapes[name]
        if any(member == "id" or member.startswith("_") for member in values):
            raise Gap("construct", "written_key")
        uses = [
            FieldUse(name, each, action) for member in values for each in _written(member, values, shape, action)
        ]
        uses += [FieldUse(name, each, Action.READ) for each in _renamed(values, shape, action)]
        # A record without fields is still made, or touched: policy is asked about the record itself.
        ids = tuple(ids)
        self.tasks.add(action, name, uses or [FieldUse(name, RECORD_ITSELF, action)], ids)
        many = {member: relation for member, relation in shape.relations.items() if relation.many}
        judged_below = shape.typed.members if shape.typed else ()
        sent = values.sent if isinstance(values, Reworded) else values
        live = {member: (sent, member) for member in values}
        keep = frozenset((*many, *judged_below))
        self.records.append(Record(name, action, values, keep=keep, targets=tuple(map(str, ids)), live=live))
        self._typed(values, name, action, (sent, ids))
        for member, value in values.items():
            if member in many:
                self._commands(value, many[member], depth)
            else:
                _check_value(value)

    def _typed(
        self, values: dict[str, Tree], name: str, action: Action, sent: tuple[dict[str, Tree], tuple[int, ...]]
    ) -> None:
        """Add the same values under the fields that policy knows them by, to be compared with masks.

        What a stored value was masked as goes by what it was, and not by what the client now says it is.
        """
        shape = self.shapes[name]
        if shape.typed is None:
            return
        for member in shape.typed.members & values.keys():
            meant = shape.typed.all() if action is Action.UPDATE else _written(member, values, shape, action)
            known = dict.fromkeys(meant, values[member])
            live = dict.fromkeys(known, (sent[0], member))
            targets = tuple(map(str, sent[1]))
            self.records.append(Record(name, action, known, guesses=len(known) > 1, targets=targets, live=live))

    def _commands(self, commands: Tree, relation: Relation, depth: int) -> None:
        for command in [] if commands is None else _list(commands):
            match command:
                case ["create", list(rows)]:
                    for row in rows:
                        self.record(row, relation.object, Action.CREATE, depth=depth + 1)
                case ["write", *pairs]:
                    self.pairs(pairs, relation.object, depth + 1)
                case ["add" | "remove", found]:
                    back = relation.inverse or RECORD_ITSELF
                    use = FieldUse(relation.object, back, Action.UPDATE)
                    self.tasks.add(Action.UPDATE, relation.object, [use], ids_of(found))
                case ["delete", found]:
                    self.tasks.add(Action.DELETE, relation.object, ids=ids_of(found))
                case _:
                    raise Gap("construct", "relation_command")

    def pairs(self, pairs: list[Tree], name: str, depth: int = 1) -> None:
        """Take in ids and values by turns: `[1, 2], {...}, [3], {...}`."""
        if not pairs or len(pairs) % 2:
            raise Undecodable("bad_values")
        for found, values in zip(pairs[::2], pairs[1::2], strict=True):
            self.record(values, name, Action.UPDATE, ids_of(found), depth)


def _written(member: str, values: Mapping[str, Tree], shape: Shape, action: Action) -> tuple[str, ...]:
    """Return the fields that are written with a member.

    A typed member is what the values beside it say, or may be any kind. To change a stored record's type is to
    change what its value is, from any kind to any other.
    """
    typed = shape.typed
    if typed is not None and member in typed.members and (kind := typed.of(values)) is not None:
        return (kind,)
    if typed is not None and member == typed.by and action is Action.UPDATE:
        return (shape.field(member), *typed.all())
    return shape.meant(member)


def _renamed(values: Mapping[str, Tree], shape: Shape, action: Action) -> tuple[str, ...]:
    """Return the fields that a stored value may be, if a write says anew what it is and leaves it there.

    From then on it is shown as policy has it for the new kind. So whoever does that must be allowed to read the
    value whatever it is, or write another in its place.
    """
    typed = shape.typed
    if typed is None or action is not Action.UPDATE or typed.by not in values:
        return ()
    replaced = (scalar_text(values.get(typed.stored)) or "").strip()
    return () if replaced else typed.all()


def ids_of(tree: Tree) -> list[int]:
    """Return record ids; raises Undecodable for anything but a list of them, of at most `MAX_RECORDS`."""
    found: list[int] = []
    items = _list(tree)
    if len(items) > MAX_RECORDS:
        raise Undecodable("too_many_records", status=413)
    for item in items:
        if not isinstance(item, int) or isinstance(item, bool) or item < 0:
            raise Undecodable("bad_ids")
        found.append(item)
    return found


def _check_value(value: Tree) -> None:
    """Accept a scalar or a flat list of scalars (a multiple selection)."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, list) or (isinstance(item, dict) and not is_scalar_struct(item)):
            raise Gap("construct", "nested_value")


def _list(tree: Tree) -> list[Tree]:
    if not isinstance(tree, list):
        raise Undecodable("bad_values")
    return tree

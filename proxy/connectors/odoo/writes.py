"""What a call writes, in the form in which writes are judged.

Odoo changes the far end of a relation by commands with numbers, `(0, 0, {...})`, `(6, 0, [ids])`. They mean what
Tryton's mean by words, so they are put into those, for judging only; what is sent stays as it was written.
"""

from typing import Final

from proxy.connectors.domains import Relation, Shapes
from proxy.connectors.rpcwrites import Reworded
from proxy.errors import Gap, Undecodable
from proxy.message import Tree

MAX_DEPTH: Final = 8
ACTIVE: Final = "active"


def normal(values: Tree, name: str, shapes: Shapes, depth: int = 1) -> Tree:
    """Return a record to write with the commands in it put into words.

    Raises:
        Undecodable: not a record, or nested too deep.
        Gap: a command that changes records which nobody names.
    """
    if not isinstance(values, dict) or depth > MAX_DEPTH:
        raise Undecodable("bad_values")
    relations = shapes[name].relations
    found = Reworded(values)
    for member, value in values.items():
        relation = relations.get(member)
        if relation is not None and relation.many and isinstance(value, list):
            found[member] = [each for given in value for each in _commands(given, relation, shapes, depth)]
        elif relation is not None and relation.many:
            raise Gap("construct", "relation_command")  # null or false lets go of all that was linked
        else:
            found[member] = None if value is False else value  # as Odoo writes that there is nothing
    return found


def archives(values: Tree) -> bool:
    """Say whether a write takes a record out of sight, as a delete does; Odoo takes many things for no."""
    return isinstance(values, dict) and values.get(ACTIVE, True) is not True


def _commands(command: Tree, relation: Relation, shapes: Shapes, depth: int) -> list[Tree]:
    match command:
        case [0, _, dict(values)]:
            return [["create", [normal(values, relation.object, shapes, depth + 1)]]]
        case [1, int(key), dict(values)]:
            written = ["write", [key], normal(values, relation.object, shapes, depth + 1)]
            return [written, ["delete", [key]]] if archives(values) else [written]
        case [2, int(key), *rest] if len(rest) < 2:
            return [["delete", [key]]]
        case [3, int(key), *rest] if len(rest) < 2:
            return [["remove", [key]]]
        case [4, int(key), *rest] if len(rest) < 2:
            return [["add", [key]]]
        case [6, _, list(keys)] if relation.inverse is None:
            return [["add", keys]]
    # (5) and, where the far end holds the link, (6) let go of whatever was linked: records that nobody names.
    raise Gap("construct", "relation_command")

"""Tryton's search domains, orders and field paths, as uses of fields.

A domain is a tree of lists: `["OR", ["name", "=", "x"], [["active", "=", true]]]`. Its leaves filter by a
field, or by a path through relations (`contact_mechanisms.value`), and some filter by more than they name: a
search by `rec_name` looks into identifiers, and text compared with a relation looks at the target's label.
`filter_uses` returns every field that decides which records come back, so that policy is asked about each
(threats IO-01 to IO-09). The connector's YAML says what is behind a label.

Nothing here evaluates a domain. What is not in this grammar (a fourth element of a leaf, `child_of`, an
expression as a value) is a `Gap`. A field nobody declared becomes a use of `UNDECLARED`, so that a hidden
field and one that does not exist are answered alike.

The rules follow trytond 8.2: `is_leaf` and `reduce_domain` decide what is a leaf, `Many2One.convert_domain`
and `One2Many.convert_domain` what a leaf looks at.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from proxy.connectors.comparing import Looking, refuse
from proxy.errors import Gap, Undecodable
from proxy.message import Tree, scalar_text
from proxy.model import Action, FieldUse

UNDECLARED: Final = "unclassified"
"""Stands for any field that the connector does not list; no catalogue has a field of this name."""

MAX_DEPTH: Final = 32
MAX_LEAVES: Final = 500

_COMPARISONS: Final = frozenset({"=", "!=", "<", ">", "<=", ">=", "in", "not in"})
_PATTERNS: Final = frozenset({"like", "not like", "ilike", "not ilike"})
_SUBQUERIES: Final = frozenset({"where", "not where"})
_DIRECTIONS: Final = frozenset(
    f"{way}{nulls}" for way in ("ASC", "DESC") for nulls in ("", " NULLS FIRST", " NULLS LAST")
)
_PATH: Final = re.compile(r"[a-z_][a-z0-9_]{0,63}(?:\.[a-z_][a-z0-9_]{0,63}){0,7}")


@dataclass(frozen=True, slots=True)
class Relation:
    """A field that leads to records of another object."""

    object: str
    many: bool = False
    inverse: str | None = None
    """The field of the target that holds the way back, if the target is changed when the relation is."""


@dataclass(frozen=True, slots=True)
class Typed:
    """Members that hold now one kind of data and now another: a phone number or an e-mail address.

    Policy is asked about the kind, by a field that no client can name.
    """

    by: str
    """The member that says which."""
    members: frozenset[str]
    kinds: Mapping[str, str]
    other: str
    stored: str = ""
    """The member that the CRM keeps, from which it computes the others."""

    def all(self) -> tuple[str, ...]:
        """Return every field that one of these members may turn out to be."""
        return tuple(dict.fromkeys((*self.kinds.values(), self.other)))

    def of(self, row: Mapping[str, Tree]) -> str | None:
        """Return the field that these members are in this row; None if the row does not say."""
        kind = row.get(self.by)
        return self.kinds.get(kind, self.other) if isinstance(kind, str) else None


@dataclass(frozen=True, slots=True)
class Shape:
    """What the grammar must know of one object."""

    fields: frozenset[str]
    """Names a client may use, typed members included."""
    relations: Mapping[str, Relation] = dataclasses.field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    """Computed field -> the paths that a search by it looks at."""
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Another name of a field -> the field."""

    typed: Typed | None = None
    called: str = "rec_name"
    """The field that holds what a record is called."""

    def field(self, name: str) -> str:
        """Return the declared field that `name` means, or UNDECLARED."""
        name = self.aliases.get(name, name)
        return name if name in self.fields else UNDECLARED

    def meant(self, name: str) -> tuple[str, ...]:
        """Return the fields that policy must be asked about where no row says what a typed member is: all."""
        if self.typed is not None and name in self.typed.members:
            return self.typed.all()
        return (self.field(name),)


Shapes = Mapping[str, Shape]
"""Every declared object by name."""


def filter_uses(domain: Tree, model: str, shapes: Shapes) -> tuple[FieldUse, ...]:
    """Return every field that this domain filters by, in order, each once.

    Raises:
        Gap: a construct outside the grammar.
        Undecodable: not a domain, or beyond `MAX_DEPTH` and `MAX_LEAVES`.
    """
    walker = _Walker(shapes)
    walker.domain(domain, model, 1)
    return tuple(walker.uses)


def sort_uses(order: Tree, model: str, shapes: Shapes) -> tuple[FieldUse, ...]:
    """Return every field that this order sorts by; None and `[]` sort by nothing the client chose.

    Raises:
        Undecodable: not a list of `[path, direction]`.
    """
    if order is None:
        return ()
    found: dict[FieldUse, None] = {}
    for clause in _list(order):
        match clause:
            case [str(path), str(direction)] if direction.upper() in _DIRECTIONS:
                uses, target = path_uses(path, model, shapes, Action.SORT)
                found.update(dict.fromkeys(uses))
                if target is not None:  # a relation sorts by what its target is called
                    found[FieldUse(target, shapes[target].field(shapes[target].called), Action.SORT)] = None
            case [str(), None] | [str(), str()]:
                raise Gap("construct", "unknown_direction")
            case _:
                raise Undecodable("bad_order")
    return tuple(found)


def path_uses(path: str, model: str, shapes: Shapes, action: Action) -> tuple[list[FieldUse], str | None]:
    """Return a use of each field along `path`, and the object the path ends at if its end is a relation.

    The walk stops at the first field nobody declared: what lies behind it has no name.

    Raises:
        Undecodable: not a path.
        Gap: the path goes on behind a field that is no relation.
    """
    if not _PATH.fullmatch(path):
        raise Undecodable("bad_field_name")
    uses: list[FieldUse] = []
    steps = path.split(".")
    for position, step in enumerate(steps, start=1):
        shape = shapes[model]
        name = shape.field(step)
        uses += [FieldUse(model, each, action) for each in shape.meant(step)]
        if name == UNDECLARED:
            return uses, None
        relation = shape.relations.get(name)
        if position == len(steps):
            return uses, relation.object if relation else None
        if relation is None:
            raise Gap("construct", "path_through_value", f"{model}.{name}")
        model = relation.object
    raise AssertionError


def label_uses(model: str, label: str, shapes: Shapes) -> Iterator[FieldUse]:
    """Yield the label itself and everything behind it, each label once."""
    seen: set[tuple[str, str]] = set()
    waiting = [(model, label)]
    while waiting:
        owner, name = waiting.pop()
        if (owner, name) in seen:
            continue
        seen.add((owner, name))
        yield FieldUse(owner, shapes[owner].field(name), Action.FILTER)
        for path in shapes[owner].labels.get(name, ()):
            uses, target = path_uses(path, owner, shapes, Action.FILTER)
            yield from uses
            waiting.append((target, shapes[target].called) if target else (uses[-1].object, uses[-1].field))


class _Walker:
    """One pass over one domain."""

    def __init__(self, shapes: Shapes) -> None:
        self.uses: dict[FieldUse, None] = {}
        self._shapes = shapes
        self._leaves = 0

    def domain(self, tree: Tree, model: str, depth: int) -> None:
        """Collect from a list of clauses; the list itself is never a leaf at the top."""
        if depth > MAX_DEPTH:
            raise Undecodable("domain_too_deep")
        clauses = _list(tree)
        if clauses and isinstance(clauses[0], str):
            if clauses[0] not in ("AND", "OR"):
                raise Undecodable("bad_domain")
            clauses = clauses[1:]
        for clause in clauses:
            match clause:
                case [first, str(operator), *operands] if operands:
                    self._leaf([first, operator, *operands], model, depth)
                case list():
                    self.domain(clause, model, depth + 1)
                case _:
                    raise Undecodable("bad_domain")

    def _leaf(self, leaf: list[Tree], model: str, depth: int) -> None:
        self._leaves += 1
        if self._leaves > MAX_LEAVES:
            raise Undecodable("domain_too_long")
        match leaf:
            case [str(path), str(operator), value]:
                pass
            case _:
                raise Gap("construct", "domain_leaf")
        uses, target = path_uses(path, model, self._shapes, Action.FILTER)
        self.uses.update(dict.fromkeys(uses))
        if operator in _SUBQUERIES:
            self._subquery(value, uses[-1], target, depth)
        elif operator in _COMPARISONS or operator in _PATTERNS:
            self._comparison(value, uses[-1], target)
        else:
            raise Gap("construct", "domain_operator")

    def _subquery(self, value: Tree, last: FieldUse, target: str | None, depth: int) -> None:
        if target is not None:
            self.domain(value, target, depth + 1)
        elif last.field != UNDECLARED:
            raise Gap("construct", "path_through_value", f"{last.object}.{last.field}")

    def _comparison(self, value: Tree, last: FieldUse, target: str | None) -> None:
        _check_operand(value)
        if target is not None and _has_text(value):
            self._label(target, self._shapes[target].called)
        elif target is None and last.field in self._shapes[last.object].labels:
            self._label(last.object, last.field)

    def _label(self, model: str, name: str) -> None:
        self.uses.update(dict.fromkeys(label_uses(model, name, self._shapes)))


def _check_operand(value: Tree) -> None:
    """Accept a scalar, Tryton's `{"__class__": "date", ...}`, or a flat list of these."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, list) or (isinstance(item, dict) and not is_scalar_struct(item)):
            raise Gap("construct", "domain_operand")


def is_scalar_struct(value: Tree) -> bool:
    """Return whether this is one of Tryton's values that have no form of their own in JSON or XML-RPC."""
    return (
        isinstance(value, dict)
        and value.get("__class__") in ("date", "time", "datetime", "timedelta", "bytes", "Decimal")
        and not any(isinstance(part, list | dict) for part in value.values())
    )


def _has_text(value: Tree) -> bool:
    return any(isinstance(item, str) for item in (value if isinstance(value, list) else [value]))


def _list(tree: Tree) -> list[Tree]:
    if not isinstance(tree, list):
        raise Undecodable("bad_domain")
    return tree


_EQUALITY: Final = {"=": "in", "in": "in", "!=": "not in", "not in": "not in"}


def swap_domain(domain: Tree, model: str, shapes: Shapes, looking: Looking) -> None:
    """Put each comparison of a protected field, in place, into what the CRM has; the domain was taken in before.

    Raises:
        Refused: a protected field is compared by anything but equality with texts.
    """
    for clause in domain if isinstance(domain, list) else ():
        match clause:
            case [str(path), str(operator), _] if operator not in {"AND", "OR"} and path not in {"AND", "OR"}:
                assert isinstance(clause, list)
                _swap_leaf(clause, model, shapes, looking)
            case list():
                swap_domain(clause, model, shapes, looking)


def _swap_leaf(leaf: list[Tree], model: str, shapes: Shapes, looking: Looking) -> None:
    path, operator, value = str(leaf[0]), str(leaf[1]), leaf[2]
    uses, target = path_uses(path, model, shapes, Action.FILTER)
    if operator in _SUBQUERIES:
        if target is not None:
            swap_domain(value, target, shapes, looking)
        return
    swap_comparison(leaf, uses, looking)
    label: tuple[str, str] | None = None
    if target is not None and _has_text(value):
        label = (target, shapes[target].called)
    elif target is None and uses[-1].field in shapes[uses[-1].object].labels:
        label = (uses[-1].object, uses[-1].field)
    if label is not None:
        refuse_labelled(*label, shapes, looking)


def swap_comparison(leaf: list[Tree], uses: list[FieldUse], looking: Looking) -> None:
    """Put one leaf, in place, into what the CRM has for the values it compares the last of `uses` with."""
    meant = [use for use in uses if looking.guarded(use.object, use.field)]
    if not meant:
        return
    last = meant[-1]
    values = leaf[2] if isinstance(leaf[2], list) else [leaf[2]]
    texts = [value for value in values if value is not None and value is not False and value != ""]
    known = [text for value in texts if (text := scalar_text(value)) is not None]
    if str(leaf[1]) not in _EQUALITY or len(known) != len(texts) or (known and len(known) != len(values)):
        refuse(last.object, last.field)
    found: dict[str, None] = {}
    for use in meant:
        handles = looking.look(use.object, use.field, known)
        found.update(dict.fromkeys(handles or ()))
    if known and found:
        if len(meant) < sum(use.object == last.object for use in uses):
            refuse(last.object, last.field)  # some of what it may be lies in clear
        leaf[1:] = [_EQUALITY[str(leaf[1])], list(found)]


def refuse_labelled(model: str, label: str, shapes: Shapes, looking: Looking) -> None:
    """Return if nothing that a search by a label looks into is protected."""
    for use in label_uses(model, label, shapes):
        looking.other(use.object, use.field)

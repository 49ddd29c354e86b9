"""The questions a condition asks, and how their answers make its own.

A condition is `&&`, `||`, `!` and `? :` around atoms: comparisons, memberships, calls. Two atoms that ask the
same are one, however they are written: `a != b` is the opposite of `a == b`, and `5 <= a` of `a < 5`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final, Literal

from proxy.policy.conditions.direct import Run
from proxy.policy.conditions.kinds import BOOL, DOUBLE
from proxy.policy.conditions.operators import order_of
from proxy.policy.conditions.running import MAX_FOLDS, runner
from proxy.policy.conditions.syntax import Binary
from proxy.policy.conditions.terms import Term, within
from proxy.policy.conditions.writing import canonical


class Error(Enum):
    """Neither true nor false: something the condition needs is absent, of another type, or impossible."""

    ERROR = "error"

    def __bool__(self) -> bool:
        """Raise: a grant takes an error for no, a guard for yes, and an `if` must say which it means.

        Raises:
            TypeError: always.
        """
        raise TypeError("an error is neither true nor false; compare with `is True` or `is not False`")


ERROR: Final = Error.ERROR
_PLACES: Final = (None,) * MAX_FOLDS
Outcome = bool | Literal[Error.ERROR]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Something that is true of a record and a request, or false, or in error.

    Each is equal to itself alone, so that it costs nothing to keep one in a table.
    """

    text: str
    """Canonical; two questions with the same text and declarations are the same."""
    attributes: frozenset[str]
    """Names of the record's attributes that it looks at: the facts that are needed."""
    context: frozenset[str]
    """Paths of the context that it looks at, and `now`."""
    consents: frozenset[str]
    """Purposes whose consent it asks for; where there are any, the facts need CONSENTS too."""
    _run: Run

    def evaluate(self, facts: Mapping[str, object], context: Mapping[str, object], now: datetime) -> Outcome:
        """Return True, False or ERROR; never raises.

        Args:
            facts: the record's attributes by name, of the types in `kinds`; None is the same as absent.
                Unverified: what is not of its declared type is an error when it is looked at.
            context: as `context_of` returns it.
            now: with a time zone.
        """
        try:
            found: Outcome = self._run(facts, context, [now, *_PLACES])
        except Exception:  # noqa: BLE001 - whatever a record holds, the answer to it is an error
            return ERROR
        return found


@dataclass(frozen=True, slots=True)
class Shape:
    """A condition as a formula over atoms."""

    atoms: tuple[Term, ...]
    """Distinct, in the order in which they are first asked."""
    formula: Term
    """With the number of an atom where it stood."""


def question(term: Term) -> Question:
    """Return a step that is true or false as a question of its own."""
    steps = list(within(term))
    asked = {str(each.value) for each in steps if each.op == "has"}
    resource = "resource."
    return Question(
        text=canonical(term.source),
        attributes=frozenset(str(each.value) for each in steps if each.op == "attribute")
        | {path.removeprefix(resource) for path in asked if path.startswith(resource)},
        context=frozenset(str(each.value) for each in steps if each.op == "context")
        | {path for path in asked if not path.startswith(resource)}
        | {"now" for each in steps if each.op == "now"},
        consents=frozenset(
            each.value[0] for each in steps if each.op == "consent" and isinstance(each.value, tuple)
        ),
        _run=runner(term),
    )


def shape(term: Term) -> Shape:
    """Return the atoms of a condition and the formula over them."""
    numbers: dict[str, int] = {}
    atoms: list[Term] = []

    def formula(step: Term) -> Term:
        if step.op in ("and", "or", "not", "if"):
            return replace(step, args=tuple(map(formula, step.args)))
        if step.op == "constant":
            return step
        negated, atom = _normal(step)
        text = canonical(atom.source)
        if text not in numbers:
            numbers[text] = len(atoms)
            atoms.append(atom)
        place = Term("bound", BOOL, atom.source, value=numbers[text])
        return Term("not", BOOL, atom.source, (place,)) if negated else place

    found = formula(term)
    return Shape(tuple(atoms), found)


_FLIPPED: Final = {"==": "==", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_FIXEDNESS: Final = {"constant": 2, "now": 1}
_OPPOSITE: Final = {"<=": ">", ">=": "<"}


def _normal(term: Term) -> tuple[bool, Term]:
    """Return the atom that a comparison asks for, and whether it asks for the opposite."""
    source = term.source
    if term.op != "apply" or not isinstance(source, Binary) or source.op not in _FLIPPED:
        return False, term
    left, right = term.args
    op, negated = source.op, False
    if _stands_right(left, right):
        left, right, op = right, left, _FLIPPED[op]
    # Not between doubles: with NaN neither a < b nor a >= b.
    if op in _OPPOSITE and DOUBLE not in (left.type, right.type):
        op, negated = _OPPOSITE[op], True
    function = term.value if op == "==" else order_of(op, left.type, right.type)
    written = Binary(op, left.source, right.source, source.at)
    return negated, replace(term, source=written, args=(left, right), value=function)


def _stands_right(left: Term, right: Term) -> bool:
    """Tell whether the left side of a comparison is written on the right: a constant, now, or the later text."""
    first, second = _FIXEDNESS.get(left.op, 0), _FIXEDNESS.get(right.op, 0)
    return canonical(left.source) > canonical(right.source) if first == second else first > second

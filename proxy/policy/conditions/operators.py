"""What operators mean for which types; what is not in the table is not in the language."""

import operator
from collections.abc import Callable
from typing import Any, Final

from proxy.policy.conditions import arithmetic, moments
from proxy.policy.conditions.kinds import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, Type, together

Function = Callable[..., Any]
"""Of the operands' values; raises when there is no result."""

_ORDERS: Final[dict[str, Function]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: Final[dict[tuple[str, Type, Type], tuple[Type, Function]]] = {
    ("+", INT, INT): (INT, arithmetic.add),
    ("-", INT, INT): (INT, arithmetic.subtract),
    ("*", INT, INT): (INT, arithmetic.multiply),
    ("/", INT, INT): (INT, arithmetic.divide),
    ("%", INT, INT): (INT, arithmetic.remainder),
    ("+", DOUBLE, DOUBLE): (DOUBLE, operator.add),
    ("-", DOUBLE, DOUBLE): (DOUBLE, operator.sub),
    ("*", DOUBLE, DOUBLE): (DOUBLE, operator.mul),
    ("/", DOUBLE, DOUBLE): (DOUBLE, arithmetic.divide_doubles),
    ("+", STRING, STRING): (STRING, operator.add),
    ("+", TIMESTAMP, DURATION): (TIMESTAMP, moments.later),
    ("+", DURATION, TIMESTAMP): (TIMESTAMP, moments.later_by),
    ("+", DURATION, DURATION): (DURATION, moments.longer),
    ("-", TIMESTAMP, DURATION): (TIMESTAMP, moments.earlier),
    ("-", TIMESTAMP, TIMESTAMP): (DURATION, moments.between),
    ("-", DURATION, DURATION): (DURATION, moments.shorter),
}
_ORDERED: Final = (BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION)
_MIXED: Final = ((INT, DOUBLE), (DOUBLE, INT))


def arithmetic_of(op: str, left: Type, right: Type) -> tuple[Type, Function] | None:
    """Return the type of `left op right` and what computes it; None when these do not go together."""
    return _ARITHMETIC.get((op, left, right))


def order_of(op: str, left: Type, right: Type) -> Function | None:
    """Return what compares two values by `<`, `<=`, `>` or `>=`; None when there is no order between them."""
    if left == right and left in _ORDERED:
        return _ORDERS[op]
    return _as_doubles(_ORDERS[op]) if (left, right) in _MIXED else None


def equality_of(left: Type, right: Type) -> Function | None:
    """Return what tells whether two values are equal; None when values of these types never are."""
    if (left, right) in _MIXED:
        return _as_doubles(operator.eq)
    both = together(left, right)
    if both is None or both.name == "set":
        return None
    return arithmetic.same_lists if both.name == "list" else operator.eq


def negative_of(of: Type) -> Function | None:
    """Return what changes the sign; None where there is none."""
    return arithmetic.negate if of == INT else operator.neg if of == DOUBLE else None


def _as_doubles(function: Function) -> Function:
    # Not Python's exact comparison: Google's implementations, and so everyone's tests, take the nearest double.
    return lambda left, right: function(float(left), float(right))

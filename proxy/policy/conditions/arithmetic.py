"""Numbers and lists as CEL has them, where Python has them otherwise.

An int has 64 bits and what does not fit is an error; division rounds towards zero; a division of doubles by
zero is infinite or not a number. An int beside a double counts as the double nearest to it.
"""

import math
from collections.abc import Collection, Sequence

MAX_INT = 2**63 - 1
MIN_INT = -(2**63)


def int64(value: int) -> int:
    """Return the value, raise OverflowError if it does not fit 64 bits."""
    if MIN_INT <= value <= MAX_INT:
        return value
    raise OverflowError


def add(left: int, right: int) -> int:
    """Return the sum."""
    return int64(left + right)


def subtract(left: int, right: int) -> int:
    """Return the difference."""
    return int64(left - right)


def multiply(left: int, right: int) -> int:
    """Return the product."""
    return int64(left * right)


def divide(left: int, right: int) -> int:
    """Return the quotient, rounded towards zero; raise ZeroDivisionError by zero."""
    quotient = abs(left) // abs(right)
    return int64(quotient if (left < 0) == (right < 0) else -quotient)


def remainder(left: int, right: int) -> int:
    """Return what a division leaves, with the sign of `left`; raise ZeroDivisionError by zero."""
    divide(left, right)  # -2^63 % -1 is an error as -2^63 / -1 is, in every implementation
    left_over = abs(left) % abs(right)
    return left_over if left >= 0 else -left_over


def negate(value: int) -> int:
    """Return the value with the other sign."""
    return int64(-value)


def divide_doubles(left: float, right: float) -> float:
    """Return the quotient of IEEE 754."""
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def same_lists(left: Sequence[object], right: Sequence[object]) -> bool:
    """Tell whether two lists have equal items in the same order.

    Not left to Python, for which a list and a tuple differ and a NaN equals itself once it is in both.
    """
    return len(left) == len(right) and all(one == other for one, other in zip(left, right, strict=True))


def has_double(value: float, items: Collection[float]) -> bool:
    """Tell whether a double is among the items; NaN never is."""
    return any(value == each for each in items)

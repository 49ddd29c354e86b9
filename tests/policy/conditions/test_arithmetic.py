"""Numbers and lists."""

import math

import pytest

from proxy.policy.conditions import arithmetic
from proxy.policy.conditions.arithmetic import MAX_INT, MIN_INT


@pytest.mark.parametrize(
    ("left", "right", "quotient", "left_over"),
    [
        (7, 2, 3, 1),
        (-7, 2, -3, -1),  # Python says -4 and 1
        (7, -2, -3, 1),
        (-7, -2, 3, -1),
        (0, 5, 0, 0),
        (MIN_INT, 1, MIN_INT, 0),
        (MAX_INT, MIN_INT, 0, MAX_INT),
    ],
)
def test_division(left: int, right: int, quotient: int, left_over: int) -> None:
    """Division rounds towards zero, and what it leaves has the sign of the dividend."""
    assert arithmetic.divide(left, right) == quotient
    assert arithmetic.remainder(left, right) == left_over
    assert quotient * right + left_over == left


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (arithmetic.add, (MAX_INT, 1)),
        (arithmetic.subtract, (MIN_INT, 1)),
        (arithmetic.multiply, (2**32, 2**31)),
        (arithmetic.negate, (MIN_INT,)),
        (arithmetic.divide, (MIN_INT, -1)),
        (arithmetic.remainder, (MIN_INT, -1)),
        (arithmetic.divide, (1, 0)),
        (arithmetic.remainder, (1, 0)),
    ],
)
def test_no_result(function, args: tuple[int, ...]) -> None:
    """What does not fit 64 bits, and a division by zero, is an error."""
    with pytest.raises(ArithmeticError):
        function(*args)


@pytest.mark.parametrize(
    ("left", "right", "quotient"),
    [
        (1.0, 2.0, 0.5),
        (1.0, 0.0, math.inf),
        (-1.0, 0.0, -math.inf),
        (1.0, -0.0, -math.inf),
        (math.inf, 0.0, math.inf),
        (1e308, 5e-324, math.inf),
    ],
)
def test_double_division(left: float, right: float, quotient: float) -> None:
    """A double divided by zero is infinite, with the sign of both."""
    assert arithmetic.divide_doubles(left, right) == quotient


@pytest.mark.parametrize("left", [0.0, -0.0, math.nan])
def test_not_a_number(left: float) -> None:
    """Zero by zero is not a number."""
    assert math.isnan(arithmetic.divide_doubles(left, 0.0))


def test_lists() -> None:
    """Lists are equal by their items, whatever Python keeps them in, and NaN equals nothing, itself included."""
    assert arithmetic.same_lists([1, 2], (1, 2))
    assert not arithmetic.same_lists([1, 2], [2, 1])
    assert not arithmetic.same_lists([1], [1, 1])
    assert not arithmetic.same_lists([math.nan], [math.nan])
    assert arithmetic.has_double(1.0, (0.5, 1.0))
    assert not arithmetic.has_double(math.nan, [math.nan])

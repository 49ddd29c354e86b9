"""The table of operators."""

import pytest

from proxy.policy.conditions.kinds import (
    ANY,
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    NULL,
    SCALARS,
    STRING,
    TIMESTAMP,
    Type,
    list_of,
    set_of,
)
from proxy.policy.conditions.operators import arithmetic_of, equality_of, negative_of, order_of


def test_equality() -> None:
    """Values of one type can be equal, an int and a double too, and nothing else."""
    pairs = {(one, other) for one in SCALARS for other in SCALARS if equality_of(one, other) is not None}
    assert pairs == {(each, each) for each in SCALARS} | {(INT, DOUBLE), (DOUBLE, INT)}
    assert equality_of(list_of(INT), list_of(ANY)) is not None
    assert equality_of(list_of(INT), list_of(DOUBLE)) is None
    assert equality_of(set_of(STRING), set_of(STRING)) is None


@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
def test_order(op: str) -> None:
    """What has an order is compared with its own kind, an int with a double too."""
    pairs = {(one, other) for one in SCALARS for other in SCALARS if order_of(op, one, other) is not None}
    ordered = {each for each in SCALARS if each is not NULL}
    assert pairs == {(each, each) for each in ordered} | {(INT, DOUBLE), (DOUBLE, INT)}


@pytest.mark.parametrize(
    ("left", "right", "equal", "less"),
    [
        (1, 1.0, True, False),
        (1, 1.5, False, True),
        (2**53 + 1, 2.0**53, True, False),  # the nearest double, as in every implementation
        (2**63 - 1, 2.0**63, True, False),
        (-(2**63), -1e19, False, False),
    ],
)
def test_int_beside_double(left: int, right: float, equal: bool, less: bool) -> None:
    """An int is compared with a double as the double nearest to it."""
    equality, order = equality_of(INT, DOUBLE), order_of("<", INT, DOUBLE)
    assert equality is not None
    assert order is not None
    assert (equality(left, right), order(left, right)) == (equal, less)


@pytest.mark.parametrize(
    ("op", "left", "right", "result"),
    [
        ("+", INT, INT, INT),
        ("%", INT, INT, INT),
        ("/", DOUBLE, DOUBLE, DOUBLE),
        ("+", STRING, STRING, STRING),
        ("+", DURATION, TIMESTAMP, TIMESTAMP),
        ("-", TIMESTAMP, TIMESTAMP, DURATION),
        ("%", DOUBLE, DOUBLE, None),
        ("+", INT, DOUBLE, None),
        ("-", DURATION, TIMESTAMP, None),
        ("*", DURATION, INT, None),
        ("-", STRING, STRING, None),
        ("+", BOOL, BOOL, None),
    ],
)
def test_arithmetic(op: str, left: Type, right: Type, result: Type | None) -> None:
    """The table says which values can be computed with, and what comes of it."""
    found = arithmetic_of(op, left, right)
    assert (None if found is None else found[0]) == result


def test_sign() -> None:
    """Only numbers have a sign."""
    assert {each for each in SCALARS if negative_of(each) is not None} == {INT, DOUBLE}

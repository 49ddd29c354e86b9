"""Facts at their declared types."""

from datetime import UTC, datetime, timedelta

import pytest

from proxy.policy.conditions.direct import EXACT
from proxy.policy.conditions.facts import reader
from proxy.policy.conditions.kinds import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, Type, list_of

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (INT, 5, 5),
        (INT, -(2**63), -(2**63)),
        (DOUBLE, 1.5, 1.5),
        (DOUBLE, 5, 5.0),  # JSON has one kind of number
        (TIMESTAMP, MOMENT, MOMENT),
        (list_of(STRING), ["a", "b"], ["a", "b"]),
        (list_of(STRING), (), ()),
        (list_of(INT), [1, 2], (1, 2)),
        (list_of(DOUBLE), [1, 2.5], (1.0, 2.5)),
        (list_of(BOOL), [True], [True]),
        (list_of(DURATION), [timedelta(1)], [timedelta(1)]),
    ],
)
def test_taken(kind: Type, given: object, value: object) -> None:
    """A fact of its type is its value."""
    found = reader(kind)(given)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (INT, True),
        (INT, 1.0),
        (INT, "1"),
        (INT, 2**63),
        (INT, None),
        (DOUBLE, True),
        (DOUBLE, 2**63),
        (DOUBLE, "1.5"),
        (TIMESTAMP, datetime(2026, 1, 1)),  # noqa: DTZ001 - which is the point: nobody knows when that is
        (TIMESTAMP, "2026-01-01T00:00:00Z"),
        (TIMESTAMP, MOMENT.date()),
        (list_of(STRING), "ab"),
        (list_of(STRING), ["a", 1]),
        (list_of(STRING), ["a", None]),
        (list_of(STRING), {"a": 1}),
        (list_of(STRING), {"a"}),  # a list has an order
        (list_of(INT), [1, True]),
        (list_of(BOOL), [1]),
    ],
)
def test_fault(kind: Type, given: object) -> None:
    """A fact of another type is a fault, however alike it looks."""
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is, it counts as an error
        reader(kind)(given)


def test_no_type_is_forgotten() -> None:
    """Every type that a connector can declare is taken at a look or has a reader."""
    for kind in (BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION):
        assert kind in EXACT or callable(reader(kind))
        assert callable(reader(list_of(kind)))

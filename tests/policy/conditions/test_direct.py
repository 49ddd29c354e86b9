"""The commonest questions."""

import pytest

from proxy.policy.conditions import parse
from proxy.policy.conditions.direct import Direct, Run, among, direct, equal, got, holding
from proxy.policy.conditions.kinds import INT, STRING, list_of, set_of
from proxy.policy.conditions.terms import Op, Term, Type

FACT, PATH = Direct(in_facts=True, key="a", wanted=str), Direct(in_facts=False, key="a", wanted=str)
ROLES = Direct(in_facts=False, key="a", wanted=frozenset)


@pytest.mark.parametrize(
    ("op", "kind", "found"),
    [
        ("attribute", STRING, FACT),
        ("context", STRING, PATH),
        ("context", set_of(STRING), ROLES),
        ("attribute", INT, None),  # its range is looked at too
        ("attribute", list_of(STRING), None),  # and the items of a list
        ("bound", STRING, None),
        ("constant", STRING, None),
    ],
)
def test_where_it_stands(op: Op, kind: Type, found: Direct | None) -> None:
    """A value that stands somewhere and needs one look is direct, and others are not."""
    assert direct(Term(op, kind, parse("x"), value="a")) == found


@pytest.mark.parametrize(
    ("run", "given", "value"),
    [
        (got(FACT), "x", "x"),
        (equal(FACT, "x"), "x", True),
        (equal(FACT, "x"), "y", False),
        (among(FACT, frozenset({"x"})), "x", True),
        (among(FACT, frozenset({"x"})), "y", False),
        (holding(ROLES, "x"), frozenset({"x"}), True),
        (holding(ROLES, "x"), frozenset({"y"}), False),
    ],
)
def test_answers(run: Run, given: object, value: object) -> None:
    """A direct value is looked at where it stands, and only at its type."""
    other = {"a": 7}
    here, there = ({"a": given}, other), (other, {"a": given})
    first, second = (there, here) if isinstance(given, frozenset) else (here, there)
    assert run(*first, [None]) == value
    for places in (second, ({}, {})):
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is, it counts as an error
            run(*places, [None])

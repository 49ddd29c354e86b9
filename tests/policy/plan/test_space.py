"""Truth tables as integers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.policy.plan.formula import (
    MISSING,
    OTHER,
    UNREADABLE,
    UNUSABLE,
    All,
    Any,
    Atom,
    Constant,
    Formula,
    Not,
    simplified,
)
from proxy.policy.plan.space import DRAWN_ROWS, MOST_ROWS, Space

IE = Atom("country", 'country == "IE"', frozenset({"IE"}))
EEA = Atom("country", "country in eea", frozenset({"IE", "DE"}))
HAS = Atom("country", "has(country)", frozenset(), presence=True)
VIP = Atom("vip", "vip")
SAFE = Atom("safe", "safe", fails=False)

formulas = st.recursive(
    st.sampled_from(
        [IE, EEA, HAS, VIP, SAFE, Constant(value=True), Constant(value=False), Constant(value=None)]
    ),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, max_size=3).map(tuple).map(All),
        st.lists(inner, max_size=3).map(tuple).map(Any),
    ),
    max_leaves=8,
)


def test_a_fact_ranges_over_what_tests_name_and_the_rest() -> None:
    """One class for each named value, one for all others, one each for missing and unreadable if asked for."""
    space = Space([IE, EEA, VIP, SAFE])
    assert space.domains == {
        "country": (OTHER, "DE", "IE", UNREADABLE),
        "safe": (OTHER, "true"),
        "vip": (OTHER, "true", UNREADABLE),
    }
    assert (space.rows, space.exact) == (24, True)
    assert Space([HAS]).domains == {"country": (OTHER, MISSING, UNREADABLE, UNUSABLE)}


def test_tests_of_one_fact_exclude_and_imply_each_other() -> None:
    """Nobody is in Ireland and not in the EEA, and nobody is in Ireland and Germany."""
    space = Space([IE, EEA])
    assert space.where(All((IE, Not(EEA)))).true == 0
    assert space.where(All((IE, EEA))).true == space.where(IE).true


@pytest.mark.parametrize(
    ("formula", "true", "error"),
    [
        (HAS, False, False),  # asking whether it is there is never an error
        (IE, False, True),
        (Not(IE), False, True),
        (All((HAS, IE)), False, False),  # absorbed: what is false stays false
        (All((IE, HAS)), False, False),  # in either order, as in CEL
        (Any((Not(HAS), IE)), True, False),
        (Any((HAS, IE)), False, True),
        (All(()), True, False),
        (Any(()), False, False),
    ],
)
def test_a_missing_fact_is_an_error_unless_something_else_decides(
    formula: Formula, true: bool, error: bool
) -> None:
    """CEL's own absorption, with the fact missing."""
    space = Space([HAS, IE])
    row = space.where(Not(HAS)).true
    assert row.bit_count() == 1
    found = space.where(formula)
    assert (bool(found.true & row), bool(found.error & row)) == (true, error)


@settings(deadline=None)
@given(formulas)
def test_simplifying_changes_nothing(formula: Formula) -> None:
    """A formula and its simplified form agree in every row, errors included, and no constant is left inside."""
    space, plain = Space([IE, EEA, HAS, VIP, SAFE]), simplified(formula)
    assert space.where(formula) == space.where(plain)
    assert isinstance(plain, Constant) or "Constant" not in repr(plain) or "Constant(value=None)" in repr(plain)
    true, error = space.where(formula)
    assert true & error == 0
    assert (true | error) & ~space.all == 0


def test_a_row_is_the_plainest_there_is() -> None:
    """No unreadable fact where the same can be shown without."""
    space = Space([IE, VIP])
    assert space.row(space.all).facts == {"country": OTHER, "vip": OTHER}
    assert space.row(space.where(IE).true | space.where(VIP).error).facts == {"country": "IE", "vip": OTHER}
    row = space.row(space.where(VIP).error)
    assert row.facts == {"country": OTHER, "vip": UNREADABLE}
    assert space.where(VIP).error & row.bit


def test_twelve_conditions_are_tried_in_every_case_and_more_are_drawn() -> None:
    """Up to 531,441 rows are all there are; above that a sample, the same one every time."""
    many = [Atom(f"t{n}", f"t{n}") for n in range(13)]
    twelve, thirteen = Space(many[:12]), Space(many)
    assert (twelve.rows, twelve.exact) == (MOST_ROWS, True)
    assert (thirteen.rows, thirteen.exact) == (DRAWN_ROWS, False)
    every = All(tuple(many))
    assert thirteen.where(every).true != 0  # corners are always drawn
    assert thirteen.where(Not(Any(tuple(many)))).true != 0
    assert thirteen.where(many[0]) == Space(many).where(many[0])
    seen = thirteen.where(many[0])
    assert (seen.true | seen.error) & ~thirteen.all == 0

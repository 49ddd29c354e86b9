"""Cells in words."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.model import Effect, Mask, Outcome
from proxy.policy.plan.cell import Seen
from proxy.policy.plan.formula import All, Any, Atom, Formula, Not
from proxy.policy.plan.phrase import condition_words, outcome_words, words
from proxy.policy.plan.space import Space

A, B, C = (Atom(name, name) for name in "abc")
IE = Atom("country", 'country == "IE"', frozenset({"IE"}))
DE = Atom("country", 'country == "DE"', frozenset({"DE"}))
HAS = Atom("country", "has(country)", frozenset(), presence=True)


def said(formula: Formula, *more: Atom) -> str | None:
    """Return when a formula is true, in words."""
    space = Space([formula, *more])
    return condition_words(space.where(formula).true, space, lambda atom: atom.text)


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (A, "a"),
        (Not(A), "!a"),
        (All((A, Not(B))), "a && !b"),
        (Any((A, B)), "a || b"),
        (Any((All((A, B)), All((A, Not(B))))), "a"),  # b does not matter
        (Any((All((A, B)), C)), "(a && b) || c"),
        (Not(IE), '!(country == "IE")'),
        (All((HAS, IE)), 'country == "IE"'),  # what is missing is not Ireland
        (All((HAS, Not(IE))), '!(country == "IE")'),
        (All((IE, DE)), None),  # nobody is in both
        (Any((A, Not(A))), ""),
    ],
)
def test_a_condition_is_said_as_shortly_as_it_can_be(formula: Formula, text: str | None) -> None:
    """Worked out from the rows, so it does not matter how rules put it."""
    assert said(formula) == text


formulas = st.recursive(
    st.sampled_from([A, B, C]),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=1, max_size=3).map(tuple).map(All),
        st.lists(inner, min_size=1, max_size=3).map(tuple).map(Any),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(formulas)
def test_the_words_mean_what_the_formula_does(formula: Formula) -> None:
    """Read back as an expression, they are true in the same rows, as long as everything can be read."""
    space = Space([formula, A, B, C])
    text = condition_words(space.where(formula).true, space, lambda atom: atom.text)
    python = {None: "False", "": "True"}.get(text) or re.sub("!", " not ", text or "").replace(
        "&&", "and"
    ).replace("||", "or")
    for row in range(8):
        facts = {name: bool(row >> at & 1) for at, name in enumerate("abc")}
        bit = space.all
        for atom in (A, B, C):
            true, error = space.where(atom)
            bit &= true if facts[atom.fact] else ~(true | error)
        assert bool(space.where(formula).true & bit) == eval(python, {}, facts)


def test_a_cell_says_what_it_comes_to_from_the_most_open_on() -> None:
    """Each outcome with its condition; where nothing is said it is denied."""
    space = Space([A, B])
    a, b = space.where(A).true, space.where(B).true
    allow, redact = Seen(Outcome(Effect.ALLOW), (0, 0), ""), Seen(Outcome(Effect.REDACT), (4, 0), "")
    mask = Seen(Outcome(Effect.MASK, Mask("year", "year_only")), (1, 60), "")
    deny = Seen(Outcome(Effect.DENY), (5, 0), "")
    rest = space.all & ~a
    assert words([(allow, a), (deny, rest)], space) == "allow if a"
    assert words([(allow, a), (mask, rest & b), (deny, rest & ~b)], space) == "allow if a; mask(year) if !a && b"
    assert words([(redact, space.all)], space) == "redact"
    assert words([(deny, space.all)], space) == "deny"
    assert words([(allow, space.where(A).error), (deny, space.all & ~space.where(A).error)], space) == "deny"


def test_what_was_only_drawn_is_not_put_into_words() -> None:
    """A sentence about a sample would be believed."""
    many = [Atom(f"t{n}", f"t{n}") for n in range(13)]
    assert said(All(tuple(many))) == "… (13 conditions)"


def test_masks_are_spelled_out_on_demand() -> None:
    """By what they do: two that have one name may be two."""
    mask = Outcome(Effect.MASK, Mask("ending", "keep_last", (("n", 4),)), rule="r")
    assert outcome_words(mask) == "mask(ending)"
    assert outcome_words(mask, spelled=True) == "mask(ending: keep_last, n=4)"
    assert outcome_words(Outcome(Effect.ALLOW, rule="r"), spelled=True) == "allow"

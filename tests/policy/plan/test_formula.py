"""Conditions as boolean functions."""

import pytest

from proxy.policy.plan.formula import All, Any, Atom, Choice, Constant, Formula, Not, atoms_of, simplified

A, B = Atom("a", "a"), Atom("b", "b")
TRUE, FALSE, ERROR = Constant(value=True), Constant(value=False), Constant(value=None)


@pytest.mark.parametrize(
    ("formula", "simple"),
    [
        (All((A, TRUE)), A),
        (All((A, FALSE)), FALSE),
        (All((A, ERROR)), All((A, ERROR))),  # an error, unless a is false
        (Any((A, FALSE)), A),
        (Any((A, TRUE)), TRUE),
        (All(()), TRUE),
        (Any(()), FALSE),
        (All((A, All((B, A)))), All((A, B))),  # one chain, each once
        (Not(Not(A)), A),
        (Not(TRUE), FALSE),
        (Not(ERROR), ERROR),
        (Choice(TRUE, A, B), A),
        (Choice(FALSE, A, B), B),
        (Choice(ERROR, A, B), ERROR),
        (Choice(A, All((B, TRUE)), FALSE), Choice(A, B, FALSE)),
    ],
)
def test_constants_go_as_far_as_they_may(formula: Formula, simple: Formula) -> None:
    """An error is no constant that could be left out."""
    assert simplified(formula) == simple


def test_the_atoms_of_a_formula_are_found_wherever_they_stand() -> None:
    """In every branch."""
    assert list(atoms_of(Any((Not(A), Choice(B, A, ERROR))))) == [A, B, A]

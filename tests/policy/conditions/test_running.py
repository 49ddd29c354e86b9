"""Running."""

from collections.abc import Callable
from itertools import product

import pytest

from proxy.policy.conditions import ERROR, Outcome
from proxy.policy.conditions.running import MAX_ITEMS

T, F, E = True, False, ERROR
WORDS = {T: "resource.orders == 7", F: "resource.orders == 8", E: "resource.orders / 0 == 7"}


def _and(items: tuple[Outcome, ...]) -> Outcome:
    return F if F in items else E if E in items else T


def _or(items: tuple[Outcome, ...]) -> Outcome:
    return T if T in items else E if E in items else F


@pytest.mark.parametrize("items", [*product((T, F, E), repeat=2), *product((T, F, E), repeat=3)])
def test_absorption(ask: Callable[..., Outcome], items: tuple[Outcome, ...]) -> None:
    """`false &&` and `true ||` hide an error on either side, and nothing else does."""
    assert ask(" && ".join(WORDS[each] for each in items)) is _and(items)
    assert ask(" || ".join(WORDS[each] for each in items)) is _or(items)
    assert ask(" && ".join(f"!({WORDS[each]})" for each in items)) is (E if _or(items) is E else not _or(items))


@pytest.mark.parametrize(("test", "then", "otherwise"), product((T, F, E), repeat=3))
def test_choice(ask: Callable[..., Outcome], test: Outcome, then: Outcome, otherwise: Outcome) -> None:
    """A choice is the side its test says, an error of its test is its own, and the other side is not asked."""
    text = f"{WORDS[test]} ? {WORDS[then]} : {WORDS[otherwise]}"
    assert ask(text) is (E if test is E else then if test else otherwise)


@pytest.mark.parametrize("items", [(), *product((T, F, E), repeat=1), *product((T, F, E), repeat=3)])
def test_folds(ask: Callable[..., Outcome], items: tuple[Outcome, ...]) -> None:
    """`exists` is the chain of `||` over the items, `all` that of `&&`; over none they are false and true."""
    scores = [{T: 1, F: 2, E: 0}[each] for each in items]
    assert ask("resource.scores.exists(s, 4 / s == 4)", scores=scores) is _or(items)
    assert ask("resource.scores.all(s, 4 / s == 4)", scores=scores) is _and(items)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("principal.roles.exists(r, r == 'lead')", T),
        ("principal.roles.all(r, r.startsWith('a'))", F),
        ("sets.eea.exists(c, c == 'NO')", T),
        ("[resource.orders, 1].all(n, n > 0)", T),
        ("resource.scores.all(a, resource.scores.exists(b, a + b == 4))", T),
        ("resource.scores.exists(a, resource.scores.all(b, a >= b))", T),
        ("resource.scores.exists(a, a == 3) && resource.scores.all(a, a < 4)", T),
        ("resource.scores.exists(a, a in [resource.orders, 3])", T),
        ("resource.scores[resource.orders - 5] == 3", T),
        ("resource.born in resource.consents", F),
        ("resource.consents[0] in principal.roles", F),
        ("has(resource.country) && resource.country in sets.eea", T),
        ("has(recipient.country) && has(principal.roles)", T),
    ],
)
def test_answers(ask: Callable[..., Outcome], text: str, outcome: Outcome) -> None:
    """Lists, sets, variables and items are found where they belong."""
    assert ask(text) is outcome


@pytest.mark.parametrize("text", ["resource.scores.exists(s, s == 1)", "resource.scores.all(s, s == 1)"])
def test_bounded(ask: Callable[..., Outcome], text: str) -> None:
    """A list that is too long to go through is an error; it can still be asked for its items and its size."""
    assert ask(text, scores=[1] * MAX_ITEMS) is T
    assert ask(text, scores=[1] * (MAX_ITEMS + 1)) is E
    assert ask("1 in resource.scores && size(resource.scores) > 200", scores=[1] * (MAX_ITEMS + 1)) is T


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("has(resource.country)", F),
        ("has(resource.country) && resource.country == 'IE'", F),
        ("!has(resource.country) || resource.country == 'IE'", T),
        ("variables.in_eea", F),
    ],
)
@pytest.mark.parametrize("country", [None, ...])
def test_null_is_absent(ask: Callable[..., Outcome], text: str, outcome: Outcome, country: object) -> None:
    """An attribute that is null in the record is not there."""
    assert ask(text, country=country) is outcome


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("resource.restricted", {"restricted": ...}),
        ("resource.restricted", {"restricted": None}),
        ("resource.restricted", {"restricted": 1}),
        ("!resource.restricted", {"restricted": "no"}),
        ("has(resource.country) && !(resource.country in sets.eea)", {"country": 5}),  # not simply outside
        ("has(resource.country) && resource.country != 'IE'", {"country": ["IE"]}),
        ("!('vip' in resource.consents)", {"consents": "vip"}),
        ("!('vip' in resource.consents)", {"consents": [1]}),
        ("resource.orders != 7", {"orders": "7"}),
        ("resource.orders != 7", {"orders": True}),
        ("resource.orders < 7", {"orders": -(2**70)}),
        ("resource.since < now", {"since": "2026-01-01T00:00:00Z"}),
        ("resource.notice < duration('1d')", {"notice": 5}),
    ],
)
def test_another_type_is_an_error(ask: Callable[..., Outcome], text: str, changed: dict[str, object]) -> None:
    """What is not of its declared type is an error, and never quietly unequal."""
    assert ask(text, **changed) is E

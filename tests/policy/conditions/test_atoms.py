"""Atoms."""

from collections.abc import Callable

import pytest

from proxy.policy.conditions import ERROR, Declarations, check, compile_condition, parse
from proxy.policy.conditions.atoms import shape


@pytest.fixture
def atoms(declarations: Declarations) -> Callable[[str], list[str]]:
    """`atoms(text)`: the texts of a condition's atoms."""
    return lambda text: [each.text for each in compile_condition(check(parse(text), declarations)).atoms]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("resource.restricted", ["resource.restricted"]),
        ("!resource.restricted || resource.restricted", ["resource.restricted"]),
        ("purpose == 'support' && purpose != 'support'", ['purpose == "support"']),
        ("'support' == purpose", ['purpose == "support"']),  # however it is written
        ("resource.born == purpose || purpose == resource.born", ["purpose == resource.born"]),
        ("resource.orders > 7 || 7 >= resource.orders", ["resource.orders > 7"]),
        ("resource.orders >= 7 && resource.orders < 7", ["resource.orders < 7"]),
        ("resource.since < now || now < resource.since", ["resource.since < now", "resource.since > now"]),
        ("now > resource.since || resource.since >= now", ["resource.since < now"]),
        ("resource.rating >= 2.5 || resource.rating < 2.5", ["resource.rating >= 2.5", "resource.rating < 2.5"]),
        ("2.5 < resource.rating", ["resource.rating > 2.5"]),  # NaN is neither, but turned round it is the same
        ("resource.restricted ? purpose == 'support' : true", ["resource.restricted", 'purpose == "support"']),
        ("(purpose == 'support') == resource.restricted", ['(purpose == "support") == resource.restricted']),
        ("resource.scores.exists(s, s == 1 || s == 2)", ["resource.scores.exists(s, s == 1 || s == 2)"]),
        ("variables.in_eea", ["has(resource.country)", "resource.country in sets.eea"]),
        ("true", []),
    ],
)  # fmt: skip
def test_atoms(atoms: Callable[[str], list[str]], text: str, found: list[str]) -> None:
    """A condition's atoms are the distinct things it asks, in the order in which it asks them."""
    assert atoms(text) == found


@pytest.mark.parametrize(
    ("text", "attributes", "context", "consents"),
    [
        ("resource.restricted && resource.orders > 1", {"restricted", "orders"}, set(), set()),
        ("has(resource.country)", {"country"}, set(), set()),
        ("'agent' in principal.roles", set(), {"principal.roles"}, set()),
        ("has(recipient.country) && has(resource.born)", {"born"}, {"recipient.country"}, set()),
        ("resource.scores.all(s, s < resource.orders)", {"scores", "orders"}, set(), set()),
        ("days_since(resource.since) > 3", {"since"}, {"now"}, set()),
        ("now > timestamp('2026-01-01T00:00:00Z')", set(), {"now"}, set()),
        ("consent('marketing.newsletter')", set(), set(), {"marketing.newsletter"}),
        ("resource['my-field'] == ''", {"my-field"}, set(), set()),
        ("1 == 1", set(), set(), set()),
    ],
)  # fmt: skip
def test_needs(
    declarations: Declarations, text: str, attributes: set[str], context: set[str], consents: set[str]
) -> None:
    """A question says which facts it needs; those of a condition are those of its atoms."""
    condition = compile_condition(check(parse(text), declarations))
    assert (condition.attributes, condition.context, condition.consents) == (attributes, context, consents)
    assert frozenset().union(*(each.attributes for each in condition.atoms)) == attributes
    assert frozenset().union(*(each.context for each in condition.atoms)) == context
    assert frozenset().union(*(each.consents for each in condition.atoms)) == consents


def test_an_error_is_no_truth_value() -> None:
    """An error cannot be taken for true or false by mistake."""
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(ERROR)
    with pytest.raises(TypeError):
        assert not ERROR


def test_shape(declarations: Declarations) -> None:
    """The formula has numbers where the atoms stood."""
    found = shape(check(parse("resource.restricted && !(resource.orders >= 7)"), declarations).term)
    first, second = found.formula.args
    assert (first.op, first.value) == ("bound", 0)
    assert second.op == "not"
    assert [each.source for each in found.atoms] == [parse("resource.restricted"), parse("resource.orders < 7")]

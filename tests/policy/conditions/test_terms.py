"""Steps."""

from proxy.policy.conditions import Declarations, check, parse
from proxy.policy.conditions.terms import UNTYPED, untyped, within


def test_within(declarations: Declarations) -> None:
    """All that a step is made of is within it."""
    term = check(parse("resource.orders > 1 && 'lead' in principal.roles || now > now"), declarations).term
    assert [each.op for each in within(term)] == [
        *("or", "and", "apply", "attribute", "constant", "in", "constant", "context"),
        *("apply", "now", "now"),
    ]


def test_untyped() -> None:
    """A step that stands for something mistaken has no type that anything else has."""
    assert untyped(parse("x")).type is UNTYPED

"""Tables of decisions by what conditions are answered."""

from typing import Any

import pytest

from proxy.model import Action, Effect
from proxy.policy.conditions import ERROR, Condition
from proxy.policy.plans import MOST_COMBINATIONS, Applicable, Plan, Table
from proxy.policy.rules import Rule
from proxy.policy.whens import consent_to

NEWS, SHOP = consent_to("news"), consent_to("shop")


def _rule(id_: str, kind: Any, effect: Effect, *conditions: Condition) -> Applicable:
    return Applicable(Rule(id_, kind, effect, frozenset()), frozenset({"Name"}), conditions)


@pytest.mark.parametrize(
    ("kind", "answers", "matches"),
    [
        ("grant", (), True),
        ("grant", (True, True), True),
        ("grant", (True, False), False),
        ("grant", (True, ERROR), False),
        ("grant", (True, None), True),  # not known yet: what is better for the caller
        ("grant", (ERROR, None), False),
        ("guard", (), True),
        ("guard", (True,), True),
        ("guard", (False,), False),
        ("guard", (ERROR,), True),
        ("guard", (None,), False),
    ],
)
def test_an_error_is_no_for_a_grant_and_yes_for_a_guard(kind: Any, answers: Any, matches: bool) -> None:
    """What cannot be evaluated opens nothing and closes everything."""
    assert _rule("a", kind, Effect.REDACT).matches(answers) is matches


def test_equal_conditions_are_asked_once() -> None:
    """However many rules have one, and in whatever order."""
    table = Table(
        Action.READ,
        "Contact",
        [
            _rule("a", "grant", Effect.ALLOW, NEWS),
            _rule("b", "guard", Effect.REDACT, SHOP),
            _rule("c", "guard", Effect.DENY, consent_to("shop"), consent_to("news")),
        ],
    )
    assert [each.text for each in table.conditions] == [NEWS.text, SHOP.text]
    assert (table.attributes, table.of_record) == ({"consents"}, (True, True))
    effects = [
        table.decision(answers).of("Name").effect
        for answers in ((True, False), (True, True), (False, True), (ERROR, True), (True, ERROR))
    ]
    assert effects == [Effect.ALLOW, Effect.DENY, Effect.DENY, Effect.DENY, Effect.DENY]


def test_a_table_remembers_and_does_not_grow_for_ever() -> None:
    """The same answers get the same decision; beyond the bound it is made anew, to the same effect."""
    conditions = [consent_to(f"p{n}") for n in range(11)]
    rules = [_rule("a", "grant", Effect.ALLOW)]
    rules += [_rule(f"g{n}", "guard", Effect.REDACT, each) for n, each in enumerate(conditions)]
    table = Table(Action.READ, "Contact", rules)
    quiet = (False,) * len(conditions)
    first = table.decision(quiet)
    assert table.decision(quiet) is first
    for number in range(MOST_COMBINATIONS + 5):
        answers = tuple(bool(number >> bit & 1) for bit in range(len(conditions)))
        assert table.decision(answers).of("Name").effect is (Effect.REDACT if number else Effect.ALLOW)
    assert len(table._found) <= MOST_COMBINATIONS
    assert table.decision(quiet) == first


def test_a_plan_without_conditions_needs_no_facts() -> None:
    """Its decision is the whole of it."""
    table = Table(Action.READ, "Contact", [_rule("a", "grant", Effect.ALLOW, NEWS)])
    assert Plan(table.decision((True,))).attributes == frozenset()
    assert Plan(table.decision((True,)), table).attributes == {"consents"}

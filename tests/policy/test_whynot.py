"""The fewest things that would have to be otherwise."""

from typing import Any

import pytest

from proxy.model import Access, Action, Principal, Purpose, Recipient
from proxy.policy.explain import Question
from proxy.policy.whynot import why_not

RULES = """\
grants:
  - {id: open, effect: allow, roles: [agent], purposes: [support], recipients: [desk],
     on: {fields: [Name]}, actions: [read]}
  - {id: for-leads, effect: allow, roles: [lead], purposes: [marketing], recipients: [desk],
     on: {fields: [Phone]}, actions: [read]}
  - {id: half, effect: mask, with: last4, roles: [agent], purposes: [support], recipients: [desk],
     on: {fields: [City]}, actions: [read]}
guards:
  - {id: by-people, effect: deny, on: {fields: [Name]}, actions: [read],
     when: ['principal.kind == "integration" || recipient.country == "US"']}
"""


@pytest.mark.parametrize(
    ("field", "needs"),
    [
        ("Name", [[("by-people", 'false: principal.kind == "integration"')]]),
        ("Phone", [[("for-leads", "role lead"), ("for-leads", "purpose marketing or marketing.newsletter")]]),
        ("City", None),  # a mask is the most that anybody gets
        ("New", None),
    ],
)
def test_conditions_are_turned_and_callers_named(
    bench: Any, field: str, needs: list[list[tuple[str, str]]] | None
) -> None:
    """Each with its rule; None where no grant allows the field to anybody."""
    policies = bench.check(RULES).policies
    who = Principal("p", "", frozenset({"agent"}), Recipient("desk", country="IE"))
    question = Question("crm", "Contact", field, Action.READ, who.roles, "support", "desk")
    access = Access(who, Purpose("support"), Action.READ, "Contact", {}, policies.now())
    found = why_not(policies, question, access)
    assert (found and [[(each.rule.id, each.what) for each in way] for way in found]) == needs


TOGETHER = """\
grants:
  - {id: as-human, effect: allow, roles: [agent], purposes: [support], recipients: [desk],
     on: {fields: [Name]}, actions: [read], when: ['principal.kind == "human"']}
  - {id: in-us, effect: allow, roles: [agent], purposes: [support], recipients: [desk],
     on: {fields: [Name]}, actions: [read], when: ['recipient.country == "US" && principal.client != "x"']}
guards:
  - {id: no-humans, effect: redact, on: {fields: [Name]}, actions: [read], when: ['principal.kind == "human"']}
WALL
"""
WALL = "  - {id: shut, effect: deny, on: {fields: [Name]}, actions: [read]}"


@pytest.mark.parametrize(
    ("wall", "needs"),
    [
        ("", [[("in-us", 'true: recipient.country == "US"')]]),
        (
            WALL,
            [
                [
                    ("in-us", 'true: recipient.country == "US"'),
                    ("shut", "holds without a condition: it would have to leave this caller out"),
                ]
            ],
        ),
    ],
)
def test_all_rules_are_looked_at_together(bench: Any, wall: str, needs: list[list[tuple[str, str]]]) -> None:
    """What opens a grant and makes a guard hold is no way; a guard without a condition is part of every way."""
    policies = bench.check(TOGETHER.replace("WALL", wall)).policies
    who = Principal("p", "", frozenset({"agent"}), Recipient("desk", country="IE"))
    question = Question("crm", "Contact", "Name", Action.READ, who.roles, "support", "desk")
    access = Access(who, Purpose("support"), Action.READ, "Contact", {}, policies.now())
    found = why_not(policies, question, access)
    assert found is not None
    assert [[(each.rule.id, each.what) for each in way] for way in found] == needs

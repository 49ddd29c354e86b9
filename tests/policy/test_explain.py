"""Why a field comes out as it does."""

from typing import Any

import pytest

from proxy.model import DENIED, Action, Effect
from proxy.policy.explain import Question, explain

RULES = """\
grants:
  - id: agents
    effect: mask
    with: last4
    actions: [read]
    roles: [agent]
    recipients: [desk]
    on: {fields: [Phone]}
  - {id: leads, effect: allow, actions: [read], roles: [lead], recipients: [desk], on: {fields: [Phone]}}
  - {id: mail, effect: allow, actions: [read], purposes: [marketing], recipients: [desk], on: {fields: [Phone]}}
  - {id: delete, effect: allow, actions: [delete], roles: [lead], recipients: [desk]}
guards:
  - {id: veil, effect: redact, actions: [read], recipients: [mailer], on: {fields: [Phone]}}
  - {id: watch, effect: deny, actions: [read], mode: audit, on: {fields: [Phone]}}
  - {id: spare, effect: deny, actions: [read], except: {roles: [agent]}, on: {fields: [Phone]}}
  - {id: later, effect: deny, actions: [read], valid: {from: 2027-01-01}, on: {fields: [Phone]}}
  - {id: other, effect: deny, actions: [read], on: {fields: [Name]}}
  - {id: keep, effect: redact, actions: [delete], on: {fields: [Notes]}}
"""
AGENT = Question("crm", "Contact", "Phone", Action.READ, frozenset({"agent"}), "support", "desk")


def test_every_rule_on_the_field_is_shown_with_what_kept_it_from_applying(bench: Any) -> None:
    """Rules about other fields or actions are left out; all the rest have a reason."""
    found = explain(bench.check(RULES).policies, AGENT)
    assert (found.outcome.effect, found.outcome.rule) == (Effect.MASK, "agents")
    assert (found.category, found.listed) == ("user.contact.phone_number", True)
    assert [(each.rule.id, each.counts, each.because) for each in found.considered] == [
        ("agents", True, "applies"),
        ("leads", False, "only for roles lead"),
        ("mail", False, "only for purposes marketing, marketing.newsletter"),
        ("later", False, "in force only 2027-01-01 to ..."),
        ("spare", False, "the caller is in its except"),
        ("veil", False, "only for recipients mailer"),
        ("watch", False, "mode audit: observed, not applied"),
    ]


def test_a_rule_with_a_condition_is_shown_with_it(bench: Any) -> None:
    """Whether it holds depends on the record; the outcome is that of one of which nothing is known."""
    rules = RULES + "  - {id: late, effect: deny, actions: [read], on: {fields: [Phone]}, when: 'now > now'}\n"
    found = explain(bench.check(rules).policies, AGENT)
    (late,) = [each for each in found.considered if each.rule.id == "late"]
    assert (late.counts, late.because) == (True, "applies when now > now")
    assert (found.outcome.effect, found.outcome.rule) == (Effect.DENY, "late")


def test_for_the_record_itself_every_guard_of_a_field_is_considered(bench: Any) -> None:
    """A delete that is refused shows the field's guard that refused it."""
    question = Question("crm", "Contact", "", Action.DELETE, frozenset({"lead"}), "support", "desk")
    found = explain(bench.check(RULES).policies, question)
    assert (found.outcome.effect, found.outcome.rule, found.listed) == (Effect.REDACT, "keep", True)
    assert [each.rule.id for each in found.considered] == ["delete", "keep"]


@pytest.mark.parametrize("field", ["Nothing", "New"])
def test_a_field_no_rule_can_match_is_denied_and_has_no_rules(bench: Any, field: str) -> None:
    """Unlisted and unclassified fields are out of every rule's reach."""
    question = Question("crm", "Contact", field, Action.READ, frozenset({"agent"}), "support", "desk")
    found = explain(bench.check(RULES).policies, question)
    assert found.outcome is DENIED
    assert found.considered == ()
    assert found.listed is (field == "New")

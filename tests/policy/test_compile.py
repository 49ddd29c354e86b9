"""Plans: what they are made from, and what asking for one costs."""

from typing import Any

import pytest

from proxy.model import DENIED, Action, Effect, Mask, Outcome
from proxy.policy import Plan, PolicySet
from proxy.policy.compile import MAX_PLANS, WHOLE_RECORD

OPEN = "  - {id: open, effect: allow, actions: ['*'], recipients: [desk], roles: [agent]}\n"


def _plan(policies: PolicySet, **other: Any) -> Plan:
    question: dict[str, Any] = {
        "connector": "crm",
        "roles": frozenset({"agent"}),
        "purpose": "support",
        "recipient": "desk",
        "action": Action.READ,
        "object": "Contact",
    }
    return policies.plan(**(question | other))


def test_a_field_without_a_grant_is_not_in_the_plan(bench: Any) -> None:
    """Deny is where evaluation starts, for listed fields as for unknown ones."""
    rules = "grants:\n  - {id: a, effect: allow, actions: [read], recipients: [desk], on: {fields: [Name]}}\n"
    decision = _plan(bench.check(rules).policies).decision
    assert decision.outcomes == {"Name": Outcome(Effect.ALLOW, None, "a")}
    assert decision.of("Phone") is DENIED
    assert decision.of("NeverHeardOf") is DENIED


def test_a_denied_field_names_the_guard(bench: Any) -> None:
    """The ledger can say which wall it was."""
    rules = (
        "grants:\n" + OPEN + "guards:\n  - {id: wall, effect: deny, actions: [read], on: {tags: [special]}}\n"
    )
    assert _plan(bench.check(rules).policies).decision.of("Health") == Outcome(Effect.DENY, None, "wall")


@pytest.mark.parametrize(
    "other",
    [
        {"connector": "other"},
        {"object": "Secret"},
        {"purpose": "curiosity"},
        {"recipient": "stranger"},
        {"roles": frozenset({"agent", "root"})},  # a role nobody declared taints the caller
        {"object": "contacts"},  # an object of another CRM
    ],
)
def test_whoever_asks_with_an_undeclared_word_gets_nothing(bench: Any, other: dict[str, Any]) -> None:
    """A grant without selectors matches everything that is declared, and nothing else."""
    rules = "grants:\n  - {id: open, effect: allow, actions: ['*'], except: {recipients: [mailer]}}\n"
    policies = bench.check(rules).policies
    assert _plan(policies).decision.outcomes
    assert _plan(policies, **other).decision.outcomes == {}


@pytest.mark.parametrize("action", sorted(Action))
def test_a_guard_of_any_field_also_guards_the_record_as_a_whole(bench: Any, action: Action) -> None:
    """Deleting, sharing or exporting a record cannot go round the guard of its most protected field."""
    rules = (
        "grants:\n" + OPEN + "guards:\n  - {id: veil, effect: redact, actions: ['*'], on: {tags: [special]}}\n"
    )
    itself = _plan(bench.check(rules).policies, action=action).decision.of("")
    assert itself.effect is (Effect.REDACT if action in WHOLE_RECORD else Effect.ALLOW)


def test_a_guard_of_a_field_opens_no_record(bench: Any) -> None:
    """Without a grant for the record itself there is nothing to guard."""
    rules = (
        "grants:\n  - {id: a, effect: allow, actions: [delete], recipients: [desk], on: {fields: [Name]}}\n"
        "guards:\n  - {id: veil, effect: redact, actions: ['*'], on: {tags: [special]}}\n"
    )
    assert _plan(bench.check(rules).policies, action=Action.DELETE).decision.of("") is DENIED


@pytest.mark.parametrize(("mode", "effect"), [("enforce", 4), ("warn", 4), ("audit", 0)])
def test_a_guard_in_audit_mode_only_watches(bench: Any, mode: str, effect: int) -> None:
    """`warn` is enforced like `enforce`; `audit` changes nothing."""
    guard = f"guards:\n  - {{id: veil, effect: redact, actions: ['*'], mode: {mode}, on: {{tags: [special]}}}}\n"
    assert _plan(bench.check("grants:\n" + OPEN + guard).policies).decision.of("Health").effect == effect


def test_a_grant_in_audit_mode_opens_nothing(bench: Any) -> None:
    """A door that is only observed stays shut, and what it would have opened is said."""
    rules = "grants:\n" + OPEN.replace("roles:", "mode: audit, roles:")
    decision = _plan(bench.check(rules).policies).decision
    assert {each.effect for each in decision.outcomes.values()} == {Effect.DENY}
    assert "Contact.Name: allow by open" in decision.would


def test_a_rule_begins_and_ends_at_midnight_utc_without_a_reload(bench: Any) -> None:
    """Plans made before a turn of days do not outlive it."""
    rules = "grants:\n" + OPEN.replace("roles:", "valid: {from: 2026-11-24, until: 2026-11-25}, roles:")
    policies = bench.check(rules).policies
    midnight = 1_795_478_400.0  # 2026-11-24T00:00:00Z
    seen = []
    for seconds in (-1, 0, 2 * 86_400 - 1, 2 * 86_400):
        bench.now = midnight + seconds
        seen.append(_plan(policies).decision.of("Name").effect)
    assert seen == [Effect.DENY, Effect.ALLOW, Effect.ALLOW, Effect.DENY]


def test_an_agreement_that_ends_closes_the_door_by_itself(bench: Any) -> None:
    """The day after `dpa_expires` the recipient gets nothing any more."""
    bench.write("r.yaml", "recipients:\n  r: {kind: third_party, dpa_expires: 2026-11-23}\n", kind="Vocabulary")
    policies = bench.check("grants:\n" + OPEN.replace("desk", "r")).policies
    assert _plan(policies, recipient="r").decision.of("Name").effect is Effect.ALLOW
    bench.now += 86_400
    assert _plan(policies, recipient="r").decision.of("Name") == Outcome(
        Effect.DENY, None, "built-in:r-agreement"
    )


def test_the_same_question_gets_the_same_plan_and_alike_answers_share_one(bench: Any) -> None:
    """A plan is made once, and questions that come to the same share it."""
    policies = bench.check("grants:\n" + OPEN).policies
    assert _plan(policies) is _plan(policies)
    assert _plan(policies, roles=frozenset({"agent", "lead"})) is _plan(policies)
    assert _plan(policies, action=Action.LIST) is not _plan(policies)


def test_what_is_remembered_is_bounded(bench: Any) -> None:
    """Questions beyond the bound are worked out anew, to the same answer."""
    policies = bench.check("grants:\n" + OPEN).policies
    first = _plan(policies).decision
    for number in range(MAX_PLANS + 10):
        _plan(policies, object=f"Unknown{number}")
    assert policies._remembered.cache_info().currsize == MAX_PLANS
    assert _plan(policies).decision == first


def test_masks_for_a_field_are_those_of_every_rule_for_anyone(bench: Any) -> None:
    """A write may echo a mask that somebody else was shown; an audited mask was never shown."""
    rules = (
        "grants:\n"
        "  - {id: a, effect: mask, with: last4, actions: [read], recipients: [desk], on: {fields: [Phone]}}\n"
        "guards:\n  - {id: b, effect: mask, with: year, actions: [list], on: {categories: [user.contact]}}\n"
        "  - {id: c, effect: mask, with: firm, actions: [list], mode: audit, on: {fields: [Phone]}}\n"
        "  - {id: d, effect: redact, actions: [read], on: {fields: [Name]}}\n"
    )
    policies = bench.check(rules).policies
    last4, year = Mask("last4", "keep_last", (("n", 4),)), Mask("year", "year_only")
    assert policies.masks_for("crm", "Contact", "Phone") == {last4, year}
    assert policies.masks_for("crm", "Contact", "City") == {year}
    assert policies.masks_for("crm", "Contact", "Name") == frozenset()
    assert policies.masks_for("crm", "Nothing", "Phone") == frozenset()


def test_rules_are_kept_by_id_whatever_their_order(bench: Any) -> None:
    """Order means nothing, so it is not kept."""
    rules = "guards:\n  - {id: b, effect: deny, actions: [read]}\n  - {id: a, effect: deny, actions: [read]}\n"
    assert [rule.id for rule in bench.check(rules).policies.rules] == ["a", "b"]

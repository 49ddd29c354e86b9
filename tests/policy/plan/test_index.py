"""A set's rules as bits."""

from datetime import date
from typing import Any

from proxy.model import Action
from proxy.policy.plan import Caller
from proxy.policy.plan.index import ALWAYS, Index
from proxy.policy.plan.reading import Conditions

TODAY, LATER = date(2026, 11, 23), date(2027, 1, 1)
RULES = """\
grants:
  - {id: agents, effect: allow, roles: [agent], recipients: [desk], on: {fields: [Phone]}, actions: [read]}
  - {id: later, effect: allow, on: {fields: [Name]}, actions: [read], valid: {from: 2027-01-01}}
  - {id: erase, effect: allow, recipients: [desk], on: {categories: [system.record]}, actions: [erase]}
guards:
  - {id: watch, effect: deny, mode: audit, on: {fields: [Phone]}, actions: [read]}
  - {id: veil, effect: redact, on: {fields: [Phone]}, actions: ["*"]}
"""
AGENT = Caller(frozenset({"agent"}), "support", "desk")


def _index(bench: Any) -> Index:
    policies = bench.check(RULES).policies
    return Index(policies, Conditions(policies, policies, ""))


def _ids(index: Index, caller: Caller, action: Action, field: str, day: date = TODAY) -> list[str]:
    bits = index.asked(caller, day) & index.doing(action)
    bits &= index.fields("crm", "Contact", action).get(field, 0)
    return [rule.id for rule, _ in index.ruled(bits, ("crm", "Contact"), index.given(caller), action)]


def test_the_rules_of_a_cell_are_what_caller_day_action_and_field_have_in_common(bench: Any) -> None:
    """Audited rules are none of them, and without a grant nothing is."""
    index = _index(bench)
    assert _ids(index, AGENT, Action.READ, "Phone") == ["agents", "veil"]
    assert _ids(index, AGENT, Action.READ, "Name") == []
    assert _ids(index, AGENT, Action.READ, "Name", LATER) == ["later"]
    assert _ids(index, Caller(frozenset({"lead"}), "support", "desk"), Action.READ, "Phone") == []
    assert _ids(index, AGENT, Action.LIST, "Phone") == []


def test_a_guard_of_any_field_is_about_the_record_where_it_is_taken_whole(bench: Any) -> None:
    """For an erase, and not for a read."""
    index = _index(bench)
    assert _ids(index, AGENT, Action.ERASE, "") == ["erase", "veil"]
    assert _ids(index, AGENT, Action.READ, "") == []


def test_nobody_with_an_unknown_word_is_spoken_about(bench: Any) -> None:
    """So everything is denied to them, as it is when they ask."""
    index = _index(bench)
    for caller in (
        AGENT._replace(roles=frozenset({"agent", "ghost"})),
        AGENT._replace(purpose="ghost"),
        AGENT._replace(recipient="ghost"),
    ):
        assert index.asked(caller, TODAY) == 0
    assert index.fields("crm", "Ghost", Action.READ) == {}


def test_a_rule_without_a_condition_always_matches(bench: Any) -> None:
    """One and the same constant, so that it is recognised at a glance."""
    index = _index(bench)
    found = index.ruled(index.asked(AGENT, TODAY), ("crm", "Contact"), index.given(AGENT), Action.READ)
    assert {id(condition) for _, condition in found} == {id(ALWAYS)}

"""Callers and days that a comparison looks at, and what it says of those it does not."""

from datetime import date, timedelta
from typing import Any

from proxy.model import Action, Effect
from proxy.policy.compile import PolicySet
from proxy.policy.plan import Comparison, compare, sides

TODAY = date(2026, 11, 23)
NAMES = [f"r{number}" for number in range(7)]
WORDS = """\
roles: {agent: {}, lead: {}, officer: {}, r0: {}, r1: {}, r2: {}, r3: {}, r4: {}, r5: {}, r6: {}}
purposes: {support: {lawful_basis: contract}}
recipients: {desk: {country: IE}}
clients:
  portal: {recipient: desk, roles: [ROLES], purposes: [support], jwt: {issuer: corp, claim: azp, value: portal}}
"""
RULES = """\
grants:
  - {id: open, effect: allow, roles: [agent], on: {fields: [Phone]}, actions: [read]}
guards:
  - {id: shut, effect: deny, on: {fields: [Phone]}, actions: [read]%s}
  - {id: never, effect: deny, roles: [lead], on: {fields: [Phone]}, actions: [read]}
"""


def _set(bench: Any, rules: str, roles: str = "agent, lead, officer") -> PolicySet:
    bench.write("vocabulary.yaml", WORDS.replace("ROLES", roles), kind="Vocabulary")
    policies = bench.check(rules).policies
    assert isinstance(policies, PolicySet)
    return policies


def _compared(old: PolicySet, new: PolicySet) -> Comparison:
    return compare(*sides(old, new), today=TODAY)


def test_a_token_may_carry_some_of_its_clients_roles(bench: Any) -> None:
    """What opens for two roles of three is seen, though it does for no single role and not for all three."""
    old, new = _set(bench, RULES % ""), _set(bench, RULES % ", except: {roles: [officer]}")
    two = frozenset({"agent", "officer"})
    ask = {"connector": "crm", "roles": two, "purpose": "support", "recipient": "desk"}
    seen = [
        each.plan(**ask, action=Action.READ, object="Contact").decision.of("Phone").effect for each in (old, new)
    ]
    assert seen == [Effect.DENY, Effect.ALLOW]
    found = _compared(old, new)
    assert found.opens
    assert {change.roles for change in found.changes} == {(two,)}
    assert found.untried == ()


def test_more_roles_than_can_be_combined_are_told(bench: Any) -> None:
    """Seven roles are not combined in every way: that counts as loosened, if anything differs."""
    roles = ", ".join(NAMES)
    old, new = _set(bench, RULES % "", roles), _set(bench, RULES % ", except: {roles: [officer]}", roles)
    assert _compared(old, new).untried == ("tokens of client portal with some of its roles",)
    assert _compared(old, new).opens
    assert not _compared(old, old).opens
    assert _compared(old, old).untried == ()


def test_days_that_are_too_many_are_told(bench: Any) -> None:
    """What begins after the last day that is looked at may open; that never passes for no change."""
    rule = "  - {id: g%s, effect: allow, roles: [%s], on: {fields: [Id]}, actions: [read], valid: {from: %s}}\n"
    days = [TODAY + timedelta(days=number) for number in range(1, 400)]
    rules = "grants:\n" + "".join(rule % (number, "officer", day) for number, day in enumerate(days))
    old, new = _set(bench, rules), _set(bench, rules + rule % ("late", "agent", "2028-06-01"))
    found = _compared(old, new)
    assert found.changes == ()
    assert found.untried == (f"{days[365]} and after",)
    assert found.opens
    assert not _compared(old, old).opens

"""What each role gets of each field."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from proxy.model import Action, AttributeSpec, Catalogue, FieldSpec, ObjectSpec
from proxy.policy.plan.matrix import Entry, Sheet, Sheets

TODAY = date(2026, 11, 23)
RULES = """\
grants:
  - {id: agents, effect: mask, with: last4, roles: [agent], on: {fields: [Phone]}, actions: [read]}
  - {id: leads, effect: allow, roles: [lead], on: {fields: [Phone]}, actions: [read], when: resource.vip}
  - {id: erase, effect: allow, roles: [lead], on: {categories: [system.record]}, actions: [erase]}
guards:
  - {id: veil, effect: redact, on: {fields: [Phone]}, actions: [read], when: '!resource.open'}
  - {id: keep, effect: redact, on: {fields: [Name]}, actions: [erase]}
"""


@pytest.fixture
def catalogues() -> Mapping[str, Catalogue]:
    """One object with two fields and two attributes."""
    fields = {"Name": FieldSpec("user.name"), "Phone": FieldSpec("user.contact.phone_number")}
    attributes = {"vip": AttributeSpec("Vip", "bool"), "open": AttributeSpec("Open", "bool")}
    return {"crm": {"Contact": ObjectSpec("Contact", fields, attributes=attributes)}}


def sheet(bench: Any, action: Action) -> Sheet:
    """Return the sheet of the only object."""
    policies = bench.check(RULES).policies
    return Sheets(policies, TODAY).sheet("crm", "Contact", action=action, purpose="support", recipient="desk")


def test_conditions_are_lettered_and_rules_named(bench: Any) -> None:
    """A cell says what it comes to in few signs, the legend and the rules behind it stand beside."""
    found = sheet(bench, Action.READ)
    assert found.letters == {"a": "resource.open", "b": "resource.vip"}
    assert found.roles == ("agent", "lead", "officer")
    assert list(found.entries) == ["Name", "Phone", ""]
    spelled = "allow if resource.open && resource.vip; redact if !resource.open && resource.vip"
    lead = Entry("allow if a && b; redact if !a && b", spelled, ("leads", "veil"))
    assert found.entries["Phone"]["lead"] == lead
    assert found.entries["Phone"]["agent"].text == "mask(last4) if a; redact if !a"
    assert found.entries["Name"]["lead"] == Entry("deny", "deny", ())
    assert found.categories == {"Name": "user.name", "Phone": "user.contact.phone_number", "": "system.record"}
    assert (found.rules, found.empty) == (frozenset({"agents", "leads", "veil"}), False)


def test_guards_of_any_field_hold_for_the_record_itself(bench: Any) -> None:
    """As they do at run time."""
    found = sheet(bench, Action.ERASE)
    assert found.entries[""]["lead"] == Entry("redact", "redact", ("keep",))
    assert sheet(bench, Action.EXPORT).empty


def test_a_sheet_agrees_with_the_plans_that_decide(bench: Any) -> None:
    """Where no condition plays a part, cell by cell."""
    plain = RULES.replace(", when: resource.vip", "").replace(", when: '!resource.open'", "")
    policies = bench.check(plain).policies
    sheets = Sheets(policies, TODAY)
    for action in Action:
        found = sheets.sheet("crm", "Contact", action=action, purpose="support", recipient="desk")
        for role in found.roles:
            plan = policies.plan(
                connector="crm",
                roles=frozenset({role}),
                purpose="support",
                recipient="desk",
                action=action,
                object="Contact",
            )
            for field, row in found.entries.items():
                outcome = plan.decision.of(field)
                assert row[role].text.partition("(")[0] == outcome.effect.name.lower()
                assert row[role].rules == ((outcome.rule,) if outcome.rule and row[role].text != "deny" else ())

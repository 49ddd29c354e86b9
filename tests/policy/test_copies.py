"""What rules about a field come to for its copies."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from proxy.model import (
    Access,
    Action,
    AttributeSpec,
    CopyOf,
    Effect,
    FieldSpec,
    ObjectSpec,
    Outcome,
    Principal,
    Purpose,
    Recipient,
)
from proxy.policy import PolicySet, decide
from proxy.policy.explain import Question, explain
from tests.policy.conftest import Bench

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
GRANT = "{{id: {id}, effect: allow, roles: [agent], purposes: [support], recipients: [desk], {more}}}"


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """A CRM whose cases repeat a contact's name and number, and whose contacts have a name in two parts."""
    crm = dict(bench.catalogues["crm"])
    name, link = FieldSpec("user.name"), FieldSpec("system.operations", semantic="id")
    contact = {**crm["Contact"].fields, "Last": name}
    contact["Name"] = replace(name, copies=(CopyOf("Contact", "Last"),))
    phone = CopyOf("Contact", "Phone", "ContactId")
    borrowed = {
        "ContactPhone": (phone,),
        "ContactName": (
            CopyOf("Contact", "Name", "ContactId"),
            CopyOf("Contact", "Last", "ContactId", direct=False),
        ),
        "Anybody": (CopyOf("Contact", "Name", "ContactId"), CopyOf("Account", "Name", "ContactId")),
    }
    fields = {"Id": link, "ContactId": link, "Vip": FieldSpec("system.operations")}
    fields |= {each: FieldSpec("user.contact" if each == "ContactPhone" else "user.name", copies=ways)
               for each, ways in borrowed.items()}  # fmt: skip
    vip = {"vip": AttributeSpec("Vip", "bool", default=False)}
    crm["Contact"] = replace(crm["Contact"], fields=contact, attributes=vip)
    crm["Case"] = ObjectSpec("Case", fields, attributes=vip, borrowed=borrowed)
    return Bench(bench.folder, {**bench.catalogues, "crm": crm})


def outcome(
    policies: PolicySet, field: str, action: Action = Action.READ, name: str = "Case", **facts: object
) -> Outcome:
    """Return what comes out for an agent."""
    plan = policies.plan(
        connector="crm",
        roles=frozenset({"agent"}),
        purpose="support",
        recipient="desk",
        action=action,
        object=name,
    )
    principal = Principal("x", "x", frozenset({"agent"}), Recipient("desk", country="IE"))
    return decide(plan, Access(principal, Purpose("support"), action, name, facts, NOW)).of(field)


def made(bench: Bench, guards: str = "", *grants: str) -> PolicySet:
    """Return a set; where no grants are said, cases and contacts are open."""
    given = grants or ("on: {objects: [Case, Contact, Account]}, actions: [read, list, filter, export]",)
    rules = "".join(f"  - {GRANT.format(id=f'g{at}', more=more)}\n" for at, more in enumerate(given))
    checked = bench.check(f"{guards}grants:\n{rules}")
    assert checked.policies is not None, [str(each) for each in checked.problems]
    return checked.policies


@pytest.mark.parametrize(
    ("guard", "field", "effect", "mask"),
    [
        # A guard that names the other object, whole or a field of it.
        ("deny, on: {objects: [Contact]}", "ContactPhone", Effect.DENY, ""),
        ("redact, on: {objects: [Contact], fields: [Phone]}", "ContactPhone", Effect.REDACT, ""),
        ("mask, with: last4, on: {objects: [Contact], fields: [Phone]}", "ContactPhone", Effect.MASK, "last4"),
        ("deny, on: {objects: [Contact], fields: [Phone]}", "ContactName", Effect.ALLOW, ""),
        # What the original repeats of its own record.
        ("deny, on: {objects: [Contact], fields: [Last]}", "ContactName", Effect.DENY, ""),
        # One of several that it may be of.
        ("deny, on: {objects: [Account]}", "Anybody", Effect.DENY, ""),
        ("deny, on: {objects: [Account]}", "ContactName", Effect.ALLOW, ""),
        # What only looks at who asks is asked as ever; nobody knows of the other record what it is like.
        (
            "deny, on: {objects: [Contact]}, when: 'recipient.country == \"US\"'",
            "ContactPhone",
            Effect.ALLOW,
            "",
        ),
        ("deny, on: {objects: [Contact]}, when: resource.vip", "ContactPhone", Effect.DENY, ""),
        ("deny, on: {objects: [Case]}, when: resource.vip", "ContactPhone", Effect.ALLOW, ""),
        # Audited guards change nothing.
        ("deny, mode: audit, on: {objects: [Contact]}", "ContactPhone", Effect.ALLOW, ""),
    ],
)
def test_a_guard_stands_on_copies(bench: Bench, guard: str, field: str, effect: Effect, mask: str) -> None:
    """As on what they repeat, whatever is known of the record that they stand in."""
    policies = made(bench, f"guards:\n  - {{id: wall, actions: [read], effect: {guard}}}\n")
    found = outcome(policies, field, vip=False)
    assert (found.effect, found.mask.name if found.mask else "") == (effect, mask)
    assert found.rule == ("g0" if effect is Effect.ALLOW else "wall")


def test_a_copy_is_open_where_both_are(bench: Bench) -> None:
    """A grant of the case alone opens none, one of the other alone neither; each has to be for the action."""
    case, contact = "on: {objects: [Case]}, actions: [read, filter]", "on: {objects: [Contact]}, actions: [read]"
    for grants, read, filtered in (
        ((case,), Effect.DENY, Effect.DENY),
        ((contact,), Effect.DENY, Effect.DENY),
        ((case, contact), Effect.ALLOW, Effect.DENY),
        ((case, contact.replace("[Contact]", "[Contact], fields: [Name]")), Effect.DENY, Effect.DENY),
    ):
        policies = made(bench, "", *grants)
        assert outcome(policies, "ContactPhone").effect is read
        assert outcome(policies, "ContactPhone", Action.FILTER).effect is filtered
    assert outcome(policies, "ContactName").effect is Effect.ALLOW  # its parts need no grant
    assert outcome(policies, "Anybody").effect is Effect.DENY  # of accounts nothing is granted
    when = contact + ", when: resource.vip"
    assert outcome(made(bench, "", case, when), "ContactPhone", vip=True).effect is Effect.DENY


def test_writes_and_records_are_judged_as_ever(bench: Bench) -> None:
    """What a client puts into a copy tells it nothing; a demand of grants is none on the record itself."""
    all_ = "on: {objects: [Case]}, actions: [read, update, export]"
    where = "on: {objects: [Contact], fields: [Phone]}"
    wall = f"guards:\n  - {{id: wall, effect: deny, {where}, actions: [update, %s]}}\n"
    assert outcome(made(bench, wall % "read", all_), "ContactPhone", Action.UPDATE).effect is Effect.ALLOW
    assert outcome(made(bench, wall % "read", all_), "", Action.EXPORT).effect is Effect.ALLOW
    # An export goes past us: a guard on any of its fields is one on all of it.
    assert outcome(made(bench, wall % "export", all_), "", Action.EXPORT).effect is Effect.DENY


def test_a_copy_in_the_same_record_is_asked_of_that_record(bench: Bench) -> None:
    """And needs no grant of what it repeats."""
    when = "guards:\n  - {id: wall, effect: deny, on: {fields: [Last]}, actions: [read], when: resource.vip}\n"
    policies = made(bench, when, "on: {objects: [Contact], fields: [Name]}, actions: [read]")
    assert outcome(policies, "Name", name="Contact", vip=False).effect is Effect.ALLOW
    assert outcome(policies, "Name", name="Contact", vip=True).effect is Effect.DENY


def test_what_a_mask_made_of_a_copy_is_known_when_it_is_written_back(bench: Bench) -> None:
    """Else it would be written over the real value."""
    mask = "guards:\n  - {id: wall, effect: mask, with: last4, on: {objects: [Contact]}, actions: [read]}\n"
    assert {each.name for each in made(bench, mask).masks_for("crm", "Case", "ContactPhone")} == {"last4"}


def test_explain_tells_of_the_rules_behind_a_copy(bench: Bench) -> None:
    """With the object that they are about."""
    guard = "guards:\n  - {id: wall, effect: deny, on: {objects: [Contact]}, actions: [read]}\n"
    question = Question("crm", "Case", "ContactPhone", Action.READ, frozenset({"agent"}), "support", "desk")
    said = {(each.rule.id, each.because) for each in explain(made(bench, guard), question).considered}
    assert said == {
        ("g0", "applies"),
        ("g0", "applies to its Contact, of which it is a copy"),
        ("wall", "applies to its Contact, of which it is a copy"),
        ("copy:Contact", "a copy is open only where its Contact is"),
    }

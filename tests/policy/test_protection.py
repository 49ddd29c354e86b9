"""What is said of protected fields is linked, and what cannot be is told where it stands."""

from dataclasses import replace

import pytest

from proxy.model import UNLIMITED, AttributeSpec, CopyOf, FieldSpec, Taken
from tests.policy.conftest import Bench

MAIL = FieldSpec("user.contact.email", semantic="email", length=80)


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """A CRM that says how long its fields are."""
    contact = replace(
        bench.catalogues["crm"]["Contact"], takes=frozenset({"reserved_domains", "unassigned_numbers"})
    )
    bench.catalogues["crm"]["Contact"] = contact
    contact.fields.update(
        Email=MAIL,
        Phone=replace(contact.fields["Phone"], semantic="phone", length=40),
        Name=replace(contact.fields["Name"], semantic="name", length=121),
        Notes=replace(contact.fields["Notes"], length=255),
        Born=replace(contact.fields["Born"], semantic="date"),
        City=replace(contact.fields["City"], semantic="address", length=40),
        Tax=FieldSpec("user.financial.tax_id", length=100),
        Gender=FieldSpec("user.demographic.gender", length=100),
        Land=FieldSpec("user.contact.address.country", semantic="address", length=255),
        Short=FieldSpec("user.unique_id", length=28),
    )
    return bench


def test_a_copy_of_a_protected_field_is_to_be_protected_too(bench: Bench) -> None:
    """Where it can be; a waiver says that it need not."""
    fields = bench.catalogues["crm"]["Contact"].fields
    assert isinstance(fields, dict)
    fields["Second"] = replace(MAIL, copies=(CopyOf("Contact", "Email"),))
    fields["Shown"] = replace(MAIL, copies=(CopyOf("Contact", "Email"),), length=None)
    rule = "{id: a, on: {fields: [%s]}, as: token, domain: t.acme.example%s}"
    waiver = ", waive: [{code: LG149, because: it is empty everywhere, until: 2027-06-30}]"
    for on, more, found in (
        ("Email", "", ["Contact.Second"]),
        ("Email, Second", "", []),
        ("Email", waiver, []),
    ):
        problems = bench.check(f"protect:\n  - {rule % (on, more)}\n").problems
        said = [each for each in problems if each.code == "LG149"]
        assert [each.message.partition(" ")[0] for each in said] == found
        assert {each.severity for each in said} <= {"warning"}


def test_each_field_gets_a_form_that_fits(bench: Bench) -> None:
    """By its semantic type, and bound to its category unless something else is said."""
    checked = bench.check(
        """\
protect:
  - {id: a, on: {fields: [Email]}, as: token, domain: t.acme.example, search: true}
  - {id: b, on: {objects: [Contact], fields: [Phone, City]}, as: token}
  - {id: c, on: {fields: [Notes]}, as: envelope, element: person.notes}
"""
    )
    assert checked.policies is not None
    found = checked.policies.protections("crm")["Contact"]
    assert {name: (each.kind, each.form, each.normaliser) for name, each in found.items()} == {
        "Email": ("token", "email", "email-2"),
        "Phone": ("token", "phone", ""),
        "City": ("token", "name", ""),
        "Notes": ("envelope", "", ""),
    }
    assert (found["Email"].element, found["Notes"].element) == ("user.contact.email", "person.notes")
    assert (found["Email"].domain, found["Email"].room, found["Notes"].room) == ("t.acme.example", 6_000, 140)
    assert checked.policies.protections("hub") == {}


@pytest.mark.parametrize(
    ("rule", "code", "says"),
    [
        ("{id: x, on: {fields: [Email]}, as: token}", "LG140", "need domain"),
        ("{id: x, on: {fields: [Email]}, as: token, domain: Acme}", "LG117", "no domain"),
        (
            "{id: x, on: {fields: [Email]}, as: token, domain: " + "a" * 30 + "." + "b" * 24 + ".example}",
            "LG117",
            "no domain",
        ),
        ("{id: x, on: {fields: [Email]}, as: envelope}", "LG140", "ciphertext is none"),
        ("{id: x, on: {fields: [Born]}, as: token}", "LG140", "holds a date"),
        ("{id: x, on: {fields: [City]}, as: envelope}", "LG140", "leave nothing for the value"),
        ("{id: x, on: {fields: [Short]}, as: token}", "LG140", "its tokens have 29"),
        ("{id: x, on: {fields: [Notes]}, as: envelope, search: true}", "LG117", "nothing finds it"),
        ("{id: x, on: {fields: [Tax]}, as: deterministic}", "LG141", "waive LG141"),
        ("{id: x, on: {fields: [Id]}, as: token}", "LG143", "told apart by"),
        ("{id: x, on: {fields: [Nmae]}, as: token}", "LG101", 'did you mean "Name"'),
        ("{id: x, on: {fields: [Name]}, as: tokn}", "LG101", "token"),
        ("{id: x, on: {fields: [Name]}}", "LG117", "as"),
        (
            "{id: x, on: {connectors: [hub], objects: [contacts], categories: [user.name]}, as: token}",
            "LG103",
            "protects nothing",
        ),
    ],
)
def test_what_cannot_be_is_found_where_it_stands(bench: Bench, rule: str, code: str, says: str) -> None:
    """Each with its place, and with what to write instead."""
    found = [each for each in bench.found(f"protect:\n  - {rule}\n") if each[0] == code and says in each[3]]
    assert [line for _, line, _, _ in found] == [5], bench.found(f"protect:\n  - {rule}\n")


@pytest.mark.parametrize(
    ("field", "codes"),
    [("Tax", []), ("Phone", ["LG140"]), ("City", ["LG140"]), ("Born", ["LG140"]), ("Gender", ["LG142"])],
)
def test_numbers_become_other_numbers_by_a_named_waiver(bench: Bench, field: str, codes: list[str]) -> None:
    """Not those that ring, or that are few: another one could be a stranger's, or is guessed."""
    waive = "waive: [{code: LG141, because: A field of digits., until: 2027-06-30}]"
    rule = f"{{id: x, on: {{objects: [Contact], fields: [{field}]}}, as: digits, {waive}}}"
    assert [each[0] for each in bench.found(f"protect: [{rule}]\n") if each[0].startswith("LG14")] == codes
    without = "protect: [{id: x, on: {fields: [Tax]}, as: digits}]\n"
    assert "LG141" in [each[0] for each in bench.found(without)]
    tax = bench.catalogues["crm"]["Contact"].fields
    tax["Tax"] = replace(tax["Tax"], length=20)  # type: ignore[index]
    short = f"protect: [{{id: x, on: {{fields: [Tax]}}, as: digits, {waive}}}]\n"
    assert "LG140" in [each[0] for each in bench.found(short)]


@pytest.mark.parametrize("name", ["Gender", "Land"])
def test_what_is_guessed_is_not_made_deterministic_by_any_waiver(bench: Bench, name: str) -> None:
    """How often a text occurs tells which of a few it is."""
    waive = "[{code: LG141, because: Reports., until: 2027-06-30}]"
    rules = f"protect: [{{id: x, on: {{fields: [{name}]}}, as: deterministic, waive: {waive}}}]\n"
    assert "LG142" in [each[0] for each in bench.found(rules)]


def test_a_named_waiver_makes_a_field_deterministic(bench: Bench) -> None:
    """Somebody answers for it, until a day; after that day the set does not load."""
    rules = """\
protect:
  - id: x
    on: {fields: [Tax]}
    as: deterministic
    search: true
    waive: [{code: LG141, because: The CRM's own reports group by it., until: UNTIL}]
"""
    checked = bench.check(rules.replace("UNTIL", "2027-06-30"))
    assert checked.policies is not None
    assert checked.policies.protections("crm")["Contact"]["Tax"].kind == "deterministic"
    assert "LG141" in [each[0] for each in bench.found(rules.replace("UNTIL", "2026-06-30"))]


def test_what_conditions_look_at_stays_in_clear(bench: Bench) -> None:
    """A fact that is a token is no fact."""
    contact = bench.catalogues["crm"]["Contact"]
    bench.catalogues["crm"]["Contact"] = replace(
        contact, attributes={"city": AttributeSpec("City", "string", optional=True)}
    )
    found = bench.found("protect: [{id: x, on: {objects: [Contact], fields: [City]}, as: token}]\n")
    assert [each[3] for each in found if each[0] == "LG143"] == [
        "Contact.City is what resource.city is read from, in clear; leave it out"
    ]


def test_a_field_is_protected_once(bench: Bench) -> None:
    """With both places."""
    rules = """\
protect:
  - {id: a, on: {fields: [City]}, as: token}
  - {id: b, on: {categories: [user.contact.address]}, as: token}
"""
    assert ("LG144", 6) in [(each[0], each[1]) for each in bench.found(rules)]


@pytest.mark.parametrize("form", ["token", "envelope"])
def test_a_field_of_unknown_length_is_not_protected(bench: Bench, form: str) -> None:
    """Whether a value fits would be found out when it is written; one that says it has no limit takes any."""
    rules = f"protect: [{{id: x, on: {{connectors: [hub], fields: [phone]}}, as: {form}}}]\n"
    found = [each for each in bench.found(rules) if each[0].startswith("LG14")]
    assert [each[0] for each in found] == ["LG145"]
    assert "write length: there" in found[0][3]
    assert bench.check(rules).policies is None
    phone = bench.catalogues["hub"]["contacts"].fields
    phone["phone"] = replace(phone["phone"], length=UNLIMITED)  # type: ignore[index]
    assert bench.check(rules).policies is not None


@pytest.mark.parametrize(
    ("rule", "taken"),
    [
        ("{id: x, on: {fields: [Email]}, as: token, domain: t.acme.invalid}", "reserved_domains"),
        ("{id: x, on: {fields: [Email]}, as: token, domain: crm.acme.internal}", "reserved_domains"),
        ("{id: x, on: {objects: [Contact], fields: [Phone]}, as: token}", "unassigned_numbers"),
    ],
)
def test_tokens_that_the_crm_may_refuse_are_told(bench: Bench, rule: str, taken: Taken) -> None:
    """HubSpot and Tryton refuse addresses that nobody can have; the connector says what its CRM takes."""
    rules = f"protect: [{rule}]\n"
    assert bench.check(rules).policies is not None
    contact = bench.catalogues["crm"]["Contact"]
    bench.catalogues["crm"]["Contact"] = replace(contact, takes=contact.takes - {taken})
    found = [each for each in bench.found(rules) if each[0] == "LG146"]
    assert len(found) == 1
    assert f"takes: [{taken}]" in found[0][3]
    assert bench.check(rules).policies is None


def test_protection_is_part_of_what_the_digest_stands_for(bench: Bench) -> None:
    """A set that protects less is another set."""
    one = bench.check("protect: [{id: x, on: {fields: [City]}, as: token}]\n").policies
    other = bench.check("protect: [{id: x, on: {fields: [City]}, as: token, search: true}]\n").policies
    assert one is not None
    assert other is not None
    assert one.digest != other.digest

"""Demands on values that are written, as a policy says them."""

import pytest

from proxy.model import Form
from tests.policy.conftest import Bench

PHONES = """\
validity:
  - id: dialled
    on: {categories: [user.contact.phone_number]}
    form: phone
    country: {field: City, default: IE}
  - id: dialled-somewhere
    mode: warn
    on: {connectors: [hub], fields: [phone]}
    form: phone
"""


def test_demands_reach_the_fields_they_are_on(bench: Bench) -> None:
    """By category in every CRM, by name in one."""
    bench.catalogues["hub"]["contacts"].fields["City"] = bench.catalogues["crm"]["Contact"].fields["City"]
    policies = bench.check(PHONES).policies
    assert policies is not None
    (demand,) = policies.demands("crm", "Contact")["Phone"]
    assert demand.form == Form("phone", country="IE", country_field="City")
    assert [each.id for each in policies.demands("hub", "contacts")["phone"]] == ["dialled", "dialled-somewhere"]
    assert policies.demands("crm", "Account") == {}
    assert policies.demands("crm", "Nothing") == policies.demands("nowhere", "Contact") == {}


def test_a_document_in_mode_audit_has_no_demand_that_is_stricter(bench: Bench) -> None:
    """As with rules: none is stricter than the document it stands in."""
    rule = "{id: x, on: {fields: [Phone]}, form: phone}"
    policies = bench.check(f"mode: audit\nvalidity: [{rule}]\n").policies
    assert policies is not None
    assert [each.mode for each in policies.validity] == ["audit"]


@pytest.mark.parametrize(
    ("rule", "code", "says"),
    [
        ("{id: x, on: {fields: [Phne]}, form: phone}", "LG101", 'did you mean "Phone"'),
        ("{id: x, on: {fields: [Phone]}, form: fone}", "LG101", "phone"),
        (
            "{id: x, on: {fields: [Phone]}, form: number}",
            "LG117",
            "number belongs to form number",
        ),
        (
            "{id: x, on: {fields: [Phone]}, form: number, number: nl.bsm}",
            "LG117",
            "called 'nl.bsm'",
        ),
        ("{id: x, on: {fields: [Phone]}, form: pattern, pattern: '['}", "LG117", "no regular expression"),
        ("{id: x, on: {fields: [Phone]}, form: phone, pattern: a}", "LG117", "pattern belongs to form pattern"),
        ("{id: x, on: {fields: [Phone]}, form: email, country: IE}", "LG117", "country belongs to forms phone"),
        ("{id: x, on: {fields: [Phone]}, form: phone, country: XX}", "LG117", "'XX' is no country"),
        ("{id: x, on: {fields: [Phone]}, form: phone, country: {field: Land}}", "LG101", 'no field "Land"'),
        (
            "{id: x, on: {connectors: [hub], objects: [contacts], categories: [user.name]}, form: email}",
            "LG103",
            "x",
        ),
        ("{id: x, form: phone}", "LG117", "on"),
    ],
)
def test_a_demand_that_cannot_be_meant_is_found_where_it_stands(
    bench: Bench, rule: str, code: str, says: str
) -> None:
    """Every one with its place, and with what to write instead."""
    found = [each for each in bench.found(f"validity:\n  - {rule}\n") if each[0] == code and says in each[3]]
    assert [line for _, line, _, _ in found] == [5]


def test_a_type_that_has_no_form_is_refused(bench: Bench) -> None:
    """A flag is no e-mail address, whatever is written in it."""
    from dataclasses import replace

    fields = bench.catalogues["crm"]["Contact"].fields
    fields["Phone"] = replace(fields["Phone"], type="boolean")
    found = bench.found("validity: [{id: x, on: {fields: [Phone]}, form: email}]\n")
    assert [each[3] for each in found if each[0] == "LG117"] == [
        "x demands email of Contact.Phone, which holds a boolean"
    ]


def test_ids_are_unique_among_rules_and_demands(bench: Bench) -> None:
    """The ledger names both."""
    rules = """\
grants: [{id: x, effect: allow, on: {fields: [Phone]}, actions: [read], recipients: [desk]}]
validity: [{id: x, on: {fields: [Phone]}, form: phone}]
"""
    assert "LG107" in [each[0] for each in bench.found(rules)]


def test_a_demand_is_part_of_what_the_digest_stands_for(bench: Bench) -> None:
    """A set that demands less is another set."""
    one = bench.check("validity: [{id: x, on: {fields: [Phone]}, form: phone}]\n").policies
    other = bench.check("validity: [{id: x, on: {fields: [Phone]}, form: phone, country: IE}]\n").policies
    assert one is not None
    assert other is not None
    assert one.digest != other.digest

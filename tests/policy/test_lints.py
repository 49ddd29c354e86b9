"""What a reviewer would ask about a set in which nothing is wrong."""

from collections.abc import Mapping
from typing import Any

import pytest

from proxy.model import Catalogue, FieldSpec, Mask, ObjectSpec
from proxy.policy.lints import unfit


def _codes(bench: Any, rules: str, code: str) -> list[str]:
    return [each[3] for each in bench.found(rules) if each[0] == code]


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("effect: allow", True),
        ("effect: mask, with: last4", True),
        ("effect: redact", False),  # only that there is something
        ('effect: allow, refs: ["GDPR Art. 9(2)(h)"]', False),
        ("effect: allow, mode: audit", False),  # gives nothing
        ("effect: allow, actions: [filter]", False),  # the guard below denies it to everybody
    ],
)
def test_special_categories_need_a_ground(bench: Any, rest: str, told: bool) -> None:
    """LG109: a grant of health data says on which ground of Art. 9(2), or under which condition."""
    actions = "" if "actions" in rest else "actions: [read], "
    rules = f"grants:\n  - {{id: a, {actions}recipients: [desk], on: {{fields: [Health]}}, {rest}}}\n"
    rules += "guards:\n  - {id: g, effect: deny, actions: [filter]}\n"
    message = (
        "grant a gives special categories (Contact.Health) without a condition or a ground of Art. 9(2) among "
        "its refs"
    )
    assert _codes(bench, rules, "LG109") == ([message] if told else [])


def test_fields_without_class_and_fields_in_no_rule_are_told_where_they_are_listed(
    bench: Any, catalogues: Mapping[str, Catalogue]
) -> None:
    """LG112 and LG113 stand in the connector's file, one per object."""
    fields = {
        "Name": FieldSpec("user.name", place="crm.yaml:7:3"),
        "Odd": FieldSpec("unclassified", place="crm.yaml:8:3"),
        "Phone": FieldSpec("user.contact.phone_number", place="crm.yaml:9:3"),
        "Fax": FieldSpec("user.contact.fax_number", place="crm.yaml:10:3"),
    }
    bench.catalogues = {"crm": {"Person": ObjectSpec("Person", fields)}}
    checked = bench.check("guards:\n  - {id: a, effect: deny, actions: [read], on: {fields: [Name]}}\n")
    assert [str(each) for each in checked.problems] == [
        "crm.yaml:8:3: warning LG112: Person.Odd has no category, so no rule can match it",
        "crm.yaml:9:3: warning LG113: Person.Phone is in no rule, so nobody gets it (so are Fax)",
    ]


READ = "{id: r, effect: allow, actions: [read], recipients: [desk], on: {fields: [Phone]}%s}"
FIND = "{id: f, effect: allow, actions: [filter], recipients: [desk], on: {fields: [Phone]}%s}"


@pytest.mark.parametrize(
    ("grants", "guards", "told"),
    [
        ([FIND % ""], [], True),  # nobody may read it
        ([FIND % "", READ % ""], [], False),
        ([FIND % "", READ % ", roles: [agent]"], [], True),  # leads may search and not read
        ([FIND % ", roles: [agent]", READ % ", roles: [agent, lead]"], [], False),
        ([FIND % "", READ % ", purposes: [support]"], [], True),
        ([FIND % "", READ.replace("allow", "mask, with: last4") % ""], [], True),
        ([FIND % "", READ % ""], ["{id: g, effect: redact, actions: [read, list]}"], True),
        ([FIND % "", READ % ""], ["{id: g, effect: redact, actions: [read, list, filter]}"], False),
        ([FIND % "", READ % ""], ["{id: g, effect: redact, actions: [read], recipients: [mailer]}"], False),
        (
            [FIND % ", roles: [lead]", READ % ""],
            ["{id: g, effect: redact, actions: [read], except: {roles: [lead]}}"],
            False,
        ),
    ],
)
def test_a_query_by_a_field_that_may_not_be_read_tells_its_value(
    bench: Any, grants: list[str], guards: list[str], told: bool
) -> None:
    """LG115: a filter answers whether the guess was right."""
    rules = "".join(f"  - {each}\n" for each in grants)
    walls = "guards:\n" + "".join(f"  - {each}\n" for each in guards) if guards else ""
    message = "grant f lets callers filter by Contact.Phone, which not all of them may read"
    assert _codes(bench, f"grants:\n{rules}{walls}", "LG115") == ([message] if told else [])


@pytest.mark.parametrize(
    ("role", "rest", "told"),
    [
        ("{}", "on: {fields: [Phone]}", True),
        ("{needed_for_job: daily, privacy_concern: none}", "on: {fields: [Phone]}", True),
        ("{needed_for_job: a, extracted_or_synced: b, privacy_concern: c}", "on: {fields: [Phone]}", False),
        ("{}", "on: {categories: [system]}", False),  # nothing about a person
        ("{}", "on: {fields: [Phone]}, roles: [agent]", False),  # not this role
        ("{waive: [{code: LG120, because: soon gone, until: 2027-01-31}]}", "on: {fields: [Phone]}", False),
    ],
)
def test_a_role_that_gets_personal_data_answers_three_questions(
    bench: Any, role: str, rest: str, told: bool
) -> None:
    """LG120: is it needed for the job, where does it go, and what is the concern?"""
    bench.write("more.yaml", f"roles:\n  temp: {role}\n", kind="Vocabulary")
    found = _codes(
        bench, f"grants:\n  - {{id: a, effect: allow, actions: [read], recipients: [desk], {rest}}}\n", "LG120"
    )
    assert bool(found) is told
    if told:
        assert found[0].startswith("role temp gets personal data (Contact.Phone by a): answer ")
        assert "extracted_or_synced" in found[0]


@pytest.mark.parametrize(
    ("mask", "spec", "reason"),
    [
        (Mask("m", "keep_last", (("n", 4),)), FieldSpec("a"), ""),  # the connector does not say
        (
            Mask("m", "keep_last", (("n", 4),)),
            FieldSpec("a", length=6),
            "it holds 6 characters, and the mask makes 7",
        ),
        (Mask("m", "keep_last", (("n", 4),)), FieldSpec("a", length=7), ""),
        (
            Mask("m", "constant"),
            FieldSpec("a", type="number"),
            "it holds a number, and the mask makes text of it",
        ),
        (Mask("m", "year_only"), FieldSpec("a", type="date"), "it holds a date, and the mask makes text of it"),
        (Mask("m", "null"), FieldSpec("a", type="number", length=1), ""),
        (Mask("m", "fixed", (("value", 0),)), FieldSpec("a", type="number"), ""),
        (
            Mask("m", "fixed", (("value", "none"),)),
            FieldSpec("a", length=2),
            "it holds 2 characters, and the mask makes 4",
        ),
    ],
)
def test_a_mask_must_fit_its_field(mask: Mask, spec: FieldSpec, reason: str) -> None:
    """LG122: a client that expects a number or a short text must not stumble over a mask."""
    assert unfit(mask, spec) == reason


def test_a_mask_that_does_not_fit_is_told_once(bench: Any) -> None:
    """At the rule that puts it there, with the first field it does not fit."""
    fields = {name: FieldSpec("user.name", length=2) for name in ("A", "B")}
    bench.catalogues = {"crm": {"Person": ObjectSpec("Person", fields)}}
    rules = "guards:\n  - {id: a, effect: mask, with: last4, actions: [read]}\n"
    assert _codes(bench, rules, "LG122") == [
        "mask last4 does not fit Person.A: it holds 2 characters, and the mask makes 7"
    ]

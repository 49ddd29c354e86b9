"""Fields and the rules about them."""

from collections.abc import Mapping
from typing import Any

import pytest

from proxy.model import Catalogue, FieldSpec, Mask, ObjectSpec
from proxy.policy.fields import unfit


def _codes(bench: Any, rules: str, code: str) -> list[str]:
    return [each[3] for each in bench.found(rules) if each[0] == code]


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
    """LG125: a client that expects a number or a short text must not stumble over a mask."""
    assert unfit(mask, spec) == reason


def test_a_mask_that_does_not_fit_is_told_once(bench: Any) -> None:
    """At the rule that puts it there, with the first field it does not fit."""
    fields = {name: FieldSpec("user.name", length=2) for name in ("A", "B")}
    bench.catalogues = {"crm": {"Person": ObjectSpec("Person", fields)}}
    rules = "guards:\n  - {id: a, effect: mask, with: last4, actions: [read]}\n"
    assert _codes(bench, rules, "LG125") == [
        "mask last4 does not fit Person.A: it holds 2 characters, and the mask makes 7"
    ]

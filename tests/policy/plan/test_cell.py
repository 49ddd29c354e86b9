"""One cell under two policies."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from proxy.model import AttributeSpec, Catalogue, Effect, FieldSpec, Mask, ObjectSpec, Outcome
from proxy.policy.plan import Comparison, Verdict, compare, sides
from proxy.policy.plan.cell import Seen, Shape

TODAY = date(2026, 11, 23)
MANY = 13
PHONE = FieldSpec("user.contact.phone_number", semantic="phone")


@pytest.fixture
def catalogues() -> Mapping[str, Catalogue]:
    """An object with more attributes than can be tried in every case."""
    attributes = {f"a{n}": AttributeSpec(f"A{n}", "bool") for n in range(MANY)}
    return {"crm": {"Contact": ObjectSpec("Contact", {"Phone": PHONE}, attributes=attributes)}}


def _compared(bench: Any, old: str, new: str) -> Comparison:
    grant = "grants:\n  - {id: one, effect: %s, recipients: [desk], on: {fields: [Phone]}, actions: [read]}\n"
    before, after = (bench.check(grant % rest).policies for rest in (old, new))
    return compare(*sides(before, after), today=TODAY)


def _all(names: range) -> str:
    return " && ".join(f"resource.a{n}" for n in names)


def test_a_difference_that_no_drawn_row_shows_is_listed_all_the_same(bench: Any) -> None:
    """Thirteen conditions cannot be tried in every case: rules that differ are told, and count as loosened."""
    every = _all(range(MANY))
    rare = f"({every}) || ({_all(range(1, MANY))} && !resource.a0 && resource.a1)"
    found = _compared(bench, f"allow, when: '{every}'", f"allow, when: '{rare}'")
    assert [(change.verdict, change.exact) for change in found.changes] != []
    assert not any(change.exact for change in found.changes)
    assert found.opens
    assert found.inexact == sum(change.cells for change in found.changes)


def test_rules_that_are_the_same_need_not_be_tried(bench: Any) -> None:
    """However many conditions they have."""
    every = f"allow, when: '{_all(range(MANY))}'"
    found = _compared(bench, every, every)
    assert (found.changes, found.inexact, found.opens) == ((), 0, False)


def test_twelve_conditions_are_exact(bench: Any) -> None:
    """Every one of half a million cases, in a moment."""
    found = _compared(bench, f"allow, when: '{_all(range(12))}'", f"allow, when: '{_all(range(11))}'")
    assert {(change.verdict, change.exact) for change in found.changes} == {(Verdict.LOOSENED, True)}
    assert {change.examples[0].facts["resource.a11"] for change in found.changes} == {"false"}


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("mask, with: last4", "mask, with: first2", Verdict.MIXED),  # equally strong, and something else
        ("mask, with: last4", "mask, with: year", Verdict.MIXED),  # stronger, but its author said so
        (
            "mask, with: firm",
            "mask, with: last4",
            Verdict.MIXED,
        ),  # of short values four are hidden and two shown
        ("mask, with: last4", "mask, with: firm", Verdict.MIXED),
        ("mask, with: last4", "redact", Verdict.TIGHTENED),
        ("redact", "allow", Verdict.LOOSENED),
        ("allow, when: resource.a0", "allow, when: resource.a1", Verdict.MIXED),
        ("allow, when: resource.a0", "redact", Verdict.MIXED),  # some see less, some now see that there is one
    ],
)
def test_the_scale_says_which_way_a_change_goes(bench: Any, old: str, new: str, verdict: Verdict) -> None:
    """By effect; what strength a mask is given says nothing of what it shows."""
    assert {change.verdict for change in _compared(bench, old, new).changes} == {verdict}


def test_a_mask_that_goes_by_the_type_changes_with_the_type(bench: Any) -> None:
    """What the connector says of a field is part of what is shown of it."""
    rule = "{id: one, effect: mask, with: last4, recipients: [desk], actions: [read]}"
    old = bench.check(f"grants:\n  - {rule}\n").policies
    contact = bench.catalogues["crm"]["Contact"]
    bench.catalogues = {"crm": {"Contact": replace(contact, fields={"Phone": replace(PHONE, semantic="text")})}}
    found = compare(*sides(old, bench.check().policies), today=TODAY)
    assert {(change.fields, change.verdict) for change in found.changes} == {(("Phone",), Verdict.MIXED)}


def test_names_make_no_difference() -> None:
    """A mask or rule that is only called something else shows the same."""
    last = Mask("last", "keep_last", (("n", 4),))
    one = Seen(Outcome(Effect.MASK, last, "a"), (1, 50), Shape("phone"))
    assert one.same(Seen(Outcome(Effect.MASK, replace(last, name="end"), "b"), (1, 70), Shape("phone")))
    assert not one.same(
        Seen(Outcome(Effect.MASK, replace(last, params=(("n", 2),)), "a"), (1, 50), Shape("phone"))
    )
    assert not one.same(Seen(Outcome(Effect.MASK, last, "a"), (1, 50), Shape("text")))


@pytest.mark.parametrize(
    ("effect", "verdicts"),
    [("allow", {Verdict.MIXED}), ("mask, with: last4", {Verdict.MIXED}), ("redact", set())],
)
def test_a_field_whose_lists_and_objects_are_shown_is_another(
    bench: Any, effect: str, verdicts: set[Verdict]
) -> None:
    """A tag of the connector decides whether a whole object comes out where a text would."""
    rule = f"grants:\n  - {{id: one, effect: {effect}, on: {{fields: [Phone]}}, actions: [read]}}\n"
    old = bench.check(rule).policies
    contact = bench.catalogues["crm"]["Contact"]
    whole = replace(PHONE, tags=frozenset({"structured"}))
    bench.catalogues = {"crm": {"Contact": replace(contact, fields={"Phone": whole})}}
    found = compare(*sides(old, bench.check().policies), today=TODAY)
    assert {change.verdict for change in found.changes} == verdicts

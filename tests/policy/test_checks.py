"""What is wrong between rules that are each right."""

from typing import Any

import pytest

MASKED = (
    "grants:\n"
    "  - {id: a, effect: mask, with: last4, actions: [read], recipients: [desk], on: {fields: [Phone]}}\n"
)


def _second(effect: str, mask: str, rest: str) -> str:
    return f"guards:\n  - {{id: b, effect: {effect}, with: {mask}, {rest}}}\n"


@pytest.mark.parametrize(
    ("mask", "rest", "meet"),
    [
        ("first2", "actions: [read], on: {fields: [Phone]}", True),
        ("first2", "actions: ['*']", True),  # everything includes Phone
        (
            "first2",
            "actions: [read], roles: [lead], on: {fields: [Phone]}",
            True,
        ),  # a caller may have both roles
        ("first2", "actions: [list], on: {fields: [Phone]}", False),  # never in one decision
        ("first2", "actions: [read], recipients: [mailer], on: {fields: [Phone]}", False),
        ("first2", "actions: [read], on: {fields: [Name]}", False),
        ("first2", "actions: [read], mode: audit, on: {fields: [Phone]}", False),  # observed, not applied
        ("last4", "actions: [read], on: {fields: [Phone]}", False),  # the same mask
        ("year", "actions: [read], on: {fields: [Phone]}", False),  # stronger
        ("firm", "actions: [read], on: {fields: [Phone]}", False),  # given a strength of its own
    ],
)
def test_different_masks_of_equal_strength_must_not_meet(bench: Any, mask: str, rest: str, meet: bool) -> None:
    """LG104 names both places when two masks could fall on one field in one decision."""
    checked = bench.check(MASKED + _second("mask", mask, rest))
    found = [(each.code, each.severity, each.line, each.also.rpartition("/")[2]) for each in checked.problems]
    assert found == ([("LG104", "error", 7, "policy.yaml:5:33")] if meet else [])
    assert (checked.policies is None) is meet


def test_purposes_keep_masks_apart(bench: Any) -> None:
    """Two masks for two purposes never meet, unless one purpose stands above the other."""

    def found(one: str, other: str) -> list[str]:
        rule = "{{id: {0}, effect: mask, with: {1}, actions: [read], recipients: [desk], purposes: [{2}]}}"
        text = f"grants:\n  - {rule.format('a', 'last4', one)}\n  - {rule.format('b', 'first2', other)}\n"
        return [each[0] for each in bench.found(text) if each[0] != "LG109"]

    assert found("support", "marketing") == []
    assert found("marketing", "marketing.newsletter") == ["LG104"]


@pytest.mark.parametrize(
    ("guard", "shut"),
    [
        ("actions: ['*'], on: {fields: [Phone, Name]}", True),
        ("actions: ['*']", True),
        ("actions: [read], purposes: [support]", True),
        ("actions: [list]", False),  # another action
        ("actions: [read], on: {fields: [Phone]}", False),  # Name stays open
        ("actions: [read], roles: [lead]", False),  # agents still get in
        ("actions: [read], except: {roles: [lead]}", False),  # and so do leads
        ("actions: [read], recipients: [mailer]", False),
        ("actions: [read], mode: audit", False),
        ("actions: [read], valid: {until: 2030-01-01}", False),  # not forever
    ],
)
def test_a_grant_that_a_guard_denies_entirely_is_reported(bench: Any, guard: str, shut: bool) -> None:
    """LG102: nobody can ever get in through this door."""
    callers = "purposes: [support], recipients: [desk]"
    grant = f"{{id: a, effect: allow, actions: [read], {callers}, on: {{fields: [Phone, Name]}}}}"
    found = bench.found(f"grants:\n  - {grant}\nguards:\n  - {{id: b, effect: deny, {guard}}}\n")
    assert [(each[0], each[1]) for each in found] == ([("LG102", 5)] if shut else [])


def test_two_guards_together_can_shut_a_grant(bench: Any) -> None:
    """The cells of all guards count, not of one alone."""
    rules = (
        "grants:\n  - {id: a, effect: allow, actions: [read], recipients: [desk], on: {fields: [Phone, Name]}}\n"
        "guards:\n  - {id: b, effect: deny, actions: [read], on: {fields: [Phone]}}\n"
        "  - {id: c, effect: deny, actions: [read], on: {fields: [Name]}}\n"
    )
    assert [each[0] for each in bench.found(rules)] == ["LG102"]


def test_a_grant_on_no_listed_field_is_reported(bench: Any) -> None:
    """LG102: a category that no connector uses opens nothing."""
    rule = "{id: a, effect: allow, actions: [read], recipients: [desk], on: {categories: [user.biometric]}}"
    assert [(each[0], each[3]) for each in bench.found(f"grants:\n  - {rule}\n")] == [
        ("LG102", "grant a opens nothing: no listed field matches its on")
    ]


@pytest.mark.parametrize(
    ("rest", "clients", "reaches"),
    [
        ("roles: [agent]", "", True),
        ("recipients: [desk]", "", False),
        ("except: {recipients: [mailer]}", "", False),
        ("roles: [agent]", "{recipient: mailer, roles: [lead], purposes: [support]}", False),  # it has no agent
        ("roles: [lead]", "{recipient: mailer, roles: [lead], purposes: [support]}", True),
        ("purposes: [marketing]", "{recipient: mailer, roles: [lead], purposes: [support]}", False),
    ],
)
def test_a_grant_that_reaches_other_organisations_is_reported(
    bench: Any, rest: str, clients: str, reaches: bool
) -> None:
    """LG114: leaving recipients out opens the door to everyone whose client can fit."""
    if clients:
        bench.write("clients.yaml", f"clients:\n  c: {clients}\n", kind="Vocabulary")
    found = bench.found(f"grants:\n  - {{id: a, effect: allow, actions: [read], {rest}}}\n")
    assert [each[0] for each in found if each[0] != "LG109"] == (["LG114"] if reaches else [])


def test_thousands_of_alike_rules_are_checked_without_comparing_each_pair(bench: Any) -> None:
    """Rules that put the same mask on the same reach are compared once."""
    rule = "{{id: r{0}, effect: mask, with: {1}, actions: [read], recipients: [desk], on: {{fields: [{2}]}}}}"
    rules = [rule.format(n, "last4" if n % 2 else "first2", "Phone" if n % 2 else "Name") for n in range(2000)]
    assert bench.found("grants:\n" + "".join(f"  - {each}\n" for each in rules)) == []


@pytest.mark.parametrize(
    ("one", "other", "needless"),
    [
        ("effect: redact, actions: [read]", "effect: deny, actions: ['*']", "a"),
        ("effect: deny, actions: [read]", "effect: deny, actions: [read]", "b"),  # of two equals one stays
        ("effect: deny, actions: [read]", "effect: deny, actions: [read, list]", "a"),
        (
            "effect: deny, actions: [read], roles: [lead]",
            "effect: deny, actions: [read], roles: [lead, agent]",
            "a",
        ),
        ("effect: deny, actions: [read], on: {fields: [Name]}", "effect: deny, actions: [read]", "a"),
        ("effect: deny, actions: [read]", "effect: redact, actions: ['*']", ""),  # the other is milder
        ("effect: redact, actions: [read]", "effect: deny, actions: [list]", ""),
        ("effect: redact, actions: [read]", "effect: deny, actions: [read], on: {fields: [Name]}", ""),
        ("effect: redact, actions: [read]", "effect: deny, actions: [read], except: {roles: [lead]}", ""),
        ("effect: redact, actions: [read]", "effect: deny, actions: [read], mode: audit", ""),
        ("effect: redact, actions: [read]", "effect: deny, actions: [read], valid: {until: 2028-01-01}", ""),
    ],
)
def test_a_guard_that_another_makes_needless_is_reported(
    bench: Any, one: str, other: str, needless: str
) -> None:
    """LG103: a reviewer should not have to wonder what it is for."""
    found = bench.found(f"guards:\n  - {{id: a, {one}}}\n  - {{id: b, {other}}}\n")
    assert [(each[0], each[3].split()[1]) for each in found] == ([("LG103", needless)] if needless else [])


def test_thousands_of_alike_guards_are_checked_without_comparing_each_pair(bench: Any) -> None:
    """Guards are looked for on the cells they stand on."""
    rule = "{{id: r{0}, effect: redact, actions: [read], purposes: [support], on: {{fields: [{1}]}}}}"
    rules = [rule.format(n, "Phone" if n % 2 else "Name") for n in range(600)]
    found = bench.found("guards:\n" + "".join(f"  - {each}\n" for each in rules))
    assert {each[0] for each in found} == {"LG103"}
    assert len(found) == 598

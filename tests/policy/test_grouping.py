"""Demands on the size of groups, as a policy says them, and grants that none of them meets."""

import pytest

from tests.policy.conftest import Bench

RULES = """\
minimum_groups:
  - {id: five, on: {categories: [user]}, minimum: 5}
  - {id: ten, on: {objects: [Contact], categories: [user]}, minimum: 10, except: {roles: [agent]}}
"""
GRANT = (
    "{id: f, effect: allow, actions: [aggregate], recipients: [desk], on: {objects: [Contact], fields: [Name]}}"
)


def _minimum(bench: Bench, rules: str, role: str, name: str = "Contact") -> tuple[str, int] | None:
    policies = bench.check(rules).policies
    assert policies is not None
    asking = {"roles": frozenset({role}), "purpose": "support", "recipient": "desk"}
    found = policies.minimum_group("crm", name, **asking)
    return None if found is None else (found.id, found.minimum)


def test_the_largest_that_holds_for_the_caller_counts(bench: Bench) -> None:
    """Whom one leaves out, another may still hold."""
    assert _minimum(bench, RULES, "lead") == ("ten", 10)
    assert _minimum(bench, RULES, "agent") == ("five", 5)
    assert _minimum(bench, RULES, "lead", "Nothing") is None
    assert _minimum(bench, f"grants: [{GRANT}]\n", "lead") is None


@pytest.mark.parametrize(
    ("rule", "code", "says"),
    [
        ("{id: x, on: {categories: [usr]}, minimum: 5}", "LG101", 'did you mean "user"'),
        ("{id: x, on: {categories: [user]}, minimum: 1}", "LG117", "greater than or equal to 2"),
        ("{id: x, on: {categories: [user]}}", "LG117", "minimum"),
        ("{id: x, on: {categories: [user]}, minimum: 5, except: {roles: [agnt]}}", "LG101", "agent"),
        ("{id: x, on: {categories: [user.genetic]}, minimum: 5}", "LG103", "demands nothing"),
    ],
)
def test_what_is_wrong_is_told(bench: Bench, rule: str, code: str, says: str) -> None:
    """With a place, and what to write."""
    problems = bench.check(f"minimum_groups: [{rule}]\n").problems
    found = [each for each in problems if each.code == code]
    assert found
    assert any(says in str(each) for each in found), problems


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", True),
        ("minimum_groups: [{id: x, on: {categories: [user]}, minimum: 5}]", False),
        ("guards: [{id: x, effect: deny, actions: [aggregate], on: {objects: [Contact]}}]", False),
        ("guards: [{id: x, effect: deny, actions: [group], on: {objects: [Contact]}}]", True),
    ],
)
def test_a_grant_that_no_demand_meets_is_told(bench: Bench, more: str, told: bool) -> None:
    """LG136, at its actions: what a group of one tells."""
    found = [each for each in bench.check(f"grants: [{GRANT}]\n{more}\n").problems if each.code == "LG136"]
    assert len(found) == told
    assert all("compute from Contact.Name" in each.message for each in found)

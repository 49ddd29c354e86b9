"""What a reviewer would ask about a set in which nothing is wrong."""

from typing import Any

import pytest


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

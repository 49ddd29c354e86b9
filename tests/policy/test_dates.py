"""What has ended, or soon will."""

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        ("valid: {until: 2026-11-22}", [("warning", "guard a ended on 2026-11-22")]),
        ("valid: {until: 2026-12-23}", [("warning", "guard a ends after 2026-12-23; it does nothing then")]),
        ("valid: {until: 2026-12-24}", []),  # a month is time enough to notice next time
        (
            "exceptions: [{owner: kim, because: tests, until: 2026-11-22, roles: [lead]}]",
            [("error", "this exception to a (owner kim) ended on 2026-11-22")],
        ),
        (
            "exceptions: [{owner: kim, because: tests, until: 2026-11-23, roles: [lead]}]",
            [("warning", "this exception to a (owner kim) ends after 2026-11-23; the rule holds again then")],
        ),
        ("exceptions: [{owner: kim, because: tests, until: 2027-11-23, roles: [lead]}]", []),
    ],
)
def test_what_ends_is_told_before_and_after(bench: Any, rest: str, found: list[tuple[str, str]]) -> None:
    """LG111: an exception that has ended is an error, everything else a warning."""
    checked = bench.check(f"guards:\n  - {{id: a, effect: deny, actions: [read], {rest}}}\n")
    assert [(each.severity, each.message) for each in checked.problems if each.code == "LG111"] == found
    assert (checked.policies is None) is any(severity == "error" for severity, _ in found)


def test_an_agreement_that_ends_is_told(bench: Any) -> None:
    """A recipient whose agreement is about to end is about to get nothing."""
    bench.write("r.yaml", "recipients:\n  r: {kind: third_party, dpa_expires: 2026-11-30}\n", kind="Vocabulary")
    assert [(each[0], each[1], each[3]) for each in bench.found()] == [
        ("LG111", 5, "the agreement with r ends after 2026-11-30; everything is denied to it then")
    ]


def test_a_review_that_was_due_is_told(bench: Any) -> None:
    """Whoever owns a document said by when they would look at it again."""
    head = "apiVersion: lychgate.dev/v1\nkind: Policy\nmetadata: {name: old, review_by: 2026-11-22}\n"
    bench.write("policy.yaml", head)
    assert [(each[0], each[1], each[3]) for each in bench.found()] == [("LG111", 3, "the review of old was due")]

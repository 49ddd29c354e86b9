"""Warnings that somebody answers for."""

from typing import Any

import pytest

WAIVE = "waive: [{code: %s, because: we know, until: %s}]"


def _grant(rest: str) -> str:
    return f"grants:\n  - {{id: a, effect: allow, actions: [read], on: {{fields: [Name]}}, {rest}}}\n"


def test_a_waiver_silences_its_warning_until_its_last_day(bench: Any) -> None:
    """The day after, the warning is back, and so is the waiver's end."""
    rules = _grant(WAIVE % ("LG114", "2026-11-23"))
    assert bench.found(rules) == []
    bench.now += 86_400
    assert [each[0] for each in bench.found(rules)] == ["LG114", "LG111"]


def test_a_document_s_waiver_holds_for_all_of_it_and_for_nothing_else(bench: Any) -> None:
    """Another document's warning of the same code stays."""
    rules = _grant("roles: [agent]") + WAIVE % ("LG114", "2027-11-23")
    assert bench.found(rules) == []
    bench.write("more.yaml", _grant("roles: [lead]").replace("id: a", "id: b"), kind="Policy")
    assert [each[0] for each in bench.found(rules)] == ["LG114"]


def test_a_waiver_that_silences_nothing_is_reported(bench: Any) -> None:
    """LG119: it would silence something unread later; and an error it cannot silence."""
    rules = _grant("recipients: [desk], " + WAIVE % ("LG114", "2027-11-23"))
    assert [(each[0], each[3]) for each in bench.found(rules)] == [
        ("LG119", "there is no warning LG114 here to waive; remove the waiver")
    ]
    broken = _grant("with: last4, " + WAIVE % ("LG117", "2027-11-23"))
    assert [each[0] for each in bench.found(broken)] == ["LG117"]


@pytest.mark.parametrize(
    "waive",
    [
        "{code: LG114, until: 2027-11-23}",  # no reason
        "{code: LG114, because: we know}",  # no end
        "{code: all, because: we know, until: 2027-11-23}",
    ],
)
def test_a_waiver_needs_a_code_a_reason_and_an_end(bench: Any, waive: str) -> None:
    """Whoever waives says what, why and until when."""
    assert [each[0] for each in bench.found(_grant(f"waive: [{waive}]"))] == ["LG117"]

"""How much of a set its tests look at."""

from typing import Any

from proxy.policy.testing import Share, coverage


def _covered(trial: Any, tests: str) -> Any:
    checked = trial.check(tests)
    return coverage(checked.policies, trial.run(tests).touched)


def test_a_rule_counts_once_it_matches_what_a_test_looks_at(trial: Any, ask: Any) -> None:
    """A rule about another field, action or caller does not; a guard that decides nothing does, and is named."""
    found = _covered(trial, ask(expect="{Name: allow, Notes: absent}"))
    assert [rule.id for rule in found.unmatched] == ["news", "phones", "restricted"]
    assert str(found.rules) == "40.0 % (2 of 5)"
    assert [rule.id for rule in found.never_decided] == ["notes"]


def test_both_answers_to_each_question_are_wanted(trial: Any, ask: Any) -> None:
    """Of conditions, and of the consent that a purpose rests on."""
    found = _covered(trial, ask(expect="{Name: allow}"))
    assert found.missing == (
        ("news", 'consent("news")', False),
        ("news", 'consent("news")', True),
        ("restricted", "resource.restricted", True),
    )
    both = ask(expect="{Name: allow}") + ask(name="u", record="hidden", expect="{Name: absent}")
    assert ("restricted", "resource.restricted", True) not in _covered(trial, both).missing


def test_cells_are_those_that_grants_open_for_registered_clients(trial: Any, ask: Any) -> None:
    """The one client is an agent: Id and Name to read, list and filter, and Phone to read."""
    found = _covered(trial, ask(expect="{Name: allow, Phone: mask, Notes: absent}"))
    assert (found.cells.touched, found.cells.of) == (2, 7)


def test_all_is_said_of_all_only() -> None:
    """Shares are rounded down, and everything of nothing is all."""
    assert str(Share(999_999, 1_000_000)) == "99.9 % (999,999 of 1,000,000)"
    assert Share(0, 0).percent == 100

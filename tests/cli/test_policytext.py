"""What `lychgate policy` prints, line by line."""

import click
import pytest

from proxy.cli.policytext import (
    counted,
    explanation_lines,
    outcome_text,
    place_text,
    problem_data,
    problem_lines,
    summary,
    wants_color,
)
from proxy.errors import Problem
from proxy.model import DENIED, Action, Effect, Mask, Outcome
from proxy.policy import Checked
from proxy.policy.explain import Considered, Explanation, Question
from proxy.policy.rules import Rule

YEAR = Mask("year", "year_only")
RULE = Rule("veil", "guard", Effect.MASK, frozenset({Action.READ}), YEAR, 60, place="p.yaml:7:5")
QUESTION = Question("crm", "Contact", "Born", Action.READ, frozenset({"b", "a"}), "support", "desk")


@pytest.mark.parametrize(("number", "text"), [(0, "0 errors"), (1, "1 error"), (2592, "2,592 errors")])
def test_numbers_are_grouped_and_agree_with_their_word(number: int, text: str) -> None:
    """One error, two errors."""
    assert counted(number, "error") == text


def test_the_summary_counts_what_was_found_and_what_was_read() -> None:
    """Errors and warnings first, then the size of the set."""
    problems = [Problem("p", 1, 1, "LG101", "x"), Problem("p", 2, 1, "LG102", "y", severity="warning")]
    checked = Checked(None, tuple(problems), 6, 12, 12, 2592)
    assert summary(checked, problems, 41.2) == (
        "1 error, 1 warning in 6 files (12 rules, 12 fields, 2,592 cells) in 41 ms"
    )


def test_a_problem_about_a_whole_file_has_no_line() -> None:
    """No made-up place, and the other place involved stands below."""
    assert list(problem_lines([Problem("p.yaml", 0, 0, "LG100", "is a link", "q.yaml:1:1")])) == [
        "p.yaml  LG100 error  is a link",
        "   see also q.yaml:1:1",
        "",
    ]


def test_a_problem_for_machines_has_all_its_parts() -> None:
    """Every attribute of a problem is in the JSON."""
    assert problem_data(Problem("p", 1, 2, "LG101", "m")) == {
        "file": "p",
        "line": 1,
        "column": 2,
        "code": "LG101",
        "message": "m",
        "also": "",
        "severity": "error",
    }


def test_an_outcome_names_its_mask() -> None:
    """As the author wrote it, not as it is carried out."""
    assert [outcome_text(each) for each in (DENIED, Outcome(Effect.MASK, YEAR, "veil"))] == [
        "deny",
        "mask(year)",
    ]
    assert place_text(RULE) == "p.yaml:7"


def test_an_explanation_shows_the_verdict_and_each_rule() -> None:
    """The field, who asked, the outcome with its rule, and why each other rule did not apply."""
    other = Rule("wall", "guard", Effect.DENY, frozenset(), place="p.yaml:9:5")
    considered = (Considered(RULE, True, "applies"), Considered(other, False, "only for roles c"))
    found = Explanation(Outcome(Effect.MASK, YEAR, "veil"), "user.born", True, considered)
    assert list(explanation_lines(QUESTION, found, {"veil": RULE})) == [
        "Contact.Born  (user.born)  roles=[a, b] purpose=support recipient=desk action=read",
        "  => mask(year)   decided by guard veil  (p.yaml:7)",
        "  grants: none speaks about this",
        "  guards (most restrictive wins)",
        "    ✓ mask(year)  veil  p.yaml:7",
        "    ✗ deny        wall  p.yaml:9  only for roles c",
    ]


def test_an_unlisted_field_is_said_to_be_one() -> None:
    """A person looking for the rule learns that none can match."""
    lines = list(explanation_lines(QUESTION, Explanation(DENIED, "", False, ()), {}))
    assert lines[1:3] == [
        "  => ABSENT   no grant opens it",
        "  the connector does not list this field, so no rule can match it",
    ]


def test_color_marks_the_severity_and_nothing_else() -> None:
    """Taking the colours away leaves the plain line."""
    problem = Problem("p.yaml", 0, 0, "LG101", "x")
    (plain, _), (colored, _) = problem_lines([problem]), problem_lines([problem], color=True)
    assert "\x1b[" in colored
    assert click.unstyle(colored) == plain


@pytest.mark.parametrize(
    ("terminal", "variable", "wanted"),
    [(True, None, True), (True, "1", False), (True, "", True), (False, None, False)],
)
def test_color_is_for_terminals_whose_user_has_not_refused_it(
    monkeypatch: pytest.MonkeyPatch, *, terminal: bool, variable: str | None, wanted: bool
) -> None:
    """NO_COLOR counts when it is not empty (no-color.org)."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if variable is not None:
        monkeypatch.setenv("NO_COLOR", variable)
    assert wants_color() == wanted


def test_what_reviewers_read_can_be_seen() -> None:
    """No text of a policy's author starts a line of its own, wipes one away or turns one around."""
    (line, _) = problem_lines([Problem("p", 0, 0, "LG101", "a\n::stop-commands::x\x1b[2K\u202eb é")])
    assert line == r"p  LG101 error  a\u000a::stop-commands::x\u001b[2K\u202eb é"

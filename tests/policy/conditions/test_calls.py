"""Calls of functions."""

from collections.abc import Callable

import pytest

from proxy.policy.conditions import ERROR, Flaw, Outcome

NO_RE2 = "not a regular expression of RE2 (no look-around, no \\1)"
NO_DURATION = "a duration is written 1h30m or 30d; units are d, h, m, s, ms, us, ns"


@pytest.mark.parametrize(
    ("text", "code", "column", "message"),
    [
        ("purpose.startWith('s')", "LG101", 9, 'unknown function "startWith" (did you mean "startsWith"?)'),
        ("sizes(purpose) == 1", "LG101", 1, 'unknown function "sizes" (did you mean "size"?)'),
        ("dyn(1) == 1", "LG101", 1, 'unknown function "dyn": every value has its type here'),
        ("sets.eea.map(s, s) == []", "LG101", 10, 'unknown function "map": there are exists and all'),
        ("string(1) == ''", "LG101", 1, 'unknown function "string": there are no conversions between types'),
        ("startsWith(purpose, 's')", "LG101", 1, "startsWith is written x.startsWith(...)"),
        ("resource.born.age() > 1", "LG101", 15, "age is written age(...)"),
        ("purpose.startsWith()", "LG122", 9, "startsWith takes 1 argument"),
        ("purpose.size(1) == 1", "LG122", 9, "size takes no arguments"),
        ("matches(purpose) ", "LG122", 1, "matches takes 2 arguments"),
        ("purpose.startsWith(1)", "LG122", 20, "startsWith takes string here, not int"),
        ("size(1) == 1", "LG122", 6, "size takes list or set or string here, not int"),
        ("age(resource.orders) > 18", "LG122", 5, "age takes string or timestamp here, not int"),
        ("timestamp(now) > now", "LG122", 11, "timestamp takes string here, not timestamp"),
        ("purpose.matches(resource.born)", "LG122", 17, "the expression of matches must stand there, in quotes"),
        ("purpose.matches('(')", "LG124", 17, NO_RE2),
        ("purpose.matches(r'(a)\\1')", "LG124", 17, NO_RE2),
        ("purpose.matches('a(?=b)')", "LG124", 17, NO_RE2),
        ("purpose.matches(r'\\pL{100}')", "LG124", 17, NO_RE2),  # within RE2's bounds, not within ours
        (
            "sets.eea.exists(s, sets.eea.exists(t, t.matches('x')))",
            "LG123",
            41,
            "matches stands in one exists or all at most: each multiplies its cost",
        ),
        ("purpose.matches('(a{1000}){1000}')", "LG124", 17, NO_RE2),
        ("now > timestamp('2026-01-31')", "LG124", 17, "a timestamp is written 2026-01-31T09:00:00Z"),
        ("now > timestamp('2026-02-30T00:00:00Z')", "LG124", 17, "there is no such time"),
        ("now > timestamp('0001-01-01T00:00:00+01:00')", "LG124", 17, "there is no such time"),
        ("now - resource.since > duration('1y')", "LG124", 33, NO_DURATION),
        ("now - resource.since > duration('300000d')", "LG124", 33, "there is no such time"),
        ("consent(purpose)", "LG122", 9, 'consent takes a purpose in quotes: consent("newsletter")'),
        ("consent('suport')", "LG101", 9, 'unknown purpose "suport" (did you mean "support"?)'),
    ],
)  # fmt: skip
def test_refused(
    flaws: Callable[[str], tuple[Flaw, ...]], text: str, code: str, column: int, message: str
) -> None:
    """A mistaken call is refused where it stands, with what to write instead."""
    (flaw,) = flaws(text)
    assert (flaw.code, flaw.at.column, flaw.message) == (code, column, message)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("size(purpose) == 7", True),
        ("'héé'.size() == 3", True),  # characters, not bytes
        ("size(resource.scores) == 3", True),
        ("principal.roles.size() == 2", True),
        ("sets.empty.size() == 0", True),
        ("purpose.startsWith('sup')", True),
        ("purpose.endsWith('sup')", False),
        ("purpose.contains('')", True),
        ("purpose.matches('^s.p')", True),
        ("purpose.matches('p+o')", True),  # anywhere in the text
        ("purpose.matches('^p')", False),
        ("matches(purpose, 'ppo')", True),
        ("principal.roles.exists(r, r.matches('^lead$'))", True),
        ("'é'.matches('^.$')", True),
        ("timestamp(resource.born + 'T00:00:00Z') < now", True),
        ("timestamp(resource.born) < now", ERROR),
        ("duration(resource.born) < resource.notice", ERROR),
        ("now - resource.since > duration('326d')", True),
        ("age(resource.born) == 17", True),
        ("age(resource.since) == 0", True),
        ("age(purpose) > 18", ERROR),
        ("days_since(resource.since) == 326", True),
        ("days_since(now) == 0", True),
        ("days_since(purpose) == 0", ERROR),
    ],
)
def test_answers(ask: Callable[..., Outcome], text: str, outcome: Outcome) -> None:
    """Functions do what their names say, and what they cannot do is an error."""
    assert ask(text) is outcome


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (frozenset({"marketing.newsletter"}), True),
        (frozenset({"marketing"}), True),  # who consents to the whole consents to a part
        (frozenset({"marketing.newsletter.weekly", "support"}), False),
        (frozenset({"market"}), False),
        (frozenset(), False),
        (None, ERROR),  # the store has no answer
        (..., ERROR),
        (["marketing"], ERROR),  # from a record, not from the store
        ("marketing", ERROR),
    ],
)
def test_consent(ask: Callable[..., Outcome], given: object, outcome: Outcome) -> None:
    """Consent is to a purpose or to one it belongs to; without an answer from the store it is an error."""
    assert ask('consent("marketing.newsletter")', **{"consent()": given}) is outcome


@pytest.mark.parametrize(("length", "outcome"), [(10_000, True), (10_001, ERROR)])
def test_matches_looks_through_so_much_text(ask: Callable[..., Outcome], length: int, outcome: Outcome) -> None:
    """Whoever writes a record does not choose what a condition costs; longer text is an error, never a no."""
    assert ask("resource.born.matches('a$')", born="a" * length) is outcome


def test_linear_time(ask: Callable[..., Outcome]) -> None:
    """An expression over which others take for ever is answered like any other."""
    assert ask("resource.born.matches('^(a+)+$')", born="a" * 5000 + "b") is False

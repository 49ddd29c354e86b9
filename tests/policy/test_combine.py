"""The algebra of one cell."""

from dataclasses import replace

import pytest

from proxy.model import DENIED, Effect, Mask, Outcome
from proxy.policy.combine import combine, differ, settle
from proxy.policy.rules import Rule

LAST4 = Mask("last4", "keep_last", (("n", 4),))
SAME = Mask("four", "keep_last", (("n", 4),))
FIRST2 = Mask("first2", "keep_first", (("n", 2),))
YEAR = Mask("year", "year_only")


def _grant(id_: str, effect: Effect, mask: Mask | None = None, strength: int = 0) -> Rule:
    return Rule(id_, "grant", effect, frozenset(), mask, strength)


def _guard(id_: str, effect: Effect, mask: Mask | None = None, strength: int = 0) -> Rule:
    return Rule(id_, "guard", effect, frozenset(), mask, strength)


ALLOW, REDACT = _grant("open", Effect.ALLOW), _grant("some", Effect.REDACT)
WALL, VEIL = _guard("wall", Effect.DENY), _guard("veil", Effect.REDACT)


@pytest.mark.parametrize(
    ("grants", "guards", "outcome"),
    [
        ([], [], DENIED),  # where evaluation starts
        ([], [VEIL], DENIED),  # a guard opens nothing, not even a little
        ([ALLOW], [], Outcome(Effect.ALLOW, None, "open")),
        ([REDACT, ALLOW], [], Outcome(Effect.ALLOW, None, "open")),  # the most permissive door
        ([ALLOW], [VEIL, WALL], Outcome(Effect.DENY, None, "wall")),  # the most restrictive wall
        ([REDACT], [_guard("m", Effect.MASK, LAST4, 50)], Outcome(Effect.REDACT, None, "some")),  # max of both
        ([_grant("m", Effect.MASK, LAST4, 50)], [], Outcome(Effect.MASK, LAST4, "m")),
        (
            [_grant("m", Effect.MASK, LAST4, 50), _grant("n", Effect.MASK, YEAR, 60)],
            [],
            Outcome(Effect.MASK, LAST4, "m"),  # of two grants the weaker mask
        ),
        (
            [_grant("m", Effect.MASK, LAST4, 50)],
            [_guard("n", Effect.MASK, YEAR, 60)],
            Outcome(Effect.MASK, YEAR, "n"),  # of grant and guard the stronger
        ),
        (
            [_grant("m", Effect.MASK, LAST4, 50)],
            [_guard("n", Effect.MASK, FIRST2, 50)],
            Outcome(Effect.REDACT, None, "m"),  # last four beside first two would be most of the value
        ),
        (
            [_grant("m", Effect.MASK, LAST4, 50), _grant("n", Effect.MASK, SAME, 50)],
            [],
            Outcome(Effect.MASK, LAST4, "m"),  # the same mask under another name is no clash
        ),
        (
            [ALLOW],
            [
                _guard("a", Effect.MASK, LAST4, 50),
                _guard("b", Effect.MASK, FIRST2, 50),
                _guard("c", Effect.MASK, YEAR, 60),
            ],
            Outcome(Effect.REDACT, None, "c"),  # a third mask does not make two clashing ones agree
        ),
        ([_grant("b", Effect.ALLOW), _grant("a", Effect.ALLOW)], [], Outcome(Effect.ALLOW, None, "a")),
        ([_grant("b", Effect.REDACT)], [VEIL], Outcome(Effect.REDACT, None, "b")),  # equals: first by id
    ],
)
def test_the_outcome_is_the_heavier_of_the_lightest_grant_and_the_heaviest_guard(
    grants: list[Rule], guards: list[Rule], outcome: Outcome
) -> None:
    """max(min(grants), max(guards)), deny without a grant, and the same in any order."""
    assert combine(grants, guards) == outcome
    assert combine(reversed(grants), reversed(guards)) == outcome


def test_masks_differ_only_at_equal_strength_and_with_another_result() -> None:
    """Two names for one mask can be compared, and so can masks of unlike strength."""
    one = _grant("a", Effect.MASK, LAST4, 50)
    assert differ(one, _grant("b", Effect.MASK, FIRST2, 50))
    assert not differ(one, _grant("b", Effect.MASK, SAME, 50))
    assert not differ(one, _grant("b", Effect.MASK, FIRST2, 51))
    assert not differ(one, ALLOW)


def _floor(id_: str, effect: Effect) -> Rule:
    return Rule(id_, "grant", effect, frozenset(), layer="org")


@pytest.mark.parametrize(
    ("grants", "outcome"),
    [
        ([ALLOW], DENIED),  # the floor does not open it
        ([_floor("f", Effect.ALLOW)], DENIED),  # the set does not open it
        ([ALLOW, _floor("f", Effect.REDACT)], Outcome(Effect.REDACT, None, "f")),
        ([REDACT, _floor("f", Effect.ALLOW)], Outcome(Effect.REDACT, None, REDACT.id)),
        (
            [ALLOW, _floor("f", Effect.REDACT), _floor("g", Effect.ALLOW)],
            Outcome(Effect.ALLOW, None, "g"),  # the floor's own most permissive door
        ),
    ],
)
def test_a_floor_s_grants_are_one_more_door_to_pass(grants: list[Rule], outcome: Outcome) -> None:
    """Both the set and its floor have to open a field, and the stricter of the two counts."""
    assert combine(grants, [], ("", "org")) == outcome


def test_what_audited_rules_would_do_is_noted_and_changes_nothing() -> None:
    """`would` names the effect and the rule; it is there only where the outcome would differ."""
    audited = replace(WALL, mode="audit")
    assert settle([ALLOW], [audited]) == Outcome(Effect.ALLOW, None, "open", would="deny by wall")
    assert settle([ALLOW], [WALL, replace(VEIL, mode="audit")]) == Outcome(Effect.DENY, None, "wall")
    assert settle([replace(ALLOW, mode="audit")], []) == Outcome(Effect.DENY, would="allow by open")


def test_a_rule_in_mode_warn_is_reported_where_it_decides() -> None:
    """It holds like any other, and the outcome says that it wants to be heard of."""
    warning = replace(VEIL, mode="warn")
    assert combine([ALLOW], [warning]) == Outcome(Effect.REDACT, None, "veil", warned=True)
    assert combine([ALLOW], [warning, WALL]) == Outcome(Effect.DENY, None, "wall")

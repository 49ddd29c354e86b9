"""One cell under two policies: in which rows does it open, in which does it close?"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from proxy.model import DENIED, Effect, Outcome
from proxy.policy.plan.formula import Formula
from proxy.policy.plan.index import ALWAYS, Index, Ruled
from proxy.policy.plan.space import Space
from proxy.policy.rules import Rule, Weight


class Verdict(StrEnum):
    """What a change comes to for one cell."""

    LOOSENED = "loosened"
    """Somewhere the recipient learns more, and nowhere less."""
    TIGHTENED = "tightened"
    """Somewhere the recipient learns less, and nowhere more."""
    MIXED = "mixed"
    """Both, or one mask in place of another that cannot be compared with it."""

    @property
    def opens(self) -> bool:
        """Tell whether anybody may learn more than before."""
        return self is not Verdict.TIGHTENED


class Shape(NamedTuple):
    """What a connector says of a field's values."""

    semantic: str = ""
    """Their type, which masks may go by."""
    structured: bool = False
    """Whether a list or an object is shown as one; otherwise it is never shown."""


class Seen(NamedTuple):
    """One outcome of a cell, where it stands on the scale, and what is said of the values that are shown."""

    outcome: Outcome
    weight: Weight
    shape: Shape

    def same(self, other: "Seen") -> bool:
        """Tell whether a recipient could see no difference; names of masks and rules make none."""
        one, two = self.outcome, other.outcome
        if one.effect is not two.effect:
            return False
        if one.mask is None or two.mask is None:
            return one.mask is two.mask and self.shape == other.shape
        return (one.mask.kind, one.mask.params, self.shape) == (two.mask.kind, two.mask.params, other.shape)

    def opens(self, before: "Seen") -> bool:
        """Tell whether a recipient may learn more of this than of `before`, if the two are not the same.

        Of two masks neither is certain to hide more. The strength a vocabulary gives them says which wins where
        they meet, and its author could give any; the last 8 characters are more than the last 2 of a long
        value, and of a short one nothing, since masks never show half.
        """
        return self.outcome.effect <= before.outcome.effect


PLAIN: Final = Shape()
Shapes = tuple[Shape, Shape]
"""Of one field on either side."""
Cell = tuple[Index, Sequence[Ruled]]
"""One cell on one side: the set, and the rules about the cell."""
Table = Sequence[tuple[Seen, int]]
"""Every outcome of a cell with the rows it comes out in; the rows are all, and none stands twice."""


class Difference(NamedTuple):
    """How one cell under one policy differs from itself under another."""

    verdict: Verdict
    space: Space
    was: Table
    now: Table
    loosened: int
    """Rows in which the recipient learns more, or something that cannot be compared."""
    tightened: int
    """Rows in which the recipient learns less, or something that cannot be compared."""


class Spaces:
    """Spaces already made, by their formulas."""

    def __init__(self) -> None:
        self._made: dict[tuple[Formula, ...], Space] = {}

    def of(self, formulas: Iterable[Formula]) -> Space:
        """Return the space of some formulas."""
        key = tuple(dict.fromkeys(formulas))
        if key not in self._made:
            self._made[key] = Space(key)
        return self._made[key]


def table(index: Index, rules: Sequence[Ruled], space: Space, shape: Shape = PLAIN) -> Table:
    """Return what the rules about a cell come to, row by row."""
    if not rules:
        return [(_seen(DENIED, (), PLAIN), space.all)]
    always, sometimes = _split(rules)
    patterns: dict[tuple[int, ...], int] = {(): space.all}
    for at, (condition, alike) in enumerate(sometimes):
        true, error = space.where(condition)
        # What cannot be evaluated closes: such a grant does not match, such a guard does.
        here = true | error if alike[0].kind == "guard" else true
        patterns = {
            (*pattern, at) if matches else pattern: found
            for pattern, rows in patterns.items()
            for matches, part in ((True, here), (False, space.all & ~here))
            if (found := rows & part)
        }
    merged: dict[Seen, int] = {}
    for pattern, rows in patterns.items():
        matching = [*always, *(rule for at in pattern for rule in sometimes[at][1])]
        seen = _seen(index.outcome(matching), matching, shape)
        merged[seen] = merged.get(seen, 0) | rows
    return sorted(merged.items(), key=lambda item: (item[0].weight, item[0].outcome.rule))


def difference(old: Cell, new: Cell, spaces: Spaces, shapes: Shapes = (PLAIN, PLAIN)) -> Difference | None:
    """Return how a cell differs, given the rules about it on either side; None if it does not.

    Where the space is a sample, None means that no drawn row differs.

    Args:
        old: the set before, and its rules about the cell.
        new: the set after, and its rules about the cell.
        spaces: those already made.
        shapes: what connectors say of the field's values on either side, where that differs.
    """
    space = spaces.of(_conditions(old[1], new[1]))
    before, after = table(*old, space, shapes[0]), table(*new, space, shapes[1])
    loosened = tightened = 0
    for one, rows in before:
        for other, others in after:
            both = rows & others
            if both and not one.same(other):
                loosened |= both if other.opens(one) else 0
                tightened |= both if one.opens(other) else 0
    if not loosened and not tightened:
        return None
    verdict = Verdict.TIGHTENED if not loosened else Verdict.MIXED if tightened else Verdict.LOOSENED
    return Difference(verdict, space, before, after, loosened, tightened)


def undecided(old: Cell, new: Cell, spaces: Spaces) -> bool:
    """Tell whether a cell without a difference may have one: its rules differ, and rows were only drawn."""
    return not spaces.of(_conditions(old[1], new[1])).exact and _signature(old[1]) != _signature(new[1])


def _conditions(*sides: Sequence[Ruled]) -> Iterator[Formula]:
    return (each.condition for rules in sides for each in rules if each.condition is not ALWAYS)


def _signature(rules: Iterable[Ruled]) -> frozenset[object]:
    return frozenset((rule.kind, rule.weight, rule.mask, rule.layer, condition) for rule, condition in rules)


def _split(rules: Iterable[Ruled]) -> tuple[list[Rule], list[tuple[Formula, list[Rule]]]]:
    """Return the rules that always match, and the others by condition and kind."""
    always: list[Rule] = []
    sometimes: dict[tuple[Formula, str], list[Rule]] = {}
    for rule, condition in rules:
        if condition is ALWAYS:
            always.append(rule)
        else:
            sometimes.setdefault((condition, rule.kind), []).append(rule)
    return always, [(condition, alike) for (condition, _), alike in sometimes.items()]


def _seen(outcome: Outcome, matching: Iterable[Rule], shape: Shape) -> Seen:
    if outcome.mask is None:
        structured = shape.structured and outcome.effect is Effect.ALLOW
        return Seen(outcome, (int(outcome.effect), 0), Shape(structured=structured))
    strength = next(rule.strength for rule in matching if rule.id == outcome.rule)
    return Seen(outcome, (int(outcome.effect), strength), shape)

"""Conditions, and parts of them, that say the same of every record and every caller."""

from datetime import UTC, datetime
from itertools import product
from typing import Final

from proxy.policy.conditions.atoms import ERROR, Outcome, Shape, question
from proxy.policy.conditions.flaws import CONSTANT, Flaw
from proxy.policy.conditions.running import runner
from proxy.policy.conditions.terms import Term, within
from proxy.policy.conditions.writing import canonical

MAX_ATOMS: Final = 10
"""Atoms up to which every combination is tried."""
_WORDS: Final = {True: "always true", False: "always false", ERROR: "always an error"}
_DEPENDING: Final = frozenset({"attribute", "context", "now", "has", "consent"})
_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


def constant_parts(term: Term, found: Shape) -> tuple[Flaw, ...]:
    """Return a warning (LG116) for each atom that nothing can change, and for the whole if that is so.

    Atoms count as independent: `x == 1 && x == 2` is not found.
    """
    fixed = [_fixed(atom) for atom in found.atoms]
    flaws = [
        _flaw(atom, outcome) for atom, outcome in zip(found.atoms, fixed, strict=True) if outcome is not None
    ]
    flaws += [
        _flaw(each, each.value)
        for each in within(found.formula)
        if each.op == "constant" and isinstance(each.value, bool)
    ]
    if not flaws and len(found.atoms) <= MAX_ATOMS:
        always = _always(found)
        if always is not None:
            flaws.append(_flaw(term, always))
    return tuple(sorted(flaws))


def _fixed(atom: Term) -> Outcome | None:
    """Return what an atom always is, None when that depends."""
    if any(step.op in _DEPENDING for step in within(atom)):
        return None
    return question(atom).evaluate({}, {}, _NO_TIME)


def _always(found: Shape) -> bool | None:
    """Return what the formula comes to whatever its atoms are, None when that depends."""
    run = runner(found.formula)
    first: bool | None = None
    for outcomes in product((True, False), repeat=len(found.atoms)):
        outcome: bool = run({}, {}, outcomes)
        if first is not None and outcome is not first:
            return None
        first = outcome
    return first


def _flaw(term: Term, outcome: Outcome) -> Flaw:
    return Flaw(term.source.at, CONSTANT, f"{canonical(term.source)} is {_WORDS[outcome]}", "warning")

"""A cell in words: `allow if consent("newsletter") && !resource.restricted; redact if resource.restricted`.

The words are worked out from the truth table and not from the rules, so that two cells that do the same read
the same, however many rules say so. Cases in which something cannot be evaluated are left out of them: there
every condition counts against access.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Final

from proxy.model import Effect, Outcome
from proxy.policy.plan.cell import Table
from proxy.policy.plan.formula import MISSING, OTHER, UNREADABLE, UNUSABLE, YES, Atom
from proxy.policy.plan.space import Space

MOST_TERMS: Final = 12
"""A sentence with more `||` than this helps nobody; then it says how many conditions there are."""
_SIMPLE: Final = re.compile(r"[\w.]+(\([^()]*\))?")

Name = Callable[[Atom], str]


def outcome_words(outcome: Outcome, *, spelled: bool = False) -> str:
    """Return `allow`, `mask(year)`, `redact`, `deny`; spelled out `mask(last: keep_last, n=4)`."""
    name = outcome.effect.name.lower()
    if outcome.mask is None:
        return name
    params = "".join(f", {key}={value}" for key, value in outcome.mask.params) if spelled else ""
    return f"{name}({outcome.mask.name}{f': {outcome.mask.kind}{params}' if spelled else ''})"


def words(table: Table, space: Space, name: Name = lambda atom: atom.text, *, spelled: bool = False) -> str:
    """Return what a cell comes to; where it does not say, it is denied. Masks are `spelled` out on demand."""
    rows: dict[str, int] = {}
    denied = 0
    for seen, found in table:
        if seen.outcome.effect is Effect.DENY:
            denied |= found
        else:
            text = outcome_words(seen.outcome, spelled=spelled)
            rows[text] = rows.get(text, 0) | found
    if not rows:
        return "deny"
    said = []
    for text, found in rows.items():
        condition = condition_words(found, space, name)
        if condition is not None:
            said.append(f"{text} if {condition}" if condition else text)
    return "; ".join(said) or "deny"


def condition_words(rows: int, space: Space, name: Name) -> str | None:
    """Return when one of `rows` is the case; "" for always, None for never while everything can be read."""
    on, off = rows & space.readable, ~rows & space.readable
    if not on:
        return None
    if not off:
        return ""
    if not space.exact:
        return f"… ({len(space.atoms)} conditions)"
    terms = _terms(on, off, space)
    if len(terms) > MOST_TERMS:
        return f"… ({len(space.atoms)} conditions)"
    texts = [" && ".join(_literal(atom, name, holds=holds) for atom, holds in term.items()) for term in terms]
    return (
        texts[0] if len(texts) == 1 else " || ".join(f"({text})" if " && " in text else text for text in texts)
    )


def fact_words(value: str, domain: Collection[str]) -> str:
    """Return one class of values for a reader; `domain` is all the classes there are of the fact."""
    if value == OTHER:
        return "false" if YES in domain else "(anything else)" if len(domain) > 1 else "(anything)"
    return _VALUES.get(value, value)


_VALUES: Final = {
    MISSING: "(missing)",
    UNREADABLE: "(cannot be evaluated)",
    UNUSABLE: "(not of its type)",
}


def _terms(on: int, off: int, space: Space) -> list[dict[Atom, bool]]:
    """Return prime implicants that cover `on` and stay clear of `off`, in the atoms' order."""
    terms: list[tuple[dict[Atom, bool], int]] = []
    left = on
    while left and len(terms) <= MOST_TERMS:
        term = _literals(left & -left, space)
        for atom in list(term):
            without = {each: holds for each, holds in term.items() if each is not atom}
            if not _cube(without, space) & off:
                term = without
        covered = _cube(term, space)
        terms.append((term, covered))
        left &= ~covered
    return _needed(terms, on)


def _literals(row: int, space: Space) -> dict[Atom, bool]:
    """Return what each atom says in one row; one that is an error there says nothing."""
    found = {}
    for atom in space.atoms:
        true, error = space.where(atom)
        if not error & row:
            found[atom] = bool(true & row)
    return found


def _cube(term: Mapping[Atom, bool], space: Space) -> int:
    rows = space.readable
    for atom, holds in term.items():
        true, error = space.where(atom)
        rows &= true if holds else ~(true | error)
    return rows


def _needed(terms: list[tuple[dict[Atom, bool], int]], on: int) -> list[dict[Atom, bool]]:
    kept = list(terms)
    for each in terms:
        rest = 0
        for other in kept:
            rest |= 0 if other is each else other[1]
        if not each[1] & on & ~rest:
            kept.remove(each)
    return [term for term, _ in kept]


def _literal(atom: Atom, name: Name, *, holds: bool) -> str:
    text = name(atom)
    if holds:
        return text if _SIMPLE.fullmatch(text) or " || " not in text else f"({text})"
    return f"!{text}" if _SIMPLE.fullmatch(text) else f"!({text})"

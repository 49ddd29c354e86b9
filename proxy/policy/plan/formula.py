"""Conditions as plan sees them: boolean functions over facts that it does not know the values of.

An `Atom` asks one thing about one fact. Atoms of the same fact are not independent: a country cannot be two,
and a missing one cannot be any. So a fact ranges over a domain of classes of values, of which exactly one
holds: each value that some atom names, everything else, missing, and unreadable.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

OTHER: Final = "\0other"
"""Any value that no atom names; for a yes-or-no fact, no."""
MISSING: Final = "\0missing"
"""The fact is not there, and an atom asks whether it is."""
UNREADABLE: Final = "\0unreadable"
"""The fact cannot be had, or looking at it fails."""
UNUSABLE: Final = "\0unusable"
"""The fact is there, as an atom can find out, and it is not of its type."""
YES: Final = "true"


@dataclass(frozen=True, slots=True)
class Atom:
    """True where the fact has one of `values`; an error where it is missing or unreadable."""

    fact: str
    """What is looked at, `resource.country`; for one that stands alone, its own text."""
    text: str
    """The atom as the author would write it."""
    values: frozenset[str] = frozenset({YES})
    """As they are written in the condition."""
    presence: bool = False
    """True for `has()`: whether the fact is there, which is never an error while the fact can be read."""
    fails: bool = True
    """False where evaluating can never be an error."""


@dataclass(frozen=True, slots=True)
class Not:
    """True where `of` is false; an error stays one."""

    of: "Formula"


@dataclass(frozen=True, slots=True)
class All:
    """CEL's `&&`: false as soon as one is false, whatever the others do; an error only otherwise."""

    of: tuple["Formula", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """CEL's `||`: true as soon as one is true, whatever the others do; an error only otherwise."""

    of: tuple["Formula", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """CEL's `? :`: only the branch that is taken counts; an error where `test` is one."""

    test: "Formula"
    then: "Formula"
    otherwise: "Formula"


@dataclass(frozen=True, slots=True)
class Constant:
    """The same for every record; None is an error for every record."""

    value: Literal[True, False] | None


Formula = Atom | Not | All | Any | Choice | Constant


def atoms_of(formula: Formula) -> Iterator[Atom]:
    """Yield the atoms of a formula, as often as they stand in it."""
    match formula:
        case Atom():
            yield formula
        case Not(of):
            yield from atoms_of(of)
        case All(of) | Any(of):
            for each in of:
                yield from atoms_of(each)
        case Choice(test, then, otherwise):
            for each in (test, then, otherwise):
                yield from atoms_of(each)
        case Constant():
            return


def simplified(formula: Formula) -> Formula:
    """Return an equivalent formula without constants inside, errors included."""
    match formula:
        case Not(of):
            inner = simplified(of)
            if isinstance(inner, Constant):
                return Constant(None if inner.value is None else not inner.value)
            return inner.of if isinstance(inner, Not) else Not(inner)
        case All(of):
            return _joined(All, of, decisive=False)
        case Any(of):
            return _joined(Any, of, decisive=True)
        case Choice(test, then, otherwise):
            asked = simplified(test)
            if isinstance(asked, Constant):
                return asked if asked.value is None else simplified(then if asked.value else otherwise)
            return Choice(asked, simplified(then), simplified(otherwise))
        case _:
            return formula


def _joined(join: type[All] | type[Any], of: tuple[Formula, ...], *, decisive: bool) -> Formula:
    parts: dict[Formula, None] = {}
    for each in map(simplified, of):
        if isinstance(each, Constant) and each.value is decisive:
            return each
        if isinstance(each, join):
            parts.update(dict.fromkeys(each.of))
        elif not (isinstance(each, Constant) and each.value is not None):
            parts[each] = None
    if not parts:
        return Constant(not decisive)
    return join(tuple(parts)) if len(parts) > 1 else next(iter(parts))

"""Every way the facts can be, as rows; a set of rows is one integer, one bit per row.

With whole columns as integers a connective is one machine operation on thousands of rows, so a truth table
over a dozen facts costs milliseconds. Three truth values need two sets: where it is true, where it is an
error; it is false everywhere else.
"""

import random
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from proxy.policy.plan.formula import (
    MISSING,
    OTHER,
    UNREADABLE,
    UNUSABLE,
    All,
    Any,
    Atom,
    Choice,
    Constant,
    Formula,
    Not,
    atoms_of,
)

MOST_ROWS: Final = 3**12
"""Twelve independent conditions with three truth values each; above that, rows are drawn."""
DRAWN_ROWS: Final = 8_192


class Where(NamedTuple):
    """The rows in which a formula is true, and those in which it is an error."""

    true: int
    error: int


class Row(NamedTuple):
    """One row, and what it says of each fact."""

    bit: int
    facts: Mapping[str, str]


class Space:
    """The rows of some formulas; they are all there are if `exact`, and a repeatable sample otherwise."""

    def __init__(self, formulas: Iterable[Formula]) -> None:
        atoms = {atom for formula in formulas for atom in atoms_of(formula)}
        # In an order of their own, so that words made of them do not depend on which rule came first.
        self.atoms: tuple[Atom, ...] = tuple(sorted(atoms, key=_in_order))
        self.domains: Mapping[str, tuple[str, ...]] = _domains(self.atoms)
        rows = 1
        for domain in self.domains.values():
            rows *= len(domain)
        self.exact = rows <= MOST_ROWS
        self.rows = rows if self.exact else DRAWN_ROWS
        self.all = (1 << self.rows) - 1
        columns = _every_row if self.exact else _some_rows
        self._columns: dict[tuple[str, str], int] = columns(self.domains, self.rows)
        self._memo: dict[int, tuple[Formula, Where]] = {}
        unreadable = 0
        for fact in self.domains:
            unreadable |= self._columns.get((fact, UNREADABLE), 0) | self._columns.get((fact, UNUSABLE), 0)
        self.readable = self.all & ~unreadable
        """Rows in which every fact can be read."""

    def where(self, formula: Formula) -> Where:
        """Return where a formula over this space's atoms is true, and where it is an error."""
        kept = self._memo.get(id(formula))
        if kept is None:
            # The formula is kept with its rows, so that no other can get its id.
            kept = self._memo[id(formula)] = (formula, self._evaluate(formula))
        return kept[1]

    def column(self, fact: str, value: str) -> int:
        """Return the rows in which a fact is in one class of its domain."""
        return self._columns[fact, value]

    def row(self, rows: int) -> "Row":
        """Return one of `rows`: the plainest, with nothing unreadable if that can be had."""
        plain = rows & self.readable or rows
        bit = plain & -plain
        facts = {
            fact: next(value for value in domain if self._columns[fact, value] & bit)
            for fact, domain in self.domains.items()
        }
        return Row(bit, facts)

    def _evaluate(self, formula: Formula) -> Where:
        match formula:
            case Constant(value):
                return Where(self.all if value else 0, self.all if value is None else 0)
            case Atom():
                return self._atom(formula)
            case Not(of):
                true, error = self.where(of)
                return Where(self.all & ~(true | error), error)
            case Choice():
                return self._choice(formula)
            case All(of):
                parts = [self.where(each) for each in of]
                true, false = self.all, 0
                for part in parts:
                    true &= part.true
                    false |= self.all & ~(part.true | part.error)
                return Where(true, self.all & ~(true | false))
            case Any(of):
                parts = [self.where(each) for each in of]
                true, false = 0, self.all
                for part in parts:
                    true |= part.true
                    false &= ~(part.true | part.error)
                return Where(true, self.all & ~(true | false))

    def _choice(self, choice: Choice) -> Where:
        test, then, otherwise = map(self.where, (choice.test, choice.then, choice.otherwise))
        other = self.all & ~(test.true | test.error)
        true = (test.true & then.true) | (other & otherwise.true)
        return Where(true, test.error | (test.true & then.error) | (other & otherwise.error))

    def _atom(self, atom: Atom) -> Where:
        missing = self._columns.get((atom.fact, MISSING), 0)
        unreadable = self._columns.get((atom.fact, UNREADABLE), 0)
        unusable = self._columns.get((atom.fact, UNUSABLE), 0)
        if atom.presence:
            return Where(self.all & ~(missing | unreadable), unreadable)
        true = 0
        for value in atom.values:
            true |= self._columns[atom.fact, value]
        return Where(true, missing | unreadable | unusable)


def _in_order(atom: Atom) -> tuple[object, ...]:
    return (atom.presence, atom.text, atom.fact, sorted(atom.values))


def _domains(atoms: Iterable[Atom]) -> dict[str, tuple[str, ...]]:
    """Return each fact's classes of values, the plainest first: a row's low numbers are ordinary ones."""
    values: dict[str, set[str]] = {}
    special: dict[str, set[str]] = {}
    for atom in atoms:
        values.setdefault(atom.fact, set()).update(() if atom.presence else atom.values)
        more = special.setdefault(atom.fact, set())
        if atom.presence:
            more |= {MISSING, UNUSABLE}
        if atom.fails:
            more.add(UNREADABLE)
    return {fact: (OTHER, *sorted(found), *sorted(special[fact])) for fact, found in sorted(values.items())}


def _every_row(domains: Mapping[str, tuple[str, ...]], rows: int) -> dict[tuple[str, str], int]:
    columns: dict[tuple[str, str], int] = {}
    stride = 1
    for fact, domain in domains.items():
        period = stride * len(domain)
        for at, value in enumerate(domain):
            columns[fact, value] = _tiled(((1 << stride) - 1) << (at * stride), period, rows // period)
        stride = period
    return columns


def _tiled(block: int, width: int, times: int) -> int:
    """Return `block` written `times` times side by side, `width` bits apart."""
    result, length = 0, 0
    while times:
        if times & 1:
            result |= block << length
            length += width
        block |= block << width
        width *= 2
        times >>= 1
    return result


def _some_rows(domains: Mapping[str, tuple[str, ...]], rows: int) -> dict[tuple[str, str], int]:
    draw = random.Random("\n".join(domains))  # noqa: S311 - repeatable, and nobody's secret
    columns: dict[tuple[str, str], int] = {}
    for fact, domain in domains.items():
        # The first rows are the corners: every fact in its first, second, ... class.
        drawn = [min(row, len(domain) - 1) if row < 4 else draw.randrange(len(domain)) for row in range(rows)]
        for at, value in enumerate(domain):
            bits = bytearray(rows // 8)
            for row, chosen in enumerate(drawn):
                if chosen == at:
                    bits[row >> 3] |= 1 << (row & 7)
            columns[fact, value] = int.from_bytes(bits, "little")
    return columns

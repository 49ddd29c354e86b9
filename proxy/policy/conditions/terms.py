"""A condition once every name and operator in it has its meaning: what remains to be done for a record."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from proxy.policy.conditions.kinds import Type
from proxy.policy.conditions.syntax import Expr

Op = Literal[
    "constant",
    "attribute",
    "context",
    "now",
    "bound",
    "list",
    "has",
    "consent",
    "and",
    "or",
    "not",
    "if",
    "in",
    "apply",
    "exists",
    "all",
]


@dataclass(frozen=True, slots=True)
class Term:
    """One step. What `value` is depends on `op`.

    - constant: the value itself
    - attribute: the name of the record's attribute
    - context: the path in the context, `principal.roles`; has: that, or `resource.country`
    - bound: the place of a variable, 1 for that of the outermost `exists` or `all`; these have the same
    - consent: the purposes of which one must be consented to
    - apply: the function of the arguments' values
    """

    op: Op
    type: Type
    source: Expr
    args: "tuple[Term, ...]" = ()
    value: object = None


UNTYPED: Final = Type("?")
"""Of a step that a flaw was found in, so that none is found twice."""


def untyped(source: Expr) -> Term:
    """Return a step that stands for something mistaken."""
    return Term("constant", UNTYPED, source)


def within(term: Term) -> Iterator[Term]:
    """Yield a term and all it is made of."""
    yield term
    for each in term.args:
        yield from within(each)

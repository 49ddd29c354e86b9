"""Named conditions put in the place of their names."""

from collections.abc import Mapping
from typing import Final

from proxy.policy.conditions.flaws import LIMIT, UNKNOWN, Flaw, Flawed
from proxy.policy.conditions.syntax import Expr, Has, Name, Select, moved, rebuilt, size
from proxy.yamlfile import nearest

MAX_SIZE: Final = 1000
"""Expressions in a condition once everything is in it; each naming doubles what it names twice."""
MAX_DEPTH: Final = 96
_VARIABLES: Final = Name("variables")
MAX_CHAIN: Final = 16
"""Variables that name variables."""


def inlined(expr: Expr, variables: Mapping[str, Expr]) -> Expr:
    """Return the expression with every `variables.NAME` replaced by what it names, to the last one.

    What comes from a variable stands, as far as flaws are concerned, where the variable is named.

    Raises:
        Flawed: a variable that nobody declared, one that names itself in the end, or too much altogether.
    """
    found = _Inlining(variables).inside(expr, ())
    count, depth = size(found)
    if count > MAX_SIZE or depth > MAX_DEPTH:
        raise Flawed([Flaw(expr.at, LIMIT, "with its variables the condition is too large to be reviewed")])
    return found


class _Inlining:
    def __init__(self, variables: Mapping[str, Expr]) -> None:
        self._variables = variables
        self._done: dict[str, Expr] = {}

    def inside(self, expr: Expr, open_: tuple[str, ...]) -> Expr:
        return rebuilt(expr, lambda each: self._named(each, open_))

    def _named(self, expr: Expr, open_: tuple[str, ...]) -> Expr | None:
        if isinstance(expr, Has) and expr.of.of == _VARIABLES:
            raise Flawed([Flaw(expr.at, UNKNOWN, "has is for attributes; a variable is always there")])
        if not isinstance(expr, Select) or expr.of != _VARIABLES:
            return None
        name = expr.name
        if name not in self._variables:
            near = nearest(name, self._variables)
            raise Flawed([Flaw(expr.at, UNKNOWN, f'unknown variable "{name}"{near}')])
        if name in open_ or len(open_) == MAX_CHAIN:
            way = " -> ".join((*open_[open_.index(name) if name in open_ else 0 :], name))
            wrong = "names itself" if name in open_ else f"names more than {MAX_CHAIN} others in a row"
            raise Flawed([Flaw(expr.at, LIMIT, f"the variable {wrong}: {way}")])
        if name not in self._done:
            self._done[name] = self.inside(self._variables[name], (*open_, name))
            if size(self._done[name])[0] > MAX_SIZE:
                raise Flawed([Flaw(expr.at, LIMIT, f"the variable {name} is too large to be reviewed")])
        return moved(self._done[name], lambda _: expr.at)

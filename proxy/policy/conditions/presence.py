"""Which optional attributes are certain to be there once a condition has come out true, or false."""

from typing import Final

from proxy.policy.conditions.syntax import Choice, Expr, Has, Junction, Name, Not, Select

ROOTS: Final = frozenset({"resource", "principal", "recipient"})
Paths = frozenset[str]
_NONE: Final[Paths] = frozenset()


def path_of(expr: Expr) -> str | None:
    """Return `resource.country` for an attribute of a root, None for anything else."""
    if isinstance(expr, Select) and isinstance(expr.of, Name) and expr.of.name in ROOTS:
        return f"{expr.of.name}.{expr.name}"
    return None


def shown(expr: Expr) -> tuple[Paths, Paths]:
    """Return the attributes that are there if the expression is true, and those that are if it is false.

    Both are for what stands to the right of the expression; an error decides nothing there.
    """
    match expr:
        case Has():
            path = path_of(expr.of)
            return (frozenset({path}) if path else _NONE), _NONE
        case Not():
            true, false = shown(expr.of)
            return false, true
        case Junction():
            each = [shown(item) for item in expr.items]
            some = frozenset[str]().union
            if expr.op == "&&":
                return some(*(true for true, _ in each)), frozenset.intersection(*(false for _, false in each))
            return frozenset.intersection(*(true for true, _ in each)), some(*(false for _, false in each))
        case Choice():
            (test, not_test), then, otherwise = shown(expr.test), shown(expr.then), shown(expr.otherwise)
            return (
                (test | then[0]) & (not_test | otherwise[0]),
                (test | then[1]) & (not_test | otherwise[1]),
            )
        case _:
            return _NONE, _NONE

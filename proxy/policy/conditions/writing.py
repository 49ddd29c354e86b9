"""From the tree of a condition to text: one spelling for every tree, and parsing it gives the tree back."""

import re
from typing import Final

from proxy.policy.conditions.escapes import quoted
from proxy.policy.conditions.syntax import (
    Binary,
    Call,
    Choice,
    Constant,
    Expr,
    Fold,
    Has,
    Index,
    Junction,
    Listing,
    Name,
    Negative,
    Not,
    Select,
)

_CHOICE, _OR, _AND, _RELATION, _SUM, _PRODUCT, _UNARY, _MEMBER = range(8)
"""How tightly operators bind, loosest first."""
_BINDING: Final = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT}
_PLAIN: Final = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_KEYWORDS: Final = frozenset({"true", "false", "null", "in"})


def canonical(expr: Expr) -> str:
    """Return the expression as text, on one line, with no more brackets than are needed to read it."""
    match expr:
        case Constant():
            return _literal(expr.value)
        case Name():
            return expr.name
        case Select():
            return _select(expr)
        case Index():
            return f"{_tight(expr.of, _MEMBER)}[{canonical(expr.key)}]"
        case Call():
            before = "" if expr.of is None else _tight(expr.of, _MEMBER) + "."
            return f"{before}{expr.name}({_list(expr.args)})"
        case Has():
            return f"has({_select(expr.of)})"
        case Fold():
            return f"{_tight(expr.over, _MEMBER)}.{expr.word}({expr.name}, {canonical(expr.body)})"
        case Listing():
            return f"[{_list(expr.items)}]"
        case Not():
            return "!" + _tight(expr.of, _MEMBER)
        case Negative():
            return "-" + _tight(expr.of, _MEMBER)
        case Binary():
            return _binary(expr)
        case Junction():
            level = _AND if expr.op == "&&" else _OR
            return f" {expr.op} ".join(_tight(each, level + 1) for each in expr.items)
        case Choice():
            test, then = _tight(expr.test, _OR), _tight(expr.then, _OR)
            return f"{test} ? {then} : {canonical(expr.otherwise)}"


def _tight(expr: Expr, level: int) -> str:
    """Return the text, in brackets if it binds less tightly than its place asks."""
    text = canonical(expr)
    return text if _level(expr) >= level else f"({text})"


def _level(expr: Expr) -> int:
    match expr:
        case Choice():
            return _CHOICE
        case Junction():
            return _AND if expr.op == "&&" else _OR
        case Binary():
            return _BINDING.get(expr.op, _RELATION)
        case Not() | Negative():
            return _UNARY
        case Constant() if _literal(expr.value).startswith("-"):
            return _UNARY
        case _:
            return _MEMBER


def _binary(expr: Binary) -> str:
    level = _level(expr)
    # a == b < c is CEL, but nobody reads it right.
    left = level + 1 if level == _RELATION else level
    return f"{_tight(expr.left, left)} {expr.op} {_tight(expr.right, level + 1)}"


def _select(expr: Select) -> str:
    of = _tight(expr.of, _MEMBER)
    plain = _PLAIN.fullmatch(expr.name) and expr.name not in _KEYWORDS
    return f"{of}.{expr.name}" if plain else f"{of}[{quoted(expr.name)}]"


def _list(items: tuple[Expr, ...]) -> str:
    return ", ".join(map(canonical, items))


def _literal(value: float | str | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if value in (float("inf"), float("-inf")):
        return "1e999" if value > 0 else "-1e999"
    return repr(value)

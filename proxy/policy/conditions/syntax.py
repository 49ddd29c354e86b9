"""The syntax tree of a condition, as frozen values: what stands there, before anybody asks what it means.

Trees are equal when they say the same; where their parts stood does not count. A chain of `&&` or `||` is one
`Junction`, however it was bracketed. `a["b"]` is the same as `a.b`, a minus before a number is part of it, and
two of `!!` or `--` in a row are nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from proxy.policy.conditions.flaws import At

NOWHERE: Final = At()


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A literal: bool, int (64-bit), float, str, or None for `null`."""

    value: bool | int | float | str | None
    at: At = NOWHERE

    def __eq__(self, other: object) -> bool:
        # Python's 1 == 1.0 == True are three different values here, and so are 0.0 and -0.0.
        return (
            isinstance(other, Constant)
            and type(self.value) is type(other.value)
            and repr(self.value) == repr(other.value)
        )

    def __hash__(self) -> int:
        return hash(repr(self.value))


@dataclass(frozen=True, slots=True)
class Name:
    """A word on its own: a root such as `resource`, or the variable of an `exists`."""

    name: str
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Select:
    """`of.name`."""

    of: "Expr"
    name: str
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Index:
    """`of[key]`; a constant string as key makes a `Select` instead."""

    of: "Expr"
    key: "Expr"
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`name(args)`, or `of.name(args)`."""

    name: str
    args: "tuple[Expr, ...]"
    of: "Expr | None" = None
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Has:
    """`has(of)`: the attribute is there."""

    of: Select
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Fold:
    """`over.exists(name, body)` or `over.all(name, body)`."""

    word: Literal["exists", "all"]
    over: "Expr"
    name: str
    body: "Expr"
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """`[items]`."""

    items: "tuple[Expr, ...]"
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """`!of`."""

    of: "Expr"
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Negative:
    """`-of`, where `of` is not a number that stands there."""

    of: "Expr"
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """`left op right`, op one of `== != < <= > >= in + - * / %`."""

    op: str
    left: "Expr"
    right: "Expr"
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Junction:
    """Two or more expressions that are all joined by `&&`, or all by `||`; none of them is such a one."""

    op: Literal["&&", "||"]
    items: "tuple[Expr, ...]"
    at: At = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """`test ? then : otherwise`."""

    test: "Expr"
    then: "Expr"
    otherwise: "Expr"
    at: At = field(default=NOWHERE, compare=False)


Expr = (
    Constant | Name | Select | Index | Call | Has | Fold | Listing | Not | Negative | Binary | Junction | Choice
)
_PARTS: Final[dict[type, tuple[str, ...]]] = {
    Constant: (),
    Name: (),
    Select: ("of",),
    Index: ("of", "key"),
    Call: ("of", "args"),
    Has: ("of",),
    Fold: ("over", "body"),
    Listing: ("items",),
    Not: ("of",),
    Negative: ("of",),
    Binary: ("left", "right"),
    Junction: ("items",),
    Choice: ("test", "then", "otherwise"),
}
"""The fields of each class that hold expressions."""


def junction(op: Literal["&&", "||"], items: "tuple[Expr, ...]", at: At = NOWHERE) -> "Expr":
    """Return the items joined; one item stays what it is, and a chain within a chain is taken apart."""
    flat: list[Expr] = []
    for each in items:
        flat += each.items if isinstance(each, Junction) and each.op == op else (each,)
    return flat[0] if len(flat) == 1 else Junction(op, tuple(flat), at)


def parts(expr: Expr) -> "Iterator[Expr]":
    """Yield the expressions that one is directly made of, in the order in which they stand."""
    for name in _PARTS[type(expr)]:
        held = getattr(expr, name)
        if isinstance(held, tuple):
            yield from held
        elif held is not None:
            yield held


def rebuilt(expr: Expr, change: "Callable[[Expr], Expr | None]") -> "Expr":
    """Return the tree with every expression for which `change` returns one replaced by that, from the top."""
    changed = change(expr)
    return _with_parts(expr, lambda part: rebuilt(part, change)) if changed is None else changed


def moved(expr: Expr, place: Callable[[At], At]) -> "Expr":
    """Return the tree with every expression standing where `place` puts it."""
    return replace(_with_parts(expr, lambda part: moved(part, place)), at=place(expr.at))


def _with_parts(expr: Expr, change: "Callable[[Expr], Expr]") -> "Expr":
    new: dict[str, Any] = {}
    for name in _PARTS[type(expr)]:
        held = getattr(expr, name)
        if isinstance(held, tuple):
            parts_ = tuple(map(change, held))
            if any(one is not other for one, other in zip(held, parts_, strict=True)):
                new[name] = parts_
        elif held is not None:
            part = change(held)
            if part is not held:
                new[name] = part
    if not new:
        return expr
    return junction(expr.op, new["items"], expr.at) if isinstance(expr, Junction) else replace(expr, **new)


def size(expr: Expr) -> tuple[int, int]:
    """Return how many expressions a tree is made of, and how deep it is; one without parts is 1 deep."""
    count = deepest = 0
    # Not by recursion: a text of nothing but `!` is deeper than Python's stack.
    left: list[tuple[Expr, int]] = [(expr, 1)]
    while left:
        each, depth = left.pop()
        count += 1
        deepest = max(deepest, depth)
        left += ((part, depth + 1) for part in parts(each))
    return count, deepest

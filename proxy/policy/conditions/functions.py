"""The functions of the language: those of CEL that suit conditions, and three of our own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxy.policy.conditions import moments
from proxy.policy.conditions.kinds import BOOL, DURATION, INT, TIMESTAMP, Type

_TEXT: Final = frozenset({"string"})
_SIZED: Final = frozenset({"string", "list", "set"})
_DATED: Final = frozenset({"timestamp", "string"})


@dataclass(frozen=True, slots=True)
class Function:
    """One function; as a method, what stands before the point is the first parameter."""

    params: tuple[frozenset[str], ...]
    """Names of the types that each parameter may have."""
    result: Type
    run: Callable[..., Any] | None = None
    """Of the arguments' values, then of now if the function is `timed`; raises when there is no result. None
    where the checker says what is to be done."""
    timed: bool = False


def _starts_with(text: str, start: str) -> bool:
    return text.startswith(start)


def _ends_with(text: str, end: str) -> bool:
    return text.endswith(end)


def _contains(text: str, part: str) -> bool:
    return part in text


CONSENT: Final = "consent"
"""Needs the record, so the checker makes a step of its own of it."""
MATCHES: Final = "matches"
"""Its expression is compiled by the checker."""
READERS: Final = frozenset({"timestamp", "duration"})
"""Functions of which a text that stands there is read when policy loads."""

METHODS: Final[Mapping[str, Function]] = {
    "size": Function((_SIZED,), INT, len),
    "startsWith": Function((_TEXT, _TEXT), BOOL, _starts_with),
    "endsWith": Function((_TEXT, _TEXT), BOOL, _ends_with),
    "contains": Function((_TEXT, _TEXT), BOOL, _contains),
    MATCHES: Function((_TEXT, _TEXT), BOOL),
}
"""Called as `of.name(...)`."""
FUNCTIONS: Final[Mapping[str, Function]] = {
    "size": METHODS["size"],
    MATCHES: METHODS[MATCHES],
    "timestamp": Function((_TEXT,), TIMESTAMP, moments.timestamp),
    "duration": Function((_TEXT,), DURATION, moments.duration),
    "age": Function((_DATED,), INT, moments.age, timed=True),
    "days_since": Function((_DATED,), INT, moments.days_since, timed=True),
    CONSENT: Function((_TEXT,), BOOL),
}
"""Called as `name(...)`."""

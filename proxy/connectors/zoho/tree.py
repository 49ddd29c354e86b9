"""What COQL and search criteria say, as values."""

from dataclasses import dataclass
from typing import Final, Literal

from proxy.connectors.soql.tree import Call, Column, Expression, Path

__all__ = ["Call", "Column", "Compare", "Condition", "Expression", "Junction", "Order", "Path", "Query"]

NOTHING: Final = frozenset({"is null", "is not null"})
"""Comparisons with no value."""
LISTS: Final = frozenset({"in", "not in"})
EQUALITY: Final = {"=": "in", "in": "in", "!=": "not in", "not in": "not in"}
"""Comparisons by equality, and the same with a list of values."""


@dataclass(frozen=True, slots=True)
class Compare:
    """A field, compared with as many values as the operator takes."""

    path: Path
    operator: str
    """In COQL's words, lower-case: `=`, `not in`, `is null`, `like`; `starts_with` in criteria alone."""
    values: tuple[str, ...] = ()
    """As text, whatever quoted it."""
    bare: bool = False
    """Whether the values stand without quotes: numbers, dates, true and false."""


@dataclass(frozen=True, slots=True)
class Junction:
    """Two conditions joined by one word; Zoho takes no more without brackets."""

    word: Literal["and", "or"]
    one: "Condition"
    other: "Condition"


Condition = Compare | Junction


@dataclass(frozen=True, slots=True)
class Order:
    """One key of `order by`."""

    expression: Expression
    direction: Literal["", "asc", "desc"] = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A query."""

    columns: tuple[Column, ...]
    module: str
    where: Condition
    group: tuple[Path, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0

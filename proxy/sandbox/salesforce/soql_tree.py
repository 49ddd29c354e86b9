"""A SOQL query as frozen values; `at` is the offset in the text, for error messages."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Path:
    """A field, possibly behind relationships or a table alias: `Account.Owner.Name`."""

    parts: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Function:
    """`COUNT()`, `MAX(Amount)`, `FIELDS(ALL)`, ..."""

    name: str
    """Upper-case."""
    argument: Path | None
    at: int


@dataclass(frozen=True, slots=True)
class Const:
    """A literal."""

    kind: Literal["string", "number", "boolean", "null", "date", "datetime", "days"]
    value: str | float | bool | None
    raw: str
    at: int


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison; `op` is =, !=, <, <=, >, >=, LIKE, IN, NOT IN, INCLUDES or EXCLUDES."""

    left: Path | Function
    op: str
    right: "Const | tuple[Const, ...] | Query"


@dataclass(frozen=True, slots=True)
class Every:
    """All terms hold."""

    terms: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Some:
    """At least one term holds."""

    terms: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The term does not hold."""

    term: "Condition"


Condition = Compare | Every | Some | Not


@dataclass(frozen=True, slots=True)
class Column:
    """One thing selected, and the name given to it."""

    what: "Path | Function | Query"
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key."""

    by: Path | Function
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT, nested ones included."""

    columns: tuple[Column, ...]
    source: Path
    alias: str | None = None
    where: Condition | None = None
    groups: tuple[Path | Function, ...] = ()
    having: Condition | None = None
    orders: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0

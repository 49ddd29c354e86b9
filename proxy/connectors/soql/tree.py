"""The syntax tree of a query, as frozen values."""

from dataclasses import dataclass
from typing import Final, Literal

AGGREGATES: Final = frozenset({"COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG"})
DATE_FUNCTIONS: Final = frozenset(
    {
        "CALENDAR_MONTH",
        "CALENDAR_QUARTER",
        "CALENDAR_YEAR",
        "DAY_IN_MONTH",
        "DAY_IN_WEEK",
        "DAY_IN_YEAR",
        "DAY_ONLY",
        "FISCAL_MONTH",
        "FISCAL_QUARTER",
        "FISCAL_YEAR",
        "HOUR_IN_DAY",
        "WEEK_IN_MONTH",
        "WEEK_IN_YEAR",
    }
)


@dataclass(frozen=True, slots=True)
class Path:
    """A field, or a field of a related record: `Account.Owner.Name`."""

    hops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function of AGGREGATES or DATE_FUNCTIONS; no argument only in `COUNT()`."""

    name: str
    argument: Path | None


Expression = Path | Call


@dataclass(frozen=True, slots=True)
class Column:
    """One selected expression."""

    expression: Expression
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class FieldSet:
    """`FIELDS(ALL)`, `FIELDS(STANDARD)` or `FIELDS(CUSTOM)`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Compare:
    """`expression operator value`; the value is a literal in canonical spelling."""

    expression: Expression
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Within:
    """`expression IN|NOT IN|INCLUDES|EXCLUDES (...)`; the set is literals, or a query of one column."""

    expression: Expression
    operator: str
    values: "tuple[str, ...] | Query"


@dataclass(frozen=True, slots=True)
class Not:
    """A condition negated."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Junction:
    """Two or more conditions joined by one word."""

    word: Literal["AND", "OR"]
    conditions: "tuple[Condition, ...]"


Condition = Compare | Within | Not | Junction


@dataclass(frozen=True, slots=True)
class Order:
    """One key of ORDER BY."""

    expression: Expression
    direction: Literal["", "ASC", "DESC"] = ""
    nulls: Literal["", "FIRST", "LAST"] = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A query, or a sub-query in a column or in a set."""

    columns: "tuple[Column | FieldSet | Query, ...]"
    source: str
    """Object, or the name of a child relation in a sub-query that is a column."""
    alias: str | None = None
    where: Condition | None = None
    group: tuple[Expression, ...] = ()
    having: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """A search: what is looked for, where, and what is returned of each object."""

    term: str
    """As it stands between the braces."""
    scope: str
    """NAME, EMAIL, PHONE, or whatever else was written; "" for nothing."""
    returned: tuple[Query, ...]
    """Empty: of every object, whatever the CRM chooses."""
    limit: int | None = None

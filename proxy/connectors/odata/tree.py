"""The tree of OData query options: what a client wrote, without spacing and aliases."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Path:
    """A property, behind the navigation properties that lead to it."""

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant, as it is written."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a property and constants."""

    name: str
    arguments: "tuple[Operand, ...]"


Operand = Path | Literal | Call


@dataclass(frozen=True, slots=True)
class Compare:
    """Two operands compared."""

    left: Operand
    operator: str
    right: Operand


@dataclass(frozen=True, slots=True)
class Within:
    """An operand that is one of several constants."""

    operand: Operand
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Quantified:
    """A condition on the records behind a navigation property."""

    path: Path
    quantifier: str
    """`any` or `all`."""
    variable: str
    """"" for `any()`: whether there is a record at all."""
    condition: "Condition | None"


@dataclass(frozen=True, slots=True)
class Not:
    """A negation."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions joined by one word."""

    word: str
    conditions: "tuple[Condition, ...]"


Condition = Compare | Within | Call | Quantified | Not | Junction


@dataclass(frozen=True, slots=True)
class Order:
    """One key to sort by."""

    path: Path
    direction: str
    """`asc`, `desc` or ""."""


@dataclass(frozen=True, slots=True)
class Computed:
    """One column that is computed over many records."""

    field: str
    """"" for `$count`."""
    method: str
    alias: str


@dataclass(frozen=True, slots=True)
class Apply:
    """Records that are filtered, grouped and counted."""

    condition: Condition | None
    group: tuple[str, ...]
    columns: tuple[Computed, ...]


@dataclass(frozen=True, slots=True)
class Expand:
    """Records that come inside others."""

    name: str
    options: "Options"


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that one request asks of one set of records."""

    select: tuple[str, ...] = ()
    """Empty: the CRM answers with every property."""
    condition: Condition | None = None
    order: tuple[Order, ...] = ()
    top: int | None = None
    expand: tuple[Expand, ...] = ()
    count: bool = False
    apply: Apply | None = None
    search: str | None = None

"""What can stand in a computed column: policy has allowed a count, and not whatever is put in its place."""

import re
from typing import Final, Literal

from proxy.connectors.shape import MAX_COUNT
from proxy.connectors.soql.tree import DATE_FUNCTIONS, Call, Expression
from proxy.message import Tree, scalar_text
from proxy.model import FieldSpec

Kind = Literal["count", "number", "date", "any"]

_BY_FUNCTION: Final[dict[str, Kind]] = {
    **dict.fromkeys(DATE_FUNCTIONS, "count"),
    "DAY_ONLY": "date",
    "COUNT": "count",
    "COUNT_DISTINCT": "count",
    "SUM": "number",
    "AVG": "number",
}
_BY_FIELD: Final[dict[str, Kind]] = {"number": "number", "date": "date"}
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d))?", re.ASCII)


def kind_of(expression: Expression, spec: FieldSpec | None) -> Kind:
    """Return what a column holds, by its function, or else by the field whose values it shows.

    Args:
        expression: the column.
        spec: the field it is about; None where nobody listed it.
    """
    if isinstance(expression, Call) and expression.name in _BY_FUNCTION:
        return _BY_FUNCTION[expression.name]
    return "any" if spec is None else _BY_FIELD.get(spec.type or spec.semantic, "any")


def fits(kind: Kind, value: Tree) -> bool:
    """Say whether a value is of a kind; where there is nothing to compute from, all but a count is null."""
    if kind == "count":
        return type(value) is int and 0 <= value < MAX_COUNT
    if kind == "any" or value is None:
        return True
    text = scalar_text(value)
    if text is None:
        return False
    if kind == "number":
        return not isinstance(value, str) and _NUMBER.fullmatch(text) is not None
    return isinstance(value, str) and _DATE.fullmatch(text) is not None

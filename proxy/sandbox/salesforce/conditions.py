"""WHERE and HAVING as functions from a row, or a group of rows, to true or false."""

from collections.abc import Callable

from proxy.sandbox.salesforce.comparing import fits, matches
from proxy.sandbox.salesforce.ids import full_id
from proxy.sandbox.salesforce.refusals import SalesforceError, at_place
from proxy.sandbox.salesforce.schema import NUMBERS, Field
from proxy.sandbox.salesforce.soql_tree import (
    Compare,
    Condition,
    Const,
    Every,
    Function,
    Not,
    Path,
    Query,
    Some,
)

type Test[T] = Callable[[T], bool]
type Left[T] = Callable[[Path | Function], tuple[Field, Callable[[T], object]]]
"""What the left side of a comparison means: a field to judge the type by, and how to get the value."""
SubSelect = Callable[[Query], frozenset[object]]


def compiled[T](condition: Condition, left: Left[T], within: SubSelect, text: str, now: float) -> Test[T]:
    """Return a test for what `left` takes values from.

    Args:
        condition: what to test.
        left: see `Left`.
        within: runs the SELECT of a semi-join and returns its values.
        text: the whole query, for error messages.
        now: seconds since the epoch, for TODAY and its like.

    Raises:
        SalesforceError: a literal of the wrong type, or an operator the field does not know.
    """
    if isinstance(condition, Not):
        inner = compiled(condition.term, left, within, text, now)
        return lambda row: not inner(row)
    if isinstance(condition, Every | Some):
        tests = [compiled(term, left, within, text, now) for term in condition.terms]
        together = all if isinstance(condition, Every) else any
        return lambda row: together(test(row) for test in tests)
    return _comparison(condition, left, within, text, now)


def _comparison[T](compare: Compare, left: Left[T], within: SubSelect, text: str, now: float) -> Test[T]:
    item, value = left(compare.left)
    op, right = compare.op, compare.right
    if isinstance(right, Query):
        if op not in {"IN", "NOT IN"} or item.type not in {"id", "reference"}:
            raise SalesforceError(400, "MALFORMED_QUERY", "semi join sub-selects are only allowed on id fields")
        found = within(right)
        return lambda row: (value(row) in found) == (op == "IN")
    consts = right if isinstance(right, tuple) else (right,)
    for const in consts:
        _check(item, op, const, text)
    if op in {"INCLUDES", "EXCLUDES"}:
        return lambda row: _includes(value(row), consts) == (op == "INCLUDES")
    if op in {"IN", "NOT IN"}:
        return lambda row: any(matches(item, "=", value(row), const, now) for const in consts) == (op == "IN")
    return lambda row: matches(item, op, value(row), consts[0], now)


def _check(item: Field, op: str, const: Const, text: str) -> None:
    if op == "LIKE" and (const.kind != "string" or item.type in NUMBERS | {"date", "datetime", "boolean", "id"}):
        message = f"invalid operator on {item.type} field"
        raise at_place("INVALID_QUERY_FILTER_OPERATOR", text, const.at, message)
    if op in {"INCLUDES", "EXCLUDES"} and item.type != "multipicklist":
        message = f"includes or excludes operator only valid on multipicklist field: {item.name}"
        raise at_place("INVALID_FIELD", text, const.at, message)
    if not fits(item, const):
        quotes = "should not" if const.kind == "string" else "should"
        message = (
            f"value of filter criterion for field '{item.name}' must be of type {_xsd(item)} "
            f"and {quotes} be enclosed in quotes"
        )
        raise at_place("INVALID_FIELD", text, const.at, message)
    if item.type in {"id", "reference"} and const.value and not full_id(str(const.value)):
        message = f"invalid ID field: {const.value}"
        raise at_place("INVALID_QUERY_FILTER_OPERATOR", text, const.at, message)


def _xsd(item: Field) -> str:
    return {"datetime": "dateTime", "currency": "double", "percent": "double"}.get(
        item.type, item.type if item.type in NUMBERS | {"date", "boolean"} else "string"
    )


def _includes(value: object, consts: tuple[Const, ...]) -> bool:
    held = {part.casefold() for part in str(value or "").split(";")}
    return any({part.casefold() for part in str(const.value).split(";")} <= held for const in consts)

"""`POST /crm/v3/objects/contacts/search`: groups of filters joined by OR, filters in a group by AND."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from proxy.sandbox.hubspot.properties import Kind, Property
from proxy.sandbox.hubspot.refusals import invalid
from proxy.sandbox.hubspot.store import Held

_Test = Callable[[Held], bool]
_WINDOW = 10_000  # no search reaches further, however it pages


def search(kind: Kind, body: dict[str, object], records: list[Held]) -> tuple[list[Held], int, int | None]:
    """Return the records of one page, how many there are in all, and where the next page begins.

    Raises:
        HubSpotError: the body is not a search request, or names a property or operator that does not exist.
    """
    tests = [_group(kind, group) for group in _list(body, "filterGroups", 5)]
    words = str(body.get("query") or "").casefold().split()
    found = [
        held
        for held in records
        if (not tests or any(test(held) for test in tests)) and _speaks_of(kind, held, words)
    ]
    for sort in reversed(_list(body, "sorts", 1)):
        _sort(kind, found, sort)
    limit, after = _number(body, "limit", 10), _number(body, "after", 0)
    if limit > 200:
        raise invalid("Search query returned too many records: the maximum page size is 200")
    if after + limit > _WINDOW:
        raise invalid(f"The maximum number of records a search can return is {_WINDOW}")
    end = after + limit
    return found[after:end], len(found), end if end < len(found) else None


def _list(body: dict[str, object], name: str, most: int) -> list[object]:
    items = body.get(name) or []
    if not isinstance(items, list) or len(items) > most:
        raise invalid(f"Invalid input JSON: {name} must be a list of at most {most}")
    return items


def _number(body: dict[str, object], name: str, default: int) -> int:
    value = body.get(name)
    if value is None or value == "":
        return default
    if not str(value).isdecimal():
        raise invalid(f'Invalid input JSON: {name} is not a number: "{value}"')
    return int(str(value))


def _group(kind: Kind, group: object) -> _Test:
    if not isinstance(group, dict):
        raise invalid("Invalid input JSON: Cannot build FilterGroup")
    tests = [_filter(kind, item) for item in _list(group, "filters", 6)]
    return lambda held: all(test(held) for test in tests)


def _filter(kind: Kind, given: object) -> _Test:
    if not isinstance(given, dict) or not {"propertyName", "operator"} <= given.keys():
        missing = "Cannot build Filter, some of required attributes are not set [propertyName, operator]"
        raise invalid(f"Invalid input JSON: {missing}")
    name, operator = str(given["propertyName"]), str(given["operator"])
    item = kind.by_name.get(name)
    if item is None:
        raise invalid(f"There was a problem with the request: property {name} does not exist")
    if operator not in _OPERATORS:
        raise invalid(f"Invalid input JSON: unknown operator {operator}")
    wanted = given.get("values") if operator in {"IN", "NOT_IN"} else given.get("value")
    if wanted is None and not operator.endswith("HAS_PROPERTY"):
        raise invalid(f"There was a problem with the request: operator {operator} requires a value")
    high = given.get("highValue")
    test = _OPERATORS[operator]
    return lambda held: test(item, held.values.get(name), wanted, high)


def _key(item: Property, value: object) -> float | str:
    """Return what to compare: a number, milliseconds since the epoch, or text without regard to case."""
    text = str(value)
    if item.type in {"number", "date", "datetime"}:
        try:
            return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else _milliseconds(text)
        except ValueError:
            raise invalid(f"There was a problem with the request: {text} is not a {item.type}") from None
    return text.casefold()


def _milliseconds(text: str) -> float:
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000


def _equal(item: Property, value: str | None, wanted: object, _: object = None) -> bool:
    return value is not None and _key(item, value) == _key(item, wanted)


def _below(item: Property, value: str | None, wanted: object, _: object = None) -> bool:
    return value is not None and _key(item, value) < _key(item, wanted)  # type: ignore[operator]


def _among(item: Property, value: str | None, wanted: object, _: object = None) -> bool:
    return isinstance(wanted, list) and any(_equal(item, value, one) for one in wanted)


def _has_token(item: Property, value: str | None, wanted: object, _: object = None) -> bool:
    """Whether the words of `wanted` stand in the value; `*` at an end stands for more letters."""
    pattern = re.escape(str(wanted)).replace(r"\*", r"[^\s]*")
    return value is not None and re.search(rf"(?<!\w){pattern}(?!\w)", value, re.IGNORECASE) is not None


def _between(item: Property, value: str | None, low: object, high: object) -> bool:
    return value is not None and not _below(item, value, low) and not _below(item, str(high), value)


_Operator = Callable[[Property, str | None, object, object], bool]
_OPERATORS: dict[str, _Operator] = {
    "EQ": _equal,
    "NEQ": lambda item, value, wanted, _: not _equal(item, value, wanted),
    "LT": _below,
    "LTE": lambda item, value, wanted, _: _below(item, value, wanted) or _equal(item, value, wanted),
    "GT": lambda item, value, wanted, _: (
        value is not None and not _below(item, value, wanted) and not _equal(item, value, wanted)
    ),
    "GTE": lambda item, value, wanted, _: value is not None and not _below(item, value, wanted),
    "BETWEEN": _between,
    "IN": _among,
    "NOT_IN": lambda item, value, wanted, _: value is not None and not _among(item, value, wanted),
    "HAS_PROPERTY": lambda _item, value, _wanted, _high: value is not None,
    "NOT_HAS_PROPERTY": lambda _item, value, _wanted, _high: value is None,
    "CONTAINS_TOKEN": _has_token,
    "NOT_CONTAINS_TOKEN": lambda item, value, wanted, _: not _has_token(item, value, wanted),
}


def _speaks_of(kind: Kind, held: Held, words: list[str]) -> bool:
    text = " ".join(held.values.get(name, "") for name in kind.searched).casefold()
    return all(word in text for word in words)


def _sort(kind: Kind, records: list[Held], sort: object) -> None:
    """Sort in place; `"name"`, `"-name"` or `{"propertyName": .., "direction": ..}`; empty values go last."""
    if isinstance(sort, dict):
        name, descending = str(sort.get("propertyName")), sort.get("direction") == "DESCENDING"
    else:
        name, descending = str(sort).removeprefix("-"), str(sort).startswith("-")
    item = kind.by_name.get(name)
    if item is None:
        raise invalid(f"There was a problem with the request: property {name} does not exist")

    def key(held: Held) -> float | str:
        return _key(item, held.values[name])

    filled = [held for held in records if name in held.values]
    empty = [held for held in records if name not in held.values]
    records[:] = sorted(filled, key=key, reverse=descending) + empty

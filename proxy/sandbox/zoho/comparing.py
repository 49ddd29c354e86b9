"""How values are compared, in both query languages: texts without regard to case, numbers as numbers."""

import re
from collections.abc import Sequence

from proxy.sandbox.zoho.showing import cell
from proxy.sandbox.zoho.store import Held, Store, looks_up


def value_at(held: Held | None, path: Sequence[str], store: Store) -> object:
    """Return what stands at the end of a path through lookups; a record that is looked up counts as its id."""
    if held is None:
        return None
    name, *rest = path
    if rest:
        far = looks_up(held.kind, name)
        return None if far is None else value_at(store.get(far, held.values.get(name)), rest, store)
    value = cell(held, name, store)
    return value.get("id") if isinstance(value, dict) else value


def holds(value: object, operator: str, given: Sequence[str]) -> bool:
    """Say whether a comparison holds."""
    match operator:
        case "is null":
            return value is None
        case "is not null":
            return value is not None
        case "in":
            return any(_compare(value, each) == 0 for each in given)
        case "not in":
            return all(_compare(value, each) != 0 for each in given)
        case "between" | "not between":
            inside = value is not None and _compare(value, given[0]) >= 0 >= _compare(value, given[1])
            return inside is (operator == "between")
        case "like" | "not like":
            return _like(value, given[0]) is (operator == "like")
    order = _compare(value, given[0])
    if operator == "=":
        return order == 0
    if operator == "!=":
        return order != 0
    if value is None:
        return False
    return {">": order > 0, ">=": order >= 0, "<": order < 0, "<=": order <= 0}[operator]


def _compare(value: object, text: str) -> int:
    if value is None:
        return -1
    if isinstance(value, bool):
        return 0 if str(value).lower() == text.lower() else 1
    if isinstance(value, int | float):
        try:
            number = float(text)
        except ValueError:
            return -1
        return (value > number) - (value < number)
    ours, theirs = str(value).casefold(), text.casefold()
    return (ours > theirs) - (ours < theirs)


def _like(value: object, pattern: str) -> bool:
    if value is None:
        return False
    parts = [re.escape(part) for part in pattern.casefold().split("%")]
    return re.fullmatch(".*".join(parts), str(value).casefold(), re.DOTALL) is not None

"""Filters, orders and pages, as parameters with brackets say them."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from proxy.sandbox.exchange import Call
from proxy.sandbox.suitecrm.refusals import wrong
from proxy.sandbox.suitecrm.showing import attributes
from proxy.sandbox.suitecrm.store import COLUMNS, NAMES, Bean, Store

_COMPARES: Final[Mapping[str, Callable[[int], bool]]] = {
    "eq": lambda order: order == 0,
    "neq": lambda order: order != 0,
    "gt": lambda order: order > 0,
    "gte": lambda order: order >= 0,
    "lt": lambda order: order < 0,
    "lte": lambda order: order <= 0,
}
_FILTER: Final = re.compile(r"filter\[(\w+)\](?:\[(\w+)\])?")
_MOST: Final = 20
"""Beans on a page where nobody says how many."""


def chosen(call: Call, module: str, store: Store) -> list[Bean]:
    """Return the beans that a list asks for, sorted; raises SuiteError for a field or operator there is not."""
    word, tests = "and", []
    for name, values in call.arguments.items():
        found = _FILTER.fullmatch(name)
        if found is None:
            continue
        field, operator = found[1], found[2]
        if field == "operator" and operator is None:
            word = values[-1].lower()
            if word not in {"and", "or"}:
                raise wrong(f"Filter operator {word} is invalid")
        elif operator is None:
            raise wrong(f"Filter field {field} must be an array")
        else:
            tests.append(_test(module, field, operator.lower(), values[-1]))
    asked = any(name.startswith("filter[deleted]") for name in call.arguments)
    kept = [bean for bean in store.rows(module) if asked or not bean.deleted]
    join = all if word == "and" or not tests else any
    return _sorted(
        [bean for bean in kept if join(test(bean) for test in tests)], call.argument("sort"), module, store
    )


def _test(module: str, field: str, operator: str, value: str) -> Callable[[Bean], bool]:
    known = COLUMNS[module] | {"id", "date_entered", "date_modified", "deleted"}
    if field not in known:
        raise wrong(f"Filter field {field} in {NAMES[module]} module is not found")
    compare = _COMPARES.get(operator)
    if compare is None:
        raise wrong(f"Filter operator {operator} is invalid")

    def test(bean: Bean) -> bool:
        held = bean.id if field == "id" else str(bean.values.get(field, ""))
        ours, theirs = held.casefold(), value.casefold()
        return compare((ours > theirs) - (ours < theirs))

    return test


def _sorted(beans: list[Bean], sort: str | None, module: str, store: Store) -> list[Bean]:
    if not sort:
        return beans
    name = sort.lstrip("-")
    if name not in COLUMNS[module] | {"id", "name", "date_entered", "date_modified"}:
        raise wrong(f"Sort field {name} in {NAMES[module]} module is not found")
    down = sort.startswith("-")
    return sorted(beans, key=lambda bean: str({**attributes(bean, store), "id": bean.id}[name]), reverse=down)


def page(call: Call, count: int) -> tuple[int, int]:
    """Return where a page begins and how many beans it has; raises SuiteError for numbers that are none."""
    size, number = call.argument("page[size]") or str(_MOST), call.argument("page[number]") or "1"
    if not size.isdecimal() or not number.isdecimal() or int(size) < 1:
        raise wrong(f"Page size {size} is invalid")
    start = max(int(number) - 1, 0) * int(size)
    return min(start, count), int(size)

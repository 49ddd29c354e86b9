"""Facts taken at their declared types: one of another type is a fault, and never quietly unequal."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from proxy.policy.conditions.arithmetic import int64
from proxy.policy.conditions.kinds import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, Type


class Fault(Exception):
    """There is no value."""


EXACT: Final[dict[Type, type]] = {BOOL: bool, STRING: str, DURATION: timedelta}
"""Types whose values are those of one Python type, all of them."""


def reader(type_: Type) -> Callable[[object], object]:
    """Return what gives the value of a fact, and raises for one that is not of the type."""
    if type_.item is None:
        return _READERS[type_]
    item = type_.item
    wanted = EXACT.get(item)
    if wanted is None:
        read = _READERS[item]
        return lambda value: tuple(map(read, _items(value)))

    def get(value: object) -> object:
        items = _items(value)
        for each in items:
            if type(each) is not wanted:
                raise Fault
        return items

    return get


def _int(value: object) -> int:
    if type(value) is int:
        return int64(value)
    raise Fault


def _double(value: object) -> float:
    if type(value) is float:
        return value
    return float(_int(value))


def _timestamp(value: object) -> datetime:
    if type(value) is datetime and value.tzinfo is not None:
        return value
    raise Fault


def _items(value: object) -> list[object] | tuple[object, ...]:
    if type(value) is list or type(value) is tuple:
        return value
    raise Fault


_READERS: Final[dict[Type, Callable[[object], object]]] = {
    INT: _int,
    DOUBLE: _double,
    TIMESTAMP: _timestamp,
}

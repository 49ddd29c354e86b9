"""The types of values in conditions, and the values that stand for them in Python.

bool        bool
int         int, 64 bits
double      float; an int in a record is taken for one
string      str
timestamp   datetime with a time zone, years 1 to 9999
duration    timedelta, at most 2^63 nanoseconds either way
null        None
list<T>     list or tuple
set<T>      frozenset or tuple: a list without order, so it has no first item and equals nothing
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final


@dataclass(frozen=True, slots=True, eq=False)
class Type:
    """A type; `item` is that of the items of a list or set. There is one of each, made by this module."""

    name: str
    item: "Type | None" = None

    def __str__(self) -> str:
        return self.name if self.item is None else f"{self.name}<{self.item}>"


BOOL: Final = Type("bool")
INT: Final = Type("int")
DOUBLE: Final = Type("double")
STRING: Final = Type("string")
TIMESTAMP: Final = Type("timestamp")
DURATION: Final = Type("duration")
NULL: Final = Type("null")
ANY: Final = Type("any")
"""Of the items of a list that has none."""
SCALARS: Final = (BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION, NULL)
_BY_NAME: Final = {each.name: each for each in SCALARS}
_LIST: Final = re.compile(r"list<(\w+)>")


@cache
def list_of(item: Type) -> Type:
    """Return the type of lists of `item`."""
    return Type("list", item)


@cache
def set_of(item: Type) -> Type:
    """Return the type of sets of `item`."""
    return Type("set", item)


def read_type(text: str) -> Type:
    """Return the type that a connector's author writes: `string`, `list<string>`, ...

    Raises:
        ValueError: there is no such type; with the ones there are.
    """
    listed = _LIST.fullmatch(text)
    scalar = _BY_NAME.get(listed[1] if listed else text)
    if scalar is None or scalar is NULL:
        known = ", ".join(name for name in _BY_NAME if name != "null")
        raise ValueError(f'there is no type "{text}"; there are {known} and lists of them, list<string>')
    return list_of(scalar) if listed else scalar


def together(one: Type, other: Type) -> Type | None:
    """Return the type of what is either of one type or of another, None when no type is."""
    if one == other or (other == list_of(ANY) and one.name == "list"):
        return one
    return other if one == list_of(ANY) and other.name == "list" else None

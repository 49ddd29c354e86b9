"""A query that compares protected fields with what stands in the CRM for the values it names."""

import re
from dataclasses import replace
from typing import Final

from proxy.connectors.comparing import Looking, refuse
from proxy.connectors.soql.naming import meant
from proxy.connectors.soql.tree import (
    Call,
    Column,
    Compare,
    Condition,
    Expression,
    Junction,
    Not,
    Path,
    Query,
    Within,
)
from proxy.connectors.words import ObjectWords, Words

_NULL: Final = "null"
_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_PLAIN: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_EQUAL: Final = {"=": "IN", "!=": "NOT IN"}


def swapped(query: Query, object_: ObjectWords, words: Words, looking: Looking) -> Query:
    """Return the query with each comparison of a protected field put into what the CRM has.

    Args:
        query: in the connector's spelling, as `understand` leaves it.
        object_: what it starts from.
        words: those of the connector.
        looking: knows what is protected, and what stands for a value.

    Raises:
        Refused: a protected field is compared by anything but equality with a text.
    """
    swapper = _Swapper(object_, words, looking)
    columns = tuple(
        swapped(each, words.objects[object_.children[each.source].object], words, looking)
        if isinstance(each, Query)
        else each
        for each in query.columns
    )
    where = None if query.where is None else swapper.condition(query.where)
    having = None if query.having is None else swapper.condition(query.having)
    return replace(query, columns=columns, where=where, having=having)


class _Swapper:
    """Goes over the conditions of one query."""

    def __init__(self, object_: ObjectWords, words: Words, looking: Looking) -> None:
        self.object = object_
        self.words = words
        self.looking = looking

    def condition(self, condition: Condition) -> Condition:
        match condition:
            case Compare():
                return self._compared(condition)
            case Within():
                return self._within(condition)
            case Not():
                return Not(self.condition(condition.condition))
            case Junction():
                return replace(condition, conditions=tuple(map(self.condition, condition.conditions)))

    def _compared(self, condition: Compare) -> Condition:
        name, field = self._meant(condition.expression)
        if isinstance(condition.expression, Call) or condition.operator not in _EQUAL:
            self.looking.other(name, field)
            return condition
        found = self._look(name, field, (condition.value,))
        if found is None:
            return condition
        return Within(condition.expression, _EQUAL[condition.operator], found)

    def _within(self, condition: Within) -> Condition:
        name, field = self._meant(condition.expression)
        values = condition.values
        if isinstance(values, Query):
            # What is compared is two columns of the CRM, and no token is equal to another record's.
            self.looking.other(name, field)
            inner = self.words.object(values.source)
            column = values.columns[0]
            assert isinstance(column, Column)
            self.looking.other(*self._meant(column.expression, inner))
            return replace(condition, values=swapped(values, inner, self.words, self.looking))
        if isinstance(condition.expression, Call) or condition.operator not in _EQUAL.values():
            self.looking.other(name, field)
            return condition
        found = self._look(name, field, values)
        return condition if found is None else replace(condition, values=found)

    def _look(self, name: str, field: str, values: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the literals to compare with instead, None where nothing is to change."""
        if not self.looking.guarded(name, field):
            return None
        texts = [value for value in values if value != _NULL]
        if not all(value.startswith("'") for value in texts):
            refuse(name, field)
        found = self.looking.look(name, field, list(map(plain, texts)))
        if found is None or not texts:
            return None
        nulls = (_NULL,) if len(texts) < len(values) else ()
        return (*map(literal, found), *nulls)

    def _meant(self, expression: Expression, start: ObjectWords | None = None) -> tuple[str, str]:
        path = expression.argument if isinstance(expression, Call) else expression
        if path is None:
            return self.object.name, ""
        assert isinstance(path, Path)
        return meant(path, start or self.object, self.words)


def plain(text: str) -> str:
    """Return the text that a quoted literal stands for."""
    return _ESCAPE.sub(lambda found: _escaped(found[1]), text[1:-1])


def _escaped(sign: str) -> str:
    return chr(int(sign[1:], 16)) if len(sign) > 1 else _PLAIN.get(sign, sign)


def literal(text: str) -> str:
    """Return a text as a quoted literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

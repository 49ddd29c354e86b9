"""`$filter`, read and evaluated: a reading of its own, so that it can judge what a proxy sends."""

import re
from collections.abc import Callable

from proxy.sandbox.dynamics.refusals import bad_request, no_such_property
from proxy.sandbox.dynamics.store import Row, Store
from proxy.sandbox.dynamics.tables import TABLES, Table

_TOKEN = re.compile(
    r"\s*('(?:[^']|'')*'|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    r"|\d{4}-\d\d-\d\d(?:T[0-9:.]+(?:Z|[+-]\d\d:\d\d))?|-?\d+(?:\.\d+)?|[A-Za-z_]\w*|[(),/:])"
)
_FUNCTIONS: dict[str, Callable[..., object]] = {
    "contains": lambda text, part: part.lower() in text.lower(),
    "startswith": lambda text, part: text.lower().startswith(part.lower()),
    "endswith": lambda text, part: text.lower().endswith(part.lower()),
    "tolower": str.lower,
    "toupper": str.upper,
    "trim": str.strip,
    "length": len,
    "year": lambda text: int(text[:4]),
    "month": lambda text: int(text[5:7]),
    "day": lambda text: int(text[8:10]),
    "date": lambda text: text[:10],
}
_COMPARISONS: dict[str, Callable[..., bool]] = {
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
}
Scope = dict[str, tuple[Table, Row]]
Value = Callable[[Scope], object]
_WORDS = {"true": True, "false": False, "null": None}


class Filter:
    """One filter of one table."""

    def __init__(self, text: str, table: Table, store: Store) -> None:
        """Parse it; raises DataverseError if it is none."""
        self._store = store
        self._table = table
        self._tokens = self._split(text)
        self._at = 0
        self._holds = self._either({"": table})
        if self._at != len(self._tokens):
            raise bad_request(f"Syntax error at position {self._at} in '{text}'.")

    def holds(self, row: Row) -> bool:
        """Say whether a row meets it."""
        try:
            return bool(self._holds({"": (self._table, row)}))
        except (TypeError, AttributeError):
            raise bad_request("A function or operator has operands of incompatible types.") from None

    @staticmethod
    def _split(text: str) -> list[str]:
        tokens, at = [], 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None:
                raise bad_request(f"Syntax error at position {at} in '{text}'.")
            tokens.append(found[1])
            at = found.end()
        return tokens

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, wanted: str | None = None) -> str:
        token = self._next()
        if not token or (wanted is not None and token != wanted):
            raise bad_request(f"Syntax error: '{wanted}' expected, '{token}' found.")
        self._at += 1
        return token

    def _either(self, tables: dict[str, Table]) -> Value:
        parts = [self._both(tables)]
        while self._next() == "or":
            self._take()
            parts.append(self._both(tables))
        return lambda scope: any(part(scope) for part in parts)

    def _both(self, tables: dict[str, Table]) -> Value:
        parts = [self._term(tables)]
        while self._next() == "and":
            self._take()
            parts.append(self._term(tables))
        return lambda scope: all(part(scope) for part in parts)

    def _term(self, tables: dict[str, Table]) -> Value:
        if self._next() == "not":
            self._take()
            inner = self._term(tables)
            return lambda scope: not inner(scope)
        if self._next() == "(":
            self._take()
            inner = self._either(tables)
            self._take(")")
            return inner
        left = self._operand(tables)
        operator = self._next()
        if operator in {"eq", "ne", *_COMPARISONS}:
            self._take()
            return _compared(left, operator, self._operand(tables))
        if operator == "in":
            self._take()
            return self._within(left)
        return left

    def _within(self, left: Value) -> Value:
        self._take("(")
        values = [literal(self._take())]
        while self._next() == ",":
            self._take()
            values.append(literal(self._take()))
        self._take(")")
        return lambda scope: left(scope) in values

    def _operand(self, tables: dict[str, Table]) -> Value:
        token = self._take()
        if token in _FUNCTIONS and self._next() == "(":
            return self._function(token, tables)
        if re.match(r"[A-Za-z_]\w*$", token) and token not in _WORDS:
            return self._path(token, tables)
        value = literal(token)
        return lambda _scope: value

    def _function(self, name: str, tables: dict[str, Table]) -> Value:
        self._take("(")
        arguments = [self._operand(tables)]
        while self._next() == ",":
            self._take()
            arguments.append(self._operand(tables))
        self._take(")")

        def value(scope: Scope) -> object:
            given = [each(scope) for each in arguments]
            return None if None in given else _FUNCTIONS[name](*given)

        return value

    def _path(self, step: str, tables: dict[str, Table]) -> Value:
        start = step if step in tables else ""
        steps = [] if start else [step]
        table = tables[start]
        while self._next() == "/":
            self._take()
            steps.append(self._take())
        if steps[-1] in {"any", "all"} and self._next() == "(":
            return self._lambda(start, table, steps, tables)
        for each in steps[:-1]:
            if each not in table.lookups:
                raise no_such_property(table.name, each)
            table = TABLES[table.targets[each]]
        column = table.column(steps[-1])
        if column is None:
            raise no_such_property(table.name, steps[-1])

        def value(scope: Scope) -> object:
            held, row = self._follow(*scope[start], steps[:-1])
            del held
            return None if row is None else row.get(column)

        return value

    def _follow(self, table: Table, row: Row, steps: list[str]) -> tuple[Table, Row | None]:
        found: Row | None = row
        for step in steps:
            other = TABLES[table.targets[step]]
            found = None if found is None else self._store.find(other, {other.key: found[table.lookups[step]]})
            table = other
        return table, found

    def _lambda(self, start: str, table: Table, path: list[str], tables: dict[str, Table]) -> Value:
        *steps, quantifier = path
        every = quantifier == "all"
        for each in steps[:-1]:
            table = TABLES[table.targets[each]]
        if steps[-1] not in table.many:
            raise no_such_property(table.name, steps[-1])
        link, target, owner = table.many[steps[-1]], TABLES[table.targets[steps[-1]]], table
        self._take("(")
        variable, inner = "", None
        if self._next() != ")":
            variable = self._take()
            self._take(":")
            inner = self._either({**tables, variable: target})
        self._take(")")

        def value(scope: Scope) -> object:
            _, row = self._follow(*scope[start], steps[:-1])
            rows = self._store.rows(target.name) if row is not None else iter(())
            mine = [each for each in rows if row is not None and each[link] == row[owner.key]]
            if inner is None:
                return bool(mine)
            held = [inner({**scope, variable: (target, each)}) for each in mine]
            return all(held) if every else any(held)

        return value


def _compared(left: Value, operator: str, right: Value) -> Value:
    def value(scope: Scope) -> object:
        one, other = left(scope), right(scope)
        if operator in {"eq", "ne"}:
            same = _folded(one) == _folded(other)
            return same if operator == "eq" else not same
        if one is None or other is None:
            return False
        return _COMPARISONS[operator](_folded(one), _folded(other))

    return value


def _folded(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def literal(token: str) -> object:
    """Return the value of a constant."""
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    if token in _WORDS:
        return _WORDS[token]
    if re.fullmatch(r"-?\d+(\.\d+)?", token):
        return float(token) if "." in token else int(token)
    return token

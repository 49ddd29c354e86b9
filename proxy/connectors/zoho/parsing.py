"""From the text of a COQL query to its tree."""

import re
from functools import cache
from pathlib import Path as File
from typing import Final, Literal, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError

from proxy.connectors.zoho.tree import (
    Call,
    Column,
    Compare,
    Condition,
    Expression,
    Junction,
    Order,
    Path,
    Query,
)
from proxy.errors import Gap, Undecodable

MAX_LENGTH: Final = 20_000
"""Characters."""
MAX_DEPTH: Final = 30
"""Open brackets at one time."""
MAX_COLUMNS: Final = 500
MAX_CONDITIONS: Final = 100
MAX_VALUES: Final = 200
MAX_LIMIT: Final = 2_000
AGGREGATES: Final = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX"})
RESERVED: Final = frozenset(
    {
        *("select", "from", "where", "group", "order", "by", "limit", "offset", "as", "asc", "desc"),
        *("and", "or", "not", "in", "like", "between", "is", "null", "true", "false"),
    }
)
"""Words that are no names; a query where one stands as a field is not what it seems."""
_QUOTED: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_BRACKET: Final = re.compile(r"[()]")

Value = tuple[str, bool]
"""Its text, and whether it stood without quotes."""


def parse(text: str) -> Query:
    """Return the tree of a query; two texts that differ in spacing or keyword case give the same tree.

    Raises:
        Gap: not COQL, or a part of COQL that policy has no word for.
        Undecodable: too long or too deeply nested.
    """
    if len(text) > MAX_LENGTH:
        raise Undecodable("query_too_long", status=413)
    depth = 0
    for sign in _BRACKET.findall(_QUOTED.sub("", text)):
        depth += 1 if sign == "(" else -1
        if depth > MAX_DEPTH:
            raise Undecodable("query_too_deep")
    try:
        found = cast("Query", _parser().parse(text))
    except LarkError:
        raise Gap("construct", "coql") from None
    if len(found.columns) > MAX_COLUMNS or conditions(found.where) > MAX_CONDITIONS:
        raise Undecodable("too_many_items", status=413)
    return found


def conditions(condition: Condition) -> int:
    """Return how many comparisons a condition is made of."""
    if isinstance(condition, Junction):
        return conditions(condition.one) + conditions(condition.other)
    return 1


@cache
def _parser() -> Lark:
    grammar = File(__file__).with_name("coql.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_Build(), maybe_placeholders=True)


@v_args(inline=True)
class _Build(Transformer[Token, Query]):
    """Builds the tree while the text is parsed; method names are those of the grammar's rules."""

    def start(self, columns: object, module: Token, where: Condition, *rest: object) -> Query:
        group, order, limit, offset = rest
        most, after = cast("tuple[int | None, int]", limit or (None, 0))
        if offset is not None and after:
            raise Gap("construct", "coql")
        return Query(
            cast("tuple[Column, ...]", columns),
            _name(module),
            where,
            cast("tuple[Path, ...]", group or ()),
            cast("tuple[Order, ...]", order or ()),
            most,
            after if offset is None else cast("int", offset),
        )

    def columns(self, *columns: Column) -> tuple[Column, ...]:
        return columns

    def column(self, expression: Expression, alias: Token | None) -> Column:
        return Column(expression, None if alias is None else _name(alias))

    def path(self, *hops: Token) -> Path:
        return Path(tuple(map(_name, hops)))

    def call(self, name: Token, argument: Path) -> Call:
        word = name.upper()
        if word not in AGGREGATES:
            raise Gap("construct", "coql_function")
        return Call(word, argument)

    def both(self, one: Condition, other: Condition) -> Condition:
        return Junction("and", one, other)

    def either(self, one: Condition, other: Condition) -> Condition:
        return Junction("or", one, other)

    def compare(self, path: Path, operator: Token, value: Value) -> Condition:
        return _compared(path, str(operator), value)

    def like(self, path: Path, value: Value) -> Condition:
        return _compared(path, "like", value)

    def not_like(self, path: Path, value: Value) -> Condition:
        return _compared(path, "not like", value)

    def is_in(self, path: Path, *values: Value) -> Condition:
        return _compared(path, "in", *values)

    def is_not_in(self, path: Path, *values: Value) -> Condition:
        return _compared(path, "not in", *values)

    def between(self, path: Path, low: Value, high: Value) -> Condition:
        return _compared(path, "between", low, high)

    def not_between(self, path: Path, low: Value, high: Value) -> Condition:
        return _compared(path, "not between", low, high)

    def is_null(self, path: Path) -> Condition:
        return Compare(path, "is null")

    def is_not_null(self, path: Path) -> Condition:
        return Compare(path, "is not null")

    def value(self, token: Token) -> Value:
        if token.type in {"STRING", "QUOTED"}:
            return str(token)[1:-1].replace(token[0] * 2, token[0]), False
        if token.type == "NAME" and token.lower() not in {"true", "false"}:
            raise Gap("construct", "coql")
        return str(token), True

    def group(self, *paths: Path) -> tuple[Path, ...]:
        return paths

    def order(self, *keys: Order) -> tuple[Order, ...]:
        return keys

    def key(self, expression: Expression, direction: Token | None) -> Order:
        word = "" if direction is None else direction.lower()
        return Order(expression, cast("Literal['', 'asc', 'desc']", word))

    def limit(self, first: Token, second: Token | None) -> tuple[int, int]:
        most, after = (int(first), 0) if second is None else (int(second), int(first))
        if not 0 < most <= MAX_LIMIT:
            raise Gap("construct", "coql")
        return most, after

    def offset(self, number: Token) -> int:
        return int(number)


def _compared(path: Path, operator: str, *values: Value) -> Condition:
    bare = {each for _, each in values}
    if len(bare) > 1 or len(values) > MAX_VALUES:
        raise Gap("construct", "coql")
    return Compare(path, operator, tuple(text for text, _ in values), bare=True in bare)


def _name(token: Token) -> str:
    if token.lower() in RESERVED:
        raise Gap("construct", "coql")
    return str(token)

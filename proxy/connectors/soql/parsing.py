"""From the text of a query to its tree."""

import re
from functools import cache
from pathlib import Path as File
from typing import Final, Literal, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError

from proxy.connectors.soql.tree import (
    AGGREGATES,
    DATE_FUNCTIONS,
    Call,
    Column,
    Compare,
    Condition,
    Expression,
    FieldSet,
    Junction,
    Not,
    Order,
    Path,
    Query,
    Search,
    Within,
)
from proxy.errors import Gap, Undecodable

MAX_LENGTH: Final = 20_000
"""Characters; Salesforce takes 100,000, but not in the URL of a GET."""
MAX_DEPTH: Final = 20
"""Open parentheses at one time."""
MAX_LIMIT: Final = 10**9

RESERVED: Final = frozenset(
    {
        *("AND", "ASC", "DESC", "EXCLUDES", "FIRST", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST"),
        *("LIKE", "LIMIT", "NOT", "NULL", "NULLS", "OR", "SELECT", "USING", "WHERE", "WITH"),
    }
)
"""Words that Salesforce takes for no name; a query where one stands as a field is not what it seems."""
_WORDS: Final = frozenset({"null", "true", "false"})
_DATE_WORDS: Final = frozenset(
    {
        *(
            "YESTERDAY",
            "TODAY",
            "TOMORROW",
            "LAST_WEEK",
            "THIS_WEEK",
            "NEXT_WEEK",
            "LAST_MONTH",
            "THIS_MONTH",
        ),
        *("NEXT_MONTH", "LAST_90_DAYS", "NEXT_90_DAYS", "THIS_QUARTER", "LAST_QUARTER", "NEXT_QUARTER"),
        *("THIS_YEAR", "LAST_YEAR", "NEXT_YEAR", "THIS_FISCAL_QUARTER", "LAST_FISCAL_QUARTER"),
        *("NEXT_FISCAL_QUARTER", "THIS_FISCAL_YEAR", "LAST_FISCAL_YEAR", "NEXT_FISCAL_YEAR"),
    }
)
_COUNTED_DATE_WORD: Final = re.compile(
    r"(LAST_N|NEXT_N)_(DAYS|WEEKS|MONTHS|QUARTERS|YEARS|FISCAL_QUARTERS|FISCAL_YEARS):[0-9]+"
    r"|N_(DAYS|WEEKS|MONTHS|QUARTERS|YEARS|FISCAL_QUARTERS|FISCAL_YEARS)_AGO:[0-9]+"
)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SPACE: Final = " \t\r\n\f"
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'")
_PARENTHESIS: Final = re.compile(r"[()]")


def parse(text: str) -> Query:
    """Return the tree of a query; two texts that differ in spacing or keyword case give the same tree.

    Raises:
        Gap: not SOQL, or a part of SOQL that policy has no word for.
        Undecodable: too long or too deeply nested.
    """
    return cast("Query", _parsed(text, "start", "soql"))


def parse_search(text: str) -> Search:
    """Return the tree of a search in SOSL.

    Raises:
        Gap: not SOSL, or a part of SOSL that policy has no word for.
        Undecodable: too long or too deeply nested.
    """
    return cast("Search", _parsed(text, "search", "sosl"))


def _parsed(text: str, start: str, reason: str) -> object:
    if len(text) > MAX_LENGTH:
        raise Undecodable("query_too_long", status=414)
    depth = 0
    for sign in _PARENTHESIS.findall(_QUOTED.sub("", text)):
        depth += 1 if sign == "(" else -1
        if depth > MAX_DEPTH:
            raise Undecodable("query_too_deep")
    try:
        return _parser().parse(text, start=start)
    except LarkError:
        raise Gap("construct", reason) from None


@cache
def _parser() -> Lark:
    grammar = File(__file__).with_name("soql.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", start=["start", "search"], transformer=_Build(), maybe_placeholders=True)


@v_args(inline=True)
class _Build(Transformer[Token, Query]):
    """Builds the tree while the text is parsed; method names are those of the grammar's rules."""

    def start(self, query: Query) -> Query:
        return query

    def query(self, *parts: object) -> Query:
        columns, source, alias, where, group, having, order, limit, offset = parts
        return Query(
            columns=cast("tuple[Column | FieldSet | Query, ...]", columns),
            source=str(source),
            alias=None if alias is None else _name(cast("Token", alias)),
            where=cast("Condition | None", where),
            group=cast("tuple[Expression, ...]", group or ()),
            having=cast("Condition | None", having),
            order=cast("tuple[Order, ...]", order or ()),
            limit=cast("int | None", limit),
            offset=cast("int | None", offset),
        )

    def search(self, term: Token, scope: str | None, returned: object, limit: object) -> Search:
        found = cast("tuple[Query, ...]", returned or ())
        return Search(term[1:-1], scope or "", found, cast("int | None", limit))

    def scope(self, name: Token) -> str:
        return name.upper()

    def returning(self, *objects: Query) -> tuple[Query, ...]:
        return objects

    def returned(self, source: Token, *parts: object) -> Query:
        columns, where, order, limit, offset = parts
        return Query(
            columns=cast("tuple[Column, ...]", columns or (Column(Path(("Id",))),)),
            source=_name(source),
            where=cast("Condition | None", where),
            order=cast("tuple[Order, ...]", order or ()),
            limit=cast("int | None", limit),
            offset=cast("int | None", offset),
        )

    def named(self, *paths: Path) -> tuple[Column, ...]:
        return tuple(map(Column, paths))

    def columns(self, *columns: object) -> tuple[object, ...]:
        return columns

    def paths(self, token: Token) -> tuple[Column, ...]:
        return tuple(Column(Path(_hops(text.strip(_SPACE)))) for text in token.split(","))

    def column(self, expression: Expression | FieldSet, alias: Token | None) -> Column | FieldSet:
        if isinstance(expression, FieldSet):
            if alias is not None:
                raise Gap("construct", "soql_alias")
            return expression
        return Column(expression, None if alias is None else _name(alias))

    def path(self, *hops: Token) -> Path:
        return Path(tuple(map(_name, hops)))

    def call(self, name: Token, argument: Path | None) -> Call | FieldSet:
        word = name.upper()
        if word == "FIELDS" and argument is not None and len(argument.hops) == 1:
            kind = argument.hops[0].upper()
            if kind in {"ALL", "STANDARD", "CUSTOM"}:
                return FieldSet(kind)
        if word not in AGGREGATES | DATE_FUNCTIONS or (argument is None and word != "COUNT"):
            raise Gap("construct", "soql_function")
        return Call(word, argument)

    def where(self, condition: Condition) -> Condition:
        return condition

    def having(self, condition: Condition) -> Condition:
        return condition

    def group(self, *expressions: Expression) -> tuple[Expression, ...]:
        return tuple(_plain(each) for each in expressions)

    def order(self, *keys: Order) -> tuple[Order, ...]:
        return keys

    def order_key(self, expression: Expression, direction: Token | None, nulls: Token | None) -> Order:
        return Order(
            _plain(expression),
            cast("Literal['', 'ASC', 'DESC']", "" if direction is None else direction.upper()),
            cast("Literal['', 'FIRST', 'LAST']", "" if nulls is None else nulls.upper()),
        )

    def limit(self, number: Token) -> int:
        return _count(number)

    def offset(self, number: Token) -> int:
        return _count(number)

    def any_of(self, *conditions: Condition) -> Condition:
        return conditions[0] if len(conditions) == 1 else Junction("OR", _flat("OR", conditions))

    def all_of(self, *conditions: Condition) -> Condition:
        return conditions[0] if len(conditions) == 1 else Junction("AND", _flat("AND", conditions))

    def negation(self, condition: Condition) -> Condition:
        return Not(condition)

    def compare(self, expression: Expression, operator: Token, value: str) -> Condition:
        return Compare(_plain(expression), "!=" if operator == "<>" else str(operator), value)

    def like(self, expression: Expression, value: str) -> Condition:
        return Compare(_plain(expression), "LIKE", value)

    def is_in(self, expression: Expression, values: tuple[str, ...] | Query) -> Condition:
        return Within(_plain(expression), "IN", values)

    def is_not_in(self, expression: Expression, values: tuple[str, ...] | Query) -> Condition:
        return Within(_plain(expression), "NOT IN", values)

    def includes(self, expression: Expression, values: tuple[str, ...] | Query) -> Condition:
        return Within(_plain(expression), "INCLUDES", values)

    def excludes(self, expression: Expression, values: tuple[str, ...] | Query) -> Condition:
        return Within(_plain(expression), "EXCLUDES", values)

    def values(self, *values: str) -> tuple[str, ...]:
        return values

    def value(self, token: Token) -> str:
        if token.type == "NAME":
            return _word(token)
        if token.type == "DATE_WORD":
            if not _COUNTED_DATE_WORD.fullmatch(token.upper()):
                raise Gap("construct", "soql_literal")
            return token.upper()
        return str(token)


def _name(token: str) -> str:
    if token.upper() in RESERVED:
        raise Gap("construct", "soql")
    return str(token)


def _hops(text: str) -> tuple[str, ...]:
    """Return the names of a path that the lexer took in one piece."""
    hops = tuple(text.split("."))
    if not all(map(_NAME.fullmatch, hops)):
        raise Gap("construct", "soql")
    return tuple(map(_name, hops))


def _word(token: Token) -> str:
    if token.lower() in _WORDS:
        return token.lower()
    if token.upper() in _DATE_WORDS:
        return token.upper()
    raise Gap("construct", "soql_literal")


def _plain(expression: Expression | FieldSet) -> Expression:
    if isinstance(expression, FieldSet):
        raise Gap("construct", "soql_function")
    return expression


def _count(number: Token) -> int:
    value = int(number)
    if not 0 <= value <= MAX_LIMIT:
        raise Gap("construct", "soql_literal")
    return value


def _flat(word: str, conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Return the conditions with a parenthesised junction of the same word taken apart."""
    found: list[Condition] = []
    for each in conditions:
        if isinstance(each, Junction) and each.word == word:
            found.extend(each.conditions)
        else:
            found.append(each)
    return tuple(found)

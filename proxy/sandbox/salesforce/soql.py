"""SOQL text -> a tree of frozen values. The grammar is the subset the sandbox understands.

This reader shares nothing with the proxy's own: it is there to disagree with it. Like the real one it
refuses AND and OR side by side without parentheses, and knows no `SELECT *`.
"""

import re
from dataclasses import replace
from functools import cache
from typing import Any, Final

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from proxy.sandbox.salesforce.refusals import SalesforceError, at_place, malformed_query
from proxy.sandbox.salesforce.soql_tree import (
    Column,
    Compare,
    Condition,
    Const,
    Every,
    Function,
    Not,
    Order,
    Path,
    Query,
    Some,
)

# Keywords are words: `(?![\w.])` keeps `Order.Name` and `Limit__c` out of them.
_KEYWORDS = (
    "SELECT FROM WHERE AND OR NOT IN LIKE INCLUDES EXCLUDES GROUP BY HAVING ORDER ASC DESC NULLS FIRST LAST"
)
_KEYWORDS += " LIMIT OFFSET WITH FOR TRUE FALSE NULL"
_RULES: Final = r"""
start: query
query: SELECT column ("," column)* FROM PATH PATH? where? mode? group? having? order? limit? offset? usage?
?column: operand PATH? | "(" query ")"
operand: PATH | function
function: PATH "(" PATH? ")"
where: WHERE condition
mode: WITH PATH
group: GROUP BY operand ("," operand)*
having: HAVING condition
order: ORDER BY ordering ("," ordering)*
ordering: operand (ASC | DESC)? (NULLS (FIRST | LAST))?
limit: LIMIT NUMBER
offset: OFFSET NUMBER
usage: FOR PATH
?condition: unit | unit (AND unit)+ -> every | unit (OR unit)+ -> some
?unit: NOT unit -> negated | "(" condition ")" | comparison
comparison: operand OPERATOR value | operand LIKE value | operand membership
membership: (IN | NOT IN | INCLUDES | EXCLUDES) (values | "(" query ")")
values: "(" value ("," value)* ")"
value: STRING | DATETIME | DATE | NUMBER | TRUE | FALSE | NULL | days
days: PATH (":" NUMBER)?
OPERATOR: "=" | "!=" | "<>" | "<=" | ">=" | "<" | ">"
STRING: /'(\\.|[^'\\])*'/s
DATETIME.4: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)/
DATE.3: /\d{4}-\d\d-\d\d/
NUMBER: /[+-]?\d+(\.\d+)?/
PATH: /[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*/
%ignore /\s+/
"""
_GRAMMAR: Final = _RULES + "\n".join(rf"{word}.2: /{word}(?![\w.])/i" for word in _KEYWORDS.split())

_ESCAPES: Final = {
    "n": "\n",
    "N": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    '"': '"',
    "'": "'",
    "\\": "\\",
}
_DAYS: Final = re.compile(
    r"(?i)(TODAY|YESTERDAY|TOMORROW|THIS_WEEK|LAST_WEEK|THIS_MONTH|LAST_MONTH|THIS_YEAR|LAST_YEAR"
    r"|(?:LAST|NEXT)_N_(?:DAYS|MONTHS|YEARS):\d+|LAST_90_DAYS|NEXT_90_DAYS)"
)


def unquoted(literal: str) -> str:
    """Return what a string literal means; an escape SOQL does not know raises ValueError."""

    def plain(match: re.Match[str]) -> str:
        if match[1].startswith("u") and len(match[1]) == 5:
            return chr(int(match[1][1:], 16))
        if match[1] in {"%", "_"}:
            return match[1]
        if match[1] not in _ESCAPES:
            raise ValueError(match[1])
        return _ESCAPES[match[1]]

    return re.sub(r"\\(u[0-9A-Fa-f]{4}|.)", plain, literal[1:-1], flags=re.DOTALL)


def _path(token: Token) -> Path:
    return Path(tuple(token.split(".")), token.start_pos or 0)


@v_args(inline=True)
class _Build(Transformer[Token, Query]):
    """Lark's tree, bottom up, to our values."""

    def start(self, query: Query) -> Query:
        return query

    def operand(self, what: Token | Function) -> Path | Function:
        return what if isinstance(what, Function) else _path(what)

    def function(self, name: Token, argument: Token | None = None) -> Function:
        return Function(name.upper(), None if argument is None else _path(argument), name.start_pos or 0)

    def column(self, what: Path | Function | Query, alias: Token | None = None) -> Column:
        return Column(what, None if alias is None else str(alias))

    def days(self, word: Token, count: Token | None = None) -> Const:
        text = f"{word}:{count}" if count else str(word)
        if not _DAYS.fullmatch(text):
            raise malformed_query(f"unexpected token: '{word}'")
        return Const("days", text.upper(), text, word.start_pos or 0)

    def value(self, token: Token | Const) -> Const:
        if isinstance(token, Const):
            return token
        at, raw = token.start_pos or 0, str(token)
        match token.type:
            case "STRING":
                return Const("string", unquoted(raw), raw[1:-1], at)
            case "NUMBER":
                return Const("number", float(raw), raw, at)
            case "TRUE" | "FALSE":
                return Const("boolean", token.type == "TRUE", raw, at)
            case "NULL":
                return Const("null", None, raw, at)
            case _:
                return Const("date" if token.type == "DATE" else "datetime", raw, raw, at)

    def values(self, *items: Const) -> tuple[Const, ...]:
        return items

    def membership(self, *parts: object) -> tuple[str, object]:
        return " ".join(str(part).upper() for part in parts[:-1]), parts[-1]

    def comparison(self, left: Path | Function, *rest: object) -> Compare:
        op, right = rest[0] if isinstance(rest[0], tuple) else rest
        text = "!=" if op == "<>" else str(op).upper()
        return Compare(left, text, right)  # type: ignore[arg-type]

    def negated(self, _: Token, term: Condition) -> Not:
        return Not(term)

    def every(self, *terms: Condition | Token) -> Every:
        return Every(tuple(term for term in terms if not isinstance(term, Token)))

    def some(self, *terms: Condition | Token) -> Some:
        return Some(tuple(term for term in terms if not isinstance(term, Token)))

    def ordering(self, by: Path | Function, *words: Token) -> Order:
        kinds = {word.type for word in words}
        return Order(by, "DESC" in kinds, "LAST" in kinds)

    def where(self, _: Token, condition: Condition) -> tuple[str, object]:
        return "where", condition

    def having(self, _: Token, condition: Condition) -> tuple[str, object]:
        return "having", condition

    def group(self, _group: Token, _by: Token, *paths: Path | Function) -> tuple[str, object]:
        return "groups", paths

    def order(self, _order: Token, _by: Token, *orders: Order) -> tuple[str, object]:
        return "orders", orders

    def limit(self, _: Token, number: Token) -> tuple[str, object]:
        return "limit", int(number)

    def offset(self, _: Token, number: Token) -> tuple[str, object]:
        return "offset", int(number)

    def mode(self, *_: Token) -> None:
        return None

    def usage(self, *_: Token) -> None:
        return None

    def query(self, *parts: object) -> Query:
        columns = tuple(_as_column(part) for part in parts if isinstance(part, Column | Path | Function | Query))
        names = [part for part in parts if isinstance(part, Token) and part.type == "PATH"]
        query = Query(columns, _path(names[0]), str(names[1]) if len(names) > 1 else None)
        clauses: dict[str, Any] = dict(part for part in parts if isinstance(part, tuple))
        return replace(query, **clauses)


def _as_column(part: object) -> Column:
    return part if isinstance(part, Column) else Column(part)  # type: ignore[arg-type]


@cache
def _parser() -> Lark:
    """Return the parser, made when the first query comes: it takes most of a second, and whoever only starts
    a proxy never needs it."""
    return Lark(_GRAMMAR, parser="lalr", propagate_positions=False)


def parse(text: str) -> Query:
    """Return what the query says.

    Raises:
        SalesforceError: MALFORMED_QUERY, quoting the text around the place as the real service does.
    """
    try:
        return _Build().transform(_parser().parse(text))
    except UnexpectedToken as problem:
        at = problem.token.start_pos
        word = "<EOF>" if problem.token.type == "$END" else str(problem.token)
        place = len(text) if at is None or word == "<EOF>" else at
        raise at_place("MALFORMED_QUERY", text, place, f"unexpected token: '{word}'") from None
    except UnexpectedCharacters as problem:
        at = problem.pos_in_stream or 0
        message = f"unexpected token: '{text[at]}'"
        raise at_place("MALFORMED_QUERY", text, at, message) from None
    except VisitError as problem:
        if isinstance(problem.orig_exc, SalesforceError):
            raise problem.orig_exc from None
        raise malformed_query("Invalid string literal. Illegal character sequence") from None
    except UnexpectedInput:
        raise malformed_query("unexpected token") from None

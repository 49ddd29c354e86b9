"""From the text of OData query options to their tree."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path as File
from typing import Any, Final, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError, VisitError

from proxy.connectors.odata.tree import (
    Apply,
    Call,
    Compare,
    Computed,
    Condition,
    Expand,
    Junction,
    Literal,
    Not,
    Operand,
    Options,
    Order,
    Path,
    Quantified,
    Within,
)
from proxy.errors import ExchangeError, Gap, Undecodable

MAX_LENGTH: Final = 12_000
"""Characters of one option; Dataverse takes 32,768 for a whole URL."""
MAX_DEPTH: Final = 20
"""Open parentheses at one time."""
MAX_TOP: Final = 5_000

ARITY: Final = {
    **dict.fromkeys(("contains", "startswith", "endswith"), 2),
    **dict.fromkeys(("tolower", "toupper", "trim", "length"), 1),
    **dict.fromkeys(("year", "month", "day", "hour", "minute", "second", "date"), 1),
}
"""Function -> how many arguments it takes."""
PREDICATES: Final = frozenset({"contains", "startswith", "endswith"})
"""Functions that are a condition by themselves; no other is."""
STARTS: Final = ("condition", "orderby", "expand", "apply", "names", "literal")

_QUOTED: Final = re.compile(r"'(?:[^']|'')*'")
_PARENTHESIS: Final = re.compile(r"[()]")

Aliases = Mapping[str, str]
"""`@name` -> the text of the literal it stands for."""


def options(given: Mapping[str, str], aliases: Aliases) -> Options:
    """Return the tree of a request's query options, by their names with `$`.

    Raises:
        Gap: an option, or a part of one, that policy has no word for; an alias nobody explained.
        Undecodable: too long or too deeply nested.
    """
    found: dict[str, Any] = {}
    known = {name: cast("Literal", _parse("literal", text, {})) for name, text in aliases.items()}
    for name, text in given.items():
        member, read = _OPTIONS[name]
        found[member] = read(text, known)
    return Options(**found)


def _parse(start: str, text: str, aliases: Mapping[str, Literal]) -> object:
    if len(text) > MAX_LENGTH:
        raise Undecodable("query_too_long", status=414)
    depth = 0
    for sign in _PARENTHESIS.findall(_QUOTED.sub("", text)):
        depth += 1 if sign == "(" else -1
        if depth > MAX_DEPTH:
            raise Undecodable("query_too_deep")
    try:
        return _Build(aliases).transform(_parser().parse(text, start=start))
    except VisitError as error:
        if isinstance(error.orig_exc, ExchangeError):
            raise error.orig_exc from None
        raise Gap("construct", "odata") from None
    except LarkError:
        raise Gap("construct", "odata") from None


@cache
def _parser() -> Lark:
    grammar = File(__file__).with_name("odata.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", start=list(STARTS), maybe_placeholders=True)


def _read(start: str) -> Callable[[str, Mapping[str, Literal]], object]:
    return lambda text, aliases: _parse(start, text, aliases)


def _condition(text: str, aliases: Mapping[str, Literal]) -> object:
    return _true(cast("Condition", _parse("condition", text, aliases)))


def _top(text: str, _aliases: Mapping[str, Literal]) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 4 or int(text) > MAX_TOP:
        raise Gap("construct", "odata_literal")
    return int(text)


def _flag(text: str, _aliases: Mapping[str, Literal]) -> bool:
    if text not in {"true", "false"}:
        raise Gap("construct", "odata_literal")
    return text == "true"


def _text(text: str, _aliases: Mapping[str, Literal]) -> str:
    if not text.strip() or len(text) > MAX_LENGTH:
        raise Gap("construct", "odata_literal")
    return text


_OPTIONS: Final[Mapping[str, tuple[str, Callable[[str, Mapping[str, Literal]], object]]]] = {
    "$select": ("select", _read("names")),
    "$filter": ("condition", _condition),
    "$orderby": ("order", _read("orderby")),
    "$top": ("top", _top),
    "$expand": ("expand", _read("expand")),
    "$count": ("count", _flag),
    "$apply": ("apply", _read("apply")),
    "$search": ("search", _text),
}
NAMES: Final = frozenset(_OPTIONS)
"""The options there are words for."""


def _true(found: Condition) -> Condition:
    """Return a condition that is one; a function of a text or a date is a value."""
    if isinstance(found, Call) and found.name not in PREDICATES:
        raise Gap("construct", "odata_function")
    return found


@v_args(inline=True)
class _Build(Transformer[Token, object]):
    """Builds the tree; method names are those of the grammar's rules."""

    def __init__(self, aliases: Mapping[str, Literal]) -> None:
        super().__init__()
        self._aliases = aliases

    def any_of(self, *conditions: Condition) -> Condition:
        return _joined("or", conditions)

    def all_of(self, *conditions: Condition) -> Condition:
        return _joined("and", conditions)

    def negation(self, condition: Condition) -> Condition:
        return Not(_true(condition))

    def compare(self, left: Operand, operator: Token, right: Operand) -> Condition:
        return Compare(left, str(operator), right)

    def within(self, operand: Operand, *values: Literal) -> Condition:
        return Within(operand, values)

    def quantified(self, *parts: Token | Condition | None) -> Condition:
        *steps, quantifier, variable, body = parts
        condition = cast("Condition | None", body)
        if condition is None and quantifier != "any":
            raise Gap("construct", "odata")
        inner = None if condition is None else _true(condition)
        path = Path(tuple(map(str, steps)))
        return Quantified(path, str(quantifier), "" if variable is None else str(variable), inner)

    def call(self, name: Token, *arguments: Operand | None) -> Call:
        given = tuple(each for each in arguments if each is not None)
        if len(given) != ARITY[name] or any(_is_predicate(each) for each in given):
            raise Gap("construct", "odata_function")
        return Call(str(name), given)

    def path(self, *steps: Token) -> Path:
        return Path(tuple(map(str, steps)))

    def literal(self, token: Token) -> Literal:
        if token.type != "ALIAS":
            return Literal(str(token))
        if token not in self._aliases:
            raise Gap("construct", "odata_alias")
        return self._aliases[token]

    def names(self, *names: Token) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(str, names)))

    def orderby(self, *keys: Order) -> tuple[Order, ...]:
        return keys

    def key(self, path: Path, direction: Token | None) -> Order:
        return Order(path, "" if direction is None else str(direction))

    def expand(self, *expanded: Expand) -> tuple[Expand, ...]:
        if len({each.name for each in expanded}) != len(expanded):
            raise Gap("construct", "odata")
        return expanded

    def expanded(self, name: Token, *given: tuple[str, object] | None) -> Expand:
        pairs = [each for each in given if each is not None]
        if len({member for member, _ in pairs}) != len(pairs):
            raise Gap("construct", "odata")
        return Expand(str(name), Options(**cast("dict[str, Any]", dict(pairs))))

    def select_option(self, names: tuple[str, ...]) -> tuple[str, object]:
        return "select", names

    def filter_option(self, condition: Condition) -> tuple[str, object]:
        return "condition", _true(condition)

    def orderby_option(self, keys: tuple[Order, ...]) -> tuple[str, object]:
        return "order", keys

    def top_option(self, number: Token) -> tuple[str, object]:
        return "top", _top(str(number), {})

    def expand_option(self, expanded: tuple[Expand, ...]) -> tuple[str, object]:
        return "expand", expanded

    def apply(self, condition: Condition | None, rest: Apply) -> Apply:
        return Apply(None if condition is None else _true(condition), rest.group, rest.columns)

    def groupby(self, *parts: Token | Apply | None) -> Apply:
        *names, columns = parts
        group = tuple(dict.fromkeys(map(str, names)))
        return Apply(None, group, columns.columns if isinstance(columns, Apply) else ())

    def aggregate(self, *columns: Computed) -> Apply:
        return Apply(None, (), columns)

    def summed(self, field: Token, method: Token, alias: Token) -> Computed:
        return Computed(str(field), str(method), str(alias))

    def counted(self, alias: Token) -> Computed:
        return Computed("", "$count", str(alias))


def _is_predicate(operand: Operand) -> bool:
    return isinstance(operand, Call) and operand.name in PREDICATES


def _joined(word: str, conditions: tuple[Condition, ...]) -> Condition:
    found: list[Condition] = []
    for each in map(_true, conditions):
        found.extend(each.conditions if isinstance(each, Junction) and each.word == word else (each,))
    return found[0] if len(found) == 1 else Junction(word, tuple(found))

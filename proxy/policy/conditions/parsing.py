"""From the text of a condition to its tree."""

import re
from functools import cache
from pathlib import Path as File
from typing import Final, Literal, NoReturn, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from proxy.policy.conditions.escapes import unescaped
from proxy.policy.conditions.flaws import LIMIT, LITERAL, SYNTAX, At, Flaw, Flawed
from proxy.policy.conditions.syntax import (
    Binary,
    Call,
    Choice,
    Constant,
    Expr,
    Fold,
    Has,
    Index,
    Listing,
    Name,
    Negative,
    Not,
    Select,
    junction,
    parts,
    size,
)

MAX_BYTES: Final = 2048
"""Of UTF-8; Kubernetes takes 16 KiB of CEL, but a condition is to be read by a reviewer."""
MAX_DEPTH: Final = 32
"""Expressions within expressions, what CEL requires of an implementation; brackets do not count."""
MAX_INT: Final = 2**63 - 1
RESERVED: Final = frozenset(
    {
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop"),
        *("package", "namespace", "return", "var", "void", "while"),
    }
)
"""Words that CEL keeps for the languages around it; they may be members, but not names."""
_INSTEAD: Final = {
    "=": "use == to compare",
    "&": "use && for and",
    "|": "use || for or",
    "and": "use && for and",
    "or": "use || for or",
    "{": "there are no maps in conditions",
    "'": "the text is not closed on its line",
    '"': "the text is not closed on its line",
}


def parse(text: str) -> Expr:
    """Return the tree of a condition; texts that differ in spacing or redundant brackets give equal trees.

    Raises:
        Flawed: not in the language, or beyond its limits; with one flaw.
    """
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        _refuse(At(), LIMIT, f"a condition has at most {MAX_BYTES} bytes; name parts of it in variables")
    try:
        expr = cast("Expr", _parser().parse(text))
    except UnexpectedInput as error:
        raise Flawed([_unexpected(text, error)]) from None
    if size(expr)[1] > MAX_DEPTH:
        _refuse(At(), LIMIT, f"a condition is at most {MAX_DEPTH} deep; name parts of it in variables")
    _check_integers(expr)
    return expr


@cache
def _parser() -> Lark:
    grammar = File(__file__).with_name("condition.lark").read_text(encoding="utf-8")
    # Not the contextual lexer: `in` is a word of the language everywhere, also after a point.
    return Lark(grammar, parser="lalr", lexer="basic", transformer=_Build(), maybe_placeholders=True)


@v_args(inline=True)
class _Build(Transformer[Token, Expr]):
    """Builds the tree while the text is parsed; method names are those of the grammar's rules.

    A tree stands where its first token stands.
    """

    def choice(self, test: Expr, then: Expr, otherwise: Expr) -> Expr:
        return Choice(test, then, otherwise, test.at)

    def either(self, *items: Expr) -> Expr:
        return junction("||", items, items[0].at)

    def both(self, *items: Expr) -> Expr:
        return junction("&&", items, items[0].at)

    def binary(self, left: Expr, op: Token, right: Expr) -> Expr:
        return Binary(str(op), left, right, left.at)

    def negation(self, *signs: Token | Expr) -> Expr:
        *nots, of = signs
        return Not(cast("Expr", of), _at(nots[0])) if len(nots) % 2 else cast("Expr", of)

    def minus(self, *signs: Token | Expr) -> Expr:
        # As in CEL two minuses are none, also before the one int whose negative is no int.
        *minuses, last = signs
        of, at = cast("Expr", last), _at(minuses[0])
        if len(minuses) % 2 == 0:
            return of
        if isinstance(of, Constant) and type(of.value) in (int, float) and not _is_negative(of):
            return Constant(-cast("float", of.value), at)
        return Negative(of, at)

    def select(self, of: Expr, name: Token) -> Expr:
        return Select(of, str(name), of.at)

    def index(self, of: Expr, key: Expr) -> Expr:
        if isinstance(key, Constant) and isinstance(key.value, str):
            return Select(of, key.value, of.at)
        return Index(of, key, of.at)

    def method(self, of: Expr, name: Token, args: tuple[Expr, ...] | None) -> Expr:
        word = str(name)
        if word not in ("exists", "all"):
            return Call(word, args or (), of, _at(name))
        if args is None or len(args) != 2 or not isinstance(args[0], Name):
            _refuse(_at(name), SYNTAX, f"{word} takes a name and a condition: list.{word}(x, x != ...)")
        return Fold(cast('Literal["exists", "all"]', word), of, args[0].name, args[1], of.at)

    def call(self, name: Token, args: tuple[Expr, ...] | None) -> Expr:
        if name != "has":
            return Call(_word(name), args or (), None, _at(name))
        if args is None or len(args) != 1 or not isinstance(args[0], Select):
            _refuse(_at(name), SYNTAX, "has takes one attribute: has(resource.country)")
        return Has(args[0], _at(name))

    def name(self, name: Token) -> Expr:
        return Name(_word(name), _at(name))

    def arguments(self, *args: Expr) -> tuple[Expr, ...]:
        return args

    def listing(self, bracket: Token, items: tuple[Expr, ...] = ()) -> Expr:
        return Listing(items, _at(bracket))

    def true(self, token: Token) -> Expr:
        return Constant(value=True, at=_at(token))

    def false(self, token: Token) -> Expr:
        return Constant(value=False, at=_at(token))

    def null(self, token: Token) -> Expr:
        return Constant(None, _at(token))

    def integer(self, token: Token) -> Expr:
        return Constant(int(token), _at(token))

    def hexadecimal(self, token: Token) -> Expr:
        return Constant(int(token, 16), _at(token))

    def double(self, token: Token) -> Expr:
        return Constant(float(token), _at(token))

    def raw(self, token: Token) -> Expr:
        return Constant(str(token[2:-1]), _at(token))

    def string(self, token: Token) -> Expr:
        try:
            return Constant(unescaped(token[1:-1]), _at(token))
        except ValueError as error:
            _refuse(_at(token), LITERAL, str(error))


def _at(token: object) -> At:
    assert isinstance(token, Token)
    return At(token.line or 1, token.column or 1)


def _word(token: Token) -> str:
    if token in RESERVED:
        _refuse(_at(token), SYNTAX, f'"{token}" is a reserved word')
    return str(token)


def _is_negative(number: Constant) -> bool:
    return repr(number.value).startswith("-")


def _check_integers(expr: Expr) -> None:
    """Refuse what does not fit 64 bits; after parsing, for -2^63 is written with a number that does not."""
    if isinstance(expr, Constant) and type(expr.value) is int and not -MAX_INT - 1 <= expr.value <= MAX_INT:
        _refuse(expr.at, LITERAL, "an int has 64 bits")
    for each in parts(expr):
        _check_integers(each)


def _refuse(at: At, code: str, message: str) -> NoReturn:
    raise Flawed([Flaw(at, code, message)])


def _unexpected(text: str, error: UnexpectedInput) -> Flaw:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return Flaw(_end(text), SYNTAX, "the condition ends too early" if text.strip() else "no condition")
    word = error.char if isinstance(error, UnexpectedCharacters) else str(getattr(error, "token", ""))
    instead = _INSTEAD.get(word)
    message = f'unexpected "{word}"' + (f": {instead}" if instead else "")
    return Flaw(At(error.line, error.column), SYNTAX, message)


def _end(text: str) -> At:
    lines = re.split(r"\n", text)
    return At(len(lines), len(lines[-1]) + 1)

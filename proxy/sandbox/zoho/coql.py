"""COQL as the sandbox reads it: words, one after the other, and no more than it needs."""

import re
from dataclasses import dataclass
from typing import Final

from proxy.sandbox.zoho.refusals import ZohoError, invalid_query

Path = tuple[str, ...]
FUNCTIONS: Final = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX"})
MOST: Final = 2_000
MOST_OFFSET: Final = 100_000
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|(?P<sign>!=|>=|<=|[=<>(),*])"
    r"|(?P<word>[A-Za-z0-9_$.:+-]+))"
)
_CLAUSES: Final = frozenset({"from", "where", "group", "order", "limit", "offset"})
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")


@dataclass(frozen=True, slots=True)
class Column:
    """What is shown: a path, or what a function makes of it."""

    path: Path
    function: str = ""
    alias: str = ""

    @property
    def name(self) -> str:
        """What it is called in the answer."""
        return self.alias or (
            f"{self.function}({'.'.join(self.path)})" if self.function else ".".join(self.path)
        )


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison."""

    path: Path
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two conditions joined by one word."""

    word: str
    one: "Condition"
    other: "Condition"


Condition = Term | Pair


@dataclass(frozen=True, slots=True)
class Query:
    """A query."""

    columns: tuple[Column, ...]
    module: str
    where: Condition | None
    group: tuple[Path, ...] = ()
    order: tuple[tuple[Column, bool], ...] = ()
    """With whether it goes down."""
    limit: int = MOST
    offset: int = 0


def parse(text: str) -> Query:
    """Return a query; raises ZohoError where it is none."""
    return _Reader(text).query()


class _Reader:
    """Goes over the words of a query."""

    def __init__(self, text: str) -> None:
        self._words: list[tuple[str, str]] = []
        at, text = 0, text.strip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise invalid_query(text[at : at + 10])
            self._words.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self._at = 0

    # ---- words -------------------------------------------------------------------------------------------

    def _next(self) -> tuple[str, str]:
        word = self._words[self._at] if self._at < len(self._words) else ("end", "")
        self._at += 1
        return word

    def _is(self, *texts: str) -> bool:
        """Go past these words, and say whether they were there."""
        upcoming = self._words[self._at : self._at + len(texts)]
        if len(upcoming) < len(texts) or any(
            kind == "text" or word.lower() != text for (kind, word), text in zip(upcoming, texts, strict=False)
        ):
            return False
        self._at += len(texts)
        return True

    def _must(self, *texts: str) -> None:
        if not self._is(*texts):
            raise invalid_query(" ".join(texts))

    def _path(self) -> Path:
        kind, word = self._next()
        if kind != "word" or word.lower() in _CLAUSES or not _NAME.fullmatch(word):
            raise invalid_query(word)
        return tuple(word.split("."))

    def _number(self) -> int:
        _, word = self._next()
        if not word.isdecimal():
            raise invalid_query(word)
        return int(word)

    def _value(self) -> str:
        kind, word = self._next()
        if kind == "text":
            return word[1:-1].replace(word[0] * 2, word[0])
        if kind != "word" or word.lower() in _CLAUSES | {"and", "or", "not", "in", "like", "between", "is"}:
            raise invalid_query(word)
        return word

    # ---- clauses -----------------------------------------------------------------------------------------

    def query(self) -> Query:
        """Return the whole query."""
        self._must("select")
        columns = [self._column()]
        while self._is(","):
            columns.append(self._column())
        self._must("from")
        module = ".".join(self._path())
        self._must("where")
        where = self._pair()
        group = self._group() if self._is("group", "by") else ()
        order = self._order() if self._is("order", "by") else ()
        limit, offset = self._bounds()
        if self._next()[0] != "end":
            raise invalid_query(self._words[self._at - 1][1])
        if not 0 < limit <= MOST or offset > MOST_OFFSET:
            raise ZohoError(400, "LIMIT_EXCEEDED", "LIMIT clause is out of bounds", {"limit": MOST})
        return Query(tuple(columns), module, where, group, order, limit, offset)

    def _column(self) -> Column:
        column = self._computed()
        if self._is("as"):
            return Column(column.path, column.function, ".".join(self._path()))
        return column

    def _computed(self) -> Column:
        path = self._path() if not self._is("*") else ("*",)
        if len(path) == 1 and path[0].upper() in FUNCTIONS and self._is("("):
            inner = ("id",) if self._is("*") else self._path()
            self._must(")")
            return Column(inner, path[0].upper())
        if path == ("*",):
            raise invalid_query("*")
        return Column(path)

    def _group(self) -> tuple[Path, ...]:
        found = [self._path()]
        while self._is(","):
            found.append(self._path())
        return tuple(found)

    def _order(self) -> tuple[tuple[Column, bool], ...]:
        found = []
        while True:
            column = self._computed()
            down = self._is("desc")
            if not down:
                self._is("asc")
            found.append((column, down))
            if not self._is(","):
                return tuple(found)

    def _bounds(self) -> tuple[int, int]:
        limit, offset = MOST, 0
        if self._is("limit"):
            limit = self._number()
            if self._is(","):
                offset, limit = limit, self._number()
        if self._is("offset"):
            offset = self._number()
        return limit, offset

    # ---- conditions --------------------------------------------------------------------------------------

    def _pair(self) -> Condition:
        """Return one condition, or two with a word between them: more have to be in brackets of their own."""
        one = self._operand()
        for word in ("and", "or"):
            if self._is(word):
                return Pair(word, one, self._operand())
        return one

    def _operand(self) -> Condition:
        if self._is("("):
            found = self._pair()
            self._must(")")
            return found
        return self._term()

    def _term(self) -> Term:
        path = self._path()
        for operator in ("is not null", "is null"):
            if self._is(*operator.split(" ")):
                return Term(path, operator)
        for operator in ("not in", "in"):
            if self._is(*operator.split(" ")):
                return Term(path, operator, self._values())
        for operator in ("not between", "between"):
            if self._is(*operator.split(" ")):
                low = self._value()
                self._must("and")
                return Term(path, operator, (low, self._value()))
        for operator in ("not like", "like", "!=", ">=", "<=", "=", ">", "<"):
            if self._is(*operator.split(" ")):
                return Term(path, operator, (self._value(),))
        raise invalid_query(".".join(path))

    def _values(self) -> tuple[str, ...]:
        self._must("(")
        found = [self._value()]
        while self._is(","):
            found.append(self._value())
        self._must(")")
        return tuple(found)

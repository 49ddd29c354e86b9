"""Random conditions, as trees and as texts, over a small record."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random

from proxy.policy.conditions import At, Attribute, Declarations, Expr, Type, canonical, read_type
from proxy.policy.conditions.syntax import (
    Binary,
    Call,
    Choice,
    Constant,
    Fold,
    Has,
    Index,
    Listing,
    Name,
    Negative,
    Not,
    Select,
    junction,
)

BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION = map(
    read_type, ("bool", "int", "double", "string", "timestamp", "duration")
)
LISTS = {each: read_type(f"list<{each}>") for each in (BOOL, INT, DOUBLE, STRING, TIMESTAMP)}
TYPES = (BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION, *LISTS.values())
ATTRIBUTES = {f"{str(kind).replace('<', '_').rstrip('>')}{n}": kind for kind in TYPES for n in (1, 2)}
SETS = {"eea": ("DE", "FR", "NO"), "none": ()}
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MIXED = At(0, 0)
"""Where a comparison of an int with a double stands: CEL's checker needs a `dyn` there."""

INTS = (0, 1, -1, 2, 3, 7, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), -(2**63) + 1, 2**62)
DOUBLES = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 2.0**53, 2.0**63, -(2.0**63), 1e308, 5e-324, 1e19, -1.5)
STRINGS = (
    *("", "a", "b", "DE", "FR", "ab", "abc", "é", "e\u0301", "😀", "\uffff"),
    *('q"\\', "\n", "agent", "support"),
)
TIMES = (
    NOW,
    NOW - timedelta(days=30),
    datetime(2024, 2, 29, 12, 30, 1, 500000, tzinfo=UTC),
    datetime(2300, 1, 1, tzinfo=UTC),
    datetime(1734, 9, 1, tzinfo=UTC),
)
"""Of records. The first and last moments come as texts only: Google's binding takes them for infinite."""
SPANS = (timedelta(), timedelta(days=1), timedelta(hours=-5), timedelta(days=106751), timedelta(microseconds=1))
SPAN_TEXTS = ("0", "1s", "24h", "-5h", "1h30m", "2562047h", "-2562047h", "1.5s", "0.000001s", "1ms", "730h1us")
TIME_TEXTS = (
    *("2026-11-23T09:00:00Z", "2026-10-24T10:00:00+01:00", "0001-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59.999999Z", "1734-09-01T00:00:00-00:30", "2024-02-29t12:30:01.5z"),
)
PATTERNS = ("a", "^a", "b$", "^(DE|FR)$", ".", "^$", "[^a]", "(?i)AB", "\\x{1F600}", "a.c", "\\pL\\pM")
VALUES: Mapping[Type, tuple[object, ...]] = {
    BOOL: (True, False),
    INT: INTS,
    DOUBLE: (*DOUBLES, float("inf"), float("-inf"), float("nan")),
    STRING: (*STRINGS, *TIME_TEXTS, *SPAN_TEXTS, "2026-13-01T00:00:00Z", "1 hour"),
    TIMESTAMP: TIMES,
    DURATION: SPANS,
}


def declarations() -> Declarations:
    """Return what the expressions may name; nothing is optional, so that missing facts are found when asked."""
    return Declarations({name: Attribute(kind) for name, kind in ATTRIBUTES.items()}, SETS)


class Writer:
    """Writes expressions of a wanted type; now and then, on purpose, of another."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.slip = 0.0
        self.bound: list[tuple[str, Type]] = []

    def condition(self) -> Expr:
        """Return an expression that is meant to be true or false."""
        self.slip = self.random.choice((0.02, 0.05, 0.1, 0.15))
        return self.of(BOOL, self.random.choice((2, 3, 3, 4, 5)))

    def of(self, kind: Type, depth: int) -> Expr:
        """Return an expression of a type, or rarely of another one."""
        if self.random.random() < self.slip:
            # Never an int for a double: we compare the two without `dyn`.
            kind = self.random.choice([each for each in TYPES if {each, kind} != {INT, DOUBLE}])
        return self.exactly(kind, depth)

    def exactly(self, kind: Type, depth: int) -> Expr:
        """Return an expression of a type, whose parts may be of others."""
        if depth <= 1 or self.random.random() < 0.12:
            return self.leaf(kind)
        if kind.item is not None:
            return self.listing(kind, depth)
        if self.random.random() < 0.07:
            return Choice(self.of(BOOL, depth - 1), self.exactly(kind, depth - 1), self.exactly(kind, depth - 1))
        if self.random.random() < 0.06 and kind in LISTS:
            return self.item(kind, depth - 1)
        if kind == BOOL:
            return self.random.choice(_BOOLEAN)(self, depth - 1)
        if kind == INT:
            return self.integer(depth - 1)
        if kind == DOUBLE:
            return self.double(depth - 1)
        if kind == STRING:
            return Binary("+", self.of(STRING, depth - 1), self.of(STRING, depth - 1))
        return self.moment(depth - 1) if kind == TIMESTAMP else self.span(depth - 1)

    def straight(self, kind: Type, depth: int) -> Expr:
        """Return an expression of a type without a slip in it, where CEL takes any type and we do not."""
        slip, self.slip = self.slip, 0.0
        found = self.exactly(kind, depth)
        self.slip = slip
        return found

    def leaf(self, kind: Type) -> Expr:
        """Return an attribute, a variable or a literal."""
        variables = [name for name, held in self.bound if held == kind]
        if variables and self.random.random() < 0.6:
            return Name(self.random.choice(variables))
        if self.random.random() < 0.55:
            if kind == TIMESTAMP and self.random.random() < 0.4:
                return Name("now")
            if kind == STRING and self.random.random() < 0.3:
                return self.random.choice((Name("purpose"), Select(Name("recipient"), "country")))
            names = [name for name, held in ATTRIBUTES.items() if held == kind]
            return Select(Name("resource"), self.random.choice(names))
        return self.literal(kind)

    def literal(self, kind: Type) -> Expr:
        """Return a value that stands there."""
        if kind.item is not None:
            count = self.random.choice((1, 1, 2, 3))
            return Listing(tuple(self.literal(kind.item) for _ in range(count)))
        if kind == TIMESTAMP:
            return Call("timestamp", (Constant(self.random.choice(TIME_TEXTS)),))
        if kind == DURATION:
            return Call("duration", (Constant(self.random.choice(SPAN_TEXTS)),))
        choices = {BOOL: (True, False), INT: INTS, DOUBLE: DOUBLES, STRING: STRINGS}[kind]
        return Constant(self.random.choice(choices))

    def item(self, kind: Type, depth: int) -> Expr:
        """Return an item of a list; by a text that stands there it is a member, which lists have not."""
        of, key = self.exactly(LISTS[kind], depth), self.of(INT, min(depth, 2))
        named = isinstance(key, Constant) and isinstance(key.value, str)
        return Select(of, str(key.value)) if named else Index(of, key)

    def listing(self, kind: Type, depth: int) -> Expr:
        """Return a list."""
        assert kind.item is not None
        if self.random.random() < 0.2:
            return Choice(self.of(BOOL, depth - 1), self.leaf(kind), self.leaf(kind))
        if self.random.random() < 0.6:
            return self.leaf(kind)
        count = self.random.randint(1, 3)
        return Listing(tuple(self.straight(kind.item, depth - 1) for _ in range(count)))

    def integer(self, depth: int) -> Expr:
        """Return a computed int."""
        chance = self.random.random()
        if chance < 0.3:
            sized = self.collection(depth) if self.random.random() < 0.5 else self.of(STRING, depth)
            return Call("size", (), sized) if self.random.random() < 0.5 else Call("size", (sized,))
        if chance < 0.4:
            return self.negative(INT, depth)
        return Binary(self.random.choice("+-*/%"), self.of(INT, depth), self.of(INT, depth))

    def double(self, depth: int) -> Expr:
        """Return a computed double."""
        if self.random.random() < 0.15:
            return self.negative(DOUBLE, depth)
        return Binary(self.random.choice("+-*/"), self.of(DOUBLE, depth), self.of(DOUBLE, depth))

    def negative(self, kind: Type, depth: int) -> Expr:
        """Return something with a minus before it, which with a number that stands there is another number."""
        of = self.of(kind, depth)
        return of if isinstance(of, Constant) and not isinstance(of.value, str) else Negative(of)

    def moment(self, depth: int) -> Expr:
        """Return a computed timestamp."""
        chance = self.random.random()
        if chance < 0.2:
            return Call("timestamp", (Select(Name("resource"), self.random.choice(("string1", "string2"))),))
        if chance < 0.5:
            return Binary("+", self.of(DURATION, depth), self.of(TIMESTAMP, depth))
        return Binary(self.random.choice("+-"), self.of(TIMESTAMP, depth), self.of(DURATION, depth))

    def span(self, depth: int) -> Expr:
        """Return a computed duration."""
        chance = self.random.random()
        if chance < 0.2:
            return Call("duration", (Select(Name("resource"), self.random.choice(("string1", "string2"))),))
        if chance < 0.6:
            return Binary("-", self.of(TIMESTAMP, depth), self.of(TIMESTAMP, depth))
        return Binary(self.random.choice("+-"), self.of(DURATION, depth), self.of(DURATION, depth))

    def collection(self, depth: int, kind: Type | None = None) -> Expr:
        """Return something that has items: of a type, or of any."""
        if kind in (None, STRING) and self.random.random() < 0.4:
            name = self.random.choice(tuple(SETS))
            return self.random.choice((Select(Name("principal"), "roles"), Select(Name("sets"), name)))
        item = kind if kind in LISTS else self.random.choice(tuple(LISTS))
        return self.exactly(LISTS[item], depth)

    def joined(self, depth: int) -> Expr:
        """Return a chain of `&&` or `||`."""
        items = tuple(self.of(BOOL, depth) for _ in range(self.random.choice((2, 2, 3, 4))))
        return junction(self.random.choice(("&&", "||")), items)

    def negation(self, depth: int) -> Expr:
        """Return the opposite of something."""
        return Not(self.of(BOOL, depth))

    def comparison(self, depth: int) -> Expr:
        """Return two values of one type compared."""
        kind = self.random.choice((BOOL, INT, INT, DOUBLE, STRING, STRING, TIMESTAMP, DURATION))
        op = self.random.choice(("==", "!=", "<", "<=", ">", ">="))
        return Binary(op, self.of(kind, depth), self.exactly(kind, depth))

    def mixed(self, depth: int) -> Expr:
        """Return an int compared with a double."""
        kinds = self.random.choice(((INT, DOUBLE), (DOUBLE, INT)))
        op = self.random.choice(("==", "!=", "<", "<=", ">", ">="))
        return Binary(op, *(self.straight(kind, depth) for kind in kinds), at=MIXED)

    def lists(self, depth: int) -> Expr:
        """Return two lists compared."""
        kind = self.random.choice(tuple(LISTS.values()))
        right = Listing(()) if self.random.random() < 0.2 else self.exactly(kind, depth)
        return Binary(self.random.choice(("==", "!=")), self.exactly(kind, depth), right)

    def membership(self, depth: int) -> Expr:
        """Return a value sought in a list or set."""
        kind = self.random.choice(tuple(LISTS))
        if self.random.random() < 0.05:
            return Binary("in", self.straight(kind, depth), Listing(()))
        return Binary("in", self.of(kind, depth), self.collection(depth, kind))

    def asking(self, depth: int) -> Expr:
        """Return `has`."""
        return Has(Select(Name("resource"), self.random.choice(tuple(ATTRIBUTES))))

    def text(self, depth: int) -> Expr:
        """Return a text function."""
        name = self.random.choice(("startsWith", "endsWith", "contains", "matches"))
        of = self.of(STRING, depth)
        if name == "matches":
            pattern = Constant(self.random.choice(PATTERNS))
            return Call(name, (pattern,), of) if self.random.random() < 0.7 else Call(name, (of, pattern))
        return Call(name, (self.of(STRING, depth),), of)

    def fold(self, depth: int) -> Expr:
        """Return an `exists` or `all`."""
        if len(self.bound) == 2:
            return self.comparison(depth)
        kind = self.random.choice(tuple(LISTS))
        over = self.collection(depth, kind)
        name = f"v{len(self.bound)}"
        self.bound.append((name, kind))
        body = self.of(BOOL, depth)
        self.bound.pop()
        return Fold(self.random.choice(("exists", "all")), over, name, body)


_BOOLEAN = (
    *(Writer.joined,) * 5,
    *(Writer.comparison,) * 4,
    *(Writer.negation, Writer.mixed, Writer.lists, Writer.membership, Writer.membership),
    *(Writer.asking, Writer.text, Writer.fold),
)


def flat(random: Random) -> str:
    """Return a condition without a bracket in it, so that only precedence says what belongs together."""
    if random.random() < 0.3:
        test, then, otherwise = (_chain(random) for _ in range(3))
        return f"{test} ? {then} : {otherwise}"
    return _chain(random)


def _chain(random: Random) -> str:
    terms = [_comparison(random) for _ in range(random.randint(1, 4))]
    return "".join(f"{term} {random.choice(('&&', '||'))} " for term in terms[:-1]) + terms[-1]


def _comparison(random: Random) -> str:
    if random.random() < 0.2:
        return "!" * random.randint(0, 2) + random.choice(("true", "false", "resource.bool1"))
    return f"{_sum(random)} {random.choice(('==', '!=', '<', '<=', '>', '>='))} {_sum(random)}"


def _sum(random: Random) -> str:
    numbers = [_number(random) for _ in range(random.randint(1, 4))]
    return "".join(f"{number} {random.choice('+-*/%')} " for number in numbers[:-1]) + numbers[-1]


def _number(random: Random) -> str:
    minus = random.choice(("", "", "", "-", "--", "- "))
    return minus + random.choice(("0", "1", "2", "3", "7", "0x1F", "resource.int1", "resource.list_int1[0]"))


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[0-9.]+e[+-][0-9]+|[A-Za-z0-9_.]+|&&|\|\||[=!<>]=|\s+|.', re.DOTALL)
_SIGNS = (*"()[]!-+*/%<>,.:?&|=\\\"' \n0a1é", "==", "&&", "||", "in", "r'", "1e3", "0x", ".5", "//", "-", "true")


def spoilt(random: Random, expr: Expr) -> str:
    """Return the text of an expression with a few of its words taken out, doubled or replaced."""
    words = _TOKEN.findall(canonical(expr))
    for _ in range(random.choice((1, 1, 2, 3))):
        at = random.randrange(len(words))
        words[at] = random.choice(("", words[at] * 2, random.choice(_SIGNS), words[at] + random.choice(_SIGNS)))
    return "".join(words)


def spaced(random: Random, expr: Expr) -> str:
    """Return the text of an expression in brackets and spread over lines, with remarks in between."""
    spaces = (" ", " ", "\t", "\n", "\r\n", ' // a remark ( " \n')
    words = (word for word in _TOKEN.findall(f"(({canonical(expr)}))") if not word.isspace())
    return "".join(word + random.choice(spaces) for word in words)

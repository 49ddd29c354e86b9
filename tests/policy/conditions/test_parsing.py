"""From text to tree."""

from random import Random
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.conditions import At, Flawed, canonical, parse
from proxy.policy.conditions.parsing import MAX_BYTES, MAX_DEPTH
from proxy.policy.conditions.syntax import (
    Binary,
    Call,
    Choice,
    Constant,
    Expr,
    Fold,
    Has,
    Index,
    Junction,
    Listing,
    Name,
    Negative,
    Not,
    Select,
)

A, B, C = Name("a"), Name("b"), Name("c")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a && b && c", Junction("&&", (A, B, C))),
        ("a && (b && c)", Junction("&&", (A, B, C))),  # brackets in a chain say nothing
        ("a || b && c", Junction("||", (A, Junction("&&", (B, C))))),
        ("(a || b) && c", Junction("&&", (Junction("||", (A, B)), C))),
        ("a == b && c", Junction("&&", (Binary("==", A, B), C))),
        ("a - b - c", Binary("-", Binary("-", A, B), C)),  # to the left
        ("a + b * c", Binary("+", A, Binary("*", B, C))),
        ("a < b == c", Binary("==", Binary("<", A, B), C)),
        ("!a == b", Binary("==", Not(A), B)),
        ("-a.b", Negative(Select(A, "b"))),
        ("a ? b : c ? a : b", Choice(A, B, Choice(C, A, B))),  # to the right
        ("a || b ? b : c", Choice(Junction("||", (A, B)), B, C)),
        ('a["b"]', Select(A, "b")),
        ('a["b c"]', Select(A, "b c")),
        ("a[b]", Index(A, B)),
        ("a[0][1]", Index(Index(A, Constant(0)), Constant(1))),
        ("a.b.size()", Call("size", (), Select(A, "b"))),
        ("size(a, b)", Call("size", (A, B))),
        ("has(a.b)", Has(Select(A, "b"))),
        ("a.exists(x, x == b)", Fold("exists", A, "x", Binary("==", Name("x"), B))),
        ("a.all(x, x)", Fold("all", A, "x", Name("x"))),
        ("[]", Listing(())),
        ("a in [1, -2]", Binary("in", A, Listing((Constant(1), Constant(-2))))),
        ("!!a", A),  # as CEL does it
        ("!!!a", Not(A)),
        ("!(!a)", Not(Not(A))),
        ("--a", A),
        ("-(-a)", Negative(Negative(A))),
        ("-1", Constant(-1)),
        ("- 1", Constant(-1)),
        ("-(-1)", Negative(Constant(-1))),
        ("a-1", Binary("-", A, Constant(1))),  # a minus, not a sign
        ("0x1F", Constant(31)),
        ("-0x10", Constant(-16)),
        ("007", Constant(7)),
        ("-9223372036854775808", Constant(-(2**63))),
        ("1.5", Constant(1.5)),
        (".5", Constant(0.5)),
        ("1e3", Constant(1000.0)),
        ("-0.0", Constant(-0.0)),
        ("1e999", Constant(float("inf"))),
        ("true", Constant(value=True)),
        ("null", Constant(None)),
        ("'a\"b'", Constant('a"b')),
        (r'r"\d"', Constant(r"\d")),
        (r"R'\'", Constant("\\")),
        ('"a//b"', Constant("a//b")),
        ("a // nobody reads this\n && b", Junction("&&", (A, B))),
        ("\t(\n((a)))\f", A),
        ("nothing && in_eea", Junction("&&", (Name("nothing"), Name("in_eea")))),  # begin like words of ours
        ("a.if", Select(A, "if")),  # reserved as a name only
    ],
)
def test_means(text: str, tree: Expr) -> None:
    """Every form gives the tree that CEL's precedence says."""
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "no condition"),
        ("  \n ", 2, 2, "no condition"),
        ("a &&", 1, 5, "the condition ends too early"),
        ("a\n&& b ==", 2, 8, "the condition ends too early"),
        ("a = b", 1, 3, 'unexpected "=": use == to compare'),
        ("a and b", 1, 3, 'unexpected "and": use && for and'),
        ("a or b", 1, 3, 'unexpected "or": use || for or'),
        ("a & b", 1, 3, 'unexpected "&": use && for and'),
        ("a |\n b", 1, 3, 'unexpected "|": use || for or'),
        ("a == {}", 1, 6, 'unexpected "{": there are no maps in conditions'),
        ("a == 'x", 1, 6, 'unexpected "\'": the text is not closed on its line'),
        ("a.in", 1, 3, 'unexpected "in"'),
        ("a.true", 1, 3, 'unexpected "true"'),
        ("if", 1, 1, '"if" is a reserved word'),
        ("a &&\n  for(b)", 2, 3, '"for" is a reserved word'),
        ("a b", 1, 3, 'unexpected "b"'),
        ("1u", 1, 2, 'unexpected "u"'),
        ("1.", 1, 3, "the condition ends too early"),
        ("a ? b ? c : a : b", 1, 7, 'unexpected "?"'),  # CEL wants brackets there too
        ("!-a", 1, 2, 'unexpected "-"'),
        ("a[]", 1, 3, 'unexpected "]"'),
        ("[a, ]", 1, 5, 'unexpected "]"'),
        ("size(a,)", 1, 8, 'unexpected ")"'),
        ("é == 1", 1, 1, 'unexpected "é"'),
        ("'é' == é", 1, 8, 'unexpected "é"'),  # counted in characters
        ("has(a)", 1, 1, "has takes one attribute: has(resource.country)"),
        ("has(a.b, a.c)", 1, 1, "has takes one attribute: has(resource.country)"),
        ("has(a.b())", 1, 1, "has takes one attribute: has(resource.country)"),
        ("a.exists(x)", 1, 3, "exists takes a name and a condition: list.exists(x, x != ...)"),
        ("a.all(1, x)", 1, 3, "all takes a name and a condition: list.all(x, x != ...)"),
        ("9223372036854775808", 1, 1, "an int has 64 bits"),
        ("a == 1 || a == -9223372036854775809", 1, 16, "an int has 64 bits"),
        ("--9223372036854775808", 1, 3, "an int has 64 bits"),
        (r"a == '\q'", 1, 6, r'there is no escape sequence "\q"; a backslash itself is "\\"'),
        (r"'\ud800'", 1, 1, r'"\ud800" is no character'),
    ],
)
def test_refused(text: str, line: int, column: int, message: str) -> None:
    """What is not in the language is refused where it stands, with what to write instead."""
    with pytest.raises(Flawed) as caught:
        parse(text)
    (flaw,) = caught.value.flaws
    assert (flaw.at, flaw.message) == (At(line, column), message)


def test_places() -> None:
    """Every part knows where it begins, brackets aside."""
    tree = parse("(a &&\n  b.c == 1) || !d")
    assert isinstance(tree, Junction)
    chain, negation = tree.items
    assert isinstance(chain, Junction)
    assert [each.at for each in (*chain.items, negation)] == [At(1, 2), At(2, 3), At(2, 16)]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("x" * MAX_BYTES, True),
        ("x" * (MAX_BYTES + 1), False),
        ("'" + "é" * (MAX_BYTES // 2 - 1) + "'", True),
        ("'" + "é" * (MAX_BYTES // 2) + "'", False),  # bytes, not characters
        ("'\ud800'", True),  # a lone surrogate is a character like others
        ("(" * 1000 + "a" + ")" * 1000, True),  # brackets are no depth
        ("a" + ".b" * (MAX_DEPTH - 1), True),
        ("a" + ".b" * MAX_DEPTH, False),
        ("[" * 1000 + "]" * 1000, False),  # deeper than Python's stack
        ("-(" * 600 + "a" + ")" * 600, False),
        (" && ".join("abcdefghij" * 10), True),  # a long chain is not deep
        (" + ".join("a" * (MAX_DEPTH + 1)), False),  # a long sum is
    ],
)
def test_limits(text: str, fits: bool) -> None:
    """Too long and too deep are refused, and never end in a crash."""
    if fits:
        parse(text)
    else:
        with pytest.raises(Flawed, match="LG123"):
            parse(text)


def test_every_text_gives_its_tree_back(expressions: ModuleType) -> None:
    """A tree is read from its canonical text, and from that spread over lines, as it was."""
    random = Random(23)
    writer = expressions.Writer(random)
    for _ in range(300):
        tree = writer.condition()
        assert parse(canonical(tree)) == tree
        assert parse(expressions.spaced(random, tree)) == tree


@given(st.text(alphabet="ab01.x()[]!-+*/%<>=&|?:,'\"\\ \néin\ud800", max_size=40))
def test_never_breaks(text: str) -> None:
    """Any text is a tree or refused within it; a tree's canonical text is canonical."""
    try:
        tree = parse(text)
    except Flawed as error:
        (flaw,) = error.flaws
        lines = text.split("\n")
        assert 1 <= flaw.at.line <= len(lines)
        assert 1 <= flaw.at.column <= len(lines[flaw.at.line - 1]) + 1
    else:
        assert parse(canonical(tree)) == tree
        assert canonical(parse(canonical(tree))) == canonical(tree)

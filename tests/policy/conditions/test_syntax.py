"""Trees."""

import pytest

from proxy.policy.conditions import At, Expr, parse
from proxy.policy.conditions.syntax import Constant, Junction, Name, junction, moved, parts, rebuilt, size


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),  # equal in Python
        (1, 1.0),
        (0.0, -0.0),
        (0, False),
        ("1", 1),
        (None, False),
    ],
)
def test_constants_differ(one: float | str, other: float | str) -> None:
    """Values that are different in CEL are different constants."""
    assert Constant(one) != Constant(other)


def test_places_do_not_count() -> None:
    """Trees are equal, and have the same hash, wherever their parts stood."""
    one, other = parse("a && b == 1"), parse("\n a  &&\n b == 1")
    assert one == other
    assert hash(one) == hash(other)


def test_junction() -> None:
    """A chain within a chain of the same kind is one chain; one item is no chain."""
    a, b, c = map(Name, "abc")
    assert junction("&&", (a,)) == a
    assert junction("&&", (a, junction("&&", (b, c)))) == Junction("&&", (a, b, c))
    assert junction("&&", (a, junction("||", (b, c)))) == Junction("&&", (a, Junction("||", (b, c))))


@pytest.mark.parametrize(
    ("text", "count", "depth"),
    [
        ("a", 1, 1),
        ("a && b && c", 4, 2),
        ("a.b(c, d)", 4, 2),
        ("b(c, !d)", 4, 3),
        ("a[b ? c : d]", 6, 3),
        ("a.exists(x, x == [1])", 6, 4),
        ("has(a.b)", 3, 3),
    ],
)
def test_size(text: str, count: int, depth: int) -> None:
    """A tree's size counts every expression in it, and its depth the longest way down."""
    assert size(parse(text)) == (count, depth)


def test_parts_stand_in_order() -> None:
    """The parts of an expression come in the order in which they stand."""
    tree = parse("f.call(a, b)")
    assert list(parts(tree)) == [Name("f"), Name("a"), Name("b")]


def test_rebuilt() -> None:
    """A replaced expression is replaced wherever it stands, and what it joins stays one chain."""
    tree = parse("a && (v || f(v).b(v)[v]) && has(v.c)")

    def change(expr: Expr) -> Expr | None:
        return parse("x && y") if expr == Name("v") else None

    assert rebuilt(tree, change) == parse("a && (x && y || f(x && y).b(x && y)[x && y]) && has((x && y).c)")
    assert rebuilt(parse("a && v"), change) == Junction("&&", (Name("a"), Name("x"), Name("y")))


def test_rebuilt_as_it_was() -> None:
    """A tree in which nothing is replaced is the same tree."""
    tree = parse("a && !b.c")
    assert rebuilt(tree, lambda expr: None) is tree


def test_moved() -> None:
    """A moved tree says the same, and all of it stands where it was put."""
    tree = moved(parse("a && b.exists(x, x == 1)"), lambda at: At(at.line + 1, at.column, ("2",)))
    left = [tree]
    while left:
        each = left.pop()
        left += parts(each)
        assert (each.at.line, each.at.within) == (2, ("2",))
    assert tree == parse("a && b.exists(x, x == 1)")

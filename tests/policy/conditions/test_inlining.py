"""Variables."""

import pytest

from proxy.policy.conditions import At, Flawed, parse
from proxy.policy.conditions.inlining import MAX_CHAIN, MAX_SIZE, inlined
from proxy.policy.conditions.syntax import Junction, parts, size

VARIABLES = {
    name: parse(text) for name, text in {"a": "x && y", "b": "!variables.a", "loop": "variables.pool"}.items()
}
VARIABLES["pool"] = parse("x || variables.loop")


def test_in_place() -> None:
    """A variable is what it names, to the last one, and a chain in it goes on."""
    assert inlined(parse("variables.a && z"), VARIABLES) == parse("x && y && z")
    assert inlined(parse("variables.b || has(u.v)"), VARIABLES) == parse("!(x && y) || has(u.v)")
    assert inlined(parse("u.all(v, variables.a)"), VARIABLES) == parse("u.all(v, x && y)")


def test_stands_where_it_is_named() -> None:
    """What comes from a variable is reported where the variable stands."""
    tree = inlined(parse("z &&\n variables.b"), VARIABLES)
    assert isinstance(tree, Junction)
    left = [tree.items[1]]
    while left:
        each = left.pop()
        left += parts(each)
        assert each.at == At(2, 2)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("variables.c", "LG101", 'unknown variable "c"'),
        ("x && variables.poool", "LG101", 'unknown variable "poool" (did you mean "pool"?)'),
        ("variables.loop", "LG123", "the variable names itself: loop -> pool -> loop"),
        ("has(variables.a)", "LG101", "has is for attributes; a variable is always there"),
    ],
)
def test_refused(text: str, code: str, message: str) -> None:
    """An unknown variable, one in a circle, and one asked for with has, is refused."""
    with pytest.raises(Flawed) as caught:
        inlined(parse(text), VARIABLES)
    (flaw,) = caught.value.flaws
    assert (flaw.code, flaw.message) == (code, message)


def test_no_bomb() -> None:
    """Variables that double what they name are refused before they are large."""
    doubling = {"v0": parse("x < 1")} | {
        f"v{n}": parse(f"variables.v{n - 1} == variables.v{n - 1}") for n in range(1, 15)
    }
    assert size(inlined(parse("variables.v5"), doubling))[0] < MAX_SIZE
    with pytest.raises(Flawed, match="too large to be reviewed"):
        inlined(parse("variables.v14"), doubling)
    wide = " || ".join(["variables.v7"] * 40)
    with pytest.raises(Flawed, match="too large to be reviewed"):
        inlined(parse(wide), doubling)


def test_no_long_chain() -> None:
    """Variables may name variables only so many times in a row."""
    chain = {"v0": parse("x")} | {f"v{n}": parse(f"!variables.v{n - 1}") for n in range(1, 2000)}
    inlined(parse(f"variables.v{MAX_CHAIN - 1}"), chain)
    with pytest.raises(Flawed, match="LG123"):
        inlined(parse("variables.v1999"), chain)

"""Names and types."""

from collections.abc import Callable
from random import Random
from types import ModuleType

import pytest

from proxy.policy.conditions import Declarations, Expr, Flaw, Flawed, canonical, check, parse


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("resource.orders", 1, "the condition must be true or false, not int"),
        ("purpose", 1, "the condition must be true or false, not string"),
        ("resource.restricted && purpose", 24, "what stands beside && must be true or false, not string"),
        ("1 || resource.restricted", 1, "what stands beside || must be true or false, not int"),
        ("!resource.orders", 2, "what stands after ! must be true or false, not int"),
        ("1 ? true : false", 1, "what stands before ? must be true or false, not int"),
        ("resource.scores.all(s, s)", 24, "the condition of all must be true or false, not int"),
        ("purpose.exists(c, c == 's')", 1, "exists is for lists with items, not for string"),
        ("[].all(c, c)", 1, "all is for lists with items, not for list<any>"),
        ("resource.scores.all(now, now > 1)", 1, '"now" means something else already; take another name'),
        ("sets.eea.all(sets, sets == '')", 1, '"sets" means something else already; take another name'),
        (
            "resource.scores.all(s, resource.scores.all(s, s > 1))",
            24,
            '"s" means something else already; take another name',
        ),
        ("has(sets.eea)", 1, "has takes one attribute: has(resource.country)"),
        ("has(resource.scores.size)", 1, "has takes one attribute: has(resource.country)"),
    ],
)
def test_refused(flaws: Callable[[str], tuple[Flaw, ...]], text: str, column: int, message: str) -> None:
    """What has to be true or false, a list, an attribute or a new name is nothing else."""
    (flaw,) = flaws(text)
    assert (flaw.code, flaw.at.column, flaw.message) == ("LG122", column, message)


def test_two_deep(flaws: Callable[[str], tuple[Flaw, ...]]) -> None:
    """`exists` and `all` stand in one another once, and not twice."""
    text = "resource.scores.all(a, resource.scores.exists(b, {}))"
    assert flaws(text.format("a + b > 1")) == ()
    (flaw,) = flaws(text.format("resource.scores.all(c, a + b + c > 1)"))
    assert (flaw.code, flaw.message) == ("LG123", "exists and all stand at most 2 deep")


def test_all_flaws_in_one_run(flaws: Callable[[str], tuple[Flaw, ...]]) -> None:
    """Every flaw is told in one run, by place, and none twice."""
    text = "purpos == 'x' &&\n(resource.ordrs + 1 > 'a' || resource.country == 'IE') && size(now) == 1 + 1.0"
    found = flaws(text)
    assert [(each.at.line, each.at.column, each.code) for each in found] == [
        (1, 1, "LG101"),
        (2, 2, "LG101"),
        (2, 30, "LG105"),
        (2, 64, "LG122"),
        (2, 72, "LG122"),
    ]


def test_in_a_variable(flaws: Callable[[str], tuple[Flaw, ...]], declarations: Declarations) -> None:
    """A flaw in a variable is told where the variable is named; the checked condition has no names left."""
    assert canonical(check(parse("variables.outside"), declarations).expr) == (
        "!(has(resource.country) && resource.country in sets.eea)"
    )
    without = Declarations(sets=declarations.sets, variables=declarations.variables)
    with pytest.raises(Flawed, match=r"1:9: LG101: unknown attribute resource\.country"):
        check(parse("true && variables.in_eea"), without)


def test_checked_is_checked_the_same_again(expressions: ModuleType) -> None:
    """Checking depends on what stands there alone."""
    random = Random(5)
    writer = expressions.Writer(random)
    declarations = expressions.declarations()
    for _ in range(200):
        tree = writer.condition()
        again = parse(canonical(tree))
        assert _messages(tree, declarations) == _messages(again, declarations)


def _messages(tree: Expr, declarations: Declarations) -> set[str]:
    try:
        return {each.message for each in check(tree, declarations).warnings}
    except Flawed as error:
        return {each.message for each in error.flaws}

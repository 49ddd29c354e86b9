"""The `when` of a rule."""

import pytest

from proxy.policy.conditions import At, Declarations, Flawed, canonical, check, parse_when


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ("a || b", "a || b"),
        (["a"], "a"),
        (["a || b", "c"], "(a || b) && c"),
        ({"all": ["a", "b"]}, "a && b"),
        ({"any": ["a && b", "c"]}, "a && b || c"),
        ({"none": ["a", "b"]}, "!(a || b)"),
        ({"none": ["a && b"]}, "!(a && b)"),
        (["a", {"any": ["b", {"none": ["c"]}]}], "a && (b || !c)"),
        ({"any": [["a", "b"], "c"]}, "a && b || c"),  # a list is all of its items
        (("a", "b"), "a && b"),
    ],
)
def test_means(tree: object, text: str) -> None:
    """Lists and mappings come to one expression."""
    assert canonical(parse_when(tree)) == text


@pytest.mark.parametrize(
    ("tree", "within", "message"),
    [
        ([], (), "the list is empty; name at least one condition, or leave it out"),
        ({"none": []}, ("none",), "the list is empty; name at least one condition, or leave it out"),
        ({"any": "a"}, ("any",), "expected a list of conditions under any"),
        ({"some": ["a"]}, (), "expected one of any, all, none with a list of conditions"),
        ({"any": ["a"], "all": ["b"]}, (), "expected one of any, all, none with a list of conditions"),
        ({}, (), "expected one of any, all, none with a list of conditions"),
        (["a", True], ("1",), "expected a condition; put it in quotes if YAML reads it as something else"),
        (None, (), "expected a condition; put it in quotes if YAML reads it as something else"),
    ],
)
def test_refused(tree: object, within: tuple[str, ...], message: str) -> None:
    """What is no condition is refused where it stands; nothing is true or false because a list is empty."""
    with pytest.raises(Flawed) as caught:
        parse_when(tree)
    (flaw,) = caught.value.flaws
    assert (flaw.at, flaw.code, flaw.message) == (At(within=within), "LG121", message)


def test_every_flaw_in_its_text() -> None:
    """Flaws of every text are told in one run, with the way to it."""
    with pytest.raises(Flawed) as caught:
        parse_when(["a = 1", {"any": ["b", "c &&\n"]}])
    assert [(each.at, each.message[:10]) for each in caught.value.flaws] == [
        (At(1, 3, ("0",)), "unexpected"),
        (At(2, 1, ("1", "any", "1")), "the condit"),
    ]


def test_flaws_of_types_too(declarations: Declarations) -> None:
    """What is found later still knows its text; `has` counts for the items after it."""
    check(parse_when(["has(resource.country)", "resource.country == 'IE'"]), declarations)
    with pytest.raises(Flawed) as caught:
        check(parse_when(["resource.country == 'IE'", {"none": ["purpos == 'x'"]}]), declarations)
    assert [(each.at, each.code) for each in caught.value.flaws] == [
        (At(1, 1, ("0",)), "LG105"),
        (At(1, 1, ("1", "none", "0")), "LG101"),
    ]


def test_not_too_deep() -> None:
    """any, all and none stand in one another only so often."""
    tree: object = "a"
    for _ in range(9):
        tree = {"any": [tree]}
    with pytest.raises(Flawed, match="at most 8 deep"):
        parse_when(tree)
    assert isinstance(tree, dict)
    assert canonical(parse_when(tree["any"][0])) == "a"

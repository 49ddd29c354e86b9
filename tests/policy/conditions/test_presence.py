"""What is certain to be there."""

import pytest

from proxy.policy.conditions import parse
from proxy.policy.conditions.presence import path_of, shown

X, Y = {"resource.x"}, {"resource.y"}


@pytest.mark.parametrize(
    ("text", "true", "false"),
    [
        ("has(resource.x)", X, set()),
        ("!has(resource.x)", set(), X),
        ("!(!has(resource.x))", X, set()),
        ("resource.x == 1", set(), set()),  # true or an error, but has is what says it
        ("has(resource.x) && a", X, set()),
        ("has(resource.x) && has(resource.y)", X | Y, set()),
        ("has(resource.x) || has(resource.y)", set(), set()),
        ("has(resource.x) || has(resource.x) && a", X, set()),
        ("!has(resource.x) || a", set(), X),
        ("!has(resource.x) || !has(resource.y)", set(), X | Y),
        ("!has(resource.x) && !has(resource.y)", set(), set()),
        ("!(has(resource.x) && has(resource.y))", set(), X | Y),
        ("has(resource.x) ? a : has(resource.x)", X, set()),
        ("has(resource.x) ? has(resource.y) : false", set(), set()),  # false is not looked into
        ("!has(resource.x) ? has(resource.x) : a", X, set()),
        ("a ? has(resource.x) : has(resource.x) && b", X, set()),
        ("a.exists(v, has(resource.x))", set(), set()),  # the list may be empty
        ("has(resource.x) == true", set(), set()),
        ("has(principal.id)", {"principal.id"}, set()),
    ],
)
def test_shown(text: str, true: set[str], false: set[str]) -> None:
    """What a condition shows once it is true, or false, is there in every way it can be so."""
    assert shown(parse(text)) == (true, false)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("resource.x", "resource.x"),
        ('recipient["a b"]', "recipient.a b"),
        ("sets.x", None),
        ("resource", None),
        ("resource.x.y", None),
        ("resource[0]", None),
    ],
)
def test_path(text: str, path: str | None) -> None:
    """A path is a root and one name."""
    assert path_of(parse(text)) == path

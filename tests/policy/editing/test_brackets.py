"""Brackets on one line, or filled."""

import pytest

from proxy.policy.editing.brackets import bracketed
from proxy.policy.editing.order import Keys
from proxy.policy.editing.tree import UnusualError, parse


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[ a,b ]", ["x: [a, b]"]),
        ("{ a: [ 1 ], b: {} }", ["x: {a: [1], b: {}}"]),
        ("[a,\n b]", ["x: [a, b]"]),
        (f"[{'a' * 60},\n{'b' * 60}]", [f"x: [{'a' * 60},", f"    {'b' * 60}]"]),
    ],
)
def test_layout(text: str, lines: list[str]) -> None:
    """One blank after each comma, none inside; lines are filled under the first part."""
    source = parse(text)
    assert bracketed(source, source.roots[0], Keys(), "x: ") == lines


@pytest.mark.parametrize("text", ["[a, # why\n b]", "{a: , b: 1}", "[a: 1]", "['a\n b']"])
def test_what_is_safer_left_alone(text: str) -> None:
    """Comments inside, missing values, pairs without braces, text over lines."""
    source = parse(text)
    with pytest.raises(UnusualError):
        bracketed(source, source.roots[0], Keys(), "")

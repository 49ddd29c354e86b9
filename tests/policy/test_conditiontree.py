"""A condition as a tree, each step with its answer."""

import pytest

from proxy.policy.conditions import ERROR, Attribute, Declarations, check, compile_condition, parse, read_type
from proxy.policy.conditiontree import Node, tree_of

DECLARED = Declarations({name: Attribute(read_type("bool"), optional=False) for name in "abc"})


def _said(node: Node) -> object:
    answer = "error" if node.answer is ERROR else node.answer
    return (node.op, answer, [_said(part) for part in node.parts]) if node.parts else (node.text, answer)


@pytest.mark.parametrize(
    ("text", "answers", "said"),
    [
        ("resource.a", [True], ("resource.a", True)),
        (
            "resource.a && (resource.b && resource.c)",
            [True, True, False],
            ("all", False, [("resource.a", True), ("resource.b", True), ("resource.c", False)]),
        ),
        (
            "resource.a || !resource.b",
            [False, ERROR],
            ("any", "error", [("resource.a", False), ("not", "error", [("resource.b", "error")])]),
        ),
        (
            "resource.a || resource.b",
            [ERROR, True],
            ("any", True, [("resource.a", "error"), ("resource.b", True)]),
        ),
        (
            "resource.a ? resource.b : resource.c",
            [True, False, True],
            ("if", False, [("resource.a", True), ("resource.b", False), ("resource.c", True)]),
        ),
    ],
)
def test_every_step_has_its_answer(text: str, answers: list[bool], said: object) -> None:
    """Errors are absorbed as the condition absorbs them, and chains of one operator are flat."""
    condition = compile_condition(check(parse(text), DECLARED))
    found = tree_of(condition, answers)
    assert _said(found) == said
    assert found.answer is condition.under(answers)

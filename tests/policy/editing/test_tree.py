"""A text taken apart: spans, comments and keys."""

from proxy.policy.editing.tree import parse, scalars

TEXT = """\
# top
a: "# no comment"  # é one
b:#none
  # two
c: |
  # text
d#: [x#y, # three
  z]
"""


def test_comments_are_what_yaml_takes_for_comments() -> None:
    """After a blank or at a line's start, and outside every scalar; columns count characters."""
    source = parse(TEXT.replace("b:#none\n", "b: e#none\n"))
    assert {line: source.comment(line) for line in source.comments} == {
        0: "# top",
        1: "# é one",
        3: "# two",
        6: "# three",
    }
    assert [source.empty(line) for line in (0, 1, 3)] == [True, False, True]


def test_spans_are_the_text_of_each_scalar() -> None:
    """Keys and values in order, quotes and block headers included, trailing blank lines not."""
    source = parse("é: 'x'\nb: |\n  text\n\nc: [1, {d: e}]\n")
    (root,) = source.roots
    assert [(source.raw(node), key) for node, key in scalars(root)] == [
        ("é", True),
        ("'x'", False),
        ("b", True),
        ("|\n  text", False),
        ("c", True),
        ("1", False),
        ("d", True),
        ("e", False),
    ]
    assert [entry.value.last for entry in root.entries] == [0, 2, 4]

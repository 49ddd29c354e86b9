"""What `lychgate policy plan` prints, where names could do harm."""

import pytest

from proxy.cli.plantext import code, escaped


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("allow", "`allow`"),
        ("a || b", "`a \\|\\| b`"),  # a bar would end the table's cell
        ("`", "`` ` ``"),  # a longer fence than any run inside
        ("a``b", "```a``b```"),
        ("@everyone", "`@everyone`"),  # no mention in a code span
        ("a\nb", "`a b`"),  # a line break would end the table
        ("<img src=x>", "`<img src=x>`"),
        ("a\x1b[2Kb\u202ec", "`a\\u001b[2Kb\\u202ec`"),  # neither wiped away nor turned around
        ("", ""),
    ],
)
def test_whatever_stands_in_a_condition_stays_text_in_a_comment(text: str, span: str) -> None:
    """A pull request's own text must not format, mention or hide anything in its review."""
    assert code(text) == span


def test_prose_has_no_markup() -> None:
    """Owners are free text."""
    assert escaped("a\n::b") == r"a\\u000a::b"
    assert escaped("a <b> @c [d](e) *f*") == r"a \<b\> \@c \[d\](e) \*f\*"

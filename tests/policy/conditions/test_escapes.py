"""Texts in quotes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.conditions.escapes import quoted, unescaped


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r"\a\b\f\n\r\t\v", "\a\b\f\n\r\t\v"),
        (r"\\\"\'\`\?", "\\\"'`?"),
        (r"\x41\X41", "AA"),
        (r"\101\377", "A\xff"),
        (r"\u00e9\U0001F600", "é😀"),
        (r"\\n", "\\n"),  # a backslash and an n
        ("", ""),
    ],
)
def test_unescaped(written: str, text: str) -> None:
    """Every escape sequence of CEL is the character it stands for."""
    assert unescaped(written) == text


@pytest.mark.parametrize("written", [r"\q", r"\x4", r"\u123", r"\400", r"\8", r"\ud800", r"\UDFFF0000", "\\\n"])
def test_refused(written: str) -> None:
    """There are no other escape sequences, and none for what is no character."""
    with pytest.raises(ValueError, match=r"character|escape"):
        unescaped(written)


@given(st.text())
def test_there_and_back(text: str) -> None:
    """What is quoted stands on one line and is the same text again."""
    written = quoted(text)
    assert written.isprintable() or not text.isprintable()
    assert unescaped(written[1:-1]) == text or any("\ud800" <= sign <= "\udfff" for sign in text)

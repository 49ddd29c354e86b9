"""What part of a text may be shown; ids are those of the threat catalogue."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.transforms.visible import LONGEST, head, hides, tail

COUNTS = st.integers(1, 8)
ANY_TEXT = st.text(max_size=40) | st.text("ab1 \u0301\u200d\U0001f468\U0001f1e9\u1112\u1161\u202e", max_size=24)


@given(ANY_TEXT, COUNTS)
def test_pd_31_less_than_half_is_shown(text: str, count: int) -> None:
    """PD-31: whatever is shown stands at its end of the text, and is less than half of it."""
    for part, whole in ((head(text, count), text), (tail(text, count), text[::-1])):
        if part is not None:
            assert whole.startswith(part if whole is text else part[::-1])
            assert 0 < 2 * count < len(text)


@given(ANY_TEXT, COUNTS)
def test_pd_31_what_is_shown_can_be_read(text: str, count: int) -> None:
    """PD-31: no control, format, direction or unassigned character, and no asterisk, is ever shown."""
    for part in (head(text, count), tail(text, count)):
        for character in part or "":
            assert unicodedata.category(character)[0] != "C"
            assert character != "*"


@pytest.mark.parametrize("end", [head, tail])
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),  # nothing to show
        ("a", 1),  # the whole of it
        ("ab", 1),  # half of it
        ("12345678", 4),  # half of it
        ("a*b*c", 1),  # could make two masks of one value look different
        ("x" * (LONGEST + 1), 4),  # not what a partial mask is for
        ("\u202eabcdef\u202e", 1),  # right-to-left override
        ("\x00abc\x00", 1),  # control
        ("\u200babc\u200b", 1),  # zero width space
        ("\ud800abc\ud800", 1),  # half a pair
        ("\u00a0abc\u00a0", 1),  # a space that is none
        ("a" + "\u0301" * 9 + "bc" + "a" + "\u0301" * 9, 1),  # one cluster that holds ten code points
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467" * 2, 1),  # two families: two clusters, not ten
        ("\U0001f1e9\U0001f1ea" * 2, 1),  # two flags of four code points
        ("e\u0301e\u0301", 1),  # two letters, four code points
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", 1),  # two Hangul syllables in six jamo
        ("\u0915\u094d\u0937\u0915\u094d\u0937", 1),  # two Devanagari conjuncts in six code points
    ],
)
def test_pd_31_doubtful_texts_show_nothing(end: Callable[[str, int], str | None], text: str, count: int) -> None:
    """PD-31: short, unreadable or misleading: nothing is shown."""
    assert end(text, count) is None


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("abc", "a", "c"),
        ("e\u0301bcde\u0301", "e\u0301", "e\u0301"),  # a letter keeps its accent
        ("\U0001f1e9\U0001f1eaab\U0001f1eb\U0001f1f7", "\U0001f1e9\U0001f1ea", "\U0001f1eb\U0001f1f7"),  # flags
        ("\u1112\u1161\u11ababc", "\u1112\u1161\u11ab", "c"),  # a syllable stays whole
        ("\U0001f44d\U0001f3fdabc", "\U0001f44d\U0001f3fd", "c"),  # an emoji keeps its skin tone
        ("Ångström", "Å", "m"),
        ("王小明", "王", "明"),
    ],
)
def test_pd_31_clusters_are_not_split(text: str, first: str, last: str) -> None:
    """PD-31: half a letter is never shown (UAX #29)."""
    assert head(text, 1) == first
    assert tail(text, 1) == last


@pytest.mark.parametrize(
    ("shown", "hidden", "safe"),
    [
        (("M", "Q"), ("ara", "uinn"), True),
        (("M", "org"), ("rg",), False),  # the hidden part stands in another piece
        (("M", "ORG"), ("rg",), False),  # in any case
        (("ss",), ("ß",), False),  # folded
        (("a", "b"), ("ab",), True),  # pieces are not read as one
        (("a",), ("",), False),  # nothing hidden: the whole is shown
    ],
)
def test_hidden_parts_are_looked_for_in_shown_ones(
    shown: tuple[str, ...], hidden: tuple[str, ...], *, safe: bool
) -> None:
    """A coincidence shows as much as a mistake."""
    assert hides(shown, hidden) is safe

"""PD-26: personal data inside a text that is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.detect import LONGEST, MOST_DIGITS, check_find, compile_detector
from proxy.model import Mask
from proxy.transforms import check_mask, compile_mask, could_be_masked

ALL = compile_detector("", "IE")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Write to mara.quinn@example.org, please.", "Write to ***, please."),
        ("<mara@example.org>", "<***>"),
        ("mára@exämple.org", "***"),
        ("Call +353 86 123 4567 or (01) 677 8899 soon", "Call *** or *** soon"),
        ("Paid with 4111 1111 1111 1111 today", "Paid with *** today"),
        ("4111-1111-1111-1111", "***"),
        ("4111111111111111", "***"),
        ("IBAN IE29 AIBK 9311 5212 3456 78.", "IBAN ***."),
        ("ie29aibk93115212345678", "***"),
        ("a@b.example then +353861234567", "*** then ***"),
    ],
)
def test_what_has_the_form_is_hidden(text: str, shown: str) -> None:
    """And nothing else is."""
    assert ALL(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Prefers calls after 15:00. Met on 2026-03-17.",
        "Order 4111 1111 1111 1112 of 2026",  # the last digit does not fit
        "IE29 AIBK 9311 5212 3456 79",
        "0000 0000 0000 0000",
        "price @ 12.50 each",
        "ticket 12345, room 7",
    ],
)
def test_what_has_not_is_shown(text: str) -> None:
    """Check digits tell most numbers from those of an order."""
    assert ALL(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "４１１１ １１１１ １１１１ １１１１",
        "4111\u200b1111\u200b1111\u200b1111",
        "mara\u00ad@example.org",
        "ｍａｒａ＠ｅｘａｍｐｌｅ．ｏｒｇ",
        "+353\u00a086\u00a0123\u00a04567",
    ],
)
def test_tricks_of_writing_hide_nothing(text: str) -> None:
    """Widths, invisible signs, spaces that are none: a person reads them all the same."""
    assert ALL(text) == "***"


def test_national_numbers_by_their_names() -> None:
    """As python-stdnum calls them; only those that were asked for."""
    dutch = compile_detector("nl.bsn", "")
    assert dutch("BSN 1112.22.333, please") == "BSN ***, please"
    assert dutch("BSN 1112.22.334, please") == "BSN 1112.22.334, please"
    assert dutch("mara@example.org") == "mara@example.org"


def test_a_number_without_a_prefix_needs_a_country() -> None:
    """Else it could be anything."""
    assert compile_detector("phone", "")("01 677 8899") == "01 677 8899"
    assert compile_detector("phone", "IE")("01 677 8899") == "***"


def test_a_text_that_is_too_long_is_hidden_whole() -> None:
    """It is not looked through, so nothing is known of it."""
    assert ALL("x" * LONGEST) == "x" * LONGEST
    assert ALL("x" * (LONGEST + 1)) == "***"
    assert ALL("1 " * MOST_DIGITS) == "1 " * MOST_DIGITS
    assert ALL("1 " * (MOST_DIGITS + 1)) == "***"


@pytest.mark.parametrize(
    ("find", "country", "says"),
    [
        ("emial", "", "finds no 'emial'"),
        ("nl.bsm", "", "finds no 'nl.bsm'"),
        ("os.path", "", "finds no 'os.path'"),
        ("phone", "XX", "'XX' is no country"),
    ],
)
def test_what_nobody_finds_is_told(find: str, country: str, says: str) -> None:
    """When the policy loads."""
    with pytest.raises(ValueError, match=says):
        check_find(find, country)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_card_is_found_wherever_it_stands(before: str, after: str) -> None:
    """Whatever is around it, as long as that is no part of a number."""
    assert "4111111111111111" not in ALL(f"{before} / 4111111111111111 / {after}")


@given(st.text(max_size=200))
def test_any_text_is_taken(text: str) -> None:
    """Total; and what is shown once is shown again."""
    shown = ALL(text)
    assert ALL(shown) == shown or "***" in shown


def test_what_is_hidden_is_told_when_it_comes_back() -> None:
    """PD-26, WP-03: a note that was shown with a gap is not written over the one with the number in it."""
    mask = Mask("m", "detect", (("find", "phone"),))
    shown = compile_mask(mask, "text")("Call +353 86 123 4567 soon")
    assert shown == "Call *** soon"
    assert could_be_masked(mask, "text", shown)
    assert not could_be_masked(mask, "text", "Call her soon")


def test_what_is_no_text_stays_or_goes() -> None:
    """A number is looked through as a text; what a container holds nobody looked at."""
    apply = compile_mask(Mask("m", "detect"), "text")
    assert [apply(each) for each in (4111111111111111, 7, None, True, {"a": 1}, ["x"])] == [
        "***", 7, None, True, None, None
    ]  # fmt: skip


@pytest.mark.parametrize("params", [(("find", 7),), (("n", 4),), (("country", "XX"),)])
def test_parameters_are_checked(params: tuple[tuple[str, str | int], ...]) -> None:
    """As with other masks, when the policy loads."""
    with pytest.raises(ValueError, match=r"detect|no country"):
        check_mask(Mask("m", "detect", params))

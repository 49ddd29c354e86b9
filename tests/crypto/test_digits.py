"""Sealed numbers keep their layout, open under their own key alone, and are told from numbers of people."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.crypto.digits import MORE, DigitsKey, fits, is_sealed, room
from proxy.errors import Undecodable

KEY = DigitsKey(bytes(range(32)), "tenant-1", "user.government_id")
SEALED = "306-02-5110744170282344"
NUMBERS = st.from_regex(r"\A[0-9]{3}[ ./()+-]?[0-9]{3,20}[ -]?[0-9]{0,20}\Z")


def test_a_sealed_number_as_it_stands_in_crms() -> None:
    """The form does not change: what lies in a CRM has to open tomorrow."""
    sealed = KEY.seal(b"000-12-0101")
    assert sealed == SEALED
    assert KEY.open(sealed) == b"000-12-0101"


@given(NUMBERS)
def test_a_number_comes_back_in_its_layout(text: str) -> None:
    """Digits where digits were, and twelve more."""
    sealed = KEY.seal(text.encode())
    assert KEY.open(sealed).decode() == text
    assert (len(sealed), is_sealed(sealed)) == (len(text) + MORE, True)
    assert [sign.isdigit() for sign in sealed[:-MORE]] == [sign.isdigit() for sign in text]
    assert KEY.seal(text.encode()) == sealed


@settings(derandomize=True)  # one in a million would pass
@given(NUMBERS)
def test_nobody_elses_key_opens_it(text: str) -> None:
    """Another element, tenant or key: told by the check, not by looking right."""
    sealed = KEY.seal(text.encode())
    for other in (
        DigitsKey(bytes(range(32)), "tenant-1", "user.unique_id"),
        DigitsKey(bytes(range(32)), "tenant-2", "user.government_id"),
        DigitsKey(bytes(32), "tenant-1", "user.government_id"),
    ):
        with pytest.raises(Undecodable, match="sealed_not_authentic"):
            other.open(sealed)


@settings(derandomize=True)
@given(NUMBERS, st.data())
def test_a_changed_digit_is_told(text: str, data: st.DataObject) -> None:
    """By the public digits; by the check, if somebody has put those right again."""
    sealed = KEY.seal(text.encode())
    places = [at for at, sign in enumerate(sealed) if sign.isdigit()]
    at = data.draw(st.sampled_from(places))
    changed = sealed[:at] + str((int(sealed[at]) + 1) % 10) + sealed[at + 1 :]
    with pytest.raises(Undecodable):
        KEY.open(changed)


@pytest.mark.parametrize(
    "text", ["", "12345", "1-2-3-4-5", "IE1234567T", "1" * 65, "１２３４５６７", "123456\n", "n/a"]
)
def test_what_is_no_number_is_not_sealed(text: str) -> None:
    """Fewer than six digits are fewer than a million numbers; a letter would stay in clear."""
    assert not fits(text)
    assert not is_sealed(text)
    with pytest.raises(ValueError, match="six at least"):
        KEY.seal(text.encode())
    with pytest.raises(Undecodable, match="sealed_malformed"):
        KEY.open(text)


def test_numbers_of_people_are_not_taken_for_sealed_ones() -> None:
    """One in a million is; here are some thousands."""
    assert not any(is_sealed(f"{number:06}4012888888881881") for number in range(5_000))


def test_room_is_what_is_left() -> None:
    """Of a field's characters."""
    assert [room(10), room(18), room(255)] == [-2, 6, 64]

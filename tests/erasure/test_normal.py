"""Normal forms: what is the same value, where it is looked for, and how it is taken out of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.erasure.mentions import within, without
from proxy.erasure.normal import forms, key, keys, kind_of
from proxy.erasure.numbers import international

SAME = [
    # kind, one, other
    ("email", "Mara.Quinn@Example.org", " mara.quinn@example.org"),
    ("phone", "+353 86 123-4567", "+353861234567"),
    ("phone", "00353 86 1234567", "+353861234567"),
    ("id", "PASSPORT-LC 771.1220", "passportlc7711220"),
    ("name", "Mara  Quinn", "mara quinn"),
    ("name", "ﬁona Quinn", "fiona quinn"),  # a ligature is two letters
]


@pytest.mark.parametrize(("kind", "one", "other"), SAME)
def test_values_that_are_the_same(kind: str, one: str, other: str) -> None:
    """They have one key, and a text that holds one holds the other."""
    assert key(kind, one) == key(kind, other) != ""


def test_what_says_nothing_is_not_looked_for() -> None:
    """Two letters would find everybody."""
    assert (key("id", "A-1"), forms("id", "A-1"), forms("phone", "+4")) == ("", (), ())


def test_compact_copies_are_among_the_forms() -> None:
    """What Tryton keeps in value_compact and code_compact is looked for."""
    assert "+353861234567" in forms("phone", "+353 86 123 4567")
    assert "PASSPORTLC7711220" in forms("id", "PASSPORT-LC7711220")
    assert "carla@example.org" in forms("email", "Carla@Example.org")


def test_a_text_without_the_value() -> None:
    """However it is spaced or cased there."""
    text = "Call MARA  QUINN at +353 86-123 4567, or mara.quinn@example.org."
    for kind, value in (
        ("name", "Mara Quinn"), ("phone", "+353861234567"), ("email", "Mara.Quinn@example.org")
    ):  # fmt: skip
        assert within(kind, value, text)
        text = without(kind, value, text, "[erased]")
    assert text == "Call [erased] at [erased], or [erased]."


def test_a_contact_says_itself_what_it_is() -> None:
    """One column of Tryton holds addresses and numbers."""
    assert [kind_of("contact", each) for each in ("a@b.example", "+353 861234", "mara_q")] == [
        "email",
        "phone",
        "id",
    ]


@given(st.sampled_from(["email", "phone", "id", "name"]), st.text(max_size=40))
def test_every_form_has_the_same_key(kind: str, value: str) -> None:
    """Looking for a form never finds another value than those by which somebody is known."""
    assert {key(kind, form) for form in forms(kind, value)} <= {"", *keys(kind, value, "")}


@given(st.sampled_from(["email", "phone", "id", "name"]), st.text(max_size=40))
def test_the_key_of_a_key_is_itself(kind: str, value: str) -> None:
    """Normalising twice changes nothing."""
    assert key(kind, key(kind, value)) == key(kind, value)


INTERNATIONAL = [
    # value, region, how all the world calls it
    ("+353 86 555 0101", "", "+353865550101"),
    ("00353 (0)86 555 0101", "", "+353865550101"),
    ("086 555 0101", "IE", "+353865550101"),
    ("086-5550101", "IE", "+353865550101"),
    ("+353 86 555 0101", "US", "+353865550101"),  # it says its country itself
    ("086 555 0101", "", ""),  # nobody knows whose
    ("(201) 555-0123", "US", "+12015550123"),
    ("12", "IE", ""),
    ("no number", "IE", ""),
]


@pytest.mark.parametrize(("value", "region", "called"), INTERNATIONAL)
def test_a_number_is_known_in_any_form(value: str, region: str, called: str) -> None:
    """With the country of those who wrote it; without one a national number stays what it is."""
    assert international(value, region) == called

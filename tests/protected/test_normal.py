"""Values that people take for equal have one normal form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.protected.normal import NORMALISERS, normal, normaliser_for

# normaliser, value, normal form
CASES = [
    ("text-1", " Mara  QUINN ", "mara quinn"),
    ("text-1", "Ｍａｒａ", "mara"),  # full width
    ("text-1", "Straße", "strasse"),
    ("text-1", "e\u0301", "é"),
    ("email-1", "Mara@Example.ORG", "mara@example.org"),
    ("email-1", "mara@BÜCHER.example", "mara@xn--bcher-kva.example"),
    ("email-1", "mara@example.org.", "mara@example.org"),
    ("email-1", "no address", "no address"),
    ("email-1", "a@-_-", "a@-_-"),  # no domain, and still equal to itself
    ("phone-1", "+353 (0)86 123-4567", "+353861234567"),
    ("phone-1", "00353 86 1234567", "+353861234567"),
    ("phone-1", "086 123 4567", "0861234567"),  # whose country nobody says
    ("phone-1", "call me", "callme"),
    ("email-1", "mara@straße.example", "mara@strasse.example"),
    ("email-2", "Mara@Example.ORG.", "mara@example.org"),
    ("email-2", "mara@BÜCHER.example", "mara@xn--bcher-kva.example"),
    ("email-2", "mara@STRAßE.example", "mara@xn--strae-oqa.example"),
    ("email-2", "mara@xn--strae-oqa.example", "mara@xn--strae-oqa.example"),
    ("email-2", "mara@strasse.example", "mara@strasse.example"),  # somebody else's
    ("email-2", "no address", "no address"),
    ("phone-1", "+353 86 123 4567 ext. 12", "+353861234567"),
    ("phone-2", "+353 (0)86 123-4567", "+353861234567"),
    ("phone-2", "00353 86 1234567 ext. 12", "+353861234567;ext=12"),
    ("phone-2", "+353861234567;ext=12", "+353861234567;ext=12"),
    ("phone-2", "+353 86 123 4567 x13", "+353861234567;ext=13"),  # another person at the same place
    ("phone-2", "086 123 4567", "0861234567"),
]


@pytest.mark.parametrize(("normaliser", "value", "expected"), CASES)
def test_normal_forms(normaliser, value, expected):
    """One for each way to write the same thing."""
    assert normal(normaliser, value) == expected


@pytest.mark.parametrize("normaliser", sorted(NORMALISERS))
@given(value=st.text(max_size=60))
def test_a_normal_form_is_its_own(normaliser, value):
    """Whatever the value, and case and space around it do not count."""
    once = normal(normaliser, value)
    assert normal(normaliser, once) == once
    assert normal(normaliser, f" {value} ") == once


def test_each_semantic_type_has_a_normaliser_with_a_version():
    """The version is in the label of the key, so that a new one finds nothing wrong."""
    today = {normaliser_for(each) for each in ("email", "phone", "name", "text")}
    assert today == {"email-2", "phone-2", "text-1"} < set(NORMALISERS)

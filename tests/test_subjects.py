"""Pseudonyms: stable under a key, meaningless without it, never ambiguous."""

import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import subjects
from proxy.subjects import Pseudonyms

KEY = bytes(range(32))
PSEUDONYMS = Pseudonyms(KEY)


def test_a_known_pseudonym():
    r"""The form in ledgers that exist does not change.

    Made with: printf '\0\0\0\6record003xx' | openssl dgst -sha256 -binary -mac HMAC -macopt
    hexkey:000102...1e1f | head -c 16 | od -An -tx1
    """
    assert PSEUDONYMS.of("record", "003xx") == "b194199815041a478e8a887ec5eb7607"


@given(st.binary(min_size=32, max_size=32), st.text(max_size=10), st.text(max_size=200))
def test_a_pseudonym_is_half_of_an_hmac(key, kind, value):
    """What is worked out in two halves is HMAC-SHA256 as the standard library has it."""
    message = len(kind.encode()).to_bytes(4, "big") + kind.encode() + value.encode()
    assert Pseudonyms(key).of(kind, value) == hmac.digest(key, message, "sha256")[:16].hex()


@given(st.text(max_size=10), st.text(max_size=40))
def test_a_pseudonym_is_32_harmless_characters(kind, value):
    """Any text has a pseudonym of one length that no escaping ever touches."""
    assert re.fullmatch("[0-9a-f]{32}", PSEUDONYMS.of(kind, value))


@given(st.lists(st.text(max_size=10), max_size=5))
def test_many_at_once_are_the_same_as_each(values):
    """The pseudonyms of a page are those of its people, in order."""
    assert PSEUDONYMS.all("record", values) == [PSEUDONYMS.of("record", value) for value in values]


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=5), max_size=8))
def test_what_is_remembered_is_what_would_be_made(pages):
    """Whether pseudonyms are remembered, forgotten or made again says nothing: they are the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subjects, "MOST_REMEMBERED", 4)
        remembering = Pseudonyms(KEY)
        for page in pages:
            assert remembering.all("record", page) == [Pseudonyms(KEY).of("record", each) for each in page]
            assert remembering.all("principal", page) == [Pseudonyms(KEY).of("principal", each) for each in page]


def test_only_so_many_and_no_long_ones_are_remembered(monkeypatch):
    """A CRM with ever new ids, and ids of a megabyte, do not fill the memory."""
    monkeypatch.setattr(subjects, "MOST_REMEMBERED", 10)
    remembering = Pseudonyms(KEY)
    for number in range(40):
        remembering.all("record", [str(number), "long" * 20, *map(str, range(number % 3))])
        assert len(remembering._remembered["record"]) <= 10
        assert all(len(each) < 65 for each in remembering._remembered["record"])
    assert remembering._remembered["record"]
    remembering.all("record", map(str, range(11)))
    assert not remembering._remembered["record"]


@given(st.tuples(st.text(max_size=5), st.text(max_size=5)), st.tuples(st.text(max_size=5), st.text(max_size=5)))
def test_two_things_never_share_a_pseudonym(one, other):
    """Kind and value are kept apart: only equal pairs are equal."""
    assert (PSEUDONYMS.of(*one) == PSEUDONYMS.of(*other)) == (one == other)


@given(st.lists(st.text(max_size=3)))
def test_those_of_rows_are_the_same_and_none_is_remembered(values):
    """Each person once, in the order in which they come."""
    fresh = Pseudonyms(KEY)
    assert fresh.once("record", values) == [PSEUDONYMS.of("record", value) for value in dict.fromkeys(values)]
    assert fresh._remembered == {}


def test_what_is_no_unicode_text_has_a_pseudonym_too():
    """Half a character in a CRM's id does not stop an exchange."""
    assert PSEUDONYMS.of("record", "\ud800") != PSEUDONYMS.of("record", "\udc00")


def test_what_is_forgotten_gets_the_same_pseudonym_again():
    """Somebody was erased: no identifier is left in memory."""
    made = Pseudonyms(KEY)
    before = made.all("record", ["003xx", "003yy"])
    assert "003xx" in made._remembered["record"]
    made.forget()
    assert not made._remembered
    assert made.all("record", ["003xx", "003yy"]) == before


def test_another_key_makes_other_pseudonyms():
    """Without the key a guess cannot be tested."""
    assert Pseudonyms(bytes(32)).of("record", "1") != PSEUDONYMS.of("record", "1")


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_is_32_bytes(length):
    """A short key is refused instead of used."""
    with pytest.raises(ValueError, match="32 bytes"):
        Pseudonyms(bytes(length))


def test_the_key_is_not_in_its_representation():
    """Printing the object prints no key."""
    assert repr(PSEUDONYMS) == "Pseudonyms(...)"

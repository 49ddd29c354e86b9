"""Salesforce ids."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.sandbox.salesforce.ids import full_id, make_id, suffix


def test_the_suffix_is_the_published_one():
    """The suffix agrees with ids seen in the wild (corpus of restforce, MIT; Salesforce's own documentation)."""
    for known in ("a00D0000008pQRAIA2", "003q000000KvQ1tAAF", "001D000000IRFmaIAH"):
        assert suffix(known[:15]) == known[15:]


@given(st.integers(0, 62**6 - 1))
def test_both_forms_mean_the_same_record(number):
    """The 15-character form becomes the 18-character one, which stays as it is."""
    whole = make_id("003", number)
    assert full_id(whole) == full_id(whole[:15]) == whole


def test_what_is_no_id():
    """Wrong length, strange characters or a wrong suffix make no id."""
    for text in ("", "003", "003Lg0000000001IAB", "003Lg0000000001IAAX", "003Lg000000000-", "Email"):
        assert full_id(text) is None

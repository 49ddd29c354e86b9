"""Two ids are of one record where the CRM says so, and only there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.ids import same_form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0035g00000AbCdE", "0035g00000AbCdEAAV"),
        ("001000000000001", "001000000000001AAA"),
        ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", "3F2504E0-4F89-11D3-9A0C-0305E82C3301"),
    ],
)
def test_one_record_has_one_form(one: str, other: str) -> None:
    """Salesforce's long and short ids; a GUID in either case."""
    assert same_form(one) == same_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CUST00000000000123", "CUST00000000000124"),
        ("100000000000000123", "100000000000000124"),
        ("0035g00000AbCdE", "0035g00000abcde"),
        ("abcdefgh-ijkl-mnop-qrst-uvwxyzabcdeF", "abcdefgh-ijkl-mnop-qrst-uvwxyzabcdef"),
    ],
)
def test_two_records_have_two(one: str, other: str) -> None:
    """Or the key of one would be the other's, and go with it."""
    assert same_form(one) != same_form(other)


@given(st.from_regex(r"\A[0-9A-Za-z]{15}\Z"), st.data())
def test_the_last_three_characters_repeat_the_case_of_the_others(short: str, data: st.DataObject) -> None:
    """Bit by bit, as Salesforce says; with any other three it is another id."""
    checks = ""
    for start in (0, 5, 10):
        bits = sum(each.isupper() << place for place, each in enumerate(short[start : start + 5]))
        checks += "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits]
    assert same_form(short + checks) == same_form(short + checks.lower()) == short
    other = data.draw(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", min_size=3, max_size=3))
    assert (same_form(short + other) == short) == (other == checks)

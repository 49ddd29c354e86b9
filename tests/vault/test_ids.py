"""Two ids are of one record where the CRM says so, and only there."""

import pytest

from proxy.vault.ids import same_form


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

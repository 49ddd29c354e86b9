"""A value that is always the same text opens wherever its element is, and nowhere else."""

import pytest

from proxy.vault import Vault
from proxy.vault.same import Same, kind_of


@pytest.mark.parametrize(("kind", "clear"), [("deterministic", "Mara"), ("digits", "123-45-6789")])
def test_it_opens_for_its_element_alone(vault: Vault, kind: str, clear: str) -> None:
    """By whoever has the key, today and tomorrow."""
    text = Same(vault.keys).seal(kind, "user.government_id", clear.encode())
    assert kind_of(text) == kind
    same = Same(vault.keys)
    assert same.open(text, "user.government_id") == same.open(text, "user.government_id") == clear
    assert same.open(text, "user.financial.tax_id") is None
    assert same.sought(kind, "user.government_id", clear, bytes(8)) == text


def test_what_no_field_of_numbers_can_have_is_sought_as_a_number_that_nobody_has(vault: Vault) -> None:
    """A filter has to say something."""
    sought = Same(vault.keys).sought("digits", "user.government_id", "none", bytes(8))
    assert Same(vault.keys).open(sought, "user.government_id") == "1" + "0" * 20


@pytest.mark.parametrize("text", ["", "Mara", "lp1.AAAA", "123-45-6789", "t" + "a" * 26 + "@t.acme.example"])
def test_any_other_text_is_none(text: str) -> None:
    """As far as the text says."""
    assert kind_of(text) == ""

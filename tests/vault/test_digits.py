"""Numbers that lie in the CRM as other numbers: found by equality, opened by their element, told from clear."""

from dataclasses import replace

import pytest

from proxy.crypto.digits import is_sealed
from proxy.vault import Opened, Placed, Vault
from tests.vault.conftest import NOTES, NUMBER
from tests.vault.test_vault import find, put, show

SSN = "000-12-0101"


def test_a_number_comes_back_and_is_found(vault: Vault) -> None:
    """The same text each time, so that the CRM itself finds it; no row of it is kept."""
    placed = put(vault, NUMBER, SSN)
    assert (is_sealed(placed.text), placed.handle, len(placed.text)) == (True, "", len(SSN) + 12)
    assert show(vault, NUMBER, placed.text) == Opened("opened", SSN)
    assert find(vault, NUMBER, SSN) == (placed.text,) == (put(vault, NUMBER, SSN, "r2").text,)


def test_what_is_in_clear_is_told_from_it(vault: Vault) -> None:
    """So a page from before `protect apply` shows numbers as they are, and not what they would decrypt to."""
    assert show(vault, NUMBER, SSN) == Opened("clear")
    assert show(vault, NUMBER, "123456789012345678") == Opened("clear")


def test_it_opens_for_its_element_alone(vault: Vault) -> None:
    """Elsewhere, or changed by a digit, it was moved."""
    text = put(vault, NUMBER, SSN).text
    assert show(vault, replace(NUMBER, element="user.unique_id"), text) == Opened("moved")
    assert show(vault, NOTES, text) == Opened("moved")


@pytest.mark.parametrize("clear", ["12345", "IE1234567T", "n/a"])
def test_what_is_no_number_is_refused_and_looked_for_in_vain(vault: Vault, clear: str) -> None:
    """There are too few shorter ones, and letters would stay in clear."""
    assert put(vault, NUMBER, clear) == Placed("", trouble="protected_value_not_digits")
    (text,) = find(vault, NUMBER, clear)
    assert is_sealed(text)
    assert text not in find(vault, NUMBER, clear)


def test_what_is_written_back_stays_as_it_is(vault: Vault) -> None:
    """`protect apply` seals nothing twice; what opens nowhere is not written."""
    text = put(vault, NUMBER, SSN).text
    assert put(vault, NUMBER, text) == Placed(text)
    assert put(vault, replace(NUMBER, element="user.unique_id"), text).trouble == "protected_value_moved"


def test_a_number_that_is_too_long_is_refused(vault: Vault) -> None:
    """Nothing is cut off."""
    assert put(vault, replace(NUMBER, room=10), SSN).trouble == "protected_value_too_long"

"""What stands in some records is found by what was written there, and nothing else is."""

import pytest

from proxy.vault import Opening, Put, Sending, Vault
from proxy.vault.standing import Standing, standing
from tests.vault.conftest import MAIL, NOTES, PHONE


def looked(
    vault: Vault, records: set[str], fields: set[str], place: tuple[str, str] = ("crm", "Contact")
) -> dict[str, Standing]:
    """Return what stands there."""
    with vault.store.read() as connection:
        return standing(connection, *place, records, fields)


def test_values_of_the_fields_and_records_asked_for_are_found(vault: Vault) -> None:
    """With what each is sealed as; an envelope lies in the CRM, so its row has none."""
    puts = [Put(each, "a@example.org", record, 0) for each in (MAIL, NOTES, PHONE) for record in ("r1", "r2")]
    placed = vault.settle(Sending(puts=tuple(puts))).placed
    handles = {(put.protection.field, put.record): one.handle for put, one in zip(puts, placed, strict=True)}
    found = looked(vault, {"r1", "r9"}, {"Email", "Notes"})
    assert set(found) == {handles["Email", "r1"], handles["Notes", "r1"]}
    field, record, sealed = found[handles["Email", "r1"]]
    assert (field, record, (sealed or "")[:4]) == ("Email", "r1", "lp1.")
    assert found[handles["Notes", "r1"]] == ("Notes", "r1", None)


def test_of_another_object_or_crm_nothing_is_found(vault: Vault) -> None:
    """Though its records may have the same ids."""
    vault.settle(Sending(puts=(Put(MAIL, "a@example.org", "r1", 0),)))
    assert looked(vault, {"r1"}, {"Email"}, ("crm", "Lead")) == {}
    assert looked(vault, {"r1"}, {"Email"}, ("other", "Contact")) == {}


def test_a_value_of_which_nobody_has_said_where_it_went_is_not_found(vault: Vault) -> None:
    """Until somebody has."""
    (placed,) = vault.settle(Sending(puts=(Put(MAIL, "a@example.org", None, 0),))).placed
    assert looked(vault, {"", "None", "null", "r1"}, {"Email"}) == {}
    vault.settle(Opening(attached=((placed.handle, "r1"),)))
    assert set(looked(vault, {"r1"}, {"Email"})) == {placed.handle}


@pytest.mark.parametrize("record", ["\0", "a\0b", "\ud800", "é", "", "%", "']", '"', "\\"])
def test_any_text_may_stand_where_a_record_has_its_id(vault: Vault, record: str) -> None:
    """A CRM's answer is anybody's text: it finds nothing, and breaks nothing."""
    vault.settle(Sending(puts=(Put(MAIL, "a@example.org", "r1", 0),)))
    assert looked(vault, {record}, {"Email"}) == {}
    assert len(looked(vault, {record, "r1"}, {"Email"})) == 1


def test_an_id_with_signs_of_json_in_it_is_found(vault: Vault) -> None:
    """As it was written."""
    record = "a\"b\\c']"
    vault.settle(Sending(puts=(Put(MAIL, "a@example.org", record, 0),)))
    assert [each[1] for each in looked(vault, {record}, {"Email"}).values()] == [record]

"""Tokens without a record: which are old enough to ask for, and what goes when nobody has them."""

import pytest

from proxy.vault import Opening, Put, Seek, Sending, Shown, Vault, rows
from proxy.vault.strays import give_up, standing_for, unplaced
from tests.vault.conftest import FIRST, MAIL, NOTES, PHONE, Clock

MARA = "mara@example.org"


def create(vault: Vault, *, notes: bool = False) -> list[str]:
    """Seal what a create carries whose answer never comes; return what stands for it."""
    puts = [Put(MAIL, MARA, None, 0), Put(FIRST, "Mara", None, 0)]
    puts += [Put(NOTES, "Calls after 3 p.m.", None, 0)] if notes else []
    return [each.text for each in vault.settle(Sending(puts=tuple(puts))).placed]


def listed(vault: Vault, clock: Clock) -> set[str]:
    """Return the tokens that the CRM would be asked for."""
    return {each.handle for each in unplaced(vault.store, "crm", ["Contact"], clock())}


def left(vault: Vault, tokens: list[str]) -> list[str]:
    """Return those that still open."""
    with vault.store.read() as connection:
        told = vault.told([*rows.by_handle(connection, tokens).values()])
    return [each for each in tokens if each in told]


def test_only_what_is_old_and_in_no_record_is_asked_for(vault: Vault, clock: Clock) -> None:
    """A write that is under way is not; nor what a record has, nor ciphertext, nor another CRM's."""
    mail, first, _ = create(vault, notes=True)
    vault.settle(Sending(puts=(Put(PHONE, "+353861234567", "r2", 0),)))
    assert listed(vault, clock) == set()
    clock.seconds += rows.IN_FLIGHT
    assert listed(vault, clock) == {mail, first}
    assert unplaced(vault.store, "other", ["Contact"], clock()) == []
    assert unplaced(vault.store, "crm", ["Lead"], clock()) == []
    vault.settle(Opening((Shown(MAIL, mail, "r1"),)))
    assert listed(vault, clock) == {first}


def test_what_stands_for_a_value_is_found_however_often(vault: Vault) -> None:
    """More often than a filter can say: a client that repeats a create all day makes that many."""
    tokens = {create(vault)[0] for _ in range(102)}
    assert {each.handle for each in standing_for(vault, [Seek(MAIL, " MARA@example.org")])} == tokens
    assert standing_for(vault, [Seek(MAIL, "joe@example.org"), Seek(NOTES, "x")]) == []


def test_a_key_goes_with_its_last_row(vault: Vault, tmp_path) -> None:
    """One after the other; in the end there is neither key nor row nor a byte of them."""
    tokens = create(vault)
    with vault.store.read() as connection:
        held = [*rows.by_handle(connection, tokens).values()]
    (key,) = {each.key_id for each in held}
    assert give_up(vault.store, vault.keys, tokens[:1]) == 1
    assert (left(vault, tokens), len(vault.keys.find([key]))) == (tokens[1:], 1)
    assert give_up(vault.store, vault.keys, tokens) == 1
    assert (left(vault, tokens), vault.keys.find([key])) == ([], {})
    assert give_up(vault.store, vault.keys, tokens) == 0
    files = b"".join(path.read_bytes() for path in tmp_path.glob("s.db*"))
    assert not [each for each in held if each.sealed is not None and each.sealed.encode() in files]


def test_what_a_record_was_seen_to_have_meanwhile_stays(vault: Vault) -> None:
    """The question takes a while; who shows it is told what it stands for, then and after."""
    tokens = create(vault)
    vault.settle(Opening((Shown(MAIL, tokens[0], "r1"),)))
    assert give_up(vault.store, vault.keys, tokens) == 1
    assert left(vault, tokens) == tokens[:1]
    assert vault.settle(Opening((Shown(MAIL, tokens[0], "r1"),))).values[0].text == MARA


@pytest.mark.parametrize(("theirs", "fate"), [(False, "opened"), (True, "dead")])
def test_ciphertext_cannot_be_asked_for(vault: Vault, theirs: bool, fate: str) -> None:
    """Somebody may have changed the address in the CRM, and the record be there with the rest: so its key stays.

    It goes where the create was of somebody who is erased.
    """
    mail, first, notes = create(vault, notes=True)
    give_up(vault.store, vault.keys, [mail, first], theirs=[mail] if theirs else [])
    assert left(vault, [mail, first]) == []
    assert vault.settle(Opening((Shown(NOTES, notes, "r1"),))).values[0].fate == fate


def test_a_persons_token_goes_whatever_record_it_was_for_and_takes_nothing_else_along(vault: Vault) -> None:
    """The record may be there, with another address by now; its other values are its own."""
    puts = Put(MAIL, MARA, "r7", 0), Put(FIRST, "Joe", "r7", 0)
    mail, first = (each.text for each in vault.settle(Sending(puts=puts)).placed)
    assert give_up(vault.store, vault.keys, [mail]) == 0
    assert give_up(vault.store, vault.keys, [mail], theirs=[mail]) == 1
    assert left(vault, [mail, first]) == [first]

"""What is destroyed is destroyed whole, wherever the first attempt died."""

import contextlib
from pathlib import Path

import pytest

from proxy.errors import Unavailable
from proxy.keys.rewrap import renew_all
from proxy.vault import Opening, Put, Sending, Shown, Vault, rows
from proxy.vault.destroy import Destroyed, destroy
from proxy.vault.rows import Place
from tests.vault.conftest import MAIL, NOTES, PHONE

HERE, OTHER = Place("crm", "Contact", "r1"), Place("crm", "Contact", "r2")


def write(vault: Vault) -> list[str]:
    """Write three values of one record and one of another, and return what stands for them."""
    puts = (
        Put(MAIL, "mara@example.org", "r1", 0),
        Put(PHONE, "+353861234567", "r1", 0),
        Put(NOTES, "Calls after 3 p.m.", "r1", 0),
        Put(MAIL, "joe@example.org", "r2", 1),
    )
    return [each.text for each in vault.settle(Sending(puts=puts)).placed]


def fates(vault: Vault, texts: list[str]) -> list[str]:
    """Return what becomes of them when they are shown."""
    where = zip((MAIL, PHONE, NOTES, MAIL), texts, ("r1", "r1", "r1", "r2"), strict=True)
    return [each.fate for each in vault.settle(Opening(tuple(Shown(*each) for each in where))).values]


def test_a_new_key_of_a_person_seals_and_goes_with_the_older_one(vault: Vault, clock) -> None:
    """What is written after a rotation is under the newest one; destroying ends all, used or not."""
    texts = write(vault)
    with vault.store.read() as connection:
        (old,) = {value.key_id for value in rows.in_records(connection, [HERE])}
    (subject,) = vault.keys.subjects([old])
    for _ in range(2):
        clock.seconds += 10
        list(renew_all(vault.keys, clock.seconds, pause=0))
    newest = vault.keys.sealing([subject])[subject].id
    vault.settle(Sending(puts=(Put(NOTES, "And before noon.", "r1", 0),)))
    with vault.store.read() as connection:
        assert {value.key_id for value in rows.in_records(connection, [HERE])} == {old, newest}
    assert fates(vault, texts) == ["opened"] * 4
    assert destroy(vault.store, vault.keys, [HERE]) == Destroyed(4, 2, 0)
    assert vault.keys.sealing([subject]) == {}
    assert vault.keys.find([old, newest]) == {}
    assert fates(vault, texts) == ["dead", "dead", "dead", "opened"]


@pytest.mark.parametrize("dies", ["shred_key", "drop_keys", "forget", None])
def test_a_run_that_dies_anywhere_is_repeated(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dies: str | None
) -> None:
    """No key lives on because the row that named it was gone, and no other record loses anything."""
    texts = write(vault)
    with vault.store.read() as connection:
        held = rows.in_records(connection, [HERE])
    ids = {each.key_id for each in held}

    def die(*_args: object) -> None:
        raise Unavailable("store_failed")

    with monkeypatch.context() as patched, contextlib.suppress(Unavailable):
        if dies is not None:
            patched.setattr({"shred_key": vault.keys, "drop_keys": rows, "forget": vault.store}[dies], dies, die)
        destroy(vault.store, vault.keys, [HERE])
    destroy(vault.store, vault.keys, [HERE])
    assert vault.keys.find(ids) == {}
    assert fates(vault, texts) == ["dead", "dead", "dead", "opened"]
    with vault.store.read() as connection:
        assert rows.in_records(connection, [HERE]) == []
        assert len(rows.in_records(connection, [OTHER])) == 1
    files = b"".join(path.read_bytes() for path in tmp_path.glob("s.db*"))
    assert not [each for each in held if each.mark is not None and each.mark in files]
    assert not [each for each in held if each.sealed is not None and each.sealed.encode() in files]


def test_what_has_to_stay_opens_and_the_rest_of_its_record_does_not(vault: Vault, tmp_path: Path) -> None:
    """The key is the record's, so it stays too; nothing of a token that goes is in the files."""
    texts = write(vault)
    with vault.store.read() as connection:
        (phone,) = (each for each in rows.in_records(connection, [HERE]) if each.field == "Phone")
    for _ in range(2):
        gone = destroy(vault.store, vault.keys, [HERE, OTHER], {HERE: {"Email"}})
        assert gone.staying == 1
        assert fates(vault, texts) == ["opened", "dead", "moved", "dead"]
    assert phone.sealed is not None
    assert phone.sealed.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("s.db*"))
    assert destroy(vault.store, vault.keys, [HERE], {HERE: ()}) == Destroyed(0, 0, 0, 1)
    assert destroy(vault.store, vault.keys, [HERE]) == Destroyed(1, 1, 0)
    assert fates(vault, texts) == ["dead"] * 4


def test_it_says_what_there_was(vault: Vault) -> None:
    """And the second time, that there is nothing."""
    write(vault)
    assert destroy(vault.store, vault.keys, [HERE]) == Destroyed(3, 1, 0)
    assert destroy(vault.store, vault.keys, [HERE]) == Destroyed(0, 0, 0)

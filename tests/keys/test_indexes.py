"""Index keys are exchanged while they are used, and what is made from the first of them stays."""

import pytest

from proxy.errors import Unavailable
from proxy.keys import Keys, indexes, rows
from proxy.keys.epochs import NotNow
from proxy.keys.rewrap import rewrap
from tests.keys.test_rewrap import epochs_of

ELEMENT = "user.contact.email/email-1"


def note(_what: str, _detail: str) -> None:
    """Take what happens, and keep nothing."""


def test_two_are_searched_until_the_older_one_is_given_up(keys: Keys, make) -> None:
    """The newer one comes last; another process has it at once."""
    other = make()
    (first,) = other.index_keys(ELEMENT).values()
    assert indexes.begin(keys, note) == 2
    assert [*other.index_keys(ELEMENT)] == [1, 2] == indexes.searched(keys)
    assert other.index_keys(ELEMENT)[1] == first != other.index_keys(ELEMENT)[2]
    assert other.index_in_force() == 2
    assert indexes.end(keys, note, 2) == 2
    assert [*other.index_keys(ELEMENT)] == [2]
    assert (indexes.begin(keys, note), indexes.end(keys, note, 3)) == (3, 3)
    assert [*other.index_keys(ELEMENT)] == [3]


@pytest.mark.parametrize("dies", [1, 2])
def test_a_run_that_dies_is_taken_up(keys: Keys, make, monkeypatch, dies: int) -> None:
    """Searched and not in force, every process can mark and find; the next run goes on, and makes no third."""
    other, search = make(), rows.search
    calls = iter(range(1, 9))

    def dying(connection, known: str) -> None:
        if next(calls) == dies:
            raise Unavailable("died")
        search(connection, known)

    monkeypatch.setattr(rows, "search", dying)
    with pytest.raises(Unavailable, match="died"):
        indexes.begin(keys, note)
    assert indexes.searched(keys) == ([1] if dies == 1 else [2, 1])
    assert other.index_in_force() == 1
    assert sorted(other.index_keys(ELEMENT)) == ([1] if dies == 1 else [1, 2])
    monkeypatch.undo()
    assert indexes.begin(keys, note) == 2
    assert indexes.searched(keys) == [1, 2]


def test_the_first_is_kept_for_what_is_made_from_it_and_the_others_are_gone(keys: Keys) -> None:
    """Deterministic ciphertext in the CRM is found and opened after any number of rotations."""
    before = keys.index_key("user.financial.tax_id/repeatable")
    for _ in range(2):
        indexes.end(keys, note, indexes.begin(keys, note))
    assert keys.index_key("user.financial.tax_id/repeatable") == before
    with keys.store.read() as connection:
        assert {name for name in rows.installation_keys(connection) if name.startswith("index")} == {
            "index",
            "index/3",
        }


def test_they_are_wrapped_anew_with_all_others(keys: Keys, make) -> None:
    """And survive the key that they were wrapped under."""
    indexes.begin(keys, note)
    before = keys.index_keys(ELEMENT)
    epochs = epochs_of(keys)
    epochs.begin()
    list(rewrap(keys))
    for officer in ("ann", "ben"):
        epochs.ask_for_destruction(1, officer)
    epochs.destroy(1)
    assert make().index_keys(ELEMENT) == before


def test_what_happens_is_on_record_before_it_does(keys: Keys) -> None:
    """What cannot be written down is not done."""

    def refuses(_what: str, _detail: str) -> None:
        raise Unavailable("ledger")

    with pytest.raises(Unavailable, match="ledger"):
        indexes.begin(keys, refuses)
    with pytest.raises(Unavailable, match="ledger"):
        indexes.end(keys, refuses, 1)
    assert indexes.searched(keys) == [1]


def test_only_who_brought_the_last_one_into_force_ends_the_others(keys: Keys) -> None:
    """Somebody else's run may be marking values with it still."""
    indexes.begin(keys, note)
    indexes.begin(keys, note)
    with pytest.raises(NotNow, match="somebody else"):
        indexes.end(keys, note, 2)
    assert indexes.searched(keys) == [1, 2, 3]


def test_one_rotation_at_a_time(keys: Keys, make) -> None:
    """Somebody else was faster: there is no third key that nobody asked for."""

    def meanwhile(_what: str, _detail: str) -> None:
        indexes.begin(make(), note)

    with pytest.raises(NotNow, match="run it again"):
        indexes.begin(keys, meanwhile)
    assert indexes.searched(keys) == [1, 2]


def test_without_keys_there_is_nothing_to_exchange(make) -> None:
    """An installation that has none says so."""
    with pytest.raises(Unavailable, match="keys_not_initialised"):
        indexes.begin(make(), note)

"""Values are found before, while and after they are marked anew, whatever happens meanwhile."""

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, create_engine, text

from proxy.keys import CHAPTER as KEYS
from proxy.keys import indexes
from proxy.keys.epochs import NotNow
from proxy.store import Store
from proxy.store.store import url_of
from proxy.vault import CHAPTER, Put, Sending, Vault, rows
from proxy.vault.destroy import destroy
from proxy.vault.reindex import Marked, reindex
from proxy.vault.rows import Place, Value
from tests.keys.test_indexes import note
from tests.vault.conftest import FIRST, MAIL, NOTES, TAX
from tests.vault.test_vault import find, put

Make = Callable[[], Vault]
PLACE = ("crm", "Contact", "FirstName")


def fill(vault: Vault, count: int) -> dict[str, str]:
    """Write addresses of so many people; return what stands for each."""
    texts = [f"person{number}@example.org" for number in range(count)]
    puts = tuple(Put(MAIL, each, f"r{number}", number) for number, each in enumerate(texts))
    return dict(zip(texts, (each.text for each in vault.settle(Sending(puts=puts)).placed), strict=True))


def counts(vault: Vault) -> dict[int, int]:
    """Return how many values each index key finds."""
    with vault.store.read() as connection:
        return rows.marked_by(connection)


def test_values_are_found_all_the_while(vault: Vault, make: Make) -> None:
    """By both keys while there are two; in the end by the new one alone."""
    before, other = fill(vault, 30), make()
    indexes.begin(vault.keys, note)
    late = put(other, MAIL, "late@example.org", "r99").text
    steps = []
    for marked in reindex(vault, at_once=7, pause=0):
        steps.append(marked.done)
        assert all(find(other, MAIL, clear) == (token,) for clear, token in before.items())
        assert find(other, MAIL, "late@example.org") == (late,)
    assert steps == [0, 7, 14, 21, 28, 30]
    assert counts(vault) == {2: 31}
    indexes.end(vault.keys, note, 2)
    other = make()
    assert all(find(other, MAIL, clear) == (token,) for clear, token in before.items())
    assert list(reindex(vault, pause=0)) == [Marked(0)]


def test_envelopes_and_deterministic_values_have_no_mark_to_exchange(vault: Vault) -> None:
    """The first are found by nothing, the second by themselves, as before."""
    put(vault, NOTES, "Calls after 3 p.m.")
    stored = put(vault, TAX, "IE1234567T").text
    indexes.begin(vault.keys, note)
    assert list(reindex(vault, pause=0)) == [Marked(0)]
    indexes.end(vault.keys, note, 2)
    assert find(vault, TAX, "IE1234567T") == (stored,)


def test_who_writes_while_the_key_is_exchanged_marks_with_the_new_one(vault: Vault, make: Make) -> None:
    """A mark that was made just before the exchange is made again: nobody would find it later."""
    other, begun = make(), []
    inner = other.keys.hold_index

    def hold(connection: Connection) -> int:
        begun.append(inner(connection))
        return begun[-1] + (len(begun) == 1)  # as if another key had come between the mark and its row

    other.keys.hold_index = hold  # type: ignore[method-assign]
    put(other, MAIL, "mara@example.org")
    assert begun == [1, 1]
    assert counts(vault) == {1: 1}
    assert indexes.begin(vault.keys, note) == 2
    put(other, MAIL, "joe@example.org", "r2")
    assert counts(vault) == {1: 1, 2: 1}


def test_writers_are_not_refused_and_none_of_theirs_is_overlooked(vault: Vault, make: Make) -> None:
    """Two of them write and search as fast as they can while keys are exchanged twice."""
    ends, failed = threading.Event(), []
    made: dict[str, str] = dict(fill(vault, 40))

    def live(number: int) -> None:
        mine, turn = make(), 0
        try:
            while not ends.is_set():
                clear = f"live{number}.{turn}@example.org"
                made[clear] = put(mine, MAIL, clear, f"l{number}.{turn}").text
                assert find(mine, MAIL, clear) == (made[clear],)
                turn += 1
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=live, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        number = indexes.begin(vault.keys, note)
        list(reindex(vault, at_once=10))
        assert len(counts(vault)) == 1
        indexes.end(vault.keys, note, number)
    ends.set()
    for thread in threads:
        thread.join()
    assert not failed
    after = make()
    assert all(find(after, MAIL, clear) == (token,) for clear, token in made.items())


def test_a_run_that_is_killed_anywhere_goes_on(
    vault: Vault, make: Make, tmp_path: Path, database_url: URL
) -> None:
    """However often it is killed; what is left is done, and nothing twice."""
    before, other = fill(vault, 200), make()
    indexes.begin(vault.keys, note)
    url = database_url.render_as_string(hide_password=False)
    command = [sys.executable, str(Path(__file__).with_name("reindexer.py")), str(tmp_path), url]
    done = [0]
    for lines in (2, 3, 4):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            for _ in range(lines):
                process.stdout.readline()
            process.kill()
        assert all(find(other, MAIL, clear) == (token,) for clear, token in list(before.items())[::20])
        done.append(counts(vault).get(2, 0))
    assert done == sorted(done)
    assert 0 < done[-1] < 200
    subprocess.run(command, check=True, capture_output=True)
    assert counts(vault) == {2: 200}


def test_a_second_exchange_that_begins_meanwhile_leaves_nothing_unfound(vault: Vault, make: Make) -> None:
    """The first run does not end it, nor marks with its own key behind the second run's back."""
    before, other = fill(vault, 30), make()
    number = indexes.begin(vault.keys, note)
    first = reindex(vault, at_once=10, pause=0)
    next(first), next(first)
    inner, called = vault.told, []

    def told(values: Sequence[Value]) -> dict[str, str]:
        found = inner(values)
        if not called:
            called.append(indexes.begin(other.keys, note))
            list(reindex(other, at_once=10, pause=0))
        return found

    vault.told = told  # type: ignore[method-assign]
    list(first)
    with pytest.raises(NotNow, match="somebody else"):
        indexes.end(vault.keys, note, number)
    assert indexes.end(other.keys, note, called[0]) == 3
    assert all(find(make(), MAIL, clear) == (token,) for clear, token in before.items())
    assert counts(vault) == {3: 30}


def test_who_is_erased_meanwhile_does_not_come_back(vault: Vault) -> None:
    """And what nobody can open is found no more, and counted."""
    before = fill(vault, 3)
    indexes.begin(vault.keys, note)
    inner = vault.told

    def told(values):
        found = inner(values)
        destroy(vault.store, vault.keys, [Place("crm", "Contact", "r0")])
        return {handle: clear for handle, clear in found.items() if clear != "person2@example.org"}

    vault.told = told  # type: ignore[method-assign]
    assert list(reindex(vault, pause=0))[-1] == Marked(2, 1)
    assert counts(vault) == {2: 1}
    assert find(vault, MAIL, "person1@example.org") == (before["person1@example.org"],)
    for gone in ("person0@example.org", "person2@example.org"):
        assert find(vault, MAIL, gone) != (before[gone],)


@pytest.mark.parametrize("before", ["", "text-0"])
def test_fields_that_are_searched_from_now_on(vault: Vault, before: str) -> None:
    """What was protected before the field was searched, or by an older normaliser, is found as well."""
    token = put(vault, replace(FIRST, normaliser=""), "Mara").text
    if before:
        with vault.store.begin() as connection:
            connection.execute(text("UPDATE vault_values SET mark = key_id, normaliser = 'text-0'"))
    assert find(vault, FIRST, "mara") != (token,)
    assert list(reindex(vault, {PLACE: "text-1"}, pause=0)) == [Marked(0), Marked(1)]
    assert find(vault, FIRST, "mara") == (token,)


def test_an_older_database_is_brought_up_to_date(tmp_path: Path) -> None:
    """Its marks are those of the first key."""
    url = url_of(tmp_path / "old.db")
    store = Store.open(url, (KEYS, CHAPTER))
    store.close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE vault_values DROP COLUMN index_key"))
        connection.execute(text("ALTER TABLE vault_values DROP COLUMN settled_at"))
        connection.execute(text("UPDATE store_chapters SET version = 1 WHERE name = 'vault'"))
        connection.execute(
            text(
                "INSERT INTO vault_values (handle, connector, object, field, element, key_id, mark, created_at) "
                "VALUES ('t', 'crm', 'Contact', 'Email', 'user.contact.email', x'00', x'01', 0)"
            )
        )
    engine.dispose()
    store = Store.open(url, (KEYS, CHAPTER))
    with store.read() as connection:
        assert rows.marked_by(connection) == {1: 1}
        assert rows.by_handle(connection, ["t"])["t"].index_key == 1
    store.close()

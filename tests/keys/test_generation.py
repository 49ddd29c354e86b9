"""The number of one machine's processes."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proxy.errors import Unavailable
from proxy.keys import CHAPTER, NoMemory, SharedNumber
from proxy.keys.generation import UNKNOWN, change
from proxy.store import Store
from proxy.store.store import url_of

ELSEWHERE = """
import sys
from pathlib import Path
from proxy.keys import CHAPTER, SharedNumber
from proxy.store import Store
from proxy.store.store import url_of
store = Store.open(url_of(Path(sys.argv[1])), (CHAPTER,))
number = SharedNumber(store, Path(sys.argv[2]))
print(number.now())
with number.changing():
    print(number.now())
print(number.now())
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[], SharedNumber]]:
    """Return a maker: each call is another process's view."""
    made: list[tuple[Store, SharedNumber]] = []

    def make_one() -> SharedNumber:
        store = Store.open(url_of(tmp_path / "s.db"), (CHAPTER,))
        made.append((store, SharedNumber(store, tmp_path / "n")))
        return made[-1][1]

    yield make_one
    for store, number in made:
        number.close()
        store.close()


@pytest.fixture
def number(make: Callable[[], SharedNumber]) -> SharedNumber:
    """Give a number."""
    return make()


def test_it_is_odd_while_something_changes_and_another_afterwards(
    number: SharedNumber, make: Callable[[], SharedNumber]
) -> None:
    """Seen by another process's view at once."""
    other = make()
    before = other.now()
    with number.changing():
        assert other.now() % 2 == 1
    assert (other.now() % 2, other.now() > before) == (0, True)


def test_another_process_sees_and_moves_it(number: SharedNumber, tmp_path: Path) -> None:
    """The store is what they share."""
    command = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "s.db"), str(tmp_path / "n")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert list(map(int, said)) == [0, 1, 2]
    assert number.now() == 2


def test_changes_take_turns(number: SharedNumber) -> None:
    """Two threads of one process too."""
    seen: list[int] = []

    def change() -> None:
        for _ in range(20):
            with number.changing():
                seen.append(number.now())

    threads = [threading.Thread(target=change) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1 + 2 * turn for turn in range(80)]


def test_one_that_was_left_odd_is_mended_by_the_next_change(number: SharedNumber) -> None:
    """Whoever died in between made the others slow, not wrong."""
    change(number._store, lambda _: 7)
    with number.changing():
        assert number.now() == 7
    assert number.now() == 8


def test_nobody_can_tell_while_the_store_cannot_be_read(number: SharedNumber) -> None:
    """So nothing is remembered, and it is known again when the store is."""
    with number._store.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE key_generation RENAME TO away")
    assert (number.now(), UNKNOWN % 2) == (UNKNOWN, 1)
    with number._store.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO key_generation")
    assert number.now() == 0


def test_nobody_waits_for_whoever_changes_something(number: SharedNumber) -> None:
    """It is looked at where all are served: what is committed is told while somebody else has the turn."""
    with number._store.begin():
        assert number.now() == 0


def test_a_place_where_there_can_be_no_lock(tmp_path: Path, number: SharedNumber) -> None:
    """It is the operator's to mend."""
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for path in (tmp_path / "missing" / "n", tmp_path / "link"):
        with pytest.raises(Unavailable, match="key_generation_unusable"):
            SharedNumber(number._store, path)


def test_who_only_looks_remembers_nothing_and_changes_nothing() -> None:
    """The number is unknown, and a change is refused."""
    assert NoMemory().now() % 2 == 1
    with pytest.raises(Unavailable, match="keys_only_looked_at"):
        NoMemory().changing()
    NoMemory().close()

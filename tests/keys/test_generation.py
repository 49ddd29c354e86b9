"""The number of one machine's processes."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from proxy.errors import Unavailable
from proxy.keys import NoMemory, SharedNumber

ELSEWHERE = """
import sys
from pathlib import Path
from proxy.keys import SharedNumber
number = SharedNumber(Path(sys.argv[1]))
print(number.now())
with number.changing():
    print(number.now())
print(number.now())
"""


@pytest.fixture
def number(tmp_path: Path):
    """Give a number."""
    made = SharedNumber(tmp_path / "n")
    yield made
    made.close()


def test_it_is_odd_while_something_changes_and_another_afterwards(number: SharedNumber, tmp_path: Path) -> None:
    """Seen by another process's view at once, without asking."""
    other = SharedNumber(tmp_path / "n")
    before = other.now()
    with number.changing():
        assert other.now() % 2 == 1
    assert (other.now() % 2, other.now() > before) == (0, True)
    other.close()


def test_another_process_sees_and_moves_it(number: SharedNumber, tmp_path: Path) -> None:
    """The file is what they share."""
    command = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "n")]
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
    number._number[0] = 7
    with number.changing():
        assert number.now() == 7
    assert number.now() == 8


def test_a_place_where_there_can_be_none(tmp_path: Path) -> None:
    """It is the operator's to mend."""
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for path in (tmp_path / "missing" / "n", tmp_path / "link"):
        with pytest.raises(Unavailable, match="key_generation_unusable"):
            SharedNumber(path)


def test_who_only_looks_remembers_nothing_and_changes_nothing() -> None:
    """The number is unknown, and a change is refused."""
    assert NoMemory().now() % 2 == 1
    with pytest.raises(Unavailable, match="keys_only_looked_at"):
        NoMemory().changing()
    NoMemory().close()

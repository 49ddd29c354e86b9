"""Who is stopped stays stopped."""

from pathlib import Path

import pytest

from proxy.errors import Problems
from proxy.identity import Frozen


def test_the_list_outlives_the_process(tmp_path: Path) -> None:
    """What was written is read again; the file is for its owner only."""
    path = tmp_path / "frozen.json"
    frozen = Frozen(path)
    assert "desk" not in frozen
    frozen.replace(["desk", "partner/jos\u00e9"])
    assert path.stat().st_mode & 0o077 == 0
    again = Frozen(path)
    assert again.ids == ("desk", "partner/jos\u00e9")
    assert "desk" in again
    again.replace([])
    assert Frozen(path).ids == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"frozen": "desk"}',
        '{"frozen": [1]}',
        '{"frozen": [""]}',
        '{"frozen": [], "x": 1}',
        "\udcff",
    ],
)
def test_a_list_that_cannot_be_read_stops_the_start(tmp_path: Path, text: str) -> None:
    """Nobody is let in again because a file is damaged."""
    path = tmp_path / "frozen.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(Problems, match=r"frozen\.json"):
        Frozen(path)


def test_what_cannot_be_written_is_not_in_force(tmp_path: Path) -> None:
    """The list in memory is the one on the disk."""
    frozen = Frozen(tmp_path / "missing" / "frozen.json")
    with pytest.raises(OSError, match="missing"):
        frozen.replace(["desk"])
    assert frozen.ids == ()

"""The highest version that was in force, on disk."""

from pathlib import Path

import pytest

from proxy.errors import Problems
from proxy.policy.sources.water import HighWater


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Also by the next process; the folder is made for us alone."""
    water = HighWater(tmp_path / "state" / "water")
    assert water.read() == ""
    water.write("7 abc")
    water.write("8 def")
    assert HighWater(tmp_path / "state" / "water").read() == "8 def"
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["water"]
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


def test_an_unreadable_mark_is_not_taken_for_none(tmp_path: Path) -> None:
    """Otherwise damaging the file would let an old policy in."""
    (tmp_path / "water").write_bytes(b"\xff")
    with pytest.raises(Problems, match="LG504"):
        HighWater(tmp_path / "water").read()
    with pytest.raises(Problems, match="LG504"):
        HighWater(tmp_path).read()

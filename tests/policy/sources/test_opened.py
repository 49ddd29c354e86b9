"""The copy that lies still while it is read."""

import pytest

from proxy.errors import Problem, Problems
from proxy.policy.sources.opened import lying_still


def test_a_copy_has_the_files_and_is_gone_afterwards() -> None:
    """Folders are made as needed; nobody else can read it."""
    with lying_still({"a.yaml": b"1", "b/c.yaml": b"2"}, "shown") as folder:
        assert (folder / "b/c.yaml").read_bytes() == b"2"
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_problems_are_told_with_the_name_people_know() -> None:
    """File, other place and message; the copy is gone even then."""
    with pytest.raises(Problems) as caught, lying_still({"a.yaml": b"1"}, "shown") as folder:
        raise Problems([Problem(f"{folder}/a.yaml", 1, 2, "LG101", f"in {folder}", also=f"{folder}/b.yaml:1:1")])
    assert caught.value.problems == (
        Problem("shown/a.yaml", 1, 2, "LG101", "in shown", also="shown/b.yaml:1:1"),
    )
    assert not folder.exists()

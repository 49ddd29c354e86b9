"""What stands in git: files of the project and nothing that points out of it."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_no_link_is_kept():
    """A link would stand, in somebody else's clone, where a tool has to install something."""
    listed = subprocess.run(["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, check=True, text=True)
    links = [line for line in listed.stdout.splitlines() if line.startswith("120000 ")]
    assert links == []

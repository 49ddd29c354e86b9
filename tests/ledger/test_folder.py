"""The ledger's folder belongs to one process, and to one account."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import proxy
from proxy.errors import LedgerError
from proxy.ledger import folder as folders
from proxy.ledger.segment import SystemDisk


def test_a_missing_folder_is_made_for_us_alone(folder):
    """The folder is made with mode 0700, whatever the umask says."""
    before = os.umask(0)
    try:
        os.close(folders.take(folder, SystemDisk()))
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o720, 0o777])
def test_a_folder_open_to_others_is_refused(folder, mode):
    """Entries are personal data: the ledger does not start where others may look."""
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(LedgerError, match="0700"):
        folders.take(folder, SystemDisk())


def test_a_second_taker_is_refused_until_the_first_lets_go(folder):
    """AU-11: the lock holds inside one process too, and ends with its descriptor."""
    first = folders.take(folder, SystemDisk())
    with pytest.raises(LedgerError, match="another process"):
        folders.take(folder, SystemDisk())
    os.close(first)
    os.close(folders.take(folder, SystemDisk()))


def test_another_process_is_refused(folder):
    """AU-11: a second instance cannot append to the same ledger."""
    first = folders.take(folder, SystemDisk())
    script = (
        "import sys; from pathlib import Path\n"
        "from proxy.ledger import folder, segment\n"
        "folder.take(Path(sys.argv[1]), segment.SystemDisk())"
    )
    root = Path(proxy.__file__).parents[1]
    other = subprocess.run(
        [sys.executable, "-c", script, str(folder)], cwd=root, capture_output=True, text=True, check=False
    )
    os.close(first)
    assert other.returncode == 1
    assert "in use by another process" in other.stderr


def test_no_descriptor_is_left_behind_by_a_refusal(folder):
    """Being refused a hundred times costs no descriptor."""
    first = folders.take(folder, SystemDisk())
    count = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(100):
        with pytest.raises(LedgerError):
            folders.take(folder, SystemDisk())
    assert len(list(Path("/proc/self/fd").iterdir())) == count
    os.close(first)

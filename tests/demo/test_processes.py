"""Servers of the demo are processes that start, say why if they do not, and end."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from proxy.demo import processes


def test_a_server_that_ends_at_once_says_why(tmp_path: Path) -> None:
    """Nobody waits a minute for a process that is gone, and its last words are in the error."""
    log = tmp_path / "log"
    log.write_text("first\nno such database\n")
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        began = time.monotonic()
        with pytest.raises(RuntimeError, match="no such database"):
            processes.wait_for_port(processes.free_port(), process, log)
        with pytest.raises(RuntimeError, match="not become ready"):
            processes.wait_ready(processes.free_port(), process, tmp_path / "none")
        assert time.monotonic() - began < 30


def test_lychgate_ends_with_the_block(tmp_path: Path) -> None:
    """Whatever happens inside, the process is gone afterwards, and what it said is in the log."""
    log = tmp_path / "log"
    with processes.lychgate(["--version"], log) as process:
        process.wait(30)
    assert process.returncode == 0
    assert "lychgate" in log.read_text()
    with pytest.raises(KeyError), processes.lychgate(["sandbox", "hubspot", "--port", "0"], log) as process:
        raise KeyError
    assert process.poll() is not None

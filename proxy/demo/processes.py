"""The demo's cast: every server is a process of its own, as it would be in earnest."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

STARTUP_SECONDS = 60.0


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def lychgate(arguments: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `lychgate ARGUMENTS` until the block ends; its output goes to `log`."""
    with log.open("ab") as out:
        command = [sys.executable, "-m", "proxy.cli", *arguments]
        process = subprocess.Popen(command, stdout=out, stderr=out)  # noqa: S603 - our own command line
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once something listens on 127.0.0.1:`port`.

    Raises:
        RuntimeError: the process ended, or a minute passed; its last words are in the message.
    """
    limit = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < limit and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise RuntimeError(f"a server of the demo did not start:\n{last_words(log)}")


def wait_ready(admin: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once /ready answers 200; raises RuntimeError as `wait_for_port` does."""
    limit = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < limit and process.poll() is None:
        with contextlib.suppress(OSError):
            if fetch(admin, "/ready"):
                return
        time.sleep(0.05)
    raise RuntimeError(f"Lychgate did not become ready:\n{last_words(log)}")


def fetch(port: int, path: str) -> str:
    """Return what the admin port of 127.0.0.1 answers; raises OSError (HTTPError included) otherwise."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return str(answer.read().decode())


def last_words(log: Path) -> str:
    """Return the end of a log."""
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-20:]) if log.exists() else ""

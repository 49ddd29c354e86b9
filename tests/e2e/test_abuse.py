"""Thousands of peers that connect, stop, reset and flood, before a process with its real ledger.

Beside them others are served, memory stays within its bound, and every exchange that began has an outcome.
"""

import contextlib
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from proxy.demo.installation import LaneOf
from proxy.ledger.verify import verify
from proxy.sandbox import HubSpotSandbox, running
from tests.e2e.conftest import Install
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed, until
from tests.e2e.wire import CONTACT, Line

CONNECTIONS = 5_000
RESETS = 10_000
MOST_MEMORY = 300
"""Megabytes."""


def memory_of(run: Installed) -> int:
    """Return the most megabytes that the process has ever taken."""
    assert run.process is not None
    lines = Path(f"/proc/{run.process.pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def served(run: Installed) -> bool:
    """Return whether somebody who asks properly gets an answer."""
    with Line(run.ports["hubspot"], run.keys["helpdesk"]) as line:
        return line.ask().status == 200


def opened(run: Installed, data: bytes) -> socket.socket | None:
    """Return a connection on which some bytes were sent; None if it was not taken."""
    try:
        peer = socket.create_connection(("127.0.0.1", run.ports["hubspot"]), 10)
        peer.sendall(data)
    except OSError:
        return None
    return peer


def reset(run: Installed, data: bytes) -> None:
    """Send some bytes and reset the connection."""
    if (peer := opened(run, data)) is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()


@pytest.mark.parametrize("kind", ["connections", "resets", "heads"])
def test_abuse_takes_nothing_from_others(install: Install, kind: str) -> None:
    """Whoever comes in thousands is bounded; whoever asks is answered; nothing is left open on record."""
    crm = HubSpotSandbox(CRM_TOKEN)
    with running(crm) as address:
        run = install({"hubspot": LaneOf(0, address.url, CRM_TOKEN)}).up()
        ask = (
            f"GET {CONTACT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {run.keys['helpdesk']}\r\n\r\n".encode()
        )
        assert served(run)
        if kind == "connections":
            with contextlib.ExitStack() as stack:
                for number in range(CONNECTIONS):
                    peer = opened(run, b"G" if number % 2 else b"")
                    if peer is not None:
                        stack.enter_context(contextlib.closing(peer))
                    if number % 1_000 == 999:
                        assert served(run)
        elif kind == "resets":
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda number: reset(run, (ask, ask[:40], b"")[number % 3]), range(RESETS)))
        else:
            for _ in range(4):
                peer = opened(run, b"GET /x HTTP/1.1\r\nHost: a\r\nX: ")
                assert peer is not None
                with contextlib.closing(peer), contextlib.suppress(OSError):
                    for _ in range(4_096):
                        peer.sendall(b"a" * 65_536)
        assert served(run)
        assert memory_of(run) < MOST_MEMORY
        until(lambda: not verify(run.made.ledger).open_intents)
        run.down()
        run.check_ledger()
    kinds = {entry["kind"] for entry in run.entries()}
    assert {"requested", "disclosed"} <= kinds

"""Bodies in rows through a process of its own: its memory, its files, what is on record when it is killed."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proxy.demo.installation import LaneOf
from tests.e2e.conftest import Install
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import PATIENCE, Installed, until
from tests.streaming.conftest import BATCHES, RESULTS, chunk, declare_routes, head, key

Ask = Callable[..., socket.socket]
MEGABYTES = 48
MOST_MEMORY = 200
"""Megabytes that the process may ever take."""
CANARY = "canary-of-the-rows"
COLUMNS = b"Id,Email,Phone,MailingStreet,Title\n"


def page(first: int, count: int = 1_000) -> bytes:
    """Return rows of people."""
    return "".join(
        f'{key(number)},p{number}@example.org,+353 1 555 0101,"{number} {CANARY} Road, Dublin",Dr\n'
        for number in range(first, first + count)
    ).encode()


class RowsCrm:
    """Sends rows until there were so many bytes of them, or takes what comes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = 0
        self.whole = threading.Event()
        """An upload came to its end in good order."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._socket.accept()
                threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            data = b""
            while b"\r\n\r\n" not in data:
                data += peer.recv(65_536)
            if data.startswith(b"GET"):
                self._give(peer)
            else:
                self._take(peer, data.partition(b"\r\n\r\n")[2] or peer.recv(65_536))

    def _give(self, peer: socket.socket) -> None:
        peer.sendall(head() + chunk(COLUMNS))
        sent = first = 0
        while sent < self.size:
            rows = page(first)
            peer.sendall(chunk(rows))
            sent, first = sent + len(rows), first + 1_000
        peer.sendall(chunk(b""))

    def _take(self, peer: socket.socket, data: bytes) -> None:
        end = b""
        while data:
            self.taken += len(data)
            end = (end + data)[-7:]
            if end == b"\r\n0\r\n\r\n":
                self.whole.set()
                peer.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
                return
            data = peer.recv(65_536)

    def close(self) -> None:
        """Answer nobody any more."""
        self._socket.close()


@pytest.fixture
def crm() -> Iterator[RowsCrm]:
    """A CRM with many people."""
    made = RowsCrm(MEGABYTES << 20)
    yield made
    made.close()


@pytest.fixture
def run(install: Install, crm: RowsCrm) -> Installed:
    """A lane in front of it."""
    made = install({"salesforce": LaneOf(0, f"http://127.0.0.1:{crm.port}", CRM_TOKEN)})
    declare_routes(made.made.policies)
    return made.up()


def asking(run: Installed, request: str, client: str, *fields: str) -> socket.socket:
    """Return a connection on which the head of a request has been sent."""
    line = socket.create_connection(("127.0.0.1", run.ports["salesforce"]), PATIENCE)
    key_line = f"Authorization: Bearer {run.keys[client]}"
    line.sendall("\r\n".join([f"{request} HTTP/1.1", "Host: localhost", key_line, *fields, "", ""]).encode())
    return line


@pytest.fixture
def ask(run: Installed) -> Iterator[Callable[..., socket.socket]]:
    """Open connections; each is closed when the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda *words: stack.enter_context(asking(run, *words))


def memory_of(run: Installed) -> int:
    """Return the most megabytes that the process has ever taken."""
    assert run.process is not None
    status = Path(f"/proc/{run.process.pid}/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024


def open_files(run: Installed) -> set[str]:
    """Return the regular files that the process has open now."""
    assert run.process is not None
    found = set()
    for each in Path(f"/proc/{run.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            target = str(each.readlink())
            if target.startswith("/") and not target.startswith("/dev/"):
                found.add(target)
    return found


def test_an_export_is_held_nowhere(run: Installed, ask: Ask) -> None:
    """Much of it passes through little memory, and through no file; every row is on record."""
    line = ask(f"GET {RESULTS}", "helpdesk", "Connection: close")
    files, size, end = set[str](), 0, b""
    while data := line.recv(1 << 20):
        size += len(data)
        end = (end + data)[-7:]
        files |= open_files(run) if size % 7 == 0 else set()
    assert end == b"\r\n0\r\n\r\n"
    assert size > (MEGABYTES << 20) // 3  # the street is not for everybody
    assert memory_of(run) < MOST_MEMORY
    assert all(str(run.made.folder / "state") in name for name in files), files
    run.down()
    run.check_ledger()
    parts = [entry for entry in run.entries() if entry["kind"] == "disclosed"]
    people = [who for part in parts for who in part["subjects"]]
    assert len(people) == len(set(people)) == sum(part["records"] for part in parts)
    assert len(people) % 1_000 == 0
    assert parts[-1]["part"] == parts[-1]["parts"] == len(parts)
    left = [path for path in run.made.folder.rglob("*") if path.is_file()]
    assert not [path for path in left if CANARY.encode() in path.read_bytes()]


def test_an_import_is_held_nowhere(run: Installed, crm: RowsCrm, ask: Ask) -> None:
    """As an export, the other way; a body that is larger than a lane holds."""
    fields = ("Content-Type: text/csv", "Transfer-Encoding: chunked", "Connection: close")
    line = ask(f"PUT {BATCHES}", "helpdesk_leads", *fields)
    line.sendall(chunk(COLUMNS))
    sent = first = 0
    while sent < MEGABYTES << 20:
        rows = page(first)
        try:
            line.sendall(chunk(rows))
        except ConnectionError:
            raise AssertionError(run.entries()[-1]) from None
        sent, first = sent + len(rows), first + 1_000
    line.sendall(chunk(b""))
    assert line.recv(1_000).startswith(b"HTTP/1.1 201")
    assert crm.whole.is_set()
    assert crm.taken > sent
    assert memory_of(run) < MOST_MEMORY
    run.down()
    run.check_ledger()
    named = [who for entry in run.entries() if entry["kind"] == "requested" for who in entry["records"]]
    assert len(named) == len(set(named)) == first


def test_killed_midway_the_ledger_says_what_was_released(run: Installed, ask: Ask) -> None:
    """Every row that a client has got is on record; the next start says that the rest is unknown."""
    line = ask(f"GET {RESULTS}", "helpdesk")
    got = b""
    while got.count(b"@example.org") < 20_000:
        got += line.recv(1 << 16)
    run.kill()
    with contextlib.suppress(OSError):
        while data := line.recv(1 << 20):
            got += data
    rows = got.count(b"@example.org")
    assert not got.endswith(b"\r\n0\r\n\r\n")
    run.up()
    entries = [entry for entry in run.entries() if entry["kind"] != "noted"]
    parts = [entry for entry in entries if entry["kind"] == "disclosed"]
    assert sum(part["records"] for part in parts) >= rows
    assert {part["parts"] for part in parts} == {0}
    assert (entries[-1]["kind"], entries[-1]["reason"]) == ("failed", "outcome_unknown")
    run.down()
    run.check_ledger()


def test_killed_midway_an_import_is_broken_off(run: Installed, crm: RowsCrm, ask: Ask) -> None:
    """The CRM cannot take it for a whole one, and the ledger names the records that had gone."""
    fields = ("Content-Type: text/csv", "Transfer-Encoding: chunked")
    line = ask(f"PUT {BATCHES}", "helpdesk_leads", *fields)
    line.sendall(chunk(COLUMNS + page(0)))
    until(lambda: crm.taken > len(page(0)) or run.entries()[-1]["kind"] == "failed")
    assert crm.taken > len(page(0)), run.entries()[-1]
    run.kill()
    line.close()
    assert not crm.whole.is_set()
    run.up()
    entries = [entry for entry in run.entries() if entry["kind"] != "noted"]
    assert sum(len(entry["records"]) for entry in entries if entry["kind"] == "requested") == 1_000
    assert (entries[-1]["kind"], entries[-1]["reason"]) == ("failed", "outcome_unknown")
    run.down()
    run.check_ledger()

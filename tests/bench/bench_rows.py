"""Exports and imports in rows through a whole lane of its own process: megabytes per second of its CPU, its
memory.

Run `python tests/bench/bench_rows.py`, with a number of megabytes for each line (200 by default; 1000 for the
figure of a gigabyte). The lane decides by the example policies and writes a ledger that is durable; client and
CRM are bare sockets of this process, whose time is not counted.
"""

import contextlib
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from proxy.demo.installation import LaneOf
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import PATIENCE, Installed
from tests.streaming.conftest import BATCHES, EXPORT, IMPORT, RESULTS, RULES, chunk, declare_routes, head, key

ROWS = 2_000
"""Rows of one page; the pages of a body differ in the ids alone."""


def csv_page(first: int) -> bytes:
    """Return rows as Salesforce writes them: all cells in quotes."""
    return "".join(
        f'"{key(number)}","p{number}@example.org","+353 1 555 0101","Mara","Quinn","14 Rowan Terrace","Dublin",'
        f'"called twice, and asked to be called again on a day in the week after the next","000-12-0101"\n'
        for number in range(first, first + ROWS)
    ).encode()


CSV_HEAD = b'"Id","Email","Phone","FirstName","LastName","MailingStreet","MailingCity","Description","SSN__c"\n'
PLAIN_HEAD = b'"Id","Email","Title","FirstName","LastName","MailingStreet","MailingCity","Department","SSN__c"\n'
"""The same rows under columns of which none is masked."""
WRITE_HEAD = b'"Id","Email","Phone","FirstName","LastName","MailingStreet","MailingCity","Title","Fax"\n'


def line_page(first: int) -> bytes:
    """Return the same as newline-delimited JSON."""
    return "".join(
        f'{{"attributes":{{"type":"Contact"}},"Id":"{key(number)}","Email":"p{number}@example.org",'
        '"Phone":"+353 1 555 0101","FirstName":"Mara","LastName":"Quinn","MailingStreet":"14 Rowan Terrace",'
        '"MailingCity":"Dublin","SSN__c":"000-12-0101"}\n'
        for number in range(first, first + ROWS)
    ).encode()


def write_page(first: int) -> bytes:
    """Return lines that write."""
    return "".join(
        f'{{"Id":"{key(number)}","Email":"p{number}@example.org","Phone":"+353 1 555 0101","FirstName":"Mara",'
        '"LastName":"Quinn","MailingCity":"Dublin"}\n'
        for number in range(first, first + ROWS)
    ).encode()


Page = Callable[[int], bytes]


class Crm:
    """Sends as many bytes as it is told to, or takes all that comes."""

    def __init__(self) -> None:
        self.media, self.begin, self.page, self.size = "", b"", csv_page, 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            peer, _ = self._socket.accept()
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            data = b""
            while b"\r\n\r\n" not in data:
                data += peer.recv(65_536)
            if data.startswith(b"GET"):
                peer.sendall(head(self.media) + chunk(self.begin) if self.begin else head(self.media))
                for piece in pieces(self.page, self.size):
                    peer.sendall(chunk(piece))
                peer.sendall(chunk(b""))
                return
            end = b""
            while not end.endswith(b"\r\n0\r\n\r\n"):
                end = (end + data)[-7:]
                data = b"" if end.endswith(b"\r\n0\r\n\r\n") else peer.recv(1 << 20)
            peer.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")


def pieces(page: Page, size: int) -> Iterator[bytes]:
    """Yield pages up to a size."""
    sent = first = 0
    while sent < size:
        piece = page(first)
        yield piece
        sent, first = sent + len(piece), first + ROWS


def cpu_of(process: int) -> float:
    """Return seconds of CPU that a process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(process: int) -> int:
    """Return the most megabytes that a process has taken since `forget`."""
    lines = Path(f"/proc/{process}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def forget(process: int) -> None:
    """Have what a process took while it started not counted."""
    Path(f"/proc/{process}/clear_refs").write_text("5", "ascii")


def asking(run: Installed, request: str, client: str, *fields: str) -> socket.socket:
    """Return a connection on which a request's head has been sent."""
    line = socket.create_connection(("127.0.0.1", run.ports["salesforce"]), PATIENCE)
    who = f"Authorization: Bearer {run.keys[client]}"
    line.sendall("\r\n".join([f"{request} HTTP/1.1", "Host: localhost", who, *fields, "", ""]).encode())
    return line


def export(run: Installed, target: str) -> None:
    """Read an answer to its end."""
    with asking(run, f"GET {target}", "helpdesk", "Connection: close") as line:
        end = b""
        while data := line.recv(1 << 20):
            end = (end + data)[-7:]
    assert end == b"\r\n0\r\n\r\n", "the answer broke off"


def import_(run: Installed, way: str, begin: bytes, page: Page, size: int) -> None:
    """Write rows to their end."""
    media = "text/csv" if begin else "application/x-ndjson"
    fields = (f"Content-Type: {media}", "Transfer-Encoding: chunked", "Connection: close")
    with asking(run, way, "helpdesk_leads", *fields) as line:
        if begin:
            line.sendall(chunk(begin))
        for piece in pieces(page, size):
            line.sendall(chunk(piece))
        line.sendall(chunk(b""))
        assert line.recv(1_000).startswith(b"HTTP/1.1 201"), "the upload was not taken"


def main() -> None:
    """Print a line for each way."""
    size = (int(sys.argv[1]) if len(sys.argv) > 1 else 200) << 20
    crm = Crm()
    with tempfile.TemporaryDirectory() as folder:
        run = Installed.make(
            Path(folder) / "gateway", {"salesforce": LaneOf(0, f"http://127.0.0.1:{crm.port}", CRM_TOKEN)}
        )
        declare_routes(run.made.policies)
        ways: list[tuple[str, Callable[[], None]]] = [
            ("csv export", lambda: export(run, RESULTS)),
            ("csv export, masked", lambda: export(run, RESULTS)),
            ("ndjson export", lambda: export(run, EXPORT)),
            ("csv import", lambda: import_(run, f"PUT {BATCHES}", WRITE_HEAD, csv_page, size)),
            (
                "ndjson import",
                lambda: import_(run, f"POST {IMPORT}", b"", write_page, size),
            ),
        ]
        print(f"{'':<30}{'MB':>8}{'MB/s of CPU':>14}{'MB/s':>8}{'MB of memory':>14}")
        chosen = tuple(sys.argv[2:]) or ("",)
        for label, go in ways:
            if label.startswith(chosen):
                _one(run, crm, label, go, size)
        (run.made.policies / "rows.yaml").write_text(RULES)
        if "csv export, by conditions".startswith(chosen):
            _one(run, crm, "csv export, by conditions", ways[0][1], size)


def _one(run: Installed, crm: Crm, label: str, go: Callable[[], None], size: int) -> None:
    lines = label.startswith("ndjson")
    crm.media, crm.size = "application/x-ndjson" if lines else "text/csv", size
    crm.begin, crm.page = (
        (b"", line_page) if lines else (CSV_HEAD if "masked" in label else PLAIN_HEAD, csv_page)
    )
    run.up()
    assert run.process is not None
    process = run.process.pid
    forget(process)
    before, began = cpu_of(process), time.perf_counter()
    go()
    spent, passed = cpu_of(process) - before, time.perf_counter() - began
    megabytes = size / 1e6
    memory = memory_of(process)
    print(f"{label:<30}{megabytes:>8.0f}{megabytes / spent:>14.0f}{megabytes / passed:>8.0f}{memory:>14}")
    sys.stdout.flush()
    run.down()


if __name__ == "__main__":
    main()

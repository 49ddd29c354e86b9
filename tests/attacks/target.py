"""What is attacked: a real installation in a process of its own, and a CRM that says what a case has it say."""

import base64
import re
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from proxy.demo.installation import Crm, LaneOf
from tests.e2e.processes import PATIENCE, Installed

LANES: Final[tuple[Crm, ...]] = (
    "salesforce",
    "hubspot",
    "dynamics",
    "odoo",
    "tryton",
    "pipedrive",
    "zoho",
    "suitecrm",
)
CREDENTIAL: Final = "canary-credential-of-the-crm"
"""What the CRM is shown; that a client gets to see it would be a find like any other."""
CANARY: Final = "canary"
"""Begins every value that the caller of a case may not learn."""


@dataclass(slots=True)
class ScriptedCrm:
    """A CRM that answers one connection at a time with the bytes it was given, and keeps what it was sent."""

    answer: bytes = b""
    sent: list[bytes] = field(default_factory=list)
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    def __post_init__(self) -> None:
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    def close(self) -> None:
        """Listen no longer."""
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(PATIENCE)
                if message := _message(connection):
                    self.sent.append(message)
                    connection.sendall(self.answer)


def _message(connection: socket.socket) -> bytes:
    """Return one request, as far as its own head says that it goes."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        if not more:
            return got
        got += more
    head, _, _ = got.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
    wanted = len(head) + 4 + (int(length[1]) if length else 0)
    while len(got) < wanted and (more := connection.recv(65536)):
        got += more
    return got


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case."""

    got: bytes
    """Everything the client received."""
    sent: bytes
    """Everything the CRM received."""

    @property
    def status(self) -> int:
        """The status of the answer; 0 where there was none."""
        found = re.match(rb"HTTP/1\.1 ([0-9]{3})", self.got)
        return int(found[1]) if found else 0

    @property
    def leaks(self) -> bool:
        """Whether the client learned a canary, in whatever dress."""
        return leaks(self.got)


def leaks(data: bytes) -> bool:
    """Say whether bytes hold a canary: as it is, in another case or width, coded, or turned round."""
    text = data.decode("latin-1").lower()
    forms = {CANARY, CANARY[::-1], CANARY.encode().hex(), CANARY.encode("utf-16-le").decode("latin-1")}
    # Base64 writes three bytes as four characters: the middle is the same at each of three offsets.
    long = f"{CANARY}-value".encode()
    forms |= {base64.b64encode(b"x" * shift + long).decode()[4:-4].lower() for shift in range(3)}
    forms.add(base64.b64encode(CANARY.encode()).decode().lower())
    forms |= {"".join(f"&#{ord(letter)};" for letter in CANARY), "".join(f"\\u{ord(c):04x}" for c in CANARY)}
    forms |= {"".join(f"%{ord(letter):02x}" for letter in CANARY)}
    return any(form in text for form in forms) or any(map(leaks, _unpacked(data)))


def _unpacked(data: bytes) -> Iterator[bytes]:
    """Yield whatever lies packed in bytes, cut off or not."""
    for found in re.finditer(rb"\x1f\x8b\x08", data):
        with suppress(zlib.error):
            yield zlib.decompressobj(31).decompress(data[found.start() :], 1 << 20)
    head, _, body = data.partition(b"\r\n\r\n")
    if b"deflate" in head.lower():
        with suppress(zlib.error):
            yield zlib.decompressobj().decompress(body, 1 << 20)


class Target:
    """Lychgate with a lane for each CRM, or, to see what a case would do without it, none."""

    def __init__(self, installed: Installed | None, crm: ScriptedCrm, keys: dict[str, str]) -> None:
        self._installed = installed
        self._crm = crm
        self._keys = keys

    def fire(self, lane: Crm, request: bytes, answer: bytes) -> Outcome:
        """Return what comes of one request, sent on a connection of its own.

        Args:
            lane: where to.
            request: as it goes over the wire; `{key:CLIENT}` and `{host}` in it are filled in.
            answer: what the CRM says to whatever it is sent.
        """
        port = self._installed.ports[lane] if self._installed is not None else self._crm.port
        self._crm.answer = answer
        self._crm.sent.clear()
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
            connection.sendall(self._filled(request, port))
            if self._installed is None:
                connection.shutdown(socket.SHUT_WR)  # this CRM believes whatever length it is told
            got = b""
            while more := _receive(connection):
                got += more
        return Outcome(got, b"".join(self._crm.sent))

    def _filled(self, request: bytes, port: int) -> bytes:
        filled = request.replace(b"{host}", b"localhost:%d" % port)
        for client, key in self._keys.items():
            filled = filled.replace(b"{key:%s}" % client.encode(), key.encode())
        return filled

    def kept(self) -> bytes:
        """Return all that Lychgate has written down: ledger, log, state."""
        assert self._installed is not None
        assert self._installed.spoken is not None
        folder = self._installed.made.folder
        files = [path for path in sorted((folder / "state").rglob("*")) if path.is_file()]
        files = [path for path in files if "credentials" not in path.parts]
        metrics = self._installed.ask_admin("/metrics")[1]
        return b"".join([path.read_bytes() for path in files]) + (self._installed.spoken.text + metrics).encode()


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


@contextmanager
def lychgate(folder: Path) -> Iterator[Target]:
    """Run Lychgate with the example policies in `folder`, in front of a CRM that says what it is told to."""
    crm = ScriptedCrm()
    origin = f"http://127.0.0.1:{crm.port}"
    lanes = {lane: LaneOf(0, origin, CREDENTIAL) for lane in LANES}
    lanes["tryton"] = LaneOf(0, origin, f"lychgate:{CREDENTIAL}", "Basic")
    installed = Installed.make(folder, lanes)
    try:
        yield Target(installed.up(), crm, installed.keys)
    finally:
        installed.kill()
        crm.close()


@contextmanager
def nothing() -> Iterator[Target]:
    """Have clients speak with the CRM itself: what every case has to hit, or it shows nothing."""
    crm = ScriptedCrm()
    try:
        yield Target(None, crm, dict.fromkeys(("helpdesk", "helpdesk_leads", "mailer", "privacy_desk"), "none"))
    finally:
        crm.close()

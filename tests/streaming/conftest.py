"""A whole lane in this process, whose CRM sends and takes rows as a test has it do, piece by piece."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from addons.lane import Limits
from addons.master import serve
from proxy.app import App, build
from proxy.cli.run import lane_spec
from proxy.config import load_config
from proxy.demo.installation import Installation, LaneOf, make_installation
from proxy.enforce import Gateway
from proxy.ledger.verify import verify
from tests.e2e.reading import Entry, entries_of

CANARY = "canary-7f3a91"
ROUTES = """
  - {match: "GET /services/data/{version}/rows/out/{locator}", action: list, object: Contact, streams: response, answers_in: [csv, json]}
  - {match: "PUT /services/data/{version}/rows/in/{locator}", action: update, object: Contact, streams: request, media: [csv], cells: {keys: [Id], absent: "", null: "#N/A"}}
  - {match: "GET /services/data/{version}/export/{object}", action: list, streams: response, answers_in: [ndjson, json], query: {fields: select}}
  - {match: "GET /services/data/{version}/table/{object}", action: list, streams: response, answers_in: [csv, json], query: {fields: select}}
  - {match: "POST /services/data/{version}/import/{object}", action: update, streams: request, media: [ndjson], cells: {keys: [Id]}}
  - {match: "GET /services/data/{version}/whole/{object}", action: list, answer: rows, answers_in: [ndjson, json]}
"""  # noqa: E501
RULES = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: rows}
guards:
  - id: restricted
    effect: deny
    on: {objects: [Contact]}
    actions: [list]
    when: resource.restricted
  - id: opted-out
    effect: redact
    on: {objects: [Contact], fields: [Email]}
    actions: [list]
    when: resource.opted_out
"""
"""Two rules that look at records."""
RESULTS = "/services/data/v59.0/rows/out/750000000000001"
BATCHES = "/services/data/v59.0/rows/in/750000000000001"
EXPORT = "/services/data/v59.0/export/Contact"
TABLE = "/services/data/v59.0/table/Contact"
IMPORT = "/services/data/v59.0/import/Contact"
WHOLE = "/services/data/v59.0/whole/Contact"

Play = Callable[["Crm", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def key(number: int) -> str:
    """Return the id of a contact."""
    return f"003{number:012d}AAA"


def head(
    media: str = "text/csv", *, status: str = "200 OK", length: int | None = None, extra: str = ""
) -> bytes:
    """Return the head of an answer, in chunks unless it has a length."""
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\n{extra}{framing}\r\n\r\n".encode()


def chunk(piece: bytes) -> bytes:
    """Return one chunk; of nothing, the last."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def in_chunks(*pieces: bytes) -> bytes:
    """Return a whole chunked body."""
    return b"".join(map(chunk, pieces)) + chunk(b"")


@dataclass
class Crm:
    """Does with each connection what `play` says, and keeps what it was sent."""

    play: Play
    heads: list[bytes] = field(default_factory=list)
    received: bytearray = field(default_factory=bytearray)
    """Of bodies, as framed."""
    lost: int = 0
    """Connections that ended before they should have."""
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            await self.play(self, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.lost += 1
        finally:
            writer.close()

    @property
    def body(self) -> bytes | None:
        """What came as one chunked body, None if it has not ended in good order."""
        return unchunked(bytes(self.received))


def unchunked(data: bytes) -> bytes | None:
    """Return what is in a chunked body, None if it breaks off; nothing may come after it."""
    body, rest = parts_of(data)
    return body if rest == b"" else None


def parts_of(data: bytes) -> tuple[bytes, bytes | None]:
    """Return what whole chunks hold, and what follows the last one; None: there is no last one."""
    body = b""
    while True:
        line, found, rest = data.partition(b"\r\n")
        if not found:
            return body, None
        size = int(line, 16)
        if len(rest) < size + 2:
            return body + rest[:size], None
        body, data = body + rest[:size], rest[size + 2 :]
        if size == 0:
            return body, data


def answering(*wire: bytes, then: str = "close") -> Play:
    """Answer with bytes, each a write of its own."""

    async def play(crm: Crm, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in wire:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        if then == "wait":
            await reader.read()

    return play


async def takes_it(crm: Crm, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a chunked body to its end, then say 201."""
    while not crm.received.endswith(b"\r\n0\r\n\r\n"):
        data = await reader.read(65_536)
        if not data:
            raise ConnectionResetError
        crm.received += data
    writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


@dataclass(frozen=True)
class Told:
    """What a client was told."""

    status: int
    fields: bytes
    body: bytes
    """What the chunks held; of a body with a length, that body."""
    whole: bool
    """Whether it ended in good order."""


@dataclass
class Stand:
    """The lane under test and both of its ends."""

    app: App
    installation: Installation
    crm: Crm
    port: int

    @property
    def gateway(self) -> Gateway:
        """Who decides."""
        return self.app.gateways["salesforce"]

    async def open(
        self, method: str, target: str, *fields: str, client: str = "helpdesk"
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a connection on which a request's head has been sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        key = self.installation.keys[client]
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {key}", *fields]
        writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        return reader, writer

    async def get(self, target: str, *, client: str = "helpdesk") -> Told:
        """Return what is told until the lane closes the connection."""
        reader, writer = await self.open("GET", target, client=client)
        return await told_by(reader, writer)

    async def send(
        self, method: str, target: str, media: str, pieces: Iterable[bytes], *, client: str = "helpdesk_leads"
    ) -> Told:
        """Send a body in chunks, as many as the lane takes, and return what is told."""
        fields = (f"Content-Type: {media}", "Transfer-Encoding: chunked")
        reader, writer = await self.open(method, target, *fields, client=client)
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                writer.write(chunk(piece))
                await writer.drain()
            writer.write(chunk(b""))
        return await told_by(reader, writer)

    def entries(self) -> list[Entry]:
        """Return every entry of the ledger that is of an exchange, oldest first."""
        return [entry for entry in entries_of(self.installation.ledger) if entry["kind"] != "noted"]

    async def ended(self, kind: str = "failed") -> list[Entry]:
        """Return the entries, once the last is of a kind."""
        for _ in range(500):
            if (entries := self.entries()) and entries[-1]["kind"] == kind:
                return entries
            await asyncio.sleep(0.01)
        raise AssertionError([entry["kind"] for entry in self.entries()])

    def verified(self) -> bool:
        """Say whether the ledger is whole, in the words of the independent verifier."""
        return not verify(self.installation.ledger).problems

    def rule(self, text: str = RULES) -> None:
        """Have further rules in force."""
        (self.app.config.policies / "rows.yaml").write_text(text)
        self.app.reload()


async def until(holds: Callable[[], object]) -> None:
    """Return once something holds."""
    for _ in range(1_000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("did not come about")


async def rest_of(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Return all bytes until the connection ends."""
    data = bytearray()
    async with asyncio.timeout(20):
        with contextlib.suppress(ConnectionError):
            while got := await reader.read(65_536):
                data += got
    writer.close()
    return bytes(data)


async def told_by(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Told:
    """Return what is told until the connection ends."""
    fields, _, body = (await rest_of(reader, writer)).partition(b"\r\n\r\n")
    status = int(fields.split()[1]) if fields else 0
    if b"transfer-encoding: chunked" in fields:
        content, rest = parts_of(body)
        return Told(status, fields, content, rest == b"")
    return Told(status, fields, body, whole=bool(fields))


def declare_routes(policies: Path) -> None:
    """Have the Salesforce connector of a folder take rows."""
    connector = policies / "connectors" / "salesforce.yaml"
    text = connector.read_text("utf-8").replace("\nbodies:\n", f"{ROUTES}\nbodies:\n", 1)
    connector.write_text(text.replace("\nanswers:\n", "\nanswers:\n  rows: {'$[*]': record}\n", 1), "utf-8")


@contextlib.asynccontextmanager
async def standing(folder: Path, limits: Limits | None = None, settings: str = "") -> AsyncIterator[Stand]:
    """Serve the example policies, with routes whose bodies come in rows, and more `settings` of the lane."""
    crm = Crm(answering())
    server = await asyncio.start_server(crm.serve, "127.0.0.1", 0)
    crm.port = server.sockets[0].getsockname()[1]
    lane = LaneOf(0, f"http://127.0.0.1:{crm.port}", "upstream-secret-token")
    made = make_installation(folder / "gateway", {"salesforce": lane}, admin=0)
    declare_routes(made.policies)
    made.config.write_text(made.config.read_text("utf-8") + settings, "utf-8")
    app = build(load_config(made.config))
    await app.started()
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    (lane_settings,) = app.config.lanes
    task = asyncio.create_task(
        serve(
            [(lane_spec(lane_settings), app.gateways["salesforce"])],
            state_dir=app.config.state,
            ready=ready.set_result,
            stop=stop,
            drain_seconds=1,
            limits=limits,
        )
    )
    waiting: list[asyncio.Future[Any]] = [task, ready]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield Stand(app, made, crm, ready.result()["salesforce"][1])
    finally:
        stop.set()
        await task
        server.close()
        app.ledger.close()


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    """A lane of its own."""
    async with standing(tmp_path) as found:
        yield found


def lines(*records: dict[str, object]) -> bytes:
    """Return records as newline-delimited JSON, each as Salesforce writes one."""
    return b"".join(
        json.dumps({"attributes": {"type": "Contact"}, **record}).encode() + b"\n" for record in records
    )

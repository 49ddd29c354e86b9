"""A whole lane in this process, between a client and an upstream made of bare sockets."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from addons.master import serve
from proxy.app import App, build
from proxy.cli.run import lane_spec
from proxy.config import load_config
from proxy.demo.installation import Crm, Installation, LaneOf, make_installation
from proxy.ledger.verify import verify
from tests.e2e.reading import entries_of

CANARY = "canary-7f3a91"
RECORD = "/services/data/v59.0/sobjects/Contact/003000000000001AAA"


@dataclass
class Upstream:
    """Answers every request the same way and keeps what it received."""

    answer: bytes = b""
    received: bytearray = field(default_factory=bytearray)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                self.received += data
                if b"\r\n\r\n" in data:
                    writer.write(self.answer)
                    await writer.drain()
        writer.close()


@dataclass
class Stand:
    """The lane under test and both of its ends."""

    app: App
    installation: Installation
    upstream: Upstream
    port: int

    async def ask(self, method: str, target: str, body: dict[str, object] | None = None) -> bytes:
        """Return every byte the client gets, until the lane closes the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        content = json.dumps(body).encode() if body is not None else b""
        lines = [
            f"{method} {target} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {self.installation.keys['helpdesk']}",
            "Connection: close",
        ]
        if content:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        return answer

    def entries(self) -> list[dict[str, object]]:
        """Return every entry of the ledger, oldest first."""
        return entries_of(self.installation.ledger)

    def verified(self) -> bool:
        """Say whether the ledger is whole, in the words of the independent verifier."""
        return not verify(self.installation.ledger).problems


def http(status: str, content: bytes, media: str = "application/json") -> bytes:
    """Return the bytes of an answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    """Serve the example policies in front of an upstream whose answer is full of canaries."""
    async with standing(tmp_path, "salesforce") as found:
        yield found


@contextlib.asynccontextmanager
async def standing(tmp_path: Path, crm: Crm) -> AsyncIterator[Stand]:
    """Serve the example policies in front of an upstream that takes itself for a CRM of this kind."""
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.port = server.sockets[0].getsockname()[1]
    lane = LaneOf(0, f"http://127.0.0.1:{upstream.port}", "upstream-secret-token")
    made = make_installation(tmp_path / "gateway", {crm: lane}, admin=0)
    app = build(load_config(made.config))
    await app.started()
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    (settings,) = app.config.lanes
    task = asyncio.create_task(
        serve(
            [(lane_spec(settings), app.gateways[crm])],
            state_dir=app.config.state,
            ready=ready.set_result,
            stop=stop,
            drain_seconds=1,
        )
    )
    await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield Stand(app, made, upstream, ready.result()[crm][1])
    finally:
        stop.set()
        await task
        server.close()
        app.ledger.close()

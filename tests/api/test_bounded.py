"""How many connections a listener has, over real sockets: whoever is slow is in nobody's way."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from proxy.api import Answer, listener, serve_api
from proxy.message import Request

ASK = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
PLACES = 3


@dataclass
class Front:
    """Answers once it may; one path gets more than any socket holds."""

    may: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def answer(self, request: Request) -> Answer:
        """Return what is answered."""
        self.asked.release()
        if request.path == "/much":
            return Answer(200, bytes(32 << 20), "application/pdf")
        await self.may.wait()
        return Answer(200, b"{}")


class Client:
    """One connection; everything it does is done aside, so that the listener can answer."""

    def __init__(self, port: int, *, address: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(address, 0))

    async def says(self, text: bytes) -> "Client":
        """Send something, as far as anybody takes it."""
        with contextlib.suppress(ConnectionError):
            await asyncio.to_thread(self.socket.sendall, text)
        return self

    async def reads(self) -> bytes:
        """Return what comes next; b"" at the end."""
        try:
            return await asyncio.to_thread(self.socket.recv, 65536)
        except ConnectionError:
            return b""


Opens = Callable[..., Awaitable[Client]]


@pytest.fixture
async def front() -> Front:
    """Who answers."""
    return Front()


@pytest.fixture
async def opens(front: Front) -> AsyncIterator[Opens]:
    """Opens connections to a listener with few places; they are accepted in their order."""
    server, port = serve_api(front, "127.0.0.1:0", None, connections=PLACES)
    made: list[Client] = []

    async def opened(text: bytes = b"", **more: str) -> Client:
        client = await asyncio.to_thread(Client, port, **more)
        made.append(client)
        return await client.says(text)

    yield opened
    server.stop()
    await server.close_all_connections()
    for client in made:
        client.socket.close()


@pytest.mark.parametrize(
    "text", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{"]
)
async def test_slow_clients_are_in_nobodys_way(front: Front, opens: Opens, text: bytes) -> None:
    """Whatever they have said: as many as there are places, and the next one is answered; one had to go."""
    front.may.set()
    slow = [await opens(text) for _ in range(PLACES)]
    assert (await (await opens(ASK)).reads()).startswith(b"HTTP/1.1 200")
    assert await slow[0].reads() == b""


async def test_an_address_with_many_connections_loses_its_own(front: Front, opens: Opens) -> None:
    """And who has been answered before goes after who never asked."""
    front.may.set()
    other = await opens(address="127.0.0.2")
    asked, silent = await opens(ASK), await opens()
    assert (await asked.reads()).startswith(b"HTTP/1.1 200")
    await opens(address="127.0.0.3")
    assert await silent.reads() == b""
    for client in (other, asked):
        assert (await (await client.says(ASK)).reads()).startswith(b"HTTP/1.1 200")


async def test_who_is_being_answered_is_not_given_up(front: Front, opens: Opens) -> None:
    """With every place so taken, who comes is turned away; the others have their answers."""
    busy = [await opens(ASK) for _ in range(PLACES)]
    for _ in busy:
        await front.asked.acquire()
    assert await (await opens()).reads() == b""
    front.may.set()
    for client in busy:
        assert (await client.reads()).startswith(b"HTTP/1.1 200")
    assert (await (await opens(ASK)).reads()).startswith(b"HTTP/1.1 200")


async def test_who_does_not_read_the_answer_is_cut(
    front: Front, opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would keep its place, and the answer in memory, for ever."""
    monkeypatch.setattr(listener, "SEND_SECONDS", 0.2)
    client = await opens(ASK.replace(b"/openapi.json", b"/much"))
    await front.asked.acquire()
    await asyncio.sleep(0.5)
    got = 0
    while more := await client.reads():
        got += len(more)
    assert 0 < got < 32 << 20


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nx: " + b"y" * (32 << 10),
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + b"y" * (128 << 10),
    ],
)
async def test_what_is_too_large_is_not_read(front: Front, opens: Opens, text: bytes) -> None:
    """A head, a body that says so, and one that does not."""
    front.may.set()
    client = await opens(text)
    got = await client.reads()
    assert got == b"" or got.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413"))
    while got:
        got = await client.reads()
    assert front.asked.locked()


@pytest.mark.parametrize("text", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"])
async def test_who_is_waited_for_too_long_is_cut(
    front: Front, monkeypatch: pytest.MonkeyPatch, text: bytes
) -> None:
    """With room for many: before a request, within its head, and within its body."""
    monkeypatch.setattr(listener, "_IDLE_SECONDS", 0.2)
    monkeypatch.setattr(listener, "_BODY_SECONDS", 0.2)
    server, port = serve_api(front, "127.0.0.1:0", None)
    client = await (await asyncio.to_thread(Client, port)).says(text)
    assert await client.reads() == b""
    assert front.asked.locked()
    client.socket.close()
    server.stop()

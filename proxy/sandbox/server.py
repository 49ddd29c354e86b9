"""The socket side of a sandbox: one function gets a whole request and its answer is written out.

Tornado parses HTTP; routing, state and faults are ours. `hang_up` and `truncate` work on the bare stream,
because a well-behaved library refuses to send less than it announced.
"""

import asyncio
import gzip
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple, cast

from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.netutil import bind_sockets

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.faults import Fault, Faults, bend


class Tls(NamedTuple):
    """A PEM certificate chain and its private key."""

    cert: Path
    key: Path


class Address(NamedTuple):
    """Where a sandbox listens."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """`https://127.0.0.1:8443`, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


class Sandbox(ABC):
    """One CRM in memory. Subclasses say what a call does; this class gives it a socket.

    Args:
        token: the only bearer token that is let in.
    """

    name: str = "sandbox"

    def __init__(self, token: str) -> None:
        self.token = token
        self.faults = Faults()
        self.calls: list[Call] = []
        """Every call that reached this CRM, newest last; the last thousand are kept. What a proxy sent."""
        self._server: HTTPServer | None = None
        self._late: set[asyncio.Task[None]] = set()

    @abstractmethod
    def answer(self, call: Call) -> Answer:
        """Do what the call asks for and say what happened, in the CRM's own shapes, errors included."""

    @abstractmethod
    def people(self) -> list[dict[str, object]]:
        """Return copies of every person the CRM still holds, deleted but restorable ones included."""

    def everything(self) -> list[dict[str, object]]:
        """Return copies of all that the CRM still holds of anybody, bins and histories included, as far as it
        has any."""
        return self.people()

    async def start(self, host: str = "127.0.0.1", port: int = 0, tls: Tls | None = None) -> Address:
        """Listen, on a free port when `port` is 0, and return where; TLS 1.2 or later when `tls` is given.

        Raises:
            OSError: the address is in use, or the certificate cannot be read.
        """
        context = None
        if tls is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(tls.cert, tls.key)
        sockets = bind_sockets(port, host)
        self._server = HTTPServer(self._receive, ssl_options=context)
        self._server.add_sockets(sockets)
        return Address("https" if tls else "http", host, sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the listener and every connection; what the store holds stays readable."""
        if self._server is not None:
            self._server.stop()
            await self._server.close_all_connections()
            self._server = None
        for task in self._late:
            task.cancel()

    def _receive(self, request: HTTPServerRequest) -> None:
        call = _call(request)
        self.calls.append(call)
        del self.calls[:-1000]
        faults = self.faults.take(call)
        delay = sum(fault.seconds for fault in faults if fault.kind == "delay")
        if not delay:
            self._reply(request, call, faults)
            return
        task = asyncio.get_running_loop().create_task(self._reply_late(request, call, faults, delay))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _reply_late(
        self, request: HTTPServerRequest, call: Call, faults: list[Fault], delay: float
    ) -> None:
        await asyncio.sleep(delay)
        self._reply(request, call, faults)

    def _reply(self, request: HTTPServerRequest, call: Call, faults: list[Fault]) -> None:
        kinds: set[str] = {fault.kind for fault in faults}
        answer = Answer(204) if "lie" in kinds else self.answer(call)
        for fault in faults:
            answer = bend(answer, fault, call)
        _write(request, answer, kinds)


def _call(request: HTTPServerRequest) -> Call:
    body = request.body
    if request.headers.get("Content-Encoding", "").lower() == "gzip":
        body = gzip.decompress(body)
    return Call(
        method=request.method or "",
        path=request.path,
        query=request.query,
        headers=request.headers,
        body=body,
        origin=f"{request.protocol}://{request.host}",
    )


def _write(request: HTTPServerRequest, answer: Answer, kinds: set[str]) -> None:
    body = answer.body()
    headers = HTTPHeaders({"Content-Type": "application/json;charset=UTF-8"} if body else {})
    for name, value in answer.headers.items():
        headers[name] = value
    if answer.status not in {204, 304}:
        headers["Content-Length"] = str(len(body))
    line = ResponseStartLine("HTTP/1.1", answer.status, HTTPStatus(answer.status).phrase)
    connection = cast("HTTP1Connection", request.connection)
    if "hang_up" in kinds or "truncate" in kinds:
        _break_off(connection, line, headers, b"" if "hang_up" in kinds else body[: len(body) // 2])
        return
    connection.write_headers(line, headers, b"" if request.method == "HEAD" else body)
    connection.finish()


def _break_off(connection: HTTP1Connection, line: ResponseStartLine, headers: HTTPHeaders, part: bytes) -> None:
    stream = connection.detach()
    if part:
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.get_all())
        sent = stream.write(f"HTTP/1.1 {line.code} {line.reason}\r\n{head}\r\n".encode() + part)
        sent.add_done_callback(lambda _: stream.close())
    else:
        stream.close()


@contextmanager
def running(
    sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0, tls: Tls | None = None
) -> Iterator[Address]:
    """Run a sandbox in a thread with an event loop of its own for as long as the block lasts."""
    ready: list[Address | BaseException] = []
    started = threading.Event()
    over: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        end = asyncio.Event()
        over.append((asyncio.get_running_loop(), end))
        try:
            ready.append(await sandbox.start(host, port, tls))
        except (OSError, ssl.SSLError) as problem:
            ready.append(problem)
            return
        finally:
            started.set()
        await end.wait()
        await sandbox.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name=f"sandbox-{sandbox.name}", daemon=True)
    thread.start()
    started.wait()
    if isinstance(ready[0], BaseException):
        raise ready[0]
    try:
        yield ready[0]
    finally:
        loop, end = over[0]
        loop.call_soon_threadsafe(end.set)
        thread.join()

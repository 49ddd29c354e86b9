"""The admin port over a real socket."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from proxy.console import serve_admin


def scrape(text: str) -> Callable[[], Awaitable[bytes]]:
    """Return what the admin port asks for the metrics."""

    async def metrics() -> bytes:
        return f"{text}\n".encode()

    return metrics


async def get(port: int, path: str, host: str = "127.0.0.1", method: str = "GET") -> tuple[int, bytes]:
    """Return status and body; no answer may name the server's software."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    raw = await reader.read()
    writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"server:" not in head.lower(), "the version of a library is nobody's business"
    return int(head.split()[1]), body


@pytest.mark.parametrize(
    ("problems", "path", "status", "text"),
    [
        ({}, "/healthz", 200, b"ok"),
        ({}, "/ready", 200, b"ready"),
        # each part that is not usable is named
        (
            {"ledger": "cannot be written", "keys": "missing"},
            "/ready",
            503,
            b"keys: missing\nledger: cannot be written",
        ),
        # alive is not ready
        ({"ledger": "cannot be written"}, "/healthz", 200, b"ok"),
        ({}, "/metrics", 200, b"lychgate_x 1"),
        ({}, "/admin", 404, b"404"),
    ],
)
async def test_what_the_admin_port_answers(
    problems: dict[str, str], path: str, status: int, text: bytes
) -> None:
    """Three paths, constant shapes."""
    server, port = serve_admin("127.0.0.1", 0, not_ready=lambda: problems, metrics=scrape("lychgate_x 1"))
    try:
        code, body = await get(port, path)
    finally:
        server.stop()
    assert code == status
    assert text in body


async def test_a_page_that_resolves_to_us_cannot_read_us() -> None:
    """A foreign host name is refused (DNS rebinding, AD-04), and nothing can be changed through this port."""
    server, port = serve_admin("127.0.0.1", 0, not_ready=dict, metrics=scrape("secret-looking 1"))
    try:
        assert (await get(port, "/metrics", host="evil.example"))[0] == 421
        assert (await get(port, "/metrics", method="POST"))[0] == 405
    finally:
        server.stop()

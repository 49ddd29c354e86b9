"""A very fast upstream for benchmarks: canned Salesforce answers of about the size asked for.

    python tests/bench/canned_upstream.py --port 9000 --bytes 2048

A path with `/sobjects/` in it gets one whole contact, every other one a page of a query with the fields of
`--select`. It finds the end of a request (Content-Length only, as load generators send it), and nothing more:
what is measured in front of it should not be it. Keep-alive and pipelining work. The line on standard output
says the address; port 0 takes a free one.
"""

import argparse
import asyncio
import contextlib
import json
import re
import ssl
import sys
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from proxy.sandbox import Call, SalesforceSandbox, StoppedClock

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_BASE = "/services/data/v59.0"
_BEARER = {"Authorization": "Bearer bench"}


def page(size: int, fields: str) -> bytes:
    """Return a page of a query for `fields` that is about `size` bytes long, at least one contact."""
    crm = SalesforceSandbox("bench", people=max(12, size // 150), now=StoppedClock(), page_size=100_000)
    query = f"q={quote(f'SELECT {fields} FROM Contact')}"
    records = crm.answer(Call("GET", f"{_BASE}/query", query, _BEARER)).tree["records"]
    length = len(_encoded(records))
    kept = records[: max(1, round(len(records) * size / length))]
    return _encoded({"totalSize": len(kept), "done": True, "records": kept})


def record(size: int) -> bytes:
    """Return one contact with all its fields; its description is stretched until `size` bytes are there."""
    crm = SalesforceSandbox("bench", now=StoppedClock())
    key = crm.people()[0]["Id"]
    tree = crm.answer(Call("GET", f"{_BASE}/sobjects/Contact/{key}", "", _BEARER)).tree
    tree["Description"] += " ." * ((size - len(_encoded(tree))) // 2)
    return _encoded(tree)


def _encoded(tree: object) -> bytes:
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()


def answer(body: bytes) -> bytes:
    """Return the whole response."""
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\n"
        f"Sforce-Limit-Info: api-usage=18/15000\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Canned(asyncio.Protocol):
    """One connection; writes the canned answer once per complete request."""

    def __init__(self, record: bytes, page: bytes) -> None:
        self._record = record
        self._page = page
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete now."""
        waiting = self._waiting + data
        while (end := waiting.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(waiting, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(waiting) < whole:
                break
            one = waiting.find(b"/sobjects/", 0, waiting.find(b" HTTP/")) >= 0
            waiting = waiting[whole:]
            self._transport.write(self._record if one else self._page)
        self._waiting = waiting


async def serve(host: str, port: int, record: bytes, page: bytes, tls: ssl.SSLContext | None) -> None:
    """Serve until cancelled."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Canned(record, page), host, port, ssl=tls, backlog=1024)
    bound = server.sockets[0].getsockname()
    where = f"{'https' if tls else 'http'}://{bound[0]}:{bound[1]}"
    print(f"canned upstream: {where}, record {len(record)}, page {len(page)} bytes", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Read the options and serve."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--bytes", type=int, default=2048, help="size of the body, about")
    options.add_argument("--record-bytes", type=int, help="of one contact; as `--bytes` if not given")
    options.add_argument("--select", default="Id, Name, Email, Phone")
    options.add_argument("--tls-cert")
    options.add_argument("--tls-key")
    given = options.parse_args()
    tls = None
    if given.tls_cert:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(given.tls_cert, given.tls_key)
    with contextlib.suppress(KeyboardInterrupt):
        bodies = answer(record(given.record_bytes or given.bytes)), answer(page(given.bytes, given.select))
        asyncio.run(serve(given.host, given.port, *bodies, tls))


if __name__ == "__main__":
    main()

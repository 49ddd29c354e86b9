"""Callers who say in the body who they are, through a whole lane: bytes in, bytes out."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.enforce.conftest import Stand, http, standing

PEOPLE = [{"id": 7, "name": "Mara Quinn", "vat": "canary-7f3a91"}]


@pytest.fixture
async def odoo(tmp_path: Path) -> AsyncIterator[Stand]:
    """Serve a lane in front of something that answers as Odoo does."""
    async with standing(tmp_path, "odoo") as found:
        found.upstream.answer = http(
            "200 OK", json.dumps({"jsonrpc": "2.0", "id": 5, "result": PEOPLE}).encode()
        )
        yield found


async def call(stand: Stand, key: str, *fields: str, padding: int = 0) -> bytes:
    """Return all that comes back for one call of execute_kw."""
    args = ["any", 1, key, "res.partner", "read", [[7], ["name", "vat"]], {}]
    body = {"jsonrpc": "2.0", "method": "call", "id": 5}
    body["params"] = {"service": "object", "method": "execute_kw", "args": args}
    content = json.dumps(body).encode() + b" " * padding
    lines = ["POST /jsonrpc HTTP/1.1", "Host: localhost", "Connection: close", *fields]
    lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    reader, writer = await asyncio.open_connection("127.0.0.1", stand.port)
    writer.write("\r\n".join([*lines, "", ""]).encode() + content)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


async def test_a_key_in_the_call_is_enough_and_goes_no_further(odoo: Stand) -> None:
    """The caller gets what its role may see, and the CRM another key than the caller's."""
    key = odoo.installation.keys["helpdesk"]
    answer = await call(odoo, key)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"Mara Quinn" in answer
    assert b"canary" not in answer
    assert odoo.upstream.received
    assert key.encode() not in odoo.upstream.received
    assert [entry["kind"] for entry in odoo.entries() if entry["lane"] and entry["kind"] != "noted"] == [
        "requested",
        "disclosed",
    ]


@pytest.mark.parametrize(
    ("key", "fields", "padding"),
    [
        ("wrong", (), 0),
        ("", (), 0),
        ("", ("Authorization: Bearer wrong",), 0),
        ("right", ("Authorization: Bearer wrong",), 0),  # who says two things is not asked which is meant
        ("right", (), 300_000),  # a body of anybody's is not read when it is large
    ],
)
async def test_nobody_gets_in_without_a_key_that_can_be_believed(
    odoo: Stand, key: str, fields: tuple[str, ...], padding: int
) -> None:
    """Nothing reaches the CRM, and the refusal is on record."""
    answer = await call(
        odoo, odoo.installation.keys["helpdesk"] if key == "right" else key, *fields, padding=padding
    )
    assert b"Mara" not in answer
    assert not odoo.upstream.received
    assert odoo.entries()[-1]["kind"] == "declined"


@pytest.mark.parametrize("framing", [f"Content-Length: {1 << 20}", "Transfer-Encoding: chunked"])
async def test_a_body_that_is_to_say_who_asks_is_not_waited_for_when_it_is_large(
    odoo: Stand, framing: str
) -> None:
    """It is refused as soon as it is known to be: nobody's megabytes are kept for them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", odoo.port)
    lines = ["POST /jsonrpc HTTP/1.1", "Host: localhost", framing, "Content-Type: application/json", "", ""]
    writer.write("\r\n".join(lines).encode())
    if "chunked" in framing:
        writer.write(b"50000\r\n" + bytes(300_000))
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413")
    assert odoo.entries()[-1]["reason"] == "key_in_large_body"

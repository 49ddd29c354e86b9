"""Requests in rows, through the whole lane: what is sent of them, what is on record, and where they break
off."""

import asyncio
import contextlib
import gzip
import json
from pathlib import Path

import pytest

from addons.lane import Limits
from proxy.erasure import Known
from proxy.erasures import Erasures
from tests.streaming.conftest import (
    BATCHES,
    CANARY,
    IMPORT,
    Crm,
    Stand,
    Told,
    chunk,
    key,
    lines,
    standing,
    takes_it,
    told_by,
    until,
)

VALIDITY = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: validity}
validity:
  - {id: an-address, form: email, on: {objects: [Contact], fields: [Email]}}
"""


def rows(count: int, phone: str = "+353 1 555 0101") -> bytes:
    """Return an upload of new numbers."""
    return b'"Id","Phone"\n' + b"".join(f'"{key(number)}","{phone}"\n'.encode() for number in range(count))


async def test_rows_are_sent_as_they_came(stand: Stand) -> None:
    """Byte for byte, under our credential; the intent names the records, and the CRM's answer is an answer."""
    stand.crm.play = takes_it
    body = rows(3)
    told = await stand.send("PUT", BATCHES, "text/csv", [body])
    assert (told.status, stand.crm.body) == (201, body)
    fields = stand.crm.heads[0].lower()
    assert b"authorization: bearer upstream-secret-token" in fields
    assert b"transfer-encoding: chunked" in fields
    assert b"content-length" not in fields
    asked, shown = stand.entries()
    assert asked["operations"] == ["update Contact"]
    assert asked["fields"] == ["update Contact.Phone"]
    assert asked["records"] == stand.app.pseudonyms.all("record", map(key, range(3)))
    assert shown["kind"] == "disclosed"
    assert shown["status"] == 201
    assert stand.verified()


@pytest.mark.parametrize("size", [1, 5, 33])
async def test_wherever_they_are_cut_the_same_is_sent(stand: Stand, size: int) -> None:
    """Each record is on record once, before it is sent."""
    stand.crm.play = takes_it
    body = rows(4)
    told = await stand.send(
        "PUT", BATCHES, "text/csv", [body[at : at + size] for at in range(0, len(body), size)]
    )
    assert (told.status, stand.crm.body) == (201, body)
    intents = [entry for entry in stand.entries() if entry["kind"] == "requested"]
    assert len({entry["id"] for entry in stand.entries()}) == 1
    named = [who for entry in intents for who in entry["records"]]
    assert named == stand.app.pseudonyms.all("record", map(key, range(4)))


async def test_rows_are_ended_as_the_connector_says(stand: Stand) -> None:
    """What the CRM was told of line ends holds, whatever the client writes; a byte order mark stays behind."""
    stand.crm.play = takes_it
    body = b'\xef\xbb\xbfId,Phone\r\n1,"+353 1\r\n555 0101"\r\n2,+353 1 555 0102'
    assert (await stand.send("PUT", BATCHES, "text/csv", [body])).status == 201
    assert stand.crm.body == b'Id,Phone\n1,"+353 1\r\n555 0101"\n2,+353 1 555 0102\n'


async def test_a_body_with_a_length_goes_as_well(stand: Stand) -> None:
    """And may be larger than what a lane holds whole; the client waits for `100 Continue`."""
    stand.crm.play = takes_it
    body = rows(40_000, "+353 1 555 0101".ljust(440))
    assert len(body) > 16 << 20
    fields = ("Content-Type: text/csv", f"Content-Length: {len(body)}", "Expect: 100-continue")
    reader, writer = await stand.open("PUT", BATCHES, *fields, client="helpdesk_leads")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    told = await told_by(reader, writer)
    assert told.status == 201
    assert stand.crm.body == body
    assert sum(len(entry["records"]) for entry in stand.entries() if entry["kind"] == "requested") == 40_000
    assert stand.verified()


async def test_lines_are_sent_in_the_connectors_spelling(stand: Stand) -> None:
    """Numbers as they came; each line judged by its own members."""
    stand.crm.play = takes_it
    body = b'{"Id":"%b","phone":"+353 1 555 0101"}\n{"Id":"%b","title":"Dr","Phone":null}' % (
        key(1).encode(),
        key(2).encode(),
    )
    told = await stand.send("POST", IMPORT, "application/x-ndjson", [body[:20], body[20:]])
    assert told.status == 201
    assert stand.crm.body == (
        b'{"Id":"%b","Phone":"+353 1 555 0101"}\n{"Id":"%b","Title":"Dr","Phone":null}\n'
        % (key(1).encode(), key(2).encode())
    )
    intents = [entry for entry in stand.entries() if entry["kind"] == "requested"]
    assert intents[-1]["fields"] == ["update Contact.Phone", "update Contact.Title"]


REFUSED = {
    # caller, body -> status and reasons
    ("mailer", rows(1)): (403, "not_granted|field_not_writable"),
    ("helpdesk_leads", b"Id,SSN__c\n1,2\n"): (403, "field_not_writable"),
    ("helpdesk_leads", b"Id,Odd__c\n1,2\n"): (403, "field_not_writable"),
    ("helpdesk_leads", b"Id,Account.Name\n1,2\n"): (403, "not_a_field_name"),
    ("helpdesk_leads", b"Id,Phone,phone\n1,2,3\n"): (400, "duplicate_column"),
    ("helpdesk_leads", b'Id,Phone\n1,"+3'): (400, "unterminated_quote"),
    ("helpdesk_leads", b""): (400, "header_missing"),
    ("helpdesk", b"Id,Phone\n1,*** *** 01\n"): (422, "masked_value_written"),
    ("helpdesk_leads", b'Id,Phone\n1,"***"\n'): (422, "masked_value_written"),
    ("helpdesk_leads", b"Id,Email\n1,nobody\n"): (422, "invalid_value_written"),
    # lines
    ("helpdesk_leads", b'{"Id":"1","Phone":{"x":1}}\n'): (403, "nested_value"),
    ("helpdesk_leads", b'{"Id":"1","SSN__c":"1"}\n'): (403, "field_not_writable"),
    ("helpdesk_leads", b'{"Phone":"***"}\n'): (422, "masked_value_written"),
    ("helpdesk_leads", b'{"Phone":"1","Phone":"2"}\n'): (400, "duplicate_key"),
    ("helpdesk_leads", b'{"Phone":"+353 1 555 0101","phone":"+353 1 555 0102"}\n'): (400, "repeated_field"),
    ("helpdesk_leads", b'["Phone"]\n'): (400, "not_an_object"),
}


@pytest.mark.parametrize(("client", "body"), REFUSED)
async def test_what_may_not_be_written_never_reaches_the_crm(stand: Stand, client: str, body: bytes) -> None:
    """Refused in the CRM's shape before it is asked anything."""
    stand.rule(VALIDITY)
    stand.crm.play = takes_it
    status, reasons = REFUSED[client, body]
    way = (
        ("POST", IMPORT, "application/x-ndjson") if body[:1] in b"{[" and body else ("PUT", BATCHES, "text/csv")
    )
    told = await stand.send(*way, [body], client=client)
    assert told.status == status, stand.entries()
    assert stand.crm.heads == []
    (entry,) = stand.entries()
    assert entry["kind"] == "declined"
    assert entry["reason"] in reasons.split("|")


async def test_cells_mean_what_the_connector_says(stand: Stand) -> None:
    """One that leaves a field as it is, is no blank put over the truth; one that empties it is, if it was
    hidden."""
    stand.rule(VALIDITY)
    stand.crm.play = takes_it
    for body in (b"Id,Phone\n1,#N/A\n", b"Id,Phone,Email\n1,,\n", b"Id,Email\n1,a@example.org\n"):
        assert (await stand.send("PUT", BATCHES, "text/csv", [body])).status == 201
        assert stand.crm.body == body
        stand.crm.received.clear()


async def test_another_media_type_is_refused(stand: Stand) -> None:
    """Before any of it is read."""
    told = await stand.send("PUT", BATCHES, "application/json", [b"[]"])
    assert (told.status, stand.crm.heads) == (415, [])


MIDWAY: list[tuple[bytes, str, int]] = [
    (f'"{key(9)}","*** *** 01"\n'.encode(), "masked_value_written", 422),
    (b'"x"\n', "uneven_rows", 400),
    (b'"x","y\n', "unterminated_quote", 400),
    (b"\xff,1\n", "bad_utf8", 400),
    (b'"x","y"\r\n', "line_ending|bad_quotes", 400),
]


@pytest.mark.parametrize(("bad", "reason", "status"), MIDWAY)
async def test_what_may_not_be_written_midway_breaks_the_upload_off(
    stand: Stand, bad: bytes, reason: str, status: int
) -> None:
    """The CRM cannot take what it got for the whole; the client is told, and that rows may have got there."""
    stand.crm.play = takes_it
    fields = ("Content-Type: text/csv", "Transfer-Encoding: chunked")
    reader, writer = await stand.open("PUT", BATCHES, *fields, client="helpdesk_leads")
    writer.write(chunk(rows(3)))
    await until(lambda: len(stand.crm.received) > len(rows(3)))
    with contextlib.suppress(ConnectionError):
        writer.write(chunk(bad) + chunk(b""))
    told = await told_by(reader, writer)
    assert told.status == status
    assert b"may have reached" in told.body
    await until(lambda: stand.crm.lost)
    assert stand.crm.body is None
    assert bad.strip() not in stand.crm.received
    entries = stand.entries()
    assert [entry["kind"] for entry in entries] == ["requested", "failed"]
    assert entries[-1]["reason"] in reason.split("|")
    assert len(entries[0]["records"]) == 3
    assert stand.verified()


@pytest.mark.parametrize(
    "rest",
    [b"", b"10\r\nabc", b"2;x\r\nab\r\n0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"zz\r\n", b"1\r\nab"],
)
async def test_a_client_that_breaks_off_or_frames_badly_sends_nothing_whole(stand: Stand, rest: bytes) -> None:
    """What was understood is on record; the CRM is left with a body cut short."""
    stand.crm.play = takes_it
    fields = ("Content-Type: text/csv", "Transfer-Encoding: chunked")
    reader, writer = await stand.open("PUT", BATCHES, *fields, client="helpdesk_leads")
    writer.write(chunk(rows(3)))
    await until(lambda: len(stand.crm.received) > len(rows(3)))
    writer.write(rest)
    writer.write_eof()
    await told_by(reader, writer)
    await until(lambda: stand.crm.lost)
    assert stand.crm.body is None
    entries = await stand.ended()
    assert [entry["kind"] for entry in entries] == ["requested", "failed"]


async def test_an_early_no_of_the_crm_is_told(stand: Stand) -> None:
    """It need not read what it does not want; nobody sends it the rest."""

    async def play(crm: Crm, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        crm.received += await reader.read(100)
        body = b'[{"errorCode":"INVALID_SESSION_ID","message":"x"}]'
        writer.write(
            b"HTTP/1.1 401 No\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        writer.write(body)
        await writer.drain()
        await reader.read()

    stand.crm.play = play
    fields = ("Content-Type: text/csv", "Transfer-Encoding: chunked")
    reader, writer = await stand.open("PUT", BATCHES, *fields, client="helpdesk_leads")
    writer.write(chunk(rows(3)))
    await until(lambda: stand.crm.received)
    with contextlib.suppress(ConnectionError):
        for _ in range(20):
            writer.write(chunk(rows(1).split(b"\n", 1)[1]))
            await asyncio.sleep(0.01)
    told = await told_by(reader, writer)
    assert told.status == 401
    assert b"INVALID_SESSION_ID" in told.body
    assert [entry["kind"] for entry in await stand.ended("disclosed")][-1] == "disclosed"


async def test_an_early_yes_of_the_crm_is_no_yes(stand: Stand) -> None:
    """It cannot have taken what was not sent yet."""

    async def play(crm: Crm, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        crm.received += await reader.read(100)
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await reader.read()

    stand.crm.play = play
    fields = ("Content-Type: text/csv", "Transfer-Encoding: chunked")
    reader, writer = await stand.open("PUT", BATCHES, *fields, client="helpdesk_leads")
    writer.write(chunk(rows(3)))
    await until(lambda: stand.crm.received)
    with contextlib.suppress(ConnectionError):
        for _ in range(20):
            writer.write(chunk(rows(1).split(b"\n", 1)[1]))
            await asyncio.sleep(0.01)
    assert (await told_by(reader, writer)).status == 502
    assert (await stand.ended())[-1]["reason"] == "early_answer"


async def test_a_crm_that_does_not_take_it_stops_the_client(stand: Stand) -> None:
    """Nobody keeps what it does not take."""
    hold = asyncio.Event()

    async def play(crm: Crm, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hold.wait()

    stand.crm.play = play
    fields = ("Content-Type: text/csv", "Transfer-Encoding: chunked")
    _, writer = await stand.open("PUT", BATCHES, *fields, client="helpdesk_leads")
    sent = 0

    async def pump() -> None:
        nonlocal sent
        more = chunk(rows(2_000).split(b"\n", 1)[1])
        writer.write(chunk(b'"Id","Phone"\n'))
        while True:
            writer.write(more)
            await writer.drain()
            sent += len(more)

    pumping = asyncio.create_task(pump())
    stable = 0
    for _ in range(1_000):
        before = sent
        await asyncio.sleep(0.02)
        stable = stable + 1 if sent == before > 0 else 0
        if stable == 20:
            break
    pumping.cancel()
    assert sent < 32 << 20
    hold.set()
    writer.transport.abort()
    assert (await stand.ended())[-1]["kind"] == "failed"


async def test_an_upload_has_to_keep_coming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that trickles in below the floor is refused, however often a byte of it comes."""
    monkeypatch.setattr("addons.http1.conversation.PERIOD", 0.3)
    async with standing(tmp_path, Limits(rate_floor=1_000)) as stand:
        stand.crm.play = takes_it
        fields = ("Content-Type: text/csv", "Transfer-Encoding: chunked")
        reader, writer = await stand.open("PUT", BATCHES, *fields, client="helpdesk_leads")
        writer.write(chunk(rows(3)))

        async def trickle() -> None:
            with contextlib.suppress(ConnectionError):
                while True:
                    writer.write(chunk(b"x"))
                    await asyncio.sleep(0.02)

        trickling = asyncio.create_task(trickle())
        told = await told_by(reader, writer)
        trickling.cancel()
        assert told.status == 408
        assert (await stand.ended())[-1]["reason"] == "body_too_slow"
        assert stand.crm.body is None


async def test_a_caller_that_is_frozen_sends_no_further_row(stand: Stand) -> None:
    """An upload under way breaks off."""
    stand.crm.play = takes_it
    fields = ("Content-Type: text/csv", "Transfer-Encoding: chunked")
    reader, writer = await stand.open("PUT", BATCHES, *fields, client="helpdesk_leads")
    writer.write(chunk(rows(3)))
    await until(lambda: len(stand.crm.received) > len(rows(3)))
    await stand.app.freeze("helpdesk_leads")
    with contextlib.suppress(ConnectionError):
        writer.write(chunk(f'"{key(77)}","+353 1 555 0101"\n'.encode()) + chunk(b""))
    told = await told_by(reader, writer)
    assert told.status == 403
    assert stand.crm.body is None
    assert key(77).encode() not in stand.crm.received
    assert (await stand.ended())[-1]["reason"] == "principal_frozen"


@pytest.mark.parametrize("lines_of", [False, True])
async def test_an_import_does_not_put_back_who_was_erased(stand: Stand, *, lines_of: bool) -> None:
    """In whatever row it stands and however it is written: nothing of the piece goes to the CRM."""
    Erasures(stand.app).tombstones.put("case0001", [Known("phone", "+353 86 555 0199")], 7)
    stand.crm.play = takes_it
    if lines_of:
        body = b'{"Id":"%b","phone":"+353 1 555 0101"}\n{"Id":"%b","phone":"00353865550199"}\n' % (
            key(1).encode(),
            key(2).encode(),
        )
        told = await stand.send("POST", IMPORT, "application/x-ndjson", [body])
    else:
        told = await stand.send(
            "PUT", BATCHES, "text/csv", [rows(3), b'"%b","00353865550199"\n' % key(9).encode()]
        )
    assert told.status == 403 or not told.whole
    assert b"0199" not in bytes(stand.crm.body or b"")
    (declined,) = [entry for entry in stand.entries() if entry["kind"] in {"declined", "failed"}]
    assert declined["reason"] == "person_erased"


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip"])
async def test_another_coding_is_refused(stand: Stand, coding: str) -> None:
    """Before any of it is read."""
    fields = ("Content-Type: text/csv", f"Content-Encoding: {coding}", "Transfer-Encoding: chunked")
    reader, writer = await stand.open("PUT", BATCHES, *fields, client="helpdesk_leads")
    assert (await told_by(reader, writer)).status == 415
    assert stand.crm.heads == []


async def _coded(stand: Stand, body: bytes, size: int) -> Told:
    fields = ("Content-Type: text/csv", "Content-Encoding: gzip", "Transfer-Encoding: chunked")
    reader, writer = await stand.open("PUT", BATCHES, *fields, client="helpdesk_leads")
    with contextlib.suppress(ConnectionError):
        for at in range(0, len(body), size):
            writer.write(chunk(body[at : at + size]))
            await writer.drain()
        writer.write(chunk(b""))
    return await told_by(reader, writer)


@pytest.mark.parametrize("size", [1, 9, 1 << 16])
async def test_rows_under_gzip_go_without_it(stand: Stand, size: int) -> None:
    """CE-12: the CRM gets what was judged, wherever the pieces end."""
    stand.crm.play = takes_it
    told = await _coded(stand, gzip.compress(rows(4), mtime=0), size)
    assert (told.status, stand.crm.body) == (201, rows(4))
    assert b"content-encoding" not in stand.crm.heads[0].lower()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (gzip.compress(rows(4), mtime=0)[:-3], 400),
        (gzip.compress(rows(4), mtime=0) + b"x", 400),
        (gzip.compress(rows(4), mtime=0) + gzip.compress(b"x", mtime=0), 400),
        (rows(4), 400),
        (gzip.compress(b'"Id","Phone"\n' + b"\n" * (9 << 20), mtime=0), 413),
    ],
)
async def test_gzip_that_is_not_whole_or_too_much_reaches_no_crm_whole(
    stand: Stand, body: bytes, status: int
) -> None:
    """CE-05, CE-07, CE-09: cut, followed by more, none at all, a bomb."""
    stand.crm.play = takes_it
    told = await _coded(stand, body, 1 << 20)
    assert told.status == status
    assert stand.crm.body is None


async def test_no_value_is_in_the_ledger(stand: Stand) -> None:
    """Neither of rows that went nor of those that did not."""
    stand.crm.play = takes_it
    await stand.send("PUT", BATCHES, "text/csv", [b"Id,Phone\n1,%b\n" % CANARY.encode()])
    await stand.send("POST", IMPORT, "application/x-ndjson", [lines({"Id": "1", "Phone": CANARY})])
    assert CANARY.encode() in stand.crm.received
    assert CANARY not in json.dumps(stand.entries())

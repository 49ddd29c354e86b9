"""Answers in rows, through the whole lane: what is shown of them, what is on record, and where they break
off."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from addons.lane import Limits
from tests.streaming.conftest import (
    CANARY,
    EXPORT,
    RESULTS,
    TABLE,
    WHOLE,
    Crm,
    Stand,
    answering,
    chunk,
    head,
    in_chunks,
    key,
    lines,
    rest_of,
    standing,
)

CSV = (
    b'"Id","Email","Phone","SSN__c","Nickname__c"\n'
    + b"".join(
        b'"%b","p%d@example.org","+353 1 555 01%02d","%b","%b"\n'
        % (key(number).encode(), number, number, CANARY.encode(), CANARY.encode())
        for number in range(3)
    )
)  # fmt: skip
SHOWN = b'"Id","Email","Phone"\n' + b"".join(
    b'"%b","p%d@example.org","*** *** %02d"\n' % (key(number).encode(), number, number) for number in range(3)
)


async def test_an_export_is_shown_by_columns(stand: Stand) -> None:
    """What the caller may not see, and what nobody has listed, is gone with its head; the rest is as policy
    says."""
    stand.crm.play = answering(head(), in_chunks(CSV))
    told = await stand.get(RESULTS)
    assert (told.status, told.body, told.whole) == (200, SHOWN, True)
    assert b"content-type: text/csv" in told.fields
    assert b"upstream-secret-token" in stand.crm.heads[0]
    asked, shown = stand.entries()
    assert (asked["kind"], asked["operations"]) == ("requested", ["list Contact"])
    assert (shown["kind"], shown["part"], shown["parts"], shown["records"]) == ("disclosed", 1, 1, 3)
    assert shown["subjects"] == stand.app.pseudonyms.all("record", map(key, range(3)))
    assert "user.contact.email" in shown["categories"]
    assert {"allow Contact.Email", "mask Contact.Phone", "deny Contact.SSN__c"} <= set(shown["fields"])
    assert CANARY not in json.dumps(stand.entries())
    assert stand.verified()


@pytest.mark.parametrize("size", [1, 7, 64])
async def test_wherever_it_is_cut_the_same_comes_out(stand: Stand, size: int) -> None:
    """Every piece of it is on record before it is released, and the last part says how many there were."""
    pieces = [CSV[at : at + size] for at in range(0, len(CSV), size)]
    stand.crm.play = answering(head(), *map(chunk, pieces), chunk(b""))
    told = await stand.get(RESULTS)
    assert (told.body, told.whole) == (SHOWN, True)
    parts = stand.entries()[1:]
    assert [part["part"] for part in parts] == list(range(1, len(parts) + 1))
    assert [part["parts"] for part in parts] == [0] * (len(parts) - 1) + [len(parts)]
    assert sum(part["records"] for part in parts) == 3
    assert [who for part in parts for who in part["subjects"]] == stand.app.pseudonyms.all(
        "record", map(key, range(3))
    )


async def test_a_length_is_as_good_as_chunks(stand: Stand) -> None:
    """The client gets chunks all the same: how long it was would tell of what is hidden."""
    stand.crm.play = answering(head(length=len(CSV)), CSV)
    told = await stand.get(RESULTS)
    assert (told.body, told.whole) == (SHOWN, True)
    assert b"content-length" not in told.fields


async def test_rows_are_decided_by_what_stands_in_them(stand: Stand) -> None:
    """A restricted row is not there; an address that must not be shown is empty in its row alone."""
    stand.rule()
    body = b"Id,Email,Phone,HasOptedOutOfEmail,ProcessingRestricted__c\n" + b"".join(
        b"%b,p%d@example.org,+353 1 555 0101,%b\n" % (key(number).encode(), number, facts)
        for number, facts in enumerate((b"false,false", b"false,true", b"true,false", b",", b"maybe,false"))
    )
    stand.crm.play = answering(head(), in_chunks(body))
    told = await stand.get(RESULTS)
    rows = [line.split(b",")[:2] for line in told.body.splitlines()]
    assert rows == [
        [b"Id", b"Email"],
        [key(0).encode(), b"p0@example.org"],
        [key(2).encode(), b""],
        [key(3).encode(), b"p3@example.org"],
        [key(4).encode(), b""],  # a fact that cannot be read: the guard holds
    ]
    disclosed = stand.entries()[-1]
    assert disclosed["records"] == 4
    assert disclosed["subjects"] == stand.app.pseudonyms.all("record", map(key, (0, 2, 3, 4)))
    assert {"restricted", "opted-out"} <= set(disclosed["rules"])
    assert len(disclosed["facts"]) == 1
    assert stand.verified()


async def test_columns_that_conditions_need_are_asked_for_and_taken_out(stand: Stand) -> None:
    """As in an answer of any other kind."""
    stand.rule()
    body = (
        b"Id,Email,HasOptedOutOfEmail,ProcessingRestricted__c\n%b,p@example.org,true,false\n" % key(1).encode()
    )
    stand.crm.play = answering(head(), in_chunks(body))
    told = await stand.get(f"{TABLE}?fields=Id,Email")
    assert told.body == b"Id,Email\n%b,\n" % key(1).encode()
    assert b"fields=Id%2CEmail%2CHasOptedOutOfEmail%2CProcessingRestricted__c" in stand.crm.heads[0]


RECORDS: list[dict[str, Any]] = [
    {
        "Id": key(number),
        "Email": f"p{number}@example.org",
        "Phone": "+353 1 555 0101",
        "SSN__c": CANARY,
        "Odd__c": {"x": CANARY},
        "HasOptedOutOfEmail": number == 2,
        "ProcessingRestricted__c": number == 3,
        **({"Account": {"attributes": {"type": "Account"}, "Name": f"Company {number}"}} if number > 3 else {}),
    }
    for number in range(7)
]


@pytest.mark.parametrize("ruled", [False, True])
@pytest.mark.parametrize("size", [40, 100_000])
async def test_lines_come_out_as_from_a_body_that_is_held_whole(stand: Stand, size: int, *, ruled: bool) -> None:
    """One vocabulary: what is shown of a record does not depend on how it is handed on."""
    if ruled:
        stand.rule()
    body = lines(*RECORDS)
    stand.crm.play = answering(head("application/x-ndjson", length=len(body)), body)
    whole = await stand.get(WHOLE)
    disclosed = stand.entries()[-1]
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    stand.crm.play = answering(head("application/x-ndjson"), *map(chunk, pieces), chunk(b""))
    told = await stand.get(EXPORT)
    assert (whole.status, told.status, told.whole) == (200, 200, True)
    expected = [line for line in whole.body.splitlines() if line != b'{"attributes":{"type":"Contact"}}']
    assert told.body.splitlines() == expected
    assert len(expected) == (6 if ruled else 7)
    assert CANARY.encode() not in told.body
    parts = [entry for entry in stand.entries() if entry["id"] == stand.entries()[-1]["id"]][1:]
    for what in ("fields", "rules", "categories"):
        assert sorted({each for part in parts for each in part[what]}) == disclosed[what]
    hidden = stand.app.pseudonyms.of("record", key(3))
    assert {who for part in parts for who in part["subjects"]} == set(disclosed["subjects"]) - (
        {hidden} if ruled else set()
    )
    assert stand.verified()


async def test_no_record_is_an_answer_too(stand: Stand) -> None:
    """A head row alone, and an export of lines without one."""
    stand.crm.play = answering(head(), in_chunks(b"Id,Email\n"))
    assert (await stand.get(RESULTS)).body == b"Id,Email\n"
    stand.crm.play = answering(head("application/x-ndjson"), in_chunks())
    told = await stand.get(EXPORT)
    assert (told.status, told.body, told.whole) == (200, b"", True)
    assert [entry["records"] for entry in stand.entries() if entry["kind"] == "disclosed"] == [0, 0]


async def test_nothing_that_may_be_shown_is_a_refusal(stand: Stand) -> None:
    """Before a byte is out, in the CRM's own shape."""
    stand.crm.play = answering(head(), in_chunks(b"SSN__c,Nickname__c\n%b,x\n" % CANARY.encode()))
    told = await stand.get(RESULTS)
    assert told.status == 403
    assert b"INSUFFICIENT_ACCESS" in told.body
    assert CANARY.encode() not in told.body
    assert [entry["kind"] for entry in stand.entries()] == ["requested", "failed"]


async def test_an_error_of_the_crm_is_an_error(stand: Stand) -> None:
    """Its words are not shown, as ever."""
    body = b'[{"errorCode":"INVALID_QUERY_LOCATOR","message":"' + CANARY.encode() + b'"}]'
    stand.crm.play = answering(head("application/json", status="400 Bad Request", length=len(body)), body)
    told = await stand.get(RESULTS)
    assert told.status == 400
    assert b"INVALID_QUERY_LOCATOR" in told.body
    assert CANARY.encode() not in told.body


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (head("application/json") + in_chunks(b"{}"), "rows_undeclared"),
        (head("text/plain") + in_chunks(CSV), "unknown_media_type"),
        (head("text/event-stream") + chunk(b"data: x\n\n"), "event_stream"),
        (head("text/event-stream; charset=utf-8"), "event_stream"),
        (head(extra="Content-Encoding: gzip\r\n") + in_chunks(CSV), "stream_coded"),
        (head() + in_chunks(b"Id,id\n1,2\n"), "duplicate_column"),
        (head() + in_chunks(b'"Id\n'), "unterminated_quote"),
        (head() + in_chunks(b"\xff\n"), "bad_utf8"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\n" + CSV, "unframed_answer"),
        (head() + b"x\r\n", "malformed_answer"),
        (head() + b"3;a=b\r\nId\n\r\n0\r\n\r\n", "malformed_answer"),
        (head() + chunk(b"Id\n")[:-2] + b"xx0\r\n\r\n", "malformed_answer"),
        (head() + b"0\r\nX: y\r\n\r\n", "trailers_refused"),
        (head(), "upstream_failed"),
        (b"", "upstream_failed"),
    ],
)
async def test_what_cannot_be_understood_from_the_start_is_withheld(
    stand: Stand, answer: bytes, reason: str
) -> None:
    """With a refusal in the CRM's shape and its reason on record."""
    stand.crm.play = answering(answer)
    told = await stand.get(RESULTS)
    assert told.status in {502, 503}
    assert CANARY.encode() not in told.body
    entries = stand.entries()
    assert [entry["kind"] for entry in entries] == ["requested", "failed"]
    assert entries[-1]["reason"] == reason


@pytest.mark.parametrize("target", [WHOLE, "/services/data/v59.0/query?q=SELECT+Id+FROM+Contact"])
async def test_pd_29_events_are_refused_on_every_route(stand: Stand, target: str) -> None:
    """PD-29: at once, since they have no end; the client is told what to do instead."""
    stand.crm.play = answering(head("text/event-stream"), chunk(b"data: %b\n\n" % CANARY.encode()), then="wait")
    told = await stand.get(target)
    assert told.status == 502
    assert b"stream of events" in told.body
    assert CANARY.encode() not in told.body
    assert (await stand.ended())[-1]["reason"] == "event_stream"


ROW = b'"%b","p@example.org","+353 1 555 0101","%b","x"\n' % (key(1).encode(), CANARY.encode())


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (b"", "upstream_failed"),  # it hangs up between chunks
        (b"1000\r\n" + ROW, "upstream_failed"),  # and in one
        (chunk(ROW + b'"x","y"\n') + chunk(b""), "uneven_rows"),
        (chunk(ROW + b'a"b",1,2,3,4\n') + chunk(b""), "bad_quotes"),
        (chunk(b'"open') + chunk(b""), "unterminated_quote"),
        (chunk(b"\xff\n"), "bad_utf8"),
        (chunk(ROW) + b"0;x\r\n\r\n", "malformed_answer"),
        (chunk(ROW) + b"0\r\nX: y\r\n\r\n", "trailers_refused"),
        (chunk(ROW) + chunk(b"") + b"HTTP/1.1 200 OK\r\n", "malformed_answer"),
    ],
)
async def test_what_cannot_be_understood_midway_breaks_off(stand: Stand, rest: bytes, reason: str) -> None:
    """No client can take what it got for the whole; the ledger says what was released, and that it broke off."""
    go = asyncio.Event()

    async def play(crm: Crm, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head() + chunk(CSV))
        await go.wait()
        writer.write(rest)
        await writer.drain()

    stand.crm.play = play
    reader, writer = await stand.open("GET", RESULTS)
    first = await reader.readuntil(SHOWN)
    go.set()
    rest = await rest_of(reader, writer)
    assert b"200 OK" in first
    assert not rest.endswith(chunk(b""))
    assert CANARY.encode() not in first + rest
    entries = await stand.ended()
    assert [entry["kind"] for entry in entries] in (
        ["requested", "disclosed", "failed"],
        ["requested", "disclosed", "disclosed", "failed"],  # a row more went out before
    )
    assert entries[-1]["reason"] == reason
    assert all(entry["parts"] == 0 for entry in entries if entry["kind"] == "disclosed")
    assert stand.verified()


async def test_a_client_that_leaves_is_on_record(stand: Stand) -> None:
    """With what had been released by then; the CRM is not read to its end."""
    stand.crm.play = answering(head(), chunk(CSV), then="wait")
    reader, writer = await stand.open("GET", RESULTS)
    await reader.readuntil(SHOWN)
    writer.transport.abort()
    entries = await stand.ended()
    assert [entry["kind"] for entry in entries] == ["requested", "disclosed", "failed"]
    assert entries[-1]["reason"] == "client_gone"
    assert entries[1]["records"] == 3


async def test_a_client_that_does_not_read_stops_the_crm(stand: Stand) -> None:
    """Nobody keeps for it what it does not take, and the ledger does not say that it was given it."""
    row = ROW * 200
    sent = 0

    async def play(crm: Crm, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(head() + chunk(CSV.splitlines(keepends=True)[0]))
        while sent < 64 << 20:
            writer.write(chunk(row))
            await writer.drain()
            sent += len(row)

    stand.crm.play = play
    _, writer = await stand.open("GET", RESULTS)
    stable = 0
    for _ in range(1_000):
        before = sent
        await asyncio.sleep(0.02)
        stable = stable + 1 if sent == before > 0 else 0
        if stable == 20:
            break
    assert sent < 32 << 20
    disclosed = sum(entry["records"] for entry in stand.entries() if entry["kind"] == "disclosed")
    assert disclosed <= sent // len(ROW)
    writer.transport.abort()
    assert (await stand.ended())[-1]["reason"] == "client_gone"


async def test_a_caller_that_is_frozen_gets_no_further_row(stand: Stand) -> None:
    """An answer under way ends there."""
    go = asyncio.Event()

    async def play(crm: Crm, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head() + chunk(CSV))
        await go.wait()
        writer.write(in_chunks(ROW))
        await writer.drain()

    stand.crm.play = play
    reader, writer = await stand.open("GET", RESULTS)
    await reader.readuntil(SHOWN)
    await stand.app.freeze("helpdesk")
    go.set()
    assert await reader.read() == b"\r\n"  # the end of the chunk before
    writer.close()
    entries = await stand.ended()
    assert [entry["kind"] for entry in entries] == ["requested", "disclosed", "failed"]
    assert entries[-1]["reason"] == "principal_frozen"


async def test_a_crm_that_says_no_more_is_waited_for_no_longer_than_the_deadline(tmp_path: Path) -> None:
    """The lane's deadline holds for each step, and not for all of them together."""
    async with standing(tmp_path, settings="    deadline_seconds: 1\n") as stand:

        async def play(crm: Crm, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(head() + chunk(CSV))
            for _ in range(5):
                await asyncio.sleep(0.4)
                writer.write(chunk(ROW))
            await reader.read()

        stand.crm.play = play
        told = await stand.get(RESULTS)
        assert not told.whole
        assert told.body.count(b"\n") == 9
        assert [entry["reason"] for entry in await stand.ended() if entry["kind"] == "failed"] == ["deadline"]


async def test_an_exchange_has_an_end_however_much_comes(tmp_path: Path) -> None:
    """Who is asked for rows that never end is not listened to for ever."""
    async with standing(tmp_path, Limits(stream_seconds=1.0)) as stand:

        async def play(crm: Crm, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(head() + chunk(CSV))
            while True:
                await asyncio.sleep(0.1)
                writer.write(chunk(ROW))
                await writer.drain()

        stand.crm.play = play
        told = await stand.get(RESULTS)
        assert not told.whole
        assert (await stand.ended())[-1]["reason"] == "deadline"


async def test_many_people_take_many_entries(stand: Stand) -> None:
    """None is larger than others may be, and rows of one piece are counted once."""
    stand.crm.play = answering(
        head(), in_chunks(b"Id\n" + b"".join(key(n).encode() + b"\n" for n in range(1_201)))
    )
    told = await stand.get(RESULTS)
    assert told.body.count(b"\n") == 1_202
    parts = stand.entries()[1:]
    assert max(len(part["subjects"]) for part in parts) == 500
    assert sum(part["records"] for part in parts) == 1_201
    assert parts[-1]["part"] == parts[-1]["parts"] == len(parts)
    assert stand.verified()

"""Break every stage of an exchange whose body comes in rows, at its beginning and midway: no further row leaves.

The faults and the ways to break things are those of `tests/enforce/test_stages.py`.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import addons.http1.channel
import addons.http1.exchange
import addons.http1.pool
import addons.http1.readers
import proxy.codec.csv_stream
import proxy.enforce
import proxy.exchange
import proxy.streaming.shown
import proxy.streaming.written
import proxy.transforms.tally
from tests.e2e.reading import Entry
from tests.enforce.test_stages import FAULTS, Broken, breaking
from tests.streaming.conftest import (
    BATCHES,
    CANARY,
    RESULTS,
    Crm,
    Stand,
    answering,
    chunk,
    head,
    in_chunks,
    key,
    rest_of,
    takes_it,
    told_by,
    until,
)

Break = Callable[[Stand, pytest.MonkeyPatch, type[BaseException]], None]
HEAD = b"Id,Email\n"
FIRST = HEAD + f"{key(1)},first@example.org\n".encode()
SECOND = f"{key(2)},{CANARY}@example.org\n".encode()


def function(where: Any, name: str, at: int = 1) -> Break:
    """Break a function, or a method of a class, that a module calls."""

    def do(stand: Stand, patch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
        patch.setattr(where, name, breaking(error, getattr(where, name), at))

    return do


def awaited(where: Any, name: str, at: int = 1) -> Break:
    """Break a coroutine of a class."""

    def do(stand: Stand, patch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
        original, calls = getattr(where, name), 0

        async def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at:
                raise error(f"said {CANARY}")
            return await original(*args, **kwargs)

        patch.setattr(where, name, call)

    return do


def part(name: str, method: str, at: int = 1) -> Break:
    """Break a method of a part of the gateway: a rule set's, a port's, or its accounts'."""

    def do(stand: Stand, patch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
        gateway = stand.gateway
        for holder, attribute in ((gateway.rules, "rules"), (gateway._ports, "_ports")):
            if hasattr(holder, name):
                real = getattr(holder, name)
                broken = Broken(real, **{method: breaking(error, getattr(real, method), at)})
                patch.setattr(gateway, attribute, replace(holder, **{name: broken}))
                return
        real = getattr(gateway, name)
        patch.setattr(gateway, name, Broken(real, **{method: breaking(error, getattr(real, method), at)}))

    return do


BEFORE_THE_FIRST_ROW_IS_SHOWN = {
    "1 connector": part("connector", "route"),
    "2 identity": part("identifier", "identify"),
    "4 policy": part("policies", "plan"),
    "6 ledger": part("ledger", "append"),
    "7 forward, head": function(addons.http1.exchange, "build_request"),
    "7 forward, connection": awaited(addons.http1.pool.Pool, "_connect"),
    "7 forward": awaited(addons.http1.channel.Channel, "send"),
    "8 upstream, head": function(addons.http1.readers, "read_answer_head"),
    "8 upstream, body": function(addons.http1.readers, "Pieces"),
    "8 upstream, piece": awaited(addons.http1.channel.Channel, "piece"),
    "8 upstream, codec": function(proxy.enforce, "codec_for"),
    "9 rows": function(proxy.enforce, "shown_rows"),
    "9 redactions": function(proxy.streaming.shown, "Redactions"),
    "9 reader": function(proxy.codec.csv_stream, "RowReader"),
    "9 shape": function(proxy.streaming.shown, "_edits"),
    "9 tally": function(proxy.transforms.tally.Tally, "add"),
    "9 subjects": part("_accounts", "passing"),
    "10 entry": part("_accounts", "passed"),
    "10 ledger": part("ledger", "append", at=2),
    "11 count": part("_accounts", "count_rows"),
    "11 head": function(addons.http1.exchange, "render_head"),
    "11 chunk": function(addons.http1.exchange, "chunk"),
}
MIDWAY = {
    "8 upstream, piece": awaited(addons.http1.channel.Channel, "piece", at=2),
    "9 rows": function(proxy.streaming.shown.ShownCells, "take", at=2),
    "9 reader": function(proxy.codec.csv_stream.RowReader, "pieces", at=2),
    "9 subjects": part("_accounts", "passing", at=2),
    "2 identity": part("identifier", "refuse_frozen", at=4),
    "10 entry": part("_accounts", "passed", at=2),
    "10 ledger": part("ledger", "append", at=3),
    "11 count": part("_accounts", "count_rows", at=2),
    "11 chunk": function(addons.http1.exchange, "chunk", at=2),
    "11 clock": function(addons.http1.conversation.Conversation, "carry_on", at=4),
}


async def settled(stand: Stand, before: int) -> list[Entry]:
    """Return the entries since `before`, once every intent has an outcome."""
    for _ in range(300):
        entries = stand.entries()[before:]
        ends = [entry for entry in entries if entry["kind"] in {"declined", "failed"}]
        intents = {entry["id"] for entry in entries if entry["kind"] == "requested"}
        if ends and intents <= {entry["id"] for entry in ends}:
            return entries
        await asyncio.sleep(0.01)
    raise AssertionError("an exchange without an outcome")


@pytest.mark.parametrize("stage", BEFORE_THE_FIRST_ROW_IS_SHOWN)
async def test_a_stage_that_breaks_before_the_first_row_shows_none(
    stand: Stand, stage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No byte of the CRM's answer reaches the client, which gets a refusal; that is in the ledger, once."""
    stand.crm.play = answering(head(), in_chunks(HEAD + SECOND))
    for error in FAULTS:
        before = len(stand.entries())
        with pytest.MonkeyPatch.context() as patch:
            BEFORE_THE_FIRST_ROW_IS_SHOWN[stage](stand, patch, error)
            told = await stand.get(RESULTS)
        assert told.status in {400, 403, 500, 502, 503, 504}, (error.__name__, told)
        assert CANARY.encode() not in told.fields + told.body
        entries = await settled(stand, before)
        assert [entry["kind"] for entry in entries].count("failed") <= 1
    assert CANARY not in caplog.text + json.dumps(stand.entries())
    assert stand.verified()


@pytest.mark.parametrize("stage", MIDWAY)
async def test_a_stage_that_breaks_midway_shows_no_further_row(
    stand: Stand, stage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What had been released is on record, what had not is cut off, and nobody can take it for the whole."""
    for error in FAULTS:
        go = asyncio.Event()

        async def play(crm: Crm, reader: Any, writer: asyncio.StreamWriter, go: asyncio.Event = go) -> None:
            writer.write(head() + chunk(FIRST))
            await go.wait()
            writer.write(in_chunks(SECOND))
            await writer.drain()

        stand.crm.play = play
        before = len(stand.entries())
        with pytest.MonkeyPatch.context() as patch:
            MIDWAY[stage](stand, patch, error)
            reader, writer = await stand.open("GET", RESULTS)
            async with asyncio.timeout(10):
                assert b"200 OK" in await reader.readuntil(FIRST + b"\r\n")
            go.set()
            rest = await rest_of(reader, writer)
        assert CANARY.encode() not in rest, error.__name__
        assert b"0\r\n\r\n" not in rest
        entries = await settled(stand, before)
        assert [entry["kind"] for entry in entries][:2] == ["requested", "disclosed"]
        assert entries[1]["records"] == 1
        assert [entry["kind"] for entry in entries].count("failed") == 1
        assert entries[-1]["kind"] == "failed"
    assert CANARY not in caplog.text + json.dumps(stand.entries())
    assert stand.verified()


WRITE_HEAD = b"Id,Phone\n"
WRITE_FIRST = WRITE_HEAD + f"{key(1)},+353 1 555 0101\n".encode()
WRITE_SECOND = f"{key(2)},{CANARY}\n".encode()
BEFORE_THE_FIRST_ROW_IS_SENT = {
    "0 adapter": function(addons.http1.readers, "Pieces"),
    "1 connector": part("connector", "route", at=2),
    "1 codec": function(proxy.enforce, "codec_for"),
    "2 identity": part("identifier", "identify", at=2),
    "1 rows": function(proxy.enforce, "written_rows"),
    "1 reader": function(proxy.codec.csv_stream, "RowReader"),
    "4 policy, plan": part("policies", "plan"),
    "4 policy, judge": function(proxy.streaming.written, "judge"),
    "5 checks": function(proxy.streaming.written, "WriteCheck"),
    "5 masks": part("policies", "masks_for"),
    "5 credential": part("credential", "fields"),
    "3 subjects": part("_accounts", "pseudonyms"),
    "6 entry": part("_accounts", "requested"),
    "6 ledger": part("ledger", "append"),
    "6 identity": part("identifier", "refuse_frozen"),
    "7 forward, head": function(addons.http1.exchange, "build_request"),
    "7 forward, connection": awaited(addons.http1.pool.Pool, "_connect"),
    "7 forward, chunk": function(addons.http1.exchange, "chunk"),
    "7 forward": awaited(addons.http1.channel.Channel, "send"),
}


def reading(stand: Stand, patch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
    """Break what takes the second row out of the client's bytes."""
    original = addons.http1.readers.RequestReader.piece

    def piece(self: addons.http1.readers.RequestReader) -> tuple[bytes, bool]:
        if CANARY.encode() in self.buffer:
            raise error(f"said {CANARY}")
        return original(self)

    patch.setattr(addons.http1.readers.RequestReader, "piece", piece)


UPLOAD_MIDWAY = {
    "0 adapter": reading,
    "1 rows": function(proxy.streaming.written.WrittenCells, "take", at=2),
    "5 checks": function(proxy.streaming.written.WriteCheck, "check", at=2),
    "3 subjects": part("_accounts", "pseudonyms", at=2),
    "6 entry": part("_accounts", "requested", at=2),
    "6 ledger": part("ledger", "append", at=2),
    "7 forward, chunk": function(addons.http1.exchange, "chunk", at=2),
    "7 forward": awaited(addons.http1.channel.Channel, "send", at=2),
}


@pytest.mark.parametrize("stage", BEFORE_THE_FIRST_ROW_IS_SENT)
async def test_a_stage_that_breaks_before_the_first_row_sends_none(
    stand: Stand, stage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The CRM gets no row, the client a refusal, the ledger an end."""
    stand.crm.play = takes_it
    for error in FAULTS:
        stand.crm.received.clear()
        before = len(stand.entries())
        with pytest.MonkeyPatch.context() as patch:
            BEFORE_THE_FIRST_ROW_IS_SENT[stage](stand, patch, error)
            told = await stand.send("PUT", BATCHES, "text/csv", [WRITE_HEAD + WRITE_SECOND])
        assert told.status in {400, 403, 500, 502, 503, 504}, (error.__name__, told)
        assert CANARY.encode() not in told.body
        assert CANARY.encode() not in stand.crm.received
        assert len([entry for entry in await settled(stand, before) if entry["kind"] != "requested"]) == 1
    assert CANARY not in caplog.text + json.dumps(stand.entries())
    assert stand.verified()


@pytest.mark.parametrize("stage", UPLOAD_MIDWAY)
async def test_a_stage_that_breaks_midway_sends_no_further_row(
    stand: Stand, stage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The CRM is left with a body cut short; the client is told."""
    stand.crm.play = takes_it
    for error in FAULTS:
        stand.crm.received.clear()
        before, lost = len(stand.entries()), stand.crm.lost
        with pytest.MonkeyPatch.context() as patch:
            UPLOAD_MIDWAY[stage](stand, patch, error)
            fields = ("Content-Type: text/csv", "Transfer-Encoding: chunked")
            reader, writer = await stand.open("PUT", BATCHES, *fields, client="helpdesk_leads")
            writer.write(chunk(WRITE_FIRST))
            await until(lambda: len(stand.crm.received) > len(WRITE_FIRST))
            with contextlib.suppress(ConnectionError):
                writer.write(in_chunks(WRITE_SECOND))
            told = await told_by(reader, writer)
            await until(lambda lost=lost: stand.crm.lost > lost)
        assert told.status in {400, 403, 500, 502, 503, 504}, (error.__name__, told)
        assert CANARY.encode() not in told.body
        assert CANARY.encode() not in stand.crm.received
        assert stand.crm.body is None
        entries = await settled(stand, before)
        assert [entry["kind"] for entry in entries].count("failed") == 1
    assert CANARY not in caplog.text + json.dumps(stand.entries())
    assert stand.verified()


async def test_the_same_exchanges_pass_when_nothing_is_broken(stand: Stand) -> None:
    """The refusals above are not for nothing."""
    stand.crm.play = answering(head(), in_chunks(FIRST, SECOND))
    told = await stand.get(RESULTS)
    assert (told.body, told.whole) == (FIRST + SECOND, True)
    stand.crm.play = takes_it
    assert (await stand.send("PUT", BATCHES, "text/csv", [WRITE_FIRST, WRITE_SECOND])).status == 201
    assert stand.crm.body == WRITE_FIRST + WRITE_SECOND

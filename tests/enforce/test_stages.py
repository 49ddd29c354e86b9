"""Break every numbered stage of one exchange, in both directions: nothing leaves, and it is on record.

The faults are what mitmproxy would let pass: an exception, a timeout, a MemoryError, a cancelled task. Each is
raised by the real part in its real place, once; the rest of the lane is untouched.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import addons.http1.exchange
import addons.http1.pool
import addons.http1.readers
import proxy.enforce
import proxy.exchange
from tests.enforce.conftest import CANARY, RECORD, Stand, http

FAULTS = (RuntimeError, TimeoutError, MemoryError, RecursionError, asyncio.CancelledError, KeyError)
ANSWER = {
    "attributes": {"type": "Contact", "url": "/services/data/v59.0/sobjects/Contact/003000000000001AAA"},
    "Id": "003000000000001AAA",
    "Email": f"{CANARY}@example.org",
    "SSN__c": CANARY,
    "LastName": CANARY,
}


def breaking(error: type[BaseException], original: Callable[..., Any], at: int = 1) -> Callable[..., Any]:
    """Return `original`, except that its `at`-th call raises."""
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at:
            raise error(f"said {CANARY}")
        return original(*args, **kwargs)

    return call


class Broken:
    """A part with one broken method; everything else is the real thing."""

    def __init__(self, part: Any, **broken: Callable[..., Any]) -> None:
        self._part, self._broken = part, broken

    def __getattr__(self, name: str) -> Any:
        return self._broken.get(name) or getattr(self._part, name)


Break = Callable[[Stand, pytest.MonkeyPatch, type[BaseException]], None]


def module(where: Any, name: str, at: int = 1) -> Break:
    """Break a function that a module calls."""

    def do(stand: Stand, patch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
        patch.setattr(where, name, breaking(error, getattr(where, name), at))

    return do


def rules(part: str, method: str) -> Break:
    """Break a method of one of the parts that a policy reload replaces."""

    def do(stand: Stand, patch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
        gateway = stand.app.gateways["salesforce"]
        real = getattr(gateway.rules, part)
        broken = Broken(real, **{method: breaking(error, getattr(real, method))})
        patch.setattr(gateway, "rules", replace(gateway.rules, **{part: broken}))

    return do


def port(name: str, method: str, at: int = 1) -> Break:
    """Break a method of one of the gateway's ports."""

    def do(stand: Stand, patch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
        gateway = stand.app.gateways["salesforce"]
        real = getattr(gateway._ports, name)
        broken = Broken(real, **{method: breaking(error, getattr(real, method), at)})
        patch.setattr(gateway, "_ports", replace(gateway._ports, **{name: broken}))

    return do


def asked(method: str) -> Break:
    """Break what the connector made of the request, when the answer comes."""

    def do(stand: Stand, patch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
        gateway = stand.app.gateways["salesforce"]
        connector = gateway.rules.connector

        def route(request: Any) -> Any:
            found = connector.route(request)

            def recognise(*args: Any, **kwargs: Any) -> Any:
                made = found.recognise(*args, **kwargs)
                if method == "recognise":
                    raise error(f"said {CANARY}")
                return Broken(made, **{method: breaking(error, getattr(made, method))})

            return Broken(found, recognise=recognise)

        patch.setattr(gateway, "rules", replace(gateway.rules, connector=Broken(connector, route=route)))

    return do


def release(stand: Stand, patch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
    """Break what turns a released answer, and only that, into bytes."""
    original = addons.http1.exchange.render

    def render(response: Any, **how: Any) -> Any:
        if response.status < 400:
            raise error(f"said {CANARY}")
        return original(response, **how)

    patch.setattr(addons.http1.exchange, "render", render)


BEFORE_THE_CRM = {
    "0 adapter, head": module(addons.http1.readers, "read_request_head"),
    "0 adapter, body": module(addons.http1.readers, "Body"),
    "0 adapter, request": module(addons.http1.exchange, "Request"),
    "0 adapter, request with its body": module(addons.http1.exchange, "Request", at=2),
    "1 connector, route": rules("connector", "route"),
    "1 connector, content coding": module(proxy.enforce, "undo_content_coding"),
    "1 connector, codec": module(proxy.enforce, "codec_for"),
    "1 connector, recognise": asked("recognise"),
    "2 identity": rules("identifier", "identify"),
    "3 subjects": port("pseudonyms", "all"),
    "4 policy, plan": rules("policies", "plan"),
    "4 policy, decide": module(proxy.exchange, "Decider"),
    "4 policy, judge": module(proxy.enforce, "judge"),
    "5 transforms, masked echo": rules("policies", "masks_for"),
    "5 transforms, credential": port("credential", "fields"),
    "6 ledger": port("ledger", "append"),
    "7 forward, build": module(addons.http1.exchange, "build_request"),
    "7 forward": module(addons.http1.pool, "AnswerReader"),
}
AFTER_THE_CRM = {
    "8 upstream, head": module(addons.http1.readers, "read_answer_head"),
    "8 upstream, body": module(addons.http1.readers, "Body"),
    "8 upstream, adapter": module(addons.http1.readers, "Response"),
    "8 upstream, content coding": module(proxy.enforce, "undo_content_coding"),
    "8 upstream, codec": module(proxy.enforce, "codec_for"),
    "9 connector": asked("open"),
    "9 subjects": port("pseudonyms", "all", at=2),  # the first call was for the request's record id
    "9 transforms": module(proxy.enforce, "Redactions"),
    "9 transforms, tally": module(proxy.enforce, "Tally"),
    "9 connector, headers": asked("headers_back"),
    "10 ledger": port("ledger", "append", at=2),
    "11 release": release,
}


async def settled(stand: Stand, before: int) -> list[dict[str, Any]]:
    """Return the refusals and failures since `before`, once every intent has an outcome.

    A cancelled exchange is put on record by a task of its own, which may end after the client was answered.
    """
    for _ in range(200):
        entries = stand.entries()[before:]
        outcomes = [entry for entry in entries if entry["kind"] in {"declined", "failed"}]
        intents = {entry["id"] for entry in entries if entry["kind"] == "requested"}
        if outcomes and intents <= {entry["id"] for entry in entries if entry["kind"] != "requested"}:
            return outcomes
        await asyncio.sleep(0.01)
    raise AssertionError("an exchange without an outcome")


@pytest.mark.parametrize("stage", BEFORE_THE_CRM)
async def test_a_stage_that_breaks_before_the_crm_lets_nothing_reach_it(
    stand: Stand, stage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The write's canary never reaches the upstream, the client gets a refusal, and it is in the ledger."""
    stand.upstream.answer = http("204 No Content", b"")
    for error in FAULTS:
        stand.upstream.received.clear()
        before = len(stand.entries())
        with pytest.MonkeyPatch.context() as patch:
            BEFORE_THE_CRM[stage](stand, patch, error)
            answer = await stand.ask("PATCH", RECORD, {"Phone": CANARY})
        assert not stand.upstream.received, f"{error.__name__} let the request out"
        assert int(answer.split()[1]) in {400, 403, 500, 502, 503, 504}, answer
        assert CANARY.encode() not in answer
        assert len(await settled(stand, before)) == 1, error.__name__
    assert CANARY not in caplog.text
    assert CANARY not in json.dumps(stand.entries())
    assert stand.verified()


@pytest.mark.parametrize("stage", AFTER_THE_CRM)
async def test_a_stage_that_breaks_after_the_crm_lets_nothing_reach_the_client(
    stand: Stand, stage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No byte of the CRM's answer reaches the client, not even of fields it may see; it is in the ledger."""
    stand.upstream.answer = http("200 OK", json.dumps(ANSWER).encode())
    for error in FAULTS:
        before = len(stand.entries())
        with pytest.MonkeyPatch.context() as patch:
            AFTER_THE_CRM[stage](stand, patch, error)
            answer = await stand.ask("GET", RECORD)
        assert CANARY.encode() not in answer, f"{error.__name__} let the answer out"
        assert int(answer.split()[1]) in {500, 502, 503, 504}, answer
        assert len(await settled(stand, before)) == 1, error.__name__
    assert CANARY not in caplog.text
    assert CANARY not in json.dumps(stand.entries())
    assert stand.verified()


async def test_the_same_exchanges_pass_when_nothing_is_broken(stand: Stand) -> None:
    """Without a fault the write arrives and the answer is released: the refusals above are not for nothing."""
    stand.upstream.answer = http("204 No Content", b"")
    assert (await stand.ask("PATCH", RECORD, {"Phone": CANARY})).startswith(b"HTTP/1.1 204")
    assert CANARY.encode() in stand.upstream.received
    assert b"upstream-secret-token" in stand.upstream.received
    stand.upstream.answer = http("200 OK", json.dumps(ANSWER).encode())
    answer = await stand.ask("GET", RECORD)
    assert f"{CANARY}@example.org".encode() in answer
    assert b"SSN__c" not in answer
    assert [entry["kind"] for entry in stand.entries()[-4:]] == ["requested", "disclosed"] * 2


@pytest.mark.parametrize("at", [1, 2])
async def test_a_ledger_that_never_answers_ends_in_a_refusal(stand: Stand, at: int) -> None:
    """A hanging disk holds an exchange no longer than the lane's deadline, and nothing leaves."""
    stand.upstream.answer = http("200 OK", json.dumps(ANSWER).encode())
    gateway = stand.app.gateways["salesforce"]
    real, calls = gateway._ports.ledger, 0

    async def append(entry: Any) -> int:
        nonlocal calls
        calls += 1
        return await (asyncio.sleep(3600) if calls == at else real.append(entry))

    gateway._deadline = 0.3
    gateway._ports = replace(gateway._ports, ledger=Broken(real, append=append))
    answer = await stand.ask("GET", RECORD)
    assert answer.split()[1] == b"503"
    assert CANARY.encode() not in answer
    assert (at == 1) == (not stand.upstream.received)
    assert stand.entries()[-1]["reason"] == "deadline"


@pytest.mark.parametrize("waits", ["for the ledger", "for a place"])
async def test_who_is_stopped_while_a_request_waits_asks_nothing(stand: Stand, waits: str) -> None:
    """A freeze that has returned holds for what had been admitted, and was not sent, as well."""
    gateway = stand.app.gateways["salesforce"]
    real = gateway._ports.ledger

    async def append(entry: Any) -> int:
        number = await real.append(entry)
        if waits == "for the ledger":
            stand.app.frozen.replace(["helpdesk"])
        return number

    original = addons.http1.exchange.build_request

    def build(*args: Any) -> Any:
        if waits == "for a place":
            stand.app.frozen.replace(["helpdesk"])
        return original(*args)

    gateway._ports = replace(gateway._ports, ledger=Broken(real, append=append))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addons.http1.exchange, "build_request", build)
        answer = await stand.ask("PATCH", RECORD, {"Phone": CANARY})
    assert answer.split()[1] == b"403"
    assert not stand.upstream.received
    assert [(entry["kind"], entry.get("reason")) for entry in stand.entries()[-2:]] == [
        ("requested", None),
        ("declined" if waits == "for the ledger" else "failed", "principal_frozen"),
    ]
    assert stand.verified()


@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_a_client_that_leaves_before_the_crm_is_asked_is_on_record_once(stand: Stand, method: str) -> None:
    """Whoever notices first writes it down, with who it was and why; nobody writes it a second time."""
    gateway = stand.app.gateways["salesforce"]
    asked, real = asyncio.Event(), gateway._ports.ledger

    async def append(entry: Any) -> int:
        if entry.kind == "requested":
            asked.set()
            await asyncio.sleep(3600)
        return await real.append(entry)

    gateway._ports = replace(gateway._ports, ledger=Broken(real, append=append))
    before = len(stand.entries())
    _, writer = await asyncio.open_connection("127.0.0.1", stand.port)
    body = b'{"Phone":"+353 1 555 0101"}' if method == "PATCH" else b""
    key = stand.installation.keys["helpdesk"].encode()
    writer.write(
        b"%b %b HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %b\r\n" % (method.encode(), RECORD.encode(), key)
        + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        + body
    )
    async with asyncio.timeout(10):
        await asked.wait()
    writer.close()
    (entry,) = await settled(stand, before)
    assert (entry["kind"], entry["reason"], entry["client"]) == ("declined", "client_gone", "helpdesk")
    await asyncio.sleep(0.05)
    assert len(stand.entries()) == before + 1
    assert not stand.upstream.received

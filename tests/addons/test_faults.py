"""Fault injection on real sockets: whatever the gateway does wrong, and wherever, no canary byte leaves."""

import asyncio
import contextlib

import pytest

from proxy.message import Headers, Response

CANARY = b"canary-77aa"
REQUEST = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(CANARY), CANARY)
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nx-a: %b\r\n\r\n%b" % (len(CANARY), CANARY, CANARY)
SHORT = 0.5
"""Seconds an exchange gets here."""


class Odd(BaseException):
    """Not even an Exception."""


async def _hang():
    await asyncio.Event().wait()


async def _refuse_to_be_cancelled():
    end = asyncio.get_running_loop().time() + 3
    while (left := end - asyncio.get_running_loop().time()) > 0:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(left)


def _raising(kind):
    def mishap():
        raise kind(CANARY.decode())

    return mishap


async def _cancelled_within():
    """Await something that somebody else cancelled."""
    task = asyncio.ensure_future(asyncio.sleep(60))
    asyncio.get_running_loop().call_soon(task.cancel)
    await task


async def _cancels_itself():
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(60)


MISHAPS = {
    "exception": _raising(RuntimeError),
    "timeout": _raising(TimeoutError),
    "memory": _raising(MemoryError),
    "recursion": _raising(RecursionError),
    "cancelled": _raising(asyncio.CancelledError),
    "cancelled within": _cancelled_within,
    "cancels itself": _cancels_itself,
    "odd": _raising(Odd),
    "hangs": _hang,
    "cannot be stopped": _refuse_to_be_cancelled,
    "none": lambda: None,
    "a string": CANARY.decode,
    "a truth": lambda: True,
}
"""Everything a decision can be other than a decision."""


def _ended_well(received):
    """Nothing leaked, and unless the connection was just closed the answer is one of ours."""
    assert CANARY not in received
    assert received == b"" or received.startswith((b"HTTP/1.1 503 ", b"HTTP/1.1 504 "))


@pytest.mark.parametrize("mishap", MISHAPS)
def test_on_request_gone_wrong_forwards_nothing(rig, mishap):
    """No byte of the request reaches the upstream, and the client is answered within the deadline."""
    rig.gateway.answer_request = lambda request: MISHAPS[mishap]()
    lane = rig.start(rig.upstream.port, deadline=SHORT)
    _ended_well(lane.client().send(REQUEST).read_all(5))
    assert rig.upstream.connections == 0
    lane.end()
    assert len(rig.gateway.outcomes) == 1


@pytest.mark.parametrize("mishap", MISHAPS)
def test_on_response_gone_wrong_releases_nothing(rig, mishap):
    """No byte of the answer reaches the client; the failure is put on record once."""
    rig.upstream.answer = ANSWER
    rig.gateway.answer_response = lambda response: MISHAPS[mishap]()
    lane = rig.start(rig.upstream.port, deadline=SHORT)
    _ended_well(lane.client().send(REQUEST).read_all(5))
    lane.end()
    assert len(rig.gateway.named("failure")) == 1


@pytest.mark.parametrize("mishap", MISHAPS)
@pytest.mark.parametrize("method", ["on_failure", "on_malformed"])
def test_recording_gone_wrong_still_answers(rig, monkeypatch, method, mishap):
    """When even the failure cannot be put on record, the client still gets a constant answer."""
    monkeypatch.setattr("addons.http1.exchange.RECORD_SECONDS", 0.2)

    async def broken(*_arguments):
        result = MISHAPS[mishap]()
        return await result if asyncio.iscoroutine(result) else result

    monkeypatch.setattr(rig.gateway, method, broken)
    rig.upstream.answer = CANARY + b"\r\n\r\n"
    rig.upstream.close_after = True
    lane = rig.start(rig.upstream.port, deadline=SHORT)
    data = REQUEST if method == "on_failure" else b"GET /%b HTTP/2.0\r\n\r\n" % CANARY
    received = lane.client().send(data).read_all(5)
    assert received.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 502 "))
    assert CANARY not in received


def test_a_refuse_that_fails_leaves_the_constant(rig, monkeypatch):
    """With every method of the gateway broken there is still the answer made at import."""

    def broken(*_arguments):
        raise MemoryError(CANARY.decode())

    for method in ("on_request", "on_response", "on_failure", "on_malformed", "refuse"):
        monkeypatch.setattr(rig.gateway, method, broken)
    lane = rig.start(rig.upstream.port)
    for data in (REQUEST, b"OPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n", b"nonsense\r\n\r\n"):
        received = lane.client().send(data).read_all(5)
        assert received.startswith(b"HTTP/1.1 503 ")
        assert CANARY not in received
    assert rig.upstream.connections == 0


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, (("x-a", "b\r\n\r\n" + CANARY.decode()),)),  # would end the head
        (200, (("x a", CANARY.decode()),)),
        (200, (("x-a", "\u20ac" + CANARY.decode()),)),
        (101, (("x-a", CANARY.decode()),)),
        (99, ()),
        (1000, ()),
    ],
)
def test_what_cannot_be_written_is_not_released(rig, status, headers):
    """An answer that cannot be written as it stands is withheld as a whole."""
    rig.gateway.answer_response = lambda response: Response(status, Headers(headers), CANARY)
    received = rig.start(rig.upstream.port).client().send(REQUEST).read_all(5)
    assert received.startswith(b"HTTP/1.1 503 ")
    assert CANARY not in received


def test_a_permission_that_comes_too_late_is_not_used(rig):
    """A gateway that says yes after the deadline is told that nothing was forwarded."""
    from types import SimpleNamespace

    async def late(request):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return SimpleNamespace(id="1", caller="a", request=request, still=lambda: None, in_rows=False)

    rig.gateway.answer_request = late
    lane = rig.start(rig.upstream.port, deadline=SHORT)
    received = lane.client().send(REQUEST).read_all(5)
    lane.end()
    _ended_well(received)
    assert rig.upstream.connections == 0
    assert rig.gateway.outcomes == ["failure deadline"]


@pytest.mark.parametrize("mishap", [name for name in MISHAPS if name != "a string"])
def test_on_head_gone_wrong_takes_no_body(rig, mishap):
    """Only the name of a caller lets a body in; whatever else comes of the question is a refusal."""
    rig.gateway.answer_head = lambda request: MISHAPS[mishap]()
    lane = rig.start(rig.upstream.port, deadline=SHORT)
    _ended_well(lane.client().send(REQUEST).read_all(5))
    assert rig.upstream.connections == 0
    lane.end()
    assert len(rig.gateway.outcomes) == 1
    assert rig.gateway.named("request") == []


@pytest.mark.parametrize(
    "part",
    [
        "addons.http1.readers.read_request_head",
        "addons.http1.readers.Body",
        "addons.http1.exchange.Request",
        "addons.http1.exchange.build_request",
        "addons.http1.pool.AnswerReader",
        "addons.http1.readers.read_answer_head",
        "addons.http1.readers.Response",
    ],
)
@pytest.mark.parametrize("kind", [RuntimeError, MemoryError, asyncio.CancelledError, Odd])
def test_a_part_that_breaks_denies(rig, monkeypatch, part, kind):
    """A fault in our own code, wherever it is, is a refusal like any other, and on record once."""

    def broken(*_arguments, **_options):
        raise kind(CANARY.decode())

    rig.upstream.answer = ANSWER
    lane = rig.start(rig.upstream.port)
    monkeypatch.setattr(part, broken)
    received = lane.client().send(REQUEST).read_all(5)
    monkeypatch.undo()
    lane.end()
    assert received.startswith((b"HTTP/1.1 502 ", b"HTTP/1.1 503 "))
    assert CANARY not in received
    assert len(rig.gateway.outcomes) == 1
    assert CANARY not in rig.upstream.received or part.endswith(("answer_head", "Response"))

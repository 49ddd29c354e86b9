"""Before anything is served: whatever a gateway or hook does wrong must end in refusal, here and now.

Runs the real dispatch over flows that exist only for this, with a gateway that fails in every way there is.
If it finds one way through, `Unsafe` stops the start.
"""

import asyncio
import contextlib
from typing import Final, NoReturn

from mitmproxy import connection, http
from mitmproxy.proxy.layers.http._hooks import (
    HttpErrorHook,
    HttpRequestHeadersHook,
    HttpRequestHook,
    HttpResponseHeadersHook,
    HttpResponseHook,
)
from mitmproxy.proxy.layers.tcp import TcpStartHook
from mitmproxy.tcp import TCPFlow

from addons import adapter
from addons.dispatch import GuardedAddons
from addons.lane import LaneSpec
from addons.lockdown import Unsafe
from addons.mark import Head, Lane, Mark, State
from addons.underway import Underway
from proxy.message import Headers, Request, Response

_MISHAPS: Final = (
    RuntimeError,
    TimeoutError,
    MemoryError,
    RecursionError,
    asyncio.CancelledError,
    BaseException,
)
_Hook = HttpRequestHeadersHook | HttpRequestHook | HttpResponseHeadersHook | HttpResponseHook | HttpErrorHook
_HOOKS: Final[tuple[tuple[State, type[_Hook]], ...]] = (
    (State.UNSEEN, HttpRequestHeadersHook),
    (State.UNSEEN, HttpRequestHook),
    (State.FORWARDED, HttpResponseHeadersHook),
    (State.FORWARDED, HttpResponseHook),
    (State.FORWARDED, HttpErrorHook),
)
_SPEC: Final = LaneSpec(
    name="self-test",
    listen_host="127.0.0.1",
    listen_port=0,
    upstream_scheme="http",
    upstream_host="self-test.invalid",
    upstream_port=9,
    body_limit=1,
    deadline=1.0,
)


class Saboteur:
    """A gateway that keeps none of its promises."""

    lane = "self-test"

    def __init__(self, mishap: type[BaseException]) -> None:
        self._mishap = mishap

    def _fail(self) -> NoReturn:
        raise self._mishap

    async def on_request(self, request: Request) -> Response:
        """Fail."""
        del request
        self._fail()

    async def on_response(self, exchange: object, response: Response) -> Response:
        """Fail."""
        del exchange, response
        self._fail()

    async def on_failure(self, exchange: object, reason: str, status: int) -> Response:
        """Fail."""
        del exchange, reason, status
        self._fail()

    async def on_malformed(self, reason: str, status: int) -> Response:
        """Fail."""
        del reason, status
        self._fail()

    def refuse(self, reason: str, status: int) -> Response:
        """Fail."""
        del reason, status
        self._fail()


async def self_test(addons: GuardedAddons, underway: Underway) -> None:
    """Return when every failure in every hook was a refusal.

    Raises:
        Unsafe: one was not; names the hook.
    """
    for mishap in _MISHAPS:
        lane = Lane(_SPEC, Saboteur(mishap))
        for state, hook in _HOOKS:
            flow, mark = _flow(lane, state)
            await _expect_refusal(addons, underway, hook(flow), mark)
    await _expect_no_tcp(addons)
    while underway.tasks:
        await asyncio.wait(underway.tasks)


async def _expect_refusal(addons: GuardedAddons, underway: Underway, hook: _Hook, mark: Mark) -> None:
    flow = hook.flow
    with contextlib.suppress(asyncio.CancelledError):
        await addons.handle_lifecycle(hook)
    underway.finish(mark)
    killed = flow.error is not None and not flow.live
    if mark.state is not State.REFUSED or mark.wire is None or not (adapter.blocked(flow) or killed):
        raise Unsafe(f"a failure in the hook {hook.name} was not a refusal")


async def _expect_no_tcp(addons: GuardedAddons) -> None:
    flow = TCPFlow(_client(), connection.Server(address=None), live=True)
    await addons.handle_lifecycle(TcpStartHook(flow))
    if flow.live or flow.error is None:
        raise Unsafe("a raw TCP flow was not refused")


def _client() -> connection.Client:
    return connection.Client(peername=("self-test", 0), sockname=("self-test", 0))


def _flow(lane: Lane, state: State) -> tuple[http.HTTPFlow, Mark]:
    """Return a flow as it is when the hook runs, with the one fault that its response has no framing."""
    flow = http.HTTPFlow(_client(), connection.Server(address=None), live=True)
    flow.request = http.Request(
        "", 0, b"GET", b"http", b"", b"/", b"HTTP/1.1", http.Headers(), b"", None, 0.0, 0.0
    )
    mark = adapter.attach(flow, lane, None)
    mark.deadline = asyncio.get_running_loop().time() + 1
    if state is State.FORWARDED:
        mark.state, mark.head = state, Head("GET", "/", "", Headers())
        flow.response = http.Response(b"HTTP/1.1", 200, b"", http.Headers(), b"canary", None, 0.0, 0.0)
    return flow, mark

"""The hooks: asks the gateway and sets the mark; an exchange is refused until it is proven forwarded.

    requestheaders    the head is checked; what is malformed ends here, before its body is read
    request           gateway.on_request -> forward exactly what it returned, or refuse
    server_connect    only for an exchange that was forwarded, only to the lane's upstream
    responseheaders   an answer that cannot be read exactly ends here
    response          gateway.on_response -> exactly the bytes it returned
    error             mitmproxy gave up, or the doorway did
    client_disconnected, malformed, tls_failed_client    nothing ends without being on record

Each HTTP hook begins by putting a stand-in where mitmproxy looks for the response, before anything that can
fail. Each `Forward` ends in exactly one of: on_response returned, on_failure called.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from mitmproxy import connection, http, tls
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from addons import adapter
from addons.doorway import Malformed
from addons.grammar import DENIAL, HEAD_FAULTS, render
from addons.mark import Mark, State
from addons.underway import Underway
from proxy.errors import ExchangeError, Undecodable
from proxy.message import Request, Response

RECORD_SECONDS: Final = 5.0
"""For putting a failure on record; after that the client is answered all the same."""


class Enforcement:
    """The only add-on that lets anything pass."""

    name = "enforcement"

    def __init__(self, underway: Underway) -> None:
        self._underway = underway

    # ---- towards the upstream ----------------------------------------------------------------------------

    def requestheaders(self, flow: http.HTTPFlow) -> Coroutine[Any, Any, None] | None:
        """Check the head; start the exchange's clock. Only what is malformed has to wait, for the record."""
        mark = adapter.block(flow)
        if mark is None or mark.state is not State.UNSEEN:
            adapter.kill(flow)
            return None
        self._underway.begin(mark)
        try:
            if mark.fault is not None:
                raise Undecodable(mark.fault, status=HEAD_FAULTS[mark.fault])
            mark.head, mark.close = adapter.read_head(flow, mark.lane.spec, self._underway.limits)
        except Undecodable as error:
            return self._cut(flow, mark, error)
        return None

    async def request(self, flow: http.HTTPFlow) -> None:
        """Ask the gateway, and let through what it returns."""
        mark = adapter.block(flow)
        if mark is None:
            adapter.kill(flow)
            return
        if mark.state is not State.UNSEEN:
            return
        try:
            await self._admit(flow, mark)
        except asyncio.CancelledError:
            adapter.block(flow)
            self._underway.spawn(self._fail(mark, "cancelled", 503))
            raise
        except ExchangeError as error:
            await self._fail(mark, error.reason, error.status)
        except Exception:  # noqa: BLE001 - fail closed, whatever it is
            adapter.block(flow)
            await self._fail(mark, "gateway_failed", 503)

    async def _admit(self, flow: http.HTTPFlow, mark: Mark) -> None:
        request = adapter.read_request(flow, mark, self._underway.sans.get(mark.client, ()))
        result = await self._ask(mark, mark.lane.gateway.on_request(request))
        if not isinstance(result, Response) and isinstance(getattr(result, "request", None), Request):
            mark.exchange = result  # from here on somebody owes the record an outcome
        late = mark.state is not State.UNSEEN or asyncio.get_running_loop().time() > mark.deadline
        if mark.exchange is not None and late:
            await self._fail(mark, "deadline", 504)
        elif mark.state is not State.UNSEEN:
            return  # the deadline was quicker, and that is on record
        elif isinstance(result, Response):
            mark.refuse(render(result, method=mark.method, close=mark.close))
        elif mark.exchange is None:
            await self._fail(mark, *_why(result))
        else:
            outgoing = adapter.build_request(mark.exchange.request, mark.lane.spec)
            mark.state = State.FORWARDED
            adapter.let_through(flow, outgoing, mark.lane.spec)

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Refuse every connection but that of a forwarded exchange to its lane's upstream."""
        mark = self._underway.live.get(data.client.id)
        if mark is not None and mark.state is State.FORWARDED:
            spec = mark.lane.spec
            if data.server.address == (spec.upstream_host, spec.upstream_port):
                return
        data.server.error = "denied"

    # ---- towards the client ------------------------------------------------------------------------------

    def responseheaders(self, flow: http.HTTPFlow) -> Coroutine[Any, Any, None] | None:
        """Check the head of the upstream's answer; our own stand-in passes."""
        mark = adapter.mark_of(flow)
        if mark is None:
            adapter.block(flow)
            adapter.kill(flow)
        elif mark.state is not State.FORWARDED:
            adapter.block(flow)
        else:
            try:
                adapter.check_answer_head(flow)
            except ExchangeError as error:
                return self._cut(flow, mark, error)
        return None

    async def response(self, flow: http.HTTPFlow) -> None:
        """Ask the gateway, and have exactly the bytes released that it returns."""
        answer = adapter.take_answer(flow)
        mark = adapter.mark_of(flow)
        if mark is None:
            adapter.kill(flow)
            return
        if mark.state is not State.FORWARDED or answer is None:
            return
        try:
            await self._release(mark, answer)
        except asyncio.CancelledError:
            self._underway.spawn(self._fail(mark, "cancelled", 503))
            raise
        except ExchangeError as error:
            await self._fail(mark, error.reason, error.status)
        except Exception:  # noqa: BLE001 - fail closed, whatever it is
            await self._fail(mark, "gateway_failed", 503)

    async def _release(self, mark: Mark, answer: http.Response) -> None:
        response = adapter.read_answer(answer, mark.lane.spec)
        result = await self._ask(mark, mark.lane.gateway.on_response(mark.exchange, response))
        if mark.state is not State.FORWARDED:
            return  # the deadline was quicker, and its failure is on record
        if not isinstance(result, Response):
            await self._fail(mark, *_why(result))
            return
        mark.exchange = None
        mark.wire = render(result, method=mark.method, close=mark.close or self._underway.draining)
        mark.state = State.RELEASED

    # ---- what else can end an exchange -------------------------------------------------------------------

    async def error(self, flow: http.HTTPFlow) -> None:
        """Put on record why mitmproxy or the doorway gave up, and decide what to say."""
        mark = adapter.block(flow)
        if mark is not None and mark.state in (State.UNSEEN, State.FORWARDED):
            cause = mark.cause or adapter.what_failed(flow, forwarded=mark.state is State.FORWARDED)
            await self._fail(mark, *cause)

    async def client_disconnected(self, client: connection.Client) -> None:
        """Close what the connection leaves open."""
        self._underway.sans.pop(client.id, None)
        mark = self._underway.live.get(client.id)
        if mark is not None:
            if mark.state in (State.UNSEEN, State.FORWARDED):
                await self._fail(mark, "client_gone", 502)
            self._underway.finish(mark)

    async def malformed(self, found: Malformed) -> None:
        """Answer and record bytes that never became a flow."""
        answer = await self._recorded(found.lane.gateway.on_malformed(found.reason, found.status))
        if answer is None:
            answer = found.lane.gateway.refuse(found.reason, found.status)
        found.wire = render(answer, method="GET", close=True)

    def tls_failed_client(self, data: tls.TlsData) -> None:
        """Record a handshake that failed; there is nobody to answer."""
        connection = self._underway.connections.get(data.context.client.id)
        if connection is not None:
            self._underway.spawn(connection.lane.gateway.on_malformed("tls_handshake_failed", 400))

    # ---- asking and recording ----------------------------------------------------------------------------

    async def _ask(self, mark: Mark, question: Coroutine[Any, Any, Any]) -> Any:
        """Return what the gateway answers by the exchange's deadline, or the exception it should not raise.

        A CancelledError that nobody meant for this task (a gateway awaiting something that was cancelled)
        is an answer that did not come; a real cancellation is passed on.
        """
        limit = asyncio.timeout_at(mark.deadline)
        try:
            async with limit:
                return await question
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return error
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - becomes a refusal in the caller
            return _Deadline() if limit.expired() else error

    async def _cut(self, flow: http.HTTPFlow, mark: Mark, error: ExchangeError) -> None:
        """End an exchange over a head, so that the body behind it is not read."""
        await self._fail(mark, error.reason, error.status)
        adapter.kill(flow)

    async def _fail(self, mark: Mark, reason: str, status: int) -> None:
        """Refuse at once; then put it on record and say it in the upstream's own words if that succeeds."""
        mark.refuse(None)
        mark.close = True
        wire: tuple[bytes, ...] = DENIAL
        gateway, exchange, mark.exchange = mark.lane.gateway, mark.exchange, None
        try:
            if exchange is not None:
                answer = await self._recorded(gateway.on_failure(exchange, reason, status))
            else:
                answer = await self._recorded(gateway.on_malformed(reason, status))
            if answer is None:
                answer = gateway.refuse(reason, status)
            wire = render(answer, method=mark.method, close=True)
        finally:
            mark.refuse(wire)

    async def _recorded(self, record: Coroutine[Any, Any, Any]) -> Response | None:
        """Have something put on record even when this task is cancelled; None when that does not succeed."""
        task = self._underway.spawn(record)
        try:
            await asyncio.wait([task], timeout=RECORD_SECONDS)
        finally:
            if not task.done():
                task.get_loop().call_later(RECORD_SECONDS, task.cancel)
        if not task.done() or task.cancelled() or task.exception() is not None:
            return None
        result = task.result()
        return result if isinstance(result, Response) else None


class _Deadline:
    """The gateway did not answer in time."""


def _why(result: object) -> tuple[str, int]:
    return ("deadline", 504) if isinstance(result, _Deadline) else ("gateway_failed", 503)

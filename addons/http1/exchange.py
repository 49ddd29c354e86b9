"""One exchange, from its checked head to the bytes of its answer: read `Exchange._judge`.

Bytes go to the upstream in one place, `pool.ask`, and they are what `build_request` made of the permission that
`on_request` returned. Bytes go to the client in one place, `Conversation.say`, and they are what `_judge` or
`_refuse` returned: `render` of something the gateway returned, or the constant DENIAL. There is no state to be
in, no default, and nothing the upstream or the client wrote is ever at hand where bytes are sent.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol

from addons.grammar import DENIAL, render
from addons.http1.heads import RequestHead
from addons.http1.outgoing import build_request
from addons.http1.pool import Pool
from addons.http1.underway import Account, Fault, Underway
from addons.lane import LaneSpec
from addons.port import Forward, Gateway
from proxy.errors import ExchangeError, Undecodable
from proxy.message import Peer, Request, Response

RECORD_SECONDS: Final = 5.0
"""For putting a failure on record; after that the client is answered all the same."""

Wire = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane that is being served."""

    spec: LaneSpec
    gateway: Gateway[Any]
    pool: Pool


class Asking(Protocol):
    """The client of an exchange, as far as the exchange needs it."""

    peer: Peer
    account: Account
    cause: Fault | None
    """Why the exchange has to end, as soon as there is a reason."""

    async def body(self, head: RequestHead, /) -> bytes:
        """Return the body that belongs to the head; raises Undecodable."""


class GatewayBroke(Exception):
    """The gateway returned something that is neither permission nor answer."""


class Exchange:
    """Runs once."""

    def __init__(self, lane: Lane, head: RequestHead, client: Asking, underway: Underway) -> None:
        self._lane, self._head, self._client, self._underway = lane, head, client, underway
        self._permission: Forward | None = None
        """From here on somebody owes the record an outcome."""
        self.close = head.close
        """Whether the connection ends with it."""

    async def run(self) -> Wire:
        """Return what to say to the client; everything that has to be on record is."""
        try:
            return await self._judge()
        except BaseException as error:
            if self._client.cause is None and meant(error, self._underway):
                self._underway.spawn(self._refuse("cancelled", 503))
                raise
            _go_on()
            self._client.cause = self._client.cause or fault_of(error, ("gateway_failed", 503))
            return await self._refuse(*self._client.cause)

    async def _judge(self) -> Wire:
        head, client, gateway = self._head, self._client, self._lane.gateway
        body = b""
        self._still_wanted()
        if head.body_follows:
            word = await gateway.on_head(self._request(b""))  # may it even send its body?
            self._still_wanted()
            if not isinstance(word, str):
                return self._released(word, close=True)
            self._count_for(word)
            body = await client.body(head)
        word = await gateway.on_request(self._request(body))  # may this go to the CRM?
        if isinstance(word, Response):
            self._still_wanted()
            return self._released(word)
        self._permission = _permission(word)
        self._still_wanted()
        self._count_for(self._permission.caller)
        wire = build_request(self._permission.request, self._lane.spec)
        method, still = self._permission.request.method, self._permission.still
        answer = await self._lane.pool.ask(method, wire, client.account.hold, still)
        self._still_wanted()
        word = await gateway.on_response(self._permission, answer)  # what of it may be shown?
        self._still_wanted()
        wire = self._released(word)
        self._permission = None
        return wire

    def _request(self, body: bytes) -> Request:
        head = self._head
        return Request(head.method, head.path, head.query, head.headers, body, self._client.peer, head.host)

    def _count_for(self, caller: str) -> None:
        account = self._client.account
        fault = account.belongs_to(caller)
        if fault is not None:
            raise Undecodable(fault[0], status=fault[1])

    def _released(self, word: object, *, close: bool = False) -> Wire:
        """Return the bytes of an answer that the gateway gave, and of nothing else."""
        if not isinstance(word, Response):
            raise GatewayBroke
        self.close = self.close or close or self._underway.draining
        return render(word, method=self._head.method, close=self.close)

    def _still_wanted(self) -> None:
        """Go no further when it has to end; a gateway may have taken a cancellation for its own affair."""
        if self._client.cause is not None:
            _go_on()
            reason, status = self._client.cause
            raise Undecodable(reason, status=status)

    # ---- the end of an exchange that was not released ----------------------------------------------------

    async def _refuse(self, reason: str, status: int) -> Wire:
        """Put a failure on record, once, and say it in the upstream's own words if that succeeds."""
        self.close = True
        gateway, permission, self._permission = self._lane.gateway, self._permission, None
        try:
            if permission is not None:
                answer = await recorded(self._underway, gateway.on_failure(permission, reason, status))
            else:
                answer = await recorded(self._underway, gateway.on_malformed(reason, status))
            return render(answer or gateway.refuse(reason, status), method=self._head.method, close=True)
        except Exception:  # noqa: BLE001 - fail closed, whatever it is
            return DENIAL


async def malformed(lane: Lane, underway: Underway, reason: str, status: int) -> Wire:
    """Record, and return what to say to, bytes that never became a request (M22)."""
    try:
        answer = await recorded(underway, lane.gateway.on_malformed(reason, status))
        return render(answer or lane.gateway.refuse(reason, status), method="GET", close=True)
    except Exception:  # noqa: BLE001 - fail closed, whatever it is
        return DENIAL


async def recorded(underway: Underway, record: Coroutine[Any, Any, Any]) -> Response | None:
    """Have something put on record even when this task is cancelled; None when that does not succeed."""
    task = underway.spawn(record)
    try:
        await asyncio.wait([task], timeout=RECORD_SECONDS)
    finally:
        if not task.done():
            task.get_loop().call_later(RECORD_SECONDS, task.cancel)
    if not task.done() or task.cancelled() or task.exception() is not None:
        return None
    result = task.result()
    return result if isinstance(result, Response) else None


def _permission(word: Any) -> Forward:
    if not isinstance(getattr(word, "request", None), Request) or not isinstance(word.caller, str):
        raise GatewayBroke
    permission: Forward = word
    return permission


def fault_of(error: BaseException, otherwise: Fault) -> Fault:
    """Return the reason and status of an error that we raised on purpose, and of any other what is given."""
    return (error.reason, error.status) if isinstance(error, ExchangeError) else otherwise


def meant(error: BaseException, underway: Underway) -> bool:
    """Say whether the task itself is to end; a CancelledError of other making is a fault like any other.

    Only the end of a drain cancels conversations. A gateway that cancels its caller's task has failed, and the
    client still gets an answer.
    """
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return underway.draining and task is not None and task.cancelling() > 0
    return isinstance(error, (SystemExit, KeyboardInterrupt))


def _go_on() -> None:
    """Take back a cancellation that was meant for what the task was waiting for, not for the task."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()

"""One exchange, from its checked head to the bytes of its answer: read `Exchange._judge`.

Bytes go to the upstream in one place, `pool.ask`, and they are what `build_request` made of the permission that
`on_request` returned. Bytes go to the client in one place, `Conversation.say`, and they are what `_judge` or
`_refuse` returned: `render` of something the gateway returned, or the constant DENIAL. There is no state to be
in, no default, and nothing the upstream or the client wrote is ever at hand where bytes are sent.

Bodies in rows have two places more, `_upload` and `_download`: what is sent there is `chunk` of what
`on_piece` or `on_rows` returned for the piece before. What cannot be ended in good order is broken off.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol

from addons.grammar import DENIAL, LAST_CHUNK, chunk, render, render_head
from addons.http1.heads import RequestHead
from addons.http1.outgoing import build_request
from addons.http1.pool import Pool
from addons.http1.underway import Account, Fault, Underway
from addons.lane import LaneSpec
from addons.port import UNKNOWN, UNKNOWN_BYTES, Download, Forward, Gateway, Upload
from proxy.errors import ExchangeError, Undecodable, UpstreamFault
from proxy.message import Peer, Request, Response

RECORD_SECONDS: Final = 5.0
"""For putting a failure on record; after that the client is answered all the same."""

Wire = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane that is being served."""

    spec: LaneSpec
    gateway: Gateway[Any, Any, Any]
    pool: Pool


class Asking(Protocol):
    """The client of an exchange, as far as the exchange needs it."""

    peer: Peer
    account: Account
    cause: Fault | None
    """Why the exchange has to end, as soon as there is a reason."""

    async def body(self, head: RequestHead, most: int | None = None, /) -> bytes:
        """Return the body that belongs to the head, of at most so many bytes; raises Undecodable."""

    async def piece(self, head: RequestHead, /) -> tuple[bytes, bool]:
        """Return what has come of it, at least a byte unless it has ended, and whether it has; raises
        Undecodable."""

    def carry_on(self) -> None:
        """Have the next step take its time; raises Undecodable when all of them have taken too long."""

    async def pass_on(self, wire: Wire, /) -> None:
        """Send a piece of an answer, and return when most of it was taken; raises Undecodable if it is not."""


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
        self.broken = False
        """Whether the connection has to be cut, so that what was said of the answer is not taken for all of
        it."""
        self._begun = False

    async def run(self) -> Wire:
        """Return what to say to the client; everything that has to be on record is."""
        try:
            return await self._judge()
        except BaseException as error:
            if self._client.cause is None and meant(error, self._underway):
                if self._on_record(error) is None:
                    self._underway.spawn(self._refuse("cancelled", 503))
                raise
            _go_on()
            self._client.cause = self._client.cause or fault_of(error, ("gateway_failed", 503))
            refusal = self._on_record(error) or await self._refuse(*self._client.cause)
            self.broken = self._begun
            return () if self._begun else refusal

    async def _judge(self) -> Wire:
        head, client, gateway = self._head, self._client, self._lane.gateway
        body = b""
        self._still_wanted()
        if head.body_follows:
            word = await gateway.on_head(self._request(b""))  # may it even send its body?
            self._still_wanted()
            if not isinstance(word, str | Response):
                return await self._upload(_caller(word))
            if not isinstance(word, str):
                return self._released(word, close=True)
            self._count_for(word)
            body = await self._body(word)
        word = await gateway.on_request(self._request(body))  # may this go to the CRM?
        if isinstance(word, Response):
            self._still_wanted()
            return self._released(word)
        self._permission = _permission(word)
        self._still_wanted()
        self._count_for(self._permission.caller)
        wire = build_request(self._permission.request, self._lane.spec)
        if self._permission.in_rows is True:
            return await self._download(self._permission, wire)
        method, still = self._permission.request.method, self._permission.still
        caller = self._permission.caller
        answer = await self._lane.pool.ask(method, wire, client.account.hold, still, caller)
        return await self._answered(self._permission, answer)

    async def _body(self, caller: str) -> bytes:
        """Return the body; one that is to say who asks may not be large, as nobody looks through a large one."""
        if caller != UNKNOWN:
            return await self._client.body(self._head)
        try:
            return await self._client.body(self._head, UNKNOWN_BYTES)
        except Undecodable as error:
            reason = "key_in_large_body" if error.reason == "body_too_large" else error.reason
            raise Undecodable(reason, status=error.status) from None

    async def _answered(self, permission: Forward, answer: Response) -> Wire:
        self._still_wanted()
        word = await self._lane.gateway.on_response(permission, answer)  # what of it may be shown?
        self._still_wanted()
        wire = self._released(word)
        self._permission = None
        return wire

    # ---- bodies in rows ----------------------------------------------------------------------------------

    async def _upload(self, caller: str) -> Wire:
        """Send on the rows of the request as they are allowed; what begins before they all are, can be broken
        off."""
        self._count_for(caller)
        gateway = self._lane.gateway
        upload = await gateway.on_upload(self._request(b""))
        self._still_wanted()
        if isinstance(upload, Response):
            return self._released(upload, close=True)
        rows, last = b"", False
        while upload.forward is None and not last:
            word, last = await self._allowed(upload)
            if isinstance(word, Response):
                return self._released(word, close=True)
            rows += word
        permission = self._permission = _permission(upload.forward)
        self._still_wanted()
        wire = build_request(permission.request, self._lane.spec, None)
        account, pool, method = self._client.account, self._lane.pool, permission.request.method
        async with pool.channel(method, account, in_rows=False, caller=permission.caller) as channel:
            permission.still()
            await channel.send(*wire, *chunk(rows))
            while not last and not channel.answered:
                word, last = await self._allowed(upload)
                if isinstance(word, Response):
                    self._permission = None
                    return self._released(word, close=True)
                await channel.send(*chunk(word))
            whole = last and not channel.answered
            if whole:
                await channel.send(LAST_CHUNK)
            self._client.carry_on()
            answer = await channel.answer()
        if not whole and answer.status < 400:  # it cannot know what it was to be sent
            raise UpstreamFault("early_answer")
        self.close = self.close or not last
        return await self._answered(permission, answer)

    async def _allowed(self, upload: Upload[Any]) -> tuple[bytes | Response, bool]:
        """Return what of the rows that have come may be sent, and whether these are the last; or the refusal."""
        piece, last = await self._client.piece(self._head)
        self._still_wanted()
        word = await self._lane.gateway.on_piece(upload, piece, last=last)
        self._still_wanted()
        if not isinstance(word, bytes | Response):
            raise GatewayBroke
        return word, last

    async def _download(self, permission: Forward, wire: Wire) -> Wire:
        """Pass on the rows of the answer as they are released; once some are, it ends whole or is broken off."""
        client, gateway = self._client, self._lane.gateway
        pool, method = self._lane.pool, permission.request.method
        async with pool.channel(method, client.account, in_rows=True, caller=permission.caller) as channel:
            permission.still()
            await channel.send(*wire)
            answer = await channel.answer()
            client.carry_on()
            if not channel.comes_in_pieces:
                return await self._answered(permission, answer)
            self._still_wanted()
            download = await gateway.on_answer(permission, answer)
            self._still_wanted()
            if isinstance(download, Response):
                self._permission = None
                return self._released(download, close=True)
            last = False
            while not last:
                piece, last = await channel.piece()
                client.carry_on()
                word = await gateway.on_rows(download, piece, last=last)
                self._still_wanted()
                if isinstance(word, Response):
                    return self._cut_off(word)
                if not isinstance(word, bytes):
                    raise GatewayBroke
                if word or last:
                    await self._pass_on(download, word)
        self._permission = None
        return (LAST_CHUNK,)

    def _cut_off(self, refusal: Response) -> Wire:
        """Return a refusal that is on record, or nothing if it is too late to say it."""
        self._permission = None
        self.broken = self._begun
        return () if self._begun else self._released(refusal, close=True)

    async def _pass_on(self, download: Download, rows: bytes) -> None:
        wire: Wire = chunk(rows)
        if not self._begun:
            self.close = self.close or self._underway.draining
            wire = (render_head(download.head, close=self.close), *wire)
            self._begun = True
        await self._client.pass_on(wire)

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

    def _on_record(self, error: BaseException) -> Wire | None:
        """Return the refusal that a gateway which was cancelled has put on record, if it has and nobody else
        must."""
        answer = getattr(error, "answer", None)
        if self._permission is not None or not isinstance(error, asyncio.CancelledError):
            return None
        try:
            return self._released(answer, close=True) if isinstance(answer, Response) else None
        except Exception:  # noqa: BLE001 - fail closed, whatever it is
            return None

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


def _caller(word: Any) -> str:
    caller = getattr(word, "caller", None)
    if not isinstance(caller, str):
        raise GatewayBroke
    return caller


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

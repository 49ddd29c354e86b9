"""A connection to the upstream for one request whose body, or whose answer, goes in pieces.

It is opened for that and ended with it: no other request is ever sent on it. What comes is held back in the
socket while nobody takes it (`AHEAD`), and what is sent waits until the upstream takes it, so that neither end
can have us keep more than a few pieces.
"""

import asyncio
from typing import Final

from addons.http1.readers import AnswerReader
from addons.http1.underway import Account, Fault
from proxy.errors import ExchangeError, UpstreamFault
from proxy.message import Response

AHEAD: Final = 256 * 1024
"""Bytes of an answer that may wait to be taken; with what the socket gives at a time, some more."""


class Channel(asyncio.Protocol):
    """One connection, one exchange."""

    transport: asyncio.Transport

    def __init__(self, reader: AnswerReader, account: Account) -> None:
        """Take who reads the answer, and whose memory its bytes are."""
        self._reader, self._account = reader, account
        self._fault: ExchangeError | None = None
        self._answer: Response | None = None
        self._writable = True
        self._paused = self._over = False
        self._waiter: asyncio.Future[None] | None = None

    # ---- what an exchange does with it -----------------------------------------------------------------------

    async def send(self, *wire: bytes) -> None:
        """Send bytes, and return when the upstream takes more. Once it has answered, nothing is sent.

        Raises:
            UpstreamFault: it takes no more.
        """
        if not self.answered:
            self._check()
            for piece in wire:
                self.transport.write(piece)
        while not self._writable and not self.answered:
            await self._wait()
            self._check()

    @property
    def answered(self) -> bool:
        """Whether an answer, or its head, has come."""
        return self._answer is not None or self._reader.head is not None

    async def answer(self) -> Response:
        """Return the answer, whole; or its head alone if its body is to be taken by `piece`.

        Raises:
            UpstreamFault: there is none that can be read exactly.
        """
        while True:
            if self._answer is not None:
                return self._answer
            if (head := self._reader.head) is not None:
                return head
            self._check()
            await self._wait()

    @property
    def comes_in_pieces(self) -> bool:
        """Whether what `answer` returned was a head, and the body is to be taken by `piece`."""
        return self._answer is None and self._reader.head is not None

    async def piece(self) -> tuple[bytes, bool]:
        """Return what has come of the body, at least a byte unless it has ended, and whether it has.

        Raises:
            UpstreamFault: the body breaks off, or cannot be read exactly.
        """
        while True:
            piece, ended = self._reader.piece()
            self._account.give_back(len(piece))
            if ended and self._reader.buffer:
                raise UpstreamFault("malformed_answer")
            if piece or ended:
                return piece, ended
            self._resume()
            self._check()
            await self._wait()

    def abort(self) -> None:
        """End it, now; what was sent of a body is then one that breaks off."""
        self._over = True
        self.transport.abort()
        self._account.give_back(len(self._reader.buffer))
        self._reader.buffer.clear()

    def _check(self) -> None:
        if self._fault is not None:
            raise self._fault
        if self._over:
            raise UpstreamFault("upstream_failed")

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ---- what asyncio calls ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep what has come; have the rest wait when that is a lot."""
        if self._over:
            return
        try:
            self._read(data)
        except ExchangeError as error:
            self._fail(error)
        except BaseException:  # noqa: BLE001 - whatever it is, there is no answer
            self._fail(UpstreamFault("unreadable_answer"))
        self._wake()

    def _read(self, data: bytes) -> None:
        fault: Fault | None = self._account.hold(len(data))
        if fault is not None:
            raise UpstreamFault(fault[0], status=fault[1])
        if self._answer is not None:
            raise UpstreamFault("malformed_answer")
        self._answer = self._reader.feed(data)
        if self._reader.head is not None and len(self._reader.buffer) > AHEAD and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def _resume(self) -> None:
        if self._paused and not self._over:
            self._paused = False
            self.transport.resume_reading()

    def _fail(self, error: ExchangeError) -> None:
        self._fault = self._fault or error
        self.transport.abort()

    def pause_writing(self) -> None:
        """Notice that the upstream does not take what is sent."""
        self._writable = False

    def resume_writing(self) -> None:
        """Notice that it does again."""
        self._writable = True
        self._wake()

    def eof_received(self) -> bool:
        """Take the end of what the upstream says for the end of the connection, after what it has said."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so to whoever waits."""
        self._over = True
        self._wake()

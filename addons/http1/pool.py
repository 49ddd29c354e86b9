"""Connections to one upstream, shared by all clients of a lane.

A connection carries one request at a time, and is used again only when the answer was read to its last byte,
nothing came after it, the whole request was taken, and the upstream did not say `close`. Whatever else happens
to it (a fault, a deadline, a client that left) ends it. So no answer can reach anybody but who asked for it.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from addons.http1.channel import Channel
from addons.http1.readers import AnswerReader
from addons.http1.underway import Account, Fault
from addons.lane import LaneSpec, Limits
from proxy.errors import ExchangeError, UpstreamFault
from proxy.message import Response

Hold = Callable[[int], Fault | None]
"""Counts bytes that have come; says why they are too many."""
Still = Callable[[], None]
"""Returns if a request may still be sent."""
_SAFE: Final = frozenset({"GET", "HEAD"})


class Stale(Exception):
    """A kept connection was closed before a byte of an answer came: the upstream had given it up."""


class Resuming(ssl.SSLContext):
    """Resumes the last TLS session with its one upstream; asyncio has no other place to say so."""

    session: ssl.SSLSession | None = None

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """Begin a handshake, from the last session if there is one."""
        return super().wrap_bio(*arguments, **{**options, "session": self.session})


class Upstream(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.began = self.since = loop.time()
        """When it was opened, and when it was last given back."""
        self.open = True
        self._waiter: asyncio.Future[Response] | None = None
        self._reader: AnswerReader | None = None
        self._hold: Hold | None = None
        self._touched = False

    async def ask(self, wire: tuple[bytes, ...], reader: AnswerReader, hold: Hold) -> Response:
        """Send a request and return the answer, whole.

        Raises:
            Stale: the connection ended, and not a byte had come.
            UpstreamFault: there will be no answer that can be read.
        """
        if not self.open:
            raise Stale
        self._reader, self._hold, self._touched = reader, hold, False
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            for piece in wire:
                self.transport.write(piece)
            return await self._waiter
        finally:
            self._waiter = self._hold = None

    @property
    def clean(self) -> bool:
        """Whether another request may be sent on it."""
        reader = self._reader
        return (
            self.open
            and reader is not None
            and reader.clean
            and not self.transport.is_closing()
            and not self.transport.get_write_buffer_size()
        )

    def abort(self) -> None:
        """End it, now."""
        self.open = False
        self.transport.abort()

    # ---- what asyncio calls ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Read on; bytes that nobody asked for end the connection."""
        waiter = self._waiter
        if waiter is None or waiter.done():
            self.abort()
            return
        self._touched = True
        try:
            answer = self._read(data)
        except ExchangeError as error:
            self.abort()
            waiter.set_exception(error)
        except BaseException:  # noqa: BLE001 - whatever it is, there is no answer
            self.abort()
            waiter.set_exception(UpstreamFault("unreadable_answer"))
        else:
            if answer is not None:
                waiter.set_result(answer)

    def _read(self, data: bytes) -> Response | None:
        assert self._reader is not None
        assert self._hold is not None
        fault = self._hold(len(data))
        if fault is not None:
            raise UpstreamFault(fault[0], status=fault[1])
        return self._reader.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so to whoever waits."""
        self.open = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(UpstreamFault("upstream_failed") if self._touched else Stale())


class Share(asyncio.Semaphore):
    """One caller's part of the places."""

    held = 0
    """By how many exchanges it is wanted."""


class Turn:
    """Waits for one of the places that a caller may have; a class, as generators take three times as long."""

    __slots__ = ("_caller", "_share", "_shares")

    def __init__(self, shares: dict[str, Share], caller: str, most: int) -> None:
        self._shares, self._caller = shares, caller
        self._share = shares.get(caller) or shares.setdefault(caller, Share(most))

    async def __aenter__(self) -> None:
        self._share.held += 1
        try:
            await self._share.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_error: object) -> None:
        self._share.release()
        self._leave()

    def _leave(self) -> None:
        self._share.held -= 1
        if not self._share.held:
            del self._shares[self._caller]


class Pool:
    """A lane's connections to its upstream."""

    def __init__(self, spec: LaneSpec, tls: Resuming | None, limits: Limits) -> None:
        self._spec, self._tls, self._limits = spec, tls, limits
        self._places = asyncio.Semaphore(limits.upstream_connections)
        self._streams = asyncio.Semaphore(limits.upstream_streams)
        self._shares: dict[str, Share] = {}
        """Of the callers that have an exchange here now."""
        self._idle: list[Upstream] = []
        self._sweeper: asyncio.TimerHandle | None = None

    async def ask(
        self, method: str, wire: tuple[bytes, ...], hold: Hold, still: Still, caller: str = ""
    ) -> Response:
        """Return the upstream's answer to one request.

        A request is sent a second time only if it is a GET or HEAD, its connection had been kept from an earlier
        one, and that turned out to be closed before a byte of an answer came. `still` is asked each time, after
        whatever there was to wait for: a place, of which no caller has all.

        Raises:
            ExchangeError: what `still` raises; nothing was sent then, or nothing more.
            UpstreamFault: there is none that can be read exactly.
        """
        async with self._share(caller), self._places:
            upstream = self._kept()
            if upstream is not None:
                try:
                    return await self._ask(upstream, method, wire, hold, still)
                except Stale:
                    if method not in _SAFE:
                        raise UpstreamFault("upstream_failed") from None
            upstream = await self._connect(Upstream)
            try:
                return await self._ask(upstream, method, wire, hold, still)
            except Stale:
                raise UpstreamFault("upstream_failed") from None

    def _share(self, caller: str) -> Turn:
        return Turn(self._shares, caller, self._limits.upstream_per_caller)

    @contextlib.asynccontextmanager
    async def channel(
        self, method: str, account: Account, *, in_rows: bool, caller: str = ""
    ) -> AsyncIterator[Channel]:
        """Open a connection for one exchange whose bodies go in pieces; it ends with the block.

        Args:
            method: of the request.
            account: whose memory the answer's bytes are, while they wait.
            caller: who asks.
            in_rows: whether an answer that succeeds is taken by pieces.

        Raises:
            UpstreamFault: there is no connection.
        """
        async with self._share(caller), self._streams, self._places:
            reader = AnswerReader(method, most_body=self._spec.body_limit, limits=self._limits, in_rows=in_rows)
            channel = await self._connect(lambda: Channel(reader, account))
            try:
                yield channel
            finally:
                channel.abort()

    async def _ask(
        self, upstream: Upstream, method: str, wire: tuple[bytes, ...], hold: Hold, still: Still
    ) -> Response:
        try:
            still()
            reader = AnswerReader(method, most_body=self._spec.body_limit, limits=self._limits)
            answer = await upstream.ask(wire, reader, hold)
        except BaseException:
            upstream.abort()
            raise
        self._give_back(upstream)
        return answer

    async def _connect[P: asyncio.Protocol](self, protocol: Callable[[], P]) -> P:
        spec, loop = self._spec, asyncio.get_running_loop()
        name = spec.upstream_host if self._tls is not None else None
        try:
            _, upstream = await loop.create_connection(
                protocol, spec.upstream_host, spec.upstream_port, ssl=self._tls, server_hostname=name
            )
        except (OSError, ssl.SSLError, ssl.CertificateError):
            raise UpstreamFault("upstream_failed") from None
        return upstream

    # ---- keeping -----------------------------------------------------------------------------------------

    def _kept(self) -> Upstream | None:
        """Return the connection that was used last, if one is left that can be used."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            upstream = self._idle.pop()
            if self._usable(upstream, now):
                return upstream
            upstream.abort()
        return None

    def _usable(self, upstream: Upstream, now: float) -> bool:
        limits = self._limits
        fresh = (
            now - upstream.since < limits.upstream_idle_seconds and now - upstream.began < limits.upstream_age
        )
        return fresh and upstream.clean

    def _give_back(self, upstream: Upstream) -> None:
        loop = asyncio.get_running_loop()
        upstream.since = loop.time()
        self._remember(upstream)
        if not self._usable(upstream, upstream.since):
            upstream.abort()
            return
        self._idle.append(upstream)
        if self._sweeper is None:
            self._sweeper = loop.call_later(self._limits.upstream_idle_seconds, self._sweep)

    def _remember(self, upstream: Upstream) -> None:
        """Keep the TLS session: with TLS 1.3 its ticket comes only after the handshake."""
        if self._tls is not None:
            secured = upstream.transport.get_extra_info("ssl_object")
            with contextlib.suppress(AttributeError, ValueError):
                self._tls.session = secured.session

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now, kept = loop.time(), []
        for upstream in self._idle:
            if self._usable(upstream, now):
                kept.append(upstream)
            else:
                upstream.abort()
        self._idle = kept
        self._sweeper = loop.call_later(self._limits.upstream_idle_seconds, self._sweep) if kept else None

    def close(self) -> None:
        """End every connection that is kept."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        while self._idle:
            self._idle.pop().abort()

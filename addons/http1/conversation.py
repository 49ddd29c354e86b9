"""One client's connection: its bytes become exchanges, one after the other, each within its time.

`run` is a task of its own. Bytes come in through `received`; while an exchange is under way, what a client sends
ahead stays unread (`room`), and is answered in its turn. One timer per connection enforces every deadline: what
is due changes with the phase, and `_tick` says what happens then.
"""

import asyncio
from enum import Enum
from typing import Final, Protocol

from addons.grammar import CONTINUE, DENIAL
from addons.http1.exchange import Exchange, Lane, Wire, fault_of, malformed, meant
from addons.http1.heads import RequestHead
from addons.http1.readers import RequestReader
from addons.http1.underway import Account, Fault, Underway
from proxy.errors import Undecodable
from proxy.message import Peer

GRACE: Final = 0.5
"""Seconds after its deadline in which an exchange may still say why; then the connection is cut."""
LINGER: Final = 1.0
"""Seconds in which a client that was refused early may read why, before its unread bytes reset everything."""
LINGER_BYTES: Final = 1 << 20
"""Bytes that are thrown away meanwhile, at most."""
WRITE_FLOOR: Final = 65_536
"""Bytes a second that a client has to read of a large answer."""
PERIOD: Final = 5.0
"""Seconds over which the rate of an upload is measured."""
AHEAD: Final = 256 * 1024
"""Bytes of a body that goes on in pieces which may wait to be taken; one read from the socket comes on top."""


class Wires(Protocol):
    """The client's end, as the host gives it."""

    async def say(self, wire: Wire, /) -> None:
        """Send bytes."""

    async def sent(self) -> None:
        """Return when little of them is left to send."""

    async def end(self) -> None:
        """Close, once everything is sent."""

    def hang_up(self) -> None:
        """Close without another word."""

    def abort(self) -> None:
        """Close, and drop what is not sent yet."""


class Phase(Enum):
    """What a connection is waiting for."""

    IDLE = "the first byte of a head"
    HEAD = "the rest of it"
    BODY = "a body"
    JUDGING = "gateway and upstream"
    OVERDUE = "an exchange that was told to end"
    SAYING = "the client to read"
    LINGERING = "the client to have read"
    OVER = "nothing"


class Conversation:
    """One connection, TLS already taken off."""

    def __init__(self, lane: Lane, underway: Underway, wires: Wires, address: str) -> None:
        self.lane = lane
        self.peer = Peer(address)
        self.account = Account(underway)
        self.cause: Fault | None = None
        self.heard = False
        """Whether a byte of a request has ever come."""
        self.phase = Phase.IDLE
        self._underway, self._wires = underway, wires
        self._limits = lane.spec.limits or underway.limits
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader(lane.spec, self._limits, None)
        self._gone = False
        self._task: asyncio.Task[None] | None = None
        self._more: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._deadline = 0.0
        self._arrived = self._measured = 0
        """Bytes that have come, by now and when the rate was last looked at."""
        self._ahead = 0
        """Bytes that may come ahead of what is being done."""
        self._patience = PERIOD
        """Seconds of waiting for a body in pieces that are left until the rate is looked at."""
        self._until: float | None = None
        """When an exchange whose bodies go in pieces has to be over; None: it is none."""
        self._head_overdue = False
        self._body_taken = False
        self._thrown = 0

    @property
    def idle(self) -> bool:
        """Whether no exchange is under way."""
        return self.phase in (Phase.IDLE, Phase.HEAD, Phase.LINGERING, Phase.OVER)

    # ---- what the host tells it --------------------------------------------------------------------------

    def proven(self, sans: tuple[str, ...]) -> None:
        """Take the names in a client's certificate that TLS has verified."""
        self.peer = Peer(self.peer.address, sans)

    def begin(self, sni: str | None) -> None:
        """Start listening; `sni` is the name the client asked for when TLS began, if it did."""
        self._reader = RequestReader(self.lane.spec, self._limits, sni)
        self._underway.spawn(self.run())

    def received(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self.phase in (Phase.LINGERING, Phase.OVER):
            self._throw_away(len(data))
            return
        self.heard = True
        self._arrived += len(data)
        self._reader.buffer += data
        fault = self.account.hold(len(data))
        if fault is not None:
            self.cut(*fault)
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

    def _throw_away(self, size: int) -> None:
        self._thrown += size
        if self._thrown > LINGER_BYTES and self._more is not None and not self._more.done():
            self._more.set_result(None)

    async def room(self) -> None:
        """Return when more bytes may be read: what is sent ahead of an answer waits in the client's socket."""
        waits = (Phase.JUDGING, Phase.OVERDUE, Phase.SAYING)
        while len(self._reader.buffer) > self._ahead and self.phase in waits:
            self._room = self._room or self._loop.create_future()
            await asyncio.shield(self._room)

    def left(self) -> None:
        """Notice that the client has gone."""
        self._gone = True
        self.cut("client_gone", 400 if self.phase is Phase.BODY else 502)
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

    def cut(self, reason: str, status: int) -> None:
        """Have the exchange under way end for a reason; it says so and puts it on record itself."""
        if self.cause is None and self.phase is not Phase.OVER:
            self.cause = (reason, status)
            if self._task is not None and self.phase in (Phase.BODY, Phase.JUDGING):
                self._task.cancel(reason)  # which says so where it is put on record

    def expire(self) -> None:
        """End the exchange under way, as when its deadline has come."""
        if self.phase in (Phase.BODY, Phase.JUDGING):
            self.cut("deadline", 408 if self.phase is Phase.BODY else 504)
            self._arm(Phase.OVERDUE, GRACE)

    def hang_up(self) -> None:
        """Close the connection; what is already written still goes out."""
        self._wires.hang_up()

    # ---- its story ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Answer requests until the connection ends."""
        self._task = asyncio.current_task()
        limits = self._limits
        try:
            self._arm(Phase.IDLE, limits.head_seconds)
            while await self._one():
                self._next()
                self._arm(Phase.IDLE, limits.idle_seconds)
        finally:
            self.phase = Phase.OVER
            self.account.keep(0)
            self._open_room()
            if self._timer is not None:
                self._timer.cancel()
        await self._wires.end()

    async def _one(self) -> bool:
        """Have one exchange; return whether another may follow."""
        try:
            head = await self._head()
        except BaseException as error:
            if meant(error, self._underway):
                raise
            self.cause = self.cause or fault_of(error, ("unreadable_request", 503))
            self._arm(Phase.JUDGING, self.lane.spec.deadline)
            await self.say(await malformed(self.lane, self._underway, *self.cause))
            await self._linger()
            return False
        if head is None:
            return False
        self._deadline = self._loop.time() + self.lane.spec.deadline
        self._arm(Phase.JUDGING, self.lane.spec.deadline)
        exchange = Exchange(self.lane, head, self, self._underway)
        wire = await exchange.run()
        if exchange.broken:
            self.phase = Phase.OVER
            self._wires.abort()
            return False
        await self.say(wire)
        if exchange.close and head.body_follows and not self._body_taken:
            await self._linger()
        return not exchange.close and not self._gone and not self._underway.draining

    async def _head(self) -> RequestHead | None:
        """Return the next head, or None when there will be none."""
        self._body_taken = False
        reader = self._reader
        while True:
            if self.cause is not None and not self._gone:
                raise Undecodable(self.cause[0], status=self.cause[1])
            head = reader.head()
            if head is not None:
                return head
            if self._head_overdue:
                raise Undecodable("head_too_slow", status=408)
            if self._gone or self.phase is Phase.OVER:
                return None
            if reader.buffer and self.phase is Phase.IDLE:
                self._arm(Phase.HEAD, self._limits.head_seconds)
            await self._wait()

    async def body(self, head: RequestHead, most: int | None = None) -> bytes:
        """Return the body that belongs to the head, having said `100 Continue` if the client waits for it."""
        body = self._reader.body(most)
        if body is None:
            self._measured = self._arrived - len(self._reader.buffer)
            self._arm(Phase.BODY, min(PERIOD, self._deadline - self._loop.time()))
            self._open_room()
            if head.expects:
                await self._wires.say((CONTINUE,))
            while body is None:
                await self._wait()
                body = self._reader.body()
            self._arm(Phase.JUDGING, self._deadline - self._loop.time())
        self._body_taken = True
        return body

    async def piece(self, head: RequestHead) -> tuple[bytes, bool]:
        """Return what has come of the body, at least a byte unless it has ended, and whether it has."""
        reader, before = self._reader, self._arrived - len(self._reader.buffer)
        piece, ended = reader.piece()
        if not piece and not ended:
            if self._until is None:
                self._measured = before
                self.carry_on()
                if head.expects:
                    await self._wires.say((CONTINUE,))
            self._ahead = AHEAD
            self._arm(Phase.BODY, self._patience)
            self._open_room()
            while not piece and not ended:
                await self._wait()
                piece, ended = reader.piece()
            self._patience = max(0.0, self._due - self._loop.time())
        self.account.give_back(self._arrived - len(reader.buffer) - before)
        self._body_taken = ended
        if ended:
            self._ahead = 0
        self.carry_on()
        self._open_room()
        return piece, ended

    def carry_on(self) -> None:
        """Have the exchange under way take its next step, within the lane's deadline.

        Raises:
            Undecodable: all its steps have taken too long.
        """
        now = self._loop.time()
        if self._until is None:
            self._until = now + self._limits.stream_seconds
        if now >= self._until:
            raise Undecodable("deadline", status=504)
        self._deadline = self._until
        self._arm(Phase.JUDGING, self.lane.spec.deadline)

    async def pass_on(self, wire: Wire) -> None:
        """Send a piece of an answer, and return when the client has taken most of it.

        Raises:
            Undecodable: it takes no more.
        """
        await self.say(wire)
        if self._gone or self.phase is Phase.OVER:
            raise Undecodable("client_gone", status=400)
        self.carry_on()

    async def say(self, wire: Wire) -> None:
        """Send what was decided, unless the connection was cut meanwhile; wait for a client who is slow."""
        if self.phase is Phase.OVER or self._gone:
            return
        self._arm(Phase.SAYING, self._limits.write_seconds + sum(map(len, wire)) / WRITE_FLOOR)
        await self._wires.say(wire)
        await self._wires.sent()

    async def _linger(self) -> None:
        """Throw away what a refused client still sends, so that it can read the refusal."""
        if not self._gone and self.phase is not Phase.OVER:
            self._reader.buffer.clear()
            self.account.keep(0)
            self._arm(Phase.LINGERING, LINGER)
            await self._wait()

    def _next(self) -> None:
        """Forget the exchange; what the client has sent ahead stays."""
        self.cause = self._until = None
        self._ahead, self._patience = 0, PERIOD
        self.account.keep(len(self._reader.buffer))
        self._open_room()

    def _open_room(self) -> None:
        if self._room is not None:
            self._room.set_result(None)
            self._room = None

    async def _wait(self) -> None:
        self._more = self._loop.create_future()
        try:
            await self._more
        finally:
            self._more = None

    # ---- its time ----------------------------------------------------------------------------------------

    def _arm(self, phase: Phase, seconds: float) -> None:
        """Enter a phase that may last so long."""
        self.phase = phase
        self._due = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._due:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = self._loop.time()
        if now < self._due:
            self._timer = self._loop.call_at(self._due, self._tick)
            return
        match self.phase:
            case Phase.HEAD:
                self._head_overdue = True
            case Phase.BODY if now < self._deadline:
                self._check_rate(now)
                return
            case Phase.BODY | Phase.JUDGING:
                self.expire()
                return
            case Phase.OVERDUE:
                self.phase = Phase.OVER
                self._underway.spawn(self._say_last())
            case Phase.SAYING:
                self.phase = Phase.OVER
                self._wires.abort()
            case _:
                self.phase = Phase.OVER
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

    def _check_rate(self, now: float) -> None:
        if self._arrived - self._measured < self._limits.rate_floor * PERIOD:
            self.cut("body_too_slow", 408)
            self._arm(Phase.OVERDUE, GRACE)
        else:
            self._measured = self._arrived
            self._arm(Phase.BODY, min(PERIOD, self._deadline - now))

    async def _say_last(self) -> None:
        """Answer for an exchange that does not end although it was told to; what comes of it is dropped."""
        await self._wires.say(DENIAL)
        await self._wires.end()

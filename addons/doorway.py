"""The layer between a client's bytes and mitmproxy's HTTP/1.1 engine.

Two rules, both kept by construction:

    outwards   no byte that the engine writes ever reaches the client. That the engine writes (or closes) is
               the signal that an answer is due; what is sent is the mark's, and the constant DENIAL when
               nobody decided. So an error page that quotes what the upstream said (M10), an engine that
               crashes over a trailer (M11) and a bug in a hook all end in the same few bytes.
    inwards    the engine sees a head only when its bytes are strict HTTP/1.1 (`grammar.check_head`), of bounded
               size (M12) and in bounded time (M24). One request at a time: bytes that arrive before the
               answer are dropped and the connection ends with it.
"""

# mypy: disable-error-code="no-untyped-call"

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mitmproxy import flow as mitmflow
from mitmproxy import http
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import HttpLayer, HTTPMode
from mitmproxy.proxy.layers.http._hooks import (
    HttpErrorHook,
    HttpRequestHeadersHook,
    HttpRequestHook,
    HttpResponseHeadersHook,
)

from addons import adapter
from addons.grammar import CONTINUE, DENIAL, check_head
from addons.mark import Lane, Mark
from addons.underway import Expired, Underway

Steps = layer.CommandGenerator[None]
TLS_SLACK: Final = 32_768
"""Bytes of a TLS handshake, mostly certificates: they cannot be told apart from the head of an answer."""


@dataclass(slots=True, eq=False)
class Malformed:
    """Bytes that never became a flow, on their way to the record."""

    lane: Lane
    reason: str
    status: int
    wire: tuple[bytes, ...] = DENIAL


@dataclass
class MalformedHook(commands.StartHook):
    """A client sent what the engine cannot even make a flow of (M22)."""

    malformed: Malformed


class HeadAlarm(commands.RequestWakeup):
    """Asks to be told when a head has taken long enough."""


class Porch(layer.Layer):
    """Stands below a connection's TLS layer, which looks there, and does nothing."""

    def _handle_event(self, event: events.Event) -> Steps:
        del event
        yield from ()


class Doorway(layer.Layer):
    """One client connection, TLS already taken off."""

    def __init__(
        self, context: Context, lane: Lane, underway: Underway, start: Callable[[commands.StartHook], bool]
    ) -> None:
        """Take the lane, what it shares, and what runs a hook as far as it goes without waiting.

        A hook about a head is over at once unless the head is wrong. A task of its own, and a turn of the event
        loop until its end is noticed, would cost as much as all else that is done about the head.
        """
        super().__init__(context)
        self.lane = lane
        self.mark: Mark | None = None
        """The exchange under way, from its head to its answer."""
        self._underway = underway
        self._start = start
        self._engine = HttpLayer(context, HTTPMode.transparent)
        self.heard = False
        """Whether a client's byte has ever come through, TLS already taken off."""
        self._flow: http.HTTPFlow | None = None
        self._raw = b""
        self._alarm: HeadAlarm | None = None
        self._complete = False
        self._answering = False
        self._upstream_head = 0
        self._greedy = False
        self._ending = False
        self._client_gone = False
        self._closed = False

    def _handle_event(self, event: events.Event) -> Steps:
        if self._closed:
            return
        if isinstance(event, Expired):
            if event.mark is self.mark:
                yield from self._give_up("deadline", 504 if self._complete else 408)
        elif isinstance(event, events.Wakeup) and isinstance(event.command, HeadAlarm):
            if event.command is self._alarm:
                yield from self._malformed("head_too_slow", 408)
        elif not isinstance(event, events.DataReceived) or self._admit(event):
            yield from self._feed(event)
            if not self._closed:
                yield from self._look_around()

    # ---- inwards ---------------------------------------------------------------------------------------

    def _admit(self, event: events.DataReceived) -> bool:
        """Return whether the engine may see these bytes."""
        if event.connection is not self.context.client:
            if self.mark is not None:
                self._underway.hold(self.mark, len(event.data))
            self._upstream_head += len(event.data)
        elif self.mark is None:
            self.heard = True
            self._raw += event.data
        elif self._complete:
            self._greedy = True
            return False
        else:
            self._underway.hold(self.mark, len(event.data))
        return True

    def _feed(self, event: events.Event) -> Steps:
        if isinstance(event, events.ConnectionClosed) and event.connection is self.context.client:
            self._client_gone = True
            if self.mark is not None:
                self.mark.cause = ("client_gone", 502 if self._complete else 400)
        if self.mark is None and self._raw and not b"A" <= self._raw[:1] <= b"Z":
            yield from self._malformed("malformed_head", 400)
            return
        over: list[commands.StartHook] = []
        try:
            for command in self._engine.handle_event(event):
                if isinstance(command, commands.ConnectionCommand):
                    if command.connection is self.context.client:
                        yield from self._engine_speaks(command)
                        if self._closed:
                            return
                        continue
                elif isinstance(command, HttpRequestHeadersHook | HttpResponseHeadersHook):
                    self._notice(command)
                    if self._start(command):
                        over.append(command)
                        continue
                elif isinstance(command, HttpRequestHook):
                    self._complete = True
                elif isinstance(command, commands.Log):
                    continue  # its text quotes what peers sent (M23)
                yield command
            for hook in over:
                yield from self._feed(events.HookCompleted(hook))
            return
        except Exception:  # noqa: BLE001, S110 - the engine has crashed; mitmproxy would leave the client hanging
            pass
        if self.mark is None:
            yield from self._malformed("malformed_head", 400)
        else:
            yield from self._give_up("engine_failed", 502 if self._complete else 400)

    def _look_around(self) -> Steps:
        """After each event: is anything too large, too slow or overdue?"""
        limits, mark = self._underway.limits, self.mark
        if mark is None:
            if len(self._raw) > limits.head_bytes:
                yield from self._malformed("head_too_large", 431)
            elif self._raw and self._alarm is None:
                self._alarm = HeadAlarm(limits.head_seconds)
                yield self._alarm
        elif self._ending and mark.wire is not None:
            yield from self._answer()
        elif self._complete and not self._answering and self._upstream_head > limits.head_bytes + TLS_SLACK:
            yield from self._give_up("answer_head_too_large", 502)
        elif self._underway.buffered > limits.buffered_bytes:
            yield from self._give_up("overloaded", 503)

    # ---- outwards --------------------------------------------------------------------------------------

    def _engine_speaks(self, command: commands.ConnectionCommand) -> Steps:
        """Take what the engine has to say to the client for the sign that it is."""
        if isinstance(command, commands.SendData):
            if self.mark is not None and command.data == CONTINUE and not self._complete:
                yield command
            else:
                yield from self._answer()
        elif self.mark is None or self._client_gone:
            yield command
        elif self.mark.wire is None:
            self._ending = True  # it closes before it tells the hooks why: wait for what they decide
        else:
            self._ending = True
            yield from self._answer()

    def _notice(self, hook: HttpRequestHeadersHook | HttpResponseHeadersHook) -> None:
        if isinstance(hook, HttpRequestHeadersHook):
            self._begin(hook.flow)
        else:
            self._answering = True

    def _begin(self, flow: http.HTTPFlow) -> None:
        self._flow = flow
        fault = check_head(self._raw, self._underway.limits.head_bytes)
        self.mark = adapter.attach(flow, self.lane, fault)
        self._underway.hold(self.mark, len(self._raw))
        self._raw = b""
        self._alarm = None
        self._upstream_head = 0

    def _answer(self) -> Steps:
        """Say what was decided, once."""
        mark = self.mark
        if mark is None:
            yield from self._malformed("malformed_head", 400)
            return
        wire = mark.wire
        ends = wire is None or mark.close or self._ending or self._underway.draining or self._more_waiting()
        self._end_exchange()
        for piece in wire or DENIAL:
            yield commands.SendData(self.context.client, piece)
        if ends:
            yield from self._close()

    def _more_waiting(self) -> bool:
        """Return whether bytes came in before the answer; unchecked, so nobody may read them."""
        server = self._engine.connections.get(self.context.client)
        return self._greedy or bool(getattr(server, "buf", b""))

    def _end_exchange(self) -> None:
        mark, self.mark, self._flow = self.mark, None, None
        if mark is not None:
            self._underway.finish(mark)
        self._complete = self._answering = False

    def _close(self) -> Steps:
        self._closed = True
        yield commands.CloseConnection(self.context.client)

    def _give_up(self, reason: str, status: int) -> Steps:
        """End the exchange under way without the engine: put it on record, answer, close."""
        mark, flow = self.mark, self._flow
        assert mark is not None
        assert flow is not None
        mark.cause = (reason, status)
        mark.close = True
        flow.error = mitmflow.Error(reason)
        yield HttpErrorHook(flow)
        self._ending = True
        yield from self._answer()

    def _malformed(self, reason: str, status: int) -> Steps:
        self._closed = True
        hook = MalformedHook(Malformed(self.lane, reason, status))
        yield hook
        for piece in hook.malformed.wire:
            yield commands.SendData(self.context.client, piece)
        yield commands.CloseConnection(self.context.client)

    def __repr__(self) -> str:
        # The inherited one shows the state of the layer; nothing here may end in a log with a value.
        return "Doorway()"

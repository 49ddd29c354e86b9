"""The exchanges under way in this process: their deadlines, their memory, and who waits for them."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mitmproxy.proxy import events

from addons.lane import Limits
from addons.mark import Mark, State

if TYPE_CHECKING:
    from addons.connection import LaneConnection

GRACE: Final = 0.5
"""Seconds after its deadline in which a hook may still say why; then the exchange is cut."""


@dataclass
class Expired(events.Event):
    """Sent to a connection whose exchange has outlived its deadline."""

    mark: Mark


@dataclass(slots=True, eq=False)
class Underway:
    """Shared by the add-ons and doorways of one `serve`; lives on its event loop."""

    limits: Limits
    connections: dict[str, "LaneConnection"] = field(default_factory=dict)
    """By mitmproxy's id of the client's connection."""
    live: dict[str, Mark] = field(default_factory=dict)
    """The exchange of each connection; HTTP/1.1 has at most one, as pipelining is refused."""
    buffered: int = 0
    draining: bool = False
    sans: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Verified names of each connection's client certificate."""
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def room_for_another(self) -> bool:
        """Return whether one more connection may be accepted, having closed an idle one if need be.

        Those that never said anything go first, oldest first: a peer that only opens connections displaces its
        own before anybody else's.
        """
        if len(self.connections) < self.limits.connections:
            return True
        idle = [key for key, connection in self.connections.items() if connection.idle]
        if not idle:
            return False
        self.connections.pop(min(idle, key=lambda key: self.connections[key].door.heard)).hang_up()
        return True

    def begin(self, mark: Mark) -> None:
        """Start an exchange's clock."""
        loop = asyncio.get_running_loop()
        mark.deadline = loop.time() + mark.lane.spec.deadline
        mark.timer = loop.call_at(mark.deadline + GRACE, self.expire, mark)
        self.live[mark.client] = mark

    def finish(self, mark: Mark) -> None:
        """Stop an exchange's clock and give its memory back; once or more often."""
        if mark.timer is not None:
            mark.timer.cancel()
            mark.timer = None
        self.buffered -= mark.buffered
        mark.buffered = 0
        if self.live.get(mark.client) is mark:
            del self.live[mark.client]
        if mark.state in (State.UNSEEN, State.FORWARDED):
            mark.refuse()
        if mark.exchange is not None:
            # Only reached when no hook was told how the exchange ended; its outcome must still be on record.
            exchange, mark.exchange = mark.exchange, None
            self.spawn(mark.lane.gateway.on_failure(exchange, "abandoned", 502))

    def hold(self, mark: Mark, size: int) -> None:
        """Count bytes that an exchange makes us keep."""
        mark.buffered += size
        self.buffered += size

    def expire(self, mark: Mark) -> None:
        """Cut an exchange short; whoever still works on it will find it refused."""
        connection = self.connections.get(mark.client)
        if connection is None:
            self.finish(mark)
        else:
            self.spawn(connection.server_event(Expired(mark)))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Run something to its end even when whoever asked for it is cancelled."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self.tasks.discard(task)
        if not task.cancelled():
            task.exception()  # read, so that the loop does not print it: its text is not ours to show

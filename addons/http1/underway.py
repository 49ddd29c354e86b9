"""What one process has under way: its conversations, the memory they hold, and who waits for them."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from addons.lane import Limits

if TYPE_CHECKING:
    from addons.http1.conversation import Conversation

Fault = tuple[str, int]
"""A constant reason, and the status to say so with."""


@dataclass(slots=True, eq=False)
class Underway:
    """Shared by all lanes of one `serve`; lives on its event loop."""

    limits: Limits
    conversations: dict[str, "Conversation"] = field(default_factory=dict)
    """By the host's id of the client's connection, oldest first."""
    peers: Counter[str] = field(default_factory=Counter)
    """How many connections each address has."""
    buffered: int = 0
    by_caller: Counter[str] = field(default_factory=Counter)
    """Bytes held for each caller, once it is known who it is."""
    draining: bool = False
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def room_for_another(self, peer: str) -> bool:
        """Return whether one more connection may be accepted, having closed an idle one if need be.

        Those that never said anything go first, oldest first: a peer that only opens connections displaces its
        own before anybody else's.
        """
        if self.peers[peer] >= self.limits.connections_per_peer:
            return self._displace(peer)
        return len(self.conversations) < self.limits.connections or self._displace(None)

    def _displace(self, peer: str | None) -> bool:
        idle = [
            (one.heard, key)
            for key, one in self.conversations.items()
            if one.idle and (peer is None or one.peer.address == peer)
        ]
        if not idle:
            return False
        _, key = min(idle, key=lambda pair: pair[0])
        gone = self.conversations[key]
        self.leave(key)
        gone.hang_up()
        return True

    def enter(self, key: str, conversation: "Conversation") -> None:
        """Count a connection."""
        self.conversations[key] = conversation
        self.peers[conversation.peer.address] += 1

    def leave(self, key: str) -> None:
        """Count it no longer; once or more often."""
        conversation = self.conversations.pop(key, None)
        if conversation is not None:
            peer = conversation.peer.address
            self.peers[peer] -= 1
            if not self.peers[peer]:
                del self.peers[peer]

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


class Account:
    """The bytes that one connection makes us keep, in both directions, as they came."""

    __slots__ = ("_caller", "_size", "_underway")

    def __init__(self, underway: Underway) -> None:
        self._underway = underway
        self._size = 0
        self._caller = ""

    def hold(self, size: int) -> Fault | None:
        """Count bytes; return why they are too many, if they are. They are counted all the same."""
        underway, limits = self._underway, self._underway.limits
        self._size += size
        underway.buffered += size
        if self._caller:
            underway.by_caller[self._caller] += size
        if underway.buffered > limits.buffered_bytes:
            return "overloaded", 503
        if self._caller and underway.by_caller[self._caller] > limits.caller_bytes:
            return "caller_overloaded", 429
        return None

    def belongs_to(self, caller: str) -> Fault | None:
        """Count what is held, and will be, for a caller as well; return why that is too much, if it is."""
        if caller == self._caller:
            return None
        kept = self._size
        self.keep(0)
        self._caller = caller
        return self.hold(kept)

    def give_back(self, size: int) -> None:
        """Count so many of them no longer: they have gone on."""
        size = min(size, self._size)
        self._size -= size
        self._underway.buffered -= size
        if self._caller:
            by_caller = self._underway.by_caller
            by_caller[self._caller] -= size
            if by_caller[self._caller] <= 0:
                del by_caller[self._caller]

    def keep(self, size: int) -> None:
        """Give everything back but so many bytes, which nobody has been found for yet."""
        underway = self._underway
        underway.buffered += size - self._size
        if self._caller:
            underway.by_caller[self._caller] -= self._size
            if underway.by_caller[self._caller] <= 0:
                del underway.by_caller[self._caller]
            self._caller = ""
        self._size = size

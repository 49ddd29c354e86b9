"""What one process has under way: its tasks, and the memory that its conversations hold."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from addons.lane import Limits

Fault = tuple[str, int]
"""A constant reason, and the status to say so with."""


@dataclass(slots=True, eq=False)
class Underway:
    """Shared by all lanes of one `serve`; lives on its event loop."""

    limits: Limits
    buffered: int = 0
    by_caller: Counter[str] = field(default_factory=Counter)
    """Bytes held for each caller, once it is known who it is."""
    draining: bool = False
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

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

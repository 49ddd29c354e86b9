"""The ledger as a worker has it: the supervisor's, at the other end of a channel."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from proxy.errors import Unavailable
from proxy.ledger.canonical import Members, members_of
from proxy.model import Entry
from proxy.workers.messages import Append, Written

MAX_QUEUED: Final = 4_096
"""Entries of one worker that may wait."""

_Batch = list[asyncio.Future[int]]


class FarLedger:
    """Has entries written by the supervisor; the contract is that of `Ledger.append`.

    Args:
        say: sends a message to the supervisor.
        max_queued: entries that may wait before `append` refuses.
    """

    def __init__(self, say: Callable[[Append], None], *, max_queued: int = MAX_QUEUED) -> None:
        self._say = say
        self._max_queued = max_queued
        self._members: list[Members] = []
        """Of this turn of the event loop."""
        self._futures: _Batch = []
        self._sent: deque[_Batch] = deque()
        self._waiting = 0
        self._gone = False

    @property
    def queued(self) -> int:
        """Entries that are not known to be durable."""
        return self._waiting

    async def append(self, entry: Entry) -> int:
        """Write one entry; return its sequence number, and by then it is on the disk.

        If the awaiting task is cancelled the entry is written all the same.

        Raises:
            Unavailable: as `Ledger.append`; `ledger_failed` also when the supervisor is gone.
        """
        members = members_of(entry)
        if self._gone:
            raise Unavailable("ledger_failed")
        if self._waiting >= self._max_queued:
            raise Unavailable("ledger_busy")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        if not self._members:
            loop.call_soon(self._send)
        self._members.append(members)
        self._futures.append(future)
        self._waiting += 1
        return await future

    def written(self, answer: Written) -> None:
        """Tell whoever waits for the oldest batch what became of it."""
        batch = self._sent.popleft()
        self._waiting -= len(batch)
        first = answer.last - len(batch) + 1
        for number, future in enumerate(batch, start=first):
            if future.done():  # its task was cancelled
                continue
            if answer.last:
                future.set_result(number)
            else:
                future.set_exception(Unavailable(answer.reason))

    def lost(self) -> None:
        """Refuse from now on: whether what waits was written is unknown."""
        self._gone = True
        for future in [*(future for batch in self._sent for future in batch), *self._futures]:
            if not future.done():
                future.set_exception(Unavailable("ledger_failed"))
        self._sent.clear()
        self._futures.clear()
        self._members.clear()
        self._waiting = 0

    def _send(self) -> None:
        if self._gone or not self._members:
            return
        members, self._members = self._members, []
        futures, self._futures = self._futures, []
        self._sent.append(futures)
        self._say(Append(members))

"""The ledger that the rest of Lychgate holds: many tasks append, one thread commits."""

import asyncio
import hashlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from statistics import median
from typing import Final

from proxy.errors import LedgerError, Unavailable
from proxy.ledger import folder as folders
from proxy.ledger.canonical import Members, members_of
from proxy.ledger.segment import SEGMENT_BYTES, Disk, SystemDisk
from proxy.ledger.survey import Found, survey
from proxy.ledger.tail import Tail
from proxy.model import Entry, Noted

MAX_BATCH: Final = 2_048
"""Entries in one commit; past this a commit gets longer faster than it gets cheaper per entry."""
MAX_QUEUED: Final = 8_192
"""Entries that may wait: four full commits. More would only hide a disk that cannot keep up."""
_PROBES: Final = 5

_Waiting = tuple[Members, asyncio.Future[int] | None]
"""Members of an entry, and who waits for it; nobody waits for what stands before the last of a batch."""
_log: Final = logging.getLogger("lychgate.ledger")


class Ledger:
    """An open ledger; exactly one in the world per folder.

    Build it with `Ledger.open`. Entries are numbered from 1 in the order in which `append` was called.
    """

    def __init__(self, tail: Tail, folder_fd: int, intents: Mapping[str, str], max_queued: int) -> None:
        self._tail = tail
        self._folder_fd = folder_fd
        self._intents = intents
        self._max_queued = max_queued
        self._now: Callable[[], float] = time.time
        self._waiting: list[_Waiting] = []
        self._bell: SimpleQueue[None] = SimpleQueue()
        """Rung when something waits, or when nothing will any more."""
        self._ringer: asyncio.AbstractEventLoop | None = None
        """The loop that will ring at the end of its turn."""
        self._gate = threading.Lock()
        """Held to look at `_refusing` and to queue: nothing is queued behind the end of the queue."""
        self._refusing = ""
        self._recent: deque[float] = deque(maxlen=256)
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        now: Callable[[], float],
        segment_bytes: int = SEGMENT_BYTES,
        max_queued: int = MAX_QUEUED,
        disk: Disk | None = None,
    ) -> "Ledger":
        """Return the ledger in `folder`, ready to append.

        1. The folder exists, is ours alone (0700) and is locked: a second instance is refused.
        2. The survey follows the chain to the last entry; damage is refused.
        3. A torn tail is cut; an entry `Noted(what="torn_tail_cut")` says how many bytes, and their digest.
        4. A few blank commits measure the disk (`median_commit_seconds`).

        Args:
            folder: made if missing; its parent has to exist.
            now: seconds since the epoch, for `time_ms`. It may jump: order is the sequence number's business.
            segment_bytes: size at which a new segment starts; a commit that is larger gets its own.
            max_queued: entries that may wait before `append` refuses.
            disk: the operating system, unless a test says otherwise.

        Raises:
            LedgerError: the folder is used by another process, readable by others, damaged, or the disk
                refused to read, allocate or write.
        """
        disk = disk or SystemDisk()
        fd = -1
        tail = None
        try:
            fd = folders.take(folder, disk)
            found = survey(folder)
            tail = Tail(folder, fd, found, segment_bytes=segment_bytes, disk=disk)
            ledger = cls(tail, fd, found.intents, max_queued)
            ledger._now = now
            ledger._begin(found)
        except (OSError, LedgerError) as error:
            if tail is not None:
                tail.close()
            if fd >= 0:
                os.close(fd)
            if isinstance(error, LedgerError):
                raise
            raise LedgerError(f"the ledger cannot be used: {error.strerror}") from None
        return ledger

    async def append(self, entry: Entry) -> int:
        """Write one entry; return its sequence number, and by then it is on the disk.

        If the awaiting task is cancelled the entry is written all the same: what it says did happen.

        Raises:
            Unavailable: `ledger_busy` (too many wait; nothing was written, try again), `ledger_failed` (the
                disk refused; so will every later call until a restart, and whether this entry was written is
                unknown until then), `ledger_closed`, `ledger_bad_entry`, `ledger_long_entry`.
        """
        return await self.append_members([members_of(entry)])

    async def append_members(self, batch: Sequence[Members]) -> int:
        """Write entries one behind the other; return the number of the last, and by then all are on the disk.

        Args:
            batch: at least one; each came from `members_of`, in this process or in one that we trust.

        Raises:
            Unavailable: as `append`; of a batch that is refused as `ledger_busy` nothing was written.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        with self._gate:
            if self._refusing:
                raise Unavailable(self._refusing)
            if len(self._waiting) + len(batch) > self._max_queued:
                raise Unavailable("ledger_busy")
            now = int(self._now() * 1000)
            for members in batch:
                members["time_ms"] = now
                self._waiting.append((members, None))
            self._waiting[-1] = (self._waiting[-1][0], future)
            # Waking a thread costs more than an entry: it is done once, when this turn of the loop is over.
            # Another loop rings for itself, as the first one may be stopped before its turn ends.
            if self._ringer is not loop:
                self._ringer = loop
                loop.call_soon(self._ring)
        return await future

    def open_intents(self) -> Mapping[str, str]:
        """Return decision id -> lane of each `Requested` that the process before this one left open.

        The caller appends `Failed` (outcome unknown) for each before it serves: the CRM may have been asked.
        """
        return self._intents

    def head(self) -> tuple[int, str]:
        """Return sequence number and digest of the last durable entry; (0, 64 zeros) for an empty ledger."""
        return self._tail.head

    @property
    def failed(self) -> bool:
        """Whether the disk refused once; nothing is written any more."""
        return self._refusing == "ledger_failed"

    @property
    def queued(self) -> int:
        """Entries that wait for the next commit."""
        return len(self._waiting)

    @property
    def commit_seconds(self) -> float:
        """How long the last commit took."""
        return self._recent[-1]

    @property
    def median_commit_seconds(self) -> float:
        """Median over the last 256 commits; right after `open`, over the blank ones that measure the disk."""
        return median(self._recent.copy())

    def close(self) -> None:
        """Write what waits, then let go of the folder. Blocks for one or two commits; may be called twice."""
        with self._gate:
            self._refusing = self._refusing or "ledger_closed"
        self._bell.put(None)
        self._thread.join()
        self._tail.close()
        if self._folder_fd >= 0:
            os.close(self._folder_fd)
            self._folder_fd = -1

    def _begin(self, found: Found) -> None:
        if found.torn:
            detail = f"{len(found.torn)} bytes sha256:{hashlib.sha256(found.torn).hexdigest()}"
            note = Noted(id=f"ledger-{found.seq + 1}", lane="", what="torn_tail_cut", detail=detail)
            members = members_of(note) | {"time_ms": int(self._now() * 1000)}
            self._tail.commit([members], over=len(found.torn))
        for _ in range(_PROBES):
            started = time.perf_counter()
            self._tail.probe()
            self._recent.append(time.perf_counter() - started)
        self._thread.start()

    def _run(self) -> None:
        """Commit until closed: whatever queued while the last commit ran is the next one."""
        batch: list[_Waiting] = []
        ending = False
        try:
            while batch or not ending:
                if not batch:
                    ending = self._take(batch)
                if batch:
                    self._commit(batch)
        except BaseException as error:  # noqa: BLE001 - whatever broke, nobody may wait for ever
            # Never retried: after a failed sync the kernel may hold the lost pages for clean.
            why = error.strerror if isinstance(error, OSError) else type(error).__name__
            _log.critical("the ledger stopped, traffic is refused until a restart: %s", why)
            self._give_up(batch)

    def _ring(self) -> None:
        with self._gate:
            self._ringer = None
        self._bell.put(None)

    def _take(self, batch: list[_Waiting]) -> bool:
        """Wait for the bell, then move what waits into `batch`; return whether that was the last of it."""
        self._bell.get()
        with self._gate:
            batch += self._waiting[:MAX_BATCH]
            del self._waiting[:MAX_BATCH]
            if self._waiting:
                self._bell.put(None)
            return bool(self._refusing) and not self._waiting

    def _commit(self, batch: list[_Waiting]) -> None:
        """Make a first part of `batch` durable, tell who waits for it, and take it out."""
        first = self._tail.head[0] + 1
        started = time.perf_counter()
        done = self._tail.commit([members for members, _ in batch])
        self._recent.append(time.perf_counter() - started)
        _tell([(future, first + at) for at, (_, future) in enumerate(batch[:done]) if future is not None])
        del batch[:done]

    def _give_up(self, batch: list[_Waiting]) -> None:
        with self._gate:
            self._refusing = "ledger_failed"
            batch += self._waiting
            self._waiting.clear()
        _tell([(future, None) for _, future in batch if future is not None])


_Answers = list[tuple[asyncio.Future[int], int | None]]
"""A sequence number; None where the ledger failed first."""


def _tell(answers: _Answers) -> None:
    """Hand the answers to the loops that wait for them: one wake-up per loop, not per entry."""
    by_loop: dict[asyncio.AbstractEventLoop, _Answers] = {}
    for answer in answers:
        by_loop.setdefault(answer[0].get_loop(), []).append(answer)
    for loop, its in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, its)
        except RuntimeError:
            # The loop was closed: nobody waits any more. What is durable stays so.
            continue


def _settle(answers: _Answers) -> None:
    for future, seq in answers:
        if future.done():  # its task was cancelled, or it was told before something else broke
            continue
        if seq is None:
            future.set_exception(Unavailable("ledger_failed"))
        else:
            future.set_result(seq)

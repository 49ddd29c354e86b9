"""One worker as its supervisor sees it."""

import asyncio
import contextlib
import os
import socket
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from proxy.errors import Unavailable
from proxy.ledger import Ledger
from proxy.ledger.canonical import Members
from proxy.ledger.survey import OUTCOMES
from proxy.metrics import Counted
from proxy.model import Failed, Requested
from proxy.workers import messages as m
from proxy.workers.channel import Channel

MOST_UNHEARD: Final = 10
"""Questions of one second each that a worker may leave unanswered; by then it serves nobody either."""

_Order = m.Begin | m.Load | m.Swap | m.Freeze


@dataclass(eq=False, slots=True)
class Member:
    """A process, its channel, and what it owes: orders to confirm, entries to be told of, intents to end."""

    process: asyncio.subprocess.Process
    ledger: Ledger
    channel: Channel = field(init=False)
    counted: Counted = field(default_factory=dict)
    loaded: bool = False
    """It has the policies in force and follows every change of them."""
    serving: bool = False
    told: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it has said what it counted, until it is asked again."""
    unheard: int = 0
    why: str = "died"
    """What the metrics will say of its end."""
    _orders: deque[asyncio.Future[str]] = field(default_factory=deque)
    _asked: int = 0
    _tried: dict[int, asyncio.Future[bool | None]] = field(default_factory=dict)
    """Who waits for the answer to which `Try`."""
    _writing: deque[tuple[list[Members], asyncio.Task[int]]] = field(default_factory=deque)
    _intents: dict[str, str] = field(default_factory=dict)
    """Decision id -> lane of what it may have asked a CRM and not accounted for."""
    _gone: asyncio.Event = field(default_factory=asyncio.Event)
    _started: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    async def start(cls, ledger: Ledger) -> "Member":
        """Return a worker that waits for its `Begin`."""
        ours, its = socket.socketpair()
        with its:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "proxy.workers", str(its.fileno()), str(os.getpid()),
                pass_fds=[its.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        member = cls(process, ledger)
        member.channel = await Channel.over(ours, m.decode_to_supervisor, member._heard, member._lost)
        return member

    async def order(self, message: _Order, seconds: float) -> str:
        """Have it carry something out; return what stands in the way, "" once it has taken effect."""
        if self._gone.is_set():
            return "it is gone"
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._orders.append(done)
        self.channel.say(message)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(done)
        except TimeoutError:
            return "it does not answer"

    async def tries(self, canaries: Sequence[str], seconds: float) -> bool | None:
        """Return whether it can open one of some canaries; None if it does not say so in time."""
        self._asked += 1
        number = self._asked
        answer: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        self._tried[number] = answer
        self.channel.say(m.Try(number, [*canaries]))
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            return None
        finally:
            del self._tried[number]

    def ask(self) -> None:
        """Have it say what it has counted; one that keeps silent is ended."""
        self.told.clear()
        self.unheard += 1
        if self.loaded and self.unheard > MOST_UNHEARD:
            self.end("unresponsive")
        self.channel.say(m.Tell())

    def end(self, why: str) -> None:
        """Kill it."""
        self.why = why
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def wait(self) -> None:
        """Return once it serves; or is gone."""
        await self._started.wait()

    async def ended(self) -> None:
        """Return once it is gone and has left nothing open in the ledger.

        Raises:
            Unavailable: the ledger cannot say so; the next start will.
        """
        await self.process.wait()
        await self._gone.wait()
        while self._writing:
            await asyncio.wait([task for _, task in self._writing])
            self._answer()
        for intent, lane in self._intents.items():
            await self.ledger.append(
                Failed(intent, lane, stage="upstream", reason="outcome_unknown", detail="", status=0)
            )

    def _heard(self, message: m.ToSupervisor) -> None:
        match message:
            case m.Append():
                self._append(message.batch)
            case m.Done():
                done = self._orders.popleft()
                if not done.done():
                    done.set_result(message.problem)
            case m.Tried():
                self._answered(message.number, message.opens)
            case m.Told():
                self.counted = message.counted
                self.unheard = 0
                self.told.set()
            case m.Serving():
                self.serving = True
                self._started.set()

    def _lost(self) -> None:
        self.serving = self.loaded = False
        self._gone.set()
        self._started.set()
        self.told.set()
        for done in self._orders:
            if not done.done():
                done.set_result("it is gone")
        for number in [*self._tried]:
            self._answered(number, None)
        self.end(self.why)  # nothing that it does from now on could be put on record

    def _answered(self, number: int, opens: bool | None) -> None:  # noqa: FBT001 - as it was sent
        waiting = self._tried.get(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(opens)

    def _append(self, batch: list[Members]) -> None:
        task = asyncio.get_running_loop().create_task(self.ledger.append_members(batch))
        self._writing.append((batch, task))
        task.add_done_callback(lambda _: self._answer())

    def _answer(self) -> None:
        """Tell the worker of each batch that is settled, in its order."""
        while self._writing and self._writing[0][1].done():
            batch, task = self._writing.popleft()
            error = task.exception()
            if error is None:
                self._follow(batch)
                self.channel.say(m.Written(task.result(), ""))
            else:
                reason = error.reason if isinstance(error, Unavailable) else "ledger_failed"
                self.channel.say(m.Written(0, reason))

    def _follow(self, batch: Sequence[Members]) -> None:
        for entry in batch:
            name = str(entry["id"])
            if entry["kind"] == Requested.kind:
                self._intents[name] = str(entry["lane"])
            elif entry["kind"] in OUTCOMES and entry.get("part") == entry.get("parts"):
                self._intents.pop(name, None)

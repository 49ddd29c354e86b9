"""What goes by itself in the process that runs: cases that time has made ready, messages that are due, clocks of
the law, and looks through all people."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

from proxy.erasure import State
from proxy.erasure.case import moment
from proxy.erasure.law import warnings
from proxy.erasure.states import ANSWERED, RUNNING
from proxy.erasure.weighing import clock
from proxy.erasures.messages import Messages
from proxy.erasures.moving import Moving
from proxy.erasures.ports import Erasers
from proxy.erasures.shared import Shared
from proxy.erasures.sweeping import CLOCKED, Sweeping
from proxy.erasures.withdrawing import Withdrawing
from proxy.errors import LychgateError
from proxy.sweeps import Rounds

log = logging.getLogger("lychgate")

MOVING: Final = RUNNING | ANSWERED | {State.VERIFIED, State.COOLING_OFF, State.AWAITING_APPROVAL}
"""Cases that time or we may move on."""
EVERY_SECONDS: Final = 1.0
"""How often the process that runs looks whether a case can be moved on."""
NEW: Final = frozenset({State.VERIFIED})
"""Cases that have no plan yet."""
AT_ONCE: Final = 5
"""As many of the oldest of these are looked for in one go, and as many of the newest."""
STRAY_HOURS: Final = 1.0
"""From one question for tokens that no record is known to have to the next."""
SELDOM: Final = 60
"""Of so many looks one is at cases that wait for time, too."""
GAUGES: Final = (
    ("open", "Cases of erasure whose person waits for an answer.", "open"),
    ("due_soon", "Those of which four fifths of the law's time are used up.", "near"),
    ("returning", "Cases whose person would have been stored again, and of whom somebody decides.", "returns"),
    ("overdue", "Those that are past the day on which they are due.", "passed"),
)
"""A metric's name, its text, and what of `Unasked.clocks` it shows."""
SWEPT: Final = (
    ("returned", "Records of people who were erased, as the last sweep found them."),
    ("retention", "Records whose time is over by a retention rule, as the last sweep found them."),
    ("consent", "Records of people who have withdrawn a consent, as the last sweep found them."),
)


class Unasked:
    """Does what nobody has to ask for."""

    def __init__(
        self, shared: Shared, erasers: Erasers, moving: Moving, sweeping: Sweeping, withdrawing: Withdrawing
    ) -> None:
        self._shared = shared
        self._erasers = erasers
        self._moving = moving
        self._sweeping = sweeping
        self.withdrawing = withdrawing
        self.messages = Messages(shared)
        self._looks = 0
        self._anew: set[str] = set()
        """New cases that have failed, and are to be tried again."""
        self.rounds = Rounds(shared.app.config.erasure.sweep_hours, time.monotonic())
        self.stray_rounds = Rounds(STRAY_HOURS, time.monotonic())
        self.clocks: Counter[str] = Counter()
        """How many cases wait for an answer (`open`), and of how many the time is `near` its end or `passed`."""

    async def keep_going(self) -> None:
        """Move on every case that time has made ready, and tell others; for as long as the process runs.

        They do not wait for each other: somebody else's server may take its time.
        """
        try:
            async with asyncio.TaskGroup() as all_:
                all_.create_task(_again_and_again(self._look))
                all_.create_task(_again_and_again(self.messages.begin))
                all_.create_task(_again_and_again(self.look_through))
                all_.create_task(_again_and_again(self.give_up_strays))
                all_.create_task(_again_and_again(self.withdrawing.look))
        finally:
            self.messages.stop()

    async def _look(self) -> None:
        """Move on what can be; what has failed, or waits for time, only now and then."""
        seldom = self._looks % SELDOM == 0
        self._looks += 1
        for name in self._in_turn(seldom=seldom):
            await asyncio.sleep(0)
            if self._goes_by_itself(name):
                await self._moving.drive(name)
        if seldom:
            await self.warn()

    def _in_turn(self, *, seldom: bool) -> list[str]:
        """Return what one look is at: all that has begun, and a few of the new, the oldest and the newest.

        Very many can be new at once, and each is looked for in every CRM: none of the others waits for them all.
        """
        ids, troubles = self._shared.cases.ids, self._shared.troubles
        begun = [name for name in ids((MOVING if seldom else RUNNING) - NEW) if seldom or name not in troubles]
        all_ = [*ids(NEW)]
        self._anew.intersection_update(all_)
        if seldom and not self._anew:  # each of them once, however many fail every time
            self._anew = {*all_} & troubles.keys()
        new = [name for name in all_ if name not in troubles or name in self._anew]
        new = [*new[:AT_ONCE], *new[AT_ONCE:][-AT_ONCE:]]
        self._anew.difference_update(new)
        return [*begun, *new]

    def _goes_by_itself(self, name: str) -> bool:
        """Say whether a case may be moved without a command: one that people agreed to waits for it."""
        case = self._shared.cases.get(name)
        return case.state is not State.READY or case.terms.approvers == 0

    async def look_through(self) -> None:
        """Look through all people when it is time, and put on record how many are back or due; open nothing."""
        if not self.rounds.due(time.monotonic()):
            return
        try:
            told = await self._sweeping.sweep({})
        except LychgateError:
            self.rounds.failed = True
            raise
        found: Counter[str] = Counter()
        for one in told["found"]:
            found[one["source"]] += one["count"]
        self.rounds.found, self.rounds.failed = found, False
        detail = f"{found['returned']} returned, {found['retention']} due, {found['consent']} withdrawn"
        await self._shared.app.note("swept", detail)

    async def give_up_strays(self) -> None:
        """Give up, when it is time, what CRMs say that no record has, and put on record how much."""
        if not self.stray_rounds.due(time.monotonic()):
            return
        eraser = self._erasers.make()
        for lane in eraser.ports.sites:
            with contextlib.suppress(LychgateError):  # the next time it may be back
                if count := await eraser.strays(lane):
                    await self._shared.app.note("tokens_given_up", f"lane={lane} count={count}")

    async def warn(self) -> None:
        """Look at the law's clocks of all cases that wait for an answer; tell once of each step reached."""
        clocks: Counter[str] = Counter()
        for name in [*self._shared.cases.ids(CLOCKED)]:
            await asyncio.sleep(0)  # there can be thousands, and traffic does not wait for them
            case = self._shared.cases.get(name)
            clocks["open"] += 1
            clocks[clock(case, int(time.time()))] += 1
            reached = warnings(case.rule, moment(case.received), datetime.now(UTC), extended=case.extended)
            if not set(reached) <= set(case.warned) and not self._shared.turns.of(name).locked():
                await self._warn(name, reached)
        clocks["returns"] = len(self._shared.returns.waiting())
        self.clocks.clear()
        self.clocks.update(clocks)

    async def _warn(self, name: str, reached: tuple[int, ...]) -> None:
        async with self._shared.turns.of(name):
            case = self._shared.cases.get(name)
            await self._shared.keep(case.put(warned=reached), "warned", how=f"{reached[-1]}_percent")
        log.warning(
            "erasure %s: %d %% of the time that %s gives is used up; it is due %s", name, reached[-1], case.law,
            case.due.date(),
        )  # fmt: skip

    @property
    def told(self) -> dict[str, str]:
        """What does not keep traffic away and needs somebody."""
        told = {"passed": "past the day on which they are due", "near": "close to it"}
        found = [f"{self.clocks[word]} {text}" for word, text in told.items() if self.clocks[word]]
        clocks = {"erasures": f"cases {', '.join(found)}"} if found else {}
        return clocks | ({"sweep": self.rounds.told} if self.rounds.told else {})

    def watch(self) -> None:
        """Count cases and their clocks among the metrics; once in a process."""
        watch = self._shared.app.metrics.watch
        for name, text, state in GAUGES:
            watch(f"erasure_cases_{name}", text, partial(self.clocks.__getitem__, state))
        for name, text in SWEPT:
            watch(f"erasure_swept_{name}", text, partial(lambda why: self.rounds.found.get(why, 0), name))


async def _again_and_again(act: Callable[[], Awaitable[None]]) -> None:
    """Do something every so often. A store that does not answer is told by /ready; next time it may be back."""
    while True:
        with contextlib.suppress(LychgateError):
            await act()
        await asyncio.sleep(EVERY_SECONDS)

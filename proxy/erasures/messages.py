"""Telling others what they have to be told by now, a few at a time: whoever is slow holds nobody up but itself.

What is due lies in the store, and so does when a message is tried next; nothing is lost with the process. No
case is held while somebody else's server takes its time: what came of an attempt is put into the case as it is
then.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final

from proxy.erasure import Case, NoSuchCase, Notice, Origin, notices
from proxy.erasures.shared import Shared
from proxy.errors import LychgateError

log = logging.getLogger("lychgate")

AT_ONCE: Final = 16
"""Messages under way."""
EACH: Final = 2
"""Messages to one of them under way."""
FAILED: Final = "failed_here"
"""Why a message did not go that we failed on."""
Tried = Notice | tuple[Origin, str] | None
"""What came of an attempt; None of one that was not made, as it is not due any more."""


@dataclass(frozen=True, slots=True)
class _Due:
    """Somebody who is told something of a case."""

    case: str
    to: str


class Messages:
    """Tells recipients of the data, and who sent the request."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._calling: Counter[str] = Counter()
        """How many are being called, by who it is."""
        self._under_way: dict[_Due, asyncio.Task[None]] = {}

    async def begin(self) -> None:
        """Begin to tell who is due, as far as there is room; return without waiting for any of them."""
        while not self._shared.app.ledger.failed and self._begun():
            pass  # with who has enough left out, there may be others

    def _begun(self) -> int:
        """Begin to tell some, and return how many."""
        begun, room = 0, AT_ONCE - self._calling.total()
        busy = [to for to, count in self._calling.items() if count >= EACH]
        limit = room + len(self._under_way)
        for name, to in self._shared.cases.telling(int(time.time()), limit, without=busy) if room else ():
            due = _Due(name, to)
            if due not in self._under_way and self._calling[to] < EACH and begun < room:
                begun += 1
                self._calling[to] += 1
                self._under_way[due] = asyncio.get_running_loop().create_task(self._tell(due))
        return begun

    async def tell(self) -> None:
        """Return once everybody who is due was tried."""
        await self.begin()
        while self._under_way:
            await asyncio.wait(self._under_way.values(), return_when=asyncio.FIRST_COMPLETED)
            await self.begin()

    def stop(self) -> None:
        """Give up what is under way; it is tried again by the next process."""
        for task in self._under_way.values():
            task.cancel()

    async def _tell(self, due: _Due) -> None:
        try:
            with contextlib.suppress(NoSuchCase):
                await self._told(due)
        except LychgateError as error:
            log.warning("erasure %s: what came of a message was not kept: %s", due.case, type(error).__name__)
        finally:
            del self._under_way[due]

    async def _told(self, due: _Due) -> None:
        try:
            tried = await self._tried(self._shared.cases.get(due.case), due, int(time.time()))
        finally:
            self._calling[due.to] -= 1
        async with self._shared.turns.of(due.case):
            await self._keep(self._shared.cases.get(due.case), tried)

    async def _tried(self, case: Case, due: _Due, now: int) -> Tried:
        if notices.due(case).get(due.to, now + 1) > now:
            return None
        notice = next((one for one in case.notices if notices.to(one) == due.to), None)
        messengers = self._shared.messengers
        try:
            if notice is not None:
                return await messengers.tell(case, notice, now)
            return await messengers.replied(case, now)
        except Exception as error:  # noqa: BLE001 - it is tried again later, as whatever else does not arrive
            log.error("erasure %s: a message failed: %s", due.case, type(error).__name__)
            if notice is not None:
                return notices.missed(notice, now, FAILED)
            assert case.origin is not None
            return notices.unanswered(case.origin, now), f"missed {FAILED}"

    async def _keep(self, case: Case, tried: Tried) -> None:
        if tried is None:
            self._shared.cases.keep(case)  # whose row said otherwise: it was an older version's
        elif isinstance(tried, Notice):
            how = "acknowledged" if tried.acknowledged else "sent" if tried.sent else f"missed {tried.why}"
            await self._shared.keep(notices.merged(case, tried), "told", how=f"{how} {tried.recipient}")
        else:
            origin, how = tried
            await self._shared.keep(case.put(origin=origin), "replied", how=how, who=origin.who)

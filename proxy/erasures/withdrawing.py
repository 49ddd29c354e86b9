"""What becomes of a consent that a write through a lane may have withdrawn: the record is looked at, and a case
is opened where policy has one opened. Nothing is lost with a process: what is to be looked at lies in the store
until that is done.
"""

import time
from typing import Final

from proxy.erase import Eraser, Stuck
from proxy.erasure.watched import Watch
from proxy.erasures.consents import look
from proxy.erasures.opening import Opening
from proxy.erasures.ports import Erasers
from proxy.erasures.shared import Shared
from proxy.erasures.sweeping import OPEN
from proxy.errors import LychgateError

AT_ONCE: Final = 100
"""Records that are looked at in one go."""
AGAIN: Final = 60
"""Seconds after which a CRM that did not answer is asked again."""


class Withdrawing:
    """Looks at records in which a consent may be withdrawn."""

    def __init__(self, shared: Shared, erasers: Erasers, opening: Opening) -> None:
        self._shared = shared
        self._erasers = erasers
        self._opening = opening

    async def look(self) -> None:
        """Deal with every record that is to be looked at by now.

        Dying between a case and its row opens no second one: the row is looked at again, and the case is found.
        """
        now, watched = int(time.time()), self._shared.watched
        due = watched.due(now, AT_ONCE)
        eraser, away = self._erasers.make() if due else None, set[str]()
        for row, watch in due.items():
            assert eraser is not None
            lane = watch.spot.lane if watch is not None else ""
            if lane in away:
                watched.later(row, now + AGAIN)
                continue
            try:
                await self._settle(eraser, watch)
            except Stuck:  # it takes its time, and others wait; if it is for this record alone, that one is last
                away.add(lane)
                watched.later(row, now + 2 * AGAIN)
            except LychgateError:  # nobody may agree to a case for now
                watched.later(row, now + AGAIN)
            else:
                watched.drop(row)

    async def _settle(self, eraser: Eraser, watch: Watch | None) -> None:
        """Return once what a record says has been acted upon.

        Raises:
            LychgateError: it cannot be, now.
        """
        note = self._shared.app.note
        if watch is None or not watch.spot.id or watch.spot.lane not in eraser.ports.sites:
            await note("withdrawal_unseen", "a record that was written cannot be looked at; look by a sweep")
            return
        looked = await look(self._shared, eraser, watch.spot)
        if looked is None:  # it is gone, or hidden from us, and nobody can tell which
            where = f"lane={watch.spot.lane} object={watch.spot.object}"
            await note("withdrawal_unseen", f"the CRM shows us no such record; {where}")
            return
        spot, told = looked.spot, looked.told(watch.before)
        where = f"lane={spot.lane} object={spot.object}"
        if told.doubtful:
            await note("withdrawal_doubtful", where)
        if told.rule is None:
            return
        if told.rule.then == "report":
            await note("consent_withdrawn", f"rule={told.rule.id} {where}")
        elif not self._shared.cases.about(spot, OPEN):
            changed = looked.changed(told.rule)
            await self._opening.open_withdrawn(spot, told.rule, watch.at, changed=changed)

"""A look through all people of all CRMs: who is back after an erasure, whose time is over, and who has withdrawn
a consent."""

import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from proxy.erasure import Spot, State
from proxy.erasure.states import ANSWERED, OVER
from proxy.erasures.opening import Opening
from proxy.erasures.ports import Erasers
from proxy.erasures.shared import Asked, Shared
from proxy.ids import new_id
from proxy.policy.erasing import Withdrawal
from proxy.steps import everybody
from proxy.sweeps import Sweep

CLOCKED: Final = frozenset(State) - OVER - ANSWERED
"""Cases whose person waits for an answer."""
OPEN: Final = CLOCKED | {State.LIVE_INCOMPLETE}
"""Cases that may erase their person still."""


class Sweeping:
    """Looks through all people."""

    def __init__(self, shared: Shared, erasers: Erasers, opening: Opening) -> None:
        self._shared = shared
        self._erasers = erasers
        self._opening = opening

    async def sweep(self, asked: Asked) -> dict[str, Any]:
        """Look through all people for those who are back, whose time is over, or who have withdrawn a consent;
        open cases if asked.

        Raises:
            Stuck: a CRM cannot be asked.
        """
        found: dict[tuple[str, Spot], str] = {}
        looked, doubtful = await self._look(found)
        batch = f"batch-{new_id()}"
        opened, already = await self._open(found, batch) if asked.get("open") else ([], 0)
        counts = Counter((source, spot.lane, spot.object, why) for (source, spot), why in found.items())
        return {
            "looked_at": looked,
            "doubtful": doubtful,
            "found": [
                {"source": source, "lane": lane, "object": object_, "why": why, "count": count}
                for (source, lane, object_, why), count in sorted(counts.items())
            ],
            "batch": batch if opened else "",
            "opened": opened,
            "already": already,
        }

    async def _look(self, found: dict[tuple[str, Spot], str]) -> tuple[int, int]:
        """Put what is found where it belongs; return how many records were seen, and how many are doubtful."""
        looked, doubtful, eraser = 0, 0, self._erasers.make()
        regions = {lane.name: lane.region or "" for lane in self._shared.app.config.lanes}
        for lane, site in eraser.ports.sites.items():
            if "all" not in site.book.calls:
                continue
            met = partial(self._shared.tombstones.met, region=regions.get(lane, ""), leaving=False)
            for object_, each in site.book.objects.items():
                if each.person or each.same:
                    sweep = Sweep(self._shared.rules(lane), lane, object_, met, found)
                    looked += await eraser.asked(lane, everybody(site.book, object_, sweep.names(), sweep.look))
                    doubtful += sweep.doubtful
        return looked, doubtful

    async def _open(self, found: Mapping[tuple[str, Spot], str], batch: str) -> tuple[list[str], int]:
        """Open a case for each of those about whom there is none; return them, and how many had one."""
        opened, already, now = [], 0, int(time.time())
        for (source, spot), why in sorted(found.items()):
            rule = self._rule(spot, why) if source == "consent" else None
            if source == "consent" and (rule is None or rule.then == "report"):
                continue
            if self._shared.cases.about(spot, OPEN):
                already += 1
            elif rule is not None:
                opened.append(await self._opening.open_withdrawn(spot, rule, now, batch=batch))
            else:
                opened.append(await self._opening.open_found(source, spot, batch))
        return opened, already

    def _rule(self, spot: Spot, name: str) -> Withdrawal | None:
        """Return the rule by which a consent is withdrawn, None if a reload has taken it away meanwhile."""
        rules = self._shared.rules(spot.lane)
        about = rules.policies.erasing.withdrawn(rules.connector.name, spot.object)
        return next((each for each in about if each.id == name), None)

"""What all parts have: the tables, the turns, how a case is kept and what is told of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from proxy.app import App
from proxy.crypto import derive
from proxy.erase import Turns, put_on_record
from proxy.erasure import Case, Plan
from proxy.erasure.case import IDENTITY
from proxy.erasure.returns import Returns
from proxy.erasure.telling import in_short, whole
from proxy.erasure.tombstones import Tombstones
from proxy.errors import LychgateError
from proxy.exchange import Rules
from proxy.gateways import cases_in, watched_in
from proxy.messengers import Messengers

Asked = Mapping[str, Any]
"""What a command asks: `do`, a word, and what it needs."""


class Shared:
    """What all parts of an installation's erasures have.

    Args:
        app: built; its ledger and store are open.
        root: the key that all others are derived from.
    """

    def __init__(self, app: App, root: bytes) -> None:
        self.app = app
        self.cases = cases_in(app.kept, root)
        self.tombstones = Tombstones(app.kept.store, derive(root, "erasure/tombstones"))
        self.returns = Returns(app.kept.store)
        self.watched = watched_in(app.kept, root)
        self.messengers = Messengers(app.config, derive(root, "erasure/messages"))
        self.turns = Turns()
        self.pressing: set[str] = set()
        """Cases that somebody is about to stop."""
        self.busy: dict[str, asyncio.Task[None]] = {}
        """Cases that this process moves at this moment."""
        self.troubles: dict[str, str] = {}
        """Why a case could not be moved the last time."""

    def rules(self, lane: str) -> Rules:
        """Return what is in force on a lane."""
        return self.app.gateways[lane].rules

    def regions(self, plan: Plan) -> list[str]:
        """Return the countries whose numbers may be written without saying so where a plan's people are."""
        lanes = {spot.lane for spot in plan.people}
        return sorted({lane.region or "" for lane in self.app.config.lanes if lane.name in lanes} | {""})

    async def keep(self, case: Case, what: str, *, who: str = "", how: str = "") -> Case:
        """Return the case once it and an entry about it are durable, the entry first."""
        return await put_on_record(self.app.ledger, self.cases, case, what, who=who, how=how)

    @asynccontextmanager
    async def stopping(self, name: str) -> AsyncIterator[None]:
        """Have a case that is being moved stand still before its first erasing step, and then for a while."""
        self.pressing.add(name)
        try:
            async with self.turns.of(name):
                yield
        finally:
            self.pressing.discard(name)

    def in_short(self, case: Case) -> dict[str, Any]:
        """Return what a list tells of a case."""
        trouble = self.troubles.get(case.id, "")
        return in_short(case, int(time.time()), busy=case.id in self.busy, trouble=trouble)

    def told_of(self, case: Case) -> dict[str, Any]:
        """Return all that people are told of a case."""
        return self.in_short(case) | whole(case)


def identity(asked: Asked) -> str:
    """Return how somebody's identity was checked; "" for not yet.

    Raises:
        LychgateError: in a way that there is no word for.
    """
    said = str(asked.get("identity") or "")
    if said and said not in IDENTITY:
        raise LychgateError(f"write how the identity was checked as one of: {', '.join(IDENTITY)}")
    return said


def because(asked: Asked) -> str:
    """Return the reason that was given; the person may be told it.

    Raises:
        LychgateError: none was.
    """
    found = str(asked.get("because") or "").strip()
    if not found:
        raise LychgateError("say why; the person may be told it")
    return found

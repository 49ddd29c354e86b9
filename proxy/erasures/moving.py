"""How a case is moved on: because somebody asks, or by itself."""

import asyncio
import contextlib
import logging
from typing import Any

from proxy.erase import Eraser
from proxy.erasure import Case, Event, NoSuchCase, State
from proxy.erasure.states import ANSWERED, OVER
from proxy.erasures.opening import Opening
from proxy.erasures.ports import Erasers
from proxy.erasures.shared import Asked, Shared, identity
from proxy.errors import LychgateError
from proxy.ids import new_id
from proxy.steps import TooMany

log = logging.getLogger("lychgate")


class Moving:
    """Moves cases on."""

    def __init__(self, shared: Shared, erasers: Erasers, opening: Opening) -> None:
        self._shared = shared
        self._erasers = erasers
        self._opening = opening

    async def run(self, asked: Asked) -> dict[str, Any]:
        """Drive a case; in the process that runs without waiting for it."""
        name, shared = str(asked["case"]), self._shared
        async with shared.turns.of(name):
            case = shared.cases.get(name)
            if case.state is State.IDENTITY_PENDING and (said := identity(asked)):
                case = await shared.keep(case.put(identity=said).moved(Event.IDENTIFY), "identified")
            if case.state is State.AWAITING_CONFIRMATION and asked["do"] == "plan":
                await self._again(case)
        if asked.get("wait"):
            await self._erasers.make().drive(name)
        elif name not in shared.busy:
            task = shared.busy[name] = asyncio.get_running_loop().create_task(self.drive(name))
            task.add_done_callback(lambda _: shared.busy.pop(name, None))
        return shared.told_of(shared.cases.get(name))

    async def retry(self, asked: Asked) -> dict[str, Any]:
        """Have all steps of a case that waits for somebody done again, and drive it.

        What has come since it was planned is not among them: another case is opened for that.
        """
        name, eraser = str(asked["case"]), self._erasers.make()
        async with self._shared.turns.of(name):
            case = self._shared.cases.get(name)
            if case.state is State.PARTIAL:
                case = await self._followed(case, eraser)
            await eraser.retry(case)
        return await self.run(asked)

    async def _followed(self, case: Case, eraser: Eraser) -> Case:
        """Return the case with one that follows it, if more is there than it has steps for and none does yet."""
        follower = self._follower(case)
        if follower is not None and follower.state not in OVER | ANSWERED:
            return case
        with contextlib.suppress(TooMany):
            if spots := await eraser.fresh(case):
                if follower is not None or not case.followed:
                    case = case.put(followed=new_id())
                    self._shared.cases.keep(case)  # before the other one, so that there is never a second
                await self._opening.open_following(case, spots)
        return case

    def _follower(self, case: Case) -> Case | None:
        with contextlib.suppress(NoSuchCase):
            return self._shared.cases.get(case.followed) if case.followed else None
        return None

    async def _again(self, case: Case) -> Case:
        """Look again, so that what is shown is what is there now."""
        plan = await self._erasers.make().locate(case)
        if case.plan is not None and plan.found == case.plan.found:
            return case
        return await self._shared.keep(case.put(plan=plan, assents=()), "planned")

    async def drive(self, name: str) -> None:
        """Move a case as far as it goes; what stops it is kept for whoever asks."""
        troubles = self._shared.troubles
        try:
            await self._erasers.make().drive(name)
            troubles.pop(name, None)
        except LychgateError as error:
            troubles[name] = str(error)
        except Exception as error:  # noqa: BLE001 - one case must not keep the others from being moved
            log.error("erasure %s failed: %s", name, type(error).__name__)
            troubles[name] = f"Lychgate failed on it ({type(error).__name__}); the other cases go on"

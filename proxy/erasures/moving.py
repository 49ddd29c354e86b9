"""How a case is moved on: because somebody asks, or by itself."""

import asyncio
import logging
from typing import Any

from proxy.erasure import Case, Event, State
from proxy.erasures.ports import Erasers
from proxy.erasures.shared import Asked, Shared, identity
from proxy.errors import LychgateError

log = logging.getLogger("lychgate")


class Moving:
    """Moves cases on."""

    def __init__(self, shared: Shared, erasers: Erasers) -> None:
        self._shared = shared
        self._erasers = erasers

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
        """Have all steps of a case that waits for somebody done again, and drive it."""
        name = str(asked["case"])
        async with self._shared.turns.of(name):
            await self._erasers.make().retry(self._shared.cases.get(name))
        return await self.run(asked)

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

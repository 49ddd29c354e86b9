"""What is said once somebody is erased: that a recipient knows it, that the person may be stored again."""

import time
from typing import Any

import msgspec

from proxy.erase import let_in
from proxy.erasure import notices
from proxy.erasure.cases import no_case
from proxy.erasure.states import State
from proxy.erasures.shared import Asked, Shared
from proxy.erasures.shutting import Shutting
from proxy.errors import LychgateError
from proxy.model import Erasure


class Afterwards:
    """Writes down what happens after an erasure."""

    def __init__(self, shared: Shared, shuts: Shutting) -> None:
        self._shared = shared
        self._shuts = shuts

    async def told(self, asked: Asked) -> dict[str, Any]:
        """Write down that a recipient acknowledges."""
        name, now = str(asked["case"]), int(time.time())
        async with self._shared.turns.of(name):
            case = self._shared.cases.get(name)
            found = next((one for one in case.notices if one.recipient == asked["recipient"]), None)
            if found is None:
                raise LychgateError(f"{asked['recipient']!r} is not among those who are to be told")
            changed = msgspec.structs.replace(
                found, acknowledged=now, note=str(asked.get("note") or ""), again=0
            )
            return self._shared.told_of(await self._shared.keep(notices.put(case, changed), "acknowledged"))

    async def allow(self, asked: Asked) -> dict[str, Any]:
        """Let somebody who was erased be stored again, on a basis that is put on record first."""
        name, basis, cases = str(asked["case"]), str(asked["basis"]).strip(), self._shared.cases
        if not basis:
            raise LychgateError("say on which lawful basis")
        async with self._shared.turns.of(name):
            case = cases.get(name)
            if not case.erased:
                raise LychgateError("nobody was erased by this case, so nobody is kept away by it")
            await self._noted(name, "allowed_again", how="basis_recorded")
            cases.keep(let_in(case, basis))  # a later check does not take them for what is left
            if case.state is State.FINAL_INCOMPLETE:  # nothing moves it any more
                await self._shuts.reopen(case)
        self._shared.returns.drop(name)
        return {"case": name, "values": self._shared.tombstones.allow(name, basis)}

    async def returned(self, asked: Asked) -> dict[str, Any]:
        """Tell of erased people who would have been stored again; or take a case's lines off the list."""
        if name := str(asked.get("dismiss") or ""):
            if not self._shared.returns.drop(name):
                raise no_case(name)
            await self._noted(name, "return_dismissed")
        return {"returns": self._shared.returns.waiting()}

    async def _noted(self, case: str, what: str, *, how: str = "") -> None:
        await self._shared.app.ledger.append(Erasure(case, "", what=what, how=how))

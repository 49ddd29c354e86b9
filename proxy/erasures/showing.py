"""What is there to be seen: cases, and their certificates."""

import asyncio
import base64
from typing import Any

from proxy.app import CHECKPOINTS
from proxy.certificates import bundle
from proxy.erasure.certificate import superseded
from proxy.erasure.states import words
from proxy.erasures.shared import Asked, Shared
from proxy.errors import LychgateError


class Showing:
    """Shows cases; changes nothing."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def list(self, asked: Asked) -> dict[str, Any]:
        """Tell of all cases, or of one person's (`by`); in parts where somebody asks for `limit` and `after`."""
        by, after, cases = asked.get("by"), str(asked.get("after") or ""), self._shared.cases
        limit = int(asked.get("limit") or 0) or None
        most = None if limit is None else limit + 1
        ids = cases.ids(after=after, limit=most) if by is None else cases.of(str(by), after=after, limit=most)
        found = [*ids]
        shown = found[:limit]
        return {
            "cases": [self._shared.in_short(cases.get(name)) for name in shown],
            "next": shown[-1] if len(found) > len(shown) else "",
        }

    async def show(self, asked: Asked) -> dict[str, Any]:
        """Tell all of one case."""
        return self._shared.told_of(self._shared.cases.get(str(asked["case"])))

    async def certificate(self, asked: Asked) -> dict[str, Any]:
        """Return a case's certificate with its proof, the newest edition or the one that is named.

        What has become of the case since it was signed stands in all three, and in `superseded`.
        """
        case, edition = self._shared.cases.get(str(asked["case"])), str(asked.get("edition") or "")
        issued = [one for one in case.issued if edition in {"", one.edition}]
        if not issued:
            raise LychgateError(f"case {case.id} has no such certificate yet; it is {words(case.state)}")
        one, app = issued[-1], self._shared.app
        state, notice = app.config.state, superseded(case, one.edition)
        note = await asyncio.to_thread(app.notary.step)
        made = await asyncio.to_thread(
            bundle, state / "ledger", state / CHECKPOINTS, note, {"text": one.text, "seq": one.seq},
            superseded=notice,
        )  # fmt: skip
        return {
            "case": case.id, "edition": one.edition, "superseded": notice, "json": made.file, "html": made.page,
            "pdf": base64.b64encode(made.pdf).decode(),
        }  # fmt: skip

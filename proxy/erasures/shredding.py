"""How what of a person lies with us is destroyed: keys, tokens, index rows; that it is remembered; and whether
it is so in every process."""

import asyncio
import time
from collections import Counter

from proxy.erasure import Case, Finding, Plan, Spot
from proxy.erasure.case import Verdict
from proxy.erasures.shared import Shared
from proxy.erasures.shutting import Shutting
from proxy.errors import Unavailable
from proxy.ids import same_form
from proxy.vault import canaries
from proxy.vault.destroy import destroy
from proxy.vault.rows import Place


class Shredding:
    """Destroys what lies with us; see `proxy.erase.Shreds`."""

    def __init__(self, shared: Shared, shuts: Shutting) -> None:
        self._shared = shared
        self._shuts = shuts

    async def canaries(self, case: Case) -> tuple[str, ...]:
        """Return one for each key that goes; see `Shreds.canaries`."""
        assert case.plan is not None
        kept, plan = self._shared.app.kept, case.plan
        places, staying = self._places(plan), self._staying(plan)
        return await asyncio.to_thread(canaries.make, kept.store, kept.keys, places, staying, made=case.canaries)

    async def probe(self, case: Case) -> tuple[Finding, ...]:
        """Ask every process of this host that serves, this one too; see `Shreds.probe`."""
        if not case.canaries:
            return ()
        app = self._shared.app
        try:
            said: list[bool | None] = [await asyncio.to_thread(canaries.opens, app.kept.keys, case.canaries)]
        except Unavailable:
            said = [None]
        counts = Counter([*said, *await app.others_open(case.canaries)])
        words: dict[bool | None, tuple[Verdict, str]] = {
            False: ("erased", ""), True: ("residue", "opens"), None: ("unverifiable", "no_answer")
        }  # fmt: skip
        return tuple(
            Finding("", "keys", verdict, "canary", counts[opens], why=why)
            for opens, (verdict, why) in words.items()
            if counts[opens]
        )

    async def shred(self, case: Case) -> tuple[Finding, ...]:
        """Remember whom nobody may put back, then destroy what lies with us; see `Shreds.shred`."""
        assert case.plan is not None
        now, known = int(time.time()), case.plan.known
        spots = [*case.plan.people, *case.plan.related, *(step.spot for step in case.plan.steps)]
        await asyncio.to_thread(self._shared.tombstones.note, {spot.lane for spot in spots}, now)
        regions = self._shared.regions(case.plan)
        await asyncio.to_thread(self._shared.tombstones.put, case.id, known, now, regions=regions)
        findings = await asyncio.to_thread(self._destroyed, case)
        await self._shuts.tell_all()
        return findings

    def _destroyed(self, case: Case) -> tuple[Finding, ...]:
        """Return what is left of sealed values once their keys are gone, and then their rows."""
        assert case.plan is not None
        kept, plan = self._shared.app.kept, case.plan
        before = canaries.key_ids(case.canaries)
        gone = destroy(kept.store, kept.keys, self._places(plan), self._staying(plan), also=before)
        verdict: Verdict = "residue" if gone.alive else "erased"
        findings = (
            Finding("", "sealed values", "erased", "row", gone.values),
            Finding("", "keys", verdict, "key", gone.keys),
        )
        staying = Finding("", "sealed values", "kept", "row", gone.staying, why="held")
        return (*findings, staying) if gone.staying else findings

    def _staying(self, plan: Plan) -> dict[Place, frozenset[str]]:
        """Return which fields of which records stay, none named where the record as a whole does."""
        found: dict[Place, frozenset[str]] = {}
        for one in plan.kept:
            place = self._place(Spot(one.lane, one.object, one.id))
            whole = not one.fields or found.get(place) == frozenset()
            found[place] = frozenset() if whole else found.get(place, frozenset()) | {*one.fields}
        return found

    def _places(self, plan: Plan) -> list[Place]:
        return [self._place(spot) for spot in [*plan.people, *plan.related]]

    def _place(self, spot: Spot) -> Place:
        return Place(self._shared.rules(spot.lane).place, spot.object, same_form(spot.id))

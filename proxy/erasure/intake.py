"""Opens the cases of deletes that were intercepted, in whichever process that happens."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from proxy.erasure.case import Case, Terms
from proxy.erasure.cases import StoreCases
from proxy.erasure.plan import Spot
from proxy.erasure.states import INCOMPLETE, OVER, WAITING, State
from proxy.ids import same_form
from proxy.model import Credential, Entry, Erasure

AGAIN_SECONDS: Final = 3600
"""For so long after a case was opened the same delete finds it, though it is done."""


class Rule(Protocol):
    """What policy says of the delete."""

    @property
    def id(self) -> str:
        """Of the rule."""

    @property
    def then(self) -> str:
        """`case` or `convert`."""

    @property
    def ground(self) -> str:
        """In the law's words."""


class Writes(Protocol):
    """Makes entries durable."""

    async def append(self, entry: Entry) -> int:
        """Return the entry's number once it is."""


class Intake:
    """Opens cases.

    Args:
        cases: where they are kept.
        ledger: where it is said first.
        new_id: makes ids.
        clock: seconds since the epoch.
        terms: who has to agree to a case of this lane; None: policy has not said, and nobody can.
    """

    def __init__(
        self,
        cases: StoreCases,
        ledger: Writes,
        new_id: Callable[[], str],
        clock: Callable[[], float],
        *,
        terms: Callable[[str], Terms | None],
    ) -> None:
        self._cases = cases
        self._ledger = ledger
        self._new_id = new_id
        self._clock = clock
        self._terms = terms
        self._turn = asyncio.Lock()

    async def open(
        self, lane: str, records: Sequence[tuple[str, str]], by: Credential, rule: Rule, law: str
    ) -> list[str]:
        """Return one case for each record; see `Opens.open`."""
        async with self._turn:  # so that, but for other processes, nobody is between the look and the case
            return [await self._one(Spot(lane, *each), by, rule, law) for each in dict.fromkeys(records)]

    async def _one(self, spot: Spot, by: Credential, rule: Rule, law: str) -> str:
        """Return the case of a record: the one that is under way, else a new one."""
        record = f"{spot.lane}\n{spot.object}\n{same_form(spot.id)}"
        before = self._cases.of_record(record)
        if before is not None and self._goes_on(before):
            return await self._again(before, spot.lane, by, rule)
        terms = self._terms(spot.lane) or Terms(approvers=99, rule="nobody_may_agree")
        if rule.then == "convert":
            terms = Terms(approvers=0, rule=rule.id)
        case = Case(
            self._new_id(), State.VERIFIED, int(self._clock()), law, rule.ground, by.who, (spot,),
            source="intercepted", asker=by, identity="not_needed", terms=terms,
        )  # fmt: skip
        await self._ledger.append(Erasure(case.id, spot.lane, what="opened", how=rule.then, who=by.who))
        kept = self._cases.keep_first(case, record, before)
        if kept == case.id:
            return kept
        await self._ledger.append(Erasure(case.id, spot.lane, what="dropped", how="duplicate"))
        return await self._again(kept, spot.lane, by, rule)

    async def _again(self, case: str, lane: str, by: Credential, rule: Rule) -> str:
        """Put on record that what a case is about was asked for again."""
        await self._ledger.append(Erasure(case, lane, what="asked_again", how=rule.then, who=by.who))
        return case

    def _goes_on(self, name: str) -> bool:
        """Say whether a case answers for a delete of its record: one that is done only for a while.

        Whoever lost our answer sends the same again; later on, a record that is there has come back.
        """
        case = self._cases.get(name)
        if case.state is State.LIVE_COMPLETE:
            return self._clock() - case.received < AGAIN_SECONDS
        return case.state not in OVER

    async def done(self, case: str) -> bool | None:
        """Say how a case has ended; see `Opens.done`."""
        state = self._cases.get(case).state
        if state in {State.LIVE_COMPLETE, State.FINAL}:
            return True
        return (
            False
            if state in (WAITING - {State.VERIFIED}) | INCOMPLETE | {State.FAILED, State.PARTIAL, State.DENIED}
            else None
        )

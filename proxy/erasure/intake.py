"""Opens the cases of deletes that were intercepted, in whichever process that happens."""

from collections.abc import Callable, Sequence
from typing import Protocol

from proxy.erasure.case import Case, Terms
from proxy.erasure.cases import StoreCases
from proxy.erasure.plan import Spot
from proxy.erasure.states import WAITING, State
from proxy.model import Entry, Erasure


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

    async def open(
        self, lane: str, records: Sequence[tuple[str, str]], by: str, rule: Rule, law: str
    ) -> list[str]:
        """Return one case for each record; see `Opens.open`."""
        opened = []
        for object_, record in dict.fromkeys(records):
            terms = self._terms(lane) or Terms(approvers=99, rule="nobody_may_agree")
            if rule.then == "convert":
                terms = Terms(approvers=0, rule=rule.id)
            case = Case(
                self._new_id(), State.VERIFIED, int(self._clock()), law, rule.ground, by,
                (Spot(lane, object_, record),), source="intercepted", identity="not_needed", terms=terms,
            )  # fmt: skip
            await self._ledger.append(Erasure(case.id, lane, what="opened", how=rule.then, who=by))
            self._cases.keep(case)
            opened.append(case.id)
        return opened

    async def done(self, case: str) -> bool | None:
        """Say how a case has ended; see `Opens.done`."""
        state = self._cases.get(case).state
        if state in {State.LIVE_COMPLETE, State.FINAL}:
            return True
        return (
            False
            if state in (WAITING - {State.VERIFIED}) | {State.FAILED, State.PARTIAL, State.DENIED}
            else None
        )

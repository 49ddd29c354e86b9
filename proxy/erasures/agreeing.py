"""How people agree to what is planned: case by case, or to all cases of one sweep at once."""

import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

from proxy.erase import rechecks
from proxy.erasure import Assent, Case, Terms
from proxy.erasure.assent import NotAgreed, agree, counted, leave, valid
from proxy.erasure.batch import together
from proxy.erasure.plan import SHORT
from proxy.erasure.states import ANSWERED
from proxy.erasures import policies
from proxy.erasures.shared import Asked, Shared, because
from proxy.errors import LychgateError
from proxy.message import Request
from proxy.model import Principal
from proxy.policy.erasing import Consent


class Agreeing:
    """Has people agree."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def confirm(self, asked: Asked, shown: Request) -> dict[str, Any]:
        """Note that whoever shows a credential agrees to what they typed the hash of."""
        consent = policies.consent(self._shared.app)
        who = policies.agreeing(self._shared.app, shown, consent)
        if batch := str(asked.get("batch") or ""):
            pairs = together(self._of(batch)).agreed(str(asked["typed"][0]))
        else:
            pairs = tuple(zip(map(str, asked["cases"]), map(str, asked["typed"]), strict=True))
        others = self._agreed_to(self._shared.app.pseudonyms.of("principal", who.id), policies.many(consent))
        quorum = policies.quorum(consent, len(others.union(name for name, _ in pairs)))
        refused: dict[str, NotAgreed] = {}
        for name, typed in pairs:
            try:
                await self._agreed(name, typed, who, quorum, consent)
            except NotAgreed as error:
                if not batch:
                    raise
                refused[name] = error  # its plan has changed this moment; the others are as they were agreed to
        if refused and len(refused) == len(pairs):
            raise next(iter(refused.values()))
        return {
            "cases": [self._shared.in_short(self._shared.cases.get(name)) for name, _ in pairs],
            "refused": [{"case": name, "why": str(error)} for name, error in refused.items()],
        }

    async def accept(self, asked: Asked, shown: Request) -> dict[str, Any]:
        """Note that whoever shows a credential leaves a case at what CRMs refuse, and says why."""
        app = self._shared.app
        consent = policies.consent(app)
        who = policies.agreeing(app, shown, consent)
        name, said = str(asked["case"]), because(asked)
        by = app.pseudonyms.credential(who)
        roles = tuple(sorted(who.roles & consent.roles))
        assent = Assent(by.who, who.via, int(time.time()), "", by.client, by.subject, said, roles)
        async with self._shared.turns.of(name):
            case = self._shared.cases.get(name)
            standing = tuple(filter(partial(policies.still_agrees, app), case.leaving))
            case = leave(case.put(leaving=standing), assent, str(asked["typed"]))
            if case.state in ANSWERED:
                # what was seen may be long ago
                case = case.put(checks=(assent.at, *rechecks(assent.at, case)))
            return self._shared.told_of(await self._shared.keep(case, "left_incomplete", who=by.who))

    async def batch(self, asked: Asked) -> dict[str, Any]:
        """Tell what the cases of one look come to together, and what is typed to agree to them."""
        batch = str(asked["batch"])
        all_ = together(self._of(batch))
        if not all_.cases:
            raise LychgateError(f"there is no batch {batch!r}; `lychgate erasure sweep --open` makes one")
        consent = policies.consent(self._shared.app)
        return {
            "batch": batch, "cases": [*all_.cases], "states": dict(all_.states), "to_confirm": len(all_.plans),
            "people_needed": max(consent.people, policies.quorum(consent, len(all_.plans))),
            "hash": all_.hash, "short": all_.hash[:SHORT], "summary": [*all_.summary],
        }  # fmt: skip

    def _of(self, batch: str) -> Iterator[Case]:
        return map(self._shared.cases.get, self._shared.cases.of_batch(batch))

    def _agreed_to(self, who: str, many: int) -> set[str]:
        """Return the cases in which somebody's agreement stands and nothing has been begun, `many` at most.

        They count as agreed to in one go: many erasures are many, in however many slices.
        """
        cases, now = self._shared.cases, int(time.time())
        standing = (
            name for name in cases.agreed_by(who) if any(each.who == who for each in valid(cases.get(name), now))
        )
        return set(islice(standing, many))

    async def _agreed(self, name: str, typed: str, who: Principal, quorum: int, said: Consent) -> None:
        """Note that somebody agrees to one case; `quorum` people have to, if its own terms do not say more."""
        shown = self._shared.app.pseudonyms.credential(who)
        async with self._shared.turns.of(name):
            case = self._shared.cases.get(name)
            if quorum > case.terms.approvers:
                case = case.put(terms=_with_people(case.terms, quorum))
            agreed = agree(
                counted(case, partial(policies.still_agrees, self._shared.app)), shown.who, who.via, typed,
                int(time.time()), client=shown.client, subject=shown.subject,
                roles=tuple(sorted(who.roles & said.roles)),
            )  # fmt: skip
            await self._shared.keep(agreed, "agreed", who=shown.who)


def _with_people(terms: Terms, people: int) -> Terms:
    return Terms(people, terms.cooling_seconds, terms.valid_seconds, terms.rule)

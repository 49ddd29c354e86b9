"""What people say of a case before its first erasing step: that it is held, excepted, denied, revoked; and that
it takes longer, or that a hold is over."""

import secrets
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from proxy.erasure import Case, Event, Exempt, Hold, State
from proxy.erasure.case import HOLD
from proxy.erasure.states import OVER, TABLE, words
from proxy.erasure.weighing import denied, excepted, extended, refuse_begun
from proxy.erasures import policies
from proxy.erasures.ports import Erasers
from proxy.erasures.shared import Asked, Shared, because
from proxy.erasures.shutting import Shutting
from proxy.errors import LychgateError


class Stopping:
    """Stops cases, or parts of them."""

    def __init__(self, shared: Shared, shuts: Shutting, erasers: Erasers) -> None:
        self._shared = shared
        self._shuts = shuts
        self._erasers = erasers

    async def hold(self, asked: Asked) -> dict[str, Any]:
        """Keep data whatever was asked: all of the person's, or some categories, in every case.

        Raises:
            LychgateError: a case about them has begun to erase, or a category is none that data have.
        """
        hold = Hold(
            f"{HOLD}{secrets.token_hex(4)}", str(asked["because"]), str(asked.get("owner") or "operator"),
            int(time.time()), policies.categories(self._shared.app, asked.get("categories", ())),
        )  # fmt: skip
        name, cases = str(asked["case"]), self._shared.cases
        others = [other.id for other in self._erasers.persons.others(self._may_hold(name, hold))]
        async with AsyncExitStack() as all_:
            for each in sorted({name, *others}):
                await all_.enter_async_context(self._shared.stopping(each))
            self._may_hold(name, hold)  # one may have begun before its turn came
            case = await self._stopped(_held(cases.get(name), hold), "held")
            for other in others if not hold.categories else ():
                await self._held_too(cases.get(other), hold)
        return self._shared.told_of(case)

    def _may_hold(self, name: str, hold: Hold) -> Case:
        """Return a case on which a hold can be put and kept.

        Raises:
            LychgateError: it has begun, or another case about the same person has.
        """
        case = self._shared.cases.get(name)
        _held(case, hold)
        if (other := self._erasers.persons.begun(case)) is not None:
            raise LychgateError(
                f"case {other.id} is about the same person and {words(other.state)}: its erasure has begun, so "
                "this hold could not be kept; what is left can be held in the CRM only"
            )
        return case

    async def _held_too(self, case: Case, hold: Hold) -> None:
        """Have a case stand still that a hold on another case about the person is against, too."""
        if case.state is State.HELD or Event.HOLD not in TABLE[case.state]:
            return
        if case.plan is not None:
            await self._shuts.reopen(case)
        await self._shared.keep(_stands(case.put(assents=()), hold), "held")

    async def except_(self, asked: Asked) -> dict[str, Any]:
        """Apply an exception of the law, to the whole case or to some categories of the data."""
        exempt = Exempt(
            f"except-{secrets.token_hex(4)}", str(asked["word"]), because(asked),
            str(asked.get("owner") or "operator"), int(time.time()),
            policies.categories(self._shared.app, asked.get("categories", ())),
        )  # fmt: skip
        what = "excepted" if exempt.categories else "denied"
        return await self._stop(asked, lambda case: excepted(_not_begun(case), exempt), what)

    async def unexcept(self, asked: Asked) -> dict[str, Any]:
        """Take an exception back."""
        name = asked["exception"]
        return await self._stop(asked, lambda case: _excepted_no_more(case, name), "excepted_no_more")

    async def deny(self, asked: Asked) -> dict[str, Any]:
        """Deny a case with a reason that can stand in a letter."""
        why, said = str(asked["why"]), because(asked)
        return await self._stop(asked, lambda case: denied(_not_begun(case), why, said), "denied")

    async def revoke(self, asked: Asked) -> dict[str, Any]:
        """Give a case up, at no cost."""
        said = str(asked.get("because") or "revoked")
        return await self._stop(asked, lambda case: case.moved(Event.REVOKE, reason=said), "revoked")

    async def _stop(self, asked: Asked, change: Callable[[Case], Case], what: str) -> dict[str, Any]:
        """Change a case of which nothing is erased yet; whoever was restricted for it is read again.

        If it goes on, it does so with a plan that people have to agree to anew.
        """
        name, cases = str(asked["case"]), self._shared.cases
        change(cases.get(name))  # says no sooner than its turn comes
        async with self._shared.stopping(name):
            return self._shared.told_of(await self._stopped(change(cases.get(name)), what))

    async def _stopped(self, case: Case, what: str) -> Case:
        """Return a case that was stopped once that is durable, and nobody is kept from its person."""
        case = await self._anew(case)
        if case.plan is not None:
            await self._shuts.reopen(case)
        return await self._shared.keep(case, what)

    async def _anew(self, case: Case) -> Case:
        """Return the case with its plan, if it had one, made again for people to agree to."""
        if case.plan is None or Event.DRIFT not in TABLE[case.state]:
            return case
        return case.moved(Event.DRIFT).put(plan=await self._erasers.make().locate(case))

    async def unhold(self, asked: Asked) -> dict[str, Any]:
        """Lift a hold, from all cases of the person that it stood against."""
        turns, cases = self._shared.turns, self._shared.cases
        async with turns.of(str(asked["case"])):
            case = await self._unheld(asked)
        for name in [*cases.ids(frozenset({State.HELD}))]:
            async with turns.of(name):
                other = cases.get(name)
                if other.state is State.HELD and all(hold.categories for hold in other.holds):
                    # what was lifted may have stood for this one too; if not, its next step finds that out
                    await self._shared.keep(other.moved(Event.RELEASE), "unheld")
        return self._shared.told_of(case)

    async def _unheld(self, asked: Asked) -> Case:
        case = self._shared.cases.get(str(asked["case"]))
        left = tuple(hold for hold in case.holds if hold.id != asked["hold"])
        if left == case.holds:
            raise LychgateError(f"no hold {asked['hold']!r} stands against this case")
        case = case.put(holds=left, people=case.people if left or case.state not in OVER else ())
        if case.state is State.HELD and not any(not hold.categories for hold in left):
            case = case.moved(Event.RELEASE)
        return await self._shared.keep(case, "unheld")

    async def extend(self, asked: Asked) -> dict[str, Any]:
        """Use the law's longer period; the person has to be told in the first one."""
        said, name = because(asked), str(asked["case"])
        async with self._shared.turns.of(name):
            case = extended(self._shared.cases.get(name), said, int(time.time()))
            return self._shared.told_of(await self._shared.keep(case, "extended"))


def _not_begun(case: Case) -> Case:
    refuse_begun(case)
    return case


def _held(case: Case, hold: Hold) -> Case:
    refuse_begun(case)
    case = case.put(holds=(*case.holds, hold), assents=())
    if not hold.categories and Event.HOLD in TABLE[case.state]:
        return _stands(case, hold)
    return case


def _stands(case: Case, hold: Hold) -> Case:
    return case.moved(Event.HOLD, reason=f"a legal hold stands against it: {hold.because}")


def _excepted_no_more(case: Case, name: str) -> Case:
    refuse_begun(case)
    left = tuple(one for one in case.exempt if one.id != name)
    if left == case.exempt:
        raise LychgateError(f"no exception {name!r} stands against this case")
    return case.put(exempt=left, assents=())

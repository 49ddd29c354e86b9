"""How a case begins: somebody asks for it here, a request from elsewhere brings it, a sweep finds its person."""

import contextlib
import hashlib
import hmac
import time
from typing import Any

from proxy.erasure import Case, Event, Known, NoSuchCase, Origin, Spot, State, Withdrawn, normal
from proxy.erasure.law import LAWS
from proxy.erasures import policies
from proxy.erasures.shared import Asked, Shared, identity
from proxy.errors import LychgateError
from proxy.ids import new_id
from proxy.model import Credential, Principal
from proxy.policy.erasing import Withdrawal
from proxy.steps.locating import STRONG


class Opening:
    """Opens cases.

    Args:
        shared: what all parts have.
        key: of this use alone; names requests from elsewhere.
    """

    def __init__(self, shared: Shared, key: bytes) -> None:
        self._shared = shared
        self._key = key

    async def open(self, asked: Asked) -> dict[str, Any]:
        """Open a case about who is named by records or values; a request that had one before has the same."""
        case = _asked_by(self._asked_for(asked), self._shown(asked))
        origin = asked.get("origin")
        if isinstance(origin, Origin):
            case = case.put(origin=origin)
            if origin.request:
                case = case.put(id=self._claimed(origin, case))
        async with self._shared.turns.of(case.id):
            with contextlib.suppress(NoSuchCase):
                return self._shared.told_of(self._shared.cases.get(case.id))  # it was asked for before
            return self._shared.told_of(await self._opened(case, identity(asked)))

    def _shown(self, asked: Asked) -> Credential | None:
        """Return whose credential asks, None if none is shown.

        Raises:
            LychgateError: it is nobody's.
        """
        app, who = self._shared.app, asked.get("principal")
        if who is None and asked.get("key"):
            who = policies.somebody(app, policies.showing(asked))
        return app.pseudonyms.credential(who) if isinstance(who, Principal) else None

    def _asked_for(self, asked: Asked) -> Case:
        """Return the new case, checked as far as that goes without a CRM."""
        own = policies.erasing_law(self._shared.app)
        law = str(asked.get("law") or own)
        if law in LAWS and asked.get("source") == "request" and not LAWS[own].erases:
            law = own  # whoever sends a request does not choose a law under which it would be granted
        if law not in LAWS:
            raise LychgateError(f"no law is called {law!r}; there are: {', '.join(LAWS)}")
        rule, ground = LAWS[law], str(asked.get("ground") or "")
        people = tuple(self._spot(text) for text in asked.get("records", ()))
        values = tuple(Known(str(kind), str(value)) for kind, value in asked.get("values", ()))
        if not people and not values:
            raise LychgateError("name a record (lane/object/id) or a value (--email ...) of the person")
        if any(not normal.key(one.kind, one.value) for one in values):
            raise LychgateError("a value is too short to be anybody's, or of another form than its kind has")
        if rule.erases and ground not in rule.grounds:
            raise LychgateError(f"{law} has no ground {ground!r}; it has: {', '.join(rule.grounds)}")
        return Case(
            new_id(), State.RECEIVED, int(time.time()), law, ground, str(asked.get("by") or "operator"), people,
            values, source=str(asked.get("source") or "operator"), terms=policies.terms(self._shared.app),
        )  # fmt: skip

    async def _opened(self, case: Case, identity_: str) -> Case:
        who = case.by if case.by != "operator" else ""
        keep = self._shared.keep
        await keep(case, "opened", who=who)
        if not case.rule.erases:
            return await keep(case.moved(Event.DENY, reason=case.rule.why_not), "denied")
        if not identity_:
            return await keep(case.moved(Event.ASK_IDENTITY), "opened")
        return await keep(case.put(identity=identity_).moved(Event.IDENTIFY), "identified")

    async def open_found(self, source: str, spot: Spot, batch: str) -> str:
        """Open a case about a record that a sweep has found; people have to agree to it as to any other."""
        app = self._shared.app
        law = policies.erasing_law(app)
        ground = next(iter(LAWS[law].grounds), "")
        case = Case(
            new_id(), State.VERIFIED, int(time.time()), law, ground, "operator", (spot,), source=source,
            batch=batch, identity="not_needed", terms=policies.terms(app),
        )  # fmt: skip
        return (await self._shared.keep(case, "opened")).id

    async def open_withdrawn(
        self, spot: Spot, rule: Withdrawal, since: int, *, batch: str = "", changed: bool = False
    ) -> str:
        """Open a case about somebody who has withdrawn a consent; people have to agree to it as to any other.

        Args:
            spot: the record in which it was.
            rule: by which a case follows.
            since: when it was seen, in seconds since the epoch: the law's clock starts then.
            batch: of which look through the CRMs it is; "": of none.
            changed: it was seen to go from the record, which does not say so itself.
        """
        law = self._shared.rules(spot.lane).policies.erasing.law
        case = Case(
            new_id(), State.VERIFIED, since, law, rule.ground, "operator", (spot,), source="consent",
            withdrawn=Withdrawn(rule.id, changed), batch=batch, identity="not_needed",
            terms=policies.terms(self._shared.app),
        )  # fmt: skip
        return (await self._shared.keep(case, "opened", how="consent_withdrawn")).id

    async def open_following(self, case: Case, spots: tuple[Spot, ...]) -> str:
        """Open a case about what another one has no steps for; it is the same request, and people agree anew.

        Called again after dying on the way, it opens none beside it.
        """
        assert case.plan is not None
        known = (one for one in case.plan.known if one.kind in STRONG)
        follower = Case(
            case.followed, State.VERIFIED, case.received, case.law, case.ground, case.by, spots,
            tuple(dict.fromkeys((*case.values, *known))), source="residue", follows=case.id, asker=case.asker,
            identity=case.identity, terms=policies.terms(self._shared.app), extended=case.extended,
            extension=case.extension, warned=case.warned,
        )  # fmt: skip
        return (await self._shared.keep(follower, "opened")).id

    def once(self, *said: str) -> bool:
        """Say whether this is the first time that something is said; durable."""
        return self._shared.cases.once(self._digest("once", *said))

    def _claimed(self, origin: Origin, case: Case) -> str:
        """Return the id of the case of a request from elsewhere: a new one's, or the one that it had before."""
        request = (origin.shape, origin.who, origin.request)
        named = sorted([*map(str, case.people), *(f"{one.kind} {one.value}" for one in case.values)])
        return self._shared.cases.claim(self._digest(*request), self._digest(*request, *named), case.id)

    def _digest(self, *said: str) -> bytes:
        return hmac.digest(self._key, "\0".join(said).encode("utf-8", "surrogatepass"), hashlib.sha256)

    def _spot(self, text: str) -> Spot:
        lane, _, rest = text.partition("/")
        object_, _, record = rest.partition("/")
        gateways = self._shared.app.gateways
        if lane not in gateways or not record:
            raise LychgateError(f"a record is lane/object/id, and the lanes are: {', '.join(gateways)}")
        book = self._shared.rules(lane).connector.book
        if book is None or object_ not in book.objects:
            known = ", ".join(book.objects) if book is not None else "none"
            raise LychgateError(f"the playbook of {lane} knows no such object; it knows: {known}")
        return Spot(lane, object_, record)


def _asked_by(case: Case, who: Credential | None) -> Case:
    return case if who is None else case.put(by=who.who, asker=who)

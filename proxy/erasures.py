"""The erasures of one installation: opened, agreed to, driven, certified. Wiring, between commands and
`proxy.erase`.

`Erasures.do` takes what a command asks as plain data and returns plain data, so that it is the same whether the
process that runs does it (over its control socket) or a command does it alone.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import logging
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import msgspec

from proxy import __version__
from proxy.app import CHECKPOINTS, KEY_FILE, App, load_credential, new_id, note_keys
from proxy.certificates import bundle
from proxy.connectors.facts import facts_of
from proxy.connectors.playbook import Found
from proxy.crypto import Sealer, derive, read_key
from proxy.erase import Eraser, Ports, Site, Turns
from proxy.erasure import (
    Case,
    Exempt,
    Finding,
    Hold,
    Known,
    NoSuchCase,
    Notice,
    Origin,
    Spot,
    State,
    StoreCases,
    Terms,
    normal,
    notices,
)
from proxy.erasure import certificate as certificates
from proxy.erasure.assent import BULK, NotAgreed, agree
from proxy.erasure.batch import together
from proxy.erasure.case import HOLD, IDENTITY, Verdict, moment
from proxy.erasure.cases import no_case
from proxy.erasure.foreign import word
from proxy.erasure.law import LAWS, warnings
from proxy.erasure.plan import SHORT, Plan
from proxy.erasure.returns import Returns
from proxy.erasure.shut import Shut
from proxy.erasure.states import OVER, RUNNING, TABLE, Event, words
from proxy.erasure.telling import in_short, whole
from proxy.erasure.tombstones import Tombstones
from proxy.erasure.weighing import clock, denied, excepted, extended, refuse_begun
from proxy.errors import ExchangeError, LychgateError
from proxy.exchange import Rules
from proxy.ledger.disclosures import Disclosures
from proxy.message import Headers, Request
from proxy.messengers import Messengers
from proxy.model import Erasure, Principal
from proxy.policy.erasing import Consent
from proxy.policy.retention import due
from proxy.restricted import item, one_form
from proxy.steps import everybody
from proxy.steps.locating import STRONG
from proxy.steps.planning import Staying
from proxy.sweeps import Rounds, Sweep
from proxy.transport import Caller
from proxy.vault.destroy import destroy
from proxy.vault.ids import same_form
from proxy.vault.rows import Place

log = logging.getLogger("lychgate")

MOVING: Final = RUNNING | {State.VERIFIED, State.COOLING_OFF, State.AWAITING_APPROVAL, State.LIVE_COMPLETE}
"""Cases that time or we may move on."""
CLOCKED: Final = frozenset(State) - OVER - {State.LIVE_COMPLETE}
"""Cases whose person waits for an answer."""
EVERY_SECONDS: Final = 1.0
"""How often the process that runs looks whether a case can be moved on."""
NO_SITE: Final = "Lychgate has no credential of its own for it, or its connector has no playbook"
SELDOM: Final = 60
"""Of so many looks one is at cases that wait for time, too."""

Asked = Mapping[str, Any]


class Erasures:
    """What can be done with erasures.

    Args:
        app: built; its ledger and store are open.
    """

    def __init__(self, app: App) -> None:
        root = read_key(app.config.state / KEY_FILE)
        self._app = app
        self.cases = StoreCases(app.kept.store, Sealer(derive(root, "erasure/cases")))
        self._shut = Shut(app.kept.store)
        self.tombstones = Tombstones(app.kept.store, derive(root, "erasure/tombstones"))
        self.returns = Returns(app.kept.store)
        self._commitments = derive(root, "erasure/commitments")
        self._origins = derive(root, "erasure/origins")
        self.messengers = Messengers(app.config, derive(root, "erasure/messages"))
        self._signer = note_keys(app.config, root).signer()
        self._turns = Turns()
        self._pressing: set[str] = set()
        self._disclosures = Disclosures(app.config.state / "ledger")
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._troubles: dict[str, str] = {}
        self._looks = 0
        self.rounds = Rounds(app.config.erasure.sweep_hours, time.monotonic())
        self.clocks: Counter[str] = Counter()
        """How many cases wait for an answer (`open`), and of how many the time is `near` its end or `passed`."""

    # ---- what commands ask ---------------------------------------------------------------------------------

    async def do(self, asked: Asked, *, shown: Request | None = None) -> dict[str, Any]:
        """Do what is asked and return what a person is told.

        Args:
            asked: `do`, a word, and what it needs.
            shown: the request by which somebody proves who they are; None: `key` and `purpose` of `asked` do.

        Raises:
            LychgateError: it cannot be done; the sentence is for the person.
        """
        verbs = {
            "open": self._open, "list": self._list, "show": self._show, "plan": self._run,
            "hold": self._hold,
            "unhold": self._unhold, "run": self._run, "revoke": self._revoke, "retry": self._retry,
            "told": self._told, "allow": self._allow, "extend": self._extend,
            "except": self._except, "unexcept": self._unexcept, "deny": self._deny,
            "certificate": self._certificate, "returns": self._returned,
            "sweep": self._sweep, "batch": self._batch,
        }  # fmt: skip
        if asked.get("do") in {"confirm", "approve"}:
            return await self._confirm(asked, shown or _showing(asked))
        verb = verbs.get(str(asked.get("do")))
        if verb is None:
            raise LychgateError("this version does not know what was asked")
        return await verb(asked)

    async def _open(self, asked: Asked) -> dict[str, Any]:
        law = str(asked.get("law") or self._erasing_law())
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
        case = Case(
            new_id(), State.RECEIVED, int(time.time()), law, ground, str(asked.get("by") or "operator"), people,
            values, source=str(asked.get("source") or "operator"), terms=self._terms(),
        )  # fmt: skip
        origin = asked.get("origin")
        if isinstance(origin, Origin):
            case = case.put(id=self._claimed(origin, case), origin=origin)
        async with self._turns.of(case.id):
            with contextlib.suppress(NoSuchCase):
                return self._told_of(self.cases.get(case.id))  # it was asked for before
            return self._told_of(await self._opened(case, _identity(asked)))

    async def _opened(self, case: Case, identity: str) -> Case:
        who = case.by if case.by != "operator" else ""
        await self._keep(case, "opened", who=who)
        if not case.rule.erases:
            return await self._keep(case.moved(Event.DENY, reason=case.rule.why_not), "denied")
        event = Event.IDENTIFY if identity else Event.ASK_IDENTITY
        return await self._keep(case.put(identity=identity).moved(event), "identified" if identity else "opened")

    def _claimed(self, origin: Origin, case: Case) -> str:
        """Return the id of the case of a request from elsewhere: a new one's, or the one that it had before."""
        request = (origin.shape, origin.who, origin.request)
        named = sorted([*map(str, case.people), *(f"{one.kind} {one.value}" for one in case.values)])
        return self.cases.claim(self._digest(*request), self._digest(*request, *named), case.id)

    def once(self, *said: str) -> bool:
        """Say whether this is the first time that something is said; durable."""
        return self.cases.once(self._digest("once", *said))

    def _digest(self, *said: str) -> bytes:
        return hmac.digest(self._origins, "\0".join(said).encode("utf-8", "surrogatepass"), hashlib.sha256)

    async def _list(self, asked: Asked) -> dict[str, Any]:
        """Tell of all cases, or of one person's (`by`); in parts where somebody asks for `limit` and `after`."""
        by, limit, after = asked.get("by"), int(asked.get("limit") or 0), str(asked.get("after") or "")
        found: list[Case] = []
        for name in self.cases.ids():
            if limit and len(found) > limit:
                break
            if name > after and ((case := self.cases.get(name)).by == by or by is None):
                found.append(case)
        shown = found[:limit] if limit else found
        return {
            "cases": [self._in_short(case) for case in shown],
            "next": shown[-1].id if len(found) > len(shown) else "",
        }

    async def _show(self, asked: Asked) -> dict[str, Any]:
        return self._told_of(self.cases.get(str(asked["case"])))

    async def _run(self, asked: Asked) -> dict[str, Any]:
        """Drive a case; in the process that runs without waiting for it."""
        name = str(asked["case"])
        async with self._turns.of(name):
            case = self.cases.get(name)
            if case.state is State.IDENTITY_PENDING and (identity := _identity(asked)):
                identified = case.put(identity=identity).moved(Event.IDENTIFY)
                case = await self._keep(identified, "identified")
            if case.state is State.AWAITING_CONFIRMATION and asked["do"] == "plan":
                await self._again(case)
        if asked.get("wait"):
            await self._eraser().drive(name)
        elif name not in self._busy:
            task = self._busy[name] = asyncio.get_running_loop().create_task(self._drive(name))
            task.add_done_callback(lambda _: self._busy.pop(name, None))
        return self._told_of(self.cases.get(name))

    async def _again(self, case: Case) -> Case:
        """Look again, so that what is shown is what is there now."""
        plan = await self._eraser().locate(case)
        if case.plan is not None and plan.found == case.plan.found:
            return case
        return await self._keep(case.put(plan=plan, assents=()), "planned")

    async def _confirm(self, asked: Asked, shown: Request) -> dict[str, Any]:
        consent = self._consent()
        who = self._agreeing(shown, consent)
        if batch := str(asked.get("batch") or ""):
            pairs = together(self._of(batch)).agreed(str(asked["typed"][0]))
        else:
            pairs = tuple(zip(map(str, asked["cases"]), map(str, asked["typed"]), strict=True))
        quorum = _quorum(consent, len(pairs))
        refused: dict[str, NotAgreed] = {}
        for name, typed in pairs:
            try:
                await self._agreed(name, typed, who, quorum)
            except NotAgreed as error:
                if not batch:
                    raise
                refused[name] = error  # its plan has changed this moment; the others are as they were agreed to
        if refused and len(refused) == len(pairs):
            raise next(iter(refused.values()))
        return {
            "cases": [self._in_short(self.cases.get(name)) for name, _ in pairs],
            "refused": [{"case": name, "why": str(error)} for name, error in refused.items()],
        }

    async def _agreed(self, name: str, typed: str, who: Principal, quorum: int) -> None:
        """Note that somebody agrees to one case; `quorum` people have to, if its own terms do not say more."""
        pseudonym = self._app.pseudonyms.of("principal", _person(who))
        client, subject = self._credential_of(who)
        async with self._turns.of(name):
            case = self.cases.get(name)
            if quorum > case.terms.approvers:
                case = case.put(terms=_with_people(case.terms, quorum))
            agreed = agree(case, pseudonym, who.via, typed, int(time.time()), client=client, subject=subject)
            await self._keep(agreed, "agreed", who=pseudonym)

    def _credential_of(self, who: Principal) -> tuple[str, str]:
        """Return pseudonyms of a principal's client, and of the person, if its credential tells one."""
        subject = who.id.removeprefix(f"{who.client}/") if who.id != who.client else ""
        of = self._app.pseudonyms.of
        return of("principal", who.client), of("principal", f"/{subject}") if subject else ""

    @asynccontextmanager
    async def _stopping(self, name: str) -> AsyncIterator[None]:
        """Have a case that is being moved stand still before its first erasing step, and then for a while."""
        self._pressing.add(name)
        try:
            async with self._turns.of(name):
                yield
        finally:
            self._pressing.discard(name)

    async def _hold(self, asked: Asked) -> dict[str, Any]:
        refuse_begun(self.cases.get(str(asked["case"])))  # sooner than its turn comes
        async with self._stopping(str(asked["case"])):
            return await self._hold_now(asked)

    async def _hold_now(self, asked: Asked) -> dict[str, Any]:
        case = self.cases.get(str(asked["case"]))
        refuse_begun(case)
        hold = Hold(
            f"{HOLD}{secrets.token_hex(4)}", str(asked["because"]), str(asked.get("owner") or "operator"),
            int(time.time()), tuple(asked.get("categories", ())),
        )  # fmt: skip
        case = case.put(holds=(*case.holds, hold), assents=())
        if hold.categories:
            case = await self._anew(case)
        elif Event.HOLD in TABLE[case.state]:
            case = case.moved(Event.HOLD, reason=f"a legal hold stands against it: {hold.because}")
        if case.plan is not None:
            await self.reopen(case)
        return self._told_of(await self._keep(case, "held"))

    async def _anew(self, case: Case) -> Case:
        """Return the case with its plan, if it had one, made again for people to agree to."""
        if case.plan is None or Event.DRIFT not in TABLE[case.state]:
            return case
        return case.moved(Event.DRIFT).put(plan=await self._eraser().locate(case))

    async def _except(self, asked: Asked) -> dict[str, Any]:
        """Apply an exception of the law, to the whole case or to some categories of the data."""
        name, because = str(asked["case"]), _because(asked)
        exempt = Exempt(
            f"except-{secrets.token_hex(4)}", str(asked["word"]), because, str(asked.get("owner") or "operator"),
            int(time.time()), tuple(asked.get("categories", ())),
        )  # fmt: skip
        excepted(self._not_begun(name), exempt)  # says no sooner than its turn comes
        async with self._stopping(name):
            case = excepted(self._not_begun(name), exempt)
            if case.plan is not None:
                await self.reopen(case)
            if case.state is State.DENIED:
                return self._told_of(await self._keep(case, "denied"))
            return self._told_of(await self._keep(await self._anew(case), "excepted"))

    async def _unexcept(self, asked: Asked) -> dict[str, Any]:
        name = str(asked["case"])
        async with self._stopping(name):
            case = self._not_begun(name)
            left = tuple(one for one in case.exempt if one.id != asked["exception"])
            if left == case.exempt:
                raise LychgateError(f"no exception {asked['exception']!r} stands against this case")
            case = await self._anew(case.put(exempt=left, assents=()))
            return self._told_of(await self._keep(case, "excepted_no_more"))

    async def _deny(self, asked: Asked) -> dict[str, Any]:
        """Deny a case with a reason that can stand in a letter."""
        name, why, because = str(asked["case"]), str(asked["why"]), _because(asked)
        denied(self._not_begun(name), why, because)
        async with self._stopping(name):
            case = denied(self._not_begun(name), why, because)
            if case.plan is not None:
                await self.reopen(case)
            return self._told_of(await self._keep(case, "denied"))

    def _not_begun(self, name: str) -> Case:
        case = self.cases.get(name)
        refuse_begun(case)
        return case

    async def _unhold(self, asked: Asked) -> dict[str, Any]:
        async with self._turns.of(str(asked["case"])):
            case = await self._unheld(asked)
        for name in [*self.cases.ids(frozenset({State.HELD}))]:
            async with self._turns.of(name):
                other = self.cases.get(name)
                if other.state is State.HELD and all(hold.categories for hold in other.holds):
                    await self._keep(other.moved(Event.RELEASE), "unheld")  # it may have stood for this one too
        return self._told_of(case)

    async def _unheld(self, asked: Asked) -> Case:
        case = self.cases.get(str(asked["case"]))
        left = tuple(hold for hold in case.holds if hold.id != asked["hold"])
        if left == case.holds:
            raise LychgateError(f"no hold {asked['hold']!r} stands against this case")
        case = case.put(holds=left, people=case.people if left or case.state is not State.FINAL else ())
        if case.state is State.HELD and not any(not hold.categories for hold in left):
            case = case.moved(Event.RELEASE)
        return await self._keep(case, "unheld")

    async def _revoke(self, asked: Asked) -> dict[str, Any]:
        name, because = str(asked["case"]), str(asked.get("because") or "revoked")
        self.cases.get(name).moved(Event.REVOKE)  # says no sooner than its turn comes
        async with self._stopping(name):
            case = self.cases.get(name)
            after = case.moved(Event.REVOKE, reason=because)
            await self.reopen(case)
            return self._told_of(await self._keep(after, "revoked"))

    async def _retry(self, asked: Asked) -> dict[str, Any]:
        async with self._turns.of(str(asked["case"])):
            await self._eraser().retry(self.cases.get(str(asked["case"])))
        return await self._run(asked)

    async def _extend(self, asked: Asked) -> dict[str, Any]:
        """Use the law's longer period; the person has to be told in the first one."""
        because = _because(asked)
        async with self._turns.of(str(asked["case"])):
            case = extended(self.cases.get(str(asked["case"])), because, int(time.time()))
            return self._told_of(await self._keep(case, "extended"))

    async def _told(self, asked: Asked) -> dict[str, Any]:
        async with self._turns.of(str(asked["case"])):
            return await self._acknowledged(asked)

    async def _acknowledged(self, asked: Asked) -> dict[str, Any]:
        case, now = self.cases.get(str(asked["case"])), int(time.time())
        found = next((one for one in case.notices if one.recipient == asked["recipient"]), None)
        if found is None:
            raise LychgateError(f"{asked['recipient']!r} is not among those who are to be told")
        changed = msgspec.structs.replace(found, acknowledged=now, note=str(asked.get("note") or ""), again=0)
        return self._told_of(await self._keep(notices.put(case, changed), "acknowledged"))

    async def _allow(self, asked: Asked) -> dict[str, Any]:
        """Let somebody who was erased be stored again, on a basis that is put on record first."""
        name, basis = str(asked["case"]), str(asked["basis"]).strip()
        if not basis:
            raise LychgateError("say on which lawful basis")
        async with self._turns.of(name):
            case = self.cases.get(name)
            if not case.erased:
                raise LychgateError("nobody was erased by this case, so nobody is kept away by it")
            await self._app.ledger.append(Erasure(name, "", what="allowed_again", how="basis_recorded"))
            if case.state is State.LIVE_COMPLETE:
                self.cases.keep(case.put(allowed=basis))  # a later check does not take them for what is left
        self.returns.drop(name)
        return {"case": name, "values": self.tombstones.allow(name, basis)}

    async def _returned(self, asked: Asked) -> dict[str, Any]:
        """Tell of erased people who would have been stored again; or take a case's lines off the list."""
        if name := str(asked.get("dismiss") or ""):
            if not self.returns.drop(name):
                raise no_case(name)
            await self._app.ledger.append(Erasure(name, "", what="return_dismissed"))
        return {"returns": self.returns.waiting()}

    async def _certificate(self, asked: Asked) -> dict[str, Any]:
        """Return a case's certificate with its proof, the newest edition or the one that is named."""
        case, edition = self.cases.get(str(asked["case"])), str(asked.get("edition") or "")
        issued = [one for one in case.issued if edition in {"", one.edition}]
        if not issued:
            raise LychgateError(f"case {case.id} has no such certificate yet; it is {words(case.state)}")
        one, state = issued[-1], self._app.config.state
        note = await asyncio.to_thread(self._app.notary.step)
        made = await asyncio.to_thread(
            bundle, state / "ledger", state / CHECKPOINTS, note, {"text": one.text, "seq": one.seq}
        )
        return {
            "case": case.id,
            "edition": one.edition,
            "json": made.file,
            "html": made.page,
            "pdf": base64.b64encode(made.pdf).decode(),
        }

    async def _sweep(self, asked: Asked) -> dict[str, Any]:
        """Look through all people for those who are back, and for those whose time is over; open cases if asked.

        Raises:
            Stuck: a CRM cannot be asked.
        """
        found: dict[tuple[str, Spot], str] = {}
        doubtful, looked, eraser = 0, 0, self._eraser()
        for lane, site in self._sites().items():
            if "all" not in site.book.calls:
                continue
            region = next((one.region for one in self._app.config.lanes if one.name == lane), None)
            met = partial(self.tombstones.met, region=region or "")
            for object_, each in site.book.objects.items():
                if not (each.person or each.same):
                    continue
                sweep = Sweep(self.rules(lane), lane, object_, met, found)
                looked += await eraser.asked(lane, everybody(site.book, object_, sweep.names(), sweep.look))
                doubtful += sweep.doubtful
        batch, opened, already = "", [], 0
        if asked.get("open") and found:
            batch, under_way = f"batch-{new_id()}", self._under_way()
            for (source, spot), _ in sorted(found.items()):
                if spot in under_way:
                    already += 1
                    continue
                under_way.add(spot)
                opened.append(await self._open_found(source, spot, batch))
        counts = Counter((source, spot.lane, spot.object, why) for (source, spot), why in found.items())
        return {
            "looked_at": looked,
            "doubtful": doubtful,
            "found": [
                {"source": source, "lane": lane, "object": object_, "why": why, "count": count}
                for (source, lane, object_, why), count in sorted(counts.items())
            ],
            "batch": batch if opened else "",
            "opened": opened,
            "already": already,
        }

    def _under_way(self) -> set[Spot]:
        """Return the records about whose people there is a case that is not over."""
        found: set[Spot] = set()
        for name in self.cases.ids(CLOCKED):
            case = self.cases.get(name)
            found |= case.everybody
        return found

    async def _batch(self, asked: Asked) -> dict[str, Any]:
        """Tell what the cases of one look come to together, and what is typed to agree to them."""
        batch = str(asked["batch"])
        all_ = together(self._of(batch))
        if not all_.cases:
            raise LychgateError(f"there is no batch {batch!r}; `lychgate erasure sweep --open` makes one")
        return {
            "batch": batch, "cases": [*all_.cases], "states": dict(all_.states), "to_confirm": len(all_.plans),
            "people_needed": self._people(len(all_.plans)), "hash": all_.hash, "short": all_.hash[:SHORT],
            "summary": [*all_.summary],
        }  # fmt: skip

    def _of(self, batch: str) -> Iterator[Case]:
        return (case for name in self.cases.ids() if (case := self.cases.get(name)).batch == batch)

    def _people(self, cases: int) -> int:
        """Return how many have to agree to so many cases in one go."""
        consent = self._consent()
        return max(consent.people, _quorum(consent, cases))

    async def _open_found(self, source: str, spot: Spot, batch: str) -> str:
        """Open a case about a record that a sweep has found; people have to agree to it as to any other."""
        law = self._erasing_law()
        ground = next(iter(LAWS[law].grounds), "")
        case = Case(
            new_id(), State.VERIFIED, int(time.time()), law, ground, "operator", (spot,), source=source,
            batch=batch, identity="not_needed", terms=self._terms(),
        )  # fmt: skip
        return (await self._keep(case, "opened")).id

    # ---- in the process that runs
    # ------------------------------------------------------------------------------

    async def keep_going(self) -> None:
        """Move on every case that time has made ready, and tell others; for as long as the process runs.

        They do not wait for each other: somebody else's server may take its time.
        """
        async with asyncio.TaskGroup() as all_:
            all_.create_task(_again_and_again(self._look))
            all_.create_task(_again_and_again(self.tell))
            all_.create_task(_again_and_again(self.look_through))

    async def _look(self) -> None:
        """Move on what can be; what has failed, or waits for time, only now and then."""
        seldom = self._looks % SELDOM == 0
        self._looks += 1
        for name in [*self.cases.ids(MOVING if seldom else RUNNING | {State.VERIFIED})]:
            if self._goes_by_itself(name) and (seldom or name not in self._troubles):
                await self._drive(name)
        if seldom:
            await self.warn()

    async def look_through(self) -> None:
        """Look through all people when it is time, and put on record how many are back or due; open nothing."""
        if not self.rounds.due(time.monotonic()):
            return
        try:
            told = await self._sweep({})
        except LychgateError:
            self.rounds.failed = True
            raise
        found: Counter[str] = Counter()
        for one in told["found"]:
            found[one["source"]] += one["count"]
        self.rounds.found, self.rounds.failed = found, False
        await self._app.note("swept", f"{found['returned']} returned, {found['retention']} due")

    async def tell(self) -> None:
        """Tell whoever has to be told something by now: recipients of the data, and who sent the request."""
        for name in self.cases.telling(int(time.time())):
            if not self._turns.of(name).locked():
                async with self._turns.of(name):
                    await self._tell(self.cases.get(name))

    async def _tell(self, case: Case) -> None:
        now = int(time.time())
        for notice in case.notices:
            if 0 < notice.again <= now and case.plan is not None:
                tried = await self.messengers.tell(case, notice, now)
                how = "acknowledged" if tried.acknowledged else "sent" if tried.sent else f"missed {tried.why}"
                told = f"{how} {notice.recipient}"
                case = await self._eraser().keep(notices.put(case, tried), "told", how=told)
        if case.origin is not None and case.origin.again <= now and word(case) not in {"", case.origin.told}:
            origin, how = await self.messengers.replied(case, now)
            await self._eraser().keep(case.put(origin=origin), "replied", how=how, who=origin.who)

    def _goes_by_itself(self, name: str) -> bool:
        """Say whether a case may be moved without a command: one that people agreed to waits for it."""
        case = self.cases.get(name)
        return case.state is not State.READY or case.terms.approvers == 0

    async def _drive(self, name: str) -> None:
        try:
            await self._eraser().drive(name)
            self._troubles.pop(name, None)
        except LychgateError as error:
            self._troubles[name] = str(error)
        except Exception as error:  # noqa: BLE001 - one case must not keep the others from being moved
            log.error("erasure %s failed: %s", name, type(error).__name__)
            self._troubles[name] = f"Lychgate failed on it ({type(error).__name__}); the other cases go on"

    async def warn(self) -> None:
        """Look at the law's clocks of all cases that wait for an answer; tell once of each step reached."""
        clocks: Counter[str] = Counter()
        for name in [*self.cases.ids(CLOCKED)]:
            case = self.cases.get(name)
            clocks["open"] += 1
            clocks[clock(case, int(time.time()))] += 1
            reached = warnings(case.rule, moment(case.received), datetime.now(UTC), extended=case.extended)
            if not set(reached) <= set(case.warned) and not self._turns.of(name).locked():
                await self._warn(name, reached)
        clocks["returns"] = len(self.returns.waiting())
        self.clocks.clear()
        self.clocks.update(clocks)

    async def _warn(self, name: str, reached: tuple[int, ...]) -> None:
        async with self._turns.of(name):
            case = self.cases.get(name)
            await self._eraser().keep(case.put(warned=reached), "warned", how=f"{reached[-1]}_percent")
        log.warning(
            "erasure %s: %d %% of the time that %s gives is used up; it is due %s", name, reached[-1], case.law,
            case.due.date(),
        )  # fmt: skip

    @property
    def told(self) -> dict[str, str]:
        """What does not keep traffic away and needs somebody."""
        told = {"passed": "past the day on which they are due", "near": "close to it"}
        found = [f"{self.clocks[word]} {text}" for word, text in told.items() if self.clocks[word]]
        clocks = {"erasures": f"cases {', '.join(found)}"} if found else {}
        return clocks | ({"sweep": self.rounds.told} if self.rounds.told else {})

    def watch(self) -> None:
        """Count cases and their clocks among the metrics; once in a process."""
        for name, text, state in (
            ("open", "Cases of erasure whose person waits for an answer.", "open"),
            ("due_soon", "Those of which four fifths of the law's time are used up.", "near"),
            (
                "returning",
                "Cases whose person would have been stored again, and of whom somebody decides.",
                "returns",
            ),
            ("overdue", "Those that are past the day on which they are due.", "passed"),
        ):
            self._app.metrics.watch(f"erasure_cases_{name}", text, partial(self.clocks.__getitem__, state))
        for name, text in (
            ("returned", "Records of people who were erased, as the last sweep found them."),
            ("retention", "Records whose time is over by a retention rule, as the last sweep found them."),
        ):
            count = partial(lambda why: self.rounds.found.get(why, 0), name)
            self._app.metrics.watch(f"erasure_swept_{name}", text, count)

    # ---- ports of the eraser
    # ---------------------------------------------------------------------------------------

    def _eraser(self) -> Eraser:
        return Eraser(
            Ports(
                cases=self.cases,
                ledger=self._app.ledger,
                sites=self._sites(),
                pseudonyms=self._app.pseudonyms,
                shuts=self,
                shreds=self,
                stays=self._stays,
                recipients=self._recipients,
                sign=self._sign,
                salt=lambda: secrets.token_hex(16),
                clock=time.time,
                holds=self._held_elsewhere,
                unseen=self._unseen,
            ),
            self._turns,
            self._pressing,
        )

    def _sites(self) -> dict[str, Site]:
        """Return every lane on which Lychgate has a credential and the connector a playbook."""
        found = {}
        for lane in self._app.config.lanes:
            connector = self.rules(lane.name).connector
            credential = load_credential(lane)
            if connector.book is None or credential.passthrough:
                continue
            upstream = lane.upstream
            caller = Caller(
                upstream.url, credential, ca_file=upstream.ca_file, seconds=float(lane.deadline_seconds)
            )
            book = replace(connector.book, protections=self.rules(lane.name).protections)
            found[lane.name] = Site(book, connector.catalogue, caller.send, self._app.kept.vault.settle)
        return found

    def _held_elsewhere(self, case: str, spots: Iterable[Spot], known: Iterable[Known]) -> tuple[Hold, ...]:
        """Return the holds that were put on other cases about the same person."""
        wanted, names = {*spots}, {(one.kind, normal.key(one.kind, one.value)) for one in known}
        found: list[Hold] = []
        for other in self.cases.holding():
            plan = other.plan
            said = [*other.values, *(one for one in (plan.known if plan else ()) if one.kind in STRONG)]
            keys = {(one.kind, normal.key(one.kind, one.value)) for one in said}
            if other.id != case and not (wanted.isdisjoint(other.everybody) and names.isdisjoint(keys)):
                found += other.holds
        return tuple(found)

    def _unseen(self) -> tuple[str, ...]:
        """Return a line for each lane into which no erasure looks, so that no certificate seems to cover it."""
        seen = self._sites().keys()
        return tuple(
            f"{lane.name}: nobody looked into this CRM: {NO_SITE}"
            for lane in self._app.config.lanes
            if lane.name not in seen
        )

    async def shut(self, case: Case) -> None:
        """Have nobody read the plan's records any more; see `Shuts.shut`."""
        self._shut.put(case.id, self._items(case))
        await self._tell_all()

    async def reopen(self, case: Case) -> None:
        """Let everybody in again."""
        self._shut.put(case.id, ())
        await self._tell_all()

    async def _tell_all(self) -> None:
        """Have every process know who is restricted now, and remember no id of anybody from before."""
        self._app.restricted.replace(self._shut.items())
        self._app.forget()
        await self._app.spread()

    def _items(self, case: Case) -> Iterator[str]:
        assert case.plan is not None
        for spot in [*case.plan.people, *case.plan.related]:
            connector = self.rules(spot.lane).connector
            assert connector.book is not None
            for text in connector.book.ids(spot.id):
                name = self._app.pseudonyms.of("record", one_form(text))
                yield item(spot.lane, spot.object, "record", name)
                for object_, way in connector.book.belonging(spot.object):
                    if object_ in connector.catalogue and connector.catalogue[object_].subject_key == way.field:
                        yield item(spot.lane, object_, "person", name)

    async def shred(self, case: Case) -> tuple[Finding, ...]:
        """Remember whom nobody may put back, then destroy what lies with us; see `Shreds.shred`."""
        assert case.plan is not None
        now, known = int(time.time()), case.plan.known
        lanes = {spot.lane for spot in case.plan.people}
        regions = {lane.region or "" for lane in self._app.config.lanes if lane.name in lanes} | {""}
        await asyncio.to_thread(self.tombstones.put, case.id, known, now, regions=sorted(regions))
        findings = await asyncio.to_thread(self._destroyed, case.plan)
        await self._tell_all()
        return findings

    def _destroyed(self, plan: Plan) -> tuple[Finding, ...]:
        """Return what is left of sealed values once their keys are gone, and then their rows."""
        kept = self._app.kept
        places = [
            Place(self.rules(spot.lane).place, spot.object, same_form(spot.id))
            for spot in [*plan.people, *plan.related]
        ]
        gone = destroy(kept.store, kept.keys, places)
        verdict: Verdict = "residue" if gone.alive else "erased"
        return (
            Finding("", "sealed values", "erased", "row", gone.values),
            Finding("", "keys", verdict, "key", gone.keys),
        )

    def _stays(self, spot: Spot, found: Found) -> Iterator[Staying]:
        """Yield what holds and duties of the policies keep of a record; what cannot be dated has not ended."""
        rules = self.rules(spot.lane)
        spec, retention = rules.connector.catalogue.get(spot.object), rules.policies.retention
        if spec is None or not (retention.rules or retention.holds):
            return
        names = retention.attributes(rules.connector.name, spec.name) & spec.attributes.keys()
        facts = facts_of(spec, names, dict(found.sent))
        for kept in due(retention, rules.connector.name, spec, facts, datetime.now(UTC)).kept:
            until = kept.until.date().isoformat() if kept.until is not None else ""
            yield Staying(kept.because, kept.by, fields=kept.fields, until=until)

    async def _recipients(self, case: Case) -> tuple[Notice, ...]:
        assert case.plan is not None
        people = {self._app.pseudonyms.of("record", spot.id) for spot in case.plan.people}
        return await asyncio.to_thread(self._disclosed, people)

    def _disclosed(self, people: set[str]) -> tuple[Notice, ...]:
        found = self._disclosures.about(people, self._next_people)
        now = int(time.time())
        return tuple(
            Notice(
                name,
                told.entries,
                told.since,
                again=now if self.messengers.carries(name) else 0,
                lanes=told.lanes,
            )
            for name, told in sorted(found.items())
        )

    def _next_people(self) -> Iterator[str]:
        """Yield everybody whose case may come to its recipients soon, named or found."""
        for name in self.cases.ids():
            case = self.cases.get(name)
            if case.state not in OVER:
                for spot in case.everybody:
                    yield self._app.pseudonyms.of("record", spot.id)

    def _sign(self, case: Case, edition: str) -> tuple[str, str]:
        said = certificates.statement(
            case,
            edition,
            installation=self._signer.name,
            software=f"lychgate {__version__}",
            key=self._commitments,
        )
        text = certificates.text_of(said)
        return self._signer.sign(f"{text}\n").decode(), certificates.digest_of(text)

    # ---- who agrees, on what terms
    # ---------------------------------------------------------------------------------

    def rules(self, lane: str) -> Rules:
        """Return what is in force on a lane."""
        return self._app.gateways[lane].rules

    def _erasing_law(self) -> str:
        return next(iter(self._app.gateways.values())).rules.policies.erasing.law

    def _consent(self) -> Consent:
        """Return who agrees, as the strictest lane has it.

        Raises:
            NotAgreed: no policy says so: nobody can be erased.
        """
        found = [gateway.rules.policies.erasing.consent for gateway in self._app.gateways.values()]
        consents = [one for one in found if one is not None]
        if not consents:
            raise NotAgreed(
                "no policy says who agrees to erasures: write a `kind: Erasure` document with `consent`"
            )
        return max(consents, key=lambda one: (one.people, one.cooling_seconds, -one.valid_seconds))

    def _terms(self) -> Terms:
        consent = self._consent()
        return Terms(consent.people, consent.cooling_seconds, consent.valid_seconds, "consent")

    def _agreeing(self, shown: Request, consent: Consent) -> Principal:
        """Return whose credential this is, if policy lets them agree.

        Raises:
            NotAgreed: it is nobody's, or policy does not.
        """
        for who in self.identified(shown):
            if isinstance(who, Principal) and who.roles & consent.roles:
                return who
        raise NotAgreed("this credential is nobody's who may agree to an erasure, or its purpose is missing")

    def identified(self, shown: Request) -> Iterator[Principal | ExchangeError]:
        """Yield who each lane's policies say that this is, or why they do not."""
        for gateway in self._app.gateways.values():
            try:
                yield gateway.rules.identifier.identify(shown).principal
            except ExchangeError as error:
                yield error

    def agrees(self, who: Principal) -> bool:
        """Say whether policy lets somebody agree to erasures, and so do all else that belongs to them."""
        consents = (gateway.rules.policies.erasing.consent for gateway in self._app.gateways.values())
        return any(who.roles & one.roles for one in consents if one is not None)

    def _spot(self, text: str) -> Spot:
        lane, _, rest = text.partition("/")
        object_, _, record = rest.partition("/")
        if lane not in self._app.gateways or not record:
            known = ", ".join(self._app.gateways)
            raise LychgateError(f"a record is lane/object/id, and the lanes are: {known}")
        book = self.rules(lane).connector.book
        if book is None or object_ not in book.objects:
            known = ", ".join(book.objects) if book is not None else "none"
            raise LychgateError(f"the playbook of {lane} knows no such object; it knows: {known}")
        return Spot(lane, object_, record)

    async def _keep(self, case: Case, what: str, *, who: str = "") -> Case:
        return await self._eraser().keep(case, what, who=who)

    # ---- what people are told
    # -----------------------------------------------------------------------------------------

    def _in_short(self, case: Case) -> dict[str, Any]:
        trouble = self._troubles.get(case.id, "")
        return in_short(case, int(time.time()), busy=case.id in self._busy, trouble=trouble)

    def _told_of(self, case: Case) -> dict[str, Any]:
        return self._in_short(case) | whole(case)


def _identity(asked: Asked) -> str:
    said = str(asked.get("identity") or "")
    if said and said not in IDENTITY:
        raise LychgateError(f"write how the identity was checked as one of: {', '.join(IDENTITY)}")
    return said


async def _again_and_again(act: Callable[[], Awaitable[None]]) -> None:
    """Do something every so often. A store that does not answer is told by /ready; next time it may be back."""
    while True:
        with contextlib.suppress(LychgateError):
            await act()
        await asyncio.sleep(EVERY_SECONDS)


def _showing(asked: Asked) -> Request:
    """Return a request that shows the credential of a command."""
    purpose = str(asked.get("purpose") or "")
    fields = [("authorization", f"Bearer {asked['key']}"), *([("x-purpose", purpose)] if purpose else [])]
    return Request("GET", "/", headers=Headers(tuple(fields)))


def _because(asked: Asked) -> str:
    """Return the reason that was given; the person may be told it."""
    found = str(asked.get("because") or "").strip()
    if not found:
        raise LychgateError("say why; the person may be told it")
    return found


def _quorum(consent: Consent, cases: int) -> int:
    """Return how many have to agree to so many cases in one go; 0: as many as each of them wants."""
    return consent.bulk_people if cases > min(BULK, consent.bulk_more_than) else 0


def _person(who: Principal) -> str:
    return who.id


def _with_people(terms: Terms, people: int) -> Terms:
    return Terms(people, terms.cooling_seconds, terms.valid_seconds, terms.rule)

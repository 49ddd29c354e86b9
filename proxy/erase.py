"""The second verb: one erasure, driven from the request to its certificate.

Read `Eraser` from top to bottom; `drive` does whatever a case's state says is next, until somebody else's turn:

    1  locate      everything of the person in every CRM, by what was named and whatever that leads to
    2  weigh       legal holds and duties: what has to stay is no part of the plan, or stops the case
    3  plan        immutable, hashed; whoever confirms types its hash                        (a person's turn)
    4  restrict    nobody reads the person any more, in any process (GDPR Art. 18), nor stores them anew
    5  look again  what is found now has to be what was agreed to, or the agreement is void
    6  erase       each step: its intent durable, then the act, then its outcome durable
    7  shred       the person's keys, then tokens and index rows; tombstones stay
    8  notify      recipients that got the data are listed, to be told (Art. 19)
    9  verify      by id, where deleted records are shown, by every known value; nothing is taken on trust
    10 certify     what was done, what was seen, what stays; again when the last delay is over

A restart calls the same `drive`: there is no other path. A step whose intent has no outcome looks first, as
every step does, and so is done once however often it is begun. Until step 6 everything can be revoked; from
there on it only goes forward, and an outcome that nobody knows is never counted as done.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol
from weakref import WeakValueDictionary

from msgspec import structs

from proxy.connectors.playbook import Book, Found
from proxy.erasure import Case, Cases, Done, Event, Finding, Hold, Known, Notice, Plan, Spot, State, Step
from proxy.erasure.assent import DRIFTED, EXPIRED, NO_LONGER, counted, lapsed, settle, voided
from proxy.erasure.case import Assent, Certifying, Issued
from proxy.erasure.states import ANSWERED
from proxy.errors import LychgateError, Refused, Unavailable, UpstreamFault
from proxy.ledger import Appends
from proxy.message import Request, Response
from proxy.model import Catalogue, Erasure
from proxy.steps import Asking, Outcome, TooMany, Trail, carry, check, make, trace
from proxy.steps.checking import LAGS, together
from proxy.steps.driving import Send, driven
from proxy.steps.planning import Staying, Stays
from proxy.subjects import Pseudonyms
from proxy.vault import Need

ATTEMPTS: Final = 5
"""How often one step is begun in one run, before a person has to look."""
RUNS: Final = 3
"""How often a case is erased anew by itself when a check finds something."""
ROUNDS: Final = 10
"""Passes through all CRMs until nothing new is found."""
CALM: Final = 2.0
"""Seconds before the second attempt; each further one waits twice as long."""
LONGEST: Final = 300.0
"""Seconds that we wait at most because a CRM says so."""
RECHECKS: Final = (86_400, 30 * 86_400)
"""Seconds after the erasure at which it is looked at again."""


def _no_vault(_need: Need) -> Any:
    raise Unavailable("vault_missing")


@dataclass(frozen=True, slots=True)
class Site:
    """One lane, as an erasure sees it."""

    book: Book
    catalogue: Catalogue
    send: Send
    """With the lane's own credential."""
    settle: Callable[[Need], Any] = _no_vault
    """Where protected values are sought and opened; blocks."""


class Shuts(Protocol):
    """Keeps everybody from a person's records."""

    async def shut(self, case: Case) -> None:
        """Return once no process releases anything of the plan's records, nor lets the person be stored anew.

        Raises:
            LychgateError: it could not be put in force, or another case has the person.
        """

    async def reopen(self, case: Case) -> None:
        """Let everybody in again; for a case that stops, and for one that is over: who was erased stays away."""


class Shreds(Protocol):
    """Destroys what of a person lies with us: keys, tokens, index rows; and remembers that it was erased."""

    async def canaries(self, case: Case) -> tuple[str, ...]:
        """Return one for each key that `shred` will destroy, and those that the case has (`Case.canaries`)."""

    async def probe(self, case: Case) -> tuple[Finding, ...]:
        """Return what every process that serves says of the case's canaries: that it can open none, or one."""

    async def shred(self, case: Case) -> tuple[Finding, ...]:
        """Return what is known of each place once it is destroyed; idempotent."""


class Has(Protocol):
    """Has CRMs answer."""

    async def asked[T](self, lane: str, asking: Asking[T]) -> T:
        """Return what comes of a step; raises Stuck."""


class Consents(Protocol):
    """Says what has become of a withdrawal that opened a case."""

    async def told(self, case: Case, has: Has) -> tuple[str, ...]:
        """Return lines for the plan, none as long as the consent is withdrawn; raises Stuck."""


Ask = Callable[[Asking[set[str]]], Awaitable[set[str]]]
"""Has the CRM of one lane answer; raises Stuck."""
Strays = Callable[[str, Book, Ask, Iterable[Known]], Awaitable[int]]
"""(lane, its book, how it is asked, a person's values) -> once tokens are given up that no record of a CRM has,
how many there were: of old ones, and of any that stands for one of the values; idempotent."""


async def _no_strays(_lane: str, _book: Book, _ask: Ask, _known: Iterable[Known]) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Ports:
    """What an eraser works with; everything that touches the world comes in here."""

    cases: Cases
    ledger: Appends
    sites: Mapping[str, Site]
    pseudonyms: Pseudonyms
    shuts: Shuts
    shreds: Shreds
    stays: Stays
    recipients: Callable[[Case], Awaitable[tuple[Notice, ...]]]
    sign: Callable[[Case, str], tuple[str, str]]
    """(case, edition) -> the certificate's text as a signed note, and the digest of what is signed."""
    salt: Callable[[], str]
    clock: Callable[[], float]
    """Seconds since the epoch."""
    head: Callable[[], int]
    """-> number of the ledger's last entry."""
    certified: Callable[[str, int], int]
    """(digest, number of an entry) -> number of the entry behind that one which says that a certificate of this
    digest was issued; 0 = none does."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    holds: Callable[[str, Iterable[Spot], Iterable[Known]], tuple[Hold, ...]] = lambda case, spots, known: ()
    """(case, records, values) -> what other cases hold of the same person: a hold is a person's, not a
    case's."""
    unseen: Callable[[], tuple[str, ...]] = tuple
    """Lines about the CRMs that nobody looks into; they stand in every plan and certificate."""
    strays: Strays = _no_strays
    consents: Consents | None = None
    """None: no case is opened by a withdrawn consent."""
    agrees: Callable[[Assent], bool] = lambda assent: True
    """Whether somebody who agreed may still do so: a role can be taken away."""


class Stuck(LychgateError):
    """A CRM cannot be asked; the case stays where it is."""


LIVE, FINAL = "live-complete", "final"
PART, FINAL_PART = "live-incomplete", "final-incomplete"
"""Editions of a certificate; the latter two of an erasure that a CRM has refused in part."""
NOBODY: Final = "nothing was found by what was named; name a record, or another value"
UNKNOWN: Final = "the CRM does not say whether a step was carried out; look, and run the case again"
LEFT: Final = "data of the person are still there after the erasure; see the findings"
UNVERIFIED: Final = "a place could not be looked into, so nothing can be certified; run the case again"
BACK: Final = "data of the person have come back since the erasure"


class Turns:
    """What has to be held by whoever reads a case and keeps another one under its name."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, name: str) -> asyncio.Lock:
        """Return the one of a case; nobody keeps it longer than it is held."""
        return self._locks.setdefault(name, asyncio.Lock())


async def put_on_record(
    ledger: Appends, cases: Cases, case: Case, what: str, *, who: str = "", how: str = ""
) -> Case:
    """Return the case once it and an entry about it are durable, the entry first.

    Args:
        ledger: gets the entry.
        cases: keeps the case.
        case: as it is from now on.
        what: has happened to it.
        who: did it, as a pseudonym.
        how: it ended; its state if nothing else is said.
    """
    digest = case.plan.hash if case.plan is not None else ""
    how = how or case.state.value
    await ledger.append(Erasure(case.id, "", what=what, how=how, who=who, digest=digest))
    cases.keep(case)
    return case


@dataclass(slots=True)
class Eraser:
    """Drives cases. Every coroutine may be killed at any point, and called again."""

    ports: Ports
    _turns: Turns = field(default_factory=Turns)
    pressing: set[str] = field(default_factory=set)
    """Cases that somebody is about to stop; none of them begins to erase before that was heard."""

    # ---- what others call ----------------------------------------------------------------------------------

    async def drive(self, name: str) -> Case:
        """Return the case once it is somebody else's turn: a person's, or time's.

        Raises:
            NoSuchCase: there is none.
            Stuck: a CRM cannot be asked; call again later.
            Unavailable: the ledger cannot be written; nothing was done that it does not say.
            LychgateError: `Shuts` or `Shreds` say no.
        """
        while True:
            async with self.turn(name):
                case = self.ports.cases.get(name)  # what was said meanwhile, a hold above all, counts
                work = self._next(case)
                after = case if work is None else await work(case)
            if after == case:
                return case

    def turn(self, name: str) -> asyncio.Lock:
        """Return what has to be held by whoever reads a case and keeps another one under its name."""
        return self._turns.of(name)

    async def drive_all(
        self, names: Iterable[str], *, at_once: int = 4
    ) -> AsyncIterator[tuple[str, Case | None]]:
        """Yield each case as its turn ends, a few at a time; None for one that could not be driven."""
        waiting = iter(names)
        running: set[asyncio.Task[tuple[str, Case | None]]] = set()
        try:
            while True:
                while len(running) < at_once and (name := next(waiting, None)) is not None:
                    running.add(asyncio.ensure_future(self._one(name)))
                if not running:
                    return
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    yield task.result()
        finally:
            for task in running:
                task.cancel()

    async def _one(self, name: str) -> tuple[str, Case | None]:
        try:
            return name, await self.drive(name)
        except LychgateError:
            return name, None

    async def keep(self, case: Case, what: str) -> Case:
        """Return the case once it and an entry about it are durable; see `put_on_record`."""
        return await put_on_record(self.ports.ledger, self.ports.cases, case, what)

    def _next(self, case: Case) -> Callable[[Case], Awaitable[Case]] | None:
        """Return what is to be done now: the table of the module's docstring."""
        return {
            State.VERIFIED: self._plan,
            State.AWAITING_CONFIRMATION: self._settle,
            State.COOLING_OFF: self._settle,
            State.AWAITING_APPROVAL: self._settle,
            State.READY: self._restrict,
            State.RESTRICTED: self._begin,
            State.ERASING: self._erase,
            State.SHREDDING: self._shred,
            State.NOTIFYING: self._notify,
            State.VERIFYING: self._verify,
            State.LIVE_COMPLETE: self._later,
            State.LIVE_INCOMPLETE: self._later,
        }.get(case.state)

    # ---- 1 to 3: what is there, what has to stay, what will be done
    # --------------------------------------------

    async def _plan(self, case: Case) -> Case:
        try:
            plan = await self.locate(case)
        except TooMany as error:
            return await self.keep(case.moved(Event.EXCEPT, reason=str(error)), "excepted")
        if (hold := self._whole(case, plan)) is not None:
            return await self.keep(case.moved(Event.HOLD, reason=_held(hold.because)), "held")
        if not plan.people and not plan.related:
            return await self.keep(case.moved(Event.EXCEPT, reason=NOBODY), "excepted")
        return await self.keep(case.put(plan=plan, assents=()).moved(Event.PLAN), "planned")

    def _whole(self, case: Case, plan: Plan) -> Hold | None:
        """Return a hold on everything of the person, whichever case it was put on."""
        spots = [*plan.people, *plan.related]
        holds = (*case.holds, *self.ports.holds(case.id, [*case.people, *spots], [*case.values, *plan.known]))
        return next((one for one in holds if not one.categories), None)

    async def locate(self, case: Case) -> Plan:
        """Return a plan of what is there now.

        Raises:
            Stuck: a CRM cannot be asked; a plan that leaves one out would be a lie.
            TooMany: see there.
        """
        trail = Trail(case.people)
        for known in case.values:
            trail.learn(known.kind, known.value)
        sites = self.ports.sites
        for _ in range(ROUNDS):
            before = trail.size
            for lane, site in sites.items():
                await self.asked(lane, trace(lane, site.book, trail))
            if trail.size == before:
                break
        books = {lane: site.book for lane, site in sites.items()}
        catalogues = {lane: site.catalogue for lane, site in sites.items()}
        salt = case.plan.salt if case.plan is not None else self.ports.salt()
        spots = [*case.people, *trail.people, *trail.related]
        holds = (*case.holds, *self.ports.holds(case.id, spots, [*case.values, *trail.known.values()]))

        def stays(spot: Spot, found: Found) -> Iterator[Staying]:
            yield from (Staying(hold.because, hold.id, hold.categories) for hold in holds)
            for one in case.exempt:
                yield Staying(f"{case.rule.exceptions[one.word]}: {one.because}", one.id, one.categories)
            yield from self.ports.stays(spot, found)

        told = await self._told_of_consent(case)
        return make(case.id, salt, trail, books, catalogues, stays=stays, unseen=(*told, *self.ports.unseen()))

    async def _told_of_consent(self, case: Case) -> tuple[str, ...]:
        """Return what whoever agrees has to know of a consent that was withdrawn, and may be given again."""
        if case.withdrawn is None or self.ports.consents is None:
            return ()
        if blind := sorted({spot.lane for spot in case.people} - self.ports.sites.keys()):
            return tuple(f"{lane}: nobody can look whether the consent is still withdrawn" for lane in blind)
        return await self.ports.consents.told(case, self)

    async def fresh(self, case: Case) -> tuple[Spot, ...]:
        """Return what a plan of now would have steps for and this one has not: it came since, by another way.

        Raises:
            Stuck: a CRM cannot be asked.
            TooMany: see there.
        """
        assert case.plan is not None
        found = await self.locate(case.put(values=(*case.values, *case.plan.known)))
        planned = {step.spot for step in case.plan.steps}
        return tuple(dict.fromkeys(step.spot for step in found.steps if step.spot not in planned))

    async def _settle(self, case: Case) -> Case:
        standing = self._counted(case)
        after = settle(standing, self._now(), NO_LONGER if standing != case else "")
        return after if after == case else await self.keep(after, "settled")

    # ---- 4 and 5: nobody reads the person any more, and it is still what was agreed to ------------------------

    async def _restrict(self, case: Case) -> Case:
        if why := self._lapsed(case):
            return await self.keep(voided(case, why), "drifted")
        await self.ports.shuts.shut(case)
        return await self.keep(case.moved(Event.RESTRICT), "restricted")

    async def _begin(self, case: Case) -> Case:
        assert case.plan is not None
        await self.ports.shuts.shut(case)  # we may have died before it took effect everywhere
        found = await self.locate(case)
        if (hold := self._whole(case, found)) is not None:
            await self.ports.shuts.reopen(case)
            stopped = case.put(assents=()).moved(Event.HOLD, reason=_held(hold.because))
            return await self.keep(stopped, "held")
        if case.id in self.pressing:
            return case
        why = self._lapsed(case) or (DRIFTED if found.found != case.plan.found else "")
        if why:
            await self.ports.shuts.reopen(case)
            return await self.keep(voided(case, why).put(plan=found), "drifted")
        return await self.keep(case.moved(Event.BEGIN).put(runs=case.runs + 1), "erasing")

    def _counted(self, case: Case) -> Case:
        return counted(case, self.ports.agrees)

    def _lapsed(self, case: Case) -> str:
        """Return why too few agreements count by now, "" if they are enough."""
        if lapsed(case, self._now()):
            return EXPIRED
        return NO_LONGER if lapsed(self._counted(case), self._now()) else ""

    # ---- 6: erase
    # ----------------------------------------------------------------------------------------------

    async def _erase(self, case: Case) -> Case:
        assert case.plan is not None
        await self.ports.shuts.shut(case)
        for step in case.plan.steps:
            if step.key in case.left:
                case = await self._carry_out(case, step)
                if case.journal[step.key].how == "unknown":
                    return await self.keep(case.moved(Event.STUCK, reason=UNKNOWN), "stuck")
        return await self.keep(case.moved(Event.ERASED).put(erased=self._now()), "erased")

    async def _carry_out(self, case: Case, step: Step) -> Case:
        """Return the case with the step's outcome; `unknown` if even repeating does not tell."""
        assert case.plan is not None
        known = case.plan.known
        before = case.journal.get(step.key, Done("unknown", 0, 0))
        begun, sent = before.attempts, before.sent or before.how == "intent"
        for attempt in range(begun + 1, begun + ATTEMPTS + 1):
            case = await self._written(case, step, Done("intent", attempt, self._now(), sent=sent))
            wait = CALM * 2 ** (attempt - begun - 1)
            try:
                book = self.ports.sites[step.lane].book
                outcome = await self.asked(step.lane, carry(book, step, known))
            except Stuck as stuck:
                outcome = Outcome("unknown", str(stuck))
            sent = sent or outcome.how in {"done", "unknown"}
            case = await self._written(case, step, Done(outcome.how, attempt, self._now(), outcome.why, sent))
            if outcome.how != "unknown":
                break
            if attempt < begun + ATTEMPTS:
                await self.ports.sleep(wait)
        return case

    async def _written(self, case: Case, step: Step, done: Done) -> Case:
        """Return the case once the ledger and it say how far a step has come."""
        record = self.ports.pseudonyms.of("record", step.id)
        what = "intent" if done.how == "intent" else "outcome"
        name = f"{step.do} {step.object} {record}"
        how = f"{done.how} {done.why}".strip()
        entry = Erasure(case.id, step.lane, what=what, step=name, how=how, attempt=done.attempts)
        await self.ports.ledger.append(entry)
        case = case.noted(step.key, done)
        self.ports.cases.keep(case)
        return case

    # ---- 7 and 8: what lies with us; whom to tell
    # ----------------------------------------------------------------

    async def _shred(self, case: Case) -> Case:
        case = case.put(canaries=await self.ports.shreds.canaries(case))
        self.ports.cases.keep(case)  # before the first key goes: nobody could make one afterwards
        findings = await self.ports.shreds.shred(case)
        assert case.plan is not None
        if count := await self._give_up_strays(case.plan.known):
            findings += (Finding("", "tokens in no record", "erased", "row", count),)
        return await self.keep(case.put(findings=findings).moved(Event.SHREDDED), "shredded")

    async def _notify(self, case: Case) -> Case:
        known = {each.recipient: each for each in case.notices}
        fresh = [known.get(each.recipient, each) for each in await self.ports.recipients(case)]
        return await self.keep(case.put(notices=tuple(fresh)).moved(Event.NOTIFIED), "notified")

    # ---- 9 and 10: is it so?
    # ---------------------------------------------------------------------------------------

    async def _verify(self, case: Case) -> Case:
        case = case.put(findings=await self._checked(case))
        verdicts = {each.verdict for each in case.findings}
        if "residue" in verdicts or "refused" in verdicts:
            case = await self.keep(case.moved(Event.RESIDUE, reason=LEFT), "checked")
            return await self._again(case)
        if "unverifiable" in verdicts:
            return await self.keep(case.moved(Event.STUCK, reason=UNVERIFIED), "checked")
        return await self.keep(case.put(checks=rechecks(self._now(), case)).moved(Event.CLEAN), "checked")

    async def _checked(self, case: Case) -> tuple[Finding, ...]:
        assert case.plan is not None
        now = self._now()
        found = [each for each in case.findings if not each.lane and each.how != "canary"]
        found += await self.ports.shreds.probe(case)
        for lane, site in self.ports.sites.items():
            found += await self.asked(
                lane, check(lane, site.book, case.plan, case.erased, now, refused=case.refused)
            )
        # A lane in which nobody was found was looked into all the same; later nobody may be able to.
        spots = [*case.plan.people, *case.plan.related, *(step.spot for step in case.plan.steps)]
        lanes = {one.lane for one in spots} | {one.lane for one in case.findings if one.lane}
        gone = lanes - self.ports.sites.keys()
        found += [Finding(lane, "", "unverifiable", "id", why="lane_missing") for lane in sorted(gone)]
        found += [Finding(lane, "", "unverifiable", "id", why="unseen") for lane in _unseen(case)]
        last = {each.spot: each for each in case.plan.steps}
        refused = [last[spot] for spot in case.refused]
        found += together(Finding(each.lane, each.object, "refused", each.do, 1) for each in refused)
        return tuple(found)

    async def _again(self, case: Case) -> Case:
        """Erase anew what is back or left, a few times by ourselves; then a person has to look."""
        if case.runs >= RUNS:
            return case
        await self.ports.sleep(CALM * 2**case.runs)
        return await self.retry(case)

    async def retry(self, case: Case) -> Case:
        """Return the case with all steps to be done again; each of them looks first.

        Raises:
            OutOfTurn: it is not waiting for that.
            LychgateError: the person may be stored again, and so is not erased by this case any more.
        """
        if case.allowed:
            raise LychgateError("the person may be stored again; what is to be erased now is another case")
        fresh = {
            key: Done("unknown", done.attempts, done.at, sent=done.sent) for key, done in case.journal.items()
        }
        again = case.moved(Event.RETRY).put(journal=fresh, runs=case.runs + 1, leaving=(), released=False)
        return await self.keep(again, "again")

    async def _later(self, case: Case) -> Case:
        """Issue what is to be issued; look again when it is time; finish when nothing is left to wait for."""
        incomplete = case.state is State.LIVE_INCOMPLETE
        live, final = (PART, FINAL_PART) if incomplete else (LIVE, FINAL)
        left = tuple(each for each in case.checks if each > self._now())
        if left != case.checks:
            return await self._look_again(case, left)
        issued = {each.edition for each in case.issued[case.earlier :]}
        if live not in issued:
            blind = any(each.verdict == "unverifiable" for each in case.findings)
            return case if blind and case.checks else await self._certify(case, live)
        pending = any(each.verdict == "pending" for each in case.findings)
        if not case.released and not pending:
            # Of an incomplete one what was refused stays shut, and no more.
            await (
                self.ports.shuts.shut(case) if incomplete and not case.allowed else self.ports.shuts.reopen(case)
            )
            return await self.keep(case.put(released=True), "released")
        if not case.checks:
            if final not in issued:
                return await self._certify(case, final)
            return await self.keep(_forgotten(case.moved(Event.FINISH)), "finished")
        return case

    async def _look_again(self, case: Case, left: tuple[int, ...]) -> Case:
        """Return the case as it is found now.

        Args:
            case: answered.
            left: when it is looked at after this.
        """
        assert case.plan is not None
        await self._give_up_strays(() if case.allowed else case.plan.known)
        before = _refused(case.findings)
        case = case.put(findings=_allowed(case, await self._checked(case)), checks=left)
        verdicts = {each.verdict for each in case.findings}
        if "residue" in verdicts or _refused(case.findings) - before:  # to no more have people left it
            case = case.moved(Event.RESIDUE, reason=BACK).put(runs=0, released=False, leaving=())
            await self.ports.shuts.shut(case)
            return await self.keep(case, "checked")
        if verdicts & {"pending", "unverifiable"}:
            case = case.put(checks=case.checks or (self._now() + RECHECKS[0],))
        return await self.keep(case, "checked")

    async def _certify(self, case: Case, edition: str) -> Case:
        """Return the case with its certificate.

        The same case has the same one. What was begun before is looked for in the ledger first, so that dying
        before it is kept makes no second, nor a second entry.
        """
        text, digest = self.ports.sign(case, edition)
        seq, begun = 0, case.certifying
        if begun is not None and begun.edition == edition:
            seq = await asyncio.to_thread(self.ports.certified, digest, begun.after)
        else:
            case = case.put(certifying=Certifying(edition, self.ports.head()))
            self.ports.cases.keep(case)
        if not seq:
            entry = Erasure(case.id, "", what="certified", how=edition, digest=digest)
            seq = await self.ports.ledger.append(entry)
        case = case.put(issued=(*case.issued, Issued(edition, self._now(), text, seq)), certifying=None)
        self.ports.cases.keep(case)
        return case

    async def _give_up_strays(self, known: Iterable[Known]) -> int:
        """Give up what no CRM has; what was under way when somebody was erased is seen the next time."""
        return sum([await self.strays(lane, known) for lane in self.ports.sites])

    # ---- how CRMs are asked
    # ------------------------------------------------------------------------------------------

    async def strays(self, lane: str, known: Iterable[Known] = ()) -> int:
        """Return how many tokens were given up that the CRM of a lane does not have; see `Strays`.

        Raises:
            Stuck: the CRM cannot be asked now; nothing was given up.
        """
        return await self.ports.strays(lane, self.ports.sites[lane].book, partial(self.asked, lane), known)

    async def asked[T](self, lane: str, asking: Asking[T]) -> T:
        """Return what comes of a generator whose requests one lane's CRM answers.

        A CRM that says it is busy did nothing, and is asked again; of any other fault nobody knows what was
        done.

        Raises:
            Stuck: the CRM cannot be asked now.
        """
        site = self.ports.sites[lane]
        try:
            return await driven(asking, partial(self._patiently, site.send), site.settle)
        except (UpstreamFault, Refused, Unavailable) as fault:
            raise Stuck(fault.reason) from None

    async def _patiently(self, send: Send, request: Request) -> Response:
        wait = CALM
        for _ in range(ATTEMPTS):
            response = await send(request)
            if response.status not in {429, 503}:
                return response
            said = response.headers.one("retry-after") or ""
            await self.ports.sleep(min(LONGEST, float(said)) if said.isdecimal() else wait)
            wait *= 2
        return response

    def _now(self) -> int:
        return int(self.ports.clock())


def rechecks(now: int, case: Case) -> tuple[int, ...]:
    """Return when an erasure is looked at again; where a search lags, also once it should have caught up."""
    soon = {one.until for one in case.findings if one.verdict == "pending" and one.why == LAGS}
    return (
        *sorted(int(datetime.fromisoformat(each).timestamp()) for each in soon),
        *(now + each for each in RECHECKS),
    )


def _refused(findings: Iterable[Finding]) -> Counter[tuple[str, ...]]:
    """Return how much CRMs refuse, by where it is and how that was seen."""
    found: Counter[tuple[str, ...]] = Counter()
    for one in findings:
        if one.verdict == "refused":
            found[one.lane, one.place, one.how, one.why] += one.count
    return found


def _unseen(case: Case) -> list[str]:
    """Return the lanes where nothing of what was found was there any more when its turn came.

    A CRM that shows us nothing says so, too: nobody can tell it from one where all is gone.
    """
    assert case.plan is not None
    lanes: dict[str, bool] = {}
    for step in case.plan.steps:
        done = case.journal[step.key]
        lanes[step.lane] = lanes.get(step.lane, False) or done.sent or done.how != "already"
    return sorted(lane for lane, acted in lanes.items() if not acted)


def let_in(case: Case, basis: str) -> Case:
    """Return the case of somebody who may be there again on a basis: what came back since is not what was left.

    A case that ended because of it goes on; its next step has the person read again.
    """
    back = case.state is State.PARTIAL and case.reason == BACK
    if not back and case.state not in ANSWERED:
        return case
    if back and not case.refused:  # what a CRM refuses is for people to leave it at
        case = case.moved(Event.CLEAN)
    case = case.put(allowed=basis, released=case.released and case.state is not State.LIVE_INCOMPLETE)
    return case.put(findings=_allowed(case, case.findings))


def _allowed(case: Case, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return findings as they read once the person may be there again: nothing was left, so it came since."""
    if not case.allowed:
        return findings
    return tuple(
        structs.replace(one, verdict="kept", why="new_basis") if one.verdict == "residue" else one
        for one in findings
    )


def _held(because: str) -> str:
    return f"a legal hold stands against it: {because}"


def _forgotten(case: Case) -> Case:
    """Return the case without the values and ids that were needed to look for what is left.

    A hold on some categories is no less the person's when the rest is gone: it stays, with the ids of the
    records that it kept, so that another case about them is held as this one was.
    """
    assert case.plan is not None
    holds = {hold.id for hold in case.holds}
    kept = dict.fromkeys(Spot(one.lane, one.object, one.id) for one in case.plan.kept if one.by in holds)
    return case.put(plan=None, people=tuple(kept), values=(), journal={}, exempt=(), canaries=())

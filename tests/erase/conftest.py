"""Whole erasures against the sandboxes without sockets, on a clock that the test moves."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pytest

from proxy.connectors import load_connector
from proxy.erase import Eraser, Ports, Site
from proxy.erasure import Case, Finding, Known, NoSuchCase, Notice, Spot, State, Terms
from proxy.erasure.assent import agree
from proxy.erasure.case import decode, encode
from proxy.erasure.plan import canonical
from proxy.errors import UpstreamFault
from proxy.message import Request, Response
from proxy.model import Erasure
from proxy.sandbox import HubSpotSandbox, SalesforceSandbox, Sandbox, StoppedClock
from proxy.subjects import Pseudonyms
from tests.sandboxes import call_of, response_of

CONNECTORS = Path(__file__).parents[2] / "policies" / "connectors"
TOKEN = "only-lychgate-has-this"
AOIFE = "aoife.byrne@example.org"
TEXTS = ("Aoife", "aoife", "000-12-0101", "5550101", "555 0101", "Rowan Terrace")
"""What must be found nowhere afterwards."""


class MemoryCases:
    """Cases as bytes, as a disk would have them."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def keep(self, case: Case) -> None:
        self.held[case.id] = encode(case)

    def get(self, case: str) -> Case:
        if case not in self.held:
            raise NoSuchCase(case)
        return decode(self.held[case])

    def ids(self):
        yield from sorted(self.held)


@dataclass
class World:
    """The CRMs, and everything that a restart would find."""

    clock: StoppedClock
    crms: dict[str, Sandbox]
    cases: MemoryCases = field(default_factory=MemoryCases)
    entries: list[Erasure] = field(default_factory=list)
    shut: set[str] = field(default_factory=set)
    shredded: list[str] = field(default_factory=list)
    stays: Callable = lambda spot, found: ()
    boundary: Callable[[str], None] = lambda what: None
    """Called wherever a process could die: before and after everything that leaves a trace."""
    sent: list[tuple[str, Request]] = field(default_factory=list)
    region: str = ""
    """Whose numbers the CRMs have."""

    async def append(self, entry: Erasure) -> int:
        self.boundary("before entry")
        self.entries.append(entry)
        self.boundary("after entry")
        return len(self.entries)

    def certified(self, digest: str, after: int) -> int:
        found = (at for at, entry in enumerate(self.entries, 1) if at > after and entry.digest == digest)
        return next(found, 0)

    async def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)
        await asyncio.sleep(0)

    def send(self, lane: str):
        async def send(request: Request) -> Response:
            self.boundary("before request")
            self.sent.append((lane, request))
            answer = answered(self.crms[lane], request)
            self.boundary("after request")
            return answer

        return send

    async def shut_(self, case: Case) -> None:
        self.shut.add(case.id)

    async def reopen(self, case: Case) -> None:
        self.shut.discard(case.id)

    async def canaries(self, case: Case) -> tuple[str, ...]:
        return case.canaries

    async def probe(self, case: Case) -> tuple[Finding, ...]:
        return ()

    async def shred(self, case: Case) -> tuple[Finding, ...]:
        self.shredded.append(case.id)
        return (Finding("", "keys", "erased", "key"),)

    async def recipients(self, case: Case) -> tuple[Notice, ...]:
        return (Notice("internal", 1, 0),)

    def sign(self, case: Case, edition: str) -> tuple[str, str]:
        text = canonical([case.id, edition, [[f.place, f.verdict] for f in case.findings]]).decode()
        return text, hashlib.sha256(text.encode()).hexdigest()

    def eraser(self) -> Eraser:
        """Return one as a new process would have it."""
        world = self

        class Shut:
            async def shut(self, case):
                await world.shut_(case)

            async def reopen(self, case):
                await world.reopen(case)

        class Cases:
            def keep(self, case):
                world.boundary("before keep")
                world.cases.keep(case)
                world.boundary("after keep")

            get = world.cases.get
            ids = world.cases.ids

        sites = {}
        for lane in self.crms:
            connector = connector_of(lane)
            book = replace(connector.book, region=self.region)
            sites[lane] = Site(book, connector.catalogue, self.send(lane))
        return Eraser(
            Ports(
                cases=Cases(),
                ledger=self,
                sites=sites,
                pseudonyms=Pseudonyms(bytes(32)),
                shuts=Shut(),
                shreds=self,
                stays=self._stays,
                recipients=self.recipients,
                sign=self.sign,
                salt=lambda: "salt",
                clock=self.clock,
                head=lambda: len(self.entries),
                certified=self.certified,
                sleep=self.sleep,
            )
        )

    def _stays(self, spot, found):
        return self.stays(spot, found)

    def open(self, *named: Spot | Known, name: str = "case0001", **more) -> Case:
        """Open a case whose requester is known."""
        case = Case(
            name, State.VERIFIED, int(self.clock()), "gdpr", "consent_withdrawn", "operator",
            people=tuple(one for one in named if isinstance(one, Spot)),
            values=tuple(one for one in named if isinstance(one, Known)),
            terms=more.pop("terms", Terms(approvers=1)), **more,
        )  # fmt: skip
        self.cases.keep(case)
        return case

    def agree(self, name: str = "case0001", who: str = "officer") -> Case:
        """Have somebody type the plan's hash."""
        case = self.cases.get(name)
        assert case.plan is not None
        case = agree(case, who, "api_key", case.plan.short, int(self.clock()))
        self.cases.keep(case)
        return case

    def left(self) -> list[str]:
        """Return every place in any CRM that still says something of the person, bins included."""
        return [f"{lane}: {row}" for lane, crm in self.crms.items() for row in rows(crm) if says(row)]

    def outcomes(self) -> list[tuple[str, str]]:
        return [(entry.step, entry.how) for entry in self.entries if entry.what == "outcome"]


@cache
def connector_of(name: str):
    """Return a connector as it is shipped."""
    return load_connector(CONNECTORS / f"{name}.yaml")


def says(row: dict) -> bool:
    """Say whether a row says anything of her that is hers alone."""
    shared = (
        ("Phone", "Billing", "phone", "address", "hs_searchable")
        if row.get("Name" if "object" in row else "name")
        else ()
    )
    text = " ".join(str(value) for name, value in row.items() if not name.startswith(shared or ("?",)))
    return any(one in text for one in TEXTS)


def rows(crm: Sandbox) -> list[dict]:
    """Return everything a sandbox holds."""
    if isinstance(crm, SalesforceSandbox):
        return [
            {"object": item.name, **row}
            for item in crm.org.schema.objects.values()
            for row in crm.org.rows(item, deleted=True)
        ]
    if not isinstance(crm, HubSpotSandbox):
        return crm.everything()
    return [dict(held.values) for kind in crm.store._held.values() for held in kind.values()]


def answered(crm: Sandbox, request: Request) -> Response:
    """Return what a sandbox answers, with its faults."""
    mark = request.headers.one("lychgate-session")
    body = request.body if mark is None else request.body.replace(mark.encode(), TOKEN.encode())
    call = call_of(replace(request, headers=request.headers.without("lychgate-session"), body=body))
    call = replace(call, headers={**call.headers, "Authorization": f"Bearer {TOKEN}"})
    crm.calls.append(call)
    faults = crm.faults.take(call)
    kinds = {fault.kind for fault in faults}
    if "lie" in kinds:
        return Response(204)
    if "crash" in kinds:
        return Response(500)
    answer = crm.answer(call)
    if "hang_up" in kinds:  # it was done, and nobody hears of it
        raise UpstreamFault("upstream_lost")
    return response_of(answer)


def drive(world: World) -> Case:
    """Drive the only case as a new process would."""
    return asyncio.run(world.eraser().drive("case0001"))


def erased(world: World, *named: Spot | Known) -> Case:
    """Return the case of a whole erasure, as far as it comes by itself."""
    world.open(*named)
    planned = drive(world)
    assert planned.state is State.AWAITING_CONFIRMATION, planned.reason
    world.agree()
    return drive(world)


def verdicts(case: Case, *wanted: str) -> set[tuple[str, str]]:
    """Return the places that were found to be in one of some ways."""
    return {(one.place, one.verdict) for one in case.findings if one.verdict in wanted}


@pytest.fixture
def world() -> World:
    """Salesforce and HubSpot with the same twelve people."""
    clock = StoppedClock()
    return World(
        clock, {"salesforce": SalesforceSandbox(TOKEN, now=clock), "hubspot": HubSpotSandbox(TOKEN, now=clock)}
    )

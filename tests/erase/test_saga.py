"""The saga under any sequence of faults, deaths, time and people, and a thousand cases in one batch."""

import asyncio
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from proxy.erasure import Known, OutOfTurn, Spot, State, Terms
from proxy.erasure.assent import NotAgreed
from proxy.erasure.states import IRREVOCABLE, SHUT, Event
from proxy.errors import LychgateError
from proxy.sandbox import Fault, HubSpotSandbox, StoppedClock
from tests.erase.conftest import AOIFE, TOKEN, World

CASE = "case0001"


class Killed(BaseException):
    """As SIGKILL: nothing catches it."""


class Saga(RuleBasedStateMachine):
    """One case and everything that can happen to it, in any order."""

    @initialize(approvers=st.integers(1, 2), cooling=st.sampled_from([0, 3600]))
    def begin(self, approvers: int, cooling: int) -> None:
        """One CRM, one person, one case."""
        clock = StoppedClock()
        self.world = World(clock, {"hubspot": HubSpotSandbox(TOKEN, now=clock)})
        self.world.open(Known("email", AOIFE), terms=Terms(approvers=approvers, cooling_seconds=cooling))
        self.erased = False

    @property
    def case(self):
        """As a restart would find it."""
        return self.world.cases.get(CASE)

    @rule(at=st.one_of(st.none(), st.integers(1, 60)))
    def drive(self, at: int | None) -> None:
        """Drive it, and perhaps die on the way."""
        left = [at or 0]

        def boundary(what: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        self.world.boundary = boundary
        try:
            asyncio.run(self.world.eraser().drive(CASE))
        except (Killed, LychgateError):
            pass
        finally:
            self.world.boundary = lambda what: None

    @rule(who=st.sampled_from(["anna", "ben"]))
    def agree(self, who: str) -> None:
        """Somebody agrees, if there is something to agree to."""
        try:
            if self.case.plan is not None:
                self.world.agree(who=who)
        except NotAgreed:
            pass

    @rule(kind=st.sampled_from(["lie", "crash", "hang_up"]), times=st.integers(1, 3))
    def fault(self, kind, times: int) -> None:
        """The CRM misbehaves for the next deletes."""
        self.world.crms["hubspot"].faults.add(Fault(kind, path="gdpr-delete", times=times))

    @rule(hours=st.sampled_from([1, 30, 24 * 40]))
    def wait(self, hours: int) -> None:
        """Time passes."""
        self.world.clock.advance(seconds=hours * 3600)

    @rule()
    def revoke(self) -> None:
        """Somebody gives it up; refused from the first step on."""
        case = self.case
        try:
            after = case.moved(Event.REVOKE)
        except OutOfTurn:
            assert case.state in IRREVOCABLE | {State.REVOKED, State.DENIED, State.EXPIRED}
            return
        self.world.shut.discard(CASE)
        self.world.cases.keep(after)

    @rule()
    def again(self) -> None:
        """Somebody looks at a stuck case and repeats it."""
        if self.case.state in {State.FAILED, State.PARTIAL}:
            asyncio.run(self.world.eraser().retry(self.case))

    @invariant()
    def nothing_is_erased_before_everybody_has_agreed(self) -> None:
        """Not a record is touched until the case is past the point of no return."""
        if not hasattr(self, "world"):
            return
        gone = len(self.world.crms["hubspot"].people()) < 12
        self.erased |= gone
        if gone:
            case = self.case
            assert case.state in IRREVOCABLE
            assert len(case.assents) >= case.terms.approvers

    @invariant()
    def nobody_reads_whom_we_erase(self) -> None:
        """As soon as a case says that it is restricted, it is; before its first step, too."""
        if hasattr(self, "world") and self.case.state in SHUT and not self.case.released:
            assert self.world.shut == {CASE}

    @invariant()
    def a_certificate_is_true(self) -> None:
        """Where one was issued nothing is left, and there is one of each edition."""
        if not hasattr(self, "world"):
            return
        editions = [one.edition for one in self.case.issued]
        assert len(editions) == len(set(editions))
        if editions:
            assert self.world.left() == []

    @invariant()
    def an_intent_stands_before_every_outcome(self) -> None:
        """In the ledger, step by step."""
        if not hasattr(self, "world"):
            return
        open_: set[str] = set()
        for entry in self.world.entries:
            if entry.what == "intent":
                open_.add(entry.step)
            elif entry.what == "outcome":
                assert entry.step in open_


Saga.TestCase.settings = settings(
    max_examples=12, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSaga = Saga.TestCase


async def test_a_thousand_cases_in_one_batch_cost_the_same_each() -> None:
    """Progress one by one; the last costs as much as the first, and memory does not grow with the count."""
    clock = StoppedClock()
    crm = HubSpotSandbox(TOKEN, people=1_000, now=clock)
    world = World(clock, {"hubspot": crm})
    keys = [str(row["hs_object_id"]) for row in crm.people()]
    names = [f"case{number:05d}" for number in range(len(keys))]
    for name, key in zip(names, keys, strict=True):
        world.open(Spot("hubspot", "contacts", key), name=name, terms=Terms(approvers=0))
    eraser = world.eraser()
    sent: list[int] = []
    done, pages = 0, []
    async for name, case in eraser.drive_all(names, at_once=1):
        assert case is not None, name
        assert case.state is State.LIVE_COMPLETE, (name, case.reason, case.findings)
        done += 1
        sent.append(len(world.sent))
        world.sent.clear()
        world.entries.clear()
        crm.calls.clear()
        world.cases.held.pop(name)  # a disk would have it
        if done % 250 == 0:
            pages.append(int(Path("/proc/self/statm").read_text("ascii").split()[1]))
    assert done == 1_000
    assert crm.people() == []
    first, last = sum(sent[:100]), sum(sent[-100:])
    assert abs(first - last) <= first * 0.2
    assert pages[-1] - pages[0] < (32 << 20) // 4096

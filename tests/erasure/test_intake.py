"""A delete that comes twice is one case: sent again, by two clients at once, or by way of two processes."""

import asyncio
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest

from proxy.crypto import Sealer
from proxy.erasure import Event, State, StoreCases, Terms
from proxy.erasure.intake import AGAIN_SECONDS, Intake
from proxy.erasure.states import OVER
from proxy.erasure.tables import CHAPTER
from proxy.ids import new_id
from proxy.model import Credential, Entry
from proxy.store import Store
from proxy.store.store import url_of


@dataclass(frozen=True)
class Rule:
    """What policy says."""

    id: str = "deletes-open-cases"
    then: str = "case"
    ground: str = "objection"


class Ledger:
    """Takes a turn of everybody else's for each entry."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    async def append(self, entry: Entry) -> int:
        await asyncio.sleep(0)
        self.entries.append(entry)
        return len(self.entries)


@dataclass
class Office:
    """Processes on one store, each with an intake of its own."""

    store: Store
    ledger: Ledger = field(default_factory=Ledger)
    now: float = 1_000_000.0

    @property
    def cases(self) -> StoreCases:
        return StoreCases(self.store, Sealer(bytes(32)), bytes(32))

    def intake(self) -> Intake:
        terms = Terms(1, 0, 3600, "consent")
        return Intake(self.cases, self.ledger, new_id, lambda: self.now, terms=lambda lane: terms)

    def said(self) -> list[tuple[str, str]]:
        return [(entry.what, entry.id) for entry in self.ledger.entries]  # type: ignore[attr-defined]


@pytest.fixture
def office(tmp_path):
    """One with an empty store."""
    with closing(Store.open(url_of(tmp_path / "store.db"), (CHAPTER,))) as store:
        yield Office(store)


async def opened(intake: Intake, *keys: str, by: str = "somebody", rule: Rule | None = None) -> list[str]:
    """Return the cases of deletes of contacts."""
    return await intake.open("crm", [("Contact", key) for key in keys], Credential(by), rule or Rule(), "gdpr")


@pytest.mark.parametrize("processes", [1, 2, 5])
async def test_many_who_delete_one_record_at_once_have_one_case(office, processes: int) -> None:
    """In one process or in several: one case, and nobody's request is lost from the ledger."""
    intakes = [office.intake() for _ in range(processes)]
    found: list[Any] = await asyncio.gather(*(opened(intakes[each % processes], "7") for each in range(20)))
    (case,) = {name for names in found for name in names}
    assert list(office.cases.ids()) == [case]
    said = office.said()
    made = {name for what, name in said if what == "opened"}
    dropped = {name for what, name in said if what == "dropped"}
    assert made - dropped == {case}
    assert case not in dropped
    assert said.count(("asked_again", case)) == 19


async def test_whichever_way_the_id_is_written_it_is_one_record(office) -> None:
    """Salesforce's two lengths, and a GUID in either case; another record has its own."""
    short, long = "0035g00000AbCdE", "0035g00000AbCdEAAV"
    guid = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
    one, same, first, second, other = await opened(
        office.intake(), short, long, guid, guid.upper(), "0035g00000AbCdF"
    )
    assert one == same
    assert first == second
    assert len({one, first, other}) == 3


@pytest.mark.parametrize("event", [Event.DENY, Event.REVOKE, Event.EXPIRE])
async def test_a_case_that_came_to_nothing_is_in_nobodys_way(office, event: Event) -> None:
    """What is deleted again after that is another case, and from then on that is the one."""
    (first,) = await opened(office.intake(), "7")
    office.cases.keep(office.cases.get(first).moved(event))
    (second,) = await opened(office.intake(), "7")
    (third,) = await opened(office.intake(), "7")
    assert first != second == third


@pytest.mark.parametrize("state", [each for each in State if each not in OVER - {State.REVOKED, State.EXPIRED}])
async def test_a_case_that_is_under_way_is_the_one(office, state: State) -> None:
    """However far it has come; done, it is that for whoever lost our answer, and not for ever."""
    (first,) = await opened(office.intake(), "7", rule=Rule(then="convert"))
    office.cases.keep(office.cases.get(first).put(state=state))
    (second,) = await opened(office.intake(), "7", by="another", rule=Rule(then="case"))
    over = state in {State.REVOKED, State.EXPIRED}
    assert (first == second) is not over
    assert office.cases.get(second).terms.approvers == (1 if over else 0)
    if state is State.LIVE_COMPLETE:
        assert await office.intake().done(second) is True
        office.now += AGAIN_SECONDS
        (third,) = await opened(office.intake(), "7")
        assert third != first

"""Zoho's playbook: what the recycle bin holds, what the list of deleted records tells, and what others keep.

Each test ends with an independent look into everything that the sandbox holds, through none of our calls.
"""

import pytest

from proxy.erasure import Known, Spot, State
from proxy.sandbox import Fault, StoppedClock, ZohoSandbox
from tests.erase.conftest import AOIFE, TOKEN, World, drive, erased, verdicts

HERS = ("aoife", "+353 1 555 0101", "+353 86 555 0101", "000-12-0101", "rowan terrace")


@pytest.fixture
def world() -> World:
    """A Zoho organisation."""
    clock = StoppedClock()
    return World(clock, {"zoho": ZohoSandbox(TOKEN, now=clock)})


def crm_of(world: World) -> ZohoSandbox:
    """Return the sandbox."""
    crm = world.crms["zoho"]
    assert isinstance(crm, ZohoSandbox)
    return crm


def left(world: World) -> list[dict[str, object]]:
    """Return what still says something of her; an account may keep its own number."""
    return [row for row in crm_of(world).everything() if _says(row)]


def _says(row: dict[str, object]) -> bool:
    hers = HERS[:1] if row["object"] == "Accounts" else HERS
    text = str(row).casefold()
    return any(one.casefold() in text for one in hers)


def test_nothing_is_kept_of_a_person(world: World) -> None:
    """By one address: contact, lead, deal, task, note and file; the list of deleted records names nobody."""
    case = erased(world, Known("email", AOIFE))
    assert case.state is State.LIVE_COMPLETE, (case.reason, case.findings)
    assert case.plan is not None
    assert {spot.object for spot in case.plan.people} == {"Contacts", "Leads"}
    assert {step.object for step in case.plan.steps} == {
        "Contacts", "Leads", "Accounts", "Deals", "Tasks", "Notes",
    }  # fmt: skip
    assert verdicts(case, "pending", "residue", "unverifiable") == set()
    assert left(world) == []
    store = crm_of(world).store
    assert {gone.display_name for gone in store.gone} == {"Erased"}
    assert store.binned() == []
    assert len(crm_of(world).people()) == 11
    assert "The id of each deleted record" in " ".join(case.plan.warning)


def test_who_was_purged_before_is_still_named(world: World) -> None:
    """She lay in the bin under her name: once purged, Zoho goes on telling it, and the case says so."""
    store = crm_of(world).store
    aoife = store.find("Contacts", "Email", AOIFE)
    assert aoife is not None
    store.delete(aoife)
    case = erased(world, Spot("zoho", "Contacts", aoife.id), Known("email", AOIFE))
    assert (case.state, case.issued) == (State.PARTIAL, ())
    assert ("Contacts", "residue") in verdicts(case, "residue")
    assert [row for row in left(world) if "display_name" in row] == [
        {"object": "Contacts", "display_name": "Aoife Byrne"}
    ]


@pytest.mark.parametrize(("method", "path"), [("DELETE", "recycle_bin"), ("DELETE", "/Contacts/"), ("PUT", "")])
def test_a_crm_that_lies_gets_no_certificate(world: World, method: str, path: str) -> None:
    """204, and nothing done: whichever step it is, the look afterwards shows it."""
    crm_of(world).faults.add(Fault("lie", method=method, path=path, times=-1))
    case = erased(world, Known("email", AOIFE))
    assert case.state in {State.FAILED, State.PARTIAL}
    assert case.issued == ()
    assert left(world) != []


def test_what_is_restored_from_the_bin_is_found(world: World) -> None:
    """Somebody restores the record before the bin is emptied: it is nameless, and goes again."""
    store = crm_of(world).store
    purge = store.purge

    def restoring(held) -> None:
        store.purge = purge
        store.restore(held)

    world.open(Known("email", AOIFE))
    drive(world)
    world.agree()
    store.purge = restoring
    case = drive(world)
    assert case.state is State.LIVE_COMPLETE, case.findings
    assert left(world) == []


def test_others_keep_what_is_theirs(world: World) -> None:
    """Eleven people are as they were, and an account says no name but keeps its number."""
    before = {held.id: dict(held.values) for held in crm_of(world).store.all("Contacts")}
    erased(world, Known("email", AOIFE))
    after = {held.id: dict(held.values) for held in crm_of(world).store.all("Contacts")}
    assert len(after) == 11
    assert all(before[key] == values for key, values in after.items())
    account = next(row for row in crm_of(world).everything() if row["object"] == "Accounts")
    assert (account["Description"], account["Phone"]) == ("Main contact is [erased].", "+353 1 555 0101")

"""SuiteCRM's playbook: rows that are only marked as deleted, and addresses that outlive who had them.

Each test ends with an independent look into everything that the sandbox holds, through none of our calls.
"""

import pytest

from proxy.erasure import Known, State
from proxy.sandbox import Fault, StoppedClock, SuiteCrmSandbox
from tests.erase.conftest import AOIFE, TOKEN, World, drive, erased, verdicts

HERS = ("aoife", "+353 1 555 0101", "+353 86 555 0101", "000-12-0101", "rowan terrace")
PRUNED = 32


@pytest.fixture
def world() -> World:
    """A SuiteCRM."""
    clock = StoppedClock()
    return World(clock, {"suitecrm": SuiteCrmSandbox(TOKEN, now=clock)})


def crm_of(world: World) -> SuiteCrmSandbox:
    """Return the sandbox."""
    crm = world.crms["suitecrm"]
    assert isinstance(crm, SuiteCrmSandbox)
    return crm


def left(world: World) -> list[dict[str, object]]:
    """Return what still says something of her, in deleted rows too; an account may keep its own number."""
    return [row for row in crm_of(world).everything() if _says(row)]


def _says(row: dict[str, object]) -> bool:
    text = str(row).casefold()
    return any(one in text for one in (HERS[:1] if row["object"] == "Accounts" else HERS))


def test_nothing_is_kept_of_a_person_in_deleted_rows_either(world: World) -> None:
    """By one address: contact, lead, the address itself, case, note; the rows stay a month, and are nameless."""
    case = erased(world, Known("email", AOIFE))
    assert case.state is State.LIVE_COMPLETE, (case.reason, case.findings)
    assert case.plan is not None
    assert {spot.object for spot in case.plan.people} == {"Contacts", "Leads", "EmailAddresses"}
    assert {step.object for step in case.plan.steps} == {
        "Contacts", "Leads", "EmailAddresses", "Accounts", "Cases", "Notes",
    }  # fmt: skip
    assert verdicts(case, "residue", "unverifiable") == set()
    assert ("Contacts", "pending") in verdicts(case, "pending")
    assert left(world) == []
    assert "audit table" in " ".join(case.plan.warning)
    world.clock.advance(days=PRUNED)
    case = drive(world)
    assert (case.state, verdicts(case, "pending", "residue", "unverifiable")) == (State.FINAL, set())


def test_an_address_that_nobody_has_any_more_is_found(world: World) -> None:
    """She changed it years ago: the record of the old one stayed, and goes with her."""
    store = crm_of(world).store
    store.create("EmailAddresses", {"email_address": "Aoife.BYRNE@example.org"})
    case = erased(world, Known("email", AOIFE))
    assert case.state is State.LIVE_COMPLETE, case.findings
    assert case.plan is not None
    assert len([spot for spot in case.plan.people if spot.object == "EmailAddresses"]) == 2
    assert left(world) == []


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_a_crm_that_lies_gets_no_certificate(world: World, method: str) -> None:
    """204, and nothing done: whichever step it is, the look afterwards shows it."""
    crm_of(world).faults.add(Fault("lie", method=method, times=-1))
    case = erased(world, Known("email", AOIFE))
    assert case.state in {State.FAILED, State.PARTIAL}
    assert case.issued == ()


def test_a_row_that_somebody_brings_back_is_found(world: World) -> None:
    """The mark is taken away by hand: the record is nameless, and the next look says that it is there."""
    aoife = next(bean for bean in crm_of(world).store.rows("Contacts") if bean.values["first_name"] == "Aoife")
    erased(world, Known("email", AOIFE))
    aoife.values["deleted"] = "0"
    assert aoife.values["last_name"] == "Erased"
    world.clock.advance(days=2)
    case = drive(world)
    assert (case.state, ("Contacts", "residue") in verdicts(case, "residue")) == (State.PARTIAL, True)


def test_others_keep_what_is_theirs(world: World) -> None:
    """Eleven people are as they were, and an account says no name but keeps its number."""
    store = crm_of(world).store
    before = {bean.id: dict(bean.values) for bean in store.rows("Contacts")}
    erased(world, Known("email", AOIFE))
    after = {bean.id: bean.values for bean in store.rows("Contacts") if not bean.deleted}
    assert len(after) == 11
    assert all(before[key] == values for key, values in after.items())
    account = store.rows("Accounts")[0].values
    assert (account["description"], account["phone_office"]) == ("Main contact is [erased].", "+353 1 555 0101")

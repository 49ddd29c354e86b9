"""Playbooks against sandboxes that behave as the documented APIs do: bins, histories, copies, merged records.

Each test ends with an independent look into everything that the sandbox holds, through none of our calls.
"""

import asyncio
import itertools
import json

import pytest

from proxy.erasure import Known, Spot, State
from proxy.message import Request
from proxy.sandbox import Call, DynamicsSandbox, Fault, OdooSandbox, PipedriveSandbox, Sandbox, StoppedClock
from proxy.sandbox.dynamics.tables import ACCOUNT, CONTACT, LEAD
from tests.erase.conftest import AOIFE, TOKEN, World, drive, erased, verdicts

THIRTY_DAYS = 30 * 86_400


def world_of(lane: str, crm: Sandbox, clock: StoppedClock) -> World:
    """Return a world with one CRM."""
    return World(clock, {lane: crm})


@pytest.fixture
def pipedrive() -> World:
    """A Pipedrive account."""
    clock = StoppedClock()
    return world_of("pipedrive", PipedriveSandbox(TOKEN, now=clock), clock)


def test_pipedrive_keeps_nothing_of_a_person_once_its_thirty_days_are_over(pipedrive: World) -> None:
    """By one address: person, deal, activity, note, lead, file; what lies in the bin is written over first."""
    case = erased(pipedrive, Known("email", AOIFE))
    assert case.state is State.LIVE_COMPLETE, case.findings
    assert case.plan is not None
    assert {step.object for step in case.plan.steps} == {
        "persons", "deals", "activities", "notes", "leads", "files",
    }  # fmt: skip
    binned = {("persons", "pending"), ("activities", "pending"), ("notes", "pending"), ("files", "pending")}
    assert verdicts(case, "pending", "residue", "unverifiable") == binned
    # What is left is what their fields were, in records that are deleted; every certificate says so.
    (crm,) = pipedrive.crms.values()
    assert isinstance(crm, PipedriveSandbox)
    left = [row for row in crm.everything() if "Aoife" in str(row) or AOIFE in str(row)]
    assert left
    assert all("Aoife" not in str({**row, "changes": ()}) for row in left)
    assert all(row["is_deleted"] for row in left if row["object"] != "deals")
    assert "What the fields of deleted records were before" in " ".join(case.plan.warning)
    pipedrive.clock.advance(seconds=THIRTY_DAYS)
    case = drive(pipedrive)
    assert case.state is State.FINAL, case.findings
    assert verdicts(case, "pending", "residue", "unverifiable") == set()
    assert {row["object"] for row in crm.everything() if "Aoife" in str(row)} == {"deals"}


def test_pipedrive_lies(pipedrive: World) -> None:
    """204, and nothing done: it is begun again, and not certified while the person is there."""
    (crm,) = pipedrive.crms.values()
    crm.faults.add(Fault("lie", method="DELETE", path="/persons/", times=-1))
    case = erased(pipedrive, Known("email", AOIFE))
    assert case.state is State.FAILED
    assert case.issued == ()


def test_pipedrives_bin_does_not_bring_anybody_back_unseen(pipedrive: World) -> None:
    """Somebody restores the record by hand: it is nameless, and the next look says that it is there."""
    (crm,) = pipedrive.crms.values()
    assert isinstance(crm, PipedriveSandbox)
    erased(pipedrive, Known("email", AOIFE))
    held = crm.store.get("persons", "1")
    crm.store.restore(held)
    assert held.values["name"] == "Erased"
    pipedrive.clock.advance(days=2)
    case = drive(pipedrive)
    assert (case.state, verdicts(case, "residue")) == (State.PARTIAL, {("persons", "residue")})


@pytest.fixture
def odoo() -> World:
    """An Odoo database."""
    return world_of("odoo", OdooSandbox(TOKEN), StoppedClock())


def test_odoo_keeps_nothing_of_a_person(odoo: World) -> None:
    """Archived copies, leads without a partner, messages, what fields were, files, Odoo's own privacy tool."""
    (crm,) = odoo.crms.values()
    assert isinstance(crm, OdooSandbox)
    data = crm.database
    aoife = next(row["id"] for row in data.rows["res.partner"].values() if row["email"] == AOIFE)
    archived = data.create("res.partner", {"name": "A. Byrne", "email": AOIFE.title(), "active": False})
    data.create("crm.lead", {"name": "Web form", "email_from": AOIFE.upper(), "contact_name": "Aoife B."})
    billing = {
        "name": "Aoife Byrne (bills)",
        "parent_id": aoife,
        "street": "14 Rowan Terrace",
        "type": "invoice",
    }
    data.create("res.partner", billing | {"type": "invoice"})
    asked = data.create("privacy.lookup.wizard", {"name": "Aoife Byrne", "email": AOIFE})
    crm.answer(call("privacy.lookup.wizard", "action_lookup", [asked]))
    case = erased(odoo, Known("email", AOIFE))
    assert case.state is State.LIVE_COMPLETE, (case.reason, case.findings)
    assert case.plan is not None
    assert verdicts(case, "pending", "residue", "unverifiable") == set()
    assert {spot.object for spot in case.plan.people} == {"res.partner", "crm.lead", "mailing.contact"}
    assert Spot("odoo", "res.partner", str(archived)) in case.plan.people
    left = [row for row in crm.everything() if says_her(row)]
    assert left == []
    # Of others nothing is gone: messages stay, without her.
    assert any("[erased]" in str(row["body"]) for row in crm.everything() if "body" in row)
    assert len(crm.people()) == 11


def test_nobody_goes_along_with_a_company_that_has_the_same_address(odoo: World) -> None:
    """Whoever works for a company is no address of it, though Odoo keeps both below it."""
    (crm,) = odoo.crms.values()
    assert isinstance(crm, OdooSandbox)
    partners = crm.database.rows["res.partner"]
    company = next(row for row in partners.values() if row["is_company"])
    crm.database.set("res.partner", company, {"email": AOIFE})
    worker = {"name": "Ben Doe", "parent_id": company["id"], "type": "contact", "email": "ben@example.com"}
    kept = crm.database.create("res.partner", worker)
    odoo.open(Known("email", AOIFE))
    plan = drive(odoo).plan
    assert plan is not None
    assert Spot("odoo", "res.partner", str(kept)) not in {*plan.people, *plan.related}
    assert Spot("odoo", "res.partner", str(company["id"])) in plan.people  # it is shown before anybody agrees


def test_an_odoo_partner_that_cannot_be_deleted_is_written_over(odoo: World) -> None:
    """She logs in to the portal as well: the user goes first; where that is refused, the certificate says so."""
    (crm,) = odoo.crms.values()
    assert isinstance(crm, OdooSandbox)
    data = crm.database
    aoife = next(row["id"] for row in data.rows["res.partner"].values() if row["email"] == AOIFE)
    data.create("res.users", {"name": "Aoife Byrne", "login": AOIFE, "partner_id": aoife})
    case = erased(odoo, Known("email", AOIFE))
    assert case.state is State.LIVE_COMPLETE, (case.reason, case.findings)
    assert [row for row in crm.everything() if says_her(row)] == []


def says_her(row: dict[str, object]) -> bool:
    """Say whether a row says anything that is hers alone."""
    text = str(row).casefold()
    return any(one.casefold() in text for one in ("aoife", AOIFE, "+353 1 555 0101", "+353 86 555 0101"))


def call(model: str, method: str, ids: list[int]) -> Call:
    """Return what a client of Odoo would ask for, by JSON-2."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return Call("POST", f"/json/2/{model}/{method}", "", headers, json.dumps({"ids": ids}).encode())


@pytest.fixture
def dynamics() -> World:
    """A Dataverse environment."""
    clock = StoppedClock()
    return world_of("dynamics", DynamicsSandbox(TOKEN, now=clock), clock)


def test_dynamics_keeps_nothing_of_a_person(dynamics: World) -> None:
    """A merged contact, a lead, notes, activities that she took part in, the bin, and what fields were."""
    (crm,) = dynamics.crms.values()
    assert isinstance(crm, DynamicsSandbox)
    store, aoife = crm.store, next(row for row in crm.people() if row["emailaddress1"] == AOIFE)
    twin = store.create(CONTACT, {"firstname": "A.", "lastname": "Byrne", "telephone1": "+353 1 555 0109"})
    assert web(crm, "POST", "Merge", **targets(Target=aoife, Subordinate=twin)).status == 204
    store.create(LEAD, {"firstname": "Aoife", "lastname": "Byrne", "emailaddress1": AOIFE, "subject": "Fair"})
    store.update(CONTACT, aoife, {"jobtitle": "Aoife's new title"})
    case = erased(dynamics, Known("email", AOIFE))
    assert case.state is State.LIVE_COMPLETE, (case.reason, case.findings)
    assert case.plan is not None
    assert Spot("dynamics", "contact", str(twin["contactid"])) in case.plan.people
    assert {spot.object for spot in case.plan.related} == {"annotation", "task", "phonecall", "email"}
    # Of her own records nothing is left, in the bin neither; the certificate speaks of the account's.
    left = [row for row in crm.everything() if says_her(row)]
    assert {(row["table"], row.get("objecttypecode")) for row in left} == {
        ("account", None),
        ("audit", "account"),
    }
    assert {("account.telephone1", "kept")} <= verdicts(case, "kept")
    assert "What texts of records of others were" in " ".join(case.plan.warning)
    assert ("contact", "pending") in verdicts(case, "pending", "residue", "unverifiable")
    dynamics.clock.advance(seconds=THIRTY_DAYS)
    case = drive(dynamics)
    assert (case.state, verdicts(case, "pending", "residue", "unverifiable")) == (State.FINAL, set())


def test_dynamics_keeps_what_somebody_writes_beside_us(dynamics: World) -> None:
    """Between our look at a text and our change of it: the step is done again, on the text as it is then."""
    (crm,) = dynamics.crms.values()
    assert isinstance(crm, DynamicsSandbox)
    account = next(crm.store.rows("account"))
    crm.store.update(ACCOUNT, account, {"description": "Aoife Byrne called."})
    changes = iter(["Aoife Byrne called. They want a new offer."])

    def meanwhile(what: str) -> None:
        request = dynamics.sent[-1][1] if dynamics.sent else Request("", "/")
        looked = request.method == "GET" and str(account["accountid"]) in request.path
        if what == "after request" and looked and dynamics.cases.get("case0001").state is State.ERASING:
            for text in itertools.islice(changes, 1):
                crm.store.update(ACCOUNT, account, {"description": text})

    dynamics.boundary = meanwhile
    case = erased(dynamics, Known("email", AOIFE))
    assert case.state is State.LIVE_COMPLETE, (case.reason, case.findings)
    assert account["description"] == "[erased] called. They want a new offer."
    assert ("scrub account", "unknown changed") in {
        (step.rpartition(" ")[0], how) for step, how in dynamics.outcomes()
    }


def test_dynamics_lies_about_its_history(dynamics: World) -> None:
    """200, and what the fields were is still there: no certificate."""
    (crm,) = dynamics.crms.values()
    crm.faults.add(Fault("lie", path="DeleteRecordChangeHistory", times=-1))
    case = erased(dynamics, Known("email", AOIFE))
    assert (case.state, case.issued) == (State.PARTIAL, ())
    assert ("contact", "residue") in verdicts(case, "residue")


def test_what_dynamics_restores_from_its_bin_is_found(dynamics: World) -> None:
    """Somebody restores the record: it says nothing of her, the next look finds it, and it is deleted."""
    (crm,) = dynamics.crms.values()
    assert isinstance(crm, DynamicsSandbox)
    aoife = next(row for row in crm.people() if row["emailaddress1"] == AOIFE)
    erased(dynamics, Known("email", AOIFE))
    assert web(crm, "POST", "Restore", **targets(Target=aoife)).status == 200
    dynamics.clock.advance(days=2)
    case = drive(dynamics)
    assert (case.state, ("contact", "residue") in verdicts(case, "residue")) == (State.PARTIAL, True)
    assert not any(says_her(row) for row in crm.store.rows("contact"))
    asyncio.run(dynamics.eraser().retry(case))
    case = drive(dynamics)
    assert case.state is State.LIVE_COMPLETE, case.findings
    assert aoife["contactid"] not in {row["contactid"] for row in crm.store.rows("contact")}


def web(crm: DynamicsSandbox, method: str, path: str, **body: object):
    """Return what a client of the Web API is answered, past Lychgate."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return crm.answer(Call(method, f"/api/data/v9.2/{path}", "", headers, json.dumps(body).encode()))


def targets(**rows: dict[str, object]) -> dict[str, object]:
    """Return contacts as the actions of the Web API want them named."""
    kind = "Microsoft.Dynamics.CRM.contact"
    return {name: {"@odata.type": kind, "contactid": row["contactid"]} for name, row in rows.items()}

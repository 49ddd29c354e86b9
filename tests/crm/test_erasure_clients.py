"""One person in three CRMs is erased while unmodified clients work: api-pipedrive-python, OdooRPC and
dynamics-web-api. An independent look into all that each CRM holds finds nothing, or the certificate lists it.
"""

import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import odoorpc
import pytest
from pipedrive.client import Client as Pipedrive
from pipedrive.exceptions import ForbiddenError

from proxy.demo.installation import LaneOf
from proxy.sandbox import DynamicsSandbox, OdooSandbox, PipedriveSandbox, Sandbox, running
from tests.crm.node_processes import Client
from tests.e2e.processes import Installed
from tests.e2e.test_erasure import AOIFE, TOKEN, Operator

HERS = ("aoife", "555 0101", "5550101", "rowan terrace")


def left(crm: Sandbox) -> list[dict[str, Any]]:
    """Return every row that says anything of her, in whatever place."""
    return [row for row in crm.everything() if any(one in str(row).casefold() for one in HERS)]


@pytest.fixture
def crms() -> dict[str, Sandbox]:
    """The three, with the same people in each."""
    return {
        "pipedrive": PipedriveSandbox(TOKEN), "odoo": OdooSandbox(TOKEN), "dynamics": DynamicsSandbox(TOKEN),
    }  # fmt: skip


@pytest.fixture
def installed(tmp_path: Path, crms: dict[str, Sandbox]) -> Iterator[Installed]:
    """A process with a lane in front of each."""
    with running(crms["pipedrive"]) as one, running(crms["odoo"]) as two, running(crms["dynamics"]) as three:
        lanes = {
            "pipedrive": LaneOf(0, one.url, TOKEN), "odoo": LaneOf(0, two.url, TOKEN),
            "dynamics": LaneOf(0, three.url, TOKEN),
        }  # fmt: skip
        run = Installed.make(tmp_path / "home", lanes)  # type: ignore[arg-type]
        try:
            yield run.up()
            run.down()
            run.check_ledger()
        finally:
            run.kill()


def pipedrive(run: Installed) -> Pipedrive:
    """Return its client, with an agent's key."""
    made = Pipedrive(domain=run.url("pipedrive"))
    made.set_access_token(run.keys["helpdesk_leads"])
    return made


def odoo(run: Installed) -> Any:
    """Return its client, with an agent's key."""
    opener = urllib.request.build_opener()
    opener.addheaders = [("X-Lychgate-Key", run.keys["helpdesk_leads"])]
    made = odoorpc.ODOO("localhost", port=run.ports["odoo"], opener=opener)
    made.login("any", "somebody", run.keys["helpdesk_leads"])
    return made


def test_a_person_is_gone_from_three_crms_and_their_clients_cannot_bring_her_back(
    installed: Installed, crms: dict[str, Sandbox]
) -> None:
    """Found by one address; read by each client before, by none after; stored again by none."""
    operator = Operator(installed)
    partners = odoo(installed).env["res.partner"]
    partner = partners.search([("email", "=", AOIFE)])
    assert partners.read(partner, ["name"])[0]["name"] == "Aoife Byrne"
    assert pipedrive(installed).persons.get_person(1)["data"]["name"] == "Aoife Byrne"
    contact = {
        "collection": "contacts",
        "key": crms["dynamics"].people()[0]["contactid"],
        "select": ["fullname"],
    }
    with closing(Client(installed.url("dynamics"), installed.keys["helpdesk_leads"])) as web:
        assert web.ask("retrieve", **contact)["fullname"] == "Aoife Byrne"
        case = operator.does("open", "--email", AOIFE, "--ground", "objection", "--identity", "account")["case"]
        plan = operator.does("plan", case)
        operator.agrees(case, plan["short"])
        done = operator.does("run", case)["cases"][0]
        assert done["state"] == "live_complete", done
        # Nothing is left, or the certificate says so: what is in a bin, and what fields were before.
        assert left(crms["odoo"]) == []
        said = {(one["lane"], one["place"]) for one in done["findings"] if one["verdict"] in {"pending", "kept"}}
        for row in left(crms["dynamics"]):
            assert row["table"] == "account" or row.get("objecttypecode") == "account", row
        assert ("dynamics", "account.telephone1") in said
        for row in left(crms["pipedrive"]):
            assert row["object"] == "organizations" or not says({**row, "changes": ()}), row
        warned = " ".join(plan["summary"])
        assert "What texts of records of others were" in warned
        assert "What the titles of deals were" in warned
        assert {("pipedrive", "persons"), ("dynamics", "contact")} <= said
        # No client reads her, and none stores her again.
        assert partners.search([("email", "=", AOIFE)]) == []
        with pytest.raises(ForbiddenError):
            pipedrive(installed).persons.get_person(1)
        assert web.told("retrieve", **contact)["status"] in {403, 404}
        with pytest.raises(odoorpc.error.RPCError, match="new lawful basis"):
            partners.create({"name": "A. B.", "email": AOIFE.upper()})
        with pytest.raises(ForbiddenError, match="new lawful basis"):
            pipedrive(installed).persons.create_person({"name": "A. B.", "phone": ["+353-1-5550101"]})
        again = {"name": "A. B.", "email": [{"value": AOIFE.title(), "primary": True}]}
        with pytest.raises(ForbiddenError, match="new lawful basis"):
            pipedrive(installed).persons.create_person(again)
        made = web.told("create", collection="contacts", data={"lastname": "B.", "emailaddress2": AOIFE})
        assert (made["status"], "new lawful basis" in made["error"]) == (403, True)
        assert left(crms["odoo"]) == []


def says(row: dict[str, Any]) -> bool:
    """Say whether a row says anything of her."""
    return any(one in str(row).casefold() for one in HERS)

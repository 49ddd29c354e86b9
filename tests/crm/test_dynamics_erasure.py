"""A person is erased from a real OData server, SAP CAP, by the playbook for Dynamics."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from proxy.demo.installation import LaneOf
from tests.crm.node_processes import held, odata_server, store
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed
from tests.e2e.test_erasure import Operator

SECRETS = ("Aoife", "aoife", "Byrne", "BYRNE", "000-12-0101", "555 0101", "5550101", "Rowan Terrace")
SETS = (
    "contacts", "leads", "annotations", "tasks", "phonecalls", "appointments", "emails", "accounts", "audits",
)  # fmt: skip


def key(number: int) -> str:
    """Return the id of a row."""
    return f"0c000000-0000-4000-8000-{number:012}"


AOIFE, LOSER, OTHER, LEAD, ACCOUNT = map(key, (1, 2, 3, 4, 9))
WHO = {"firstname": "Aoife", "lastname": "Byrne", "fullname": "Aoife Byrne", "telephone1": "+353 86 555 0101"}
ROWS: list[tuple[str, dict[str, Any]]] = [
    ("accounts", {"accountid": ACCOUNT, "name": "Northwind", "description": "Ask Aoife Byrne for the key."}),
    ("contacts", {"contactid": AOIFE, **WHO, "emailaddress1": "aoife.byrne@example.org",
                  "governmentid": "000-12-0101", "address1_line1": "3 Rowan Terrace"}),
    ("contacts", {"contactid": LOSER, **WHO, "emailaddress1": "a.byrne@example.org", "_masterid_value": AOIFE,
                  "statecode": 1}),
    ("audits", {"auditid": key(21), "_objectid_value": AOIFE, "changedata": "Aoife Byrne, 3 Rowan Terrace"}),
    ("contacts", {"contactid": OTHER, "fullname": "Zoë O'Neill", "emailaddress1": "zoe@example.org"}),
    ("leads", {"leadid": LEAD, **WHO, "emailaddress1": "A.Byrne@example.org", "subject": "Aoife asks"}),
    ("annotations", {"annotationid": key(11), "_objectid_value": AOIFE, "notetext": "Aoife rang."}),
    ("annotations", {"annotationid": key(12), "_objectid_value": OTHER, "notetext": "With Aoife Byrne, yes."}),
    ("tasks", {"activityid": key(13), "_regardingobjectid_value": AOIFE, "subject": "Ring Aoife"}),
    ("phonecalls", {"activityid": key(14), "subject": "Ring back", "phonenumber": "+353 86 555 0101"}),
    ("activityparties", {"activitypartyid": key(15), "_activityid_value": key(14), "_partyid_value": AOIFE}),
    ("emails", {"activityid": key(16), "_regardingobjectid_value": LEAD, "sender": "aoife.byrne@example.org",
                "torecipients": "desk@example.com;", "subject": "About boats"}),
]  # fmt: skip


@pytest.fixture
def crm() -> Iterator[str]:
    """Return the origin of a server with her in it."""
    with odata_server() as origin:
        for table, row in ROWS:
            store(origin, table, row)
        yield origin


@pytest.fixture
def operator(crm: str, tmp_path: Path) -> Iterator[Operator]:
    """Run Lychgate with a lane in front of it."""
    made = Installed.make(tmp_path / "gateway", {"dynamics": LaneOf(0, crm, CRM_TOKEN)})
    try:
        yield Operator(made.up())
        made.down()
        made.check_ledger()
    finally:
        made.kill()


def left(origin: str) -> list[str]:
    """Return every row that still says something of her."""
    found = []
    for name in SETS:
        for row in held(origin, name)["value"]:
            found += [f"{name}: {row}" for secret in SECRETS if secret in json.dumps(row, ensure_ascii=False)]
    return found


def test_nothing_of_a_person_is_left_in_a_real_odata_server(operator: Operator, crm: str) -> None:
    """By her address: contact, merged loser, lead, note, task, call and mail; texts of others are scrubbed."""
    assert left(crm)
    opened = operator.does(
        "open", "--email", "aoife.byrne@example.org", "--ground", "objection", "--identity", "account"
    )
    plan = operator.does("plan", opened["case"])
    assert plan["state"] == "awaiting_confirmation", plan
    operator.agrees(opened["case"], plan["short"])
    done = operator.does("run", opened["case"])["cases"][0]
    assert done["state"] == "live_complete", done
    assert {one["verdict"] for one in done["findings"]} == {"erased"}
    # An independent look: by id, by value, and at every row of every table.
    for table, row in (("contacts", AOIFE), ("contacts", LOSER), ("leads", LEAD)):
        with pytest.raises(HTTPError, match="404"):
            held(crm, f"{table}({row})")
    assert held(crm, "contacts?$filter=contains(emailaddress1,%27byrne%27)")["value"] == []
    assert left(crm) == []
    assert {each["contactid"] for each in held(crm, "contacts")["value"]} == {OTHER}
    (note,) = held(crm, "annotations")["value"]
    assert note["notetext"] == "With [erased], yes."
    assert held(crm, f"accounts({ACCOUNT})")["description"] == "Ask [erased] for the key."

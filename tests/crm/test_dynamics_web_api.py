"""dynamics-web-api, unmodified, through a real lane to a real OData server (SAP CAP)."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from proxy.demo.installation import LaneOf
from tests.crm.node_processes import Client, held, odata_server, store
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed

ACCOUNT = "0a000000-0000-4000-8000-000000000001"
PEOPLE: list[dict[str, Any]] = [
    {
        "contactid": f"0c000000-0000-4000-8000-00000000000{number}",
        "fullname": f"{first} {last}",
        "firstname": first,
        "lastname": last,
        "emailaddress1": f"{first.lower()}@example.org",
        "telephone1": f"+353 1 555 010{number}",
        "birthdate": f"198{number}-03-17",
        "governmentid": f"000-12-010{number}",
        "jobtitle": "Grower",
        "address1_country": "Ireland",
        "parentcustomerid_account_accountid": ACCOUNT,
    }
    for number, (first, last) in enumerate([("Aoife", "Byrne"), ("Zoë", "O'Neill"), ("Mara", "Quinn")], 1)
]
KEY = PEOPLE[0]["contactid"]
SHOWN = ["fullname", "emailaddress1", "telephone1", "birthdate", "governmentid"]


@pytest.fixture(scope="module")
def crm() -> Iterator[str]:
    """Return the origin of an OData server with three people in it."""
    with odata_server() as origin:
        store(origin, "accounts", {"accountid": ACCOUNT, "name": "Northwind Orchards", "revenue": "68000.10"})
        for person in PEOPLE:
            store(origin, "contacts", person)
        yield origin


@pytest.fixture(scope="module")
def lane(crm: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Run Lychgate with a lane in front of it."""
    folder = tmp_path_factory.mktemp("cap") / "gateway"
    made = Installed.make(folder, {"dynamics": LaneOf(0, crm, CRM_TOKEN)})
    try:
        yield made.up()
        made.down()
        made.check_ledger()
    finally:
        made.kill()


@pytest.fixture
def agent(lane: Installed) -> Iterator[Client]:
    """Return the client with a support agent's key."""
    with closing(Client(lane.url("dynamics"), lane.keys["helpdesk"])) as client:
        yield client


@pytest.fixture
def lead(lane: Installed) -> Iterator[Client]:
    """Return the client with a support lead's key."""
    with closing(Client(lane.url("dynamics"), lane.keys["helpdesk_leads"])) as client:
        yield client


def _masked(person: dict[str, Any]) -> dict[str, Any]:
    return {
        "contactid": person["contactid"],
        "fullname": person["fullname"],
        "emailaddress1": person["emailaddress1"],
        "telephone1": f"*** *** 0{person['telephone1'][-1]}",
        "birthdate": person["birthdate"][:4],
    }


def test_records_come_out_as_policy_has_them(agent: Client) -> None:
    """One by one and in a list, in the client's own form, letters of all kinds unharmed."""
    one = agent.ask("retrieve", collection="contacts", key=KEY, select=SHOWN)
    assert {name: one.get(name) for name in _masked(PEOPLE[0])} == _masked(PEOPLE[0])
    assert "governmentid" not in one
    found = agent.ask(
        "retrieveMultiple", collection="contacts", select=SHOWN, orderBy=["fullname desc"], count=True
    )
    assert found["oDataCount"] == 3
    rows = [
        {name: value for name, value in row.items() if "@" not in name and name != "oDataCount"}
        for row in found["value"]
    ]
    assert [row["fullname"] for row in rows] == ["Zoë O'Neill", "Mara Quinn", "Aoife Byrne"]
    by_id = {row["contactid"]: {name: row[name] for name in _masked(PEOPLE[0])} for row in rows}
    assert by_id == {person["contactid"]: _masked(person) for person in PEOPLE}


def test_conditions_and_expansions_are_sent_on(agent: Client) -> None:
    """As they were understood; the CRM answers them."""
    found = agent.ask(
        "retrieveMultiple",
        collection="contacts",
        select=["fullname"],
        filter="emailaddress1 eq 'mara@example.org'",
        expand=[{"property": "parentcustomerid_account", "select": ["name"]}],
    )
    (row,) = found["value"]
    assert row["fullname"] == "Mara Quinn"
    assert row["parentcustomerid_account"]["name"] == "Northwind Orchards"


def test_what_policy_refuses_is_the_clients_own_error(agent: Client) -> None:
    """With its status and the CRM's shape; nothing is sent."""
    for asked in (
        {"filter": "startswith(governmentid,'000')"},
        {"filter": "fullname eq 'x' or birthdate lt 1980-01-01"},
        {"orderBy": ["birthdate"]},
        {"apply": "groupby((governmentid))"},
    ):
        told = agent.told("retrieveMultiple", collection="contacts", select=["fullname"], **asked)
        assert (told["status"], told["code"]) == (403, "0x80040220"), asked
        assert "(decision " in told["error"]
    told = agent.told("deleteRecord", collection="contacts", key=KEY)
    assert told["status"] == 403
    assert agent.told("callFunction", functionName="WhoAmI")["status"] == 403


def test_a_batch_finds_its_parts_by_their_absolute_urls(lead: Client, crm: str) -> None:
    """Reads with the answers they have alone, and a change set; CAP by itself answers such parts with 404."""
    zoe = {"collection": "contacts", "select": SHOWN, "filter": "fullname eq 'Zoë O''Neill'"}
    mara = PEOPLE[2]["contactid"]
    alone = lead.ask("retrieveMultiple", **zoe)
    assert [row["fullname"] for row in alone["value"]] == ["Zoë O'Neill"]
    told = lead.batch(
        ("retrieveMultiple", zoe),
        ("update", {"collection": "contacts", "key": mara, "data": {"lastname": "Quinn-Byrne"}}),
    )
    assert "result" in told, told
    assert told["result"][0]["value"] == alone["value"]
    assert held(crm, f"contacts({mara})")["lastname"] == "Quinn-Byrne"
    told = lead.batch(
        ("retrieveMultiple", zoe), ("retrieveMultiple", {**zoe, "filter": "startswith(governmentid,'000')"})
    )
    assert told["status"] == 403


def test_a_property_is_read_and_written_alone(agent: Client, lead: Client, crm: str) -> None:
    """By the client's calls for that; what may not be written is not."""
    field = {"collection": "contacts", "key": KEY}
    lead.ask("updateSingleProperty", **field, fieldValuePair={"firstname": "Eefa"})
    assert held(crm, f"contacts({KEY})")["firstname"] == "Eefa"
    told = agent.told("updateSingleProperty", **field, fieldValuePair={"governmentid": "1"})
    assert told["status"] == 403
    assert held(crm, f"contacts({KEY})")["governmentid"] == PEOPLE[0]["governmentid"]


def test_a_record_is_made_and_what_is_shown_of_it_is_judged(lead: Client, crm: str) -> None:
    """With the representation that the client asks for; a masked number does not come back as one."""
    body = {"contactid": "0c000000-0000-4000-8000-0000000000ff", "firstname": "Ida", "lastname": "Holm"}
    made = lead.ask("create", collection="contacts", data=body, returnRepresentation=True)
    assert made["firstname"] == "Ida"
    assert "governmentid" not in made
    assert held(crm, f"contacts({body['contactid']})")["lastname"] == "Holm"
    told = lead.told("update", collection="contacts", key=KEY, data={"telephone1": "*** *** 01"})
    assert told["status"] == 422
    assert held(crm, f"contacts({KEY})")["telephone1"] == PEOPLE[0]["telephone1"]

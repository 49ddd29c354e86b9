"""jsforce, unmodified, through a real lane to the sandbox: by session id and instance URL, as its users do."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from proxy.demo.installation import LaneOf
from proxy.sandbox import SalesforceSandbox, running
from tests.crm.node_processes import FOLDER, environment, node
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import PATIENCE, Installed

FIRST = "003Lg0000000001IAA"
FIELDS = ["Id", "Name", "Email", "Phone", "Birthdate", "SSN__c"]
SOQL = f"SELECT {', '.join(FIELDS)} FROM Contact"


@dataclass(frozen=True)
class Place:
    """A lane, and the CRM behind it."""

    run: Installed
    crm: SalesforceSandbox


class Client:
    """jsforce as a process that is asked line by line."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def told(self, call: str, *arguments: object, on: object = (), records: bool = False) -> dict[str, Any]:
        """Return what came of a call: `result`, or `error` with its code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = {"on": on, "call": call, "with": arguments, "records": records}
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told

    def ask(self, call: str, *arguments: object, on: object = (), records: bool = False) -> Any:
        """Return the result of a call that succeeds."""
        told = self.told(call, *arguments, on=on, records=records)
        assert "result" in told, told
        return told["result"]

    def contact(self, call: str, *arguments: object) -> Any:
        """Return the result of a call about contacts."""
        return self.ask(call, *arguments, on=[["sobject", "Contact"]])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Run Lychgate with a lane in front of the sandbox."""
    crm = SalesforceSandbox(CRM_TOKEN, people=30, page_size=10)
    with running(crm) as here:
        folder = tmp_path_factory.mktemp("jsforce") / "gateway"
        run = Installed.make(folder, {"salesforce": LaneOf(0, here.url, CRM_TOKEN)})
        try:
            yield Place(run.up(), crm)
            run.down()
            run.check_ledger()
        finally:
            run.kill()


@contextmanager
def client(place: Place, caller: str) -> Iterator[Client]:
    """Run jsforce with the key of one of the example clients as its session id."""
    process = subprocess.Popen(
        [node(), "jsforce.js"],
        cwd=FOLDER,
        env=environment(SERVER_URL=place.run.url("salesforce"), API_KEY=place.run.keys[caller]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Client(process)
    finally:
        process.communicate(timeout=PATIENCE)


@pytest.fixture
def agent(place: Place) -> Iterator[Client]:
    """Return jsforce with a support agent's key."""
    with client(place, "helpdesk") as made:
        yield made


@pytest.fixture
def lead(place: Place) -> Iterator[Client]:
    """Return jsforce with a support lead's key."""
    with client(place, "helpdesk_leads") as made:
        yield made


def held(place: Place, key: str) -> dict[str, object]:
    """Return what the CRM holds of a contact."""
    (found,) = [person for person in place.crm.people() if person["Id"] == key]
    return found


def test_records_are_read_and_written(place: Place, agent: Client, lead: Client) -> None:
    """One by one and many at a time, each as policy has it."""
    made = lead.contact("create", {"LastName": "Quill", "Email": "quill@example.org"})
    assert made["success"] is True
    assert agent.contact("retrieve", made["id"])["Email"] == "quill@example.org"
    assert agent.contact("update", {"Id": made["id"], "Phone": "+353 1 555 0177"})["success"] is True
    assert held(place, made["id"])["Phone"] == "+353 1 555 0177"
    assert agent.contact("retrieve", made["id"])["Phone"] == "*** *** 77"
    many = lead.contact("create", [{"LastName": "One"}, {"LastName": "Two"}])
    assert [each["success"] for each in many] == [True, True]
    both = agent.contact("retrieve", [many[0]["id"], many[1]["id"]])
    assert [each["LastName"] for each in both] == ["One", "Two"]
    refused = agent.told("destroy", made["id"], on=[["sobject", "Contact"]])
    assert refused["code"] == "INSUFFICIENT_ACCESS"


def test_queries_walk_every_page(place: Place, agent: Client) -> None:
    """The sealed link is followed like the CRM's own."""
    page = agent.ask("query", SOQL)
    assert page["done"] is False
    found = [*page["records"]]
    while not page["done"]:
        page = agent.ask("queryMore", page["nextRecordsUrl"])
        found += page["records"]
    assert len(found) >= 30
    assert not any("SSN__c" in record for record in found)
    assert agent.told("query", "SELECT Id FROM Contact ORDER BY Birthdate")["code"] == "INSUFFICIENT_ACCESS"


def test_searches_and_descriptions(place: Place, agent: Client) -> None:
    """SOSL, describe and the list of objects tell what the caller has a use for."""
    last = str(place.crm.people()[0]["LastName"])
    found = agent.ask("search", f"FIND {{{last}}} IN NAME FIELDS RETURNING Contact(Id, Phone)")
    assert found["searchRecords"][0]["Phone"] == "*** *** 01"
    names = {field["name"] for field in agent.contact("describe")["fields"]}
    assert "Email" in names
    assert "SSN__c" not in names
    assert "Contact" in {each["name"] for each in agent.ask("describeGlobal")["sobjects"]}
    assert agent.ask("limits")["DailyApiRequests"]["Max"] > 0


def test_bulk_jobs_of_both_apis(place: Place, agent: Client, lead: Client) -> None:
    """Uploads as streams of CSV, what became of them, and queries."""
    loaded = lead.ask("load", "Contact", "insert", [{"LastName": "Old"}, {"LastName": "Style"}], on=["bulk"])
    assert [each["success"] for each in loaded] == [True, True]
    assert held(place, loaded[1]["id"])["LastName"] == "Style"
    options = {"object": "Contact", "operation": "update", "pollInterval": 10, "pollTimeout": 20_000}
    rows = [{"Id": loaded[0]["id"], "Phone": "+353 1 555 0199"}]
    done = agent.ask("loadAndWaitForResults", {**options, "input": rows}, on=["bulk2"])
    assert [each["Phone"] for each in done["successfulResults"]] == ["*** *** 99"]
    assert held(place, loaded[0]["id"])["Phone"] == "+353 1 555 0199"
    bad = [{"Id": loaded[0]["id"], "SSN__c": "000-00-0009"}]
    assert "error" in agent.told("loadAndWaitForResults", {**options, "input": bad}, on=["bulk2"])
    assert held(place, loaded[0]["id"])["SSN__c"] is None
    asked = {record["Id"]: record for record in agent.ask("query", f"{SOQL} LIMIT 10")["records"]}
    for api in ("bulk", "bulk2"):
        found = agent.ask("query", f"{SOQL} LIMIT 10", on=[api], records=True)
        assert len(found) == 10
        for record in found:
            same = {name: asked[record["Id"]].get(name) or None for name in FIELDS if name != "SSN__c"}
            assert {name: value or None for name, value in record.items()} == same

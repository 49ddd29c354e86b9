"""Restricted records: not read, not written, not in any answer; and a race never lets one through."""

import json
from pathlib import Path

import pytest

from proxy.app import App, build
from proxy.config import Config
from proxy.erasure import Known
from proxy.erasures import Erasures
from proxy.message import Headers, Request, Response
from proxy.restricted import item
from tests.e2e.harness import GatewayHarness

JSON = (("content-type", "application/json"),)
BODY = {
    "results": [
        {"id": key, "properties": {"email": f"p{key}@example.org", "hs_object_id": key}, "archived": False,
         "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"}
        for key in ("101", "102")
    ]
}  # fmt: skip


@pytest.fixture
def harness(tmp_path: Path):
    """An installation inside this process."""
    made = GatewayHarness.make(tmp_path / "gateway")
    yield made
    made.close()
    made.app.kept.close()


def restrict(harness: GatewayHarness, lane: str, object_: str, key: str, kind: str = "record") -> None:
    """Restrict one record."""
    harness.app.restricted.replace([item(lane, object_, kind, harness.pseudonym(key))])


def asking(harness: GatewayHarness, target: str, method: str = "GET", body: object = None) -> Request:
    """Return a request of the help desk's."""
    path, _, query = target.partition("?")
    fields = (*harness.credentials("helpdesk", "customer_support"), *(JSON if body is not None else ()))
    return Request(method, path, query, Headers(fields), json.dumps(body).encode() if body is not None else b"")


def page(request: Request) -> Response:
    """Answer as HubSpot does."""
    return Response(200, Headers(JSON), json.dumps(BODY).encode())


async def test_a_restricted_record_is_missing_from_a_page(harness: GatewayHarness) -> None:
    """As if it were not there; the other one is as it was."""
    restrict(harness, "hubspot", "contacts", "101")
    ended = await harness.exchange("hubspot", asking(harness, "/crm/v3/objects/contacts"), page)
    assert ended.response.status == 200
    assert [each["id"] for each in json.loads(ended.response.body)["results"]] == ["102"]
    disclosed = [entry for entry in ended.entries if entry["kind"] == "disclosed"]
    assert disclosed[0]["subjects"] == [harness.pseudonym("102")]


async def test_the_same_id_of_another_object_or_lane_is_another_record(harness: GatewayHarness) -> None:
    """A company's number is no person's."""
    for lane, object_ in (("hubspot", "companies"), ("salesforce", "contacts")):
        restrict(harness, lane, object_, "101")
        ended = await harness.exchange("hubspot", asking(harness, "/crm/v3/objects/contacts"), page)
        assert len(json.loads(ended.response.body)["results"]) == 2


@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("PATCH", {"properties": {"phone": "+353 1 555 0101"}})]
)
async def test_a_request_that_names_one_is_refused(harness: GatewayHarness, method: str, body: object) -> None:
    """Before anything goes to the CRM."""
    restrict(harness, "hubspot", "contacts", "101")
    ended = await harness.exchange(
        "hubspot", asking(harness, "/crm/v3/objects/contacts/101", method, body), page
    )
    assert ended.forwarded is None
    assert ended.response.status == 403
    assert ended.entries[-1]["reason"] == "person_restricted"


async def test_an_answer_under_way_is_withheld(harness: GatewayHarness) -> None:
    """The CRM has answered, the entry is written, and only then the erasure begins: nothing is released."""
    gateway = harness.app.gateways["hubspot"]
    forward = await gateway.on_request(asking(harness, "/crm/v3/objects/contacts"))
    assert not isinstance(forward, Response)
    append, done = harness.app.ledger.append, []

    async def appending(entry):
        seq = await append(entry)
        if entry.kind == "disclosed" and not done:
            done.append(entry)
            restrict(harness, "hubspot", "contacts", "101")
        return seq

    gateway._ports.ledger.append = appending
    answer = await gateway.on_response(forward, page(forward.request))
    assert done
    assert answer.status == 503
    assert b"example.org" not in answer.body


async def test_an_answer_under_way_is_withheld_for_whom_it_is_about_alone(harness: GatewayHarness) -> None:
    """Once somebody is restricted on a lane, a further restriction touches only answers about that person."""
    restrict(harness, "hubspot", "contacts", "7")
    gateway = harness.app.gateways["hubspot"]
    append = harness.app.ledger.append
    for key, status in (("101", 403), ("8", 200)):
        forward = await gateway.on_request(asking(harness, "/crm/v3/objects/contacts"))
        assert not isinstance(forward, Response)

        async def appending(entry, key=key):
            seq = await append(entry)
            if entry.kind == "disclosed":
                restrict(harness, "hubspot", "contacts", key)
            return seq

        gateway._ports.ledger.append = appending
        assert (await gateway.on_response(forward, page(forward.request))).status == status
        gateway._ports.ledger.append = append


async def test_a_request_that_waited_is_refused_before_it_is_sent(harness: GatewayHarness) -> None:
    """Admitted, and waiting for a connection: the data plane asks once more."""
    gateway = harness.app.gateways["hubspot"]
    forward = await gateway.on_request(asking(harness, "/crm/v3/objects/contacts/101"))
    assert not isinstance(forward, Response)
    forward.still()
    restrict(harness, "hubspot", "contacts", "101")
    with pytest.raises(Exception, match="person_restricted"):
        forward.still()


async def test_a_record_nobody_can_place_goes_too(harness: GatewayHarness) -> None:
    """Salesforce rows without an id: on a lane where somebody is restricted they may be theirs."""
    restrict(harness, "salesforce", "Contact", "003000000000001AAA")
    rows = [{"attributes": {"type": "Contact"}, "Email": "a@example.org"}]
    body = {"totalSize": 1, "done": True, "records": rows}

    def answer(request: Request) -> Response:
        return Response(200, Headers(JSON), json.dumps(body).encode())

    query = asking(harness, "/services/data/v59.0/query?q=SELECT+Email+FROM+Contact")
    ended = await harness.exchange("salesforce", query, answer)
    assert json.loads(ended.response.body)["records"] == []


OPEN = """apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: open, owner: tests, review_by: 2027-03-31}
grants:
  - id: open
    description: Everything, so that nothing else than what is tested stops a request.
    effect: allow
    roles: [support_agent, support_lead]
    purposes: [customer_support]
    recipients: [helpdesk_app]
    on: {connectors: [salesforce, hubspot, dynamics, pipedrive]}
    actions: [read, list, filter, create, update, delete, erase]
"""


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The same installation, where policy lets the help desk do everything."""

    def build_open(config: Config) -> App:
        (tmp_path / "gateway" / "policies" / "example" / "open.yaml").write_text(OPEN, "utf-8")
        return build(config)

    monkeypatch.setattr("tests.e2e.harness.build", build_open)
    made = GatewayHarness.make(tmp_path / "gateway")
    yield made
    made.close()
    made.app.kept.close()


TITLE = {"properties": {"jobtitle": "Dr"}}
BY_ADDRESS = {"id": "bob@example.org", "idProperty": "email"}
V3 = "/crm/v3/objects/contacts"


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("PATCH", f"{V3}/101", TITLE),
        ("PATCH", f"{V3}/0101", TITLE),
        ("PATCH", f"{V3}/bob@example.org?idProperty=email", TITLE),
        ("POST", f"{V3}/batch/update", {"inputs": [{"id": "55", **TITLE}, {**BY_ADDRESS, **TITLE}]}),
        ("POST", f"{V3}/batch/upsert", {"inputs": [{**BY_ADDRESS, **TITLE}]}),
        ("POST", "/contacts/v1/contact/email/bob@example.org/profile", {"properties": [
            {"property": "jobtitle", "value": "Dr"}]}),
    ],
)  # fmt: skip
async def test_who_is_restricted_is_not_changed_by_another_name(
    opened: GatewayHarness, method: str, target: str, body: object
) -> None:
    """By an address, or by the id in another spelling: nobody but the CRM could say whose record that is."""
    restrict(opened, "hubspot", "contacts", "101")
    ended = await opened.exchange("hubspot", asking(opened, target, method, body), page)
    assert ended.forwarded is None
    assert [entry["reason"] for entry in ended.entries] == ["person_restricted"]


async def test_others_are_changed_meanwhile(opened: GatewayHarness) -> None:
    """What names by id whom it is about goes on."""
    restrict(opened, "hubspot", "contacts", "101")
    company = {"inputs": [{"id": "x.example", "idProperty": "domain", "properties": {"city": "Cork"}}]}
    for target, method, body in (
        (f"{V3}/55", "PATCH", TITLE),
        (V3, "POST", TITLE),
        ("/crm/v3/objects/companies/batch/update", "POST", company),
    ):
        ended = await opened.exchange("hubspot", asking(opened, target, method, body), page)
        assert ended.forwarded is not None


@pytest.mark.parametrize(
    ("lane", "target", "body"),
    [
        ("hubspot", V3, {"properties": {"email": "ANN@x.example"}}),
        ("dynamics", "/api/data/v9.2/contacts", {"emailaddress1": "Ann@x.example"}),
        ("pipedrive", "/api/v2/persons", {"name": "A", "emails": [{"value": "ann@X.example", "primary": True}]}),
        ("pipedrive", "/v1/persons", {"name": "A", "email": ["ann@x.example"]}),
    ],
)
async def test_nobody_comes_back_by_a_lane_without_a_playbook(
    opened: GatewayHarness, lane: str, target: str, body: object
) -> None:
    """Who was erased from one CRM is not stored in another one either, wherever in the record the address is."""
    Erasures(opened.app).tombstones.put("case0001", [Known("email", "ann@x.example")], 7)
    ended = await opened.exchange(lane, asking(opened, target, "POST", body), page)
    assert ended.forwarded is None
    assert [entry["reason"] for entry in ended.entries] == ["person_erased"]

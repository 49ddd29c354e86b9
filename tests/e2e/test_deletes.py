"""Every way in which a client can have a CRM delete somebody, against a policy that does not let it."""

import json
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.app import build
from proxy.config import load_config
from proxy.ids import long_form
from proxy.message import Headers, Request, Response
from proxy.restricted import item, one_form
from tests.e2e.harness import GatewayHarness, Upstream

OBJECTS = (
    "[Contact, Lead, contacts, contact, lead, res.partner, party.party, party.contact_mechanism, persons, "
    "Contacts]"
)
GRANT = f"""\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {{name: everything, owner: dpo}}
grants:
  - id: privacy-does-everything
    roles: [privacy_officer]
    purposes: [subject_request]
    on: {{objects: {OBJECTS}}}
    actions: [read, list, create, update, delete, erase]
    effect: allow
"""
RULE = """
rules:
  - id: nobody-is-deleted
    on: {{objects: {objects}}}
    then: {then}
    {more}
"""
ID15, GUID = "003000000000001", "00000000-0000-0000-0000-000000000001"


def json_request(target: str, body: object = None, *fields: tuple[str, str]) -> Request:
    """Return a request with a JSON body."""
    method, _, address = target.partition(" ")
    path, _, query = address.partition("?")
    raw = b"" if body is None else json.dumps(body).encode()
    media = (("content-type", "application/json"),) if raw else ()
    return Request(method, path, query, Headers((*media, *fields)), raw)


def rpc(*params: Any, path: str, method: str) -> Request:
    """Return an XML-RPC call."""
    body = xmlrpc.client.dumps(params, method, allow_none=True).encode()
    return Request("POST", path, "", Headers((("content-type", "text/xml"),)), body)


def soap(call: str) -> Request:
    """Return a call of Salesforce's partner API."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:u="urn:partner.soap.sforce.com" xmlns:o="urn:sobject.partner.soap.sforce.com"><s:Header/>'
        f"<s:Body>{call}</s:Body></s:Envelope>"
    )
    media = (("content-type", "text/xml; charset=UTF-8"), ("soapaction", '""'))
    return Request("POST", "/services/Soap/u/59.0", "", Headers(media), body.encode())


def suite(attributes: dict[str, object], key: str = GUID) -> Request:
    """Return what SuiteCRM is sent to change a contact."""
    body = {"data": {"type": "Contacts", "id": key, "attributes": attributes}}
    media = (("content-type", "application/vnd.api+json"),)
    return Request("PATCH", "/Api/V8/module", "", Headers(media), json.dumps(body).encode())


def odoo(model: str, method: str, args: list[Any], **more: Any) -> dict[str, Any]:
    """Return the web client's form of a call."""
    params = {"model": model, "method": method, "args": args, "kwargs": more}
    return {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}


JSON_BODY = Headers((("content-type", "application/json"),))
SF, DYN = "/services/data/v59.0", "/api/data/v9.2"
BATCH = {"requests": [{"id": "1", "method": "DELETE", "url": f"contacts({GUID})"}]}
KEY = "any"
NAMED = {
    *("Salesforce, one", "Salesforce, several", "HubSpot, one", "HubSpot, several", "HubSpot, GDPR"),
    *("HubSpot, emptied", "Dynamics, one", "Dynamics, deactivated", "Dynamics, emptied"),
    *("SuiteCRM, one", "SuiteCRM, emptied", "Pipedrive, version 1"),
    *("Pipedrive, version 2", "Pipedrive, a flag", "Pipedrive, the other flag"),
}
"""Deletes of records by their ids, in surfaces whose clients can be told of a case."""
DELETES: dict[str, tuple[str, Request]] = {
    "Salesforce, one": ("salesforce", json_request(f"DELETE {SF}/sobjects/Contact/{ID15}")),
    "Salesforce, several": ("salesforce", json_request(f"DELETE {SF}/composite/sobjects?ids={ID15}")),
    "Salesforce, composite": (
        "salesforce",
        json_request(
            f"POST {SF}/composite",
            {"compositeRequest": [
                {"method": "DELETE", "referenceId": "a", "url": f"{SF}/sobjects/Contact/{ID15}"}
            ]},
        ),
    ),
    "Salesforce, batch": (
        "salesforce",
        json_request(
            f"POST {SF}/composite/batch",
            {"batchRequests": [{"method": "DELETE", "url": f"v59.0/sobjects/Contact/{ID15}"}]},
        ),
    ),
    "Salesforce, by a key": ("salesforce", json_request(f"DELETE {SF}/sobjects/Contact/Email/a%40example.org")),
    "Salesforce, Bulk 2.0": (
        "salesforce", json_request(f"POST {SF}/jobs/ingest", {"object": "Contact", "operation": "delete"}),
    ),
    "Salesforce, Bulk 2.0 hard": (
        "salesforce", json_request(f"POST {SF}/jobs/ingest", {"object": "Contact", "operation": "hardDelete"}),
    ),
    "Salesforce, Bulk 1.0": (
        "salesforce",
        json_request("POST /services/async/59.0/job", {
            "object": "Contact", "operation": "delete", "contentType": "CSV"}),
    ),
    "Salesforce, SOAP": ("salesforce", soap(f"<u:delete><u:ids>{ID15}</u:ids></u:delete>")),
    "Salesforce, SOAP merge": (
        "salesforce",
        soap(
            f"<u:merge><u:request><u:masterRecord><o:type>Contact</o:type><o:Id>{ID15}</o:Id></u:masterRecord>"
            "<u:recordToMergeIds>003000000000002</u:recordToMergeIds></u:request></u:merge>"
        ),
    ),
    "Salesforce, SOAP bin": (
        "salesforce", soap(f"<u:emptyRecycleBin><u:ids>{ID15}</u:ids></u:emptyRecycleBin>"),
    ),
    "Salesforce, overridden": (
        "salesforce", json_request(f"POST {SF}/sobjects/Contact/{ID15}?_HttpMethod=DELETE", {"LastName": "x"}),
    ),
    "HubSpot, one": ("hubspot", json_request("DELETE /crm/v3/objects/contacts/101")),
    "HubSpot, several": (
        "hubspot", json_request("POST /crm/v3/objects/contacts/batch/archive", {"inputs": [{"id": "101"}]}),
    ),
    "HubSpot, GDPR": ("hubspot", json_request("POST /crm/v3/objects/contacts/gdpr-delete", {"objectId": "101"})),
    "HubSpot, version 1": ("hubspot", json_request("DELETE /contacts/v1/contact/vid/101")),
    "HubSpot, merge": (
        "hubspot",
        json_request(
            "POST /crm/v3/objects/contacts/merge", {"primaryObjectId": "102", "objectIdToMerge": "101"}
        ),
    ),
    "Dynamics, one": ("dynamics", json_request(f"DELETE {DYN}/contacts({GUID})")),
    "Dynamics, by a key": ("dynamics", json_request(f"DELETE {DYN}/contacts(emailaddress1='a@example.org')")),
    "Dynamics, batch": ("dynamics", json_request(f"POST {DYN}/$batch", BATCH)),
    "Dynamics, deactivated": ("dynamics", json_request(
        f"PATCH {DYN}/contacts({GUID})", {"statecode": 1}, ("if-match", "*"))),
    "HubSpot, emptied": (
        "hubspot",
        json_request("PATCH /crm/v3/objects/contacts/101", {
            "properties": {"email": "", "firstname": "", "lastname": ""}}),
    ),
    "Dynamics, emptied": (
        "dynamics",
        json_request(f"PATCH {DYN}/contacts({GUID})", {
            "emailaddress1": None, "firstname": None, "lastname": ""}, ("if-match", "*")),
    ),
    "SuiteCRM, one": ("suitecrm", json_request(f"DELETE /Api/V8/module/Contacts/{GUID}")),
    "SuiteCRM, emptied": ("suitecrm", suite({"email1": "", "first_name": "", "last_name": ""})),
    "SuiteCRM, a flag": ("suitecrm", suite({"deleted": "1"})),
    "Dynamics, merge": ("dynamics", json_request(f"POST {DYN}/Merge", {"Target": {}, "Subordinate": {}})),
    "Dynamics, bulk": ("dynamics", json_request(f"POST {DYN}/BulkDelete", {"QuerySet": []})),
    "Dynamics, restored": ("dynamics", json_request(f"POST {DYN}/Restore", {"Target": {}})),
    "Odoo, XML-RPC": (
        "odoo",
        rpc("any", 2, KEY, "res.partner", "unlink", [[7]], path="/xmlrpc/2/object", method="execute_kw"),
    ),
    "Odoo, execute": (
        "odoo", rpc("any", 2, KEY, "res.partner", "unlink", [7], path="/xmlrpc/2/object", method="execute"),
    ),
    "Odoo, JSON-2": ("odoo", json_request("POST /json/2/res.partner/unlink", {"ids": [7]})),
    "Odoo, web": ("odoo", json_request("POST /web/dataset/call_kw", odoo("res.partner", "unlink", [[7]]))),
    "Odoo, a command below": (
        "odoo",
        json_request("POST /json/2/res.partner/write", {"ids": [8], "vals": {"child_ids": [[2, 7, 0]]}}),
    ),
    "Odoo, archived": (
        "odoo", json_request("POST /json/2/res.partner/write", {"ids": [7], "vals": {"active": False}}),
    ),
    "Odoo, archived by its method": (
        "odoo", json_request("POST /json/2/res.partner/action_archive", {"ids": [7]}),
    ),
    "Tryton, JSON-RPC": (
        "tryton",
        json_request("POST /crm/rpc/", {"id": 1, "method": "model.party.party.delete", "params": [[7], {}]}),
    ),
    "Tryton, XML-RPC": ("tryton", rpc([7], {}, path="/crm/rpc/", method="model.party.party.delete")),
    "Tryton, REST": ("tryton", json_request("DELETE /crm/rest/model/party.party/7")),
    "Tryton, a command below": (
        "tryton",
        json_request("POST /crm/rpc/", {
            "id": 1, "method": "model.party.party.write",
            "params": [[7], {"contact_mechanisms": [["delete", [3]]]}, {}]}),
    ),
    "Tryton, deactivated": (
        "tryton",
        json_request("POST /crm/rpc/", {
            "id": 1, "method": "model.party.party.write", "params": [[7], {"active": False}, {}]}),
    ),
    "Tryton, its wizard": (
        "tryton",
        json_request("POST /crm/rpc/", {"id": 1, "method": "wizard.party.erase.create", "params": [{}]}),
    ),
    "Tryton, merged": (
        "tryton",
        json_request("POST /crm/rpc/", {"id": 1, "method": "wizard.party.replace.create", "params": [{}]}),
    ),
    "Pipedrive, version 2": ("pipedrive", json_request("DELETE /api/v2/persons/1")),
    "Pipedrive, version 1": ("pipedrive", json_request("DELETE /v1/persons/1")),
    "Pipedrive, several": ("pipedrive", json_request("DELETE /v1/persons?ids=1,2")),
    "Pipedrive, merge": ("pipedrive", json_request("PUT /v1/persons/1/merge", {"merge_with_id": 2})),
    "Pipedrive, a flag": ("pipedrive", json_request("PUT /v1/persons/1", {"active_flag": False})),
    "Pipedrive, the other flag": ("pipedrive", json_request("PATCH /api/v2/persons/1", {"is_deleted": True})),
}  # fmt: skip


class Office:
    """An installation whose privacy officer may do everything, but for what the rule says of deletes."""

    def __init__(self, folder: Path, then: str, answer: str = "accepted") -> None:
        first = GatewayHarness.make(folder / "gateway")
        first.close()
        first.app.kept.close()
        example = first.installation.policies / "example"
        erasure = example / "erasure.yaml"
        more = {"refuse": 'because: "They stay."', "pass": ""}.get(then, "ground: objection")
        more += f"\n    answer: {answer}"
        erasure.write_text(
            erasure.read_text("utf-8") + RULE.format(objects=OBJECTS, then=then, more=more), "utf-8"
        )
        (example / "everything.yaml").write_text(GRANT, "utf-8")
        self.harness = GatewayHarness(first.installation, build(load_config(first.installation.config)))

    async def fire(self, lane: str, request: Request, upstream: Upstream = lambda _: Response(204)) -> Any:
        """Return how the exchange ends; the CRM does what it is told, and has nothing to say."""
        credentials = self.harness.credentials("privacy_desk", "subject_request")
        sent = Request(
            request.method, request.path, request.query, Headers((*request.headers, *credentials)), request.body,
            host=request.host,
        )  # fmt: skip
        return await self.harness.exchange(lane, sent, upstream)

    def close(self) -> None:
        """Let go of it."""
        self.harness.close()
        self.harness.app.kept.close()


@pytest.fixture(scope="module", params=["refuse", "case"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One for each rule that stops deletes."""
    made = Office(tmp_path_factory.mktemp("office"), request.param)
    yield made
    made.close()


@pytest.mark.parametrize("way", DELETES)
async def test_no_delete_goes_round_the_rule(office: Office, way: str) -> None:
    """It is refused, or a case is opened in its place; the CRM hears nothing of it."""
    ended = await office.fire(*DELETES[way])
    assert ended.forwarded is None
    opened = ended.response.headers.one("lychgate-erasure-case") is not None
    assert opened or "declined" in {entry["kind"] for entry in ended.entries}


async def test_every_delete_of_a_named_record_opens_a_case(tmp_path: Path) -> None:
    """In whichever surface it comes, as far as the client can be told so."""
    office = Office(tmp_path, "case")
    opened = set()
    for way, (lane, request) in DELETES.items():
        ended = await office.fire(lane, request)
        opened |= {way} if ended.response.headers.one("lychgate-erasure-case") is not None else set()
    office.close()
    assert opened >= NAMED


async def test_what_is_deleted_goes_to_the_crm_where_nothing_stops_it(tmp_path: Path) -> None:
    """The same requests, without the rule: each of those that open a case is one that would have been sent."""
    office = Office(tmp_path, "pass")
    sent = {way for way in NAMED if (await office.fire(*DELETES[way])).forwarded is not None}
    office.close()
    assert sent == NAMED


async def test_nobody_brings_back_who_is_being_erased(tmp_path: Path) -> None:
    """Out of a recycle bin, or by a flag: the record is named, and nobody changes it now."""
    office = Office(tmp_path, "pass")
    back = {"ids": [7], "vals": {"active": True}}
    ways = {
        "salesforce": ("Contact", ID15, soap(f"<u:undelete><u:ids>{ID15}</u:ids></u:undelete>")),
        "pipedrive": ("persons", "1", json_request("PUT /v1/persons/1", {"active_flag": True})),
        "odoo": ("res.partner", "7", json_request("POST /json/2/res.partner/write", back)),
    }  # fmt: skip
    for lane, (object_, key, request) in ways.items():
        office.harness.app.restricted.replace([])
        free = await office.fire(lane, request)
        name = office.harness.pseudonym(one_form(key))
        office.harness.app.restricted.replace([item(lane, object_, "record", name)])
        shut = await office.fire(lane, request)
        assert (free.forwarded is not None, shut.forwarded) == (True, None), lane
    office.close()


@pytest.mark.parametrize("listed", [ID15, long_form(ID15)])
@pytest.mark.parametrize("asked", [ID15, long_form(ID15)])
async def test_nobody_is_reached_by_the_other_form_of_an_id(tmp_path: Path, listed: str, asked: str) -> None:
    """Whoever named the record for the case, and whoever names it now: with 15 characters or with 18."""
    office = Office(tmp_path, "pass")
    name = office.harness.pseudonym(one_form(listed))
    office.harness.app.restricted.replace([item("salesforce", "Contact", "record", name)])
    path = f"{SF}/sobjects/Contact/{asked}"
    changed = await office.fire("salesforce", json_request(f"PATCH {path}", {"Title": "x"}))
    deleted = await office.fire("salesforce", json_request(f"DELETE {path}"))
    row = {"attributes": {"type": "Contact", "url": path}, "Id": asked, "LastName": "Byrne"}
    shown = await office.fire(
        "salesforce",
        json_request(f"GET {SF}/query?q=SELECT+Id,LastName+FROM+Contact"),
        lambda _: Response(
            200, JSON_BODY, json.dumps({"totalSize": 1, "done": True, "records": [row]}).encode()
        ),
    )
    office.close()
    assert (changed.forwarded, deleted.forwarded) == (None, None)
    assert b"Byrne" not in shown.response.body

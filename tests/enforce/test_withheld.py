"""A record that policy hides for what it is leaves no trace, on whatever surface it is asked for.

Two answers of a CRM, one with records that are hidden and one without them, come out the same, byte for byte.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest

from proxy.message import Headers, Request, Response
from tests.e2e.harness import GatewayHarness

RULES = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: restriction}
guards:
  - id: restricted
    effect: deny
    on: {objects: [Contact, contacts, contact]}
    actions: [read, list]
    when: resource.restricted
grants:
  - id: nobody-of-those
    description: The consent is asked of each record, and these CRMs say nothing of it.
    effect: allow
    roles: [marketer]
    purposes: [product_news]
    recipients: [mailer_us]
    on: {objects: [res.partner, party.party], categories: [user.name, system.operations]}
    actions: [read, list]
"""
JSON = "application/json"
DATA = "/services/data/v59.0"
SALESFORCE_FACT, HUBSPOT_FACT = "ProcessingRestricted__c", "processing_restricted"


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHarness]:
    """An installation whose policies hide who is restricted."""
    made = GatewayHarness.make(tmp_path_factory.mktemp("withheld") / "installation")
    (made.app.config.policies / "restriction.yaml").write_text(RULES)
    made.app.reload()
    yield made
    made.close()


@dataclass(frozen=True, slots=True)
class Surface:
    """One way of asking, and how the CRM would answer about certain people."""

    lane: str
    request: str
    answer: Callable[[list[int]], tuple[int, Any]]
    body: Any = None
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    asked: tuple[int, ...] = (1, 2, 3)
    """Whom it asks about, where it names them."""


def contact(number: int) -> dict[str, Any]:
    """Return a record of Salesforce's; even ones are restricted."""
    key = f"00300000000000{number}AAA"
    told = {"type": "Contact", "url": f"{DATA}/sobjects/Contact/{key}"}
    return {"attributes": told, "Id": key, "LastName": f"N{number}", SALESFORCE_FACT: number % 2 == 0}


def person(number: int) -> dict[str, Any]:
    """Return a record of HubSpot's."""
    told = {"hs_object_id": str(number), "lastname": f"N{number}"}
    told |= {HUBSPOT_FACT: "true" if number % 2 == 0 else "false"}
    moment = "2026-01-01T00:00:00Z"
    return {"id": str(number), "properties": told, "createdAt": moment, "updatedAt": moment, "archived": False}


def entity(number: int) -> dict[str, Any]:
    """Return a record of Dynamics'."""
    key = f"00000000-0000-0000-0000-00000000000{number}"
    return {"contactid": key, "lastname": f"N{number}", "new_processingrestricted": number % 2 == 0}


def page(people: list[int]) -> tuple[int, Any]:
    """Return a page of Salesforce's."""
    return 200, {"totalSize": len(people), "done": True, "records": list(map(contact, people))}


def results(people: list[int]) -> tuple[int, Any]:
    """Return a page of HubSpot's."""
    return 200, {"total": len(people), "results": list(map(person, people))}


def batch(people: list[int]) -> tuple[int, Any]:
    """Return what HubSpot says of several ids."""
    told = {"status": "COMPLETE", "results": list(map(person, people))}
    if len(people) == 3:
        return 200, told
    error = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "some", "context": {"ids": ["2"]}}
    return 207, {**told, "numErrors": 1, "errors": [error]}


def collection(people: list[int]) -> tuple[int, Any]:
    """Return what Salesforce says of several ids: null for those that are not there."""
    return 200, [contact(each) if each in people else None for each in (1, 2, 3)]


def found(people: list[int]) -> tuple[int, Any]:
    """Return what a search found."""
    return 200, {"searchRecords": list(map(contact, people))}


def parts(people: list[int]) -> tuple[int, Any]:
    """Return three answers in one: a page, somebody who is restricted, and somebody who is not."""
    missing = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    two = {"statusCode": 200, "result": contact(2)} if 2 in people else {"statusCode": 404, "result": missing}
    told = [{"statusCode": 200, "result": page(people)[1]}, two, {"statusCode": 200, "result": contact(1)}]
    return 200, {"hasErrors": 2 not in people, "results": told}


def values(people: list[int]) -> tuple[int, Any]:
    """Return a page of Dynamics'."""
    return 200, {"@odata.count": len(people), "value": list(map(entity, people))}


def responses(people: list[int]) -> tuple[int, Any]:
    """Return the answers to two requests in one of Dynamics'."""
    two = {"id": "2", "status": 200, "body": entity(2)}
    if 2 not in people:
        two = {
            "id": "2",
            "status": 404,
            "body": {"error": {"code": "0x80040217", "message": "contact does not"}},
        }
    return 200, {"responses": [{"id": "1", "status": 200, "body": values(people)[1]}, two]}


def alone(record: Callable[[int], Any], absent: Any) -> Callable[[list[int]], tuple[int, Any]]:
    """Return how the CRM answers a read of number two."""
    return lambda people: (200, record(2)) if 2 in people else (404, absent)


def element(number: int) -> str:
    """Return a record in an envelope."""
    told = contact(number)
    fields = (
        ("Id", told["Id"]),
        ("LastName", told["LastName"]),
        (SALESFORCE_FACT, str(number % 2 == 0).lower()),
    )
    inside = "".join(f"<sf:{name}>{value}</sf:{name}>" for name, value in fields)
    return f"<sf:type>Contact</sf:type>{inside}"


SOAP = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:sobject.partner.soap.sforce.com" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
)


def enveloped(people: list[int]) -> tuple[int, Any]:
    """Return a page in an envelope."""
    rows = "".join(f'<records xsi:type="sf:sObject">{element(each)}</records>' for each in people)
    told = f'<done>true</done><queryLocator xsi:nil="true"/>{rows}<size>{len(people)}</size>'
    return 200, SOAP.format(
        f'<queryResponse><result xsi:type="QueryResult">{told}</result></queryResponse>'
    ).encode()


def retrieved(people: list[int]) -> tuple[int, Any]:
    """Return several ids in an envelope."""
    rows = (
        f'<result xsi:type="sf:sObject">{element(each)}</result>'
        if each in people
        else '<result xsi:nil="true"/>'
        for each in (1, 2, 3)
    )
    return 200, SOAP.format(f"<retrieveResponse>{''.join(rows)}</retrieveResponse>").encode()


def matched(people: list[int]) -> tuple[int, Any]:
    """Return what a search found, in an envelope."""
    rows = (
        f'<searchRecords><record xsi:type="sf:sObject">{element(each)}</record></searchRecords>'
        for each in people
    )
    return 200, SOAP.format(f"<searchResponse><result>{''.join(rows)}</result></searchResponse>").encode()


def fetched(people: list[int]) -> tuple[int, Any]:
    """Return rows of FetchXML."""
    total = {"@Microsoft.Dynamics.CRM.totalrecordcount": len(people)}
    return 200, {**total, "value": [entity(each) for each in people]}


NOT_FOUND = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
SURFACES = {
    "query": Surface("salesforce", f"GET {DATA}/query?q=" + quote("SELECT Id, LastName FROM Contact"), page),
    "record": Surface(
        "salesforce", f"GET {DATA}/sobjects/Contact/003000000000002AAA", alone(contact, NOT_FOUND)
    ),
    "some fields": Surface(
        "salesforce",
        f"GET {DATA}/sobjects/Contact/003000000000002AAA?fields=LastName",
        alone(contact, NOT_FOUND),
    ),
    "collection": Surface(
        "salesforce",
        f"GET {DATA}/composite/sobjects/Contact?fields=Id,LastName&ids="
        + ",".join(contact(each)["Id"] for each in (1, 2, 3)),
        collection,
    ),
    "composite/batch": Surface(
        "salesforce",
        f"POST {DATA}/composite/batch",
        parts,
        {
            "batchRequests": [
                {"method": "GET", "url": "v59.0/query?q=" + quote("SELECT Id, LastName FROM Contact")},
                {"method": "GET", "url": "v59.0/sobjects/Contact/003000000000002AAA"},
                {"method": "GET", "url": "v59.0/sobjects/Contact/003000000000001AAA"},
            ]
        },
    ),
    "SOAP query": Surface(
        "salesforce",
        "POST /services/Soap/u/59.0",
        enveloped,
        SOAP.format("<query><queryString>SELECT Id, LastName FROM Contact</queryString></query>").encode(),
        "text/xml",
        {"soapaction": '""'},
    ),
    "SOAP retrieve": Surface(
        "salesforce",
        "POST /services/Soap/u/59.0",
        retrieved,
        SOAP.format(
            "<retrieve><fieldList>Id,LastName</fieldList><sObjectType>Contact</sObjectType>"
            + "".join(f"<ids>{contact(each)['Id']}</ids>" for each in (1, 2, 3))
            + "</retrieve>"
        ).encode(),
        "text/xml",
        {"soapaction": '""'},
    ),
    "SOAP search": Surface(
        "salesforce",
        "POST /services/Soap/u/59.0",
        matched,
        SOAP.format(
            "<search><searchString>FIND {N} IN NAME FIELDS RETURNING Contact(Id, LastName)</searchString>"
            "</search>"
        ).encode(),
        "text/xml",
        {"soapaction": '""'},
    ),
    "SOSL": Surface(
        "salesforce",
        f"GET {DATA}/search?q=" + quote("FIND {N} IN NAME FIELDS RETURNING Contact(Id, LastName)"),
        found,
    ),
    "Dynamics list": Surface("dynamics", "GET /api/data/v9.2/contacts?$select=lastname&$count=true", values),
    "Dynamics record": Surface(
        "dynamics",
        f"GET /api/data/v9.2/contacts({entity(2)['contactid']})?$select=lastname",
        alone(entity, {"error": {"code": "0x80040217", "message": "contact With Id Does Not Exist"}}),
    ),
    "Dynamics $batch": Surface(
        "dynamics",
        "POST /api/data/v9.2/$batch",
        responses,
        {
            "requests": [
                {"id": "1", "method": "GET", "url": "contacts?$select=lastname&$count=true"},
                {"id": "2", "method": "GET", "url": f"contacts({entity(2)['contactid']})?$select=lastname"},
            ]
        },
    ),
    "FetchXML": Surface(
        "dynamics",
        "GET /api/data/v9.2/contacts?fetchXml="
        + quote(
            '<fetch returntotalrecordcount="true"><entity name="contact"><attribute name="contactid"/>'
            '<attribute name="lastname"/></entity></fetch>'
        ),
        fetched,
    ),
    "HubSpot list": Surface("hubspot", "GET /crm/v3/objects/contacts?properties=lastname", results),
    "HubSpot record": Surface(
        "hubspot",
        "GET /crm/v3/objects/contacts/2?properties=lastname",
        alone(person, {"status": "error", "category": "OBJECT_NOT_FOUND"}),
    ),
    "HubSpot search": Surface(
        "hubspot", "POST /crm/v3/objects/contacts/search", results, {"properties": ["lastname"]}
    ),
    "HubSpot batch": Surface(
        "hubspot",
        "POST /crm/v3/objects/contacts/batch/read",
        batch,
        {"properties": ["lastname"], "inputs": [{"id": "1"}, {"id": "2"}, {"id": "3"}]},
    ),
}


async def told(harness: GatewayHarness, surface: Surface, people: list[int]) -> tuple[int, object, bytes]:
    """Return what a support agent is answered where the CRM has certain people."""
    method, _, target = surface.request.partition(" ")
    path, _, query = target.partition("?")
    fields = (*harness.credentials("helpdesk"), *surface.headers.items())
    body = b""
    if surface.body is not None:
        body = surface.body if isinstance(surface.body, bytes) else json.dumps(surface.body).encode()
        fields += (("content-type", surface.media),)
    if isinstance(surface.body, bytes):
        key = harness.installation.keys["helpdesk"]
        header = f"<soapenv:Header><SessionHeader><sessionId>{key}</sessionId></SessionHeader></soapenv:Header>"
        body = body.replace(b"<soapenv:Body>", header.encode() + b"<soapenv:Body>")
        fields = fields[1:]

    def upstream(_request: Request) -> Response:
        status, tree = surface.answer(people)
        content = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
        return Response(status, Headers((("content-type", surface.media),)), content)

    ended = await harness.exchange(surface.lane, Request(method, path, query, Headers(fields), body), upstream)
    assert ended.forwarded is not None, ended.entries
    response = ended.response
    decision = response.headers.one("lychgate-decision") or ""
    rest = tuple(pair for pair in response.headers if pair[0] != "lychgate-decision")
    return response.status, rest, response.body.replace(decision.encode(), b"")


@pytest.mark.parametrize("name", SURFACES)
async def test_a_hidden_record_is_as_one_that_is_not_there(harness: GatewayHarness, name: str) -> None:
    """Status, headers and body, counts of records included."""
    surface = SURFACES[name]
    here, there = await told(harness, surface, [1, 2, 3]), await told(harness, surface, [1, 3])
    assert here == there
    assert b"N2" not in here[2]
    assert re.search(b"N1", here[2]) or here[0] == 404


@pytest.mark.parametrize("name", [name for name, each in SURFACES.items() if "record" not in name])
async def test_all_hidden_is_nothing_found(harness: GatewayHarness, name: str) -> None:
    """A page of nothing but hidden records is empty, and no error."""
    surface = SURFACES[name]
    if name in {"composite/batch", "some fields"}:
        return
    here = await told(harness, surface, [2])
    assert here[0] in {200, 207}
    assert b"N2" not in here[2]


CALLS = {
    "Tryton": (
        "tryton",
        "/rpc/",
        {"id": 1, "method": "model.party.party.read", "params": [[7], ["name"], {}]},
    ),
    "Odoo": ("odoo", "/json/2/res.partner/read", {"ids": [7], "fields": ["name"]}),
}


async def called(
    harness: GatewayHarness, lane: str, path: str, call: object, answer: object
) -> tuple[int, bytes, object]:
    """Return what the newsletter service is answered to a call, and why it was refused, if it was."""
    fields = (*harness.credentials("mailer", "product_news"), ("content-type", JSON))
    request = Request("POST", path, "", Headers(fields), json.dumps(call).encode())
    reply = Response(200, Headers((("content-type", JSON),)), json.dumps(answer).encode())
    ended = await harness.exchange(lane, request, lambda _request: reply)
    return ended.response.status, ended.response.body, ended.entries[-1].get("reason")


@pytest.mark.parametrize(
    ("lane", "answers"),
    [
        (
            "Tryton",
            (
                {"id": 1, "result": [{"id": 7, "name": "canary"}]},
                {
                    "id": 1,
                    "error": ["UserError", ["You are trying to read records that do not exist", "", None]],
                },
            ),
        ),
        ("Odoo", ([{"id": 7, "name": "canary"}], [])),
    ],
)
async def test_a_hidden_record_of_a_call_is_as_a_missing_one(
    harness: GatewayHarness, lane: str, answers: tuple[object, object]
) -> None:
    """Tryton raises where one of several is not there, Odoo leaves it out."""
    hidden, missing = [await called(harness, *CALLS[lane], answer) for answer in answers]
    assert hidden[:2] == missing[:2]
    assert b"canary" not in hidden[1]
    assert hidden[2] == ("nothing_released" if lane == "Tryton" else None)


@pytest.mark.parametrize(
    ("lane", "path", "call"),
    [
        ("tryton", "/rpc/", {"id": 1, "method": "model.party.party.search", "params": [[], 0, 9, None, {}]}),
        ("tryton", "/rpc/", {"id": 1, "method": "model.party.party.search_count", "params": [[], 0, 9, {}]}),
        ("odoo", "/json/2/res.partner/search", {"domain": []}),
        ("odoo", "/json/2/res.partner/search_count", {"domain": []}),
    ],
)
async def test_ids_and_counts_of_records_that_may_be_hidden_are_refused(
    harness: GatewayHarness, lane: str, path: str, call: object
) -> None:
    """They come without the record by which policy could tell, so the CRM is not asked."""
    fields = (*harness.credentials("mailer", "product_news"), ("content-type", JSON))
    request = Request("POST", path, "", Headers(fields), json.dumps(call).encode())
    ended = await harness.exchange(lane, request, lambda _request: Response(500))
    assert ended.forwarded is None
    assert ended.entries[-1]["reason"] in {"not_granted", "field_not_queryable"}


ELSEWHERE = {
    "dynamics": (
        "/api/data/v9.2/accounts?$select=name,_primarycontactid_value",
        {
            "value": [
                {
                    "accountid": "00000000-0000-0000-0000-000000000001",
                    "name": "Northwind Orchards",
                    "_primarycontactid_value": "00000000-0000-0000-0000-000000000002",
                    "_primarycontactid_value@OData.Community.Display.V1.FormattedValue": "canary",
                }
            ]
        },
    ),
    "salesforce": (
        f"{DATA}/sobjects/Case/500000000000001AAA",
        {
            "attributes": {"type": "Case", "url": f"{DATA}/sobjects/Case/500000000000001AAA"},
            "CaseNumber": "7",
            "ContactId": "003000000000001AAA",
            "ContactEmail": "canary@example.org",
        },
    ),
}


@pytest.mark.parametrize("lane", ELSEWHERE)
async def test_a_copy_in_another_record_is_hidden_with_its_own(harness: GatewayHarness, lane: str) -> None:
    """Nothing here says that the person is not hidden, so they are."""
    target, tree = ELSEWHERE[lane]
    path, _, query = target.partition("?")
    request = Request("GET", path, query, Headers(harness.credentials("helpdesk")))
    answer = Response(200, Headers((("content-type", JSON),)), json.dumps(tree).encode())
    ended = await harness.exchange(lane, request, lambda _: answer)
    assert ended.response.status == 200
    assert b"canary" not in ended.response.body

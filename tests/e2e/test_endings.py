"""Whoever deletes is answered as by the CRM itself, whatever takes the place of the delete."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from proxy.enforce import LARGE
from proxy.ids import same_form
from proxy.message import Headers, Request, Response
from proxy.sandbox import (
    DynamicsSandbox,
    HubSpotSandbox,
    OdooSandbox,
    PipedriveSandbox,
    SalesforceSandbox,
    Sandbox,
    SuiteCrmSandbox,
    ZohoSandbox,
)
from tests.e2e.harness import CRM_TOKEN, Ended
from tests.e2e.test_deletes import SF, Office, json_request, odoo, rpc, soap
from tests.e2e.test_dynamics_batch import HOST, JSON, MIXED, written
from tests.sandboxes import answered

CRMS: dict[str, Callable[[], Sandbox]] = {
    "salesforce": lambda: SalesforceSandbox(CRM_TOKEN),
    "hubspot": lambda: HubSpotSandbox(CRM_TOKEN),
    "dynamics": lambda: DynamicsSandbox(CRM_TOKEN),
    "odoo": lambda: OdooSandbox(CRM_TOKEN),
    "pipedrive": lambda: PipedriveSandbox(CRM_TOKEN),
    "zoho": lambda: ZohoSandbox(CRM_TOKEN),
    "suitecrm": lambda: SuiteCrmSandbox(CRM_TOKEN),
}
DYN = "/api/data/v9.2"
Made = Callable[[list[str]], Request]


def composite(keys: list[str]) -> Request:
    """Return a Salesforce composite that deletes two contacts."""
    urls = [f"{SF}/sobjects/Contact/{key}" for key in keys[:2]]
    rows = [{"method": "DELETE", "referenceId": f"r{at}", "url": url} for at, url in enumerate(urls)]
    return json_request(f"POST {SF}/composite", {"compositeRequest": rows})


def batch(keys: list[str]) -> Request:
    """Return a composite batch that does."""
    rows = [{"method": "DELETE", "url": f"v59.0/sobjects/Contact/{key}"} for key in keys[:2]]
    return json_request(f"POST {SF}/composite/batch", {"batchRequests": rows})


def graph(keys: list[str]) -> Request:
    """Return a composite graph that does."""
    rows = [
        {"graphId": f"g{at}", "compositeRequest": [
            {"method": "DELETE", "referenceId": "r", "url": f"{SF}/sobjects/Contact/{key}"}]}
        for at, key in enumerate(keys[:2])
    ]  # fmt: skip
    return json_request(f"POST {SF}/composite/graph", {"graphs": rows})


def odata(form: str, *, sets: bool) -> Made:
    """Return what makes a batch of Dataverse that deletes two contacts, alone or in a change set."""

    def make(keys: list[str]) -> Request:
        deletes: list[Any] = [("DELETE", f"contacts({key})", {}, None) for key in keys[:2]]
        kind, body = written(form, [deletes] if sets else deletes)
        fields = (("content-type", kind), ("host", HOST))
        return Request("POST", f"{DYN}/$batch", "", Headers(fields), body, host=HOST)

    return make


def jsonrpc(keys: list[str]) -> Request:
    """Return an Odoo call as OdooRPC makes it."""
    args = ["any", 2, "any", "res.partner", "unlink", [[int(keys[0])]]]
    params = {"service": "object", "method": "execute_kw", "args": args}
    return json_request("POST /jsonrpc", {"jsonrpc": "2.0", "method": "call", "params": params, "id": 77})


def by_xml(method: str, *args: Any) -> Made:
    """Return what makes an XML-RPC call about the first record."""
    who = ("any", 2, "any", "res.partner", method)
    return lambda keys: rpc(*who, [[int(keys[0])], *args], path="/xmlrpc/2/object", method="execute_kw")


def each(text: str) -> Made:
    """Return what makes a request about the first record, or about two: `{0}`, `{1}`."""
    return lambda keys: json_request(text.format(*keys))


WAYS: dict[str, tuple[str, Made]] = {
    "Salesforce, one": ("salesforce", each(f"DELETE {SF}/sobjects/Contact/{{0}}")),
    "Salesforce, several": ("salesforce", each(f"DELETE {SF}/composite/sobjects?ids={{1}},{{0}}")),
    "Salesforce, all or none": (
        "salesforce", each(f"DELETE {SF}/composite/sobjects?ids={{0}},{{1}}&allOrNone=true"),
    ),
    "Salesforce, short ids": (
        "salesforce",
        lambda keys: json_request(f"DELETE {SF}/composite/sobjects?ids={','.join(map(same_form, keys[:2]))}"),
    ),
    "Salesforce, composite": ("salesforce", composite),
    "Salesforce, batch": ("salesforce", batch),
    "Salesforce, graph": ("salesforce", graph),
    "Salesforce, SOAP": (
        "salesforce",
        lambda keys: soap(f"<u:delete><u:ids>{keys[1]}</u:ids><u:ids>{keys[0]}</u:ids></u:delete>"),
    ),
    "HubSpot, one": ("hubspot", each("DELETE /crm/v3/objects/contacts/{0}")),
    "HubSpot, several": (
        "hubspot",
        lambda keys: json_request(
            "POST /crm/v3/objects/contacts/batch/archive", {"inputs": [{"id": key} for key in keys[:2]]}
        ),
    ),
    "HubSpot, GDPR": (
        "hubspot", lambda keys: json_request("POST /crm/v3/objects/contacts/gdpr-delete", {"objectId": keys[0]}),
    ),
    "HubSpot, version 1": ("hubspot", each("DELETE /contacts/v1/contact/vid/{0}")),
    "Dynamics, one": ("dynamics", each(f"DELETE {DYN}/contacts({{0}})")),
    "Dynamics, deactivated": (
        "dynamics",
        lambda keys: json_request(f"PATCH {DYN}/contacts({keys[0]})", {"statecode": 1}, ("if-match", "*")),
    ),
    "Dynamics, batch": ("dynamics", odata(JSON, sets=False)),
    "Dynamics, change set": ("dynamics", odata(JSON, sets=True)),
    "Dynamics, multipart": ("dynamics", odata(MIXED, sets=False)),
    "Dynamics, multipart change set": ("dynamics", odata(MIXED, sets=True)),
    "Odoo, XML-RPC": ("odoo", by_xml("unlink")),
    "Odoo, archived": ("odoo", by_xml("write", {"active": False})),
    "Odoo, JSON-RPC": ("odoo", jsonrpc),
    "Odoo, JSON-2": (
        "odoo", lambda keys: json_request("POST /json/2/res.partner/unlink", {"ids": [int(keys[0])]}),
    ),
    "Odoo, web": (
        "odoo",
        lambda keys: json_request("POST /web/dataset/call_kw", odoo("res.partner", "unlink", [[int(keys[0])]])),
    ),
    "Pipedrive, version 1": ("pipedrive", each("DELETE /v1/persons/{0}")),
    "Pipedrive, version 2": ("pipedrive", each("DELETE /api/v2/persons/{0}")),
    "Zoho, one": ("zoho", each("DELETE /crm/v8/Contacts/{0}")),
    "Zoho, several": ("zoho", each("DELETE /crm/v8/Contacts?ids={1},{0}")),
    "Zoho, a mass": (
        "zoho", lambda keys: json_request("POST /crm/v8/Contacts/actions/mass_delete", {"ids": keys[:2]}),
    ),
    "SuiteCRM, one": ("suitecrm", each("DELETE /Api/V8/module/Contacts/{0}")),
}  # fmt: skip


def keys_of(crm: Sandbox) -> list[str]:
    """Return the ids of two people whom nothing in the CRM keeps."""
    if isinstance(crm, OdooSandbox):
        return [str(crm.database.create("res.partner", {"name": name})) for name in ("Ada", "Bo")]
    rows: list[dict[str, object]] = crm.people()  # type: ignore[attr-defined]
    names = ("Id", "contactid", "hs_object_id", "id")
    return [str(row[next(name for name in names if name in row)]) for row in rows[3:5]]


def told(response: Response) -> Any:
    """Return what an answer says, whoever wrote it: status, kind and body."""
    kind = (response.headers.one("content-type") or "").partition(";")[0]
    body: Any = response.body
    if not body:
        return response.status, None
    if kind == "multipart/mixed":
        body = _parts(response)
    elif "xml" in kind:
        body = ET.canonicalize(body.decode(), strip_text=True, rewrite_prefixes=True)
    else:
        body = json.loads(body)
    return response.status, kind, body


def _parts(response: Response) -> Any:
    """Return status and body of each answer in a multipart body, change sets as lists."""
    head = f"content-type: {response.headers.one('content-type')}\r\n\r\n".encode()
    return _inside(message_from_bytes(head + response.body))


def _inside(part: Any) -> Any:
    if part.is_multipart():
        return [_inside(each) for each in part.get_payload()]
    text = part.get_payload().replace("\r\n", "\n")
    first, _, body = text.partition("\n\n")
    return first.split()[1], body.strip()


class Offices:
    """One for each of what policy may say."""

    def __init__(self, folder: Path) -> None:
        self.passing = Office(folder / "passing", "pass")
        self.done = Office(folder / "done", "case", "done")
        self.pending = Office(folder / "pending", "case")

    async def of_crm(self, lane: str, crm: Sandbox, request: Request) -> tuple[Response, Response]:
        """Return what the CRM says of a delete that is passed to it, and what of that is passed back."""
        found: list[Response] = []

        def upstream(sent: Request) -> Response:
            found.append(answered(crm, sent))
            return found[-1]

        ended = await self.passing.fire(lane, request, upstream)
        return found[0], ended.response


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    """All of them."""
    made = Offices(tmp_path_factory.mktemp("offices"))
    yield made
    for each in (made.passing, made.done, made.pending):
        each.close()


@pytest.mark.parametrize("way", WAYS)
async def test_done_reads_as_the_crm_says_it(offices: Offices, way: str) -> None:
    """Status, kind and every member: a client cannot tell it from the CRM's own answer.

    We leave out of an answer what nobody judged; of this there is nothing that could be anybody's.
    """
    lane, make = WAYS[way]
    crm = CRMS[lane]()
    request = make(keys_of(crm))
    theirs, passed = await offices.of_crm(lane, crm, request)
    ended: Ended = await offices.done.fire(lane, request)
    assert ended.forwarded is None
    assert cases(ended)
    *how, body = without_job(told(ended.response))
    assert how == [*without_job(told(passed))[:-1]]
    assert body in (without_job(told(theirs))[-1], without_job(told(passed))[-1])


def cases(ended: Ended) -> list[str]:
    """Return the cases that the client is told of."""
    return (ended.response.headers.one("lychgate-erasure-case") or "").split(", ")


def without_job(said: Any) -> Any:
    """Return what is said without the number of a job, which is the CRM's own."""
    match said:
        case (status, kind, {"data": [{"details": {"job_id": str()}, **rest}]}):
            return status, kind, rest
    return said


def refused_each(body: Any) -> bool:
    """Say whether Salesforce says of every record that it was not deleted, and why."""
    return all(not each["success"] and each["errors"][0]["statusCode"] == "ENTITY_IS_LOCKED" for each in body)


def accepted_parts(name: str, status: str, body: str) -> Callable[[Any], bool]:
    """Return what says whether each part of a composite was accepted, and not done."""
    return lambda whole: all(part[status] == 202 and refused_each([part[body]]) for part in whole[name])


PENDING: dict[str, tuple[int, Callable[[Any], bool]]] = {
    "Salesforce, one": (202, lambda body: refused_each([body])),
    "Salesforce, several": (202, refused_each),
    "Salesforce, all or none": (202, refused_each),
    "Salesforce, short ids": (
        202,
        lambda body: refused_each(body) and all(len(one["id"]) == 18 for one in body),
    ),
    "Salesforce, composite": (200, accepted_parts("compositeResponse", "httpStatusCode", "body")),
    "Salesforce, batch": (200, accepted_parts("results", "statusCode", "result")),
    "Salesforce, graph": (
        200,
        lambda body: all(
            accepted_parts("compositeResponse", "httpStatusCode", "body")(one["graphResponse"])
            for one in body["graphs"]
        ),
    ),
    "Salesforce, SOAP": (200, lambda body: body.count("success>false<") == 2 and "success>true<" not in body),
    "HubSpot, one": (202, lambda body: body["status"] == "accepted"),
    "HubSpot, several": (202, lambda body: body["status"] == "PENDING" and not body["results"]),
    "HubSpot, GDPR": (202, lambda body: body["status"] == "accepted"),
    "HubSpot, version 1": (202, lambda body: body["deleted"] is False),
    "Dynamics, one": (202, lambda body: body["status"] == "accepted"),
    "Dynamics, deactivated": (202, lambda body: body["status"] == "accepted"),
    "Dynamics, batch": (200, lambda body: [one["status"] for one in body["responses"]] == [202, 202]),
    "Dynamics, change set": (200, lambda body: [one["status"] for one in body["responses"]] == [202, 202]),
    "Dynamics, multipart": (200, lambda body: [one[0] for one in body] == ["202", "202"]),
    "Dynamics, multipart change set": (200, lambda body: [one[0] for one in body[0]] == ["202", "202"]),
    "Odoo, XML-RPC": (200, lambda body: "Nothing is deleted yet" in body),
    "Odoo, archived": (200, lambda body: "Nothing is deleted yet" in body),
    "Odoo, JSON-RPC": (200, lambda body: body["id"] == 77 and "yet" in body["error"]["data"]["message"]),
    "Odoo, JSON-2": (409, lambda body: "Nothing is deleted yet" in body["message"]),
    "Odoo, web": (200, lambda body: "Nothing is deleted yet" in body["error"]["data"]["message"]),
    "Pipedrive, version 1": (202, lambda body: body["success"] is False and body["data"] is None),
    "Pipedrive, version 2": (202, lambda body: body["success"] is False and body["data"] is None),
    "Zoho, one": (202, lambda body: [one["status"] for one in body["data"]] == ["error"]),
    "Zoho, several": (202, lambda body: [one["status"] for one in body["data"]] == ["error", "error"]),
    "Zoho, a mass": (202, lambda body: body["data"][0]["code"] == "SCHEDULED"),
    "SuiteCRM, one": (202, lambda body: "not deleted yet" in body["meta"]["message"]),
}
"""Way -> status, and what says of the body that it does not say of a record that it is deleted."""


@pytest.mark.parametrize("way", WAYS)
async def test_pending_never_says_that_a_record_is_deleted(offices: Offices, way: str) -> None:
    """It is told in the CRM's own envelope, and names the cases in a header and in the body."""
    lane, make = WAYS[way]
    crm = CRMS[lane]()
    ended: Ended = await offices.pending.fire(lane, make(keys_of(crm)))
    assert ended.forwarded is None
    status, is_so = PENDING[way]
    assert ended.response.status == status
    assert is_so(told(ended.response)[-1])
    found = cases(ended)
    assert found
    shown = found[:1] if way == "Zoho, a mass" else found
    assert all(case.encode() in ended.response.body for case in shown)


async def test_the_same_delete_is_the_same_case_in_any_envelope(offices: Offices) -> None:
    """A client that tries again another way is told of the case that is under way."""
    keys = keys_of(CRMS["salesforce"]())
    ways = [way for way, (lane, _) in WAYS.items() if lane == "salesforce" and way != "Salesforce, one"]
    found = {frozenset(cases(await offices.pending.fire("salesforce", WAYS[way][1](keys)))) for way in ways}
    (both,) = found
    assert len(both) == 2


async def test_a_large_request_is_answered_like_a_small_one(offices: Offices) -> None:
    """It is understood by another process; what it names, and how it is answered, is known all the same."""
    keys = keys_of(CRMS["salesforce"]())
    small = batch(keys)
    large = replace(small, body=small.body + b" " * LARGE)
    one, other = [await offices.done.fire("salesforce", each) for each in (small, large)]
    assert one.response.status == 200
    assert told(one.response) == told(other.response)
    assert cases(one) == cases(other) != [""]


async def test_a_composite_that_does_more_than_delete_is_refused_in_its_shape(offices: Offices) -> None:
    """One refused part refuses them all, as the CRM says no; nothing is opened, nothing is sent."""
    first, second = keys_of(CRMS["salesforce"]())
    rows = [
        {"method": "DELETE", "referenceId": "a", "url": f"{SF}/sobjects/Contact/{first}"},
        {"method": "GET", "referenceId": "b", "url": f"{SF}/sobjects/Contact/{second}?fields=LastName"},
    ]
    ended = await offices.done.fire(
        "salesforce", json_request(f"POST {SF}/composite", {"compositeRequest": rows})
    )
    assert (ended.forwarded, ended.response.status) == (None, 403)
    assert cases(ended) == [""]
    (error,) = json.loads(ended.response.body)
    assert error["errorCode"] == "INSUFFICIENT_ACCESS"


EMPTIED = {
    "hubspot": (
        "PATCH /crm/v3/objects/contacts/104",
        {"properties": dict.fromkeys(("email", "firstname", "lastname"), "")},
    ),
    "pipedrive": ("PATCH /api/v2/persons/4", {"is_deleted": True}),
}  # fmt: skip


@pytest.mark.parametrize("lane", EMPTIED)
async def test_what_has_no_word_for_it_is_told_as_the_crms_error(offices: Offices, lane: str) -> None:
    """A write is answered with the record, and of one that goes there is none: the SDK raises."""
    ended = await offices.pending.fire(lane, json_request(*EMPTIED[lane]))
    assert (ended.forwarded, ended.response.status) == (None, 409)
    (case,) = cases(ended)
    body = json.loads(ended.response.body)
    assert case in body["message" if lane == "hubspot" else "error"]

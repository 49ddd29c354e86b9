"""Parity: one contact through every surface of Salesforce, REST, Bulk and SOAP, for each of three people."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from lxml import etree

from proxy.message import Headers, Request, Response
from proxy.sandbox import SalesforceSandbox
from tests.e2e.harness import CRM_TOKEN, GatewayHarness
from tests.e2e.parity import CALLERS, Caller, Refused
from tests.sandboxes import answered

FIRST: Final = "003Lg0000000001IAA"
ACCOUNT: Final = "001Lg0000000001IAA"
FIELDS: Final = (
    "Id",
    "Name",
    "Email",
    "Phone",
    "Birthdate",
    "Description",
    "MailingCity",
    "SSN__c",
    "LeadSource",
)
V: Final = "/services/data/v59.0"
ASYNC: Final = "/services/async/59.0/job"
SOQL: Final = f"SELECT {', '.join(FIELDS)} FROM Contact WHERE Id = '{FIRST}'"
FLAT: Final = f"SELECT {', '.join(FIELDS)} FROM Contact"
NAMES: Final = ",".join(FIELDS)
JSON: Final = "application/json"
Values = dict[str, object]


class Asker:
    """Sends requests through the harness to a sandbox without a socket, whatever their bodies are written in."""

    def __init__(self, harness: GatewayHarness, crm: SalesforceSandbox, caller: Caller) -> None:
        self._harness, self._crm = harness, crm
        self._fields = harness.credentials(*caller)

    def _answer(self, request: Request) -> Response:
        return answered(self._crm, request)

    async def raw(self, method: str, target: str, body: bytes = b"", kind: str = JSON) -> bytes:
        """Return the body of an answer; raises Refused where policy has something against it."""
        path, _, query = target.partition("?")
        fields = self._fields + ((("content-type", kind),) if body else ())
        ended = await self._harness.exchange(
            "salesforce", Request(method, path, query, Headers(fields), body), self._answer
        )
        if ended.response.status == 403:
            raise Refused
        assert 200 <= ended.response.status < 300, ended.response.body
        return ended.response.body

    async def __call__(self, method: str, target: str, body: object = None) -> Any:
        """Return the decoded JSON of an answer."""
        sent = b"" if body is None else json.dumps(body).encode()
        return json.loads(await self.raw(method, target, sent))

    async def envelope(self, call: str, inside: str) -> etree._Element:
        """Return the answer to a call of the SOAP API."""
        text = (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
            f'xmlns="urn:partner.soap.sforce.com"><e:Body><{call}>{inside}</{call}></e:Body></e:Envelope>'
        )
        return etree.fromstring(await self.raw("POST", "/services/Soap/u/59.0", text.encode(), "text/xml"))


async def one(ask: Asker) -> Values:
    """By id."""
    return await ask("GET", f"{V}/sobjects/Contact/{FIRST}?fields={NAMES}")


async def whole(ask: Asker) -> Values:
    """By id, without saying which fields."""
    return await ask("GET", f"{V}/sobjects/Contact/{FIRST}")


async def looked_up(ask: Asker) -> Values:
    """By a field that names it."""
    return await ask("GET", f"{V}/sobjects/Contact/Id/{FIRST}?fields={NAMES}")


async def queried(ask: Asker) -> Values:
    """By SOQL."""
    return (await ask("GET", f"{V}/query?q={quote(FLAT)}"))["records"][0]


async def collected(ask: Asker) -> Values:
    """Among records that are read at once."""
    return (await ask("GET", f"{V}/composite/sobjects/Contact?ids={FIRST}&fields={NAMES}"))[0]


async def collected_by_body(ask: Asker) -> Values:
    """The same, asked for in a body."""
    body = {"ids": [FIRST], "fields": [*FIELDS]}
    return (await ask("POST", f"{V}/composite/sobjects/Contact", body))[0]


async def behind(ask: Asker) -> Values:
    """Behind the link of its account."""
    page = await ask("GET", f"{V}/sobjects/Account/{ACCOUNT}/Contacts?fields={NAMES}")
    return page["records"][0]


async def nested(ask: Asker) -> Values:
    """As a record in its account."""
    soql = f"SELECT Id, (SELECT {', '.join(FIELDS)} FROM Contacts) FROM Account"
    return (await ask("GET", f"{V}/query?q={quote(soql)}"))["records"][0]["Contacts"]["records"][0]


async def searched(ask: Asker) -> Values:
    """By SOSL."""
    sosl = f"FIND {{Byrne}} IN NAME FIELDS RETURNING Contact({NAMES})"
    return (await ask("GET", f"{V}/search?q={quote(sosl)}"))["searchRecords"][0]


async def searched_by_body(ask: Asker) -> Values:
    """By a search in a body."""
    body = {"q": "Byrne", "in": "NAME", "sobjects": [{"name": "Contact", "fields": [*FIELDS]}]}
    return (await ask("POST", f"{V}/parameterizedSearch", body))["searchRecords"][0]


async def composed(ask: Asker) -> Values:
    """In a composite."""
    part = {"method": "GET", "url": f"{V}/sobjects/Contact/{FIRST}?fields={NAMES}", "referenceId": "it"}
    return (await ask("POST", f"{V}/composite", {"compositeRequest": [part]}))["compositeResponse"][0]["body"]


async def batched(ask: Asker) -> Values:
    """In a batch."""
    part = {"method": "GET", "url": f"v59.0/query?q={quote(FLAT)}"}
    found = await ask("POST", f"{V}/composite/batch", {"batchRequests": [part]})
    return found["results"][0]["result"]["records"][0]


def first_row(body: bytes) -> Values:
    """Return the first row of a CSV, an empty cell as nothing."""
    row = next(csv.DictReader(io.StringIO(body.decode())))
    return {name: value or None for name, value in row.items()}


async def bulk_two(ask: Asker) -> Values:
    """By a query job of Bulk 2.0."""
    job = (await ask("POST", f"{V}/jobs/query", {"operation": "query", "query": FLAT}))["id"]
    return first_row(await ask.raw("GET", f"{V}/jobs/query/{job}/results"))


async def bulk_one(ask: Asker, kind: str) -> bytes:
    """Return the rows of a query job of Bulk 1.0."""
    said = {"operation": "query", "object": "Contact", "contentType": kind}
    job = (await ask("POST", ASYNC, said))["id"]
    media = JSON if kind == "JSON" else "text/csv"
    made = await ask.raw("POST", f"{ASYNC}/{job}/batch", FLAT.encode(), media)
    batch = json.loads(made)["id"] if kind == "JSON" else _xml(made, "id")
    await ask.raw("GET", f"{ASYNC}/{job}/batch/{batch}")
    found = await ask.raw("GET", f"{ASYNC}/{job}/batch/{batch}/result")
    parcel = json.loads(found)[0] if kind == "JSON" else _xml(found, "result")
    return await ask.raw("GET", f"{ASYNC}/{job}/batch/{batch}/result/{parcel}")


def _xml(body: bytes, name: str) -> str:
    return next(each.text or "" for each in etree.fromstring(body).iter() if etree.QName(each).localname == name)


async def bulk_one_json(ask: Asker) -> Values:
    """By a query job of Bulk 1.0, in JSON."""
    return json.loads(await bulk_one(ask, "JSON"))[0]


async def bulk_one_csv(ask: Asker) -> Values:
    """By a query job of Bulk 1.0, in CSV."""
    return first_row(await bulk_one(ask, "CSV"))


def element(root: etree._Element) -> Values:
    """Return the fields of the only record in an answer."""
    holder = next(each for each in root.iter() if each.get(f"{{{XSI}}}type") == "sf:sObject")
    return {etree.QName(each).localname: each.text for each in holder}


XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"


async def soap_query(ask: Asker) -> Values:
    """By a query in SOAP."""
    return element(await ask.envelope("query", f"<queryString>{FLAT}</queryString>"))


async def soap_retrieve(ask: Asker) -> Values:
    """By id in SOAP."""
    inside = f"<fieldList>{NAMES}</fieldList><sObjectType>Contact</sObjectType><ids>{FIRST}</ids>"
    return element(await ask.envelope("retrieve", inside))


async def soap_search(ask: Asker) -> Values:
    """By a search in SOAP."""
    sosl = f"FIND {{Byrne}} IN NAME FIELDS RETURNING Contact({NAMES})"
    return element(await ask.envelope("search", f"<searchString>{sosl}</searchString>"))


SURFACES: Final = {
    each.__name__: each
    for each in (
        *(whole, looked_up, queried, collected, collected_by_body, behind, nested, searched, searched_by_body),
        *(composed, batched, bulk_two, bulk_one_json, bulk_one_csv, soap_query, soap_retrieve, soap_search),
    )
}
NOT_FOR_MAILER: Final = frozenset(
    {
        *("whole", "composed", "looked_up", "nested", "searched", "searched_by_body"),
        *("bulk_two", "bulk_one_json", "bulk_one_csv", "soap_search"),
    }
)
"""These read one record, look for something, show companies or keep jobs, which no marketer has a grant for."""


@pytest.fixture(scope="module")
def crm() -> SalesforceSandbox:
    """Return a sandbox that nobody changes."""
    return SalesforceSandbox(CRM_TOKEN, people=1)


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHarness]:
    """Return a gateway without sockets."""
    made = GatewayHarness.make(Path(tmp_path_factory.mktemp("parity")) / "gateway")
    yield made
    made.close()


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller[0])
@pytest.mark.parametrize("surface", SURFACES)
async def test_a_contact_is_shown_alike(
    harness: GatewayHarness, crm: SalesforceSandbox, surface: str, caller: Caller
) -> None:
    """Each value is the one that is shown when the record is asked for by its id, or by a query."""
    ask = Asker(harness, crm, caller)
    alone = await (queried if caller[0] == "mailer" else one)(ask)
    shown = {name: alone[name] for name in FIELDS if alone.get(name) is not None}
    assert "Email" in shown
    if caller[0] == "mailer" and surface in NOT_FOR_MAILER:
        with pytest.raises(Refused):
            await SURFACES[surface](ask)
        return
    found = await SURFACES[surface](ask)
    assert {name: found[name] for name in FIELDS if found.get(name) is not None} == shown

"""What a record repeats of another is shown, and looked for, where that is: by policy and by restriction."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, quote

import pytest

from proxy.message import Headers, Request, Response
from proxy.restricted import item
from tests.e2e.harness import Ended, GatewayHarness

DATA = "/services/data/v59.0"
API = "/api/data/v9.2"
JSON = Headers((("content-type", "application/json"),))
MARA, OTHER = "003000000000001AAA", "003000000000002AAA"
GUID = "00000000-0000-0000-0000-00000000000"
POLICY = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: originals}
guards:
  - id: no-phones-of-contacts
    effect: deny
    on: {objects: [Contact], fields: [Phone, MobilePhone]}
    actions: [read, list, filter]
  - id: no-last-names
    effect: deny
    on: {objects: [Lead], fields: [LastName]}
    actions: [read, list, filter]
grants:
  - id: cases-searched
    effect: allow
    roles: [support_agent]
    purposes: [customer_support]
    recipients: [helpdesk_app]
    on: {objects: [Case], fields: [ContactEmail, ContactPhone, ContactFax]}
    actions: [filter, sort, group, aggregate]
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHarness]:
    """An installation whose policies name what cases repeat of contacts."""
    made = GatewayHarness.make(tmp_path_factory.mktemp("copies") / "gateway")
    (made.app.config.policies / "originals.yaml").write_text(POLICY)
    made.app.reload()
    yield made
    made.close()
    made.app.kept.close()


@pytest.fixture
def harness(installation: GatewayHarness) -> GatewayHarness:
    """The same, with nobody restricted."""
    installation.app.restricted.replace(())
    return installation


def restrict(harness: GatewayHarness, lane: str, object_: str, key: str) -> None:
    """Restrict one record."""
    harness.app.restricted.replace([item(lane, object_, "record", harness.pseudonym(key))])


def case(number: int, contact: str | None, **more: str) -> dict[str, Any]:
    """Return a case of Salesforce's."""
    key = f"50000000000000{number}AAA"
    told = {"type": "Case", "url": f"{DATA}/sobjects/Case/{key}"}
    return {"attributes": told, "CaseNumber": str(number), "ContactId": contact, **more}


def cases(*rows: dict[str, Any]) -> dict[str, Any]:
    """Return a page of them."""
    return {"totalSize": len(rows), "done": True, "records": list(rows)}


def soql(query: str) -> str:
    """Return a target that asks for it."""
    return f"{DATA}/query?q={quote(query)}"


async def told(harness: GatewayHarness, lane: str, target: str, answer: object) -> Ended:
    """Return what comes of a request of the help desk's that the CRM answers so."""
    path, _, query = target.partition("?")
    request = Request("GET", path, query, Headers(harness.credentials("helpdesk", "customer_support")))
    return await harness.exchange(lane, request, lambda _: Response(200, JSON, json.dumps(answer).encode()))


async def test_a_guard_on_a_field_stands_on_its_copies(harness: GatewayHarness) -> None:
    """One that names another object, too; what it says nothing of is shown as ever."""
    answer = case(1, MARA, ContactEmail="m@example.org", ContactPhone="+353 1 555 0100")
    ended = await told(harness, "salesforce", f"{DATA}/sobjects/Case/500000000000001AAA", answer)
    shown = json.loads(ended.response.body)
    assert shown["ContactEmail"] == "m@example.org"
    assert "ContactPhone" not in shown


async def test_a_copy_is_looked_for_where_its_original_is(harness: GatewayHarness) -> None:
    """By one of both that is granted; by a guard on the other, not."""
    find = soql("SELECT CaseNumber FROM Case WHERE ContactEmail = 'm@example.org'")
    assert (await told(harness, "salesforce", find, cases())).forwarded is not None
    for query in (
        "SELECT CaseNumber FROM Case WHERE ContactPhone = '+353 1 555 0100'",
        "SELECT CaseNumber FROM Case ORDER BY ContactFax",  # nobody granted to sort by the original
    ):
        ended = await told(harness, "salesforce", soql(query), cases())
        assert (ended.forwarded, ended.response.status) == (None, 403)


async def test_a_field_beside_is_a_copy_as_well(harness: GatewayHarness) -> None:
    """A name says what its last name does."""
    key = "00Q000000000001AAA"
    answer = {"attributes": {"type": "Lead", "url": f"{DATA}/sobjects/Lead/{key}"}, "FirstName": "Mara"}
    answer |= {"LastName": "canary", "Name": "Mara canary"}
    ended = await told(harness, "salesforce", f"{DATA}/sobjects/Lead/{key}", answer)
    assert json.loads(ended.response.body)["FirstName"] == "Mara"
    assert b"canary" not in ended.response.body


RESTRICTED: Mapping[str, tuple[str, str, str, str, object]] = {
    "salesforce": (
        "Contact",
        MARA,
        soql("SELECT CaseNumber, ContactId, ContactEmail FROM Case"),
        "x@example.org",
        cases(
            case(1, MARA, ContactEmail="canary@example.org"),
            case(2, OTHER, ContactEmail="x@example.org"),
            case(3, None, ContactEmail=""),
        ),
    ),
    "dynamics": (
        "contact",
        f"{GUID}1",
        f"{API}/accounts?$select=name,_primarycontactid_value",
        "Somebody else",
        {
            "value": [
                {
                    "accountid": f"{GUID}{8 + at}",
                    "name": "Northwind Orchards",
                    "_primarycontactid_value": f"{GUID}{1 + at}",
                    "_primarycontactid_value@OData.Community.Display.V1.FormattedValue": name,
                }
                for at, name in enumerate(("canary", "Somebody else"))
            ]
        },
    ),
    "pipedrive": (
        "persons",
        "7",
        "/v1/deals",
        "Somebody else",
        {
            "success": True,
            "data": [
                {
                    "id": 1,
                    "status": "open",
                    "person_id": {"name": "canary", "value": 7},
                    "person_name": "canary",
                },
                {
                    "id": 2,
                    "status": "open",
                    "person_id": {"name": "x", "value": 8},
                    "person_name": "Somebody else",
                },
            ],
        },
    ),
}


@pytest.mark.parametrize("lane", RESTRICTED)
async def test_what_is_repeated_of_a_restricted_person_is_hidden(harness: GatewayHarness, lane: str) -> None:
    """Of that one alone; whoever else is there is shown as before."""
    object_, key, target, other, answer = RESTRICTED[lane]
    before = await told(harness, lane, target, answer)
    assert b"canary" in before.response.body, before.entries
    restrict(harness, lane, object_, key)
    ended = await told(harness, lane, target, answer)
    assert ended.response.status == 200, ended.entries
    assert b"canary" not in ended.response.body
    assert other.encode() in ended.response.body


async def test_the_link_is_asked_for_where_somebody_is_restricted(harness: GatewayHarness) -> None:
    """It says whose a copy is, and is taken out again; where it does not come, the copy goes."""
    restrict(harness, "salesforce", "Contact", MARA)
    rows = [case(1, MARA, ContactEmail="canary@example.org"), case(2, OTHER, ContactEmail="x@example.org")]
    ended = await told(harness, "salesforce", soql("SELECT CaseNumber, ContactEmail FROM Case"), cases(*rows))
    assert ended.forwarded is not None
    assert "ContactId" in parse_qs(ended.forwarded.query)["q"][0]
    shown = json.loads(ended.response.body)["records"]
    assert [each["ContactEmail"] for each in shown] == [None, "x@example.org"]
    assert all("ContactId" not in each for each in shown)
    for row in rows:
        del row["ContactId"]
    ended = await told(harness, "salesforce", soql("SELECT CaseNumber, ContactEmail FROM Case"), cases(*rows))
    assert b"example.org" not in ended.response.body


@pytest.mark.parametrize(
    "query",
    [
        "SELECT CaseNumber FROM Case WHERE ContactEmail = 'canary@example.org'",
        "SELECT CaseNumber FROM Case WHERE NOT ContactEmail LIKE 'c%'",
        "SELECT COUNT() FROM Case WHERE ContactEmail = 'canary@example.org'",
        "SELECT CaseNumber FROM Case WHERE Contact.Email = 'canary@example.org'",
        "SELECT CaseNumber FROM Case ORDER BY Contact.LastName",
    ],
)
async def test_nobody_is_found_by_what_is_repeated_of_a_restricted_person(
    harness: GatewayHarness, query: str
) -> None:
    """The records that are found, or how many, would tell what is in the one that is not."""
    assert (await told(harness, "salesforce", soql(query), cases())).forwarded is not None
    restrict(harness, "salesforce", "Contact", MARA)
    ended = await told(harness, "salesforce", soql(query), cases())
    assert (ended.forwarded, ended.entries[-1]["reason"]) == (None, "person_restricted")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT CaseNumber, ContactId, ContactEmail FROM Case",
        "SELECT CaseNumber FROM Case WHERE ContactEmail = 'canary@example.org'",
    ],
)
async def test_an_answer_that_races_the_restriction_has_no_copy(harness: GatewayHarness, query: str) -> None:
    """Somebody is restricted while the CRM answers."""

    def upstream(_request: Request) -> Response:
        restrict(harness, "salesforce", "Contact", MARA)
        row = case(1, MARA, ContactEmail="canary@example.org")
        return Response(200, JSON, json.dumps(cases(row)).encode())

    path, _, asked = soql(query).partition("?")
    request = Request("GET", path, asked, Headers(harness.credentials("helpdesk", "customer_support")))
    ended = await harness.exchange("salesforce", request, upstream)
    assert ended.forwarded is not None
    assert b"canary" not in ended.response.body
    assert ended.response.status == (403 if "WHERE" in query else 200)

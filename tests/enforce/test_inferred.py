"""What is in the record of a restricted person is not told by other records, nor by a computation."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from proxy.message import Headers, Request, Response
from proxy.restricted import item, one_form
from proxy.sandbox import DynamicsSandbox
from tests.e2e.harness import CRM_TOKEN, Ended, GatewayHarness
from tests.sandboxes import answered

API = "/api/data/v9.2"
POLICY = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: everything, owner: dpo}
grants:
  - id: privacy-asks-everything
    roles: [privacy_officer]
    purposes: [subject_request]
    on:
      objects: [Contact, Account, Case, contact, account, res.partner, crm.lead, Contacts, Deals, party.party,
        party.address]
    actions: [read, list, filter, sort, group, aggregate]
    effect: allow
"""
PEOPLE = {
    "salesforce": ("Contact", "003000000000001AAA"),
    "dynamics": ("contact", "00000000-0000-0000-0000-000000000001"),
    "odoo": ("res.partner", "7"),
    "zoho": ("Contacts", "5000000000001"),
    "tryton": ("party.party", "7"),
}


def soql(query: str) -> tuple[str, str, object]:
    """Return a request of Salesforce's."""
    return "salesforce", f"GET /services/data/v59.0/query?q={quote(query)}", None


def odata(target: str) -> tuple[str, str, object]:
    """Return a request of Dataverse's."""
    path, _, query = target.partition("?")
    return "dynamics", f"GET {API}/{path}?{quote(query, safe='$=&()/,')}", None


def fetch(whole: str) -> tuple[str, str, object]:
    """Return one by FetchXML."""
    return "dynamics", f"GET {API}/accounts?fetchXml={quote(whole)}", None


def odoo(method: str, **arguments: object) -> tuple[str, str, object]:
    """Return a request of Odoo's."""
    return "odoo", f"POST /json/2/{method}", arguments


def coql(query: str) -> tuple[str, str, object]:
    """Return a request of Zoho's."""
    return "zoho", "POST /crm/v8/coql", {"select_query": query}


def tryton(method: str, *arguments: object) -> tuple[str, str, object]:
    """Return a request of Tryton's."""
    return "tryton", "POST /crm/rpc/", {"id": 1, "method": f"model.{method}", "params": [*arguments, {}]}


LINKED = (
    "<fetch><entity name='account'><attribute name='name'/><link-entity name='contact' from='parentcustomerid' "
    "to='accountid' alias='c'>{}<filter><condition attribute='emailaddress1' operator='eq' value='x'/></filter>"
    "</link-entity></entity></fetch>"
)
TELLING = [
    soql("SELECT Email, COUNT(Id) FROM Contact GROUP BY Email"),
    soql("SELECT MAX(Phone) m FROM Contact"),
    soql("SELECT COUNT() FROM Contact WHERE Email LIKE 'm%'"),
    soql("SELECT CaseNumber FROM Case WHERE Contact.Email LIKE 'm%'"),
    soql("SELECT CaseNumber FROM Case ORDER BY Contact.LastName"),
    soql("SELECT MAX(Contact.Email) FROM Case"),
    soql("SELECT LastName FROM Contact WHERE ReportsTo.Email LIKE 'm%'"),
    soql("SELECT LastName FROM Contact ORDER BY ReportsTo.LastName"),
    soql("SELECT Name FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Email = 'x')"),
    odata("accounts?$select=name&$filter=primarycontactid/emailaddress1 eq 'x'"),
    odata("accounts?$select=name&$orderby=primarycontactid/emailaddress1"),
    odata("accounts?$select=name&$filter=contact_customer_accounts/any(c:c/emailaddress1 eq 'x')"),
    odata("contacts?$apply=groupby((emailaddress1),aggregate($count as n))"),
    odata("contacts?$apply=aggregate(emailaddress1 with max as m)"),
    fetch(LINKED.format("")),
    fetch(LINKED.format("<attribute name='contactid'/>")),
    odoo("res.partner/search_count", domain=[["email", "=like", "m%"]]),
    odoo("res.partner/read_group", domain=[], fields=["email:max"], groupby=["email"]),
    odoo("crm.lead/search_read", domain=[["partner_id.email", "=", "x"]], fields=["name"]),
    odoo("crm.lead/search_read", domain=[["partner_id", "ilike", "x"]], fields=["name"]),
    coql("select Email, COUNT(id) from Contacts where Email = 'x' group by Email"),
    coql("select Deal_Name from Deals where Contact_Name.Email = 'x' limit 1"),
    tryton("party.party.search_count", [["name", "=", "x"]]),
    tryton("party.address.search_read", [["party.name", "=", "x"]], 0, 10, None, ["city"]),
]
KEPT = [
    soql("SELECT COUNT() FROM Contact"),
    soql("SELECT AccountId, COUNT(Id) FROM Contact GROUP BY AccountId"),
    soql("SELECT LastName FROM Contact WHERE Email = 'x' ORDER BY LastName"),
    soql("SELECT CaseNumber, Contact.Email FROM Case WHERE Account.Name = 'x'"),
    soql("SELECT LastName FROM Contact WHERE ReportsToId = null"),
    odata("contacts?$filter=emailaddress1 eq 'x'"),
    odata(f"contacts?$filter=_parentcustomerid_value eq {PEOPLE['dynamics'][1]} and lastname eq 'x'"),
    odoo("res.partner/search_read", domain=[["email", "=", "x"]], fields=["name"]),
    tryton("party.party.search_read", [["name", "=", "x"]], 0, 10, None, ["name"]),
]


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHarness]:
    """An installation in which one client may ask by everything."""
    made = GatewayHarness.make(tmp_path_factory.mktemp("inferred") / "gateway", {"guards": ""})
    (made.app.config.policies / "everything.yaml").write_text(POLICY)
    made.app.reload()
    yield made
    made.close()
    made.app.kept.close()


async def fired(harness: GatewayHarness, asked: tuple[str, str, object]) -> Ended:
    """Return what comes of a request; the CRM's answer does not matter."""
    lane, target, body = asked
    method, _, address = target.partition(" ")
    path, _, query = address.partition("?")
    raw = b"" if body is None else json.dumps(body).encode()
    fields = (*harness.credentials("privacy_desk", "subject_request"), ("content-type", "application/json"))
    request = Request(method, path, query, Headers(fields if raw else fields[:-1]), raw)
    return await harness.exchange(lane, request, lambda _: Response(204))


def restrict(harness: GatewayHarness, lane: str) -> None:
    """Restrict one person of a lane."""
    object_, key = PEOPLE[lane]
    harness.app.restricted.replace([item(lane, object_, "record", harness.pseudonym(one_form(key)))])


def named(asked: tuple[str, str, object]) -> str:
    """Return what a case is called."""
    return f"{asked[0]} {asked[2] or asked[1][-60:]}"


@pytest.mark.parametrize("asked", TELLING, ids=named)
async def test_nothing_is_told_of_a_record_that_is_not_shown(
    harness: GatewayHarness, asked: tuple[str, str, object]
) -> None:
    """A query by what stands in such records finds others, or computes: from neither can one be taken out."""
    harness.app.restricted.replace([])
    assert (await fired(harness, asked)).forwarded is not None
    restrict(harness, asked[0])
    ended = await fired(harness, asked)
    assert (ended.forwarded, ended.entries[-1]["reason"]) == (None, "person_restricted")


@pytest.mark.parametrize("asked", KEPT, ids=named)
async def test_what_shows_records_or_says_nothing_of_people_goes_on(
    harness: GatewayHarness, asked: tuple[str, str, object]
) -> None:
    """A record is taken out of the answer; how many there are, and of which account, is nobody's secret."""
    restrict(harness, asked[0])
    assert (await fired(harness, asked)).forwarded is not None


async def test_a_computation_that_races_the_restriction_is_not_answered(harness: GatewayHarness) -> None:
    """Somebody is restricted while the CRM computes."""
    harness.app.restricted.replace([])
    lane, target, _ = soql("SELECT MAX(Phone) m FROM Contact")
    path, _, query = target.removeprefix("GET ").partition("?")
    row = {"attributes": {"type": "AggregateResult"}, "m": "canary"}
    body = json.dumps({"totalSize": 1, "done": True, "records": [row]}).encode()

    def upstream(_request: Request) -> Response:
        restrict(harness, lane)
        return Response(200, Headers((("content-type", "application/json"),)), body)

    credentials = Headers(harness.credentials("privacy_desk", "subject_request"))
    ended = await harness.exchange(lane, Request("GET", path, query, credentials), upstream)
    assert ended.forwarded is not None
    assert b"canary" not in ended.response.body


JOINED = (
    "<fetch{distinct}><entity name='account'><attribute name='name'/><link-entity name='contact' "
    "from='contactid' to='primarycontactid' alias='c'>{columns}</link-entity></entity></fetch>"
)
SHOWN = {
    "a column of a joined record": JOINED.format(distinct="", columns="<attribute name='emailaddress1'/>"),
    "by a name of its own": JOINED.format(distinct="", columns="<attribute name='emailaddress1' alias='m'/>"),
    "of rows that are one": JOINED.format(
        distinct=" distinct='true'", columns="<attribute name='emailaddress1'/>"
    ),
    "of its own, without an id": (
        "<fetch distinct='true'><entity name='contact'><attribute name='emailaddress1'/></entity></fetch>"
    ),
}


@pytest.mark.parametrize("way", SHOWN)
async def test_columns_of_a_restricted_person_are_not_shown(harness: GatewayHarness, way: str) -> None:
    """Whose they are is asked for, where that changes no row; where nobody can tell, none is shown."""
    crm, query = DynamicsSandbox(CRM_TOKEN), SHOWN[way]
    first, second = crm.people()[:2]
    entities = "contacts" if "entity name='contact'>" in query and "account" not in query else "accounts"
    credentials = Headers(harness.credentials("privacy_desk", "subject_request"))
    request = Request("GET", f"{API}/{entities}", f"fetchXml={quote(query)}", credentials)
    harness.app.restricted.replace([])
    ended = await harness.exchange("dynamics", request, lambda sent: answered(crm, sent))
    assert str(first["emailaddress1"]).encode() in ended.response.body
    name = harness.pseudonym(str(first["contactid"]))
    harness.app.restricted.replace([item("dynamics", "contact", "record", name)])
    ended = await harness.exchange("dynamics", request, lambda sent: answered(crm, sent))
    assert ended.response.status == 200
    assert str(first["emailaddress1"]).encode() not in ended.response.body
    assert (str(second["emailaddress1"]).encode() in ended.response.body) is ("distinct" not in query)
    assert b"c.contactid" not in ended.response.body


async def test_a_link_with_what_it_is_called_says_whose_a_record_is(harness: GatewayHarness) -> None:
    """Odoo's leads of others stay while one partner is restricted."""
    rows = [{"id": 1, "name": "a", "partner_id": [7, "Mara"]}, {"id": 2, "name": "b", "partner_id": [8, "Bo"]}]
    name = harness.pseudonym("7")
    harness.app.restricted.replace([item("odoo", "crm.lead", "person", name)])
    credentials = (*harness.credentials("privacy_desk", "subject_request"), ("content-type", "application/json"))
    body = json.dumps({"domain": [], "fields": ["name", "partner_id"]}).encode()
    request = Request("POST", "/json/2/crm.lead/search_read", "", Headers(credentials), body)
    kind = Headers((("content-type", "application/json"),))
    ended = await harness.exchange("odoo", request, lambda _: Response(200, kind, json.dumps(rows).encode()))
    assert [each["id"] for each in json.loads(ended.response.body)] == [2]

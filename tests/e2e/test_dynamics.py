"""Dataverse through Lychgate: parity of its surfaces, pages, and what a hidden column can be asked."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from proxy.message import Headers, Request, Response
from proxy.sandbox import DynamicsSandbox
from tests.e2e.harness import CRM_TOKEN, Ended, GatewayHarness
from tests.sandboxes import answered

BASE = "/api/data/v9.2"
FIELDS = (
    "contactid", "fullname", "emailaddress1", "telephone1", "birthdate", "address1_line1", "address1_city",
    "description", "jobtitle", "governmentid", "new_iban", "new_allergies", "creditlimit", "_ownerid_value",
    "new_consents",
)  # fmt: skip
CALLERS = (("helpdesk", None), ("helpdesk_leads", None), ("privacy_desk", "subject_request"))


class Asker:
    """Sends requests through the harness to a sandbox without a socket."""

    def __init__(self, harness: GatewayHarness, client: str, purpose: str | None = None) -> None:
        self._harness = harness
        self._fields = harness.credentials(client, purpose)
        self.crm = DynamicsSandbox(CRM_TOKEN)

    def _answer(self, request: Request) -> Response:
        return answered(self.crm, request)

    async def send(
        self,
        method: str,
        path: str,
        options: dict[str, str] | None = None,
        body: object = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Ended:
        """Return how a request below the API's root ends."""
        query = "&".join(f"{name}={quote(value)}" for name, value in (options or {}).items())
        raw = b"" if body is None else json.dumps(body).encode()
        fields = (*self._fields, *headers, *((("content-type", "application/json"),) if raw else ()))
        request = Request(method, path, query, Headers(fields), raw)
        return await self._harness.exchange("dynamics", request, self._answer)

    async def get(self, path: str, headers: tuple[tuple[str, str], ...] = (), **options: str) -> Any:
        """Return the answer to a GET; `options` are written without their `$`."""
        given = {f"${name}": value for name, value in options.items()}
        ended = await self.send("GET", f"{BASE}/{path}", given, headers=headers)
        assert ended.response.status == 200, ended.response.body
        return json.loads(ended.response.body)


@pytest.mark.parametrize(("client", "purpose"), CALLERS)
async def test_a_contact_is_the_same_on_every_surface(
    harness: GatewayHarness, client: str, purpose: str | None
) -> None:
    """By id, by another key, in a list, above an account and below one, a contact shows the same."""
    ask = Asker(harness, client, purpose)
    there = ask.crm.people()[0]
    key, account, fields = there["contactid"], there["parentcustomerid"], ",".join(FIELDS)
    held = await ask.get(f"contacts({key})", select=fields)
    assert 5 < len(held) < len(FIELDS)
    others = [
        await ask.get(f"contacts(emailaddress1='{there['emailaddress1']}')", select=fields),
        (await ask.get("contacts", select=fields, filter=f"contactid eq {key}"))["value"][0],
        (await ask.get(f"accounts({account})", expand=f"primarycontactid($select={fields})"))[
            "primarycontactid"
        ],
        (
            await ask.get(
                f"accounts({account})",
                expand=f"contact_customer_accounts($select={fields};$filter=contactid eq {key})",
            )
        )["contact_customer_accounts"][0],
    ]
    whole = [await ask.get(f"contacts({key})"), (await ask.get("contacts", top="1"))["value"][0]]
    assert others == [held] * len(others)
    for each in whole:
        assert {name: each.get(name, "absent") for name in held} == held
        assert not (set(FIELDS) - held.keys()) & each.keys()


async def test_pages_follow_by_a_link_that_only_their_caller_can_use(harness: GatewayHarness) -> None:
    """Every row once; the CRM's token, which holds an id, is not shown; nobody else's credential opens it."""
    ask = Asker(harness, "helpdesk")
    prefer = (("prefer", "odata.maxpagesize=5"),)
    page = await ask.get("contacts", prefer, select="fullname", orderby="fullname desc")
    names, link = [row["fullname"] for row in page["value"]], page["@odata.nextLink"]
    assert "cookie" not in link
    path, _, query = link.partition("?")
    token = {"$skiptoken": query.partition("=")[2]}
    other = Asker(harness, "privacy_desk", "subject_request")
    assert (await other.send("GET", path, token)).response.status == 400
    assert (await ask.send("GET", path, {**token, "$top": "1"})).response.status == 403
    assert (await ask.send("GET", path, {"$skiptoken": '<cookie pagenumber="2"/>'})).response.status == 400
    while link:
        path, _, query = link.partition("?")
        ended = await ask.send("GET", path, {"$skiptoken": query.partition("=")[2]}, headers=prefer)
        page = json.loads(ended.response.body)
        names += [row["fullname"] for row in page["value"]]
        link = page.get("@odata.nextLink")
    assert names == sorted((row["fullname"] for row in ask.crm.people()), key=str.lower, reverse=True)


HIDDEN = (
    {"$filter": "governmentid eq '000-12-0101'"},
    {"$filter": "startswith(governmentid,'000')"},
    {"$filter": "length(governmentid) gt 3"},
    {"$filter": "not (contains(tolower(new_allergies),'p'))"},
    {"$filter": "governmentid in ('000-12-0101')"},
    {"$filter": "fullname eq governmentid"},
    {"$filter": "statecode eq 0 or year(birthdate) lt 1980"},
    {"$filter": "@p eq creditlimit", "@p": "68000"},
    {"$filter": "parentcustomerid_account/primarycontactid/governmentid eq '1'"},
    {"$filter": "account_primary_contact/any(a:a/primarycontactid/birthdate lt 1980-01-01)"},
    {"$orderby": "birthdate"},
    {"$orderby": "parentcustomerid_account/revenue"},
    {"$apply": "groupby((governmentid))"},
    {"$apply": "aggregate(creditlimit with max as m)"},
    {"$apply": "filter(governmentid eq '1')/aggregate($count as n)"},
    {"$expand": "account_primary_contact($filter=revenue gt 5)"},
    {"$expand": "parentcustomerid_account($expand=primarycontactid($orderby=birthdate))"},
    {"$search": "Penicillin"},
    {"$filter": "telephone1 eq '+353 1 555 0101'"},
    {"$filter": "nobody_listed eq 1"},
)


@pytest.mark.parametrize("options", HIDDEN, ids=str)
async def test_a_hidden_column_answers_nothing(harness: GatewayHarness, options: dict[str, str]) -> None:
    """IO-01 to IO-09: whatever way it is asked by, the CRM is not, and the refusals are alike."""
    ask = Asker(harness, "helpdesk")
    ended = await ask.send("GET", f"{BASE}/contacts", options)
    assert ended.forwarded is None
    assert ended.response.status == 403
    assert json.loads(ended.response.body)["error"]["code"] == "0x80040220"


async def test_a_record_is_made_linked_and_shown(harness: GatewayHarness) -> None:
    """A lead creates a contact of an account, and sees of it what they may see."""
    ask = Asker(harness, "helpdesk_leads")
    account = ask.crm.people()[0]["parentcustomerid"]
    body = {"firstname": "Ida", "lastname": "Holm", "telephone1": "+45 5555 0199"}
    body["parentcustomerid_account@odata.bind"] = f"/accounts({account})"
    ended = await ask.send("POST", f"{BASE}/contacts", {}, body, headers=(("prefer", "return=representation"),))
    assert ended.response.status == 201
    shown = json.loads(ended.response.body)
    assert (shown["fullname"], shown["_parentcustomerid_value"]) == ("Ida Holm", account)
    assert not {"governmentid", "new_iban", "@odata.etag"} & shown.keys()

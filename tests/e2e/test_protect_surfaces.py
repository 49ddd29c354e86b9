"""Protected fields on surfaces without an SDK here and in helper processes; what recipients get instead."""

import json
import re
import xmlrpc.client
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from proxy.message import Headers, Request, Response
from proxy.sandbox import DynamicsSandbox, HubSpotSandbox, OdooSandbox, SalesforceSandbox
from proxy.vault import rows
from tests.e2e.harness import CRM_TOKEN, Ended, GatewayHarness
from tests.sandboxes import answered

BASE = "/api/data/v9.2"
MAIL = "nessa.quill@example.org"
PROTECT = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: protect}
protect:
  - id: mail
    on:
      connectors: [salesforce, dynamics, odoo]
      objects: [Contact, contact, res.partner]
      fields: [Email, emailaddress1, email]
    as: token
    domain: t.privacy.example.org
    search: true
  - id: badges
    on: {connectors: [hubspot], objects: [contacts], fields: [jobtitle]}
    as: digits
    search: true
    waive: [{code: LG141, because: A field of digits., until: LATER}]
grants:
  - id: leads-find-badges
    effect: allow
    roles: [support_lead]
    on: {connectors: [hubspot], objects: [contacts], fields: [jobtitle]}
    actions: [filter]
guards:
  - id: mailer-joins-by-pseudonyms
    effect: tokenize
    recipients: [mailer_us]
    on: {connectors: [salesforce], categories: [user.contact.email]}
    actions: [read, list]
  - id: mailer-gets-names-sealed
    effect: encrypt
    recipients: [mailer_us]
    on: {connectors: [salesforce], fields: [LastName]}
    actions: [read, list]
""".replace("LATER", (datetime.now(UTC) + timedelta(days=90)).date().isoformat())


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHarness]:
    """An installation whose policies protect e-mail addresses in three CRMs."""
    made = GatewayHarness.make(tmp_path_factory.mktemp("protected") / "gateway", {"protect": PROTECT})
    yield made
    made.close()


class Crm:
    """A sandbox without a socket, asked through the harness."""

    def __init__(self, harness: GatewayHarness, lane: str, crm: Any) -> None:
        self.harness, self.lane, self.crm = harness, lane, crm

    def answer(self, request: Request) -> Response:
        return answered(self.crm, request)

    async def ask(
        self,
        client: str,
        method: str,
        path: str,
        query: str = "",
        *,
        body: bytes = b"",
        media: str = "application/json",
    ) -> Ended:
        """Return how a request ends."""
        purpose = {"mailer": "newsletter", "privacy_desk": "subject_request"}.get(client)
        fields = self.harness.credentials(client, purpose)
        fields += (("content-type", media),) if body else ()
        return await self.harness.exchange(
            self.lane, Request(method, path, query, Headers(fields), body), self.answer
        )


def told(ended: Ended) -> Any:
    """Return the body of a success."""
    assert ended.response.status in {200, 201, 204}, ended.response.body
    return json.loads(ended.response.body) if ended.response.body else None


async def test_dataverse_gets_tokens_and_finds_by_them(harness: GatewayHarness) -> None:
    """Every way to write equality in OData; the rest is refused; a batch carries writes and queries alike."""
    crm = Crm(harness, "dynamics", DynamicsSandbox(CRM_TOKEN))
    body = json.dumps({"lastname": "Quill", "emailaddress1": MAIL}).encode()
    made = await crm.ask("helpdesk_leads", "POST", f"{BASE}/contacts", body=body)
    assert made.response.status in {201, 204}, made.response.body
    assert made.forwarded is not None
    assert MAIL.encode() not in made.forwarded.body
    token = json.loads(made.forwarded.body)["emailaddress1"]
    assert token.endswith("@t.privacy.example.org")
    for condition in (
        f"emailaddress1 eq '{MAIL}'",
        f"'{MAIL.upper()}' eq emailaddress1",
        f"emailaddress1 eq @p&@p='{MAIL}'",
        f"emailaddress1 in ('{MAIL}','nobody@example.org')",
        f"lastname eq 'Quill' and not (emailaddress1 ne '{MAIL}')",
    ):
        query = "$select=emailaddress1&$filter=" + quote(condition, safe="&=@(),'")
        found = await crm.ask("helpdesk", "GET", f"{BASE}/contacts", query)
        assert [row["emailaddress1"] for row in told(found)["value"]] == [MAIL], condition
        assert found.forwarded is not None
        assert "nessa" not in found.forwarded.query.lower()
    for condition in (f"startswith(emailaddress1,'{MAIL[:5]}')", f"emailaddress1 gt '{MAIL}'"):
        ended = await crm.ask("helpdesk", "GET", f"{BASE}/contacts", "$filter=" + quote(condition))
        assert (ended.response.status, ended.forwarded) == (403, None)
        assert b"only equality with a whole value" in ended.response.body
    for path in (f"contacts(emailaddress1='{MAIL}')", f"contacts(emailaddress1='{MAIL}')/lastname"):
        ended = await crm.ask("helpdesk", "GET", f"{BASE}/{path}")
        assert "Quill" in json.dumps(told(ended))
        assert ended.forwarded is not None
        assert "nessa" not in ended.forwarded.path
    ended = await crm.ask("helpdesk", "GET", f"{BASE}/contacts(emailaddress1='nobody@example.org')")
    assert ended.response.status == 404
    change, path = json.dumps({"lastname": "Hale"}).encode(), f"{BASE}/contacts(emailaddress1='{MAIL}')"
    ended = await crm.ask("helpdesk_leads", "PATCH", path, body=change)
    assert (ended.response.status, ended.forwarded) == (403, None)
    assert b"makes a record if none has" in ended.response.body


CHANGED = {"attributes": {"type": "Contact"}, "LastName": "Hale"}


@pytest.mark.parametrize("surface", ["composite", "batch"])
async def test_a_create_that_fails_takes_no_value_from_a_record_that_is_changed_beside_it(
    harness: GatewayHarness, surface: str
) -> None:
    """The one id that the answer names is not that of the record that was to be made."""
    crm = Crm(harness, "salesforce", SalesforceSandbox(CRM_TOKEN))
    root = "/services/data/v62.0"
    body = json.dumps({"LastName": "Quill", "Email": MAIL}).encode()
    record = told(await crm.ask("helpdesk_leads", "POST", f"{root}/sobjects/Contact", body=body))["id"]
    held = harness.app.kept
    (token,) = [str(each["Email"]) for each in crm.crm.people() if each["Id"] == record]
    with held.store.read() as connection:
        assert rows.by_handle(connection, [token])[token].record == record[:15]
    fails, changes = {"Email": "other@example.org"}, {"records": [{**CHANGED, "id": record}]}
    parts = [
        {"method": "POST", "url": f"{root}/sobjects/Contact", "richInput": fails},
        {"method": "PATCH", "url": f"{root}/composite/sobjects", "richInput": changes},
    ]
    whole: dict[str, Any] = {"batchRequests": parts}
    if surface == "composite":
        named = [
            {"body": each.pop("richInput"), **each, "referenceId": f"r{at}"} for at, each in enumerate(parts)
        ]
        whole = {"allOrNone": False, "compositeRequest": named}
    path = f"{root}/composite/batch" if surface == "batch" else f"{root}/composite"
    answer = told(await crm.ask("helpdesk_leads", "POST", path, body=json.dumps(whole).encode()))
    assert "REQUIRED_FIELD_MISSING" in json.dumps(answer)
    assert record in json.dumps(answer)
    held.vault.forget()
    query = "fields=LastName,Email"
    shown = told(await crm.ask("helpdesk", "GET", f"{root}/sobjects/Contact/{record}", query))
    assert (shown["LastName"], shown["Email"]) == ("Hale", MAIL)


async def test_a_number_lies_in_hubspot_as_another(harness: GatewayHarness) -> None:
    """In its layout; it comes back, is found, and what is no number is not written."""
    crm = Crm(harness, "hubspot", HubSpotSandbox(CRM_TOKEN))
    contacts, number = "/crm/v3/objects/contacts", "000-12-0101"

    async def write(text: str) -> Ended:
        properties = {"lastname": "Quill", "email": "badge@example.org", "jobtitle": text}
        body = json.dumps({"properties": properties}).encode()
        return await crm.ask("helpdesk_leads", "POST", contacts, body=body)

    ended = await write("n/a")
    assert (ended.response.status, ended.forwarded) == (422, None)
    made = told(await write(number))
    (held,) = [str(each["jobtitle"]) for each in crm.crm.people() if each["hs_object_id"] == made["id"]]
    assert re.fullmatch(r"[0-9]{3}-[0-9]{2}-[0-9]{16}", held)
    assert not held.startswith(number)
    asked = {"propertyName": "jobtitle", "operator": "EQ", "value": number}
    query = {"filterGroups": [{"filters": [asked]}], "properties": ["jobtitle"]}
    found = told(await crm.ask("helpdesk_leads", "POST", f"{contacts}/search", body=json.dumps(query).encode()))
    assert [(each["id"], each["properties"]["jobtitle"]) for each in found["results"]] == [(made["id"], number)]


async def test_odoo_gets_tokens_and_finds_by_them(harness: GatewayHarness) -> None:
    """Through XML-RPC: what is created, read, searched and written; domains nested as they may be."""
    crm = Crm(harness, "odoo", OdooSandbox(CRM_TOKEN))

    async def call(client: str, method: str, *args: Any, **named: Any) -> Any:
        given = ("crm", 2, "x", "res.partner", method, list(args), named)
        body = xmlrpc.client.dumps(given, "execute_kw", allow_none=True).encode()
        ended = await crm.ask(client, "POST", "/xmlrpc/2/object", body=body, media="text/xml")
        if ended.forwarded is not None:
            assert b"nessa" not in ended.forwarded.body
        return xmlrpc.client.loads(ended.response.body.decode())[0][0]

    number = await call("helpdesk_leads", "create", {"email": MAIL})
    assert isinstance(number, int)
    (held,) = [each for each in crm.crm.people() if each["id"] == number]
    assert str(held["email"]).endswith("@t.privacy.example.org")
    assert (await call("helpdesk", "read", [number], fields=["email"]))[0]["email"] == MAIL
    for domain in (
        [["email", "=", MAIL.upper()]],
        ["|", ["email", "in", [MAIL]], ["id", "=", 0]],
        ["!", ["email", "!=", MAIL]],
    ):
        found = await call("helpdesk", "search_read", domain, fields=["email"])
        assert [each["email"] for each in found] == [MAIL], domain
    for domain in ([["email", "ilike", "nessa"]], [["email", "=like", "n%"]], [["email", ">", "n"]]):
        with pytest.raises(xmlrpc.client.Fault, match="only equality with a whole value"):
            await call("helpdesk", "search_read", domain, fields=["id"])
    assert await call("helpdesk_leads", "write", [number], {"email": "other@example.org"})
    assert await call("helpdesk", "search_read", [["email", "=", MAIL]], fields=["id"]) == []
    with pytest.raises(xmlrpc.client.Fault, match="write them one by one"):
        await call("helpdesk_leads", "write", [1, number], {"email": MAIL})


async def test_a_recipient_gets_stand_ins_of_its_own(harness: GatewayHarness) -> None:
    """A pseudonym of what the CRM has a token for, ciphertext of what it has in clear; neither comes back in."""
    crm = Crm(harness, "salesforce", SalesforceSandbox(CRM_TOKEN))
    soql = "q=" + quote("SELECT Id, LastName, Email FROM Contact WHERE HasOptedOutOfEmail = false")
    first, again = [told(await crm.ask("mailer", "GET", "/services/data/v59.0/query", soql)) for _ in range(2)]
    for row, same in zip(first["records"], again["records"], strict=True):
        assert row["Email"] is None or row["Email"].startswith("pn1")
        assert row["Email"] == same["Email"]
        assert row["LastName"].startswith("le1.")
        assert row["LastName"] != same["LastName"]
    shown = first["records"][0]
    for name in ("Email", "LastName"):
        body = json.dumps({name: shown[name]}).encode()
        path = f"/services/data/v59.0/sobjects/Contact/{crm.crm.people()[0]['Id']}"
        ended = await crm.ask("helpdesk_leads", "PATCH", path, body=body)
        assert (ended.response.status, ended.forwarded) in {(422, None), (403, None)}


async def test_it_comes_out_alike_in_a_helper_process(
    harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A helper holds no key: it asks, gets what it asked for, and what it returns is what comes of it here."""
    crm = Crm(harness, "salesforce", SalesforceSandbox(CRM_TOKEN))
    for number, limit in enumerate((None, 1)):
        if limit is not None:
            monkeypatch.setattr("proxy.enforce.LARGE", limit)
        mail = f"aside{number}@example.org"
        body = json.dumps({"LastName": f"Aside{number}", "Email": mail}).encode()
        made = await crm.ask("helpdesk_leads", "POST", "/services/data/v59.0/sobjects/Contact", body=body)
        key = told(made)["id"]
        assert made.forwarded is not None
        assert mail.encode() not in made.forwarded.body
        shown = await crm.ask("helpdesk_leads", "GET", f"/services/data/v59.0/sobjects/Contact/{key}")
        assert told(shown)["Email"] == mail
        soql = "q=" + quote(f"SELECT Email FROM Contact WHERE Email = '{mail}'")
        found = await crm.ask("helpdesk", "GET", "/services/data/v59.0/query", soql)
        assert [row["Email"] for row in told(found)["records"]] == [mail]
        with harness.app.kept.store.read() as connection:
            held = rows.by_handle(connection, [json.loads(made.forwarded.body)["Email"]])
        assert [value.record for value in held.values()] == [key[:15]]

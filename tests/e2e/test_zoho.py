"""The unmodified zohocrmsdk8_0 through a lane: its host, and its access token, are all that a user changes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from proxy.demo.installation import LaneOf
from proxy.sandbox import ZohoSandbox, running
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed
from tests.e2e.zohosdk import ZohoSdk

AOIFE = "aoife.byrne@example.org"
OFFICE = {"X-Purpose": "subject_request"}


@dataclass
class Street:
    """The lane, and the CRM behind it."""

    run: Installed
    crm: ZohoSandbox
    folder: Path
    _sdks: dict[str, ZohoSdk] = field(default_factory=dict)

    def sdk(self, client: str) -> ZohoSdk:
        """Return the SDK, whose access token is a Lychgate key."""
        if client not in self._sdks:
            folder = self.folder / client
            folder.mkdir()
            self._sdks[client] = ZohoSdk(self.run.url("zoho"), self.run.keys[client], folder)
        return self._sdks[client].switched()

    def ask(self, client: str, method: str, target: str, body: object = None) -> Any:
        """Return status and decoded body of a request."""
        headers = {"Authorization": f"Zoho-oauthtoken {self.run.keys[client]}"}
        headers |= OFFICE if client == "privacy_desk" else {}
        answer = requests.request(method, self.run.url("zoho") + target, json=body, headers=headers, timeout=10)
        return answer.status_code, answer.json() if answer.content else None

    def held(self, key: object) -> dict[str, Any]:
        """Return what the CRM holds of a contact."""
        return dict(self.crm.store.must("Contacts", key).values)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """A lane before a Zoho organisation, for all tests of this module."""
    account = ZohoSandbox(CRM_TOKEN)
    with running(account) as there:
        lanes = {"zoho": LaneOf(0, there.url, CRM_TOKEN, "Zoho-oauthtoken")}
        run = Installed.make(tmp_path_factory.mktemp("street") / "gateway", lanes)  # type: ignore[arg-type]
        try:
            yield Street(run.up(), account, tmp_path_factory.mktemp("sdk"))
            run.down()
            run.check_ledger()
        finally:
            run.kill()


def test_an_agent_reads_and_finds_people_by_the_sdk(street: Street) -> None:
    """Lists, records, searches and queries bring what an agent may see, by the definitions it may know of."""
    sdk = street.sdk("helpdesk")
    status, rows = sdk.list("Contacts", "Last_Name,Email,Phone,Account_Name,IBAN")
    assert (status, len(rows)) == (200, 12)
    aoife = next(row for row in rows if row["Email"] == AOIFE)
    assert (aoife["Phone"], aoife["Account_Name"]["name"]) == ("*** *** 01", "Northwind Orchards")
    assert "IBAN" not in aoife
    status, (one,) = sdk.get("Contacts", aoife["id"])
    assert (one["Full_Name"], one["Description"]) == ("Aoife Byrne", None)
    assert not {"IBAN", "National_ID", "Income"} & one.keys()
    status, found = sdk.search("Contacts", criteria="((Last_Name:equals:Byrne)and(First_Name:equals:Aoife))")
    assert [row["Email"] for row in found] == [AOIFE]
    status, rows = sdk.coql(
        "select Last_Name, Account_Name.Account_Name from Contacts where Last_Name like 'B%' limit 5"
    )
    assert [(row["Last_Name"], row["Account_Name.Account_Name"]) for row in rows] == [
        ("Byrne", "Northwind Orchards")
    ]
    assert all(call.headers["Authorization"] == f"Zoho-oauthtoken {CRM_TOKEN}" for call in street.crm.calls)


def test_what_is_hidden_is_nobodys_to_ask_for(street: Street) -> None:
    """By any of the languages; the SDK raises, or returns, what Zoho's own refusals make of it."""
    sdk = street.sdk("helpdesk")
    sdk.list("Contacts", "Last_Name")  # the SDK asks for definitions first
    before = len(street.crm.calls)
    for refused in (
        sdk.coql("select Last_Name from Contacts where IBAN like 'IE%'"),
        sdk.coql("select id from Deals where Contact_Name.National_ID = '000-12-0101'"),
        sdk.coql("select MIN(IBAN) as n from Contacts where id is not null"),
        sdk.search("Contacts", criteria="(IBAN:starts_with:IE)"),
        sdk.search("Contacts", word="000-12"),
    ):
        assert refused == (403, "NO_PERMISSION")
    assert len(street.crm.calls) == before


def test_a_contact_lives_from_create_to_purge(street: Street) -> None:
    """Entitled people create, correct, delete and purge; the CRM holds exactly what they wrote."""
    lead, agent = street.sdk("helpdesk_leads"), street
    status, (made,) = lead.create(
        "Contacts", {"Last_Name": "Quill", "Email": "ina@example.org", "Phone": "+353 1 555 0400"}
    )
    assert (status, made["code"]) == (201, "SUCCESS")
    key = made["details"]["id"]
    body = {"data": [{"Phone": "+353 1 555 0401"}]}
    assert agent.ask("helpdesk", "PUT", f"/crm/v8/Contacts/{key}", body)[0] == 200
    assert street.held(key)["Phone"] == "+353 1 555 0401"
    assert street.ask("helpdesk", "DELETE", f"/crm/v8/Contacts?ids={key}")[0] == 403
    assert street.ask("privacy_desk", "DELETE", f"/crm/v8/Contacts?ids={key}")[0] == 200
    status, bin_ = street.ask("privacy_desk", "GET", "/crm/v8/settings/recycle_bin")
    assert (status, bin_["recycle_bin"][0]["display_name"]) == (200, "Quill")
    assert street.ask("helpdesk", "GET", "/crm/v8/settings/recycle_bin")[0] == 403
    assert street.ask("helpdesk", "DELETE", f"/crm/v8/settings/recycle_bin?ids={key}")[0] == 403
    assert street.ask("privacy_desk", "DELETE", f"/crm/v8/settings/recycle_bin?ids={key}")[0] == 200
    assert street.crm.store.gone[-1].id == key


def test_a_duplicate_tells_nobody_whose_it_is(street: Street) -> None:
    """Zoho answers with the other person's record; the SDK gets the code, and constants."""
    lead = street.sdk("helpdesk_leads")
    status, (told,) = lead.create("Contacts", {"Last_Name": "Quill", "Email": AOIFE})
    assert (status, told["code"], told["details"]) == (400, "DUPLICATE_DATA", {})
    assert "000-12" not in json.dumps(told)


def test_a_write_is_held_to_what_may_be_written(street: Street) -> None:
    """No mask over a number, no hidden field, no address that no mail can be sent to, in any row."""
    key = street.crm.people()[2]["id"]
    phone = street.held(key)["Phone"]
    for body, status in (
        ({"data": [{"Phone": "*** *** 03"}]}, 422),
        ({"data": [{"IBAN": "x"}]}, 403),
        ({"data": [{"Income": 5}]}, 403),
    ):
        assert street.ask("helpdesk", "PUT", f"/crm/v8/Contacts/{key}", body)[0] == status
    rows = {"data": [{"id": key, "Email": "nobody"}]}
    assert street.ask("helpdesk_leads", "PUT", "/crm/v8/Contacts", rows)[0] == 422
    assert street.held(key)["Phone"] == phone
    upsert = {"data": [{"Last_Name": "x", "IBAN": "y"}], "duplicate_check_fields": ["IBAN"]}
    assert street.ask("helpdesk_leads", "POST", "/crm/v8/Contacts/upsert", upsert)[0] == 403


def test_nothing_is_taken_away_past_the_lane(street: Street) -> None:
    """Bulk reads, shares and mails are for nobody without a decision; files are for nobody at all."""
    key = street.crm.people()[0]["id"]
    share = {"share": [{"user": {"id": "502"}, "permission": "read_only"}]}
    mail = {"data": [{"to": [{"email": "x@example.org"}], "subject": "s", "content": "c"}]}
    export = {"query": {"module": {"api_name": "Contacts"}, "fields": ["Last_Name"]}}
    before = len(street.crm.calls)
    for who in ("helpdesk", "mailer", "privacy_desk"):
        assert street.ask(who, "POST", f"/crm/v8/Contacts/{key}/actions/share", share)[0] == 403
        assert street.ask(who, "POST", f"/crm/v8/Contacts/{key}/actions/send_mail", mail)[0] == 403
        assert street.ask(who, "POST", "/crm/bulk/v8/read", export)[0] == 403
        assert street.ask(who, "GET", f"/crm/v8/Contacts/{key}/Attachments/1")[0] == 403
    assert len(street.crm.calls) == before
    status, files = street.ask(
        "privacy_desk", "GET", f"/crm/v8/Contacts/{key}/Notes?fields=Note_Title,Parent_Id"
    )
    assert status == 403  # to ask what belongs to somebody is to filter by it
    status, files = street.ask(
        "helpdesk", "GET", f"/crm/v8/Contacts/{key}/Attachments?fields=File_Name,Size,Parent_Id"
    )
    assert (status, files["data"][0]["File_Name"]) == (200, None)


def test_a_record_that_is_not_there_is_told_in_one_way(street: Street) -> None:
    """Deleted, or never there: 404 in Zoho's shape, without its words."""
    key = street.crm.store.create("Contacts", {"Last_Name": "Gone"}).id
    street.crm.store.delete(street.crm.store.must("Contacts", key))
    deleted, never = (street.ask("helpdesk", "GET", f"/crm/v8/Contacts/{each}") for each in (key, "424242"))
    assert deleted == never
    assert (never[0], never[1]["code"]) == (404, "INVALID_DATA")
    assert "424242" not in json.dumps(never[1])


def test_definitions_are_of_what_one_has_a_use_for(street: Street) -> None:
    """A hidden field has a definition for the office alone; what nobody listed has one for nobody."""
    names = {}
    for who in ("helpdesk", "privacy_desk"):
        status, told = street.ask(who, "GET", "/crm/v8/settings/fields?module=Contacts")
        assert status == 200
        names[who] = {each["api_name"] for each in told["fields"]}
    assert {"IBAN", "National_ID"} <= names["privacy_desk"] - names["helpdesk"]
    assert "Income" not in names["privacy_desk"]
    assert "Last_Name" in names["helpdesk"]

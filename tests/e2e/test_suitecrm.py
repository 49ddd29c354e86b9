"""SuiteCRM's API V8 through a lane, as its documentation has clients write it, brackets and all."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from proxy.demo.installation import LaneOf
from proxy.sandbox import SuiteCrmSandbox, running
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed

AOIFE = "aoife.byrne@example.org"
MEDIA = "application/vnd.api+json"


@dataclass(frozen=True)
class Street:
    """The lane, and the CRM behind it."""

    run: Installed
    crm: SuiteCrmSandbox

    def ask(self, client: str, method: str, target: str, body: object = None) -> Any:
        """Return status and decoded body of a request, whose URL is sent as it is written."""
        headers = {"Authorization": f"Bearer {self.run.keys[client]}", "Accept": MEDIA}
        headers |= {"X-Purpose": "subject_request"} if client == "privacy_desk" else {}
        headers |= {"Content-Type": MEDIA} if body is not None else {}
        raw = None if body is None else json.dumps(body)
        url = f"{self.run.url('suitecrm')}/Api/V8{target}"
        answer = requests.request(method, url, data=raw, headers=headers, timeout=10)
        return answer.status_code, answer.json() if answer.content else None

    def change(self, client: str, key: object, **attributes: object) -> int:
        """Return the status of a change."""
        body = {"data": {"type": "Contacts", "id": key, "attributes": attributes}}
        return int(self.ask(client, "PATCH", "/module", body)[0])

    @property
    def key(self) -> str:
        """The first contact."""
        return str(self.crm.people()[0]["id"])


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """A lane before a SuiteCRM, for all tests of this module."""
    crm = SuiteCrmSandbox(CRM_TOKEN)
    with running(crm) as there:
        lanes = {"suitecrm": LaneOf(0, there.url, CRM_TOKEN)}
        run = Installed.make(tmp_path_factory.mktemp("street") / "gateway", lanes)  # type: ignore[arg-type]
        try:
            yield Street(run.up(), crm)
            run.down()
            run.check_ledger()
        finally:
            run.kill()


def test_a_contact_is_shown_by_role_and_purpose(street: Street) -> None:
    """An agent sees endings of numbers; the officer everything that anybody has said what it is."""
    status, told = street.ask("helpdesk", "GET", f"/module/Contacts/{street.key}")
    agent = told["data"]["attributes"]
    assert (status, told["data"]["type"], told["data"]["id"]) == (200, "Contact", street.key)
    assert (agent["full_name"], agent["phone_mobile"], agent["description"]) == (
        "Aoife Byrne",
        "*** *** 01",
        None,
    )
    assert not {"iban_c", "national_id_c", "income_c"} & agent.keys()
    officer = street.ask("privacy_desk", "GET", f"/module/Contacts/{street.key}")[1]["data"]["attributes"]
    assert (officer["national_id_c"], officer["phone_mobile"]) == ("000-12-0101", "+353 86 555 0101")
    assert "income_c" not in officer


def test_lists_are_filtered_and_ordered_as_documented(street: Street) -> None:
    """Brackets as clients write them; what is hidden is asked for by nobody, and leaves for nowhere."""
    query = "filter[last_name][eq]=Byrne&filter[operator]=and&sort=-date_entered&page[size]=5&page[number]=1"
    status, page = street.ask("helpdesk", "GET", f"/module/Contacts?fields[Contacts]=email1,iban_c&{query}")
    assert (status, [row["attributes"] for row in page["data"]]) == (200, [{"email1": AOIFE}])
    assert page["meta"] == {"records-on-this-page": 1}
    assert "links" not in page
    assert "iban_c" not in street.crm.calls[-1].query
    before = len(street.crm.calls)
    for refused in (
        *("filter[iban_c][gt]=A", "sort=iban_c", "filter[phone_mobile][eq]=x", "filter[deleted][eq]=1"),
        *("filter[income_c][gt]=5", "filter[last_name][eq]=x&filter[iban_c][gt]=A&filter[operator]=or"),
    ):
        assert street.ask("helpdesk", "GET", f"/module/Contacts?{refused}")[0] == 403
    assert len(street.crm.calls) == before


def test_a_record_that_is_not_there_is_told_in_one_way(street: Street) -> None:
    """SuiteCRM answers 400 and repeats the id; what is deleted is told as what never was."""
    gone = street.crm.store.create("Contacts", {"last_name": "Gone"})
    street.crm.store.delete(gone)
    deleted, never = (street.ask("helpdesk", "GET", f"/module/Contacts/{key}") for key in (gone.id, "nobody-17"))
    assert deleted == never
    assert never == (404, {"errors": {"status": "404", "title": None, "detail": "There is no such record."}})


def test_a_contact_lives_from_create_to_delete(street: Street) -> None:
    """Entitled people create, correct and delete; the CRM holds exactly what they wrote."""
    attributes = {"last_name": "Quill", "email1": "ina@example.org", "phone_work": "+353 1 555 0400"}
    status, told = street.ask(
        "helpdesk_leads", "POST", "/module", {"data": {"type": "Contacts", "attributes": attributes}}
    )
    assert status == 201
    key = told["data"]["id"]
    assert street.change("helpdesk", key, phone_work="+353 1 555 0401") == 201
    bean = street.crm.store.must("Contacts", key)
    assert bean.values["phone_work"] == "+353 1 555 0401"
    assert street.ask("helpdesk", "DELETE", f"/module/Contacts/{key}")[0] == 403
    status, told = street.ask("privacy_desk", "DELETE", f"/module/Contacts/{key}")
    assert (status, bean.deleted) == (200, True)
    assert key not in json.dumps(told)
    status, binned = street.ask("privacy_desk", "GET", "/module/Contacts?filter[deleted][eq]=1")
    assert (status, key in [row["id"] for row in binned["data"]]) == (200, True)


def test_a_write_is_held_to_what_may_be_written(street: Street) -> None:
    """No mask over a number, no hidden field, no mark of deletion, no other id, no address that is none."""
    key, phone = street.key, street.crm.store.must("Contacts", street.key).values["phone_work"]
    assert street.change("helpdesk", key, phone_work="*** *** 01") == 422
    assert street.change("helpdesk", key, iban_c="x") == 403
    assert street.change("helpdesk", key, income_c=5) == 403
    assert street.change("helpdesk_leads", key, email1="nobody") == 422
    assert street.change("helpdesk_leads", key, last_name="Byrne", deleted=1) == 403
    assert street.change("helpdesk_leads", key, last_name="Byrne", id="other") == 403
    assert street.crm.store.must("Contacts", key).values["phone_work"] == phone


def test_relationships_are_the_fields_that_they_are(street: Street) -> None:
    """Whose case it is is shown to who may see it, from either end, and changed by nobody who may not."""
    status, cases = street.ask("helpdesk", "GET", f"/module/Contacts/{street.key}/relationships/cases")
    assert (status, [row["type"] for row in cases["data"]]) == (200, ["aCase"])
    case = cases["data"][0]["id"]
    status, whose = street.ask("helpdesk", "GET", f"/module/Cases/{case}/relationships/contacts")
    assert (status, whose["data"][0]["id"]) == (200, street.key)
    assert street.ask("mailer", "GET", f"/module/Contacts/{street.key}/relationships/cases")[0] == 403
    body = {"data": {"type": "Contacts", "id": street.key}}
    assert street.ask("helpdesk", "POST", f"/module/Cases/{case}/relationships/contacts", body)[0] == 403
    assert (
        street.ask("helpdesk", "DELETE", f"/module/Contacts/{street.key}/relationships/cases/{case}")[0] == 403
    )
    account = street.crm.store.must("Contacts", street.key).values["account_id"]
    link = f"/module/Contacts/{street.key}/relationships/accounts"
    body = {"data": {"type": "Accounts", "id": account}}
    assert street.ask("helpdesk_leads", "POST", link, body)[0] == 201


def test_definitions_are_of_what_one_has_a_use_for(street: Street) -> None:
    """By name, in a list of columns, and of modules; a hidden field has one for the office alone."""
    fields = {
        who: street.ask(who, "GET", "/meta/fields/Contacts")[1]["data"]["attributes"]
        for who in ("helpdesk", "privacy_desk")
    }
    assert {"iban_c", "national_id_c"} <= fields["privacy_desk"].keys() - fields["helpdesk"].keys()
    assert fields["helpdesk"]["last_name"] == {
        "type": "varchar",
        "required": True,
        "dbType": "varchar",
        "len": 255,
    }
    assert "income_c" not in fields["privacy_desk"]
    status, columns = street.ask("helpdesk", "GET", "/listview/columns/Contacts")
    assert (status, [each["fieldName"] for each in columns["data"]]) == (200, ["LAST_NAME", "TITLE"])
    status, modules = street.ask("helpdesk", "GET", "/meta/modules")
    assert (status, "Contacts" in modules["data"]["attributes"]) == (200, True)


@pytest.mark.parametrize("path", ["/service/v4_1/rest.php", "/Api/access_token", "/index.php"])
def test_ways_round_it_are_closed(street: Street, path: str) -> None:
    """The legacy service, a token of one's own, the pages for people."""
    before = len(street.crm.calls)
    headers = {"Authorization": f"Bearer {street.run.keys['privacy_desk']}", "X-Purpose": "subject_request"}
    data = {"method": "get_entry_list", "rest_data": '{"module_name":"Contacts","query":"1=1","deleted":1}'}
    answer = requests.post(street.run.url("suitecrm") + path, data=data, headers=headers, timeout=10)
    assert answer.status_code == 403
    assert len(street.crm.calls) == before

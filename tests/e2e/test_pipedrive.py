"""The unmodified api-pipedrive-python through a lane; and version 2, which it does not speak."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from pipedrive.client import Client
from pipedrive.exceptions import (
    ForbiddenError,
    NotFoundError,
    UnauthorizedError,
    UnprocessableEntityError,
)

from proxy.demo.installation import LaneOf
from proxy.sandbox import PipedriveSandbox, running
from proxy.sandbox.pipedrive.store import IBAN, INCOME, NATIONAL_ID
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed

OFFICE = {"X-Purpose": "subject_request"}


@dataclass(frozen=True)
class Street:
    """The lane, and the CRM behind it."""

    run: Installed
    crm: PipedriveSandbox

    def client(self, name: str) -> Client:
        """Return the client, whose access token is a Lychgate key."""
        made = Client(domain=self.run.url("pipedrive"))
        made.set_access_token(self.run.keys[name])
        return made

    def v2(self, name: str, method: str, target: str, body: object = None) -> Any:
        """Return status and decoded body of a request to version 2."""
        headers = {"Authorization": f"Bearer {self.run.keys[name]}"} | (OFFICE if name == "privacy_desk" else {})
        url = f"{self.run.url('pipedrive')}/api/v2{target}"
        answer = requests.request(method, url, json=body, headers=headers, timeout=10)
        return answer.status_code, answer.json()


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """A lane before a Pipedrive account, for all tests of this module."""
    account = PipedriveSandbox(CRM_TOKEN)
    with running(account) as there:
        lanes = {"pipedrive": LaneOf(0, there.url, CRM_TOKEN)}
        run = Installed.make(tmp_path_factory.mktemp("street") / "gateway", lanes)  # type: ignore[arg-type]
        try:
            yield Street(run.up(), account)
            run.down()
            run.check_ledger()
        finally:
            run.kill()


def made(street: Street, **values: object) -> int:
    """Return the id of a new person, made by somebody who may."""
    return int(
        street.client("helpdesk_leads").persons.create_person({"name": "Ina Quill", **values})["data"]["id"]
    )


def held(street: Street, key: int) -> Any:
    """Return what the CRM holds of one person."""
    return street.crm.store.get("persons", str(key))


def test_a_person_is_shown_by_role_and_purpose(street: Street) -> None:
    """An agent sees endings of numbers, the officer everything that anybody has said what it is."""
    agent = street.client("helpdesk").persons.get_person(1)["data"]
    assert (agent["name"], agent["birthday"], agent["notes"]) == ("Aoife Byrne", "1984", None)
    assert [each["value"] for each in agent["phone"]] == ["*** *** 01", "*** *** 01"]
    assert agent["org_id"]["name"] == "Northwind Orchards"
    assert "email" not in agent["owner_id"]  # a colleague's name, and no address
    assert not {NATIONAL_ID, IBAN, INCOME} & agent.keys()
    officer = street.client("privacy_desk").persons.get_person(1, headers=OFFICE)["data"]
    assert (officer[NATIONAL_ID], officer["phone"][0]["value"]) == ("000-12-0101", "+353 1 555 0101")
    assert INCOME not in officer
    listed = street.client("mailer").persons.get_all_persons(params={"limit": 2, "sort": "update_time DESC"})[
        "data"
    ]
    assert {name for each in listed for name in each} <= {
        *("id", "name", "first_name", "last_name", "first_char", "email", "primary_email"),
        *("add_time", "update_time", "visible_to", "active_flag", "owner_id"),
    }


def test_pages_and_searches_reach_the_crm_as_they_were_meant(street: Street) -> None:
    """Cursors go round, a search by name finds, one by number or everywhere does not leave."""
    seen, cursor = [], ""
    while cursor is not None:
        status, page = street.v2(
            "helpdesk", "GET", f"/persons?limit=5&sort_by=id{cursor and f'&cursor={cursor}'}"
        )
        assert status == 200
        seen += [each["id"] for each in page["data"]]
        cursor = page["additional_data"].get("next_cursor")
    assert sorted(seen)[:12] == list(range(1, 13))
    items = street.client("helpdesk").persons.search_persons(params={"term": "byrne", "fields": "name,email"})
    (item,) = items["data"]["items"]
    assert item["item"]["name"] == "Aoife Byrne"
    assert "custom_fields" not in item["item"]
    assert "result_score" not in item
    before = len(street.crm.calls)
    for params in (
        {"term": "555", "fields": "phone"},
        {"term": "555"},
        {"term": "surgery", "fields": "notes"},
        {"term": "000-12", "fields": "custom_fields"},
    ):
        with pytest.raises(ForbiddenError):
            street.client("helpdesk").persons.search_persons(params=params)
    with pytest.raises(ForbiddenError):
        street.client("privacy_desk").persons.get_all_persons(params={"filter_id": 1}, headers=OFFICE)
    with pytest.raises(ForbiddenError):
        street.client("helpdesk").persons.get_all_persons(params={"sort": f"{IBAN} ASC"})
    assert len(street.crm.calls) == before


def test_a_deal_shows_its_person_as_the_person_is_shown(street: Street) -> None:
    """The record in short, in place of a link, is judged as what it is."""
    deal = street.client("helpdesk").deals.get_deal(1)["data"]
    assert (deal["title"], deal["value"], deal["person_id"]["value"]) == (None, 1200, 1)
    assert [each["value"] for each in deal["person_id"]["phone"]] == ["*** *** 01", "*** *** 01"]
    notes = street.client("helpdesk").notes.get_all_notes(params={"person_id": 1})["data"]
    assert [each["content"] for each in notes] == [None]
    assert street.client("helpdesk").persons.get_person_deals(1)["data"][0]["id"] == 1


def test_a_person_lives_from_create_to_delete(street: Street) -> None:
    """Entitled callers create, correct, merge and delete; the CRM holds exactly what they wrote."""
    key = made(street, email=["ina@example.org"], phone="+353 1 555 0400")
    agent = street.client("helpdesk")
    changed = agent.persons.update_person(key, {"phone": [{"value": "+353 1 555 0401", "label": "work"}]})
    assert [each["value"] for each in changed["data"]["phone"]] == ["*** *** 01"]
    assert held(street, key).lists["phones"][0]["value"] == "+353 1 555 0401"
    status, _ = street.v2(
        "privacy_desk", "PATCH", f"/persons/{key}", {"custom_fields": {NATIONAL_ID: "000-12-0500"}}
    )
    assert (status, held(street, key).custom[NATIONAL_ID]) == (200, "000-12-0500")
    twin = made(street, email=["ina.quill@example.org"])
    officer = street.client("privacy_desk")
    officer._put(f"{officer.BASE_URL}persons/{twin}/merge", json={"merge_with_id": key}, headers=OFFICE)
    assert held(street, twin).deleted is not None
    officer.persons.delete_person(key, headers=OFFICE)
    assert held(street, key).deleted is not None
    with pytest.raises(NotFoundError):
        agent.persons.get_person(9999)


def test_a_write_is_held_to_what_may_be_written(street: Street) -> None:
    """No mask over a number in a list, no hidden field, no address that no mail can be sent to."""
    key = made(street, phone="+353 1 555 0402")
    agent, lead = street.client("helpdesk"), street.client("helpdesk_leads")
    shown = agent.persons.get_person(key)["data"]["phone"]
    for phone in (shown, [shown[0]["value"]], shown[0]["value"]):
        with pytest.raises(UnprocessableEntityError):
            agent.persons.update_person(key, {"phone": phone})
    with pytest.raises(ForbiddenError):
        agent.persons.update_person(key, {NATIONAL_ID: "1"})
    assert street.v2("helpdesk", "PATCH", f"/persons/{key}", {"custom_fields": {INCOME: 1}})[0] == 403
    with pytest.raises(UnprocessableEntityError):
        lead.persons.update_person(key, {"email": [{"value": "nobody"}]})
    assert held(street, key).lists["phones"][0]["value"] == "+353 1 555 0402"
    with pytest.raises(ForbiddenError):
        agent.persons.delete_person(key)
    with pytest.raises(ForbiddenError):
        street.client("mailer").persons.get_person(key)


def test_a_token_in_a_url_goes_nowhere(street: Street) -> None:
    """Neither a key of ours nor a token of the CRM's is let in by it, sent on, or written down."""
    before = len(street.crm.calls)
    for token in (street.run.keys["helpdesk"], "0123456789abcdef0123456789abcdef01234567", CRM_TOKEN):
        client = Client(domain=street.run.url("pipedrive"))
        client.set_api_token(token)
        with pytest.raises(UnauthorizedError):
            client.persons.get_person(1)
        client.set_access_token(street.run.keys["helpdesk"])
        with pytest.raises(UnauthorizedError):
            client.persons.get_person(1)
        assert token not in json.dumps(street.run.entries())
        assert street.run.spoken is not None
        assert token not in street.run.spoken.text
    assert len(street.crm.calls) == before
    assert all("api_token" not in call.query for call in street.crm.calls)


def test_the_crms_own_errors_lose_their_words(street: Street) -> None:
    """Pipedrive's texts repeat what was sent; a code and a sentence of ours stay."""
    status, told = street.v2("helpdesk", "GET", "/persons/424242")
    assert (status, told["code"], told["success"]) == (404, "ERR_NOT_FOUND", False)
    assert "424242" not in told["error"]

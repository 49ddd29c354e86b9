"""The further surfaces of HubSpot, by the unmodified hubspot-api-client through a lane on sockets."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from hubspot.crm.associations.models import BatchInputPublicObjectId
from hubspot.crm.associations.v4.models import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputUpsert,
    PublicMergeInput,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)

from proxy.sandbox.hubspot.properties import CONTACTS
from tests.e2e.conftest import Town
from tests.e2e.sdks import Hubspot

OFFICE = ("privacy_desk", "subject_request")
AOIFE = "aoife.byrne@example.org"


def made(town: Town, email: str, **more: str) -> str:
    """Return the id of a new contact, made by somebody who may."""
    properties = {"email": email, "lastname": "Quill", **more}
    new = SimplePublicObjectInputForCreate(properties=properties, associations=[])
    return str(Hubspot(town.run, "helpdesk_leads").basic.create(new).id)


def test_earlier_values_are_shown_as_the_property_is(town: Town) -> None:
    """A number that was somebody's is masked as the one that is; of a hidden property there is no history."""
    key = made(town, "past.quill@example.org", phone="+353 1 555 0600")
    agent, officer = Hubspot(town.run, "helpdesk"), Hubspot(town.run, *OFFICE)
    agent.basic.update(key, SimplePublicObjectInput(properties={"phone": "+353 1 555 0601"}))
    asked = {"properties_with_history": ["phone", "iban", "message"], "properties": ["email"]}
    past = agent.basic.get_by_id(key, **asked).properties_with_history
    assert {name: [one.value for one in values] for name, values in past.items()} == {
        "phone": ["*** *** 01", "*** *** 00"]
    }
    true = officer.basic.get_by_id(key, **asked).properties_with_history
    assert [one.value for one in true["phone"]] == ["+353 1 555 0601", "+353 1 555 0600"]


def test_a_look_up_by_address_is_a_search_by_it(town: Town) -> None:
    """Who may filter by e-mail reads and updates by it; nothing of the address is in the ledger."""
    agent = Hubspot(town.run, "helpdesk")
    found = agent.basic.get_by_id(AOIFE, id_property="email", properties=["phone"])
    assert (found.id, found.properties["phone"]) == ("101", "*** *** 01")
    made(town, "look.quill@example.org")
    changed = SimplePublicObjectInput(properties={"phone": "+353 1 555 0700"})
    assert agent.basic.update("look.quill@example.org", changed, id_property="email").properties["phone"]
    one = {"id": "look.quill@example.org", "idProperty": "email", "properties": {"phone": "+353 1 555 0701"}}
    agent.batch.update(BatchInputSimplePublicObjectBatchInput(inputs=[one]))
    assert AOIFE not in json.dumps(town.run.entries())
    assert "look.quill" not in json.dumps(town.run.entries())


def test_an_upsert_needs_to_create_and_update(town: Town) -> None:
    """A lead may do both, an agent only one; what failed of many is told in constants."""
    put = [{"id": "up.quill@example.org", "idProperty": "email", "properties": {"phone": "+353 1 555 0800"}}]
    body = BatchInputSimplePublicObjectBatchInputUpsert(inputs=put)
    with pytest.raises(Exception, match="403"):
        Hubspot(town.run, "helpdesk").batch.upsert(body)
    lead = Hubspot(town.run, "helpdesk_leads").batch
    assert [one.id for one in lead.upsert(body).results]
    put.append({"id": "no-address", "idProperty": "email", "properties": {"phone": "+353 1 555 0801"}})
    with pytest.raises(Exception, match="422"):  # the example set wants addresses that mail can be sent to
        lead.upsert(body)


def test_what_fails_of_a_batch_is_told_in_constants(town: Town) -> None:
    """207: what succeeded, and for the rest a category without the ids and words that HubSpot told."""
    wanted = {"inputs": [{"id": "101"}, {"id": "424242"}], "properties": ["email"], "propertiesWithHistory": []}
    answer = Hubspot(town.run, "helpdesk").batch.read(wanted)
    assert [one.id for one in answer.results] == ["101"]
    (error,) = answer.errors
    assert (error.category, error.context) == ("OBJECT_NOT_FOUND", {})
    assert "424242" not in str(answer)


def test_archived_people_are_shown_to_the_privacy_office(town: Town) -> None:
    """And not to support, which finds nobody there."""
    key = made(town, "gone.quill@example.org")
    officer = Hubspot(town.run, *OFFICE)
    officer.basic.archive(key)
    assert officer.basic.get_by_id(key, archived=True).archived is True
    assert key in {one.id for one in officer.basic.get_page(archived=True, limit=100).results}
    town.hubspot.store.restore(town.hubspot.store.get(CONTACTS, key, archived=True))
    assert Hubspot(town.run, "helpdesk").basic.get_by_id(key).id == key


def test_two_records_become_one(town: Town) -> None:
    """The privacy office merges; what is shown of the result is what it may see."""
    one, two = made(town, "one.quill@example.org"), made(town, "two.quill@example.org", phone="+353 1 555 0900")
    officer = Hubspot(town.run, *OFFICE)
    merged = officer.basic.merge(PublicMergeInput(primary_object_id=one, object_id_to_merge=two))
    assert merged.id == one
    assert officer.basic.get_by_id(two, properties=["phone"]).properties["phone"] == "+353 1 555 0900"


def test_links_go_both_ways(town: Town) -> None:
    """An agent sees which company and ticket belong to somebody, and puts a ticket with a person."""
    agent = Hubspot(town.run, "helpdesk")
    v4, many = agent.api("associations.v4.basic"), agent.api("associations.v4.batch")
    (company,) = v4.get_page("contacts", "102", "companies").results
    assert str(company.to_object_id) == "9002"
    assert "102" in {str(one.to_object_id) for one in v4.get_page("companies", "9002", "contacts").results}
    assert (
        agent.basic.get_by_id("102", associations=["tickets"]).associations["tickets"].results[0].id == "30002"
    )
    v4.create_default("contacts", "103", "tickets", "30002")
    wanted = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": "103"}, {"id": "102"}])
    tickets = {
        one._from.id: [str(to.to_object_id) for to in one.to]
        for one in many.get_page("contacts", "tickets", wanted).results
    }
    assert tickets == {"103": ["30003", "30002"], "102": ["30002"]}
    v4.archive("contacts", "103", "tickets", "30002")
    older = agent.api("associations.batch").read(
        "contacts", "tickets", BatchInputPublicObjectId(inputs=[{"id": "103"}])
    )
    assert [to.id for one in older.results for to in one.to] == ["30003"]
    with pytest.raises(Exception, match="403"):
        v4.create_default("contacts", "103", "companies", "9002")


def test_lists_are_the_privacy_offices(town: Town) -> None:
    """That somebody is in a list says what the list was made of."""
    officer = Hubspot(town.run, *OFFICE).api("lists.memberships")
    assert "101" in {one.record_id for one in officer.get_page("7").results}
    assert [one.list_id for one in officer.get_lists("0-1", "101").results] == ["7"]
    assert officer.remove("7", ["101"]).record_ids_removed == ["101"]
    assert officer.add("7", ["101"]).records_ids_added == ["101"]


def test_other_kinds_of_records(town: Town) -> None:
    """Free text in tickets and notes is hidden from support as it is elsewhere; owners are colleagues."""
    agent, officer = Hubspot(town.run, "helpdesk"), Hubspot(town.run, *OFFICE)
    ticket = agent.api("tickets.basic").get_by_id("30001", properties=["subject", "hs_pipeline_stage"])
    assert (ticket.properties["subject"], ticket.properties["hs_pipeline_stage"]) == (None, "1")
    assert (
        officer.api("tickets.basic").get_by_id("30001").properties["subject"] == "Delivery to 14 Rowan Terrace"
    )
    assert agent.api("deals.basic").get_by_id("20001").properties["amount"] == "1200"
    note = agent.api("objects.basic").get_by_id("notes", "40001", properties=["hs_note_body", "hs_timestamp"])
    assert (note.properties["hs_note_body"], note.properties["hs_timestamp"][:4]) == (None, "2026")
    assert [one.first_name for one in agent.api("owners.owners").get_page().results] == ["Nora", "Paulo"]
    assert {one.email for one in agent.api("owners.owners").get_page().results} == {None}


def test_properties_are_described_to_whom_they_are_shown(town: Town) -> None:
    """What an agent cannot be shown is in no list of what there is."""
    agent, officer = Hubspot(town.run, "helpdesk"), Hubspot(town.run, *OFFICE)
    described = {one.name for one in agent.api("properties.core").get_all("contacts").results}
    assert {"email", "phone", "message"} <= described
    assert not {"iban", "address", "annual_income"} & described
    assert "iban" in {one.name for one in officer.api("properties.core").get_all("contacts").results}
    with pytest.raises(Exception, match="403"):
        agent.api("properties.core").get_by_name("contacts", "iban")


# ---- version 1, which no client library speaks any more ----------------------------------------------------


def v1(town: Town, client: str, asked: str, body: object = None) -> Any:
    """Return status and decoded body of a request to version 1; the privacy office says what it is for."""
    method, _, target = asked.partition(" ")
    request = urllib.request.Request(
        f"{town.run.url('hubspot')}/contacts/v1{target}",
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {town.run.keys[client]}", "Content-Type": "application/json"},
        method=method,
    )
    if client == OFFICE[0]:
        request.add_header("X-Purpose", OFFICE[1])
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            raw = answer.read()
            return answer.status, json.loads(raw) if raw else None
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_version_1_is_held_to_the_same(town: Town) -> None:
    """Cells, versions, look-ups and updates of version 1 say no more than version 3 does."""
    names = "property=phone&property=iban&property=message"
    status, read = v1(town, "helpdesk", f"GET /contact/email/{AOIFE}/profile?{names}")
    assert status == 200
    assert read["properties"].keys() == {"phone"}
    assert {each["value"] for each in read["properties"]["phone"]["versions"]} == {"*** *** 01"}
    assert read.keys() == {"vid", "properties"}
    key = made(town, "v1.quill@example.org", phone="+353 1 555 0650")
    pairs = {"properties": [{"property": "phone", "value": "+353 1 555 0651"}]}
    assert v1(town, "helpdesk", f"POST /contact/vid/{key}/profile", pairs)[0] == 204
    assert town.hubspot.store.get(CONTACTS, key).values["phone"] == "+353 1 555 0651"
    masked = {"properties": [{"property": "phone", "value": "*** *** 51"}]}
    assert v1(town, "helpdesk", f"POST /contact/vid/{key}/profile", masked)[0] == 422
    hidden = {"properties": [{"property": "iban", "value": "x"}]}
    assert v1(town, "helpdesk", f"POST /contact/vid/{key}/profile", hidden)[0] == 403
    put = "POST /contact/createOrUpdate/email/v1.new@example.org"
    assert v1(town, "helpdesk", put, pairs)[0] == 403
    assert v1(town, "helpdesk_leads", put, pairs)[1]["isNew"] is True
    status, page = v1(town, "mailer", "GET /lists/all/contacts/all?count=2&property=email&property=phone")
    assert [each["properties"].keys() for each in page["contacts"]] == [{"email"}, {"email"}]
    assert v1(town, "helpdesk", "GET /search/query?q=555")[0] == 403
    assert v1(town, "helpdesk", "GET /contact/utk/abc/profile")[0] == 403
    assert v1(town, "privacy_desk", f"DELETE /contact/vid/{key}")[1]["deleted"] is True

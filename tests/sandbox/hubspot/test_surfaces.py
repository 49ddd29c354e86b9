"""Further surfaces of HubSpot, by the unmodified hubspot-api-client and, for version 1, by its documentation."""

import json

import pytest
from hubspot.crm.associations.models import BatchInputPublicAssociation, BatchInputPublicObjectId
from hubspot.crm.associations.v4.models import (
    AssociationSpec,
    BatchInputPublicAssociationMultiArchive,
    BatchInputPublicDefaultAssociationMultiPost,
    BatchInputPublicFetchAssociationsBatchRequest,
)
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputUpsert,
    PublicGdprDeleteInput,
    PublicMergeInput,
    SimplePublicObjectInput,
)
from hubspot.crm.contacts.exceptions import NotFoundException
from hubspot.crm.objects.notes.exceptions import NotFoundException as NoSuchNote

from proxy.sandbox import Call
from proxy.sandbox.hubspot.properties import CONTACTS

AOIFE = "aoife.byrne@example.org"


def call(account, method, target, body=None, status=200):
    """Return what the sandbox answers to a call that no client library makes any more."""
    path, _, query = target.partition("?")
    raw = b"" if body is None else json.dumps(body).encode()
    answer = account.answer(
        Call(method, path, query, headers={"Authorization": f"Bearer {account.token}"}, body=raw)
    )
    assert answer.status == status, answer.tree
    return answer.tree


def test_a_merge_leaves_one_record_under_both_ids(hub, account):
    """What the winner lacked it has now, the other's address is one more, and its id leads to the winner."""
    api = hub.crm.contacts.basic_api
    merged = api.merge(PublicMergeInput(primary_object_id="101", object_id_to_merge="102"))
    assert merged.id == "101"
    everything = api.get_by_id("102", properties=["email", "hs_additional_emails"], associations=["tickets"])
    assert (everything.id, everything.properties["email"]) == ("101", AOIFE)
    assert "juergen.weiss@example.net" in everything.properties["hs_additional_emails"].split(";")
    assert [one.id for one in everything.associations["tickets"].results] == ["30001", "30002"]
    assert api.get_by_id("juergen.weiss@example.net", id_property="email").id == "101"
    assert "102" not in {person["hs_object_id"] for person in account.people()}


def test_an_upsert_says_of_each_what_became_of_it(hub, account):
    """Who is found is changed, who is not is made, and what cannot be is told beside the others."""
    inputs = [
        {"id": AOIFE, "idProperty": "email", "properties": {"city": "Cork"}},
        {"id": "new@example.org", "idProperty": "email", "properties": {"city": "Bray"}},
        {"id": "nobody", "idProperty": "email", "properties": {"city": "Ennis"}},
    ]
    answer = hub.crm.contacts.batch_api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs[:2]))
    assert [(one.new, one.properties["city"]) for one in answer.results] == [(False, "Cork"), (True, "Bray")]


def test_a_batch_goes_by_address(hub):
    """An update of many names them by address."""
    one = {"id": AOIFE, "idProperty": "email", "properties": {"city": "Cork"}}
    hub.crm.contacts.batch_api.update(BatchInputSimplePublicObjectBatchInput(inputs=[one]))
    api = hub.crm.contacts.basic_api
    assert api.get_by_id(AOIFE, id_property="email", properties=["city"]).properties["city"] == "Cork"
    api.update(AOIFE, SimplePublicObjectInput(properties={"city": "Cobh"}), id_property="email")
    assert api.get_by_id("101", properties=["city"]).properties["city"] == "Cobh"


def test_what_was_archived_comes_back(hub, account):
    """As people can bring it back, for ninety days."""
    api = hub.crm.contacts.basic_api
    api.archive("101")
    assert [one.id for one in api.get_page(archived=True).results] == ["101"]
    account.store.restore(account.store.everything(CONTACTS)[0])
    assert api.get_by_id("101").id == "101"


def test_links_of_version_4(hub):
    """A link is there from both ends, and gone from both."""
    basic, batch = hub.crm.associations.v4.basic_api, hub.crm.associations.v4.batch_api
    (company,) = basic.get_page("contacts", "101", "companies").results
    assert str(company.to_object_id) == "9001"
    assert [str(one.to_object_id) for one in basic.get_page("companies", "9001", "contacts").results] == ["101"]
    made = basic.create_default("contact", "102", "company", "9001")
    assert made.results[0].to.id == "9001"
    basic.create("contacts", "103", "companies", "9001", [AssociationSpec("HUBSPOT_DEFINED", 279)])
    wanted = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": "9001"}, {"id": "9002"}])
    (found, other) = batch.get_page("companies", "contacts", wanted).results
    assert (found._from.id, [str(one.to_object_id) for one in found.to]) == ("9001", ["101", "102", "103"])
    assert [str(one.to_object_id) for one in other.to] == ["102", "112"]
    batch.archive(
        "contacts",
        "companies",
        BatchInputPublicAssociationMultiArchive(inputs=[{"from": {"id": "102"}, "to": [{"id": "9001"}]}]),
    )
    basic.archive("contacts", "103", "companies", "9001")
    assert [str(one.to_object_id) for one in basic.get_page("companies", "9001", "contacts").results] == ["101"]
    more = BatchInputPublicDefaultAssociationMultiPost(inputs=[{"from": {"id": "104"}, "to": {"id": "9001"}}])
    assert batch.create_default("contacts", "companies", more).status == "COMPLETE"


def test_links_of_version_3(hub):
    """The same links by the older API; of one that has none, 207 says so."""
    api = hub.crm.associations.batch_api
    found = api.read("contacts", "companies", BatchInputPublicObjectId(inputs=[{"id": "101"}]))
    assert [(one._from.id, one.to[0].id) for one in found.results] == [("101", "9001")]
    one = {"from": {"id": "102"}, "to": {"id": "9001"}, "type": "contact_to_company"}
    assert api.create("contacts", "companies", BatchInputPublicAssociation(inputs=[one])).results
    api.archive("contacts", "companies", BatchInputPublicAssociation(inputs=[one]))


def test_lists_and_owners(hub, account):
    """Who is in the newsletter's list, in which lists somebody is, and who owns records."""
    api = hub.crm.lists.memberships_api
    listed = {one.record_id for one in api.get_page("7").results}
    assert "101" in listed
    assert "103" not in listed
    assert api.add("7", ["103", "999"]).record_ids_missing == ["999"]
    assert [one.list_id for one in api.get_lists("0-1", "103").results] == ["7"]
    assert api.remove("7", ["103"]).record_ids_removed == ["103"]
    owners = hub.crm.owners.owners_api
    assert [one.first_name for one in owners.get_page().results] == ["Nora", "Paulo"]
    assert owners.get_by_id(501).email == "nora.hansen@example.com"


def test_what_is_said_goes_with_the_person(hub, account):
    """An erasure takes the note that was about nobody else, and the person out of every list."""
    hub.crm.contacts.basic_api.purge(PublicGdprDeleteInput(object_id="101"))
    with pytest.raises(NoSuchNote):
        hub.crm.objects.notes.basic_api.get_by_id("40001")
    assert "101" not in {one.record_id for one in hub.crm.lists.memberships_api.get_page("7").results}
    with pytest.raises(NotFoundException):
        hub.crm.contacts.basic_api.get_by_id("101", archived=True)


def test_version_1(account):
    """A profile has a cell for each property, with what it was; lists page by number, a search finds words."""
    call(account, "POST", "/contacts/v1/contact/vid/101/profile", {"properties": [
        {"property": "city", "value": "Cork"}]}, 204)  # fmt: skip
    read = call(account, "GET", f"/contacts/v1/contact/email/{AOIFE}/profile?property=city&property=email")
    assert (read["vid"], read["properties"].keys()) == (101, {"city", "email"})
    assert [one["value"] for one in read["properties"]["city"]["versions"]] == ["Cork", "Dublin"]
    plain = call(account, "GET", "/contacts/v1/contact/vid/101/profile?property=city&propertyMode=value_only")
    assert plain["properties"]["city"] == {"value": "Cork"}
    page = call(account, "GET", "/contacts/v1/lists/all/contacts/all?count=2&vidOffset=101")
    assert [one["vid"] for one in page["contacts"]] == [102, 103]
    assert (page["has-more"], page["vid-offset"]) == (True, 103)
    (first,) = call(account, "GET", "/contacts/v1/lists/7/contacts/all?count=1")["contacts"]
    assert first["vid"] == 101
    assert call(account, "GET", "/contacts/v1/search/query?q=byrne")["total"] == 1
    body = {"properties": [{"property": "city", "value": "Bray"}]}
    put = "/contacts/v1/contact/createOrUpdate/email"
    assert call(account, "POST", f"{put}/{AOIFE}", body)["isNew"] is False
    assert call(account, "POST", f"{put}/new@example.org", body)["isNew"] is True
    assert call(account, "DELETE", "/contacts/v1/contact/vid/101")["deleted"] is True
    call(account, "GET", "/contacts/v1/contact/vid/101/profile", status=404)
    call(account, "GET", "/contacts/v1/lists/99/contacts/all", status=404)
    call(account, "POST", "/contacts/v1/contact", {"properties": {"city": "Bray"}}, 400)

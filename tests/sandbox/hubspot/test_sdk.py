"""The unmodified hubspot-api-client against the sandbox."""

import csv
import io
import json
import urllib.request

import pytest
from hubspot.crm.companies import SimplePublicObjectInput as CompanyInput
from hubspot.crm.contacts import (
    ApiException,
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchInputSimplePublicObjectId,
    BatchReadInputSimplePublicObjectId,
    PublicGdprDeleteInput,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.contacts.exceptions import NotFoundException, UnauthorizedException
from hubspot.crm.exports import PublicExportViewRequest

from proxy.sandbox import Call, running

AOIFE = "aoife.byrne@example.org"


def problem(raised) -> dict:
    """Return the body of the error the SDK raised."""
    return json.loads(raised.value.body)


def search(hub, *groups, **more):
    """Search by groups of (property, operator, value) filters."""
    filters = [
        {"filters": [{"propertyName": name, "operator": operator, **rest} for name, operator, rest in group]}
        for group in groups
    ]
    request = PublicObjectSearchRequest(filter_groups=filters, **more)
    return hub.crm.contacts.search_api.do_search(request)


def test_a_record_lives_from_create_to_archive(hub, account):
    """What the SDK creates, reads, updates and archives is what the store holds."""
    api = hub.crm.contacts.basic_api
    made = api.create(
        SimplePublicObjectInputForCreate(properties={"email": "Quill@example.org", "lastname": "Quill"})
    )
    assert made.properties["email"] == "quill@example.org"
    read = api.get_by_id(made.id)
    assert set(read.properties) == {
        "createdate",
        "email",
        "firstname",
        "hs_object_id",
        "lastmodifieddate",
        "lastname",
    }
    changed = api.update(made.id, SimplePublicObjectInput(properties={"phone": "+353 1 555 0142"}))
    assert changed.properties["hs_searchable_calculated_phone_number"] == "35315550142"
    assert account.people()[-1]["phone"] == "+353 1 555 0142"
    api.archive(made.id)
    assert account.people()[-1]["archived"] is True
    with pytest.raises(NotFoundException) as raised:
        api.get_by_id(made.id)
    assert (problem(raised)["category"], problem(raised)["message"]) == (
        "OBJECT_NOT_FOUND",
        "resource not found",
    )
    kept = api.get_by_id(made.id, archived=True, properties=["phone"])
    assert (kept.archived, kept.properties["phone"]) == (True, "+353 1 555 0142")


def test_reading_by_address_with_history_and_company(hub):
    """A contact is found by e-mail address; old values and the company come along when asked for."""
    api = hub.crm.contacts.basic_api
    api.update("101", SimplePublicObjectInput(properties={"city": "Cork"}))
    read = api.get_by_id(
        AOIFE,
        id_property="email",
        properties=["city", "no_such_property"],
        properties_with_history=["city"],
        associations=["companies"],
    )
    assert read.properties["city"] == "Cork"
    assert "no_such_property" not in read.properties
    assert [entry.value for entry in read.properties_with_history["city"]] == ["Cork", "Dublin"]
    assert read.associations["companies"].results[0].id == "9001"
    assert api.get_by_id(f"private.{AOIFE}", id_property="email").id == "101"


def test_lists_come_in_pages(hub):
    """get_all follows paging.next.after until it has everybody once; archived ones have a list of their own."""
    first = hub.crm.contacts.basic_api.get_page(limit=5, properties=["email"])
    assert [len(first.results), first.paging.next.after] == [5, "106"]
    assert "limit=5" in first.paging.next.link
    everyone = hub.crm.contacts.get_all()
    assert [contact.id for contact in everyone] == [str(number) for number in range(101, 113)]
    hub.crm.contacts.basic_api.archive("103")
    assert len(hub.crm.contacts.get_all()) == 11
    assert [contact.id for contact in hub.crm.contacts.get_all(archived=True)] == ["103"]


def test_gdpr_delete_is_for_good(hub, account):
    """After gdpr-delete nothing is left, archived reads included; an unknown address is blocked."""
    api = hub.crm.contacts.basic_api
    api.purge(PublicGdprDeleteInput(id_property="email", object_id=AOIFE))
    assert AOIFE not in json.dumps(account.people())
    for archived in (False, True):
        with pytest.raises(NotFoundException):
            api.get_by_id("101", archived=archived)
    api.purge(PublicGdprDeleteInput(id_property="email", object_id="stranger@example.org"))
    assert account.store.blocked == {"stranger@example.org"}


def test_batches(hub, account):
    """Batches read, create, update and archive; unknown ids make the answer a 207 with errors."""
    api = hub.crm.contacts.batch_api
    read = api.read(
        BatchReadInputSimplePublicObjectId(
            inputs=[{"id": "101"}, {"id": "999"}], properties=["iban"], properties_with_history=[]
        )
    )
    assert read.results[0].properties["iban"] == "IE29AIBK93115212345678"
    assert (read.num_errors, read.errors[0].context["ids"]) == (1, ["999"])
    by_email = BatchReadInputSimplePublicObjectId(
        id_property="email", inputs=[{"id": AOIFE}], properties=[], properties_with_history=[]
    )
    assert api.read(by_email).results[0].id == "101"
    made = api.create(
        BatchInputSimplePublicObjectBatchInputForCreate(
            inputs=[{"properties": {"email": f"b{n}@example.org"}, "associations": []} for n in range(2)]
        )
    )
    assert [one.id for one in made.results] == ["113", "114"]
    changes = [{"id": "113", "properties": {"lastname": "Batch"}}]
    assert (
        api.update(BatchInputSimplePublicObjectBatchInput(inputs=changes)).results[0].properties["lastname"]
        == "Batch"
    )
    api.archive(BatchInputSimplePublicObjectId(inputs=[{"id": "113"}, {"id": "114"}]))
    assert [person["archived"] for person in account.people()[-2:]] == [True, True]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([[("email", "EQ", {"value": AOIFE.upper()})]], [101]),
        ([[("country", "NEQ", {"value": "Ireland"}), ("annual_income", "LT", {"value": "50000"})]], [108, 112]),
        ([[("annual_income", "LTE", {"value": "9000"})]], [108, 112]),
        ([[("annual_income", "GT", {"value": "124000"})]], [105, 111]),
        ([[("annual_income", "GTE", {"value": "143000"})]], [105, 111]),
        ([[("annual_income", "BETWEEN", {"value": "57000", "highValue": "61000"})]], [103, 106, 110]),
        ([[("city", "IN", {"values": ["galway", "lyon"]})]], [103, 107]),
        (
            [[("country", "NOT_IN", {"values": ["ireland"]}), ("health_conditions", "NOT_HAS_PROPERTY", {})]],
            [102, 105, 108, 110],
        ),
        ([[("health_conditions", "HAS_PROPERTY", {}), ("country", "EQ", {"value": "Ireland"})]], [101, 107]),
        ([[("email", "CONTAINS_TOKEN", {"value": "*@example.net"})]], [102, 107, 110]),
        ([[("company", "NOT_CONTAINS_TOKEN", {"value": "*"}), ("jobtitle", "HAS_PROPERTY", {})]], []),
        ([[("createdate", "GTE", {"value": "1767225600000"}), ("city", "EQ", {"value": "dublin"})]], [101]),
        ([[("city", "EQ", {"value": "Dublin"})], [("city", "EQ", {"value": "Sydney"})]], [101, 109]),
    ],
)
def test_search_filters(hub, groups, expected):
    """Each filter finds exactly these people."""
    found = search(hub, *groups, limit=100)
    assert (found.total, [int(contact.id) for contact in found.results]) == (len(expected), expected)


def test_search_sorts_pages_and_chooses_properties(hub):
    """Sorting works both ways, pages add up, properties come as asked, and archived people are not found."""
    assert search(hub, sorts=["-annual_income"], limit=1).results[0].id == "111"
    assert (
        search(hub, sorts=["annual_income"], limit=1, properties=["national_id"])
        .results[0]
        .properties["national_id"]
        == "000-12-0108"
    )
    first = search(hub, limit=10)
    rest = search(hub, limit=10, after=first.paging.next.after)
    assert [first.total, len(first.results), len(rest.results), rest.paging] == [12, 10, 2, None]
    assert [contact.id for contact in search(hub, query="byrne").results] == ["101"]
    hub.crm.contacts.basic_api.archive("101")
    assert search(hub, query="byrne").total == 0


def test_an_export_is_a_link_to_everybody(hub):
    """The export's file has every contact in it and needs no token."""
    request = PublicExportViewRequest(
        export_type="VIEW",
        format="CSV",
        export_name="all",
        object_type="CONTACT",
        object_properties=["email", "national_id"],
        language="EN",
        export_internal_values_options=[],
        override_associated_objects_per_definition_per_row_limit=False,
        associated_object_type="COMPANY",
    )
    started = hub.crm.exports.public_exports_api.start(request)
    status = hub.crm.exports.public_exports_api.get_status(started.id)
    assert status.status == "COMPLETE"
    with urllib.request.urlopen(status.result) as answer:
        rows = list(csv.reader(io.TextIOWrapper(answer, "utf-8-sig")))
    assert rows[0] == ["Record ID", "Email", "National id"]
    assert rows[1] == ["101", AOIFE, "000-12-0101"]
    assert len(rows) == 13


def test_companies_and_property_definitions(hub):
    """Companies work like contacts, and the properties API lists what there is."""
    api = hub.crm.companies.basic_api
    assert api.get_by_id("9001").properties["name"] == "Northwind Orchards"
    assert api.update("9001", CompanyInput(properties={"name": "Southwind"})).properties["name"] == "Southwind"
    listed = {item.name: item for item in hub.crm.properties.core_api.get_all("contacts").results}
    assert listed["email"].has_unique_value is True
    assert listed["iban"].hubspot_defined is False
    assert hub.crm.properties.core_api.get_by_name("contacts", "national_id").label == "National id"


def create(hub, **properties):
    """Create a contact."""
    return hub.crm.contacts.basic_api.create(SimplePublicObjectInputForCreate(properties=properties))


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        # somebody has this address
        (lambda hub: create(hub, email=AOIFE), (409, "CONFLICT"), "Contact already exists. Existing ID: 101"),
        # as a second address, too
        (lambda hub: create(hub, email=f"private.{AOIFE}"), (409, "CONFLICT"), "Existing ID: 101"),
        (lambda hub: create(hub, shoe="42"), (400, "VALIDATION_ERROR"), "PROPERTY_DOESNT_EXIST"),
        (lambda hub: create(hub, email="me"), (400, "VALIDATION_ERROR"), "INVALID_EMAIL"),
        (lambda hub: create(hub, annual_income="much"), (400, "VALIDATION_ERROR"), "INVALID_DOUBLE"),
        (lambda hub: create(hub, createdate="2020-01-01"), (400, "VALIDATION_ERROR"), "READ_ONLY_VALUE"),
        (
            lambda hub: hub.crm.contacts.basic_api.get_by_id("999"),
            (404, "OBJECT_NOT_FOUND"),
            "resource not found",
        ),
        (lambda hub: hub.crm.contacts.basic_api.get_by_id("me"), (404, "OBJECT_NOT_FOUND"), "usually numeric"),
        (lambda hub: hub.crm.contacts.basic_api.archive("999"), (404, "OBJECT_NOT_FOUND"), "resource not found"),
        (lambda hub: hub.crm.contacts.basic_api.get_page(limit=101), (400, "VALIDATION_ERROR"), "limit=101"),
        (
            lambda hub: hub.crm.contacts.basic_api.get_by_id("Dublin", id_property="city"),
            (400, "VALIDATION_ERROR"),
            "not a unique identifier",
        ),
        (lambda hub: search(hub, limit=201), (400, "VALIDATION_ERROR"), "200"),
        (lambda hub: search(hub, after="9999"), (400, "VALIDATION_ERROR"), "10000"),
        (lambda hub: search(hub, sorts=["shoe"]), (400, "VALIDATION_ERROR"), "shoe does not exist"),
        (
            lambda hub: search(hub, [("shoe", "EQ", {"value": "1"})]),
            (400, "VALIDATION_ERROR"),
            "shoe does not exist",
        ),
        (lambda hub: search(hub, [("email", "EQ", {})]), (400, "VALIDATION_ERROR"), "requires a value"),
        (
            lambda hub: search(hub, [("annual_income", "GT", {"value": "x"})]),
            (400, "VALIDATION_ERROR"),
            "not a number",
        ),
    ],
)
def test_an_error_raises_the_usual_exception(hub, account, act, error, words):
    """Each mistake ends in the SDK's own exception in the documented shape, and changes nothing."""
    before = account.people()
    with pytest.raises(ApiException) as raised:
        act(hub)
    body = problem(raised)
    assert (raised.value.status, body["category"]) == error
    assert body["status"] == "error"
    assert words in body["message"]
    assert len(body["correlationId"]) == 36
    assert account.people() == before


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/crm/v4/objects/contacts", "", 404),  # another version of the API
        ("GET", "/crm/v3/objects/invoices", "", 404),
        ("GET", "/crm/v3/properties/contacts/shoe", "", 404),
        ("PUT", "/crm/v3/objects/contacts/101", "{}", 405),
        ("POST", "/crm/v3/objects/companies/gdpr-delete", '{"objectId": "9001"}', 405),
        ("POST", "/crm/v3/objects/contacts/gdpr-delete", "{}", 400),
        ("POST", "/crm/v3/objects/contacts/gdpr-delete", '{"objectId": "999"}', 404),
        ("POST", "/crm/v3/objects/contacts", "{", 400),
        ("POST", "/crm/v3/objects/contacts", "[]", 400),
        ("POST", "/crm/v3/objects/contacts", "{}", 400),
        ("POST", "/crm/v3/objects/contacts/batch/merge", '{"inputs": []}', 404),
        ("POST", "/crm/v3/objects/contacts/batch/read", '{"inputs": 1}', 400),
        ("POST", "/crm/v3/objects/contacts/batch/read", '{"inputs": [{"id": 101}], "properties": 1}', 400),
        ("POST", "/crm/v3/objects/contacts/batch/update", '{"inputs": [{"id": "101"}]}', 400),
        ("POST", "/crm/v3/objects/contacts/search", '{"properties": 1}', 400),
        ("POST", "/crm/v3/objects/contacts/search", '{"filterGroups": 1}', 400),
        ("POST", "/crm/v3/objects/contacts/search", '{"filterGroups": [1]}', 400),
        (
            "POST",
            "/crm/v3/objects/contacts/search",
            '{"filterGroups": [{"filters": [{"operator": "EQ"}]}]}',
            400,
        ),
        ("POST", "/crm/v3/objects/contacts/search", '{"limit": "ten"}', 400),
        ("POST", "/crm/v3/exports/export/async", '{"format": "PDF"}', 400),
        ("GET", "/crm/v3/exports/export/async/tasks/7/status", "", 404),
        ("GET", "/exports/guess.csv", "", 404),
    ],
)
def test_what_the_api_does_not_have_is_refused(account, method, path, body, status):
    """Unknown routes, methods and bodies get an error in the API's own shape, and nothing changes."""
    before = account.people()
    answer = account.answer(
        Call(method, path, headers={"Authorization": f"Bearer {account.token}"}, body=body.encode())
    )
    assert answer.status == status
    assert answer.tree["status"] == "error"
    assert account.people() == before


def test_an_address_is_free_again_once_nobody_has_it(hub):
    """After a change of address, an archival or an erasure somebody else may take it."""
    hub.crm.contacts.basic_api.update("101", SimplePublicObjectInput(properties={"email": "moved@example.org"}))
    first = create(hub, email=AOIFE)
    hub.crm.contacts.basic_api.archive(first.id)
    second = create(hub, email=AOIFE)
    hub.crm.contacts.basic_api.purge(PublicGdprDeleteInput(object_id=second.id))
    with pytest.raises(NotFoundException):
        hub.crm.contacts.basic_api.get_by_id(AOIFE, id_property="email")


def test_a_wrong_token_is_unauthorized(account):
    """Another token gets 401 with INVALID_AUTHENTICATION."""
    import hubspot

    with running(account) as address:
        client = hubspot.Client.create(access_token="other", host=address.url)
        with pytest.raises(UnauthorizedException) as raised:
            client.crm.contacts.basic_api.get_page()
    assert problem(raised)["category"] == "INVALID_AUTHENTICATION"

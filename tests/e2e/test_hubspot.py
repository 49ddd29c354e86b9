"""The unmodified hubspot-api-client through a lane: the same policies, another API."""

import json
from collections.abc import Callable

import pytest
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
from hubspot.crm.contacts.exceptions import ForbiddenException, NotFoundException, UnauthorizedException

from tests.e2e.conftest import Town
from tests.e2e.sdks import Hubspot

OFFICE = ("privacy_desk", "subject_request")
HIDDEN = ["iban", "national_id", "health_conditions", "annual_income", "address", "gender"]


def refused(raised: pytest.ExceptionInfo[ApiException]) -> tuple[int, str]:
    """Return status and category of what the SDK raised."""
    return raised.value.status, json.loads(raised.value.body)["category"]


def made(town: Town, email: str, **more: str) -> str:
    """Return the id of a new contact, made by somebody who may."""
    properties = {"email": email, "lastname": "Quill", **more}
    new = SimplePublicObjectInputForCreate(properties=properties, associations=[])
    return str(Hubspot(town.run, "helpdesk_leads").basic.create(new).id)


def held(town: Town, key: str) -> dict[str, object]:
    """Return what the CRM holds of one contact."""
    (found,) = [person for person in town.hubspot.people() if person["hs_object_id"] == key]
    return found


def searching(**more: object) -> PublicObjectSearchRequest:
    """Return a search; filters as (property, operator, value)."""
    filters = [
        {"propertyName": name, "operator": operator, "value": value}
        for name, operator, value in more.pop("filters", [])  # type: ignore[attr-defined]
    ]
    return PublicObjectSearchRequest(filter_groups=[{"filters": filters}] if filters else [], **more)


# ---- what is allowed ---------------------------------------------------------------------------------------


def test_a_contact_is_shown_by_role_and_purpose(town: Town) -> None:
    """Three people ask for the same properties, and each gets what is theirs to see."""
    asked = ["email", "phone", "date_of_birth", "message", *HIDDEN]
    true = held(town, "102")
    agent = Hubspot(town.run, "helpdesk").basic.get_by_id("102", properties=asked).properties
    assert (agent["email"], agent["phone"], agent["date_of_birth"]) == (true["email"], "*** *** 02", "1971")
    assert agent["message"] is None
    assert not set(HIDDEN) & agent.keys()
    found = Hubspot(town.run, "mailer").search.do_search(
        searching(properties=asked, sorts=["createdate"], limit=3)
    )
    assert found.results[0].properties.keys() == {"email", "createdate", "hs_object_id", "lastmodifieddate"}
    officer = Hubspot(town.run, *OFFICE).basic.get_by_id("102", properties=asked).properties
    shown = {name: true.get(name) for name in asked if name != "annual_income"}
    assert {name: officer.get(name) for name in shown} == shown
    assert "annual_income" not in officer  # nobody has said what it is, so nobody gets it


def test_a_search_is_filtered_sorted_and_paged_by_the_crm(town: Town) -> None:
    """Filters, sorts and `after` reach the CRM as they were meant; total and paging come back."""
    agent = Hubspot(town.run, "helpdesk").search
    names, after = [], None
    while True:
        page = agent.do_search(
            searching(
                filters=[("email", "HAS_PROPERTY", None), ("lastname", "NEQ", "Quill")],
                sorts=[{"propertyName": "email", "direction": "DESCENDING"}],
                properties=["email", "phone"],
                limit=90,
                after=after,
            )
        )
        names += [one.properties["email"] for one in page.results]
        if page.paging is None:
            break
        after = page.paging.next.after
        assert page.paging.next.link is None
    assert len(names) == page.total == 230
    assert names == sorted(names, reverse=True)


def test_get_all_walks_every_page(town: Town) -> None:
    """The SDK's own loop over pages gets every contact once, masked on every page."""
    client = Hubspot(town.run, "helpdesk").client
    everyone = client.crm.contacts.get_all(properties=["phone"])
    current = [person for person in town.hubspot.people() if not person["archived"]]
    assert len({one.id for one in everyone}) == len(everyone) == len(current) >= 230
    assert all((one.properties.get("phone") or "***").startswith("***") for one in everyone)


def test_a_batch_is_read_as_its_records_one_by_one(town: Town) -> None:
    """What a batch shows of a record is what reading it alone shows, a record that is missing apart."""
    agent = Hubspot(town.run, "helpdesk")
    asked = ["email", "phone", "city", "address", "message"]
    wanted = BatchReadInputSimplePublicObjectId(
        properties=asked, properties_with_history=[], inputs=[{"id": "101"}, {"id": "103"}, {"id": "999999"}]
    )
    batch = agent.batch.read(wanted)
    assert [one.id for one in batch.results] == ["101", "103"]
    for one in batch.results:
        assert one.properties == agent.basic.get_by_id(one.id, properties=asked).properties


def test_a_contact_lives_from_create_to_erasure(town: Town) -> None:
    """Entitled callers create, correct, archive and erase; the CRM holds exactly what they wrote."""
    key = made(town, "ina.quill@example.org", phone="+353 1 555 0400")
    agent, officer = Hubspot(town.run, "helpdesk"), Hubspot(town.run, *OFFICE)
    changed = agent.basic.update(key, SimplePublicObjectInput(properties={"phone": "+353 1 555 0401"}))
    assert changed.properties["phone"] == "*** *** 01"
    officer.basic.update(key, SimplePublicObjectInput(properties={"date_of_birth": "1990-02-03"}))
    assert (held(town, key)["phone"], held(town, key)["date_of_birth"]) == ("+353 1 555 0401", "1990-02-03")
    officer.basic.archive(key)
    assert held(town, key)["archived"] is True
    with pytest.raises(NotFoundException) as raised:
        agent.basic.get_by_id(key)
    assert refused(raised) == (404, "OBJECT_NOT_FOUND")
    other = made(town, "una.quill@example.org")
    officer.basic.purge(PublicGdprDeleteInput(object_id=other))
    assert other not in {person["hs_object_id"] for person in town.hubspot.people()}


def test_batches_write_all_or_nothing(town: Town) -> None:
    """A batch of creates and one of archives go through; an update with one masked value changes nobody."""
    lead, officer = Hubspot(town.run, "helpdesk_leads"), Hubspot(town.run, *OFFICE)
    new = [{"properties": {"email": f"batch{n}@example.org", "phone": f"+353 1 555 050{n}"}} for n in (1, 2)]
    created = lead.batch.create(BatchInputSimplePublicObjectBatchInputForCreate(inputs=new))
    keys = [one.id for one in created.results]
    assert [held(town, key)["phone"] for key in keys] == ["+353 1 555 0501", "+353 1 555 0502"]
    changes = [
        {"id": keys[0], "properties": {"phone": "+353 1 555 0599"}},
        {"id": keys[1], "properties": {"phone": "*** *** 02"}},
    ]
    with pytest.raises(ApiException) as raised:
        Hubspot(town.run, "helpdesk").batch.update(BatchInputSimplePublicObjectBatchInput(inputs=changes))
    assert refused(raised) == (422, "VALIDATION_ERROR")
    assert held(town, keys[0])["phone"] == "+353 1 555 0501"
    officer.batch.archive(BatchInputSimplePublicObjectId(inputs=[{"id": key} for key in keys]))
    assert [held(town, key)["archived"] for key in keys] == [True, True]


def test_companies_are_behind_the_same_lane(town: Town) -> None:
    """Another object of the CRM, judged by its own categories: a company is nobody's personal data."""
    (company, *_) = (
        Hubspot(town.run, "helpdesk").companies.get_page(limit=1, properties=["name", "description"]).results
    )
    assert company.properties["name"] == "Northwind Orchards"
    assert company.properties["description"] is None


# ---- what is refused, as the SDK's usual exception ---------------------------------------------------------

Ask = Callable[[Hubspot], object]


@pytest.mark.parametrize(
    ("client", "ask"),
    [
        # a filter on a hidden property asks for its value bit by bit
        ("helpdesk", lambda it: it.search.do_search(searching(filters=[("date_of_birth", "LT", "1980-01-01")]))),
        # a sort tells who is older
        ("helpdesk", lambda it: it.search.do_search(searching(sorts=["-date_of_birth"]))),
        # free text looks into numbers that the agent sees only the ending of
        ("helpdesk", lambda it: it.search.do_search(searching(query="555"))),
        # a property that does not exist reads like a hidden one
        ("helpdesk", lambda it: it.search.do_search(searching(filters=[("no_such", "EQ", "1")]))),
        # the newsletter gets lists, not people one by one
        ("mailer", lambda it: it.basic.get_by_id("101")),
        ("mailer", lambda it: it.basic.archive("101")),
        # what is hidden now was hidden then
        ("helpdesk", lambda it: it.basic.get_by_id("101", properties_with_history=["iban", "address"])),
        # who was archived is the privacy office's business
        ("helpdesk", lambda it: it.basic.get_by_id("101", archived=True)),
        ("helpdesk", lambda it: it.basic.get_page(archived=True)),
        # a look-up by a hidden property asks whether anybody has that number
        ("helpdesk", lambda it: it.basic.get_by_id("000-12-0101", id_property="national_id")),
        ("helpdesk", lambda it: it.basic.get_by_id("x", id_property="no_such")),
        # who knows whom, and who is in which list
        ("helpdesk", lambda it: it.basic.get_by_id("101", associations=["contacts"])),
        ("helpdesk", lambda it: it.api("associations.v4.basic").get_page("contacts", "101", "contacts")),
        ("helpdesk", lambda it: it.api("lists.memberships").get_page("7")),
        ("mailer", lambda it: it.api("lists.memberships").get_page("7")),
        ("mailer", lambda it: it.api("associations.v4.basic").get_page("companies", "9001", "contacts")),
        ("mailer", lambda it: it.api("properties.core").get_all("contacts")),
        ("mailer", lambda it: it.api("tickets.basic").get_page()),
        # to make two records one ends one of them
        ("helpdesk_leads", lambda it: it.basic.merge({"primaryObjectId": "101", "objectIdToMerge": "102"})),
        # kinds of records, and APIs, that the connector does not list
        ("privacy_desk", lambda it: it.api("line_items.basic").get_page()),
        ("privacy_desk", lambda it: it.api("imports.core").get_page()),
        ("privacy_desk", lambda it: it.api("lists.lists").get_by_id("7")),
    ],
)
def test_a_refusal_is_403(town: Town, client: str, ask: Ask) -> None:
    """What policy refuses never reaches the CRM, and the SDK raises what it raises for 403."""
    before = len(town.hubspot.calls)
    purpose = "subject_request" if client == "privacy_desk" else None
    with pytest.raises(Exception) as raised:  # noqa: PT011 - each of the SDK's packages has its own ForbiddenException
        ask(Hubspot(town.run, client, purpose))
    assert type(raised.value).__name__ == "ForbiddenException"
    assert refused(raised) == (403, "MISSING_SCOPES")  # type: ignore[arg-type]
    assert len(town.hubspot.calls) == before


def test_a_key_nobody_has_is_401(town: Town) -> None:
    """A wrong key is 401 in HubSpot's words."""
    with pytest.raises(UnauthorizedException) as raised:
        Hubspot(town.run, "", key="lg_" + "A" * 43).basic.get_by_id("101")
    assert refused(raised) == (401, "INVALID_AUTHENTICATION")


def test_a_mask_is_not_written_back(town: Town) -> None:
    """What an agent was shown of a number does not replace the number."""
    key = made(town, "mask.quill@example.org", phone="+353 1 555 0402")
    agent = Hubspot(town.run, "helpdesk")
    shown = agent.basic.get_by_id(key, properties=["phone"]).properties["phone"]
    with pytest.raises(ApiException) as raised:
        agent.basic.update(key, SimplePublicObjectInput(properties={"phone": shown}))
    assert refused(raised) == (422, "VALIDATION_ERROR")
    with pytest.raises(ForbiddenException):
        agent.basic.update(key, SimplePublicObjectInput(properties={"phone": "1", "iban": "x"}))
    assert held(town, key)["phone"] == "+353 1 555 0402"


def test_the_crms_own_errors_keep_their_code_and_lose_their_words(town: Town) -> None:
    """A duplicate is a conflict, without the id of the other record that HubSpot would have told."""
    key = made(town, "twin.quill@example.org")
    with pytest.raises(ApiException) as raised:
        made(town, "twin.quill@example.org")
    assert refused(raised) == (409, "CONFLICT")
    assert key not in raised.value.body
    with pytest.raises(NotFoundException) as gone:
        Hubspot(town.run, "helpdesk").basic.get_by_id("999999")
    assert refused(gone) == (404, "OBJECT_NOT_FOUND")

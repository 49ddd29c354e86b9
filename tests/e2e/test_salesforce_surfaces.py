"""What simple-salesforce can ask for beside records and queries, through a lane with the example policies."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceError, SalesforceRefusedRequest, SalesforceResourceNotFound

from tests.e2e.conftest import Town
from tests.e2e.sdks import salesforce

OFFICE = ("privacy_desk", "subject_request")
FIRST = "003Lg0000000001IAA"
ACCOUNT = "001Lg0000000001IAA"


def made(town: Town, last: str, **fields: object) -> str:
    """Return the id of a new contact, made by somebody who may."""
    return str(salesforce(town.run, "helpdesk_leads").Contact.create({"LastName": last, **fields})["id"])


def held(town: Town, key: str) -> dict[str, object]:
    """Return what the CRM holds of a contact."""
    (found,) = [person for person in town.salesforce.people() if person["Id"] == key]
    return found


# ---- what the API says of itself ---------------------------------------------------------------------------


def test_what_the_service_says_of_itself(town: Town) -> None:
    """Versions, resources and limits are told to who may know, with numbers only."""
    agent = salesforce(town.run, "helpdesk")
    limits = agent.limits()
    assert limits["DailyApiRequests"]["Max"] == 15_000
    assert "sobjects" in agent.restful("", method="GET")
    with pytest.raises(SalesforceRefusedRequest):
        salesforce(town.run, "mailer").limits()


def test_describe_tells_of_what_somebody_has_a_use_for(town: Town) -> None:
    """Three people get the fields that each may see or write, with flags that say what each may do."""
    every = {field["name"] for field in town_fields(town)}
    agent, lead, officer = (
        {field["name"]: field for field in salesforce(town.run, *who).Contact.describe()["fields"]}
        for who in (("helpdesk",), ("helpdesk_leads",), OFFICE)
    )
    assert not {"SSN__c", "Iban__c", "Allergies__c", "MailingStreet", "AnnualIncome__c"} & agent.keys()
    assert "MailingStreet" in lead
    assert {"SSN__c", "Iban__c", "Allergies__c"} <= officer.keys()
    assert "AnnualIncome__c" in every - officer.keys()  # nobody has said what it is, so nobody hears of it
    assert agent["Phone"]["updateable"] is True
    assert agent["Phone"]["filterable"] is False
    assert agent["Email"]["filterable"] is True
    assert agent["Email"]["updateable"] is False
    assert officer["SSN__c"]["filterable"] is False


def town_fields(town: Town) -> list[dict[str, Any]]:
    """Return the fields that the CRM itself describes."""
    item = town.salesforce.org.schema.objects["contact"]
    return [{"name": field.name} for field in item.listed]


def test_global_describe_leaves_out_what_nobody_may_use(town: Town) -> None:
    """Objects are listed by what the caller may do with them."""
    listed = {each["name"]: each for each in salesforce(town.run, "helpdesk").describe()["sobjects"]}
    assert {"Contact", "Account", "Case"} <= listed.keys()
    assert listed["Contact"]["deletable"] is False
    assert listed["Contact"]["updateable"] is True
    short = salesforce(town.run, "helpdesk").Contact.metadata()
    assert short.keys() == {"objectDescribe"}


def test_children_in_a_describe_are_judged_by_their_link(town: Town) -> None:
    """A relation is described where the field that holds it is of use."""
    children = salesforce(town.run, "helpdesk").Account.describe()["childRelationships"]
    assert {each["relationshipName"] for each in children} >= {"Contacts", "Cases"}


# ---- records behind links, and lists of ids ----------------------------------------------------------------


def test_records_behind_a_link_are_judged_like_others(town: Town) -> None:
    """Parent and children show of each field what a query would show."""
    agent = salesforce(town.run, "helpdesk")
    parent = agent.restful(f"sobjects/Contact/{FIRST}/Account", params={"fields": "Name,Description"})
    asked = agent.query(f"SELECT Account.Name, Account.Description FROM Contact WHERE Id = '{FIRST}'")
    (record,) = asked["records"]
    assert {name: parent[name] for name in ("Name", "Description")} == {
        name: record["Account"][name] for name in ("Name", "Description")
    }
    children = agent.restful(f"sobjects/Account/{record_account(town)}/Contacts")
    found = {each["Id"]: each for each in children["records"]}
    assert found[FIRST]["Phone"] == agent.Contact.get(FIRST)["Phone"]
    assert not any("SSN__c" in each for each in children["records"])
    with pytest.raises(SalesforceRefusedRequest):
        salesforce(town.run, "mailer").restful(f"sobjects/Contact/{FIRST}/Account")


def record_account(town: Town) -> str:
    """Return the account of the first contact."""
    return str(town.salesforce.people()[0]["AccountId"])


def test_what_changed_and_what_was_deleted(town: Town) -> None:
    """Ids of changed records are told to who may read and search by them; deleted ones only to the office."""
    officer, agent = salesforce(town.run, *OFFICE), salesforce(town.run, "helpdesk")
    key = made(town, "Gone")
    start, end = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    assert key in agent.Contact.updated(start, end)["ids"]
    officer.Contact.delete(key)
    gone = officer.Contact.deleted(start, end)["deletedRecords"]
    assert key in {each["id"] for each in gone}
    with pytest.raises(SalesforceRefusedRequest):
        agent.Contact.deleted(start, end)
    with pytest.raises(SalesforceRefusedRequest):
        salesforce(town.run, "mailer").Contact.updated(start, end)


def test_deleted_rows_are_for_who_may_see_them(town: Town) -> None:
    """queryAll walks its pages for the office, the deleted among them, and is refused to the help desk."""
    officer = salesforce(town.run, *OFFICE)
    key = made(town, "Erased")
    officer.Contact.delete(key)
    found = officer.query_all("SELECT Id, LastName FROM Contact", include_deleted=True)["records"]
    assert key in {each["Id"] for each in found}
    assert len(found) == len(town.salesforce.people())
    before = len(town.salesforce.calls)
    with pytest.raises(SalesforceRefusedRequest):
        salesforce(town.run, "helpdesk").query_all("SELECT Id FROM Contact", include_deleted=True)
    assert len(town.salesforce.calls) == before


def test_recent_records_are_judged_one_by_one(town: Town) -> None:
    """Records of any listed object come, each with what may be shown of it."""
    found = salesforce(town.run, "helpdesk").restful("recent", params={"limit": 200})
    kinds = {each["attributes"]["type"] for each in found}
    assert {"Contact", "Account"} <= kinds
    assert all("url" not in each["attributes"] for each in found)


# ---- many records at once ----------------------------------------------------------------------------------


def test_a_collection_lives_from_create_to_delete(town: Town) -> None:
    """Records are made, read, changed and deleted many at a time, and each by who may."""
    lead, agent, officer = (salesforce(town.run, *who) for who in (("helpdesk_leads",), ("helpdesk",), OFFICE))
    rows = [{"attributes": {"type": "Contact"}, "LastName": f"Row{number}"} for number in range(3)]
    results = lead.restful("composite/sobjects", method="POST", json={"records": rows})
    keys = [each["id"] for each in results]
    assert all(
        each == {"id": key, "success": True, "errors": []} for each, key in zip(results, keys, strict=True)
    )
    changes = [{"attributes": {"type": "Contact"}, "id": key, "Phone": "+353 1 555 0110"} for key in keys]
    assert all(
        each["success"]
        for each in agent.restful("composite/sobjects", method="PATCH", json={"records": changes})
    )
    assert held(town, keys[0])["Phone"] == "+353 1 555 0110"
    missing = "003Lg0000009999AAA"
    read = agent.restful(
        "composite/sobjects/Contact",
        params={"ids": ",".join([keys[0], missing]), "fields": "LastName,Phone,SSN__c"},
    )
    assert read[1] is None
    assert (read[0]["LastName"], read[0]["Phone"]) == ("Row0", "*** *** 10")
    assert "SSN__c" not in read[0]
    body = {"ids": keys, "fields": ["LastName"]}
    assert [
        each["LastName"] for each in agent.restful("composite/sobjects/Contact", method="POST", json=body)
    ] == [
        "Row0",
        "Row1",
        "Row2",
    ]
    with pytest.raises(SalesforceRefusedRequest):
        agent.restful("composite/sobjects", method="DELETE", params={"ids": keys[0]})
    gone = officer.restful("composite/sobjects", method="DELETE", params={"ids": ",".join(keys)})
    assert [each["success"] for each in gone] == [True, True, True]
    assert held(town, keys[2])["IsDeleted"] is True


def test_one_refused_row_refuses_the_collection(town: Town) -> None:
    """A row that writes a hidden field, or a mask over the truth, has nothing of the request sent on."""
    agent = salesforce(town.run, "helpdesk")
    before = len(town.salesforce.calls)
    for bad in ({"SSN__c": "000-11-2222"}, {"Phone": "*** *** 02"}):
        rows = [
            {"attributes": {"type": "Contact"}, "id": FIRST, "Phone": "+353 1 555 0111"},
            {"attributes": {"type": "Contact"}, "id": "003Lg0000000002IAA", **bad},
        ]
        with pytest.raises(SalesforceError):
            agent.restful("composite/sobjects", method="PATCH", json={"records": rows})
    assert len(town.salesforce.calls) == before


def test_what_fails_of_a_collection_is_told_without_words_of_the_crm(town: Town) -> None:
    """A row that the CRM refuses has a known code and our sentence, and nobody's record in it."""
    lead = salesforce(town.run, "helpdesk_leads")
    email = str(town.salesforce.people()[4]["Email"])
    rows = [
        {"attributes": {"type": "Contact"}, "LastName": "Twin", "Email": email},
        {"attributes": {"type": "Contact"}, "FirstName": "Nameless"},
    ]
    twin, nameless = lead.restful("composite/sobjects", method="POST", json={"records": rows})
    text = "The CRM takes this record for a duplicate."
    assert twin == {
        "success": False, "errors": [{"statusCode": "DUPLICATES_DETECTED", "message": text, "fields": []}]
    }  # fmt: skip
    assert nameless["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"


def test_an_upsert_of_many_is_create_update_and_filter(town: Town) -> None:
    """Who may not search by a field cannot upsert by it; who may is not told whose record it was."""
    lead = salesforce(town.run, "helpdesk_leads")
    key = made(town, "Upserted", Email="upserted@example.org")
    rows = [
        {"attributes": {"type": "Contact"}, "Email": "upserted@example.org", "LastName": "Changed"},
        {"attributes": {"type": "Contact"}, "Email": "new.upserted@example.org", "LastName": "New"},
    ]
    results = lead.restful("composite/sobjects/Contact/Email", method="PATCH", json={"records": rows})
    assert [(each["success"], each["created"]) for each in results] == [(True, False), (True, True)]
    assert not any("id" in each for each in results)
    assert held(town, key)["LastName"] == "Changed"
    rows = [{"attributes": {"type": "Contact"}, "SSN__c": "000-00-0001", "LastName": "Found"}]
    with pytest.raises(SalesforceRefusedRequest):
        lead.restful("composite/sobjects/Contact/SSN__c", method="PATCH", json={"records": rows})


def test_a_tree_is_planted_whole_or_not_at_all(town: Town) -> None:
    """An account with contacts below it is stored, and what the CRM refuses is told in our words."""
    lead = salesforce(town.run, "helpdesk_leads")

    def tree(last: str | None) -> dict[str, Any]:
        below = {"attributes": {"type": "Contact", "referenceId": "c"}, **({"LastName": last} if last else {})}
        above = {"attributes": {"type": "Account", "referenceId": "a"}, "Name": "Orchard Ltd"}
        return {"records": [{**above, "Contacts": {"records": [below]}}]}

    found = lead.restful("composite/tree/Account", method="POST", json=tree("Pear"))
    assert found["hasErrors"] is False
    ids = {each["referenceId"]: each["id"] for each in found["results"]}
    assert held(town, ids["c"])["AccountId"] == ids["a"]
    with pytest.raises(SalesforceError):
        lead.restful("composite/tree/Account", method="POST", json=tree(None))
    with pytest.raises(SalesforceRefusedRequest):
        salesforce(town.run, "helpdesk").restful("composite/tree/Account", method="POST", json=tree("Plum"))


def test_a_value_in_a_path_may_be_quoted_as_sdks_quote_it(town: Town) -> None:
    """get_by_custom_id encodes the at sign; it is the same lookup, and a filter as ever."""
    made(town, "Plus", Email="plus+sign@example.org")
    found = salesforce(town.run, "helpdesk").Contact.get_by_custom_id("Email", "plus+sign@example.org")
    assert found["LastName"] == "Plus"
    with pytest.raises(SalesforceRefusedRequest):
        salesforce(town.run, "helpdesk").Contact.get_by_custom_id("SSN__c", "a@b")
    with pytest.raises(SalesforceResourceNotFound):
        salesforce(town.run, "helpdesk").Contact.get_by_custom_id("Email", "nobody@example.org")


def test_saved_filters_and_files_are_refused_for_a_reason_of_their_own(town: Town) -> None:
    """The answer says what is refused, and nothing is asked of the CRM."""
    before = len(town.salesforce.calls)
    for path, word in (
        ("sobjects/Contact/listviews/00BLg0000000001/results", "stored filter"),
        ("sobjects/Attachment/00PLg0000000001/Body", "file"),
        ("sobjects/Contact/describe/layouts", "layout"),
    ):
        with pytest.raises(SalesforceRefusedRequest) as raised:
            salesforce(town.run, *OFFICE).restful(path)
        assert word in raised.value.content[0]["message"]
    assert len(town.salesforce.calls) == before


# ---- searches ----------------------------------------------------------------------------------------------


def test_a_search_shows_what_a_query_shows(town: Town) -> None:
    """By name and by address, in SOSL and by parameters: the same records with the same values."""
    agent = salesforce(town.run, "helpdesk")
    person = town.salesforce.people()[1]
    alone = agent.Contact.get(person["Id"])
    fields = ["Id", "Name", "Email", "Phone", "Birthdate", "SSN__c"]
    shown = {name: alone[name] for name in fields if name in alone}
    sosl = f"FIND {{{person['LastName']}}} IN NAME FIELDS RETURNING Contact({', '.join(fields)})"
    address = str(person["Email"])
    by_body = {"q": address, "in": "EMAIL", "sobjects": [{"name": "Contact", "fields": fields}]}
    by_parameters = {"q": address, "in": "EMAIL", "sobject": "Contact", "fields": ",".join(fields)}
    for found in (
        agent.search(sosl),
        agent.restful("parameterizedSearch", method="POST", json=by_body),
        agent.restful("parameterizedSearch", params=by_parameters),
    ):
        (record,) = (each for each in found["searchRecords"] if each["Id"] == person["Id"])
        assert {name: record[name] for name in record if name != "attributes"} == shown
        assert len(shown) == 5


def test_searches_that_are_refused(town: Town) -> None:
    """In all fields, in numbers one may not search by, and without saying what is returned."""
    agent = salesforce(town.run, "helpdesk")
    before = len(town.salesforce.calls)
    asks = [
        lambda: agent.search("FIND {000} IN ALL FIELDS RETURNING Contact(Id)"),
        lambda: agent.search("FIND {555} IN PHONE FIELDS RETURNING Contact(Id)"),
        lambda: agent.search("FIND {a} IN NAME FIELDS RETURNING Contact(Id WHERE SSN__c LIKE '0%')"),
        lambda: agent.search("FIND {a} IN NAME FIELDS RETURNING Contact(Id ORDER BY Birthdate)"),
        lambda: agent.quick_search("Byrne"),
        lambda: salesforce(town.run, "mailer").search("FIND {a} IN EMAIL FIELDS RETURNING Contact(Id)"),
    ]
    for ask in asks:
        with pytest.raises(SalesforceRefusedRequest):
            ask()
    assert len(town.salesforce.calls) == before

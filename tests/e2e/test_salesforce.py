"""The unmodified simple-salesforce through a TLS lane."""

import pytest
from simple_salesforce.exceptions import (
    SalesforceError,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from tests.e2e.conftest import Town
from tests.e2e.sdks import salesforce

FIRST = "003Lg0000000001IAA"
OFFICE = ("privacy_desk", "subject_request")


def refused(raised: pytest.ExceptionInfo[SalesforceError]) -> tuple[int, str]:
    """Return status and error code of what the SDK raised."""
    return raised.value.status, raised.value.content[0]["errorCode"]


def made(town: Town, **fields: object) -> str:
    """Return the id of a new contact, made by somebody who may."""
    record = {"LastName": "Quill", **fields}
    return str(salesforce(town.run, "helpdesk_leads").Contact.create(record)["id"])


# ---- what is allowed ---------------------------------------------------------------------------------------


def test_a_record_is_shown_by_role_and_purpose(town: Town) -> None:
    """Three people read the same contact, and each gets what is theirs to see."""
    held = town.salesforce.people()[1]
    key = str(held["Id"])
    agent = salesforce(town.run, "helpdesk").Contact.get(key)
    assert (agent["Email"], agent["Phone"], agent["Birthdate"]) == (held["Email"], "*** *** 02", "1971")
    assert agent["Description"] is None
    assert not {"SSN__c", "Iban__c", "Allergies__c", "MailingStreet", "AnnualIncome__c"} & agent.keys()
    lead = salesforce(town.run, "helpdesk_leads").Contact.get(key)
    assert (lead["Phone"], lead["MailingStreet"]) == (held["Phone"], held["MailingStreet"])
    officer = salesforce(town.run, *OFFICE).Contact.get(key)
    for name in ("Birthdate", "SSN__c", "Iban__c", "Allergies__c", "Description"):
        assert officer[name] == held[name]
    assert "AnnualIncome__c" not in officer  # nobody has said what it is, so nobody gets it


def test_query_all_walks_every_page(town: Town) -> None:
    """query_all follows sealed links through three pages and gets every record once, masked on each page."""
    found = salesforce(town.run, "helpdesk").query_all("SELECT Id, Name, Phone FROM Contact ORDER BY Id")
    people = {person["Id"] for person in town.salesforce.people()}
    ids = [record["Id"] for record in found["records"]]
    assert len(ids) >= 450
    assert len(set(ids)) == len(ids)
    assert set(ids) <= people
    assert found["done"] is True
    assert {str(record["Phone"])[:7] for record in found["records"] if record["Phone"]} == {"*** ***"}


def test_parents_and_children_come_along(town: Town) -> None:
    """A query over relations shows of each object what may be shown of it."""
    soql = (
        "SELECT Id, Account.Name, Account.Description, (SELECT Id, Subject, Status FROM Cases) "
        "FROM Contact WHERE LastName = 'Weiß'"
    )
    (record,) = salesforce(town.run, "helpdesk").query(soql)["records"]
    assert dict(record["Account"]) == {
        "attributes": {"type": "Account"}, "Name": "Feldmann Brücken GmbH", "Description": None
    }  # fmt: skip
    (case,) = record["Cases"]["records"]
    assert (case["Subject"], case["Status"]) == (None, "New")


def test_aggregates_and_counts(town: Town) -> None:
    """Counts and computed columns, by alias and without, are what the CRM computed."""
    agent = salesforce(town.run, "helpdesk")
    (row,) = agent.query("SELECT COUNT(Id) people, MAX(LastName) biggest FROM Contact")["records"]
    people = [one for one in town.salesforce.people() if not one["IsDeleted"]]
    assert row["people"] == len(people)
    assert row["biggest"] == "田中"
    (row,) = agent.query("SELECT COUNT_DISTINCT(AccountId) FROM Contact")["records"]
    assert row["expr0"] > 1
    assert agent.query("SELECT COUNT() FROM Contact")["totalSize"] == len(people)
    with pytest.raises(SalesforceError, match="too few to be told"):
        agent.query("SELECT COUNT() FROM Case")


def test_a_record_lives_from_create_to_delete(town: Town) -> None:
    """Entitled callers create, correct and delete; the CRM holds exactly what they wrote."""
    key = made(town, Email="ina.quill@example.org", Phone="+353 1 555 0300")
    agent = salesforce(town.run, "helpdesk")
    assert agent.Contact.update(key, {"Phone": "+353 1 555 0301"}) == 204
    assert salesforce(town.run, *OFFICE).Contact.update(key, {"Birthdate": "1990-02-03"}) == 204
    (held,) = [person for person in town.salesforce.people() if person["Id"] == key]
    assert (held["Phone"], held["Birthdate"]) == ("+353 1 555 0301", "1990-02-03")
    assert salesforce(town.run, *OFFICE).Contact.delete(key) == 204
    with pytest.raises(SalesforceResourceNotFound) as raised:
        agent.Contact.get(key)
    assert refused(raised) == (404, "ENTITY_IS_DELETED")


def test_a_large_write_and_strange_text_arrive_exactly(town: Town) -> None:
    """Text of every script, quotes and controls reach the CRM as they were written."""
    name = "O'Ñ\u2028 \"\\ \t 🜁 " + "田" * 60
    key = made(town, LastName=name)
    (held,) = [person for person in town.salesforce.people() if person["Id"] == key]
    assert held["LastName"] == name
    (found,) = salesforce(town.run, "helpdesk").query(f"SELECT LastName FROM Contact WHERE Id = '{key}'")[
        "records"
    ]
    assert found["LastName"] == name


# ---- what is refused, as the SDK's usual exception ---------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "soql"),
    [
        ("helpdesk", "SELECT Id FROM Contact WHERE SSN__c LIKE '000%'"),  # asks for the value digit by digit
        ("helpdesk", "SELECT Id FROM Contact ORDER BY Birthdate"),  # the order tells who is older
        ("helpdesk", "SELECT Title, COUNT(Id) n FROM Contact GROUP BY Title"),  # small groups are people
        ("helpdesk", "SELECT MAX(Phone) p FROM Contact"),  # a maximum is a value
        ("helpdesk", "SELECT Id FROM Contact WHERE Account.BillingStreet = 'x'"),  # through a parent
        ("helpdesk", "SELECT Id, (SELECT Id FROM Cases WHERE Subject LIKE 'a%') FROM Contact"),  # in a child
        ("helpdesk", "SELECT Id FROM Contact WHERE NoSuch__c = 1"),  # reads like a hidden one
        ("mailer", "SELECT Phone FROM Contact"),  # nothing of it is theirs
        ("helpdesk", "SELECT Id FROM Recipe__c"),  # an object nobody listed
        ("helpdesk", "SELECT DISTANCE(MailingAddress, GEOLOCATION(1,1), 'km') FROM Contact"),  # no word for it
    ],
)
def test_a_refused_query_is_403(town: Town, client: str, soql: str) -> None:
    """A query that policy refuses never reaches the CRM, and the SDK raises what it raises for 403."""
    before = len(town.salesforce.calls)
    with pytest.raises(SalesforceRefusedRequest) as raised:
        salesforce(town.run, client).query(soql)
    assert refused(raised) == (403, "INSUFFICIENT_ACCESS")
    assert len(town.salesforce.calls) == before


def test_writes_that_are_refused(town: Town) -> None:
    """Deleting without a grant, writing a hidden field and writing a mask back change nothing."""
    key = made(town, Phone="+353 1 555 0302")
    agent = salesforce(town.run, "helpdesk")
    with pytest.raises(SalesforceRefusedRequest) as raised:
        salesforce(town.run, "mailer").Contact.delete(key)
    assert refused(raised) == (403, "INSUFFICIENT_ACCESS")
    with pytest.raises(SalesforceRefusedRequest):
        agent.Contact.update(key, {"SSN__c": "000-12-9999"})
    seen = agent.Contact.get(key)["Phone"]
    with pytest.raises(SalesforceGeneralError) as mask:
        agent.Contact.update(key, {"Phone": seen})
    assert refused(mask) == (422, "FIELD_INTEGRITY_EXCEPTION")
    (held,) = [person for person in town.salesforce.people() if person["Id"] == key]
    assert (held["Phone"], held["SSN__c"], held["IsDeleted"]) == ("+353 1 555 0302", None, False)


def test_a_key_nobody_has_is_an_expired_session(town: Town) -> None:
    """A wrong key is 401 in Salesforce's words, whether or not it has the shape of a key."""
    for key in ("lg_" + "A" * 43, "00DLg000!AQEAQ"):
        with pytest.raises(SalesforceExpiredSession) as raised:
            salesforce(town.run, "", key=key).query("SELECT Id FROM Contact")
        assert refused(raised) == (401, "INVALID_SESSION_ID")


def test_what_the_connector_does_not_declare_is_refused(town: Town) -> None:
    """Endpoints nobody declared are refused for every role; one of them would be the way round."""
    officer = salesforce(town.run, *OFFICE)
    asks = [
        lambda: officer.search("FIND {Byrne}"),
        lambda: officer.Contact.get_by_custom_id("ExternalId__c", "CUST-000001"),
        lambda: officer.Contact.upsert("ExternalId__c/1", {"LastName": "X"}),
        lambda: officer.restful("composite", method="POST", json={"compositeRequest": []}),
        lambda: officer.apexecute("x", method="GET"),
    ]
    for ask in asks:
        with pytest.raises(SalesforceRefusedRequest) as raised:
            ask()
        assert refused(raised) == (403, "INSUFFICIENT_ACCESS")


def test_the_crms_own_errors_keep_their_code_and_lose_their_words(town: Town) -> None:
    """A record that is not there, and a value the CRM does not take, raise the SDK's usual exception."""
    agent = salesforce(town.run, "helpdesk")
    with pytest.raises(SalesforceResourceNotFound) as gone:
        agent.Contact.get("003Lg0000009999AAA")
    assert refused(gone) == (404, "NOT_FOUND")
    assert gone.value.content[0]["message"] == "The requested resource does not exist."
    with pytest.raises(SalesforceMalformedRequest) as odd:
        salesforce(town.run, "helpdesk_leads").Contact.create(
            {"FirstName": "No", "Email": "last-name@example.org"}
        )
    assert refused(odd) == (400, "REQUIRED_FIELD_MISSING")
    assert odd.value.content == [
        {"message": "A required field is missing.", "errorCode": "REQUIRED_FIELD_MISSING"}
    ]


# ---- links to further pages --------------------------------------------------------------------------------


def test_a_link_is_sealed_for_one_caller_and_one_purpose(town: Town) -> None:
    """The link to a next page works for whom and what for it was made, and for nobody and nothing else."""
    soql = "SELECT Id, Name FROM Contact ORDER BY Id"
    mine = salesforce(town.run, "twofold", "customer_support")
    page = mine.query(soql)
    link = page["nextRecordsUrl"]
    assert "01g" not in link  # the CRM's own locator is inside, sealed
    assert len(mine.query_more(link, identifier_is_url=True)["records"]) == 200
    others = [
        salesforce(town.run, "helpdesk"),
        salesforce(town.run, "twofold", "newsletter"),
        salesforce(town.run, *OFFICE),
    ]
    before = len(town.salesforce.calls)
    for other in others:
        with pytest.raises(SalesforceMalformedRequest) as raised:
            other.query_more(link, identifier_is_url=True)
        assert refused(raised) == (400, "MALFORMED_QUERY")
    for forged in (
        link[:-1] + ("A" if link[-1] != "A" else "B"),
        "/services/data/v59.0/query/01gLg0000000001AAA-200",
    ):
        with pytest.raises(SalesforceMalformedRequest):
            mine.query_more(forged, identifier_is_url=True)
    assert len(town.salesforce.calls) == before

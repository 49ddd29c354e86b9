"""The unmodified simple-salesforce against the sandbox, over TLS."""

import datetime as dt

import pytest
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

from proxy.sandbox import SalesforceSandbox

FIRST = "003Lg0000000001IAA"


def code(raised) -> str:
    """Return the error code of what the SDK raised."""
    return raised.value.content[0]["errorCode"]


def test_a_record_lives_from_create_to_delete(salesforce, org):
    """What the SDK creates, reads, updates and deletes is what the store holds."""
    made = salesforce.Contact.create(
        {"LastName": "Quill", "Email": "quill@example.org", "Birthdate": "1990-02-03"}
    )
    assert made["success"] is True
    assert made["errors"] == []
    read = salesforce.Contact.get(made["id"])
    assert read["attributes"] == {
        "type": "Contact",
        "url": f"/services/data/v59.0/sobjects/Contact/{made['id']}",
    }
    assert (read["Name"], read["Birthdate"], read["IsDeleted"]) == ("Quill", "1990-02-03", False)
    assert salesforce.Contact.update(made["id"], {"FirstName": "Ina"}) == 204
    assert org.people()[-1]["FirstName"] == "Ina"
    assert salesforce.Contact.delete(made["id"]) == 204
    assert org.people()[-1]["IsDeleted"] is True


def test_a_deleted_record_is_in_the_recycle_bin(salesforce):
    """A deleted record is 404 by id, absent from query, and present in queryAll and in the list of deletions."""
    salesforce.Contact.delete(FIRST)
    with pytest.raises(SalesforceResourceNotFound) as gone:
        salesforce.Contact.get(FIRST)
    assert code(gone) == "ENTITY_IS_DELETED"
    query = f"SELECT Id, IsDeleted, Email FROM Contact WHERE Id = '{FIRST}'"
    assert salesforce.query(query)["totalSize"] == 0
    [kept] = salesforce.query_all(query, include_deleted=True)["records"]
    assert (kept["IsDeleted"], kept["Email"]) == (True, "aoife.byrne@example.org")
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    deleted = salesforce.Contact.deleted(day, day + dt.timedelta(days=1))
    assert [item["id"] for item in deleted["deletedRecords"]] == [FIRST]


def test_a_long_result_comes_in_pages(connected):
    """query_all follows nextRecordsUrl until it has every record exactly once."""
    crm = SalesforceSandbox("t", people=950)
    with connected(crm, "t") as client:
        headers = {"Sforce-Query-Options": "batchSize=200"}
        first = client.query("SELECT Id FROM Contact", headers=headers)
        assert (first["totalSize"], first["done"], len(first["records"])) == (950, False, 200)
        every = client.query_all("SELECT Id FROM Contact ORDER BY Id", headers=headers)["records"]
    assert [record["Id"] for record in every] == [row["Id"] for row in crm.people()]
    assert sum("/query/01g" in call.path for call in crm.calls) == 4


@pytest.mark.parametrize(
    ("act", "error", "expected"),
    [
        # no such id, though it could be one
        (lambda sf: sf.Contact.get("003Lg00000ZZZZZ"), SalesforceResourceNotFound, "NOT_FOUND"),
        # another object's id
        (lambda sf: sf.Lead.get(FIRST), SalesforceResourceNotFound, "NOT_FOUND"),
        # no such object
        (lambda sf: sf.Invoice.get(FIRST), SalesforceResourceNotFound, "NOT_FOUND"),
        # no such field
        (lambda sf: sf.Contact.update(FIRST, {"Shoe": 1}), SalesforceMalformedRequest, "INVALID_FIELD"),
        # required field missing
        (
            lambda sf: sf.Contact.create({"FirstName": "A"}),
            SalesforceMalformedRequest,
            "REQUIRED_FIELD_MISSING",
        ),
        # required field taken away
        (
            lambda sf: sf.Contact.update(FIRST, {"LastName": ""}),
            SalesforceMalformedRequest,
            "REQUIRED_FIELD_MISSING",
        ),
        # the system's own fields
        (
            lambda sf: sf.Contact.update(FIRST, {"CreatedDate": "2020-01-01"}),
            SalesforceMalformedRequest,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
        ),
        # a text where a number belongs
        (
            lambda sf: sf.Contact.update(FIRST, {"AnnualIncome__c": "much"}),
            SalesforceMalformedRequest,
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
        ),
        (
            lambda sf: sf.Contact.update(FIRST, {"Email": "me"}),
            SalesforceMalformedRequest,
            "INVALID_EMAIL_ADDRESS",
        ),
        (
            lambda sf: sf.Contact.update(FIRST, {"Title": "x" * 129}),
            SalesforceMalformedRequest,
            "STRING_TOO_LONG",
        ),
        (lambda sf: sf.Contact.update(FIRST, {"AccountId": "x"}), SalesforceMalformedRequest, "MALFORMED_ID"),
        (
            lambda sf: sf.Contact.update(FIRST, {"AccountId": FIRST}),
            SalesforceMalformedRequest,
            "INVALID_CROSS_REFERENCE_KEY",
        ),
        # a birthday that is none
        (
            lambda sf: sf.Contact.update(FIRST, {"Birthdate": "soon"}),
            SalesforceMalformedRequest,
            "JSON_PARSER_ERROR",
        ),
        # users are read-only here
        (
            lambda sf: sf.User.create({"LastName": "X"}),
            SalesforceMalformedRequest,
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        ),
        (lambda sf: sf.query("SELECT Id FORM Contact"), SalesforceMalformedRequest, "MALFORMED_QUERY"),
        (lambda sf: sf.query("SELECT Shoe FROM Contact"), SalesforceMalformedRequest, "INVALID_FIELD"),
        (lambda sf: sf.query("SELECT Id FROM Invoice"), SalesforceMalformedRequest, "INVALID_TYPE"),
        (lambda sf: sf.query_more("01gXXX-2000"), SalesforceMalformedRequest, "INVALID_QUERY_LOCATOR"),
        (lambda sf: sf.search("Waldo"), SalesforceMalformedRequest, "MALFORMED_SEARCH"),
        # somebody else has this external id
        (
            lambda sf: sf.Contact.update(FIRST, {"ExternalId__c": "CUST-000002"}),
            SalesforceMalformedRequest,
            "DUPLICATE_VALUE",
        ),
        # a contact with a case must not go
        (lambda sf: sf.Contact.delete("003Lg0000000002IAA"), SalesforceMalformedRequest, "DELETE_FAILED"),
    ],
)
def test_an_error_raises_the_usual_exception(salesforce, org, act, error, expected):
    """Each mistake ends in the SDK's own exception with the documented code, and changes nothing."""
    before = org.people()
    with pytest.raises(error) as raised:
        act(salesforce)
    assert code(raised) == expected
    assert org.people() == before


def test_a_wrong_token_is_an_expired_session(org, connected):
    """Another token gets 401 with INVALID_SESSION_ID."""
    with connected(org, "other") as client, pytest.raises(SalesforceExpiredSession) as raised:
        client.query("SELECT Id FROM Contact")
    assert raised.value.content == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_a_duplicate_shows_the_other_record(salesforce):
    """A second contact with the same address is refused, and the answer shows the first one if asked to."""
    double = {"LastName": "Double", "Email": "AOIFE.BYRNE@example.org"}
    with pytest.raises(SalesforceMalformedRequest) as raised:
        salesforce.Contact.create(double)
    assert code(raised) == "DUPLICATES_DETECTED"
    [match] = raised.value.content[0]["duplicateResult"]["matchResults"][0]["matchRecords"]
    assert match["record"]["Id"] == FIRST
    assert "SSN__c" not in match["record"]
    with pytest.raises(SalesforceMalformedRequest) as raised:
        salesforce.Contact.create(double, headers={"Sforce-Duplicate-Rule-Header": "includeRecordDetails=true"})
    [match] = raised.value.content[0]["duplicateResult"]["matchResults"][0]["matchRecords"]
    assert match["record"]["SSN__c"] == "000-12-0101"
    allowed = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    assert salesforce.Contact.create(double, headers=allowed)["success"]


def test_an_external_id_finds_makes_and_changes_a_record(salesforce, org):
    """Reading, creating and updating by external id or e-mail address work as documented."""
    by_email = salesforce.Contact.get_by_custom_id("Email", "AOIFE.byrne@example.org")
    assert by_email["Id"] == salesforce.Contact.get_by_custom_id("ExternalId__c", "CUST-000001")["Id"] == FIRST
    made = salesforce.Contact.upsert("ExternalId__c/NEW-1", {"LastName": "New"}, raw_response=True)
    assert (made.status_code, made.json()["created"]) == (201, True)
    again = salesforce.Contact.upsert("ExternalId__c/NEW-1", {"LastName": "Newer"}, raw_response=True)
    assert (again.status_code, again.json()["created"]) == (200, False)
    assert org.people()[-1]["LastName"] == "Newer"
    with pytest.raises(SalesforceResourceNotFound):
        salesforce.Contact.get_by_custom_id("FirstName", "Aoife")  # no key
    allowed = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    salesforce.Contact.create({"LastName": "B", "Email": "aoife.byrne@example.org"}, headers=allowed)
    with pytest.raises(SalesforceMoreThanOneRecord):
        salesforce.Contact.get_by_custom_id("Email", "aoife.byrne@example.org")


def test_search_looks_into_every_object(salesforce):
    """SOSL finds an address in contacts, leads and cases, and the short form answers ids."""
    found = salesforce.search(
        "FIND {juergen.weiss@example.net} IN ALL FIELDS "
        "RETURNING Contact(Id, Name WHERE LastName LIKE 'W%' LIMIT 5), Case(CaseNumber), Lead LIMIT 9"
    )["searchRecords"]
    assert [record["attributes"]["type"] for record in found] == ["Contact", "Case", "Lead"]
    assert found[0]["Name"] == "Jürgen Weiß"
    assert [
        record["attributes"]["type"] for record in salesforce.quick_search("Ngozi Adeyemi")["searchRecords"]
    ] == ["Contact"]
    assert salesforce.quick_search("nobody@example.org")["searchRecords"] == []


def test_the_org_describes_itself(salesforce):
    """describe says type, length and relationships, and limits count calls."""
    fields = {field["name"]: field for field in salesforce.Contact.describe()["fields"]}
    assert fields["Email"]["type"] == "email"
    assert fields["AccountId"]["referenceTo"] == ["Account"]
    assert fields["Description"]["filterable"] is False
    children = salesforce.Account.describe()["childRelationships"]
    assert {"Contacts", "Cases", "Opportunities", "Tasks"} <= {child["relationshipName"] for child in children}
    assert "Case" in [item["name"] for item in salesforce.describe()["sobjects"]]
    assert salesforce.Contact.metadata()["objectDescribe"]["keyPrefix"] == "003"
    assert salesforce.limits()["DailyApiRequests"]["Max"] == 15_000
    assert salesforce.api_usage["api-usage"].total == 15_000

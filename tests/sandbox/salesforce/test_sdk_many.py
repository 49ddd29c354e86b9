"""The unmodified simple-salesforce against the sandbox: collections, searches and both bulk APIs."""

import csv
import datetime as dt
import io

import pytest
from simple_salesforce.exceptions import SalesforceMalformedRequest

FIRST = "003Lg0000000001IAA"


def rows(text):
    """Return the rows of a CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def test_a_collection_is_all_or_none_if_it_says_so(salesforce, org):
    """One row that fails takes the others back, or leaves them."""
    good, bad = ({"attributes": {"type": "Contact"}, **fields} for fields in ({"LastName": "a"}, {"Title": "b"}))
    before = len(org.people())
    body = {"allOrNone": True, "records": [good, bad]}
    results = salesforce.restful("composite/sobjects", method="POST", json=body)
    codes = [each["errors"][0]["statusCode"] for each in results]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert len(org.people()) == before
    results = salesforce.restful("composite/sobjects", method="POST", json={**body, "allOrNone": False})
    assert [each["success"] for each in results] == [True, False]
    assert len(org.people()) == before + 1


def test_a_tree_that_fails_stores_nothing(salesforce, org):
    """The answer names the record that was wrong."""
    below = {"attributes": {"type": "Contact", "referenceId": "c"}, "Title": "no name"}
    above = {"attributes": {"type": "Account", "referenceId": "a"}, "Name": "Orchard"}
    tree = {"records": [{**above, "Contacts": {"records": [below]}}]}
    before = len(org.people())
    with pytest.raises(SalesforceMalformedRequest) as raised:
        salesforce.restful("composite/tree/Account", method="POST", json=tree)
    (result,) = raised.value.content["results"]
    assert result["referenceId"] == "c"
    assert len(org.people()) == before


def test_searches_by_parameters_find_what_sosl_finds(salesforce):
    """In a body and in the URL."""
    found = salesforce.search("FIND {Byrne} IN NAME FIELDS RETURNING Contact(Id)")["searchRecords"]
    body = {"q": "Byrne", "in": "NAME", "fields": ["Id"], "sobjects": [{"name": "Contact", "limit": 5}]}
    assert salesforce.restful("parameterizedSearch", method="POST", json=body)["searchRecords"] == found
    asked = {"q": "Byrne", "in": "NAME", "sobject": "Contact", "fields": "Id"}
    assert salesforce.restful("parameterizedSearch", params=asked)["searchRecords"] == found


def test_what_changed_is_told_by_id(salesforce):
    """`updated` holds what was written meanwhile."""
    salesforce.Contact.update(FIRST, {"Title": "Grower"})
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert FIRST in salesforce.Contact.updated(day, day + dt.timedelta(days=1))["ids"]


def test_bulk_two_writes_and_reads(salesforce, org):
    """Uploads and what became of them, and queries page by page."""
    contacts = salesforce.bulk2.Contact
    (done,) = contacts.insert(records=[{"LastName": "Bulk", "DoNotCall": "true"}, {"LastName": ""}], wait=0)
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (2, 1)
    (well,) = rows(contacts.get_successful_records(done["job_id"]))
    assert (well["sf__Created"], well["DoNotCall"]) == ("true", "true")
    assert org.people()[-1]["DoNotCall"] is True
    (ill,) = rows(contacts.get_failed_records(done["job_id"]))
    assert ill["sf__Error"].startswith("REQUIRED_FIELD_MISSING:")
    (done,) = contacts.hard_delete(records=[{"Id": well["sf__Id"]}], wait=0)
    assert done["numberRecordsFailed"] == 0
    pages = list(contacts.query("SELECT Id, Account.Name FROM Contact", max_records=5))
    found = [row for page in pages for row in rows(page)]
    assert len(pages) > 1
    assert {"Id", "Account.Name"} == found[0].keys()
    assert len(found) == len([person for person in org.people() if not person["IsDeleted"]])


def test_bulk_one_writes_and_reads(salesforce, org):
    """The same by the older API, in JSON."""
    (made,) = salesforce.bulk.Contact.insert([{"LastName": "Older"}])
    assert made["success"] is True
    assert org.people()[-1]["LastName"] == "Older"
    found = salesforce.bulk.Contact.query("SELECT Id, LastName FROM Contact WHERE LastName = 'Older'")
    assert [record["LastName"] for record in found] == ["Older"]
    (upserted,) = salesforce.bulk.Contact.upsert([{"ExternalId__c": "X-1", "LastName": "Key"}], "ExternalId__c")
    assert (upserted["success"], upserted["created"]) == (True, True)

"""Bulk jobs by the unmodified simple-salesforce: 1.0 and 2.0, uploads and queries."""

import csv
import io
from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceError, SalesforceRefusedRequest

from tests.e2e.conftest import Town
from tests.e2e.sdks import salesforce

OFFICE = ("privacy_desk", "subject_request")
FIRST = "003Lg0000000001IAA"
FIELDS = ("Id", "Name", "Email", "Phone", "Birthdate", "Description", "MailingCity", "SSN__c")
SOQL = f"SELECT {', '.join(FIELDS)} FROM Contact"


def held(town: Town, key: str) -> dict[str, object]:
    """Return what the CRM holds of a contact."""
    (found,) = [person for person in town.salesforce.people() if person["Id"] == key]
    return found


def made(town: Town, last: str) -> str:
    """Return the id of a new contact, made by somebody who may."""
    return str(salesforce(town.run, "helpdesk_leads").Contact.create({"LastName": last})["id"])


def rows(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV."""
    return list(csv.DictReader(io.StringIO(text)))


# ---- 2.0 ---------------------------------------------------------------------------------------------------


def test_an_upload_lives_from_open_to_results(town: Town) -> None:
    """Rows are written, and what became of them is told, masked like anything that is read."""
    keys = [made(town, f"Bulk{number}") for number in range(3)]
    agent = salesforce(town.run, "helpdesk").bulk2.Contact
    records = [{"Id": key, "Phone": f"+353 1 555 04{number:02}"} for number, key in enumerate(keys)]
    (done,) = agent.update(records=records, wait=0)
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (3, 0)
    assert held(town, keys[1])["Phone"] == "+353 1 555 0401"
    assert "750" not in done["job_id"][:4]  # the CRM's own id is inside, sealed
    well = rows(agent.get_successful_records(done["job_id"]))
    assert [(row["sf__Id"], row["sf__Created"], row["Phone"]) for row in well] == [
        (key, "false", f"*** *** 0{number}") for number, key in enumerate(keys)
    ]
    assert agent.get_failed_records(done["job_id"]).strip() == ""


def test_rows_that_policy_refuses_refuse_the_upload(town: Town) -> None:
    """A hidden column, a mask over the truth and a delete without a grant write nothing."""
    agent, key = salesforce(town.run, "helpdesk"), made(town, "Refused")
    for records in ([{"Id": key, "SSN__c": "000-00-1234"}], [{"Id": key, "Phone": "*** *** 02"}]):
        with pytest.raises(SalesforceError):
            agent.bulk2.Contact.update(records=records, wait=0)
    with pytest.raises(SalesforceRefusedRequest):
        agent.bulk2.Contact.delete(records=[{"Id": key}], wait=0)
    uploads = [call for call in town.salesforce.calls if call.method == "PUT" and key.encode() in call.body]
    assert uploads == []
    assert (held(town, key)["SSN__c"], held(town, key)["Phone"]) == (None, None)


def test_inserts_upserts_and_deletes(town: Town) -> None:
    """Each is judged as what it does; whose record an upsert found is not said."""
    lead, officer = salesforce(town.run, "helpdesk_leads"), salesforce(town.run, *OFFICE)
    (done,) = lead.bulk2.Contact.insert(records=[{"LastName": "Loaded", "Email": "loaded@example.org"}], wait=0)
    (row,) = rows(lead.bulk2.Contact.get_successful_records(done["job_id"]))
    key = row["sf__Id"]
    assert held(town, key)["LastName"] == "Loaded"
    again = [{"LastName": "Reloaded", "Email": "loaded@example.org"}]
    (done,) = lead.bulk2.Contact.upsert(records=again, external_id_field="Email", wait=0)
    (row,) = rows(lead.bulk2.Contact.get_successful_records(done["job_id"]))
    assert (row["sf__Id"], row["sf__Created"]) == ("", "false")
    assert held(town, key)["LastName"] == "Reloaded"
    with pytest.raises(SalesforceRefusedRequest):
        lead.bulk2.Contact.upsert(records=[{"SSN__c": "1", "LastName": "x"}], external_id_field="SSN__c", wait=0)
    (done,) = officer.bulk2.Contact.delete(records=[{"Id": key}], wait=0)
    assert held(town, key)["IsDeleted"] is True
    (done,) = officer.bulk2.Contact.hard_delete(records=[{"Id": key}], wait=0)
    (row,) = rows(officer.bulk2.Contact.get_failed_records(done["job_id"]))
    assert row["sf__Error"] == "ENTITY_IS_DELETED:The record has been deleted.:--"


def test_what_the_crm_refuses_is_told_in_our_words(town: Town) -> None:
    """A row that fails has a known code and our sentence, and nobody's record in it."""
    lead = salesforce(town.run, "helpdesk_leads")
    twin = [{"LastName": "Twin", "Email": str(town.salesforce.people()[3]["Email"])}]
    (done,) = lead.bulk2.Contact.insert(records=twin, wait=0)
    (row,) = rows(lead.bulk2.Contact.get_failed_records(done["job_id"]))
    assert row["sf__Error"] == "DUPLICATES_DETECTED:The CRM takes this record for a duplicate.:--"


@pytest.mark.parametrize("caller", [("helpdesk",), ("helpdesk_leads",), OFFICE])
def test_a_bulk_query_shows_what_a_query_shows(town: Town, caller: tuple[str, ...]) -> None:
    """For three people, each value of a table is that of the same query, page after page."""
    client = salesforce(town.run, *caller)
    found = [row for page in client.bulk2.Contact.query(SOQL, max_records=200) for row in rows(page)]
    asked = client.query_all(SOQL)["records"]
    assert len(found) == len(asked) > 400
    for row, record in zip(found, asked, strict=True):
        assert row == {name: record[name] or "" for name in FIELDS if name in record}


def test_bulk_queries_that_are_refused(town: Town) -> None:
    """Filters on hidden fields, groups and deleted rows are judged as in any query."""
    agent = salesforce(town.run, "helpdesk").bulk2.Contact
    before = len(town.salesforce.calls)
    for soql in (
        "SELECT Id FROM Contact WHERE SSN__c LIKE '0%'",
        "SELECT Id FROM Contact ORDER BY Birthdate",
        "SELECT COUNT(Id) n FROM Contact",
        "SELECT Id, (SELECT Id FROM Cases) FROM Contact",
    ):
        with pytest.raises(SalesforceRefusedRequest):
            list(agent.query(soql))
    with pytest.raises(SalesforceRefusedRequest):
        list(agent.query_all("SELECT Id FROM Contact"))
    assert len(town.salesforce.calls) == before


def test_jobs_are_their_makers(town: Town) -> None:
    """The id of a job opens for nobody else, and not for another purpose."""
    mine = salesforce(town.run, "twofold", "customer_support")
    job = mine.bulk2.Contact._client.create_job("query", query="SELECT Id, Name FROM Contact")["id"]
    assert mine.bulk2.Contact._client.get_job(job, True)["state"] in {"InProgress", "JobComplete"}
    before = len(town.salesforce.calls)
    for other in (
        salesforce(town.run, "helpdesk"),
        salesforce(town.run, "twofold", "newsletter"),
        salesforce(town.run, *OFFICE),
    ):
        for ask in (
            lambda who: who.bulk2.Contact._client.get_job(job, True),
            lambda who: who.bulk2.Contact._client.get_query_results(job),
        ):
            with pytest.raises(SalesforceError):
                ask(other)
    with pytest.raises(SalesforceRefusedRequest):
        salesforce(town.run, *OFFICE).restful("jobs/query")
    assert len(town.salesforce.calls) == before


# ---- 1.0 ---------------------------------------------------------------------------------------------------


def test_the_older_api_writes(town: Town) -> None:
    """Batches in JSON are judged row by row; the session id in its own header is the caller's key."""
    keys = [made(town, f"Older{number}") for number in range(2)]
    agent = salesforce(town.run, "helpdesk").bulk.Contact
    found = agent.update([{"Id": key, "Phone": "+353 1 555 0500"} for key in keys])
    assert [each["success"] for each in found] == [True, True]
    assert held(town, keys[0])["Phone"] == "+353 1 555 0500"
    with pytest.raises(SalesforceError):
        agent.update([{"Id": keys[0], "SSN__c": "000-00-1234"}])
    with pytest.raises(SalesforceError):
        agent.delete([{"Id": keys[0]}])
    lead = salesforce(town.run, "helpdesk_leads").bulk.Contact
    (twin,) = lead.insert([{"LastName": "Twin", "Email": str(town.salesforce.people()[2]["Email"])}])
    text = "The CRM takes this record for a duplicate."
    assert twin["errors"] == [{"statusCode": "DUPLICATES_DETECTED", "message": text, "fields": []}]


@pytest.mark.parametrize("caller", [("helpdesk",), ("helpdesk_leads",), OFFICE])
def test_a_query_of_the_older_api_shows_what_a_query_shows(town: Town, caller: tuple[str, ...]) -> None:
    """Records in JSON are those of the same query."""
    client = salesforce(town.run, *caller)
    found: Any = client.bulk.Contact.query(f"{SOQL} LIMIT 20")
    asked = client.query(f"{SOQL} LIMIT 20")["records"]
    assert len(found) == 20
    assert [dict(each) for each in found] == [dict(each) for each in asked]


def test_refusals_of_the_older_api_have_its_shape(town: Town) -> None:
    """What is refused is told as this API tells it."""
    agent = salesforce(town.run, "helpdesk").bulk.Contact
    with pytest.raises(SalesforceError) as raised:
        agent.query("SELECT Id FROM Contact WHERE SSN__c LIKE '0%'")
    assert raised.value.content["exceptionCode"] == "FeatureNotEnabled"
    with pytest.raises(SalesforceError) as unknown:
        salesforce(town.run, "", key="lg_" + "A" * 43).bulk.Contact.query("SELECT Id FROM Contact")
    assert unknown.value.status == 401

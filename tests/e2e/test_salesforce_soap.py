"""Salesforce's SOAP API through a lane, by envelopes as clients of the partner WSDL send them."""

from xml.sax.saxutils import escape

import pytest
import requests
from lxml import etree

from tests.e2e.conftest import Town
from tests.e2e.sdks import salesforce

FIRST = "003Lg0000000001IAA"
FIELDS = ("Id", "Name", "Email", "Phone", "Birthdate", "Description", "SSN__c")
OFFICE = ("privacy_desk", "subject_request")
ENVELOPE = (
    '<?xml version="1.0" encoding="utf-8"?><se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><se:Header xmlns:u="urn:partner.soap.sforce.com">'
    "<u:SessionHeader><u:sessionId>{key}</u:sessionId></u:SessionHeader>{header}</se:Header><se:Body>"
    '<u:{call} xmlns:u="urn:partner.soap.sforce.com" xmlns:s="urn:sobject.partner.soap.sforce.com">{inside}'
    "</u:{call}></se:Body></se:Envelope>"
)


MERGE = (
    "<u:request><u:masterRecord><s:type>Contact</s:type><s:Id>003Lg0000000002IAA</s:Id></u:masterRecord>"
    f"<u:recordToMergeIds>{FIRST}</u:recordToMergeIds></u:request>"
)


class Fault(Exception):
    """What the CRM, or Lychgate, says no with."""


def call(
    town: Town, caller: tuple[str, ...], name: str, inside: str = "", *, header: str = ""
) -> list[etree._Element]:
    """Return the results of a call; raises Fault."""
    body = ENVELOPE.format(key=town.run.keys[caller[0]], call=name, inside=inside, header=header)
    fields = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}
    if len(caller) > 1:
        fields["X-Purpose"] = caller[1]
    url = f"{town.run.url('salesforce', 'https')}/services/Soap/u/59.0"
    verify = str(town.run.made.authority)
    answer = requests.post(url, body.encode(), headers=fields, verify=verify, timeout=30)
    root = etree.fromstring(answer.content)
    if (fault := root.findtext(".//faultcode")) is not None:
        raise Fault(answer.status_code, fault.removeprefix("sf:"))
    return [each for each in root.iter() if etree.QName(each).localname == "result"]


def text(element: etree._Element, name: str) -> str | None:
    """Return what a member of a result or record says; None if it is not there, or null."""
    for each in element:
        if etree.QName(each).localname == name:
            return each.text
    return None


def values(element: etree._Element) -> dict[str, str | None]:
    """Return the fields of a record."""
    found = {etree.QName(each).localname: each.text for each in element}
    return {name: value for name, value in found.items() if name != "type"}


def records(result: etree._Element) -> list[etree._Element]:
    """Return the records of a page."""
    return [each for each in result if etree.QName(each).localname == "records"]


def sobject(**fields: str) -> str:
    """Return a contact that is written."""
    inside = "".join(f"<s:{name}>{escape(value)}</s:{name}>" for name, value in fields.items())
    return f"<u:sObjects><s:type>Contact</s:type>{inside}</u:sObjects>"


def held(town: Town, key: str | None) -> dict[str, object]:
    """Return what the CRM holds of a contact."""
    (found,) = [person for person in town.salesforce.people() if person["Id"] == key]
    return found


@pytest.mark.parametrize("caller", [("helpdesk",), ("helpdesk_leads",), OFFICE])
def test_queries_and_reads_show_what_rest_shows(town: Town, caller: tuple[str, ...]) -> None:
    """For three people: a query, records by id and a search have the values that REST has."""
    rest = salesforce(town.run, *caller)
    alone = rest.Contact.get(FIRST)
    shown = {name: alone[name] for name in FIELDS if name in alone}
    soql = f"SELECT {', '.join(FIELDS)} FROM Contact WHERE Id = '{FIRST}'"
    (page,) = call(town, caller, "query", f"<u:queryString>{escape(soql)}</u:queryString>")
    (record,) = records(page)
    assert values(record) == shown
    by_id = f"<u:fieldList>{','.join(FIELDS)}</u:fieldList><u:sObjectType>Contact</u:sObjectType>"
    ids = "".join(f"<u:ids>{key}</u:ids>" for key in (FIRST, "003Lg0000009999AAA"))
    found, missing = call(town, caller, "retrieve", by_id + ids)
    assert values(found) == shown
    assert len(missing) == 0
    sosl = f"FIND {{{alone['LastName']}}} IN NAME FIELDS RETURNING Contact({', '.join(FIELDS)})"
    (result,) = call(town, caller, "search", f"<u:searchString>{escape(sosl)}</u:searchString>")
    matches = [values(each[0]) for each in result]
    assert shown in matches


def test_pages_are_sealed_for_their_caller(town: Town) -> None:
    """queryMore walks to the end for whoever asked, and opens for nobody else."""
    soql = "<u:queryString>SELECT Id, Phone FROM Contact</u:queryString>"
    options = "<u:QueryOptions><u:batchSize>200</u:batchSize></u:QueryOptions>"
    (page,) = call(town, ("helpdesk",), "query", soql, header=options)
    found, locator = len(records(page)), text(page, "queryLocator")
    assert locator is not None
    assert "01g" not in locator
    with pytest.raises(Fault):
        call(town, OFFICE, "queryMore", f"<u:queryLocator>{locator}</u:queryLocator>")
    while locator is not None:
        (page,) = call(town, ("helpdesk",), "queryMore", f"<u:queryLocator>{locator}</u:queryLocator>")
        found += len(records(page))
        assert all((text(each, "Phone") or "***").startswith("***") for each in records(page))
        locator = text(page, "queryLocator")
    assert found >= 450


def test_parents_and_children_come_along(town: Town) -> None:
    """Nested records show of each object what may be shown of it."""
    soql = "SELECT Id, Account.Name, Account.Description, (SELECT Id, Subject, Status FROM Cases) FROM Contact"
    where = " WHERE LastName = 'Weiß'"
    (page,) = call(town, ("helpdesk",), "query", f"<u:queryString>{escape(soql + where)}</u:queryString>")
    (record,) = records(page)
    nested = {etree.QName(each).localname: each for each in record}
    assert values(nested["Account"]) == {"Id": None, "Name": "Feldmann Brücken GmbH", "Description": None}
    (case,) = records(nested["Cases"])
    assert (text(case, "Subject"), text(case, "Status")) == (None, "New")


def test_records_live_from_create_to_merge(town: Town) -> None:
    """Each call is judged as what it does, and what became of it told in our words."""
    lead, agent = ("helpdesk_leads",), ("helpdesk",)
    made = call(town, lead, "create", sobject(LastName="Soap") + sobject(LastName="Suds"))
    keys = [text(each, "id") for each in made]
    assert held(town, keys[0])["LastName"] == "Soap"
    call(town, agent, "update", sobject(Id=str(keys[0]), Phone="+353 1 555 0600"))
    assert held(town, keys[0])["Phone"] == "+353 1 555 0600"
    nulled = f"<s:type>Contact</s:type><s:fieldsToNull>Fax</s:fieldsToNull><s:Id>{keys[0]}</s:Id>"
    (result,) = call(town, lead, "update", f"<u:sObjects>{nulled}</u:sObjects>")
    assert text(result, "success") == "true"
    key = "<u:externalIDFieldName>Email</u:externalIDFieldName>"
    (result,) = call(town, lead, "upsert", key + sobject(Email="suds@example.org", LastName="Suds"))
    assert (text(result, "created"), text(result, "id")) == ("true", None)
    (twin,) = call(town, lead, "create", sobject(LastName="x", Email=str(town.salesforce.people()[5]["Email"])))
    assert [(text(each, "statusCode"), text(each, "message")) for each in twin if len(each)] == [
        ("DUPLICATES_DETECTED", "The CRM takes this record for a duplicate.")
    ]
    ids = f"<u:ids>{keys[1]}</u:ids>"
    with pytest.raises(Fault):
        call(town, agent, "delete", ids)
    (gone,) = call(town, OFFICE, "delete", ids)
    assert text(gone, "success") == "true"
    assert held(town, keys[1])["IsDeleted"] is True


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("query", "<u:queryString>SELECT Id FROM Contact WHERE SSN__c LIKE '0%'</u:queryString>"),
        ("query", "<u:queryString>SELECT Id FROM Contact ORDER BY Birthdate</u:queryString>"),
        ("query", "<u:queryString>SELECT COUNT(Id) n FROM Contact</u:queryString>"),
        ("queryAll", "<u:queryString>SELECT Id FROM Contact</u:queryString>"),
        ("search", "<u:searchString>FIND {x} IN ALL FIELDS RETURNING Contact(Id)</u:searchString>"),
        ("update", sobject(Id=FIRST, SSN__c="000-00-0000")),
        ("update", sobject(Id=FIRST, Phone="*** *** 02")),
        ("undelete", f"<u:ids>{FIRST}</u:ids>"),
        ("merge", MERGE),
        ("emptyRecycleBin", f"<u:ids>{FIRST}</u:ids>"),
        ("getUserInfo", ""),
        ("login", "<u:username>a</u:username><u:password>b</u:password>"),
    ],
)
def test_calls_that_are_refused_never_reach_the_crm(town: Town, name: str, inside: str) -> None:
    """Each is a fault in the CRM's own shape."""
    before = len(town.salesforce.calls)
    with pytest.raises(Fault) as raised:
        call(town, ("helpdesk",), name, inside)
    assert raised.value.args[1] in {"INSUFFICIENT_ACCESS", "FIELD_INTEGRITY_EXCEPTION"}
    assert len(town.salesforce.calls) == before


def test_who_calls_stands_in_the_envelope(town: Town) -> None:
    """A key that nobody has is an expired session; a header that shows more is refused."""
    soql = "<u:queryString>SELECT Id FROM Contact</u:queryString>"
    rule = "<u:DuplicateRuleHeader><u:includeRecordDetails>true</u:includeRecordDetails></u:DuplicateRuleHeader>"
    with pytest.raises(Fault):
        call(town, ("helpdesk",), "query", soql, header=rule)
    town.run.keys["nobody"] = "lg_" + "A" * 43
    with pytest.raises(Fault) as raised:
        call(town, ("nobody",), "query", soql)
    assert raised.value.args == (401, "INVALID_SESSION_ID")
    sent = [each.body for each in town.salesforce.calls if "/Soap/" in each.path]
    assert not any(town.run.keys["helpdesk"].encode() in body for body in sent)


def test_descriptions_tell_of_what_somebody_has_a_use_for(town: Town) -> None:
    """The same objects and fields as in REST, with the same flags."""
    agent = ("helpdesk",)
    (result,) = call(town, agent, "describeSObject", "<u:sObjectType>Contact</u:sObjectType>")
    fields = {text(each, "name"): each for each in result if etree.QName(each).localname == "fields"}
    rest = {each["name"]: each for each in salesforce(town.run, "helpdesk").Contact.describe()["fields"]}
    assert fields.keys() == rest.keys()
    for name, each in fields.items():
        for flag in ("filterable", "updateable", "createable", "sortable"):
            assert text(each, flag) == str(rest[str(name)][flag]).lower()
    (result,) = call(town, agent, "describeGlobal")
    names = {text(each, "name") for each in result if etree.QName(each).localname == "sobjects"}
    assert names == {each["name"] for each in salesforce(town.run, "helpdesk").describe()["sobjects"]}
    (result,) = call(town, agent, "getServerTimestamp")
    assert text(result, "timestamp") is not None

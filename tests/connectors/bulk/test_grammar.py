"""Steps of a job: what each is judged as, what is sent, and what comes back."""

from collections.abc import Callable
from typing import Any

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Asked
from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Headers, Request, Tree
from proxy.model import Action

V2 = "/services/data/v59.0/jobs"
V1 = "/services/async/59.0/job"
CRM = "750Lg0000000001AAA"
CSV = Headers((("content-type", "text/csv"),))
INFO = {"id": CRM, "state": "Open", "operation": "insert"}


def ask(connector: Connector, method: str, path: str, tree: Tree = None, query: str = "") -> Asked:
    """Return what a step asks for."""
    request = Request(method, path, query, CSV)
    return connector.route(request).recognise(request, tree, binding="someone")


def uses(asked: Asked) -> list[str]:
    """Return everything that is judged, operations without fields among it."""
    return [
        f"{use.action} {use.object}.{use.field}" if use else f"{each.action} {each.object}"
        for each in asked.operations
        for use in (each.uses or (None,))
    ]


def job(connector: Connector, kind: str = "ingest", base: str = V2, **said: str) -> str:
    """Return the caller's id of a job that was made."""
    path = f"{base}/{kind}" if base == V2 else base
    found: Any = ask(connector, "POST", path, dict(said)).open(200, {**INFO}).tree
    return str(found["id"])


def test_a_job_is_judged_by_what_it_is_going_to_do(salesforce: Connector) -> None:
    """What is known of it before there are rows is judged at once."""
    looked = "read Service.Jobs"
    insert = ask(
        salesforce, "POST", f"{V2}/ingest", {"operation": "insert", "object": "contact", "lineEnding": "CRLF"}
    )
    assert uses(insert) == [looked]
    assert insert.tree == {"operation": "insert", "object": "Contact", "lineEnding": "LF"}
    delete = ask(salesforce, "POST", f"{V2}/ingest", {"operation": "hardDelete", "object": "Contact"})
    assert uses(delete) == ["erase Contact", looked]
    said = {"operation": "upsert", "object": "Contact", "externalIdFieldName": "ssn__c"}
    assert uses(ask(salesforce, "POST", f"{V2}/ingest", said)) == ["filter Contact.SSN__c", looked]


@pytest.mark.parametrize(
    "said",
    [
        {"operation": "query", "object": "Contact"},
        {"operation": "merge", "object": "Contact"},
        {"operation": "insert", "object": "Secret__c"},
        {"operation": "insert", "object": "Contact", "columnDelimiter": "PIPE"},
        {"operation": "insert", "object": "Contact", "assignmentRuleId": "01Q"},
        {"operation": "insert", "object": "Contact", "contentType": "XML"},
    ],
)
def test_jobs_that_have_no_words(salesforce: Connector, said: dict[str, str]) -> None:
    """Another operation, object, separator or member is refused."""
    with pytest.raises(Gap):
        ask(salesforce, "POST", f"{V2}/ingest", said)


@pytest.mark.parametrize(
    ("said", "row", "expected", "sent"),
    [
        (
            {"operation": "insert"},
            {"lastname": "a", "Fax": ""},
            ["create Contact.LastName", "create Contact.Fax"],
            None,
        ),
        ({"operation": "update"}, {"id": "003Lg0000000001IAA", "Phone": "1"}, ["update Contact.Phone"], None),
        ({"operation": "delete"}, {"Id": "003Lg0000000001IAA"}, ["delete Contact"], None),
        (
            {"operation": "upsert", "externalIdFieldName": "email"},
            {"EMAIL": "e", "Phone": "1"},
            ["update Contact.Phone", "create Contact.Email", "create Contact.Phone", "filter Contact.Email"],
            {"Email": "e", "Phone": "1"},
        ),
    ],
)
def test_rows_are_judged_column_by_column(
    salesforce: Connector, said: dict[str, str], row: dict[str, Tree], expected: list[str], sent: Tree
) -> None:
    """Whatever the spelling; an id says which record it is, and is no field that is written."""
    key = job(salesforce, object="Contact", **said)
    asked = ask(salesforce, "PUT", f"{V2}/ingest/{key}/batches", [row])
    assert uses(asked) == expected
    assert asked.target == f"{V2}/ingest/{CRM}/batches"
    if sent is not None:
        assert asked.tree == [sent]


def test_cells_that_write_nothing_are_not_checked_and_nothing_is(salesforce: Connector) -> None:
    """An empty cell changes nothing; the sign for nothing is null, which may be a mask's doing."""
    key = job(salesforce, operation="update", object="Contact")
    row = {"Id": "003Lg0000000001IAA", "Phone": "#N/A", "Fax": ""}
    asked = ask(salesforce, "PUT", f"{V2}/ingest/{key}/batches", [row])
    assert [(each.action, each.members) for each in asked.writes] == [(Action.UPDATE, {"Phone": None})]
    assert asked.tree == [row]


@pytest.mark.parametrize(
    ("operation", "row"),
    [
        ("insert", {"Account.ExternalId__c": "1"}),
        ("update", {"Phone": "1"}),
        ("update", {"Id": "nobody", "Phone": "1"}),
        ("delete", {"Id": "003Lg0000000001IAA", "Phone": "1"}),
        ("insert", {"Phone": "1", "phone": "2"}),
        ("insert", {"Phone": {"a": "b"}}),
    ],
)
def test_rows_that_have_no_words(salesforce: Connector, operation: str, row: dict[str, Tree]) -> None:
    """A relation as a column, no id where one is needed, or more than an id where there is only one."""
    key = job(salesforce, operation=operation, object="Contact")
    with pytest.raises((Gap, Undecodable)):
        ask(salesforce, "PUT", f"{V2}/ingest/{key}/batches", [row])
    for tree in ([], {}, ["x"]):
        with pytest.raises((Gap, Undecodable)):
            ask(salesforce, "PUT", f"{V2}/ingest/{key}/batches", tree)


def test_outcomes_show_fields_as_fields(salesforce: Connector) -> None:
    """Echoed columns are judged as read; errors lose their words, and columns nobody declared are gone."""
    key = job(salesforce, operation="insert", object="Contact")
    asked = ask(salesforce, "GET", f"{V2}/ingest/{key}/failedResults")
    row = {"sf__Id": "", "sf__Error": "DUPLICATE_VALUE:canary:--", "SSN__c": "1", "Canary__c": "canary"}
    opened = asked.open(200, [row])
    (record,) = opened.records
    assert "canary" not in str(opened.tree)
    assert row["sf__Error"] == "DUPLICATE_VALUE:The value is already in use.:--"
    assert record.names == {
        "sf__Id": ("Contact", "Id", Action.READ),
        "SSN__c": ("Contact", "SSN__c", Action.READ),
    }
    assert asked.open(200, None).tree is None
    with pytest.raises(UpstreamFault):
        asked.open(200, {"records": []})


def test_queries_are_judged_when_they_are_put_and_when_they_are_read(salesforce: Connector) -> None:
    """Less and more can be asked for; what was added is taken out, and what was not asked for is pruned."""
    said = {"operation": "query", "query": "select id, account.name, ssn__c from contact where email = 'a'"}
    asked = ask(salesforce, "POST", f"{V2}/query", said)
    assert uses(asked)[:4] == [
        "list Contact.Id",
        "list Account.Name",
        "list Contact.SSN__c",
        "filter Contact.Email",
    ]
    asked.narrow(frozenset({("Contact", "SSN__c")}))
    asked.gather({"Contact": frozenset({"country"})})
    sent: Any = asked.tree
    assert sent["query"] == "SELECT Id, Account.Name, MailingCountry FROM Contact WHERE Email = 'a'"
    key = asked.open(200, {**INFO, "operation": "query"}).tree["id"]  # type: ignore[index]
    found = ask(salesforce, "GET", f"{V2}/query/{key}/results", query="maxRecords=5&locator=MTA=")
    assert "SSN__c" not in str(uses(found))
    found.gather({"Contact": frozenset({"country"})})
    assert found.target == f"{V2}/query/{CRM}/results?maxRecords=5&locator=MTA%3D"
    row = {"Id": "003Lg0000000001IAA", "Account.Name": "", "MailingCountry": "IE", "SSN__c": "canary"}
    opened = found.open(200, [row])
    (record,) = opened.records
    assert row == {"Id": "003Lg0000000001IAA", "Account.Name": None}
    assert (record.facts, opened.pruned) == ({"country": "IE"}, 1)
    assert record.names == {
        "Id": ("Contact", "Id", Action.LIST),
        "Account.Name": ("Account", "Name", Action.LIST),
    }


@pytest.mark.parametrize("soql", ["SELECT COUNT() FROM Contact", "SELECT FIELDS(ALL) FROM Contact LIMIT 5", "x"])
def test_queries_that_are_no_table(salesforce: Connector, soql: str) -> None:
    """Counts, and columns that only the CRM knows, have no place in a flat answer."""
    with pytest.raises(Gap):
        ask(salesforce, "POST", f"{V2}/query", {"operation": "query", "query": soql})


def test_the_older_api_seals_what_a_batch_asks_for(salesforce: Connector) -> None:
    """The job does not know the query, so the id of a batch does; a batch of another job does not open."""
    said = {"operation": "query", "object": "Contact", "contentType": "CSV", "concurrencyMode": 0}
    key = ask(salesforce, "POST", V1, said).open(201, {**INFO}).tree["id"]  # type: ignore[index]
    put = ask(salesforce, "POST", f"{V1}/{key}/batch", {"value": "select id, email from contact"})
    assert uses(put) == ["list Contact.Id", "list Contact.Email"]
    assert put.tree == {"value": "SELECT Id, Email FROM Contact"}
    batch: Any = put.open(201, {"id": "751Lg0000000001AAA", "jobId": CRM, "state": "Queued"}).tree
    assert batch["jobId"] == key
    found = ask(salesforce, "GET", f"{V1}/{key}/batch/{batch['id']}/result/752Lg0000000001AAA")
    assert uses(found) == ["list Contact.Id", "list Contact.Email"]
    assert found.target == f"{V1}/{CRM}/batch/751Lg0000000001AAA/result/752Lg0000000001AAA"
    other = ask(salesforce, "POST", V1, said).open(201, {**INFO, "id": "750Lg0000000002AAA"}).tree["id"]  # type: ignore[index]
    with pytest.raises(Undecodable):
        ask(salesforce, "GET", f"{V1}/{other}/batch/{batch['id']}/result")
    with pytest.raises(Undecodable):
        ask(salesforce, "POST", f"{V1}/{key}/batch", {"value": "SELECT Id FROM Account"})


def test_the_older_api_is_shown_our_session_in_its_own_header(salesforce: Connector) -> None:
    """And is told how to write what it says, since it answers as it is spoken to."""
    said = {"jobInfo": {"operation": "insert", "object": "Contact", "contentType": "CSV"}}
    made = ask(salesforce, "POST", V1, said)
    key = made.open(201, {"jobInfo": {**INFO}}).tree["jobInfo"]["id"]  # type: ignore[index]
    asked = ask(salesforce, "GET", f"{V1}/{key}")
    assert asked.sign is not None
    assert asked.sign(None, (("authorization", "Bearer secret"),)) == (
        None,
        (
            ("authorization", "Bearer secret"),
            ("x-sfdc-session", "secret"),
            ("content-type", "application/xml; charset=utf-8"),
        ),
    )


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("grammar: bulk, layout: none", "needs a layout"),
        ("grammar: bulk, layout: about", "needs uses"),
        ("grammar: bulk, layout: upload", 'needs an answer called "query"'),
    ],
)
def test_a_step_that_makes_no_sense_is_told(
    route: str, words: str, load_text: Callable[[str], list[str]]
) -> None:
    """The author of a route hears what is missing."""
    problems = load_text(f'routes:\n  - {{match: "GET /all", object: Thing, {route}}}\n')
    assert any(words in problem for problem in problems)

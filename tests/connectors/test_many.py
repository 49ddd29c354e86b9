"""Requests about several records: what their author declares, what they write, and what comes back."""

from collections.abc import Callable

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Asked
from proxy.errors import Undecodable, UpstreamFault
from proxy.message import Request, Tree
from proxy.model import Action

V = "/services/data/v59.0/composite"
CONTACT = {"attributes": {"type": "Contact"}}


def ask(connector: Connector, method: str, path: str, body: Tree = None, query: str = "") -> Asked:
    """Return what a request below `composite` asks for."""
    request = Request(method, V + path, query)
    return connector.route(request).recognise(request, body)


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("grammar: many, layout: row, query: {ids: keys}", "unknown layout"),
        ("grammar: many, layout: upsert, query: {ids: keys}", "must have /{object}/{field}"),
        ("grammar: many", "needs a body"),
    ],
)
def test_a_route_that_makes_no_sense_is_told(
    route: str, words: str, load_text: Callable[[str], list[str]]
) -> None:
    """The author of a route about several records hears what is missing."""
    problems = load_text(f'routes:\n  - {{match: "POST /all", object: Thing, {route}}}\n')
    assert any(words in problem for problem in problems)


def test_every_row_is_checked_as_what_is_written(salesforce: Connector) -> None:
    """Each row is a record of its own, so no mask gets past; the key of an upsert is checked as created."""
    rows = [{**CONTACT, "LastName": "a"}, {"attributes": {"type": "Account"}, "Name": "b"}]
    writes = ask(salesforce, "POST", "/sobjects", {"records": rows}).writes
    assert [(each.object, each.members) for each in writes] == [
        ("Contact", {"LastName": "a"}),
        ("Account", {"Name": "b"}),
    ]
    upsert = ask(
        salesforce, "PATCH", "/sobjects/Contact/Email", {"records": [{**CONTACT, "email": "e", "Fax": "1"}]}
    )
    assert [(each.action, each.members) for each in upsert.writes] == [
        (Action.UPDATE, {"Fax": "1"}),
        (Action.CREATE, {"Email": "e"}),
    ]


def test_too_many_rows_are_refused(salesforce: Connector) -> None:
    """A collection holds as many rows as the CRM takes, a tree as many in all."""
    with pytest.raises(Undecodable, match="too_many_items"):
        ask(salesforce, "POST", "/sobjects", {"records": [{**CONTACT, "LastName": "a"}] * 201})
    row: Tree = {"attributes": {"type": "Case", "referenceId": "c"}, "Subject": "x"}
    for number in range(6):
        row = {"attributes": {"type": "Case", "referenceId": f"c{number}"}, "Cases": {"records": [row]}}
    with pytest.raises(Undecodable, match="too_many_items"):
        ask(salesforce, "POST", "/tree/Case", {"records": [row]})
    many = {"attributes": {"type": "Case", "referenceId": "x"}, "Subject": "x"}
    wide = {"attributes": {"type": "Case", "referenceId": "w"}, "Cases": {"records": [many] * 150}}
    with pytest.raises(Undecodable, match="too_many_items"):
        ask(salesforce, "POST", "/tree/Case", {"records": [wide, wide]})


def test_results_hold_ids_and_our_words_only(salesforce: Connector) -> None:
    """Of what the CRM says of each row, its words are replaced and its undeclared members dropped."""
    mishap = {"statusCode": "DUPLICATES_DETECTED", "message": "canary", "fields": ["canary"], "extra": "canary"}
    strange = {"statusCode": "canary", "message": "canary"}
    rows = [
        {"id": "003Lg0000000001IAA", "success": True, "errors": [], "warnings": "canary"},
        {"success": False, "errors": [mishap, strange, "canary"]},
    ]
    opened = ask(salesforce, "POST", "/sobjects", {"records": [{**CONTACT, "LastName": "a"}]}).open(200, rows)
    assert "canary" not in str(opened.tree)
    assert [each["statusCode"] for each in opened.tree[1]["errors"]] == [  # type: ignore[index]
        "DUPLICATES_DETECTED",
        "MALFORMED_QUERY",
        "MALFORMED_QUERY",
    ]


def test_records_read_at_once_may_be_missing(salesforce: Connector) -> None:
    """A record that is not there is null; one of another object is not released."""
    query = "ids=003Lg0000000001IAA&fields=Email"
    record = {"attributes": {"type": "Contact", "url": "x"}, "Email": "e"}
    opened = ask(salesforce, "GET", "/sobjects/Contact", query=query).open(200, [None, record])
    assert opened.tree == [None, {"attributes": {"type": "Contact"}, "Email": "e"}]
    assert len(opened.records) == 1
    with pytest.raises(UpstreamFault):
        ask(salesforce, "GET", "/sobjects/Contact", query=query).open(200, [{"attributes": {"type": "Lead"}}])

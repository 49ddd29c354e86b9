"""How each kind of CRM is walked, as requests and answers."""

import json
import xmlrpc.client

import pytest

from proxy.errors import UpstreamFault
from proxy.message import Headers, Response
from proxy.migration import walker_for
from proxy.migration.walkers import HubSpot, OData, Odoo, Row, Salesforce, Tryton

TYPED = {
    "party.contact_mechanism": {
        "by": "type", "fields": ["value", "url"], "stored": "value", "other": "any_value",
        "kinds": {"email": "email_value", "phone": "phone_value"},
    }
}  # fmt: skip
ALL = [
    Salesforce(),
    HubSpot(),
    OData("/api/data/v9.2", {"x": ("xs", "xid")}),
    Odoo("crm", 2),
    Tryton("crm", TYPED),
]


@pytest.mark.parametrize("walker", ALL, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"records": 5, "value": [7], "results": [null]}', b"\xff", b"<x/>"]
)
def test_an_odd_answer_is_the_crms_fault(walker, body):
    """Never half a page."""
    for status in (200, 403):
        with pytest.raises(UpstreamFault):
            walker.rows("x", ["f"], Response(status, Headers(), body))


def test_dataverse_goes_on_by_its_link_within_its_service():
    """And changes nothing that somebody else has changed."""
    walker = ALL[2]
    rows = [{"xid": "k", "f": "v", "@odata.etag": 'W/"1"'}]
    link = "https://crm.example/api/data/v9.2/xs?$select=f&$skiptoken=abc"
    page = walker.rows(
        "x", ["f"], Response(200, Headers(), json.dumps({"value": rows, "@odata.nextLink": link}).encode())
    )
    asked = walker.page("x", ["f"], page.after)
    assert (asked.path, asked.query) == ("/api/data/v9.2/xs", "$select=f&$skiptoken=abc")
    change = walker.change("x", page.rows[0], {"f": "w"})
    assert (change.path, change.headers.one("if-match")) == ("/api/data/v9.2/xs(k)", 'W/"1"')
    bad = json.dumps({"value": rows, "@odata.nextLink": "https://evil.example/elsewhere"}).encode()
    with pytest.raises(UpstreamFault):
        walker.rows("x", ["f"], Response(200, Headers(), bad))


def test_tryton_reads_a_typed_value_as_what_its_record_says_it_is():
    """And writes it where it is stored."""
    walker = ALL[4]
    asked = json.loads(walker.page("party.contact_mechanism", ["email_value", "phone_value"], "7").body)
    assert asked["params"][0] == [["id", ">", 7]]
    assert asked["params"][4] == ["type", "value", "_timestamp"]
    result = [{"id": 8, "type": "email", "value": "a"}, {"id": 9, "type": "other", "value": "b"}]
    answer = Response(200, Headers(), json.dumps({"id": 1, "result": result}).encode())
    page = walker.rows("party.contact_mechanism", ["email_value", "phone_value"], answer)
    assert [(row.key, dict(row.values)) for row in page.rows] == [("8", {"email_value": "a"}), ("9", {})]
    change = json.loads(walker.change("party.contact_mechanism", page.rows[0], {"email_value": "t"}).body)
    assert change["params"][:2] == [[8], {"value": "t"}]
    said = {
        b'{"id": 1, "error": ["UserError", []]}': "refused",
        b'{"id": 1, "error": ["ConcurrencyException", "Records were modified in the meanwhile"]}': "changed",
        b'{"id": 1, "result": null}': "taken",
        b'{"id": 1}': "refused",
    }
    assert {body: walker.outcome(Response(200, Headers(), body)) for body in said} == said


def test_odoo_has_the_credential_put_into_the_call():
    """Nobody here knows it; false is nothing."""
    walker = ALL[3]
    asked = walker.page("res.partner", ["email"], "")
    mark = asked.headers.one("lychgate-session")
    assert mark is not None
    assert asked.body.count(mark.encode()) == 1
    change = walker.change("res.partner", Row("3", {"email": "{session}"}), {"email": "{session}"})
    assert (change.body.count(mark.encode()), b"{session}" in change.body) == (1, True)
    body = xmlrpc.client.dumps(([{"id": 3, "email": False}],), methodresponse=True).encode()
    (row,) = walker.rows("res.partner", ["email"], Response(200, Headers(), body)).rows
    assert row == Row("3", {"email": None})


def test_nobody_knows_how_to_walk_an_unknown_api():
    """It is told, not guessed."""
    assert walker_for({"routes": [{"match": "GET /x", "grammar": "plain"}]}) is None

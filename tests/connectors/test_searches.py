"""Searches: what comes back, what is asked for less or more, and what is no search."""

from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Asked
from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Request, Tree
from proxy.model import Action

V = "/services/data/v59.0"
SOSL = "FIND {x} IN NAME FIELDS RETURNING Contact(Id, SSN__c, MailingCountry), Lead(Id)"


def ask(connector: Connector, sosl: str) -> Asked:
    """Return what a search in SOSL asks for."""
    request = Request("GET", f"{V}/search", f"q={quote(sosl)}")
    return connector.route(request).recognise(request, None, binding="someone")


def sent(asked: Asked) -> str:
    """Return the search that is sent."""
    return parse_qs(urlsplit(asked.target).query)["q"][0]


def test_each_object_is_asked_for_less_and_more_by_itself(salesforce: Connector) -> None:
    """What is added for one object's facts is taken out of its records, and of no other's."""
    asked = ask(salesforce, SOSL.replace("Lead(Id)", "Lead(Id, CreatedDate)"))
    asked.narrow(frozenset({("Contact", "SSN__c")}))
    wanted = {"Contact": frozenset({"country", "created"}), "Lead": frozenset({"created"})}
    asked.gather(wanted)
    assert sent(asked) == (
        "FIND {x} IN NAME FIELDS RETURNING Contact(Id, MailingCountry, CreatedDate), Lead(Id, CreatedDate)"
    )
    rows = [
        {
            "attributes": {"type": "Contact"},
            "Id": "1",
            "MailingCountry": "IE",
            "CreatedDate": "2026-01-01T00:00:00Z",
        },
        {"attributes": {"type": "Lead"}, "Id": "2", "CreatedDate": "2026-01-01T00:00:00Z"},
    ]
    contact, lead = asked.open(200, {"searchRecords": rows}).records
    assert set(contact.members) == {"attributes", "Id", "MailingCountry"}
    assert set(lead.members) == {"attributes", "Id", "CreatedDate"}
    assert contact.facts is not None
    assert contact.facts["country"] == "IE"


def test_records_of_other_objects_are_pruned(salesforce: Connector) -> None:
    """What was not asked for, or says nothing of itself, is not released; nor is anything around it."""
    row: Tree = {"attributes": {"type": "Contact", "url": "canary"}, "Id": "1"}
    others: list[Tree] = [{"attributes": {"type": "Account"}, "Name": "canary"}, {"Name": "canary"}, "canary"]
    opened = ask(salesforce, SOSL).open(200, {"searchRecords": [row, *others], "metadata": "canary"})
    assert opened.tree == {"searchRecords": [{"attributes": {"type": "Contact"}, "Id": "1"}]}
    assert len(opened.records) == 1
    with pytest.raises(UpstreamFault):
        ask(salesforce, SOSL).open(200, None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"q": "x", "in": "NAME", "sobjects": []},
        {"q": "", "in": "NAME", "sobjects": [{"name": "Contact"}]},
        {"q": 7, "in": "NAME", "sobjects": [{"name": "Contact"}]},
        {"q": "x", "in": 7, "sobjects": [{"name": "Contact"}]},
        {"q": "x", "in": "NAME", "sobjects": [{"name": "Contact", "fields": []}]},
        {"q": "x", "in": "NAME", "sobjects": [{"name": "Contact", "fields": ["Account.Name"]}]},
        {"q": "x", "in": "NAME", "sobjects": [{"name": "Contact; x"}]},
        {"q": "x", "in": "NAME", "sobjects": [{"name": "Contact", "limit": "9"}]},
        {"q": "x", "in": "NAME", "sobjects": [{"name": "Contact", "where": 7}]},
        {"q": "x", "in": "NAME", "sobjects": [{"name": "Contact", "where": "Title = 'a' LIMIT 3"}]},
        {"q": "x", "in": "NAME", "sobjects": ["Contact"]},
        {"q": "x", "in": "NAME", "sobjects": [{"name": "Contact"}], "overallLimit": True},
    ],
)
def test_bodies_that_have_no_words(salesforce: Connector, body: Tree) -> None:
    """Another member, or a value that is not what belongs there, is refused."""
    request = Request("POST", f"{V}/parameterizedSearch")
    with pytest.raises((Gap, Undecodable)):
        salesforce.route(request).recognise(request, body)


def test_a_route_that_makes_no_sense_is_told(load_text: Callable[[str], list[str]]) -> None:
    """The author of a route that searches hears what is missing."""
    for route, words in (("layout: other", "unknown layout"), ("layout: body", "needs an answer")):
        problems = load_text(f'routes:\n  - {{match: "GET /all", object: Thing, grammar: sosl, {route}}}\n')
        assert any(words in problem for problem in problems)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("Lead", {"Phone", "MobilePhone", "Fax"}),
        ("Case", {"SuppliedPhone", "ContactPhone", "ContactMobile", "ContactFax"}),
    ],
)
def test_a_search_by_number_looks_into_every_standard_one(
    salesforce: Connector, name: str, fields: set[str]
) -> None:
    """Faxes too: whoever may not filter by one could look for it all the same."""
    asked = ask(salesforce, f"FIND {{5550101}} IN PHONE FIELDS RETURNING {name}(Id)")
    uses = {use.field for each in asked.operations for use in each.uses if use.action is Action.FILTER}
    assert uses == fields

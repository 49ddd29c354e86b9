"""Records behind a link of one: what comes back, and links to further pages of it."""

from collections.abc import Callable

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Asked
from proxy.errors import UpstreamFault
from proxy.message import Request
from proxy.model import Action

V = "/services/data/v59.0"
ACCOUNT = f"{V}/sobjects/Account/001Lg0000000001IAA"


def ask(connector: Connector, path: str, query: str = "") -> Asked:
    """Return what a request asks for."""
    request = Request("GET", path, query)
    return connector.route(request).recognise(request, None, binding="someone")


def test_further_pages_are_those_of_a_query(salesforce: Connector) -> None:
    """The link to a next page is sealed with a query for the same records, which is judged again."""
    asked = ask(salesforce, f"{ACCOUNT}/Contacts", "fields=Email,SSN__c")
    page = {"totalSize": 9, "done": False, "records": [], "nextRecordsUrl": f"{V}/query/01gLg0000000001AAA-200"}
    tree = asked.open(200, page).tree
    assert isinstance(tree, dict)
    further = ask(salesforce, str(tree["nextRecordsUrl"]))
    (operation,) = further.operations
    assert {f"{use.action} {use.field}" for use in operation.uses} == {
        "list Email",
        "list SSN__c",
        "filter AccountId",
    }
    assert further.target == f"{V}/query/01gLg0000000001AAA-200"


def test_less_and_more_can_be_asked_for(salesforce: Connector) -> None:
    """Fields that could not be shown are not asked for, and fields that facts come from are."""
    asked = ask(salesforce, f"{ACCOUNT}/Contacts", "fields=Email,SSN__c")
    asked.narrow(frozenset({("Contact", "SSN__c")}))
    asked.gather({"Contact": frozenset({"country"})})
    assert asked.target == f"{ACCOUNT}/Contacts?fields=Email%2CMailingCountry"
    row = {"attributes": {"type": "Contact"}, "Email": "e", "MailingCountry": "IE"}
    (record,) = asked.open(200, {"totalSize": 1, "done": True, "records": [row]}).records
    assert record.members == {"attributes": {"type": "Contact"}, "Email": "e"}
    assert record.facts == {"country": "IE"}
    assert record.action is Action.LIST


def test_a_parent_is_one_record_of_its_own_object(salesforce: Connector) -> None:
    """What is behind a link up is opened as what the link leads to, and as nothing else."""
    asked = ask(salesforce, f"{V}/sobjects/Contact/003Lg0000000001IAA/Account")
    (record,) = asked.open(200, {"attributes": {"type": "Account"}, "Name": "n"}).records
    assert (record.object, record.action) == ("Account", Action.READ)
    with pytest.raises(UpstreamFault):
        asked.open(200, {"attributes": {"type": "Contact"}, "Name": "n"})


def test_the_grammar_asks_for_what_it_needs(load_text: Callable[[str], list[str]]) -> None:
    """A route without a relation in its path, or a connector without queries, is told to its author."""
    route = 'routes:\n  - {match: "GET /all/{object}/{id}", grammar: related}\n'
    assert any("/{object}/{id}/{relation}" in problem for problem in load_text(route))

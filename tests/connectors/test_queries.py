"""Answers to queries: records, computed rows, and the pages that follow."""

from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest

from proxy.connectors import Connector, load_connector
from proxy.connectors.asked import Asked
from proxy.errors import ExchangeError, Gap, Undecodable, UpstreamFault
from proxy.message import Request
from proxy.model import Action

V = "/services/data/v59.0"


def ask(connector: Connector, path: str, query: str = "", binding: str = "mara|support") -> Asked:
    """Return what a GET asks for."""
    request = Request("GET", path, query)
    return connector.route(request).recognise(request, None, binding=binding)


def query(connector: Connector, soql: str, binding: str = "mara|support") -> Asked:
    """Return what a query asks for."""
    return ask(connector, f"{V}/query/", f"q={quote_plus(soql)}", binding)


def row(kind: str, **members: object) -> dict[str, object]:
    """Return a row as Salesforce writes it."""
    return {"attributes": {"type": kind, "url": f"{V}/sobjects/{kind}/003000000000001"}, **members}


def page(*rows: object, **members: object) -> dict[str, object]:
    """Return a page of rows."""
    return {"totalSize": len(rows), "done": True, "records": list(rows), **members}


def test_rows_are_records_of_the_object_asked_for(salesforce: Connector) -> None:
    """A row of another object than the query's is a fault, not a record."""
    asked = query(salesforce, "SELECT Id FROM Contact")
    opened = asked.open(200, page(row("Contact", Id="003000000000001"), row("Contact", Secret__c="x")))
    assert [(each.object, each.action, each.key) for each in opened.records] == [
        ("Contact", Action.LIST, "003000000000001")
    ] * 2
    with pytest.raises(UpstreamFault):
        asked.open(200, page(row("Lead", Id="x")))
    with pytest.raises(UpstreamFault):
        asked.open(200, page(row("AggregateResult", expr0="x")))
    with pytest.raises(UpstreamFault):
        asked.open(200, None)


def test_columns_of_an_aggregate_are_the_fields_they_show(salesforce: Connector) -> None:
    """Unnamed columns count up, aliases and group keys map to their field, and any other column is pruned."""
    asked = query(
        salesforce,
        "SELECT Account.Name, MAX(SSN__c), COUNT(Id) n, AVG(Account.AnnualRevenue) FROM Contact"
        " GROUP BY Account.Name",
    )
    opened = asked.open(200, page(row("AggregateResult", Name="Acme", expr0="9", n=3, expr1=4, Email="x")))
    (record,) = opened.records
    assert record.names == {
        "Name": ("Account", "Name", Action.LIST),
        "expr0": ("Contact", "SSN__c", Action.LIST),
        "n": ("Contact", "Id", Action.AGGREGATE),
        "expr1": ("Account", "AnnualRevenue", Action.AGGREGATE),
    }
    assert record.members == {
        "attributes": {"type": "AggregateResult"},
        "Name": "Acme",
        "expr0": "9",
        "n": 3,
        "expr1": 4,
    }
    assert (record.keep, opened.pruned) == (frozenset({"attributes"}), 1)
    with pytest.raises(UpstreamFault):
        asked.open(200, page(row("Contact", SSN__c="x")))
    with pytest.raises(UpstreamFault):
        asked.open(200, None)


def test_a_count_is_only_a_number(salesforce: Connector) -> None:
    """A bare count answers with its size and no rows."""
    asked = query(salesforce, "SELECT COUNT() FROM Contact")
    opened = asked.open(200, page(totalSize=7))
    assert (opened.tree, opened.records) == ({"totalSize": 7, "done": True, "records": []}, [])


@pytest.mark.parametrize(
    "soql", ["SELECT COUNT() FROM Contact", "SELECT COUNT(Id) n FROM Contact", "SELECT Id FROM Contact"]
)
def test_a_size_that_is_no_number_is_left_out(salesforce: Connector, soql: str) -> None:
    """The rest of the answer stands."""
    opened = query(salesforce, soql).open(200, page(totalSize={"canary": 1}))
    assert (opened.tree, opened.totals, opened.sizes) == ({"done": True, "records": []}, [], [])


def follow(connector: Connector, link: object, binding: str = "mara|support") -> Asked:
    """Return what following a link asks for."""
    assert isinstance(link, str)
    return ask(connector, link, binding=binding)


def test_the_next_page_is_judged_again(salesforce: Connector) -> None:
    """A link to the next page carries its query, sealed; following it asks for the same fields again."""
    first = query(salesforce, "SELECT Email FROM Contact WHERE LastName = 'x'")
    opened = first.open(200, page(done=False, nextRecordsUrl=f"{V}/query/01gD0000002HU6KIAW-2000"))
    assert isinstance(opened.tree, dict)
    link = opened.tree["nextRecordsUrl"]
    assert "01gD" not in link
    assert opened.pruned == 0
    second = follow(salesforce, link)
    assert second.target == f"{V}/query/01gD0000002HU6KIAW-2000"
    assert second.operations == first.operations
    third = second.open(200, page(done=False, nextRecordsUrl=f"{V}/query/01gD0000002HU6KIAW-4000"))
    assert isinstance(third.tree, dict)
    assert follow(salesforce, third.tree["nextRecordsUrl"]).operations == first.operations


def test_the_next_page_of_a_sub_query(salesforce: Connector) -> None:
    """The pages of nested records carry the sub-query alone."""
    asked = query(salesforce, "SELECT Id, (SELECT Subject FROM Cases WHERE Status = 'New') FROM Contact")
    cases = page(row("Case", Subject="s"), done=False, nextRecordsUrl=f"{V}/query/01gE-20")
    opened = asked.open(200, page(row("Contact", Cases=cases)))
    assert len(opened.records) == 2
    more = follow(salesforce, cases["nextRecordsUrl"])
    (operation,) = more.operations
    assert {(use.object, use.field, use.action) for use in operation.uses} == {
        ("Case", "Subject", Action.LIST),
        ("Case", "Status", Action.FILTER),
    }
    assert more.open(200, page(row("Case", Subject="t"))).records[0].object == "Case"


def test_a_link_opens_for_whom_it_was_made(salesforce: Connector) -> None:
    """Another principal or purpose cannot follow it, nor can a locator be used as it is."""
    asked = query(salesforce, "SELECT Id FROM Contact")
    opened = asked.open(200, page(nextRecordsUrl=f"{V}/query/01gD-2000"))
    assert isinstance(opened.tree, dict)
    with pytest.raises(Undecodable):
        follow(salesforce, opened.tree["nextRecordsUrl"], binding="zoe|support")
    with pytest.raises(ExchangeError):
        follow(salesforce, f"{V}/query/01gD0000002HU6KIAW-2000")


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example/services/data/v59.0/query/01gD-2000",
        "/services/data/v58.0/query/01gD-2000",  # another version than was asked
        f"{V}/queryAll/01gD-2000",
        f"{V}/query/../limits",
        f"{V}/query/Mara Quinn",
        f"{V}/query/",
        7,
        None,
    ],
)
def test_a_link_of_another_form_is_dropped(salesforce: Connector, link: object) -> None:
    """Only a locator in this API's own URL is a link."""
    opened = query(salesforce, "SELECT Id FROM Contact").open(200, page(nextRecordsUrl=link))
    assert isinstance(opened.tree, dict)
    assert "nextRecordsUrl" not in opened.tree


def test_without_a_sealer_there_are_no_links(root: Path) -> None:
    """A connector that cannot bind a link to its caller drops it, and follows none."""
    bare = load_connector(root / "policies/connectors/salesforce.yaml")
    opened = query(bare, "SELECT Id FROM Contact").open(200, page(nextRecordsUrl=f"{V}/query/01gD-2000"))
    assert isinstance(opened.tree, dict)
    assert opened.tree == {"totalSize": 0, "done": True, "records": []}
    assert opened.pruned == 1
    with pytest.raises(Gap):
        ask(bare, f"{V}/query/{'a' * 40}")


def test_the_trailing_slash_is_the_routes(salesforce: Connector) -> None:
    """Both ways of writing the resource are declared, and each is sent as it is declared."""
    for path in (f"{V}/query", f"{V}/query/"):
        asked = ask(salesforce, path, "q=SELECT%20Id%20FROM%20Contact")
        assert urlsplit(asked.target).path == path
        assert parse_qs(urlsplit(asked.target).query) == {"q": ["SELECT Id FROM Contact"]}


def test_a_query_seen_before_is_understood_alike_and_one_with_values_is_not_kept(salesforce: Connector) -> None:
    """What is kept between requests says nothing of anybody, and nobody's narrowing reaches anybody else."""
    hidden, wanted = frozenset({("Contact", "Email")}), {"Contact": frozenset({"country"})}
    text = "SELECT Id, Email, (SELECT Id FROM Cases) FROM Contact LIMIT 7"
    route = salesforce.route(Request("GET", f"{V}/query/", f"q={quote_plus(text)}"))
    kept = route.declared.grammar.kept  # type: ignore[attr-defined]
    kept.clear()
    for again in (False, True):
        assert ((text, False) in kept) is again
        asked, other = query(salesforce, text), query(salesforce, text, binding="else")
        asked.narrow(hidden)
        assert "Email" not in asked.target
        assert "Email" in other.target
        asked.gather(wanted)
        assert "MailingCountry" in asked.target
        assert "MailingCountry" not in other.target
        assert asked.operations == other.operations
    for condition in (
        "SELECT Id FROM Contact WHERE Email = 'canary@example.org'",
        "SELECT Id FROM Contact WHERE Birthdate = 1984-05-17",
        "SELECT Id, (SELECT Id FROM Cases WHERE Subject = 'canary') FROM Contact",
        "SELECT Name, COUNT(Id) FROM Contact GROUP BY Name HAVING COUNT(Id) > 3",
    ):
        query(salesforce, condition)
        assert (condition, False) not in kept

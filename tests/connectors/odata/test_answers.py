"""Answers of OData: what each member is, and what is never let through."""

import copy

import pytest

from proxy.connectors import Connector
from proxy.errors import UpstreamFault
from proxy.message import Headers, Request, Tree
from proxy.model import Action

ID = "00000000-0000-0000-0000-000000000001"
FORMATTED = "@OData.Community.Display.V1.FormattedValue"


def opened(connector: Connector, target: str, tree: Tree, status: int = 200):
    """Return an answer to a GET below the API's root, taken apart."""
    path, _, query = target.partition("?")
    request = Request("GET", f"/api/data/v9.2/{path}", query, Headers())
    return connector.route(request).recognise(request, None, binding="someone").open(status, copy.deepcopy(tree))


def test_annotations_are_what_they_stand_beside(dynamics: Connector) -> None:
    """The formatted value of a link is the name of its target; anything unheard of is no field at all."""
    row = {
        "@odata.etag": "W",
        "telephone1": "1",
        f"telephone1{FORMATTED}": "1",
        "_ownerid_value": "x",
        f"_ownerid_value{FORMATTED}": "Nora",
        "ownerid": "not how a link is written",
        "telephone1@other.annotation": "1",
        f"unheard_of{FORMATTED}": "1",
    }
    found = opened(dynamics, f"contacts({ID})", row)
    (record,) = found.records
    assert record.names == {
        "telephone1": ("contact", "telephone1", Action.READ),
        f"telephone1{FORMATTED}": ("contact", "telephone1", Action.READ),
        "_ownerid_value": ("contact", "ownerid", Action.READ),
        f"_ownerid_value{FORMATTED}": ("contact", "owneridname", Action.READ),
    }
    assert not {"@odata.etag", "telephone1@other.annotation"} & found.tree.keys()


def test_rows_inside_rows_are_records_of_their_own(dynamics: Connector) -> None:
    """Each is judged as what it is, and goes with the place it stands in; a link to nothing is a field."""
    row = {
        "contactid": ID,
        "parentcustomerid_account": {"accountid": ID, "name": "A", "primarycontactid": None},
        "account_primary_contact": [{"name": "B"}],
        "owninguser": None,
    }
    found = opened(dynamics, "contacts", {"value": [row]})
    assert [record.object for record in found.records] == ["account", "account", "contact"]
    first, second, outer = found.records
    assert outer.key == ID
    assert outer.keep == {"parentcustomerid_account", "account_primary_contact"}
    assert (first.within, second.within) == (
        (outer, "parentcustomerid_account"),
        (outer, "account_primary_contact"),
    )
    assert outer.names["owninguser"] == ("contact", "ownerid", Action.LIST)


@pytest.mark.parametrize(
    "tree",
    [
        [],
        {},
        {"value": {}},
        {"value": [1]},
        {"value": [{"parentcustomerid_account": [{}]}]},
        {"value": [{"account_primary_contact": {"name": "B"}}]},
    ],
)
def test_another_shape_is_withheld(dynamics: Connector, tree: Tree) -> None:
    """What cannot be told apart is not released."""
    with pytest.raises(UpstreamFault):
        opened(dynamics, "contacts", tree)


@pytest.mark.parametrize(
    "link",
    [
        "https://x/api/data/v9.2/accounts?$skiptoken=a",
        "https://x/api/data/v9.2/contacts",
        "https://x/api/data/v9.2/contacts?$skiptoken=a&$skiptoken=b",
        "https://x/api/data/v9.2/contacts?$skiptoken=%zz",
        17,
    ],
)
def test_a_link_elsewhere_is_dropped(dynamics: Connector, link: object) -> None:
    """Only the next page of this very list is sealed."""
    found = opened(dynamics, "contacts", {"value": [], "@odata.nextLink": link, "@odata.deltaLink": "x"})
    assert found.tree == {"value": []}


def test_a_page_is_judged_by_the_query_in_its_link(dynamics: Connector) -> None:
    """The link holds the query as it was sent, and the CRM's token; both go to the CRM again."""
    answer = {"value": [], "@odata.nextLink": "https://x/api/data/v9.2/contacts?$top=2&$skiptoken=%3Ca%20b%3E"}
    link = opened(dynamics, "contacts?$filter=statecode%20eq%200", answer).tree["@odata.nextLink"]
    path, _, query = link.partition("?")
    request = Request("GET", path, query, Headers())
    asked = dynamics.route(request).recognise(request, None, binding="someone")
    (operation,) = asked.operations
    assert [f"{use.action} {use.field}" for use in operation.uses] == ["filter statecode"]
    assert asked.target.endswith("?%24filter=statecode%20eq%200&%24skiptoken=%3Ca%20b%3E")


def test_computed_columns_are_what_was_asked_for(dynamics: Connector) -> None:
    """A count is a number; a column nobody asked for is pruned."""
    target = "contacts?$apply=groupby((address1_city),aggregate($count%20as%20n))"
    rows = [{"address1_city": "Cork", "n": 2, "fullname": "x"}, {"n": "a name"}]
    found = opened(dynamics, target, {"value": rows, "@odata.nextLink": "https://x/"})
    assert found.tree == {"value": [{"address1_city": "Cork", "n": 2}, {}]}
    assert found.records[0].names == {
        "address1_city": ("contact", "address1_city", Action.LIST),
        "n": ("contact", "", Action.AGGREGATE),
    }


def test_no_body_where_there_is_none(dynamics: Connector) -> None:
    """An answer without one is an answer only where the CRM says so."""
    assert opened(dynamics, "contacts", None, 204).tree is None
    with pytest.raises(UpstreamFault):
        opened(dynamics, "contacts", None)

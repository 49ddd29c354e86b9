"""What Odoo answers: links by number and name, groups, definitions, and what is withheld."""

from typing import Any

import pytest

from proxy.connectors import Connector
from proxy.connectors.odoo.answers import Pair
from proxy.errors import UpstreamFault
from proxy.message import Headers, Request, Tree
from proxy.model import Action


def opened(connector: Connector, method: str, result: Tree, *, number: object = 1, **kwargs: Any):
    """Return the answer to a JSON-RPC call on partners, taken apart."""
    request = Request("POST", "/jsonrpc", "", Headers(), b"x")
    args = [] if "ids" not in kwargs else [kwargs.pop("ids")]
    params = {
        "service": "object",
        "method": "execute_kw",
        "args": ["d", 1, "k", "res.partner", method, args, kwargs],
    }
    tree = {"jsonrpc": "2.0", "method": "call", "params": params, "id": 1}
    asked = connector.route(request).recognise(request, tree, binding="someone")
    return asked.open(200, {"jsonrpc": "2.0", "id": number, "result": result})


def test_what_is_done_to_a_link_is_done_to_its_list() -> None:
    """A name that may not be shown is written as Odoo writes that there is none."""
    held: list[Tree] = [7, "Mara Quinn"]
    pair = Pair(held, "display_name")
    pair["display_name"] = "M***"
    assert held == [7, "M***"]
    del pair["display_name"]
    assert held == [7, False]
    assert dict(pair) == {"id": 7}


def test_links_are_records_of_their_own(odoo: Connector) -> None:
    """Each goes with the field it stands in; one to nothing, and links to many, are numbers."""
    row = {"id": 3, "name": "x", "parent_id": [7, "y"], "user_id": False, "child_ids": [4], "secret": 1}
    found = opened(odoo, "read", [row], ids=[3])
    outer, inner = found.records
    assert (outer.object, outer.key, outer.members) == ("res.partner", "3", row)
    assert "secret" not in row
    assert (inner.object, inner.key, inner.members) == ("res.partner", "7", {"id": 7, "display_name": "y"})
    assert (inner.within, inner.keep) == ((outer, "parent_id"), {"id"})
    del row["parent_id"]
    assert inner.gone


def test_groups_are_columns(odoo: Connector) -> None:
    """The domain and the range that repeat their values go; a group by a link is called by its name."""
    row = {
        "country_id": [1, "Ireland"],
        "country_id_count": 2,
        "credit_limit": 9,
        "__domain": [["vat", "=", "x"]],
        "__range": {},
        "vat": "x",
    }
    found = opened(odoo, "read_group", [row], domain=[], fields=["credit_limit:max"], groupby=["country_id"])
    group, link = found.records
    assert group.members.keys() == {"country_id", "country_id_count", "credit_limit"}
    assert {name: group.names[name] for name in group.members} == {
        "country_id": ("res.partner", "country_id", Action.LIST),
        "country_id_count": ("res.partner", "id", Action.AGGREGATE),
        "credit_limit": ("res.partner", "credit_limit", Action.LIST),
    }
    assert (link.object, link.within) == ("res.country", (group, "country_id"))


def test_definitions_are_of_listed_fields(odoo: Connector) -> None:
    """And hold what is listed of a definition."""
    result = {"vat": {"type": "char", "default": "x"}, "secret": {"type": "char"}}
    found = opened(odoo, "fields_get", result)
    assert found.tree["result"] == {"vat": {"type": "char"}}
    assert [record.object for record in found.records] == ["ir.model.fields"]


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("search", ["x"]),
        ("search", [True]),
        ("search_count", -1),
        ("search_count", True),
        ("search_count", "7"),
        ("search_read", {"id": 1}),
        ("search_read", [[1]]),
        ("search_read", [{"child_ids": ["x"]}]),
        ("search_read", [{"child_ids": [{"name": "x"}]}]),
        ("search_read", [{"parent_id": [7, "y", "z"]}]),
        ("search_read", [{"parent_id": ["y", 7]}]),
        ("search_read", [{"parent_id": {"name": "x"}}]),
        ("name_search", [[7, ["x"]]]),
        ("fields_get", []),
    ],
)
def test_another_shape_is_withheld(odoo: Connector, method: str, result: Tree) -> None:
    """What cannot be told apart is not released."""
    with pytest.raises(UpstreamFault):
        opened(odoo, method, result)


def test_the_answer_to_another_call_is_withheld(odoo: Connector) -> None:
    """The number must be that of the call."""
    with pytest.raises(UpstreamFault):
        opened(odoo, "search", [1], number=2)

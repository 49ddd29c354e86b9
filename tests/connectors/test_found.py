"""Searches as Pipedrive's connector has them, and credentials that stand in URLs."""

import pytest

from proxy.connectors import Connector
from proxy.errors import Unidentified, UpstreamFault
from proxy.message import Request, Tree


def searched(pipedrive: Connector, query: str, answer: Tree, path: str = "/api/v2/itemSearch") -> list[str]:
    """Return of which objects records are found in an answer."""
    request = Request("GET", path, query)
    opened = pipedrive.route(request).recognise(request, None).open(200, answer)
    return [record.object for record in opened.records]


def items(*found: Tree) -> Tree:
    """Return an answer with some items."""
    return {"success": True, "data": {"items": [{"result_score": 1.5, "item": each} for each in found]}}


def test_items_are_records_of_what_was_searched(pipedrive: Connector) -> None:
    """One of another kind, or of none, is not released: nobody looked whether it may be."""
    answer = items({"id": 1, "type": "person", "name": "Mara"}, {"id": 2, "type": "deal"}, {"id": 3}, "odd")
    assert searched(pipedrive, "term=mara&item_types=person&fields=name", answer) == ["persons"]
    answer = items({"id": 1, "type": "person", "name": "Mara"}, {"id": 2, "type": "deal", "title": "x"})
    both = "term=mara&item_types=person,deal&fields=name,title"
    assert searched(pipedrive, both, answer) == ["persons", "deals"]


@pytest.mark.parametrize("answer", [None, {"success": True}, {"data": {"items": "x"}}])
def test_an_answer_of_another_shape_is_withheld(pipedrive: Connector, answer: Tree) -> None:
    """A search is answered with items."""
    with pytest.raises(UpstreamFault):
        searched(pipedrive, "term=mara&fields=name", answer, "/v1/persons/search")


@pytest.mark.parametrize("path", ["/v1/persons", "/v1/persons/1", "/api/v2/deals", "/v1/persons/search"])
def test_a_credential_in_a_url_is_none(pipedrive: Connector, path: str) -> None:
    """It has been written down on its way here; nothing of the request goes on."""
    with pytest.raises(Unidentified, match="credential_in_url"):
        pipedrive.route(Request("GET", path, "api_token=0123456789abcdef"))

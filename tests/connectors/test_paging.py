"""Cursors of Pipedrive: the CRM's never reach a client, and none that a client made reaches the CRM."""

import base64
import json
from collections.abc import Callable

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Asked
from proxy.connectors.load import load_connector
from proxy.errors import Gap, Undecodable
from proxy.message import Request, Tree
from tests.connectors.conftest import ROOT, OpenSealer

THEIRS = (
    base64.urlsafe_b64encode(b'{"field":"id","fieldValue":7,"sortDirection":"asc","id":7}').decode().rstrip("=")
)
FORGED = base64.urlsafe_b64encode(b'{"field":"birthday","fieldValue":"1984"}').decode().rstrip("=")
PERSONS, FOUND = "/api/v2/persons", "/api/v2/itemSearch"


@pytest.fixture
def sealed(sealer: OpenSealer) -> Connector:
    """Return the Pipedrive connector as it ships, with a sealer."""
    return load_connector(ROOT / "policies/connectors/pipedrive.yaml", sealer=sealer)


def asked(connector: Connector, path: str, query: str, binding: str = "someone") -> Asked:
    """Return what the connector makes of a request."""
    request = Request("GET", path, query)
    return connector.route(request).recognise(request, None, binding=binding)


def page(path: str, cursor: Tree) -> Tree:
    """Return an answer that has a further page."""
    data: Tree = [] if path == PERSONS else {"items": []}
    return {"success": True, "data": data, "additional_data": {"next_cursor": cursor}}


def following(connector: Connector, path: str, query: str, *, hidden: bool = False) -> str:
    """Return the cursor that is shown in the answer to a request."""
    found = asked(connector, path, query)
    if hidden:
        found.narrow(frozenset({("persons", "notes_count")}))
    tree = found.open(200, page(path, THEIRS)).tree
    assert THEIRS not in json.dumps(tree)
    return str(tree["additional_data"]["next_cursor"])  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    ("path", "query"),
    [(PERSONS, "limit=5&sort_by=id"), (PERSONS, "limit=5"), (FOUND, "term=byrne&fields=name&limit=5")],
)
def test_a_cursor_goes_round(sealed: Connector, path: str, query: str) -> None:
    """What the CRM said comes back to it, and nobody else has seen it."""
    cursor = following(sealed, path, query)
    assert asked(sealed, path, f"{query}&cursor={cursor}").target.endswith(f"cursor={THEIRS}")


def test_a_cursor_is_sealed_whatever_is_left_out(sealed: Connector) -> None:
    """Of a request for fields of which some may not be shown."""
    query = "limit=5&include_fields=notes_count,open_deals_count"
    cursor = following(sealed, PERSONS, query, hidden=True)
    assert f"cursor={THEIRS}" in asked(sealed, PERSONS, f"{query}&cursor={cursor}").target


def test_io_14_a_cursor_is_for_whom_it_was_made(sealed: Connector) -> None:
    """Another caller, another query or another route gets nowhere with it."""
    cursor = following(sealed, PERSONS, "limit=5&sort_by=id")
    for path, query, binding in (
        (PERSONS, "limit=5&sort_by=id", "somebody else"),
        (PERSONS, "limit=5&sort_by=update_time", "someone"),
        ("/api/v2/deals", "limit=5&sort_by=id", "someone"),
    ):
        with pytest.raises(Undecodable):
            asked(sealed, path, f"{query}&cursor={cursor}", binding)


@pytest.mark.parametrize("path", [PERSONS, FOUND])
@pytest.mark.parametrize("cursor", [THEIRS, FORGED])
def test_io_14_a_cursor_that_a_client_made_is_none(sealed: Connector, path: str, cursor: str) -> None:
    """It would have the CRM compare any field with any value."""
    with pytest.raises((Undecodable, Gap)):
        asked(sealed, path, f"term=byrne&fields=name&cursor={cursor}" if path == FOUND else f"cursor={cursor}")


def test_without_a_sealer_there_are_no_further_pages(pipedrive: Connector) -> None:
    """Neither is one shown, nor is one taken."""
    tree = asked(pipedrive, PERSONS, "limit=5").open(200, page(PERSONS, THEIRS)).tree
    assert tree["additional_data"]["next_cursor"] is None  # type: ignore[index,call-overload]
    with pytest.raises(Gap):
        asked(pipedrive, PERSONS, f"limit=5&cursor={FORGED}")


def test_the_last_page_has_none(sealed: Connector) -> None:
    """Null stays null."""
    tree = asked(sealed, PERSONS, "limit=5").open(200, page(PERSONS, None)).tree
    assert tree["additional_data"]["next_cursor"] is None  # type: ignore[index,call-overload]


def test_two_cursors_are_told_to_the_author(load_text: Callable[[str], list[str]]) -> None:
    """As is one whose place is none."""
    one = "{kind: id, next: $.after}"
    route = 'routes:\n  - {match: "GET /all", object: Thing, answer: all, query: QUERY}\n'
    assert any(
        "one cursor at most" in problem
        for problem in load_text(route.replace("QUERY", f"{{a: {one}, b: {one}}}"))
    )
    assert load_text(route.replace("QUERY", '{a: {kind: id, next: "$.a[*]"}}'))

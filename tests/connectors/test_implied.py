"""What routes do by themselves, as their author writes it, and routes that are known and refused."""

from collections.abc import Callable

import pytest

from proxy.connectors import Connector
from proxy.errors import Gap
from proxy.message import Request
from proxy.sentences import SENTENCES

V = "/services/data/v59.0"
ROUTE = 'routes:\n  - {match: "GET /all/{object}", answer: all, uses: {USES}}\n'


@pytest.mark.parametrize(
    ("uses", "words"),
    [
        ("Nope.Id: read", "not among the objects"),
        ("Thing.Nope: read", "not among the fields"),
        ("Thing.{object}: read", ""),
        ("Id: filter", ""),
    ],
)
def test_uses_name_what_is_listed(uses: str, words: str, load_text: Callable[[str], list[str]]) -> None:
    """A route whose use leads nowhere is told to its author; one that names its path's object is not."""
    problems = load_text(ROUTE.replace("USES", f'"{uses.partition(": ")[0]}": {uses.partition(": ")[2]}'))
    assert any(words in problem for problem in problems) if words else problems == []


def test_uses_of_what_the_path_names_need_a_path_that_names_it(load_text: Callable[[str], list[str]]) -> None:
    """`{object}` stands for a blank of the path; without one it stands for nothing."""
    route = 'routes:\n  - {match: "GET /all", object: Thing, answer: all, uses: {"Thing.{object}": read}}\n'
    assert any("its path does not name" in problem for problem in load_text(route))


def test_uses_are_judged_whatever_is_narrowed_or_gathered(salesforce: Connector) -> None:
    """The declared uses stay with the request in every form that it is sent in."""
    request = Request(
        "GET", f"{V}/sobjects/Contact/deleted", "start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z"
    )
    asked = salesforce.route(request).recognise(request, None)
    before = asked.operations
    asked.narrow(frozenset({("Contact", "Email")}))
    asked.gather({"Contact": frozenset({"country"})})
    assert asked.operations == before
    assert [str(use.action) for each in before for use in each.uses] == ["read", "filter", "list"]


def test_a_route_that_is_refused_says_why(salesforce: Connector) -> None:
    """The reason is one that a person is told in a sentence, and no body or parameter is looked at."""
    request = Request("GET", f"{V}/sobjects/Contact/listviews/00B000000000001/results", "anything=1")
    with pytest.raises(Gap) as caught:
        salesforce.route(request)
    assert caught.value.reason == "saved_filter"
    refused = {route.get("refuse") for route in salesforce.document["routes"]}  # type: ignore[attr-defined]
    assert refused - {None} <= SENTENCES.keys()


def test_a_slash_at_the_end_may_be_there_or_not(salesforce: Connector) -> None:
    """One declared route stands for both ways of writing it, and each is sent on as it came."""
    for path in (f"{V}/limits", f"{V}/limits/"):
        request = Request("GET", path)
        assert salesforce.route(request).recognise(request, None).target == path

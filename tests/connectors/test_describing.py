"""Descriptions of objects and fields: what is found, and what is left of it for a caller."""

from collections.abc import Callable

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Told
from proxy.message import Request, Tree
from proxy.model import Action

V = "/services/data/v59.0"
FIELDS = [
    {"name": "Email", "label": "E-mail", "filterable": True, "createable": False, "secret": "canary"},
    {"name": "ssn__c", "label": "SSN", "filterable": True, "createable": True},
    {"name": "Nobody__c", "label": "canary"},
    {"name": 7},
    "canary",
]


def told(connector: Connector, path: str, tree: Tree) -> tuple[Tree, list[Told]]:
    """Return an answer as it was opened, and what describes something in it."""
    request = Request("GET", V + path)
    opened = connector.route(request).recognise(request, None).open(200, tree)
    return opened.tree, opened.told


def may(*allowed: tuple[str, str, Action | None]) -> Callable[[str, str, Action | None], bool]:
    """Return what allows just this."""
    return lambda name, field, action: (name, field, action) in allowed


def test_fields_that_nobody_listed_are_not_there(salesforce: Connector) -> None:
    """Of an object's fields only those remain that the connector lists, with nothing undeclared."""
    answer = {"name": "Contact", "fields": [*FIELDS], "childRelationships": []}
    tree, found = told(salesforce, "/sobjects/Contact/describe", answer)
    assert isinstance(tree, dict)
    assert "canary" not in str(tree)
    assert [each["name"] for each in tree["fields"]] == ["Email", "ssn__c"]
    assert [each.about for each in found] == [
        [("Contact", "")],
        [],
        [("Contact", "Email"), ("Contact", "SSN__c")],
    ]


def test_flags_say_what_the_caller_may_do(salesforce: Connector) -> None:
    """A description goes where there is no use for it, and of the rest only what may be done is true."""
    answer = {"name": "Contact", "fields": [*FIELDS], "childRelationships": []}
    tree, found = told(salesforce, "/sobjects/Contact/describe", answer)
    assert isinstance(tree, dict)
    allows = may(("Contact", "", None), ("Contact", "Email", None))
    assert all(each.cut(allows) for each in found)
    assert tree["fields"] == [{"name": "Email", "label": "E-mail", "filterable": False, "createable": False}]


def test_a_description_that_stands_alone_is_not_released_without_a_use(salesforce: Connector) -> None:
    """An object nobody may use is refused as a whole, and so is one that is not what was asked for."""
    for name in ("Contact", "Secret__c", None):
        _, found = told(salesforce, "/sobjects/Contact/describe", {"name": name, "fields": []})
        assert not all(each.cut(may()) for each in found)


def test_children_are_described_by_the_field_that_links_them(salesforce: Connector) -> None:
    """A relation is known by object and field; one of an unlisted object is not there."""
    children = [
        {"childSObject": "Contact", "field": "AccountId", "relationshipName": "Contacts"},
        {"childSObject": "Secret__c", "field": "Account__c", "relationshipName": "Canary"},
        {"childSObject": "Contact", "field": "Canary__c", "relationshipName": "Canary"},
    ]
    answer = {"name": "Account", "fields": [], "childRelationships": children}
    _, found = told(salesforce, "/sobjects/Account/describe", answer)
    assert found[1].about == [("Contact", "AccountId")]


def test_objects_are_listed_that_the_connector_lists(salesforce: Connector) -> None:
    """The list of all objects holds none that nobody has classified."""
    answer = {"sobjects": [{"name": "Contact", "deletable": True}, {"name": "Secret__c"}]}
    tree, (found,) = told(salesforce, "/sobjects", answer)
    assert found.about == [("Contact", "")]
    assert found.cut(may(("Contact", "", None)))
    assert tree == {"sobjects": [{"name": "Contact", "deletable": False}]}


@pytest.mark.parametrize("word", ["", "\n    field: AccountId"])
def test_a_child_is_declared_with_its_field_and_nothing_else_is(
    word: str, root: object, load_text: Callable[[str], list[str]]
) -> None:
    """The author of a connector is told where a description has no single meaning."""
    kind = "object" if word else "child"
    problems = load_text(f"describes:\n  all:\n  - at: $.list\n    of: {kind}\n    name: name{word}\n")
    assert any("field belongs to of: child" in problem for problem in problems)


def test_a_description_inside_a_batch_is_cut_as_well(salesforce: Connector) -> None:
    """Whoever asks for it among other requests gets no more of it."""
    request = Request("POST", f"{V}/composite/batch")
    body = {"batchRequests": [{"method": "GET", "url": "v59.0/sobjects/Contact/describe"}]}
    answer = {"name": "Contact", "fields": [*FIELDS], "childRelationships": []}
    results = {"hasErrors": False, "results": [{"statusCode": 200, "result": answer}]}
    opened = salesforce.route(request).recognise(request, body).open(200, results)
    assert len(opened.told) == 3
    allows = may(("Contact", "", None), ("Contact", "Email", None))
    assert all(each.cut(allows) for each in opened.told)
    assert "SSN" not in str(opened.tree)

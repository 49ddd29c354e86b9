"""Routes about links, as HubSpot's connector has them."""

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Asked
from proxy.errors import UpstreamFault
from proxy.message import Request, Tree
from proxy.model import Action

USE = ("contacts", "associatedcompanyid", Action.READ)
PEOPLE = "/crm/v4/objects/contacts/12/associations/companies"
FIRM = "/crm/v4/objects/companies/9001/associations/contacts"


def ask(connector: Connector, target: str, method: str = "GET", body: Tree = None) -> Asked:
    """Return what the connector makes of a request."""
    request = Request(method, target, body=b"" if body is None else b"{}")
    return connector.route(request).recognise(request, body)


@pytest.mark.parametrize(("target", "keys"), [(PEOPLE, ["12", "12"]), (FIRM, ["1", "2"])])
def test_each_link_is_about_the_person(hubspot: Connector, target: str, keys: list[str]) -> None:
    """Whichever end was asked; labels that people wrote are left out."""
    types = [{"category": "USER_DEFINED", "typeId": 3, "label": "Boss"}]
    tree = {"results": [{"toObjectId": 1, "associationTypes": types}, {"toObjectId": 2}], "paging": {}}
    opened = ask(hubspot, target).open(200, tree)
    assert [record.key for record in opened.records] == keys
    assert opened.records[0].names == dict.fromkeys(("toObjectId", "id", "recordId", "listId"), USE)
    assert opened.tree == {
        "results": [
            {"toObjectId": 1, "associationTypes": [{"category": "USER_DEFINED", "typeId": 3}]},
            {"toObjectId": 2},
        ],
        "paging": {},
    }


def test_of_many_the_one_without_links_is_not_there(hubspot: Connector) -> None:
    """As the CRM leaves out who has none, so are left out those whose links are hidden."""
    body: Tree = {"inputs": [{"id": "12"}, {"id": "13"}, {"id": "14"}]}
    asked = ask(hubspot, "/crm/v4/associations/contacts/companies/batch/read", "POST", body)
    results: list[Tree] = [
        {"from": {"id": "12"}, "to": [{"toObjectId": 1}], "paging": {}},
        {"from": {"id": "13"}, "to": []},
        {"from": {"id": 14}, "to": [{"toObjectId": 2}]},
    ]
    opened = asked.open(207, {"results": results, "numErrors": 1, "errors": [{"message": "12 has secrets"}]})
    assert [record.key for record in opened.records] == ["12", "14"]
    assert opened.records[0].place is not None
    opened.records[0].place.remove(opened.records[0].members)
    assert isinstance(opened.tree, dict)
    assert opened.tree["results"] == [{"from": {"id": 14}, "to": [{"toObjectId": 2}]}]
    assert "secrets" not in str(opened.tree)


@pytest.mark.parametrize(
    "wrong", ["x", {}, {"from": {"id": "1"}}, {"from": {}, "to": []}, {"from": [], "to": []}]
)
def test_what_is_not_as_declared_is_withheld(hubspot: Connector, wrong: Tree) -> None:
    """Links of many come with whose they are."""
    body: Tree = {"inputs": [{"id": "12"}]}
    asked = ask(hubspot, "/crm/v3/associations/contacts/companies/batch/read", "POST", body)
    with pytest.raises(UpstreamFault):
        asked.open(200, {"results": [wrong]})


def test_an_answer_has_a_list(hubspot: Connector) -> None:
    """One without is not what was asked for; 204 needs none."""
    with pytest.raises(UpstreamFault):
        ask(hubspot, PEOPLE).open(200, {"paging": {}})
    with pytest.raises(UpstreamFault):
        ask(hubspot, PEOPLE).open(200, None)
    assert ask(hubspot, f"{PEOPLE}/1", "DELETE").open(204, None).tree is None

"""What is about more than the path says: definitions, the recycle bin, bulk reads; routes that are wrong."""

from collections.abc import Callable

import pytest

from proxy.connectors import Connector
from proxy.errors import Gap
from proxy.message import Request, Tree


def opened(zoho: Connector, target: str, tree: Tree):
    """Return an answer to a read, taken apart."""
    path, _, query = target.partition("?")
    request = Request("GET", f"/crm/v8{path}", query)
    return zoho.route(request).recognise(request, None).open(200, tree)


def test_definitions_are_of_listed_fields_of_the_module_that_was_named(zoho: Connector) -> None:
    """One that nobody listed is not told of, whoever asks."""
    rows: list[Tree] = [{"api_name": "Email", "data_type": "email", "tooltip": "x"}, {"api_name": "Income"}]
    found = opened(zoho, "/settings/fields?module=Contacts", {"fields": rows})
    (told,) = found.told
    assert told.about == [("Contacts", "Email")]
    assert found.tree == {"fields": [{"api_name": "Email", "data_type": "email"}]}


def test_the_recycle_bin_holds_records_of_any_listed_module(zoho: Connector) -> None:
    """Each is judged as what it says it is; one of another module is not shown."""

    def row(module: str) -> Tree:
        return {"id": "17", "display_name": "Aoife", "module": {"api_name": module, "id": "2"}, "x": 1}

    found = opened(
        zoho, "/settings/recycle_bin", {"recycle_bin": [row("Contacts"), row("Deals"), row("Vendors")]}
    )
    assert [record.object for record in found.records] == ["Contacts", "Deals"]
    assert found.records[0].key == "17"


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"module": {"api_name": "Contacts", "id": "1"}}},
        {"query": {"module": {"api_name": "Contacts"}, "fields": []}},
        {"query": {"module": {"api_name": "Contacts"}, "fields": [1]}},
        {"query": {"module": {"api_name": "Contacts"}, "page": 0}},
        {"query": {"module": {"api_name": "Contacts"}, "criteria": []}},
        {"query": {"module": {"api_name": "Contacts"}, "criteria": {"group_operator": "xor", "group": []}}},
        {
            "query": {
                "module": {"api_name": "Contacts"},
                "criteria": {"field": {"api_name": "IBAN"}, "comparator": "is", "value": 1},
            }
        },
        {"query": {"module": {"api_name": "Vendors"}}},
        {"query": {"module": {"api_name": "Contacts"}}, "file_type": "ics"},
    ],
)
def test_an_export_that_is_not_understood_is_refused(zoho: Connector, body: Tree) -> None:
    """Whatever it would bring."""
    request = Request("POST", "/crm/bulk/v8/read", body=b"{}")
    with pytest.raises(Gap):
        zoho.route(request).recognise(request, body)


def test_an_export_of_everything_takes_what_nobody_listed_too(zoho: Connector) -> None:
    """So it is for those alone who may have that."""
    request = Request("POST", "/crm/bulk/v8/read", body=b"{}")
    found = zoho.route(request).recognise(request, {"query": {"module": {"api_name": "Accounts"}}})
    assert {use.field for use in found.operations[0].uses} >= {"Account_Name", "Phone", "unclassified"}


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ('{match: "POST /q", grammar: zoho-coql}', "needs an answer"),
        ('{match: "GET /{object}/search", grammar: zoho-search, answer: all}', "parameter criteria"),
        ('{match: "POST /{object}", grammar: zoho-rows, layout: odd, answer: all}', "unknown layout"),
        ('{match: "POST /{object}", grammar: zoho-rows}', "needs an answer"),
        ('{match: "POST /rows", grammar: zoho-rows, answer: all}', "names no object"),
        ('{match: "DELETE /bin", grammar: zoho-bin, answer: all}', "parameter ids"),
        ('{match: "DELETE /bin/{id}", grammar: zoho-bin, answer: all}', 'an object at "deleted:"'),
        ('{match: "POST /export", grammar: zoho-export}', "needs an answer"),
        ('{match: "GET /fields", grammar: zoho-fields, answer: all}', "parameter module"),
    ],
)
def test_a_route_that_cannot_be_read_is_told(
    load_text: Callable[[str], list[str]], route: str, said: str
) -> None:
    """By what it lacks."""
    (told,) = load_text(f"routes: [{route}]")
    assert said in told

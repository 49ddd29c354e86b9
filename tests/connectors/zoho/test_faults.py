"""Zoho's errors, alone or in lists, in constants; a record that is not there as one that may not be shown."""

import pytest

from proxy.connectors import Connector
from proxy.message import Request, Tree


def opened(zoho: Connector, status: int, tree: Tree, method: str = "GET", path: str = "/crm/v8/Contacts/17"):
    """Return what is made of an error answer to a read."""
    request = Request(method, path, body=b"{}" if method == "PUT" else b"")
    body = {"data": [{"Phone": "1"}]} if method == "PUT" else None
    return zoho.route(request).recognise(request, body).open(status, tree)


MISSING = {
    "code": "INVALID_DATA",
    "details": {},
    "message": "There is no such record, or a value is not accepted.",
    "status": "error",
}


@pytest.mark.parametrize(
    ("status", "tree"),
    [
        (204, None),
        (404, None),
        (404, {"code": "INVALID_DATA", "details": {"id": "17"}, "message": "x"}),
        (400, {"code": "INVALID_DATA", "details": {"id": "17"}, "message": "x"}),
    ],
)
def test_a_record_that_is_not_there_is_told_in_one_way(zoho: Connector, status: int, tree: Tree) -> None:
    """Deleted, never there, or not to be shown: 404, and the same words."""
    found = opened(zoho, status, tree)
    assert (found.status or status, found.tree) == (404, MISSING)


def test_an_error_of_a_write_stays_what_it_is(zoho: Connector) -> None:
    """A value that is not accepted is no record that is not there."""
    found = opened(zoho, 400, {"code": "INVALID_DATA", "details": {"api_name": "Phone"}}, "PUT")
    assert (found.status, found.tree, found.is_error) == (0, MISSING, True)


def test_each_error_of_a_list_is_told_in_constants(zoho: Connector) -> None:
    """A known code stays; one that nobody listed is that of the status."""
    rows: list[Tree] = [
        {"code": "DUPLICATE_DATA", "details": {"id": "18"}, "message": "canary"},
        {"code": "X"},
        5,
    ]
    found = opened(zoho, 400, {"data": rows}, "PUT")
    assert [each["code"] for each in found.tree["data"]] == [
        *("DUPLICATE_DATA", "INVALID_REQUEST", "INVALID_REQUEST")
    ]
    assert "canary" not in str(found.tree)
    assert "18" not in str(found.tree)


@pytest.mark.parametrize("tree", ["<html>canary", None, {"data": []}, {"code": "canary"}, [1]])
def test_whatever_it_is_something_is_said(zoho: Connector, tree: Tree) -> None:
    """A page of a proxy in between, or nothing."""
    found = opened(zoho, 500, tree)
    assert found.tree == {
        "code": "INTERNAL_ERROR",
        "details": {},
        "message": "The service failed.",
        "status": "error",
    }


@pytest.mark.parametrize("target", ["/Contacts?fields=Email", "/Contacts/search?email=a@example.org", "coql"])
def test_a_list_of_which_nothing_is_left_is_an_empty_one(zoho: Connector, target: str) -> None:
    """Zoho answers an empty list with 204; so it tells nobody that there was somebody."""
    path, _, query = target.partition("?")
    body = {"select_query": "select Email from Contacts where id = 1"} if target == "coql" else None
    method, path = ("POST", "/crm/v8/coql") if body else ("GET", f"/crm/v8{path}")
    request = Request(method, path, query, body=b"{}" if body else b"")
    answer: Tree = {"data": [{"Email": "x", "id": "17"}], "info": {"count": 1, "more_records": False}}
    found = zoho.route(request).recognise(request, body).open(200, answer)
    for total in found.totals:
        total.restate()
    assert found.status == 0
    found.tree["data"].clear()
    for total in found.totals:
        total.restate()
    assert (found.tree, found.status) == (None, 204)

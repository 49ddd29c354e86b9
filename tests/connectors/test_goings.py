"""Writes that take a record away are what they are: a delete, an erasure, or both that and an update."""

import json
from pathlib import Path

import pytest
from msgspec import Raw

from proxy.connectors import Connector, load_connector
from proxy.connectors.asked import Asked
from proxy.connectors.goings import Going, brought_back
from proxy.errors import Problems
from proxy.message import Headers, Request
from proxy.model import Action

CONTACT = "/crm/v3/objects/contacts"
EMPTY = {"email": "", "firstname": None, "lastname": ""}


def asked(connector: Connector, method: str, path: str, tree: object) -> Asked:
    """Return a request as the engine sees it."""
    fields = Headers((("content-type", "application/json"),))
    request = Request(method, path, headers=fields, body=json.dumps(tree).encode())
    return connector.as_what_it_is(connector.route(request).recognise(request, tree))


def said(found: Asked) -> set[tuple[str, str, tuple[str, ...]]]:
    """Return what is done to which records."""
    return {(str(one.action), one.object, one.records) for one in found.operations}


WRITES = [
    # what is written of contact 101, what it comes to
    (EMPTY, {("erase", "contacts", ("101",))}),
    (EMPTY | {"phone": "1"}, {("update", "contacts", ("101",)), ("erase", "contacts", ("101",))}),
    ({"email": "", "firstname": ""}, {("update", "contacts", ("101",))}),  # somebody is left
    (EMPTY | {"email": "a@b.example"}, {("update", "contacts", ("101",))}),
]


@pytest.mark.parametrize(("written", "comes_to"), WRITES)
def test_a_write_that_leaves_nobody_is_an_erasure(hubspot: Connector, written: dict, comes_to: set) -> None:
    """By itself it is that and no update; with more it is both."""
    assert said(asked(hubspot, "PATCH", f"{CONTACT}/101", {"properties": written})) == comes_to


def test_in_a_batch_only_those_go_that_are_emptied(hubspot: Connector) -> None:
    """The others are updated, so that no erasure can take the place of the whole."""
    inputs = [{"id": "101", "properties": EMPTY}, {"id": "102", "properties": {"phone": "1"}}]
    found = asked(hubspot, "POST", f"{CONTACT}/batch/update", {"inputs": inputs})
    assert [one.action for one in found.operations] == [Action.UPDATE, Action.ERASE]
    assert found.operations[-1].records == ("101",)
    found = asked(hubspot, "POST", f"{CONTACT}/batch/update", {"inputs": [inputs[0]]})
    assert said(found) == {("erase", "contacts", ("101",))}


def test_what_is_made_is_not_taken_away(hubspot: Connector) -> None:
    """A new record without a name is a new record; and objects of which nothing is said are left alone."""
    assert {action for action, _, _ in said(asked(hubspot, "POST", CONTACT, {"properties": EMPTY}))} == {
        "create"
    }
    found = asked(hubspot, "PATCH", "/crm/v3/objects/companies/9001", {"properties": {"name": ""}})
    assert said(found) == {("update", "companies", ("9001",))}


FLAGS = [
    # declared, written, whether it goes
    (False, False, True), (False, 0, True), (False, None, True), (False, "false", True), (False, "", True),
    (False, True, False), (False, "x", False), (True, True, True), (True, 1, True), (True, "TRUE", True),
    (True, False, False), (1, Raw(b"1.0"), True), (1, "01", True), (1, Raw(b"1.5"), False),
    (False, Raw(b"-0.0"), True), (False, Raw(b"0e1"), True), (False, Raw(b"2.0"), False), (1, "1", True),
    (1, 2, False), ("Inactive", "inactive", True), ("Inactive", "", False),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "written", "goes"), FLAGS)
def test_a_flag_is_read_as_crms_read_it(declared: object, written: object, goes: bool) -> None:
    """Yes and no in every way in which they take them; other values as they stand."""
    found = Going({"flag": declared}, frozenset()).by({"flag": written})
    assert (found is not None) is goes


def test_spaces_are_nothing() -> None:
    """CRMs take them off."""
    fields = frozenset({"email", "name"})
    assert Going({}, fields).by({"email": " ", "name": "\t\u00a0"}) is not None
    assert Going({}, fields).by({"email": " ", "name": "x"}) is None


def test_nobody_goes_by_a_field_that_is_not_written() -> None:
    """Nor by a list that is emptied of nothing, where nothing is declared."""
    assert Going({"flag": False}, frozenset()).by({"name": ""}) is None
    assert Going({}, frozenset()).by({"name": ""}) is None


BACK = [
    # declared, written, whether the record is there again
    (False, True, True), (False, "x", True), (False, False, False), (False, None, False),
    (True, False, True), (True, None, True), (True, "true", False), (1, 0, True), (1, "1", False),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "written", "back"), BACK)
def test_a_flag_that_is_taken_back_brings_a_record_back(declared: object, written: object, back: bool) -> None:
    """Whatever else is written for it than what took the record away."""
    assert Going({"flag": declared}, frozenset()).back_by({"flag": written}) is back
    assert not Going({"flag": declared}, frozenset()).back_by({"name": written})


def test_a_request_says_which_records_it_brings_back(hubspot: Connector) -> None:
    """A merge both of them; in a batch those whose flag is taken back, and none by an address."""
    merge = {"primaryObjectId": "102", "objectIdToMerge": "101"}
    found = asked(hubspot, "POST", f"{CONTACT}/merge", merge)
    assert set(hubspot.brought_back(found)) == {("contacts", "101"), ("contacts", "102")}
    goings = {"contacts": Going({"fax": ""}, frozenset())}
    inputs = [{"id": key, "properties": {"fax": fax}} for key, fax in (("101", "1"), ("102", ""))]
    found = asked(hubspot, "POST", f"{CONTACT}/batch/update", {"inputs": inputs})
    assert brought_back(found, goings) == (("contacts", "101"),)
    one = {"id": "a@b.example", "idProperty": "email", "properties": {"fax": "1"}}
    found = asked(hubspot, "POST", f"{CONTACT}/batch/update", {"inputs": [one]})
    assert brought_back(found, goings) == (("contacts", ""),)
    found = asked(hubspot, "POST", CONTACT, {"properties": {"fax": "1"}})
    assert brought_back(found, goings) == ()


def test_a_field_that_is_not_listed_is_told_with_its_place(tmp_path: Path, root: Path) -> None:
    """At load, with the near word."""
    text = (root / "policies/connectors/hubspot.yaml").read_text("utf-8")
    wrong = text.replace(
        "erases: [email, firstname, lastname]", "erases: [email, firstnam]\n    deletes: {gone: true}"
    )
    path = tmp_path / "hubspot.yaml"
    path.write_text(wrong, "utf-8")
    with pytest.raises(Problems) as problems:
        load_connector(path)
    told = str(problems.value)
    line = 1 + text.split("erases: [email")[0].count("\n")
    assert f"hubspot.yaml:{line}:21: error LG301: firstnam is no field of contacts" in told
    assert "gone is no field of contacts" in told

"""What stands inside flat records: lists of values, fields in a member of their own, records in short."""

import re
from typing import Any

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Opened
from proxy.connectors.facts import Gathering
from proxy.connectors.rows import Page, Rows
from proxy.connectors.spec import RecordModel
from proxy.connectors.words import ObjectWords, Words
from proxy.message import Request, Tree
from proxy.model import Action, AttributeSpec, FieldSpec, ObjectSpec

ID = re.compile("[0-9]+")
FIELDS = {name: FieldSpec("system.operations") for name in ("id", "name", "mail", "firm", "own")}
PERSON = ObjectSpec("people", FIELDS, "id", attributes={"owned": AttributeSpec("own", "string")})
FIRM = ObjectSpec("firms", {name: FIELDS[name] for name in ("id", "name", "mail")})
WORDS = Words({"people": ObjectWords(PERSON), "firms": ObjectWords(FIRM)})


def opened(tree: Tree, gathering: Gathering | None = None, **more: Any) -> Opened:
    """Return what is found in one person."""
    rows = Rows.compile(RecordModel(key=["$.id"], **more), WORDS, ID, {"label": re.compile("[a-z]*")})
    found = Opened(tree)
    Page(rows, Action.READ, found, gathering=gathering or Gathering()).open(tree, WORDS.object("people"))
    return found


def test_every_value_of_a_list_is_one_of_the_field() -> None:
    """With what is declared beside it; a list of nothing is not there, one of no listed field is not opened."""
    tree: dict[str, Tree] = {
        "id": 7,
        "mail": [{"value": "a", "label": "work", "by": "x"}, {"value": "b"}],
        "name": [],
        "zork": [{"value": "1"}],
        "own": ["plain"],
    }
    found = opened(tree, many="value", beside={"$.label": "label"})
    first, second, record = found.records
    assert first.names == {"value": ("people", "mail", Action.READ)}
    assert (first.key, second.members) == ("7", {"value": "b"})
    assert "name" not in tree
    assert record.keep == {"mail"}
    assert tree["zork"] == []  # not kept: it goes, as every field that nobody listed
    for each in (first, second):
        assert each.place is not None
        each.place.remove(each.members)
    assert "mail" not in tree


def test_fields_in_a_member_of_their_own_are_the_records() -> None:
    """And conditions know them, too."""
    tree: dict[str, Tree] = {"id": 7, "more": {"own": "x", "zork": 1}, "other": {"own": "y"}}
    gathering = Gathering({"people": frozenset({"owned"})})
    found = opened(tree, gathering, more=["more"])
    inner, outer = found.records
    assert (inner.object, inner.key, inner.keep) == ("people", "7", frozenset())
    assert inner.members is tree["more"]
    assert outer.keep == {"more"}
    assert inner.facts == outer.facts == {"owned": "x"}


def test_a_record_in_short_is_a_link_and_a_record() -> None:
    """Its id is judged as the link, its name as its own; where nothing of it may be shown the link is null."""
    tree: dict[str, Tree] = {"id": 7, "firm": {"key": 9, "name": "Acme", "mail": [{"value": "a"}], "zork": 1}}
    found = opened(tree, many="value", short={"firm": {"object": "firms", "id": "key"}})
    entry, short, outer = found.records
    assert short.names == {
        "key": ("people", "firm", Action.READ),
        "name": ("firms", "name", Action.READ),
        "mail": ("firms", "mail", Action.READ),
    }
    assert (short.object, short.key, short.within, short.keep) == ("firms", "9", (outer, "firm"), {"mail"})
    assert (entry.object, entry.key) == ("firms", "9")
    assert outer.keep == {"firm"}


@pytest.mark.parametrize("value", [9, "9", None, ["x"]])
def test_what_is_no_record_in_short_is_judged_as_the_field(value: Tree) -> None:
    """An id in its place, or nothing, is the link itself; a list is no value."""
    found = opened({"id": 7, "firm": value}, short={"firm": {"object": "firms"}})
    (record,) = found.records
    assert record.keep == frozenset()


def test_a_list_is_one_of_values_and_no_more() -> None:
    """What lies deeper was not opened, so nobody has judged it."""
    tree: dict[str, Tree] = {"id": 7, "own": {"a": 1}, "mail": ["a", {"b": 1}, ["c"]], "name": "Mara"}
    found = opened(tree, many="value")
    assert tree == {"id": 7, "mail": ["a"], "name": "Mara"}
    assert found.pruned == 3


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"short": {"firm": {"object": "robots"}}}, "not among the objects"),
        ({"fields": "$.x", "many": "value"}, "records without fields:"),
        ({"fields": "$.x", "more": ["y"]}, "records without fields:"),
    ],
)
def test_the_author_is_told(model: dict[str, Any], message: str) -> None:
    """What cannot mean anything is found when the connector loads."""
    with pytest.raises(ValueError, match=message):
        Rows.compile(RecordModel(**model), WORDS, ID, {})


def test_what_is_written_in_a_list_is_written_where_it_stands(pipedrive: Connector) -> None:
    """So that whoever changes what is written changes what is sent; all of a body is for its one record."""
    body: dict[str, Tree] = {
        "name": "Mara",
        "emails": [{"value": "a@example.org", "primary": True}, {"value": "b@example.org"}],
        "phones": ["1"],
        "custom_fields": {"1f7a0c4b9d2e6358a1c7f0b4d9e2635871a0c4bd": "x"},
    }
    request = Request("PATCH", "/api/v2/persons/7", body=b"{}")
    asked = pipedrive.route(request).recognise(request, body)
    assert {write.targets for write in asked.writes} == {("7",)}
    for write in asked.writes:
        for name in write.members.keys() - write.keep:
            holder, member = write.stands(name)
            holder[member] = "sealed"
    assert asked.tree == {
        "name": "sealed",
        "emails": [{"value": "sealed", "primary": True}, {"value": "sealed"}],
        "phones": [
            "1"
        ],  # alone in a list it cannot be sealed, and whoever seals refuses what is not in its place
        "custom_fields": {"1f7a0c4b9d2e6358a1c7f0b4d9e2635871a0c4bd": "sealed"},
    }

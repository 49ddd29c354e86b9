"""What stands beside the fields of a record: cells, earlier values, links; all of it judged as a field."""

import re
from typing import Any

import pytest

from proxy.connectors.asked import Beside, Opened
from proxy.connectors.facts import Gathering
from proxy.connectors.linked import Links
from proxy.connectors.rows import Page, Rows
from proxy.connectors.spec import LinksModel, RecordModel
from proxy.connectors.words import ObjectWords, Words
from proxy.errors import Gap, UpstreamFault
from proxy.model import Action, AttributeSpec, FieldSpec, ObjectSpec

ID = re.compile("[0-9]+")
FIELDS = {name: FieldSpec("system.operations") for name in ("id", "name", "mail", "employer")}
PERSON = ObjectSpec("people", FIELDS, "id", attributes={"named": AttributeSpec("name", "string")})
WORDS = Words({"people": ObjectWords(PERSON), "firms": ObjectWords(ObjectSpec("firms", {"id": FIELDS["id"]}))})
LINKS = LinksModel(ids=["id"], beside={"$.type": "name"}, between={"people": {"firms": "employer"}})


def rows(**more: Any) -> Rows:
    """Return rows whose fields lie in `fields`."""
    model = RecordModel(fields="$.fields", outer={"id": "id"}, key=["$.id"], **more)
    return Rows.compile(model, WORDS, ID, {}, Links.compile(LINKS, WORDS, {}))


def opened(tree: object, of: Rows, name: str = "people", gathering: Gathering | None = None) -> Opened:
    """Return what is found in one record."""
    found = Opened(tree)
    asked = Beside({"name", "mail", "zork"}, {"firms", "people", "robots"})
    page = Page(of, Action.READ, found, gathering=gathering or Gathering(), asked=asked)
    page.open(tree, WORDS.object(name))
    return found


def test_a_cell_is_a_field_with_all_it_was() -> None:
    """Its value and the earlier ones are each judged as the field; of what nobody listed there is nothing."""
    tree = {
        "id": 7,
        "fields": {
            "name": {"value": "Mara", "past": [{"value": "Mari", "at": 1, "by": "x"}], "source": "x"},
            "zork": {"value": "1"},
            "mail": "flat",
        },
    }
    found = opened(tree, rows(cells="value", history="past", beside={"$.at": "count"}))
    assert tree["fields"] == {"name": {"value": "Mara", "past": [{"value": "Mari", "at": 1}]}}
    cell, past, outer = found.records
    use = ("people", "name", Action.READ)
    assert (cell.names, past.names, cell.keep) == ({"value": use}, {"value": use}, {"past"})
    assert (cell.key, past.key, outer.key) == ("7", "7", "7")
    assert outer.keep == {"fields"}
    assert cell.place is not None
    cell.place.remove(cell.members)
    assert tree["fields"] == {}


def test_conditions_know_a_record_in_cells() -> None:
    """Facts are read from the values of cells, and what only we asked for is taken out."""
    tree = {"fields": {"name": {"value": "Mara"}, "mail": {"value": "m@example.org"}}}
    gathering = Gathering({"people": frozenset({"named"})}, {(): frozenset({"name"})})
    found = opened(tree, rows(cells="value"), gathering=gathering)
    assert {record.facts["named"] for record in found.records if record.facts} == {"Mara"}
    assert tree["fields"].keys() == {"mail"}


def test_earlier_values_lie_beside_the_fields() -> None:
    """By field; a list that is empty or of no listed field is not there."""
    tree = {"id": "7", "fields": {}, "past": {"name": [{"value": "a"}], "mail": [], "zork": [{"value": "1"}]}}
    found = opened(tree, rows(history="past"))
    assert tree["past"] == {"name": [{"value": "a"}]}
    assert (found.records[0].names, found.pruned) == ({"value": ("people", "name", Action.READ)}, 1)
    empty = {"id": "7", "fields": {}, "past": {"mail": []}}
    opened(empty, rows(history="past"))
    assert "past" not in empty


def test_a_link_is_the_field_that_says_so_from_both_ends() -> None:
    """What a person is linked to is about that person; who is linked to a firm is about each of them."""
    page = {"results": [{"id": "9", "type": "works", "extra": 1}], "paging": {"next": {"after": "9"}}}
    tree = {"id": "7", "fields": {}, "links": {"firms": page, "robots": {"results": [{"id": "1"}]}}}
    found = opened(tree, rows(links="links"))
    assert tree["links"] == {"firms": {"results": [{"id": "9", "type": "works"}]}}
    assert (found.records[0].object, found.records[0].key) == ("people", "7")
    firm = {"id": "9", "fields": {}, "links": {"people": {"results": [{"id": "7"}, {"id": "8"}]}}}
    found = opened(firm, rows(links="links"), "firms")
    assert [(each.object, each.key) for each in found.records[:2]] == [("people", "7"), ("people", "8")]
    for each in found.records[:2]:
        assert each.place is not None
        each.place.remove(each.members)
    assert "links" not in firm


def test_what_was_not_asked_for_is_not_there() -> None:
    """An answer that has more beside its fields than the request named says none of it."""
    tree = {
        "id": "7",
        "fields": {"name": "Mara"},
        "past": {"name": [{"value": "Mari"}]},
        "links": {"firms": {"results": [{"id": "9"}]}},
    }
    found = Opened(tree)
    Page(rows(history="past", links="links"), Action.READ, found).open(tree, WORDS.object("people"))
    assert tree == {"id": "7", "fields": {"name": "Mara"}}
    assert found.pruned == 2


@pytest.mark.parametrize("wrong", [{"past": []}, {"links": "x"}, {"fields": 1}])
def test_what_is_not_as_declared_is_withheld(wrong: dict[str, object]) -> None:
    """A member that should hold all of it and is something else ends the answer."""
    with pytest.raises(UpstreamFault):
        opened({"id": "7", "fields": {}, **wrong}, rows(history="past", links="links"))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (RecordModel(cells="value"), "need fields:"),
        (RecordModel(history="past"), "need fields:"),
        (RecordModel(fields="$.fields", links="links"), "section of that name"),
        (RecordModel(fields="$.fields", history="past", beside={"$.at": "zork"}), "neither a known kind"),
    ],
)
def test_the_author_is_told(model: RecordModel, message: str) -> None:
    """What cannot mean anything is found when the connector loads."""
    with pytest.raises(ValueError, match=message):
        Rows.compile(model, WORDS, ID, {})


@pytest.mark.parametrize(
    ("between", "message"),
    [
        ({"people": {"robots": "employer"}}, 'no object "robots"'),
        ({"robots": {"people": "employer"}}, 'no object "robots"'),
        ({"people": {"firms": "zork"}}, 'no field "zork"'),
        ({"people": {"firms": "employer"}, "firms": {"people": "id"}}, "twice"),
    ],
)
def test_links_lead_to_what_is_listed(between: dict[str, dict[str, str]], message: str) -> None:
    """A link is a listed field of a listed object, and said once."""
    with pytest.raises(ValueError, match=message):
        Links.compile(LinksModel(ids=["id"], between=between), WORDS, {})
    with pytest.raises(Gap):
        Links.compile(LINKS, WORDS, {}).field("firms", "firms")

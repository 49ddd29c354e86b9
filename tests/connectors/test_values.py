"""Lists of values of one field: what an entry is, and where it goes from when it may not be shown."""

import re

import pytest

from proxy.connectors.asked import Opened
from proxy.connectors.values import Use, Values
from proxy.message import Place, Tree
from proxy.model import Action

USE = Use("people", "email", Action.READ)
VALUES = Values.compile(("value",), {"$.at": "count", "$.kind": "word"}, {"word": re.compile("[a-z]+")})


def test_an_entry_keeps_what_is_declared_beside_its_value() -> None:
    """Everything else goes, and so does what is not of its kind; what is no entry is no value."""
    items: list[Tree] = [{"value": "a", "at": 1, "kind": "new", "by": "Zoe"}, {"value": "b", "kind": "a b"}, "c"]
    opened = Opened(items)
    VALUES.open_list(items, USE, opened, key="7")
    assert items == [{"value": "a", "at": 1, "kind": "new"}, {"value": "b"}]
    assert opened.pruned == 3
    first, second = opened.records
    assert (first.members, first.names, first.keep) == (items[0], {"value": USE}, {"at", "kind"})
    assert (first.object, first.action, first.key) == ("people", Action.READ, "7")
    assert second.names is first.names  # so that what is to be done with them is worked out once


@pytest.mark.parametrize("value", [{"value": "a"}, ["a"], [], {}])
def test_a_value_that_holds_more_is_none(value: Tree) -> None:
    """Also where the field is one that may hold more when it has a single value."""
    items: list[Tree] = [{"value": value, "at": 1}]
    opened = Opened(items)
    VALUES.open_list(items, USE, opened)
    assert (items, opened.pruned) == ([{"at": 1}], 1)


def test_an_entry_about_another_record_says_which() -> None:
    """Where no record is given the value is one's id, a number or a text."""
    opened = Opened(None)
    VALUES.open_list([{"value": 12}, {"value": "13"}, {"value": None}, {}], USE, opened)
    assert [record.key for record in opened.records] == ["12", "13", None, None]


def test_an_empty_list_goes_as_a_hidden_one_does() -> None:
    """Nobody can tell them apart."""
    holder: dict[str, Tree] = {"email": [], "phone": [{"value": "1"}]}
    outer: dict[str, Tree] = {"past": holder}
    for name in ("email", "phone"):
        opened, items = Opened(None), holder[name]
        assert isinstance(items, list)
        VALUES.open_list(items, USE, opened, outer=Place(holder, Place(outer)))
    assert holder.keys() == {"phone"}
    (record,) = opened.records
    assert record.place is not None
    record.place.remove(record.members)
    assert outer == {}


def test_more_than_the_list_may_go_with_it() -> None:
    """An envelope around the list says as much as the list."""
    entries: list[Tree] = [{"value": "1"}]
    whole: dict[str, Tree] = {"from": "7", "to": entries}
    page: list[Tree] = [whole, {"from": "8"}]
    opened = Opened(page)
    VALUES.open_list(entries, USE, opened, outer=Place(page), whole=whole)
    assert opened.records[0].place is not None
    opened.records[0].place.remove(entries[0])
    assert page == [{"from": "8"}]

"""What goes from an answer, and what stays of it; by identity, so that equal records are told apart."""

import pytest

from proxy.columns import Alike, Dicts
from proxy.connectors import Opened
from proxy.connectors.asked import Missing, Total
from proxy.errors import Refused
from proxy.message import Record
from proxy.model import Action
from proxy.withheld import Hidden, restate, take_out, withhold


def opened_of(tree: object, *records: dict[str, object], **more: object) -> Opened:
    """Return an answer that was asked for to read."""
    found = [Record("person", Action.LIST, each) for each in records]
    return Opened(tree, found, discloses=True, **more)


def hide(opened: Opened, *shown: bool) -> set[int]:
    """Take out the records that are not shown."""
    return withhold(opened, Hidden.of(opened, list(shown), []))


def test_of_equal_records_the_hidden_one_goes() -> None:
    """IO-18: and the list says how many are left."""
    one, two = {"a": 1}, {"a": 1}
    tree = {"rows": [one, two], "total": 2}
    opened = opened_of(tree, one, two, totals=[Total(tree, "total", tree, "rows", "person")])
    hide(opened, True, False)
    restate(opened, lambda name: name == "person")
    assert tree["rows"][0] is one
    assert tree == {"rows": [one], "total": 1}
    assert [each.members for each in opened.records] == [one]


def test_a_count_of_what_cannot_be_hidden_stays() -> None:
    """It is the CRM's, of all pages."""
    tree = {"rows": [], "total": 70}
    opened = opened_of(tree, totals=[Total(tree, "total", tree, "rows", "person")])
    restate(opened, lambda _name: False)
    assert tree["total"] == 70


def test_a_count_without_a_list_is_null_and_one_in_text_stays_text() -> None:
    """Nobody here can say how many would be shown."""
    tree = {"total": 70, "size": "70", "rows": [1]}
    totals = [Total(tree, "total", tree, "", "person"), Total(tree, "size", tree, "rows", "person")]
    restate(opened_of(tree, totals=totals), lambda _name: True)
    assert tree == {"total": None, "size": "1", "rows": [1]}


def test_what_is_round_a_record_goes_with_it() -> None:
    """An edge, the element of a search: nothing else is in it."""
    one, two = {"a": 1}, {"a": 2}
    tree = {"edges": [{"node": one, "weight": 1}, {"node": two, "weight": 2}]}
    hide(opened_of(tree, one, two), False, True)
    assert tree == {"edges": [{"node": two, "weight": 2}]}


def test_a_record_stays_for_what_is_shown_inside() -> None:
    """Of HubSpot's records the fields are in a member of their own."""
    inner = {"name": "x"}
    outer = {"properties": inner}
    tree = {"results": [outer]}
    hide(opened_of(tree, outer, inner), False, True)
    assert tree == {"results": [{"properties": {"name": "x"}}]}


def test_records_that_are_alike_go_one_by_one() -> None:
    """Those that stay are still together."""
    rows: list[dict[str, object]] = [{"a": number} for number in range(3)]
    tree = {"rows": rows}
    opened = Opened(tree, discloses=True)
    opened.alike = [Alike("person", Action.LIST, Dicts(rows), frozenset(), ["0", "1", "2"])]
    withhold(opened, Hidden.of(opened, [], [[True, False, True]]))
    assert tree == {"rows": [{"a": 0}, {"a": 2}]}
    assert opened.alike[0].keys == ["0", "2"]


def test_null_stands_for_what_is_not_there_where_the_crm_has_it_so() -> None:
    """A list with an item for each id; a place for one record in GraphQL."""
    one, two = {"a": 1}, {"a": 2}
    rows: list[object] = [one, two, None]
    hide(opened_of(rows, one, two, sparse=[rows]), True, False)
    assert rows == [one, None, None]
    alone = {"a": 1}
    tree = {"data": {"person": alone}}
    hide(opened_of(tree, alone, blank=True), False)
    assert tree == {"data": {"person": None}}


@pytest.mark.parametrize("at_the_root", [True, False])
def test_one_that_was_asked_for_alone_is_answered_as_missing(at_the_root: bool) -> None:
    """Or refused, where the CRM has no such answer."""
    one = {"a": 1}
    tree: dict[str, object] = one if at_the_root else {"data": one}
    opened = opened_of(tree, one, missing=Missing(404, {"error": "none"}))
    hide(opened, False)
    assert (opened.tree, opened.status, opened.absent) == ({"error": "none"}, 404, True)
    again = {"a": 1}
    with pytest.raises(Refused):
        hide(opened_of(again if at_the_root else {"data": again}, again), False)


def test_each_of_several_answers_is_one_of_its_own() -> None:
    """And they are put together again."""
    one, two = {"a": 1}, {"a": 2}
    whole = Opened(None, discloses=True)
    for each in (one, two):
        whole.hold(opened_of(each, each, missing=Missing(404, "none")))
    whole.compose = lambda: [(part.status, part.tree) for part in whole.parts]
    hide(whole, False, True)
    assert whole.tree == [(404, "none"), (0, {"a": 2})]
    assert not whole.absent


def test_what_a_write_answers_stays() -> None:
    """Its records are in the order in which they were written."""
    one = {}
    opened = opened_of([one], one)
    opened.discloses = False
    assert hide(opened, False) == set()
    assert opened.tree == [{}]


def test_who_is_restricted_leaves_null_inside_another_and_nothing_in_a_list() -> None:
    """As it always was; an answer that is nothing else is refused."""
    parent, outer, other = {"b": 1}, {}, {"a": 2}
    outer["parent"] = parent
    tree = {"rows": [outer, other]}
    opened = opened_of(tree, parent, outer, other)
    take_out(opened, {id(parent), id(other)}, "person_restricted")
    assert tree == {"rows": [{"parent": None}]}
    assert len(opened.records) == 1
    with pytest.raises(Refused, match="person_restricted"):
        take_out(opened_of(outer, outer), {id(outer)}, "person_restricted")

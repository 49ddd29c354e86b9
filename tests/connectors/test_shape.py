"""Closed shapes: strict for requests, pruning for answers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors.shape import ANSWERED, GONE, MAX_ITEMS, REQUESTED, Shape
from proxy.errors import Gap, Undecodable, UpstreamFault

PATTERNS = {"digits": re.compile(r"[0-9]{1,3}")}
PAGE = {
    "$.results[*]": "record",
    "$.total": "count",
    "$.done": "flag",
    "$.at": "time",
    "$.kind": "name",
    "$.next.after": "digits",
    "$.next.link": "drop",
    "$.errors": "empty",
}
LEAVES = st.integers() | st.booleans() | st.none() | st.text(max_size=5)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["results", "total", "next", "after", "zip"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def page() -> Shape:
    """Return the shape of a page."""
    return Shape(PAGE, ANSWERED, PATTERNS)


def opened(tree: object) -> tuple[object, int]:
    """Return the tree pruned, records kept as they are, and the count."""
    return page().open(tree, {"record": lambda row: row, "more": lambda _: GONE})


@pytest.mark.parametrize(
    ("given_tree", "kept", "pruned"),
    [
        (
            {"results": [{"a": 1}], "total": 3, "done": True},
            {"results": [{"a": 1}], "total": 3, "done": True},
            0,
        ),
        # a member nobody listed
        ({"results": [], "debug": {"ssn": "1"}}, {"results": []}, 1),
        # text where a number belongs could be anything
        ({"results": [], "total": "078-05-1120"}, {"results": []}, 1),
        # a truth value is no number
        ({"results": [], "total": True}, {"results": []}, 1),
        ({"results": [], "total": -1}, {"results": []}, 1),
        ({"results": [], "done": 1}, {"results": []}, 1),
        (
            {"results": [], "at": "2026-11-23T10:00:00.123Z"},
            {"results": [], "at": "2026-11-23T10:00:00.123Z"},
            0,
        ),
        ({"results": [], "at": "Mara Quinn"}, {"results": []}, 1),
        ({"results": [], "kind": "Mara Quinn"}, {"results": []}, 1),
        # a cursor of another form
        ({"results": [], "next": {"after": "abc"}}, {"results": [], "next": {}}, 1),
        # known, never shown, and no surprise
        ({"results": [], "next": {"after": "1", "link": "?x"}}, {"results": [], "next": {"after": "1"}}, 0),
        # a container where a scalar belongs, a scalar where a container belongs
        ({"results": [], "total": {"a": 1}, "next": "x"}, {"results": []}, 2),
        ({"results": [], "errors": [{"message": "x"}]}, {"results": [], "errors": []}, 1),
        ({"results": [], "errors": "x"}, {"results": []}, 2),
        # nothing is nothing
        ({"results": [], "total": None}, {"results": [], "total": None}, 0),
    ],
)
def test_an_answer_is_cut_down_to_what_is_declared(given_tree: object, kept: object, pruned: int) -> None:
    """Only declared members of the declared kind stay, and what goes is counted."""
    assert opened(given_tree) == (kept, pruned)


@pytest.mark.parametrize("tree", [None, [], "x", {}, {"results": None}, {"results": {}}, {"result": []}])
def test_an_answer_without_its_records_is_a_fault(tree: object) -> None:
    """An answer in which the records cannot be found is not an empty one."""
    with pytest.raises(UpstreamFault):
        opened(tree)


def test_items_that_are_not_of_their_kind_go() -> None:
    """A list keeps the items that are what they should be."""
    shape = Shape({"$.ids[*]": "digits"}, ANSWERED, PATTERNS)
    assert shape.open({"ids": ["1", "Mara", 2, "3"]}, {}) == ({"ids": ["1", "3"]}, 2)


def test_the_outermost_container_must_be_the_declared_one() -> None:
    """An answer that is something else altogether is a fault."""
    for wrong in ([], "x", 1):
        with pytest.raises(UpstreamFault):
            Shape({"$.n": "count"}, ANSWERED, PATTERNS).open(wrong, {})


@given(TREES)
def test_no_undeclared_text_survives(tree: object) -> None:
    """Whatever comes, what stays outside records is a declared number or a short run of digits."""
    try:
        kept, _ = opened(tree)
    except UpstreamFault:
        return
    assert isinstance(kept, dict)
    assert kept.keys() <= {"results", "total", "next"}
    assert kept.get("total") is None or type(kept["total"]) is int
    after = (kept.get("next") or {}).get("after")
    assert after is None or PATTERNS["digits"].fullmatch(after)


def test_a_request_is_read_whole_or_refused() -> None:
    """Each member of a request is visited by its kind, and one that nobody listed refuses the whole."""
    shape = Shape({"$.inputs[*].id": "key", "$.names[*]": "select", "$.n": "count"}, REQUESTED, PATTERNS)
    seen: list[object] = []

    def note(value: object) -> object:
        seen.append(value)
        return value

    visits = {"key": note, "select": note}
    tree = {"inputs": [{"id": "1"}, {"id": "2"}], "names": ["a"], "n": 1}
    assert shape.read(tree, visits) == tree
    assert seen == ["1", "2", "a"]
    for wrong in (
        {"x": 1},
        {"inputs": {}},
        {"inputs": [{"id": "1", "x": 2}]},
        {"n": "1"},
        [],
        None,
        {"names": "a"},
    ):
        with pytest.raises(Gap) as caught:
            shape.read(wrong, visits)
        assert caught.value.kind == "construct"


def test_lists_in_a_request_are_bounded() -> None:
    """By what the CRM takes at once, or else by what is more than enough."""
    places = {"$.inputs[*].id": "digits", "$.names[*]": "name"}
    shape = Shape(places, REQUESTED, PATTERNS, {"$.inputs": 2, "$.elsewhere": 1, "$.inputs[*].id": 1})
    one = {"id": "1"}
    assert shape.read({"inputs": [one] * 2, "names": ["a"] * MAX_ITEMS}, {})
    for tree in ({"inputs": [one] * 3}, {"names": ["a"] * (MAX_ITEMS + 1)}):
        with pytest.raises(Undecodable) as caught:
            shape.read(tree, {})
        assert caught.value.status == 413
    assert shape.has_list("$.inputs")
    assert not shape.has_list("$.inputs[*]")
    assert not shape.has_list("$.elsewhere")


@given(TREES)
def test_a_request_that_is_read_is_unchanged(tree: object) -> None:
    """Reading a request adds and drops nothing."""
    shape = Shape({"$.total": "count", "$.next.after": "digits", "$.results[*]": "select"}, REQUESTED, PATTERNS)
    try:
        found = shape.read(tree, {"select": lambda each: each})
    except Gap:
        return
    assert found == tree


@pytest.mark.parametrize(
    "places",
    [
        {"$.a": "nothing-like-it"},
        {"$.a": "fields"},  # a kind of requests in an answer
        {"$..a": "count"},
        {"$": "record", "$.a": "count"},
        {"$.a": "count", "$.a.b": "count"},
        {"$.a.b": "count", "$.a": "flag"},
    ],
)
def test_a_shape_that_contradicts_itself_is_refused(places: dict[str, str]) -> None:
    """A wrong kind, a wrong path, and a place inside a scalar are the author's mistakes."""
    with pytest.raises(ValueError, match=r"."):
        Shape(places, ANSWERED, PATTERNS)


def test_a_list_may_be_null_where_that_is_declared() -> None:
    """Some write an empty one so; it is still there, and nothing else takes its place."""
    shape = Shape({"$.results[*]": "optional"}, ANSWERED, {})
    assert shape.open({"results": None}, {}) == ({"results": None}, 0)
    for wrong in ({}, {"results": "x"}, {"results": {}}):
        with pytest.raises(UpstreamFault):
            shape.open(dict(wrong), {})

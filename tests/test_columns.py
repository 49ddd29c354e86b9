"""Records of a tree as columns: what is done to a column is done to the member of each record."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.columns import Alike, Dicts
from proxy.message import Tree
from proxy.model import Action

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=3)
    | st.builds(lambda: [1])
    | st.builds(lambda: {"a": "x"})
)


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Tree]]:
    """Return records with the same members."""
    names = draw(st.lists(st.sampled_from("abcd"), unique=True))
    return [{name: draw(LEAVES) for name in names} for _ in range(draw(st.integers(1, 4)))]


@settings(deadline=None)
@given(rows())
def test_a_column_is_what_stands_in_each_record(given_rows: list[dict[str, Tree]]) -> None:
    """What is asked of a column is what one would ask of every record."""
    columns = Dicts.of(given_rows)
    assert columns is not None
    assert len(columns) == len(given_rows)
    assert columns.names == tuple(given_rows[0])
    assert columns.column("nobody") is None
    for name in columns.names:
        each = [row[name] for row in given_rows]
        assert columns.column(name) == each
        assert columns.all_text(name) == all(isinstance(one, str) for one in each)
        assert columns.all_are("x", name) == all(one == "x" for one in each)
        assert columns.all_plain([name]) == (not any(isinstance(one, dict | list) for one in each))
        assert columns.inside(name) == (("a",) if all(isinstance(one, dict) for one in each) else None)
        deep = [one.get("a") if isinstance(one, dict) else None for one in each]
        assert columns.column(name, "a") == (deep if None not in deep else None)


@settings(deadline=None)
@given(rows(), st.data())
def test_what_is_edited_is_the_tree(given_rows: list[dict[str, Tree]], data: st.DataObject) -> None:
    """The records themselves change, in place and in no other member."""
    columns, before = Dicts(given_rows), copy.deepcopy(given_rows)
    assert columns.apart() is columns.rows is given_rows
    if not columns.names:
        return
    name = data.draw(st.sampled_from(columns.names))
    if columns.inside(name) == ("a",):
        columns.drop(name, "a")
        assert given_rows == [{**row, name: {}} for row in before]
    new: list[Tree] = list(range(len(before)))
    columns.put(name, new)
    assert given_rows == [{**row, name: value} for row, value in zip(before, new, strict=True)]
    columns.drop(name)
    assert given_rows == [{key: row[key] for key in row if key != name} for row in before]


@pytest.mark.parametrize(
    "items", [[], [1], [{}, 1], [{"a": 1}, {"b": 1}], [{"a": 1, "b": 1}, {"b": 1, "a": 1}], [{}, {"a": 1}], [[]]]
)
def test_what_is_not_alike_is_no_columns(items: list[Tree]) -> None:
    """The same members in the same order, in every record."""
    assert Dicts.of(items) is None


def test_who_records_are_about_is_said_by_their_keys_or_a_member() -> None:
    """As of single records: the key first, then the field that the connector names; None that is neither."""
    columns = Dicts([{"Id": "1"}, {"Id": 2}, {"Id": None}, {"Id": ["x"]}])
    alike = Alike("Contact", Action.READ, columns, frozenset(), [None, None, None, "k"])
    assert alike.people("Id") == ["1", "2", None, "k"]
    assert alike.people("Nobody") == [None, None, None, "k"]
    assert alike.people(None) == [None] * 4
    assert Alike("Contact", Action.READ, columns, frozenset(), ["a", "b", "c", "d"]).people("Id") == list("abcd")

"""Blanks: nothing that comes from a record can change what a request asks for."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors.fill import QUOTES, blanks, path, text, tree


@given(st.text())
def test_a_path_keeps_its_segments(value: str) -> None:
    """Slashes, dots and question marks are part of one segment."""
    filled = path("/a/{id}/b", {"id": value})
    assert filled.count("/") == 3
    assert "?" not in filled
    assert unquote(filled[3:-2]) == value


@given(st.text())
def test_soql_quotes_are_never_closed_early(value: str) -> None:
    """Every quote inside is escaped."""
    quoted = str(QUOTES["soql"](value))
    inside = quoted[1:-1].replace("\\\\", "").replace("\\'", "")
    assert "'" not in inside
    assert "\n" not in quoted


@given(st.text())
def test_sosl_braces_are_never_closed_early(value: str) -> None:
    """The search term stays inside its braces."""
    filled = str(QUOTES["sosl"](value)).replace("\\\\", "")
    assert filled.count("}") == filled.count("\\}")


def test_a_leaf_of_a_tree_is_the_value_itself() -> None:
    """A number stays one, a list is spliced, and text around a blank makes text."""
    values = {"id": 7, "any": [["a", "=", 1], ["b", "=", 2]], "object": "party.party"}
    template = {"method": "model.{object}.read", "params": [["OR", "{any}"], "{id}", {"x": "{id}-{id}"}]}
    assert tree(template, values) == {
        "method": "model.party.party.read",
        "params": [["OR", ["a", "=", 1], ["b", "=", 2]], 7, {"x": "7-7"}],
    }


def test_a_value_that_looks_like_a_blank_is_a_value() -> None:
    """Filling happens once."""
    assert text("{a} {b}", {"a": "{b}", "b": "{a}"}) == "{b} {a}"
    assert tree(["{a}"], {"a": "{any}", "any": [1]}) == ["{any}"]


def test_blanks_are_found_wherever_they_are() -> None:
    """In keys, values and lists."""
    assert blanks({"{a}": ["x {b:soql}", {"c": "{c}"}]}) == {("a", ""), ("b", "soql"), ("c", "")}


def test_an_id_that_is_no_number_is_refused() -> None:
    """Tryton's ids are numbers; anything else never gets into a call."""
    with pytest.raises(ValueError, match="invalid literal"):
        tree("{id:int}", {"id": "7]"})

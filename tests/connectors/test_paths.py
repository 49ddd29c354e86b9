"""JSONPath as connectors use it."""

import jsonpath_ng
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors.paths import column, compile_path, first, get, names

NAMES = st.sampled_from(["a", "b", "c"])
TREES = st.recursive(
    st.integers() | st.none(),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("$", ()),
        ("$.a", ("a",)),
        ("$.a.b", ("a", "b")),
        ("$.a[*].b", ("a", None, "b")),
        ("$[*]", (None,)),
        ("$['a b']", ("a b",)),
    ],
)
def test_compile_path(text: str, steps: tuple[str | None, ...]) -> None:
    """A path of names and [*] becomes plain steps."""
    assert compile_path(text) == steps


@pytest.mark.parametrize(
    "text", ["", "$.", "$..a", "$.a[0]", "$.a[1:2]", "$.*", "$.a[?(@.b)]", "$.a,b", "$.a|$.b"]
)
def test_compile_path_refuses_what_depends_on_values(text: str) -> None:
    """A path whose meaning depends on what is in the tree is no place."""
    with pytest.raises(ValueError, match="JSONPath"):
        compile_path(text)


def test_names_refuses_many_places() -> None:
    """Where one place is meant, a list of places is a mistake."""
    assert names("$.a.b") == ("a", "b")
    with pytest.raises(ValueError, match="one place"):
        names("$.a[*]")


@given(TREES, st.lists(NAMES, max_size=3))
def test_get_agrees_with_the_library(tree: object, steps: list[str]) -> None:
    """Walking plain steps finds what the JSONPath library finds."""
    found = jsonpath_ng.parse(".".join(["$", *steps])).find(tree)
    assert get(tree, tuple(steps)) == (found[0].value if found else None)


@given(TREES, st.lists(NAMES | st.none(), max_size=3))
def test_first_agrees_with_the_library(tree: object, steps: list[str | None]) -> None:
    """The first item of every list is what the library finds with an index of 0."""
    text = "$" + "".join("[0]" if step is None else f".{step}" for step in steps)
    found = jsonpath_ng.parse(text).find(tree)
    assert first(tree, tuple(steps)) == (found[0].value if found else None)


@given(st.lists(TREES, max_size=4), st.lists(NAMES, max_size=3))
def test_a_column_is_what_stands_in_every_row_or_nothing(rows: list[object], steps: list[str]) -> None:
    """Where something is missing in one row, there is no column; a null that is there is in it."""
    found = [jsonpath_ng.parse(".".join(["$", *steps])).find(row) for row in rows]
    expected = [each[0].value for each in found] if all(found) else None
    assert column(rows, tuple(steps)) == expected

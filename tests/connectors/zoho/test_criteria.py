"""Search criteria: what is written is what was read, and an independent reader finds the same in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors.zoho.criteria import OPERATORS, parse, write
from proxy.connectors.zoho.parsing import MAX_DEPTH, MAX_LENGTH, MAX_VALUES
from proxy.connectors.zoho.tree import Compare, Condition, Junction, Path
from proxy.errors import Gap, Undecodable
from proxy.sandbox.zoho import criteria as elsewhere
from proxy.sandbox.zoho.coql import Condition as Theirs
from proxy.sandbox.zoho.coql import Pair

TEXTS = st.text(st.characters(exclude_categories=("C", "Z")), max_size=10)
PATHS = st.lists(st.sampled_from(["Last_Name", "Andy", "Origin", "id"]), min_size=1, max_size=2).map(
    lambda hops: Path(tuple(hops))
)
ONE = st.sampled_from(sorted(set(OPERATORS.values()) - {"in", "between"}))
COMPARED = st.one_of(
    st.builds(Compare, PATHS, ONE, st.tuples(TEXTS)),
    st.builds(Compare, PATHS, st.just("in"), st.lists(TEXTS, min_size=1, max_size=3).map(tuple)),
    st.builds(Compare, PATHS, st.just("between"), st.tuples(TEXTS, TEXTS)),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    COMPARED, lambda inner: st.builds(Junction, st.sampled_from(["and", "or"]), inner, inner), max_leaves=6
)


@given(CONDITIONS)
def test_what_is_written_is_read_as_it_was(condition: Condition) -> None:
    """Brackets, commas and backslashes in values among it."""
    assert parse(write(condition)) == condition


@given(CONDITIONS)
def test_another_reader_finds_the_same_in_it(condition: Condition) -> None:
    """The sandbox compares the same fields with the same values."""
    assert _theirs(elsewhere.parse(write(condition))) == _ours(condition)


def _ours(condition: Condition) -> object:
    if isinstance(condition, Junction):
        return condition.word, _ours(condition.one), _ours(condition.other)
    if condition.operator == "starts_with":
        return condition.path.hops, "like", (f"{condition.values[0]}%",)
    return condition.path.hops, condition.operator, condition.values


def _theirs(condition: Theirs) -> object:
    if isinstance(condition, Pair):
        return condition.word, _theirs(condition.one), _theirs(condition.other)
    return condition.path, condition.operator, condition.values


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("(a:equals:x\\y)", Gap),
        ("(a:equals:x\\", Gap),
        ("(a:equals:x\n)", Gap),
        ("(a:equals:x,y)", Gap),
        ("(a:between:1)", Gap),
        ("(a:between:1,2,3)", Gap),
        ("(select:equals:x)", Gap),
        ("(a.:equals:x)", Gap),
        ("(a)", Gap),
        ("()", Gap),
        ("", Gap),
        (f"(a:in:{','.join(['1'] * (MAX_VALUES + 1))})", Gap),
        (f"{'(' * (MAX_DEPTH + 3)}a:equals:1{')' * (MAX_DEPTH + 3)}", Undecodable),
        ("(a:equals:" + "x" * MAX_LENGTH + ")", Undecodable),
    ],
)
def test_what_can_be_read_in_two_ways_is_not_read(text: str, error: type[Exception]) -> None:
    """Each is refused, by a constant word."""
    with pytest.raises(error):
        parse(text)


def test_too_many_comparisons_are_refused() -> None:
    """Each costs the CRM a look."""
    text = "(a:equals:1)"
    for _ in range(7):
        text = f"({text}and{text})"
    with pytest.raises(Undecodable):
        parse(text)

"""COQL: what is written is what was read, and an independent reader of the same text finds the same in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors.zoho.parsing import MAX_COLUMNS, MAX_CONDITIONS, MAX_DEPTH, MAX_LENGTH, MAX_VALUES, parse
from proxy.connectors.zoho.tree import Call, Column, Compare, Condition, Junction, Order, Path, Query
from proxy.connectors.zoho.writing import write, write_condition
from proxy.errors import Gap, Undecodable
from proxy.sandbox.zoho import coql as elsewhere

NAMES = st.sampled_from(["Last_Name", "Order_No", "Byline", "Andy", "id", "Inbox", "Isbn", "Asia", "Nothing"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda hops: Path(tuple(hops)))
TEXTS = st.text(st.characters(exclude_characters="\\", exclude_categories=("C",)), max_size=12)
NUMBERS = st.one_of(
    st.integers(-(10**17), 10**20 - 1).map(str),
    st.decimals(-1000, 1000, places=2).map(lambda value: str(abs(value))),
    st.sampled_from(["true", "false", "2026-01-01", "2026-01-01T10:20:30+02:00", "2026-01-01T10:20:30Z"]),
)


def _comparing(values: st.SearchStrategy[str], bare: bool) -> st.SearchStrategy[Compare]:
    some = st.lists(values, min_size=1, max_size=3).map(tuple)
    one, two = values.map(lambda value: (value,)), st.tuples(values, values)
    return st.one_of(
        st.builds(Compare, PATHS, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "like", "not like"]), one),
        st.builds(Compare, PATHS, st.sampled_from(["in", "not in"]), some),
        st.builds(Compare, PATHS, st.sampled_from(["between", "not between"]), two),
    ).map(lambda found: Compare(found.path, found.operator, found.values, bare))


COMPARED = st.one_of(
    _comparing(TEXTS, bare=False),
    _comparing(NUMBERS, bare=True),
    st.builds(Compare, PATHS, st.sampled_from(["is null", "is not null"])),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    COMPARED, lambda inner: st.builds(Junction, st.sampled_from(["and", "or"]), inner, inner), max_leaves=8
)
CALLS = st.builds(Call, st.sampled_from(["COUNT", "SUM", "AVG", "MIN", "MAX"]), PATHS)
EXPRESSIONS = st.one_of(PATHS, CALLS)
QUERIES = st.builds(
    Query,
    columns=st.lists(st.builds(Column, EXPRESSIONS, st.none() | NAMES), min_size=1, max_size=4).map(tuple),
    module=NAMES,
    where=CONDITIONS,
    group=st.lists(PATHS, max_size=2).map(tuple),
    order=st.lists(st.builds(Order, EXPRESSIONS, st.sampled_from(["", "asc", "desc"])), max_size=2).map(tuple),
    limit=st.none() | st.integers(1, 200),
    offset=st.integers(0, 500),
)


@given(QUERIES)
def test_what_is_written_is_read_as_it_was(query: Query) -> None:
    """Whatever a tree holds: names that begin like keywords, quotes in texts, pairs in pairs."""
    assert parse(write(query)) == query


@given(QUERIES)
def test_another_reader_finds_the_same_in_it(query: Query) -> None:
    """Which fields are compared with what is the same to the sandbox, which has a reader of its own."""
    assert _theirs(elsewhere.parse(write(query)).where) == _ours(query.where)


def _ours(condition: Condition) -> object:
    if isinstance(condition, Junction):
        return condition.word, _ours(condition.one), _ours(condition.other)
    return condition.path.hops, condition.operator, condition.values


def _theirs(condition: elsewhere.Condition | None) -> object:
    if isinstance(condition, elsewhere.Pair):
        return condition.word, _theirs(condition.one), _theirs(condition.other)
    assert condition is not None
    return condition.path, condition.operator, condition.values


def test_spacing_case_and_quotes_make_no_difference() -> None:
    """One spelling for every tree."""
    text = 'SELECT\tLast_Name\nFROM Contacts WHERE (Last_Name = "x")  LIMIT 5 OFFSET 2'
    assert write(parse(text)) == "select Last_Name from Contacts where Last_Name = 'x' limit 2, 5"
    assert write_condition(Compare(Path(("a",)), "=", ("it's",))) == "a = 'it''s'"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("select id from Contacts where a = 1 " + " " * MAX_LENGTH, Undecodable),
        (f"select id from C where {'(' * (MAX_DEPTH + 1)}a = 1{')' * (MAX_DEPTH + 1)}", Undecodable),
        (f"select {', '.join(['id'] * (MAX_COLUMNS + 1))} from C where a = 1", Undecodable),
        (f"select id from C where a in ({', '.join(['1'] * (MAX_VALUES + 1))})", Gap),
        ("select id from C where a in ('x', 1)", Gap),
        ("select id from C where a = 1 limit 2001", Gap),
        ("select id from C where a = 'x\ny'", Gap),
        ("", Gap),
    ],
)
def test_bounds_are_kept(text: str, error: type[Exception]) -> None:
    """What is too long, too deep or too much is refused before it costs anything."""
    with pytest.raises(error):
        parse(text)


def test_so_many_comparisons_and_no_more() -> None:
    """Each costs the CRM a look."""
    condition = "a = 1"
    for _ in range(7):
        condition = f"({condition}) and ({condition})"
    with pytest.raises(Undecodable):
        parse(f"select id from C where {condition}")
    assert MAX_CONDITIONS < 128

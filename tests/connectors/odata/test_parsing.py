"""OData query options: what is written from a tree means the same tree, and what is no option is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors.odata import parsing, writing
from proxy.connectors.odata.tree import (
    Call,
    Compare,
    Condition,
    Expand,
    Junction,
    Literal,
    Not,
    Options,
    Order,
    Path,
    Quantified,
    Within,
)
from proxy.errors import ExchangeError, Gap

NAMES = st.sampled_from(("fullname", "note", "order", "inside", "a", "_ownerid_value", "anything", "ascending"))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda steps: Path(tuple(steps)))
LITERALS = st.one_of(
    st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=8).map(
        lambda text: Literal("'" + text.replace("'", "''") + "'")
    ),
    st.integers(-(10**9), 10**9).map(lambda number: Literal(str(number))),
    st.sampled_from(("null", "true", "2026-11-23", "2026-11-23T09:00:00Z", "1.5")).map(Literal),
    st.uuids().map(lambda each: Literal(str(each))),
)
OPERANDS = st.one_of(
    PATHS,
    PATHS.map(lambda path: Call("tolower", (path,))),
    PATHS.map(lambda path: Call("year", (path,))),
)
ATOMS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Compare, OPERANDS, st.sampled_from(("eq", "ne", "gt", "ge", "lt", "le")), LITERALS),
    st.builds(Within, PATHS, st.lists(LITERALS, min_size=1, max_size=3).map(tuple)),
    st.tuples(st.sampled_from(("contains", "startswith")), PATHS, LITERALS).map(
        lambda each: Call(each[0], (each[1], each[2]))
    ),
)


def joined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    """Return conditions made of others."""

    def junction(word: str, parts: list[Condition]) -> Condition:
        flat: list[Condition] = []
        for each in parts:
            flat += each.conditions if isinstance(each, Junction) and each.word == word else (each,)
        return Junction(word, tuple(flat))

    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        st.builds(junction, st.sampled_from(("and", "or")), several),
        st.builds(Not, inner),
        st.builds(Quantified, PATHS, st.sampled_from(("any", "all")), st.just("x"), inner),
    )


CONDITIONS = st.recursive(ATOMS, joined, max_leaves=6)


def read(text: str, **more: str) -> Options:
    """Return the options of a `$filter`, and others."""
    return parsing.options({"$filter": text} | {f"${name}": value for name, value in more.items()}, {})


@given(CONDITIONS)
def test_a_condition_is_read_as_it_was_written(condition: Condition) -> None:
    """Written and read again, it is the same tree: what is judged is what is sent."""
    assert read(writing.condition(condition)).condition == condition


@given(CONDITIONS, st.lists(NAMES, unique=True, max_size=3), PATHS)
def test_options_inside_options_are_read_as_they_were_written(
    condition: Condition, names: list[str], path: Path
) -> None:
    """An expanded record's own options survive, whatever stands in their texts."""
    inner = Options(select=tuple(names), condition=condition, order=(Order(path, "desc"),), top=3)
    options = Options(expand=(Expand("one", inner), Expand("other", Options(expand=(Expand("x", inner),)))))
    assert parsing.options(dict(writing.pairs(options)), {}) == options


@given(st.text(st.sampled_from("abnotr ()/'@,.:;=$0123eqinasum"), max_size=40))
def test_anything_else_is_refused_and_nothing_breaks(text: str) -> None:
    """Any text is an option, or is refused as one of ours."""
    for name in ("$filter", "$expand", "$orderby", "$apply", "$select"):
        try:
            options = parsing.options({name: text}, {})
        except ExchangeError:
            continue
        assert parsing.options(dict(writing.pairs(options)), {}) == options


@pytest.mark.parametrize(
    "text",
    [
        "tolower(fullname)",
        "not year(createdon)",
        "contains(fullname)",
        "a/all()",
        "fullname eq 'x' or",
        "fullname eq 'x'; drop",
        "fullname EQ 'x'",
        'fullname eq "x"',
        "fullname eq 'a\nb'",
        "geo.distance(a,b) lt 5",
        "fullname has 'x'",
    ],
)
def test_what_is_no_condition(text: str) -> None:
    """A value, a half, another language: none is guessed at."""
    with pytest.raises(Gap):
        read(text)


def test_an_option_inside_twice_is_refused() -> None:
    """Two readers could each take another one."""
    with pytest.raises(Gap):
        parsing.options({"$expand": "a($top=1;$top=2)"}, {})
    with pytest.raises(Gap):
        parsing.options({"$expand": "a,a"}, {})

"""CSV on its way: what goes, what stays as it was written, and where it stops."""

import csv
import io
import itertools
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.codec.csv_rows import Dialect
from proxy.codec.csv_stream import CsvStream, RowPlan
from proxy.codec.streams import StreamTransform
from proxy.errors import Refused, Undecodable

CORPUS = Path(__file__).parent.parent / "corpus" / "codec"
Planner = Callable[[tuple[str, ...]], RowPlan]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


def everything(names: tuple[str, ...]) -> RowPlan:
    """Change nothing."""
    return RowPlan(tuple(range(len(names))))


def passed(stream: StreamTransform, body: bytes, cuts: Iterable[int] = ()) -> bytes:
    """Return what comes out of a body cut at `cuts`."""
    edges = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    return b"".join(stream.feed(body[a:b]) for a, b in itertools.pairwise(edges)) + stream.finish()


def run(body: bytes, plan: Planner = everything, separator: str = ",", *, sheet: bool = False) -> bytes:
    """Return what comes out of a body that comes in one piece."""
    return passed(CsvStream(Dialect(separator), plan, sheet=sheet), body)


@pytest.mark.parametrize("file", sorted(CORPUS.glob("*.csv")), ids=lambda file: file.stem)
def test_bodies_of_real_crms_come_out_byte_for_byte(file: Path) -> None:
    """Whoever keeps every column and edits none changes nothing, whatever the pieces."""
    body = file.read_bytes()
    separator = "`" if "backquote" in file.stem else ","
    for cuts in ((), range(0, len(body), 7)):
        assert passed(CsvStream(Dialect(separator), everything), body, cuts) == body


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbfa,b\r\n1,2\r\n",
        b'"a",b\n"1",2\n3,"4"\n"5","6"\n7,8',
        b'a,b\r\n"x\r\ny","z"',
        b'"a"\n""\n"x""y"\n',
    ],
)
def test_what_nobody_edits_is_sent_as_it_was_written(body: bytes) -> None:
    """Mark, quotes, line ends, and a last row without one."""
    assert run(body) == body


def test_a_plan_drops_and_edits_by_the_header() -> None:
    """CS-05: a column that the plan does not name is gone, header and all; edits fit how the row is written."""

    def plan(names: tuple[str, ...]) -> RowPlan:
        assert names == ("id", "ssn", "name")
        return RowPlan((0, 2), {2: lambda name: f'{name[:1]},"*'})

    body = b'id,ssn,name\n1,2,Mara\n"1","2","Mara"\n1,"2","M,ara"\n'
    assert run(body, plan) == b'id,name\n1,"M,""*"\n"1","M,""*"\n1,"M,""*"\n'


WORDS = st.sampled_from(["", "a", "Mara", 'q"', "x,y", "two\nlines", "\x01", "é"])


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Four columns, written one way or another."""
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if draw(st.booleans()) else csv.QUOTE_MINIMAL
    end = draw(st.sampled_from(["\n", "\r\n"]))
    writer = csv.writer(out, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    rows = draw(st.lists(st.tuples(WORDS, WORDS, WORDS, WORDS), max_size=9))
    writer.writerows([("a", "b", "c", "d"), *rows])
    return out.getvalue().encode()


@given(
    bodies(),
    st.sets(st.integers(0, 3), min_size=1),
    st.sets(st.integers(0, 3)),
    st.sampled_from([str.upper, lambda _: None, lambda _: 'a"b', lambda _: "a,b", lambda value: value[1:]]),
    st.booleans(),
)
def test_rows_that_are_changed_together_are_changed_as_each(
    body: bytes,
    keep: set[int],
    edited: set[int],
    edit: Callable[[str], object],
    all_at_once: bool,
) -> None:
    """In one piece or line by line, with and without a way to edit a whole column."""
    edits = dict.fromkeys(edited, edit)
    together = dict.fromkeys(edited, lambda cells: [edit(cell) for cell in cells]) if all_at_once else {}
    plan = RowPlan(tuple(sorted(keep)), edits, note=1, together=together)
    whole, each = CsvStream(Dialect(), lambda _names: plan), CsvStream(Dialect(), lambda _names: plan)
    lines = [at + 1 for at in range(len(body)) if body[at : at + 1] == b"\n"]
    assert passed(whole, body) == passed(each, body, lines)
    assert (whole.rows, whole.noted) == (each.rows, each.noted)


def test_an_edit_sees_the_value_and_may_leave_nothing() -> None:
    """Doubled quotes are one quote to an edit; None is an empty cell; one cell of nothing is still a row."""
    seen: list[str] = []

    def plan(names: tuple[str, ...]) -> RowPlan:
        return RowPlan((1,), {1: seen.append})

    assert run(b'a,b\n1,2\n"1","2"\n1,"x""y"\n', plan) == b'b\n""\n""\n""\n'
    assert seen == ["2", "2", 'x"y']


def test_rows_that_may_not_be_shown_are_left_out_and_not_counted() -> None:
    """A row is judged by its values as they came, columns that are dropped included."""

    def plan(names: tuple[str, ...]) -> RowPlan:
        return RowPlan((0,), choose=lambda values: {} if values[1] != "no" else None)

    stream = CsvStream(Dialect(), plan)
    assert passed(stream, b'a,b\n1,no\n2,yes\n"3","no"\n4,"no"\n5,yes') == b"a\n2\n5"
    assert stream.rows == 2


def test_each_row_may_have_edits_of_its_own() -> None:
    """What is done to a row may depend on what stands in it; the plan's own edits do not come on top."""

    def plan(names: tuple[str, ...]) -> RowPlan:
        return RowPlan((0, 1), {0: str.upper}, lambda values: {1: lambda _: None} if values[0] == "x" else {})

    assert run(b'a,b\nx,1\ny,2\n"x","3"\nx,"4"\n', plan) == b'a,b\nx,\ny,2\n"x",""\nx,\n'


def test_the_values_of_one_column_are_noted_of_rows_that_go_on() -> None:
    """Also of a column that does not go with them, however it is written; rows that are left out are not
    noted."""

    def plan(names: tuple[str, ...]) -> RowPlan:
        return RowPlan((1,), choose=lambda values: {} if values[1] else None, note=0)

    stream = CsvStream(Dialect(), plan)
    passed(stream, b'a,b\n1,x\n2,\n"3","x"\n"4""5",x\n')
    assert stream.noted == ["1", "3", '4"5']


def test_a_last_row_that_is_left_out_leaves_a_proper_end() -> None:
    """Its line is gone with it."""

    def plan(names: tuple[str, ...]) -> RowPlan:
        return RowPlan((0,), choose=lambda values: {} if values[0] == "1" else None)

    assert run(b"a\r\n1\r\n2", plan) == b"a\r\n1\r\n"


def test_cs_09_formulas_are_made_harmless_on_request() -> None:
    """CS-09: in every style of row; other cells stay as they were written."""
    body = b'a,b\n=1,+5\n"=1","x"\n=1,"=x"\n'
    assert run(body, sheet=True) == b"a,b\n'=1,+5\n\"'=1\",\"x\"\n'=1,'=x\n"
    assert run(body) == body


@pytest.mark.parametrize("keep", [(), (2,), (-1,), (1, 0), (0, 0)])
def test_a_plan_without_columns_or_with_wrong_ones_is_a_refusal(keep: tuple[int, ...]) -> None:
    """CS-05: a header nobody knows a column of, or a plan for another header, releases nothing."""
    with pytest.raises(Undecodable):
        run(b"a,b\n1,2\n", lambda _names: RowPlan(keep))


def test_a_plan_may_refuse_and_nothing_has_gone_by_then() -> None:
    """The refusal is the planner's own."""

    def plan(names: tuple[str, ...]) -> RowPlan:
        raise Refused("not_granted")

    with pytest.raises(Refused):
        run(b"a,b\n1,2\n", plan)


@pytest.mark.parametrize("bad", [b"1\n", b'1,2"\n3,4\n', b"1,2\x00\n", b"\xff,1\n", b"1,2\r\n", b'1,"2'])
def test_cs_07_it_breaks_off_where_it_cannot_read_on(bad: bytes) -> None:
    """CS-04, CS-06, CS-07: rows before have gone, nothing after does, and the end is never in good order."""
    stream = CsvStream(Dialect(), everything)
    assert stream.feed(b"a,b\n1,2\n") == b"a,b\n1,2\n"
    with pytest.raises(Undecodable):
        stream.feed(bad) + stream.finish()
    with pytest.raises(Undecodable):
        stream.feed(b"3,4\n")
    with pytest.raises(Undecodable):
        stream.finish()


@pytest.mark.parametrize("value", ["x\0", 5, ["x"]])
def test_an_edit_that_gives_no_text_is_a_refusal(value: object) -> None:
    """What has no form in CSV is not written."""
    with pytest.raises(Undecodable):
        run(b"a,b\n1,2\n", lambda _names: RowPlan((0, 1), {0: lambda _value: value}))


def test_an_edit_that_fails_ends_the_body() -> None:
    """An exception of an edit comes out, and so does a refusal for whatever follows."""
    stream = CsvStream(Dialect(), lambda _names: RowPlan((0,), {0: lambda value: int(value) and "x"}))
    with pytest.raises(ValueError, match="invalid literal"):
        stream.feed(b"a\n1\ny\n")
    with pytest.raises(Undecodable):
        stream.finish()


def test_memory_does_not_grow_with_the_body() -> None:
    """Sixteen megabytes pass through less than two."""
    row = b'"1","Mara Quinn","mara.quinn@example.org"\n'
    chunk = (row * 2_000)[: 65_536 // len(row) * len(row)]
    stream = CsvStream(Dialect(), lambda _names: RowPlan((0, 2)))
    stream.feed(b"id,name,mail\n")
    tracemalloc.start()
    for _ in range(250):
        assert stream.feed(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


@given(
    st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=5),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sets(st.integers(0, 200), max_size=6),
)
def test_an_independent_reader_reads_what_was_judged(
    rows: list[tuple[str, str, str]], quoting: int, end: str, cuts: set[int]
) -> None:
    """Whatever was written and wherever it was cut, the hidden column is not in it and the rest is."""
    out = io.StringIO(newline="")
    csv.writer(out, quoting=quoting, lineterminator=end).writerows([("a", "ssn", "b"), *rows])  # type: ignore[arg-type]
    stream = CsvStream(Dialect(), lambda _names: RowPlan((0, 2), {2: lambda value: value[::-1]}))
    shown = io.StringIO(passed(stream, out.getvalue().encode(), cuts).decode(), newline="")
    expected = [["a", "b"], *([a, b[::-1]] for a, _, b in rows)]
    assert list(csv.reader(shown, strict=True)) == expected
    assert stream.rows == len(rows)

"""CSV in pieces: one reading or none; ids are those of the threat catalogue."""

import csv
import io
import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.codec import csv_rows
from proxy.codec.csv_rows import MAX_CELL, MAX_COLUMNS, Dialect, RowReader, Style, value_of
from proxy.errors import Undecodable

ALPHABET = st.sampled_from([*'ab,;"\r\n ', "\u2028", "\ufeff", "é", "\x0b", '""', '","', "\r\n", '"\n'])


def read(body: bytes, dialect: Dialect | None = None, cuts: tuple[int, ...] = ()) -> list[list[str]]:
    """Return what the cells say, the header's first, with the body cut at `cuts`."""
    reader = RowReader(dialect or Dialect())
    edges = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    found = [row.values() for start, end in itertools.pairwise(edges) for row in reader.feed(body[start:end])]
    return found + [row.values() for row in reader.finish()]


def refusal(body: bytes, dialect: Dialect | None = None) -> str:
    """Return why a body is refused."""
    with pytest.raises(Undecodable) as caught:
        read(body, dialect)
    return caught.value.reason


def outcome(body: bytes, cuts: list[int]) -> object:
    """Return what a body says, each row with how it is written, or why it is refused."""
    reader, found = RowReader(Dialect()), []
    try:
        for start, end in itertools.pairwise([0, *cuts, len(body)]):
            found += list(reader.feed(body[start:end]))
        found += list(reader.finish())
    except Undecodable as error:
        return error.reason
    return found, reader.end, reader.ended


CELLS = st.lists(st.sampled_from(["", "a", "b c", "\x01", "é", "\r", ";"]), min_size=3, max_size=3)


@given(
    st.lists(CELLS, min_size=csv_rows.FEWEST, max_size=csv_rows.FEWEST + 3),
    st.sampled_from(['"', ""]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(0),
    st.sampled_from(["", '"', '""', ",", '","', "\n", '"\n"', "\r\n", '"\r\n"', "\r"]),
)
def test_rows_that_are_read_together_are_the_rows(
    rows: list[list[str]], quote: str, end: str, place: int, odd: str
) -> None:
    """Whole or line by line, and with something odd in them somewhere: the same rows, or the same refusal."""
    text = "".join(f"{quote}{f'{quote},{quote}'.join(cells)}{quote}{end}" for cells in rows)
    for found in (text, text[: place % len(text)] + odd + text[place % len(text) :]):
        body = f"x,y,z{end}{found}".encode()
        each = [at + 1 for at in range(len(body)) if body[at : at + 1] == b"\n"]
        assert outcome(body, []) == outcome(body, each)


def test_rows_that_are_alike_are_read_together() -> None:
    """Column by column; one row that is written otherwise, or a cell that is too long, and none are."""
    for quote, end in itertools.product(('"', ""), ("\n", "\r\n")):
        row = f"{quote}1{quote},{quote}2{quote},{quote}3{quote}{end}"
        reader = RowReader(Dialect())
        assert [type(piece) for piece in reader.pieces(row.replace("1", "a").encode()) if list(piece)]
        found = list(reader.pieces(row.encode() * 5))
        style = Style.QUOTED if quote else Style.BARE
        assert found == [csv_rows.Block(style, [["1"] * 5, ["2"] * 5, ["3"] * 5])]
        assert [*found[0].rows()] == [(style, ["1", "2", "3"])] * 5  # type: ignore[union-attr]
        for odd in (f'1,"2",3{end}', f'"1","2","3"{end}' if not quote else f"1,2,3{end}"):
            (rows,) = reader.pieces(row.encode() * 5 + odd.encode())
            assert len(list(rows)) == 6


def test_cs_01_quoted_cells_hold_separators_quotes_and_lines() -> None:
    """CS-01: line breaks, commas and doubled quotes inside a cell are its text."""
    body = b'a,b\r\n"x, ""y""\r\nz",1\r\n"",""""\r\n"1","a"",""b"\r\n'
    assert read(body) == [["a", "b"], ['x, "y"\r\nz', "1"], ["", '"'], ["1", 'a","b']]


def test_cs_02_a_byte_order_mark_is_not_part_of_the_first_name() -> None:
    """CS-02, PD-08: one mark is taken off before names are compared; a second one is not, nor one undeclared."""
    assert read(b"\xef\xbb\xbfssn,a\n1,2\n") == [["ssn", "a"], ["1", "2"]]
    assert refusal(b"\xef\xbb\xbf\xef\xbb\xbfssn,a\n1,2\n") == "bad_column_name"
    assert refusal(b"\xef\xbb\xbfssn,a\n1,2\n", Dialect(bom=False)) == "bad_column_name"


@pytest.mark.parametrize(
    "body",
    [b"sep=;\nssn;a\n1;2\n", b"# contacts\nssn,a\n1,2\n", b"a,b\n1;2\n", b"a,b\n\n1,2\n", b"\na,b\n1,2\n"],
)
def test_cs_03_a_preamble_is_refused(body: bytes) -> None:
    """CS-03: the dialect is declared; what stands before the header, or between rows, is not skipped."""
    assert refusal(body) in {"uneven_rows", "empty_line", "bad_column_name"}


@pytest.mark.parametrize("separator", [";", "\t", "|", "^", "`"])
def test_cs_03_a_declared_dialect_is_read(separator: str) -> None:
    """CS-03: every separator that Salesforce can be asked for, and commas are text then."""
    body = f'a{separator}b\n1,5{separator}"x{separator}y"\n'.encode()
    assert read(body, Dialect(separator)) == [["a", "b"], ["1,5", f"x{separator}y"]]


@pytest.mark.parametrize(
    "header", ["ssn,a,ssn", '"ssn",a,ssn', "ssn,a,SSN", "ssn,a, ssn", "ssn,a,", "a,\u200bssn"]
)
def test_cs_04_two_columns_that_could_be_one_are_refused(header: str) -> None:
    """CS-04, CS-05, PD-05, PD-06: readers keep the last, or fold case, or trim."""
    assert refusal(f"{header}\n1,2,3\n".encode()) in {"duplicate_column", "bad_column_name"}


@pytest.mark.parametrize("row", ["1", "1,2,3", '"1"', '"1","2","3"', '1,"2",3', '"1,2"'])
def test_cs_04_short_and_long_rows_are_refused(row: str) -> None:
    """CS-04: an extra cell goes nowhere, or somewhere else, in every reader."""
    assert refusal(f"a,b\n{row}\n".encode()) == "uneven_rows"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "header_missing"),
        ("a,b\n1,2\n".encode("utf-16"), "bad_utf8"),
        ("a,b\né,2\n".encode("latin-1"), "bad_utf8"),
        (b"a,b\n\xc0\xaf,2\n", "bad_utf8"),  # overlong
        (b"a,b\n1\x00,2\n", "bad_utf8"),
        (b"a,b\r1,2\r", "line_ending"),
        (b"a,b\n1,2\r\n", "line_ending"),
        (b"a,b\r\n1,2\n", "line_ending"),
        (b"a,b\r\n1\r,2\n", "line_ending"),
        (b'a,b\r\n"1",2\n', "line_ending"),
        (b'a,b\n"1","2"\r\n', "bad_quotes"),
        (b"a,b\n1\r,2\n", "line_ending"),
    ],
)
def test_cs_06_one_encoding_and_one_end_of_line(body: bytes, reason: str) -> None:
    """CS-06, PD-09, PD-11: UTF-8 strictly, no NUL, and rows end as the header did."""
    assert refusal(body) == reason


def test_cs_06_a_line_separator_of_unicode_is_text() -> None:
    """CS-06: `splitlines` would make two rows of it."""
    assert read("a,b\n1\u2028x,2\x0b\n".encode()) == [["a", "b"], ["1\u2028x", "2\x0b"]]


@pytest.mark.parametrize(("end", "body"), [("crlf", b"a,b\n1,2\n"), ("lf", b"a,b\r\n1,2\r\n")])
def test_cs_06_a_declared_end_of_line_is_demanded(end: str, body: bytes) -> None:
    """CS-06: where the route says how rows end, they end so."""
    assert refusal(body, Dialect(end=end)) == "line_ending"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('"1,2', "unterminated_quote"),
        ('1,2\n"', "unterminated_quote"),
        ('1,"2\n3,4\n5,6', "unterminated_quote"),
        ('1,2"3"', "bad_quotes"),
        ('1,a""b', "bad_quotes"),
        ('1, "2"', "bad_quotes"),
        ('1,"2" ', "bad_quotes"),
        ('"1"x,2', "bad_quotes"),
        ('"1""2","3" "4"', "bad_quotes"),
    ],
)
def test_cs_07_a_quote_is_where_it_belongs(row: str, reason: str) -> None:
    """CS-07: unterminated, inside a cell, after a space: lenient readers swallow rows or keep the quote."""
    assert refusal(f"a,b\n{row}\n".encode()) == reason


@pytest.mark.parametrize("cell", ["x" * (MAX_CELL + 1), '"' + "x" * (MAX_CELL + 1) + '"'])
def test_cs_08_long_cells_are_refused_by_us(cell: str) -> None:
    """CS-08: our limit, as a refusal with a status and not as a library's exception."""
    assert refusal(f"a,b\n{cell},1\n".encode()) == "cell_too_long"
    assert refusal(f'a,b\n{cell},"1"\n'.encode()) == "cell_too_long"
    assert read(f"a,b\n{cell.replace('x', '', 1)},1\n".encode())[1][1] == "1"


def test_pd_16_rows_and_headers_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """PD-16: what is kept of a body is bounded, whether the row has an open quote or no end."""
    assert refusal(",".join(f"c{at}" for at in range(MAX_COLUMNS + 1)).encode()) == "too_many_columns"
    monkeypatch.setattr(csv_rows, "MAX_ROW", 1_000)
    for row in (b"x" * 1_001, b'"' + b"x\n" * 501, b'"x\n' + b"y" * 1_001):
        assert refusal(b"a,b\n" + row) == "row_too_long"


def test_a_refused_body_stays_refused() -> None:
    """Whoever goes on after an error gets no further."""
    reader = RowReader(Dialect())
    with pytest.raises(Undecodable):
        list(reader.feed(b'a,b\n1,2""\n'))
    with pytest.raises(Undecodable):
        list(reader.feed(b"1,2\n"))
    with pytest.raises(Undecodable):
        list(reader.finish())


@given(st.lists(ALPHABET, max_size=40).map("".join), st.sets(st.integers(0, 60), max_size=6))
@example('a,b\r\n"x\r\ny",2', {3, 4, 5, 6, 7, 8})
def test_where_the_pieces_end_makes_no_difference(text: str, cuts: set[int]) -> None:
    """Any bytes cut anywhere come out the same, or are refused the same; nothing else is ever raised."""
    body = text.encode()
    results: list[object] = []
    for pieces in ((), tuple(cuts), tuple(range(len(body)))):
        try:
            results.append(read(body, cuts=pieces))
        except Undecodable:
            results.append(None)
    assert results[0] == results[1] == results[2]


@given(st.lists(ALPHABET, max_size=40).map("".join))
def test_an_independent_reader_reads_what_we_read(text: str) -> None:
    """What is taken at all, the standard library's strict reader takes for the same rows."""
    try:
        ours = read(text.encode())
    except Undecodable:
        return
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)) == ours


@given(
    st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=3, max_size=3)),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_an_independent_writer_wrote_is_read(rows: list[list[str]], quoting: int, end: str) -> None:
    """Every table that the standard library writes is read as it was meant."""
    out = io.StringIO(newline="")
    csv.writer(out, quoting=quoting, lineterminator=end).writerows([["a", "b", "c"], *rows])  # type: ignore[arg-type]
    assert read(out.getvalue().encode()) == [["a", "b", "c"], *rows]


def test_a_row_says_how_it_was_written() -> None:
    """Cells of mixed rows keep their quotes, so that they can be sent on as they came."""
    rows = list(RowReader(Dialect()).feed(b'a,b\n"1","2"\n1,"x""y"\n'))
    assert [row.style for row in rows] == [Style.BARE, Style.QUOTED, Style.MIXED]
    assert rows[2].cells == ["1", '"x""y"']
    assert value_of(rows[2].cells[1]) == 'x"y'

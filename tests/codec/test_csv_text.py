"""CSV bodies held whole: records in, records out, and nothing changed on the way."""

import csv
import io
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from proxy.codec import codec_for, csv_text
from proxy.codec.csv_text import CSV_CODECS, Quoted, harmless
from proxy.codec.media import Codec
from proxy.errors import Undecodable

CORPUS = Path(__file__).parent.parent / "corpus" / "codec"
BY_NAME: dict[str, Codec] = {codec.name: codec for codec in CSV_CODECS}
CSV = BY_NAME["csv"]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


def test_records_are_read_and_written() -> None:
    """A row is a dict by column; a null is an empty cell, numbers and flags are what they look like."""
    assert CSV.decode(b"Id,Name\n1,Mara\n") == [{"Id": "1", "Name": "Mara"}]
    tree = [{"a": None, "b": True, "c": 5, "d": Raw(b"1.10"), "e": "x,y", "f": 'q"'}]
    assert CSV.encode(tree) == b'a,b,c,d,e,f\n,true,5,1.10,"x,y","q"""\n'


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("salesforce-bulk-upload.csv", "csv"),
        ("salesforce-bulk-backquote.csv", "csv_backquote"),
        ("salesforce-bulk-failed.csv", "csv"),
        ("salesforce-bulk-successful.csv", "csv"),
    ],
)
def test_bodies_of_real_crms_come_out_as_they_went_in(file: str, name: str) -> None:
    """Whoever touches nothing changes no byte, but that the last row is ended."""
    body = (CORPUS / file).read_bytes()
    codec = BY_NAME[name]
    tree = codec.decode(body)
    assert isinstance(tree, list)
    assert len(tree) > 1
    ended = body if body.endswith(b"\n") else body + b"\n"
    assert codec.encode(tree) == ended


def test_columns_are_those_that_are_left() -> None:
    """A member that every record lost is no column; one that some lost is an empty cell there."""
    assert CSV.encode([{"Id": "1"}, {"Id": "2", "Name": "x"}, {}]) == b"Id,Name\n1,\n2,x\n,\n"
    assert CSV.encode([{}, {}]) == CSV.encode([]) == b""
    assert CSV.encode([{"Id": None}]) == b'Id\n""\n'  # an empty line would be no row


@pytest.mark.parametrize("name", ["csv_sheet", "csv_semicolon_sheet"])
def test_cs_09_formulas_are_made_harmless_where_the_route_says_so(name: str) -> None:
    """CS-09: by a codec of its own, because it changes values."""
    record = {"a": "=HYPERLINK(1)", "b": "@x", "c": "+353 86 1", "d": "-5.20", "e": "-1+cmd|' /C calc'!A0"}
    encoded = BY_NAME[name].encode([record]).decode()
    shown = next(csv.DictReader(io.StringIO(encoded), delimiter=";" if "semi" in name else ","))
    assert shown == {**record, "a": "'=HYPERLINK(1)", "b": "'@x", "e": "'-1+cmd|' /C calc'!A0"}
    assert CSV.decode(CSV.encode([record])) == [record]


@pytest.mark.parametrize("value", ["=1", "+x", "-x", "@x", "\tx", "\rx", "\n=x", " =x", "＝x", "＋1x", "-", "+"])
def test_cs_09_everything_that_starts_a_formula(value: str) -> None:
    """CS-09: full-width signs and leading spaces count."""
    assert harmless(value) == "'" + value
    assert harmless("x" + value) == "x" + value


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/vnd.ms-excel", "application/octet-stream", "text/csv; header=absent"],
)
def test_cs_10_no_other_name_means_csv(content_type: str) -> None:
    """CS-10, CS-05: nobody sniffs, and columns without names cannot be judged."""
    with pytest.raises(Undecodable):
        codec_for(content_type, frozenset(BY_NAME))


def test_a_route_says_which_dialect_a_type_means() -> None:
    """CS-03: the same media type leads to the dialect that the route declares."""
    for name, codec in BY_NAME.items():
        assert codec_for("text/csv; charset=UTF-8; header=present", frozenset({name, "json"})) is codec


def test_cs_11_an_upload_is_read_by_the_same_rules() -> None:
    """CS-11: another encoding, or a table that two readers could differ on, is refused before it is written."""
    for body in (b"", "a,b\n1,2\n".encode("utf-16"), b"a,a\n1,2\n", b"a,b\n1,2,3\n", b"\n"):
        with pytest.raises(Undecodable):
            CSV.decode(body)


def test_pd_16_a_table_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """PD-16: many cells, however they are written."""
    monkeypatch.setattr(csv_text, "MAX_CELLS", 100)
    for body in (b"a,b\n" + b"1,2\n" * 101, b"a\n" + b"1\n" * 101):
        with pytest.raises(Undecodable) as caught:
            CSV.decode(body)
        assert caught.value.status == 413


@pytest.mark.parametrize("tree", [{}, None, ["x"], [{"a": []}], [{"a": {}}], [{"a": "\ud800"}], [{"a": "\0"}]])
def test_what_has_no_form_in_csv_is_refused(tree: object) -> None:
    """An error document, a container in a cell, a lone surrogate."""
    with pytest.raises(Undecodable):
        CSV.encode(tree)


@given(
    st.lists(st.fixed_dictionaries({"a": TEXT, "b": TEXT | TEXT.map(Quoted)}), min_size=1, max_size=6),
    st.sampled_from([name for name in BY_NAME if "sheet" not in name]),
)
def test_an_independent_reader_reads_what_was_inspected(records: list[dict[str, str]], name: str) -> None:
    """What is sent says to another reader, and to ourselves, exactly what stood in the tree."""
    codec = BY_NAME[name]
    encoded = codec.encode(records)
    separator = next(
        one for key, one in csv_text.SEPARATORS.items() if name.removesuffix("_crlf") == f"csv{key}"
    )
    text = io.StringIO(encoded.decode(), newline="")
    assert list(csv.DictReader(text, delimiter=separator, strict=True)) == records
    again = codec.decode(encoded)
    assert again == records
    assert codec.encode(again) == encoded


@given(st.binary(max_size=60), st.sampled_from(list(BY_NAME)))
def test_nothing_but_a_refusal_comes_of_rubbish(body: bytes, name: str) -> None:
    """No bytes raise anything undeclared."""
    try:
        tree = BY_NAME[name].decode(body)
    except Undecodable:
        return
    assert isinstance(tree, list)
    assert all(isinstance(value, str) for value in itertools.chain(*(record.values() for record in tree)))

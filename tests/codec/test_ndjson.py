"""Newline-delimited JSON, whole and in passing; ids are those of the threat catalogue."""

import itertools
import json
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.codec import codec_for, ndjson
from proxy.codec.ndjson import Ndjson, NdjsonStream
from proxy.errors import Undecodable

CODEC = Ndjson()
VALUES = (
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_characters="\0"))
)
RECORDS = st.lists(
    st.dictionaries(st.sampled_from(["id", "ssn", "\u2028", "é"]), VALUES), min_size=1, max_size=6
)


def passed(stream: NdjsonStream, body: bytes, cuts: Iterable[int] = ()) -> bytes:
    """Return what comes out of a body cut at `cuts`."""
    edges = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    return b"".join(stream.feed(body[a:b]) for a, b in itertools.pairwise(edges)) + stream.finish()


def without_ssn(records: list[dict[str, object]]) -> list[dict[str, object]]:
    """Hide one member, and records that say so."""
    for record in records:
        record.pop("ssn", None)
    return [record for record in records if record.get("id") != "hidden"]


def test_lines_are_records() -> None:
    """Numbers stay as they came, the last newline may be missing, a carriage return before one is whitespace."""
    body = b'{"id": 1.10, "x": [1e3]}\r\n{"id":9007199254740993}'
    tree = CODEC.decode(body)
    assert CODEC.encode(tree) == b'{"id":1.10,"x":[1e3]}\n{"id":9007199254740993}\n'
    assert passed(NdjsonStream(list), body) == CODEC.encode(tree)


BAD = [
    b"",
    b"\n",
    b'{"id":1}\n\n{"id":2}\n',
    b'{"id":1}\n\n',
    b'{"id":1}\n{"id":2',
    b'{"id":1}\n{"ssn":1,"ssn":2}\n',  # PD-01
    b'{"id":1}\n[{"ssn":1}]\n',
    b'{"id":1}\n"x"\n',
    b'{"id":1}\r{"ssn":2}\n',
    b'{"id":1}\xe2\x80\xa8{"ssn":2}\n',
    b'\x1e{"id":1}\n\x1e{"ssn":2}\n',  # RFC 7464
    b'\xef\xbb\xbf{"id":1}\n',
    b'{"id":1},\n{"id":2}\n',
    b'{"id":1}{"id":2}\n',
    b'{"id":NaN}\n',
    b'{"id":\n1}\n',
    b'{"id":1}\n{"id":"\xff"}\n',
    '{"id":1}\n'.encode("utf-16"),
]


@pytest.mark.parametrize("body", BAD)
def test_pd_28_one_bad_line_refuses_the_body(body: bytes) -> None:
    """PD-28, PD-01, PD-08, PD-09, PD-17: nothing is left out, repaired, or separated another way."""
    with pytest.raises(Undecodable):
        CODEC.decode(body)


@pytest.mark.parametrize("body", BAD)
def test_pd_28_a_stream_breaks_off_at_a_bad_line(body: bytes) -> None:
    """PD-28: nothing comes out after it, and the end is never in good order."""
    stream = NdjsonStream(list)
    with pytest.raises(Undecodable):
        passed(stream, body)
    with pytest.raises(Undecodable):
        stream.feed(b'{"id":3}\n') + stream.finish() if body.strip() else stream.finish()


def test_a_stream_drops_members_and_records() -> None:
    """What the edit says is what comes out; records it hides leave no line."""
    stream = NdjsonStream(without_ssn)
    assert (
        passed(stream, b'{"id":"1","ssn":"2"}\n{"id":"hidden","ssn":"3"}\n{"id":"4"}')
        == b'{"id":"1"}\n{"id":"4"}\n'
    )
    assert stream.rows == 2


def test_an_edit_that_fails_ends_the_body() -> None:
    """Its exception comes out, and a refusal for whatever follows."""
    stream = NdjsonStream(lambda records: [record for record in records if record["id"]])
    with pytest.raises(KeyError):
        stream.feed(b'{"id":1}\n{"no":1}\n')
    with pytest.raises(Undecodable):
        stream.finish()


def test_pd_16_lines_and_bodies_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """PD-16: one line without an end, and many lines."""
    monkeypatch.setattr(ndjson, "MAX_LINE", 100)
    monkeypatch.setattr(ndjson, "MAX_ITEMS", 100)
    stream = NdjsonStream(list)
    assert b"".join(stream.feed(b"1") for _ in range(100)) == b""
    with pytest.raises(Undecodable) as caught:
        stream.feed(b"1")
    assert caught.value.status == 413
    for body in (b'{"x":"' + b"1" * 100 + b'"}\n', b"{}\n" * 101):
        with pytest.raises(Undecodable) as caught:
            CODEC.decode(body)
        assert caught.value.status == 413


@pytest.mark.parametrize("tree", [{}, None, ["x"], [[]], [{"a": "\ud800"}], [{"a": object()}]])
def test_what_has_no_form_is_refused(tree: object) -> None:
    """Anything but a list of objects."""
    with pytest.raises(Undecodable):
        CODEC.encode(tree)


def test_it_has_names_of_its_own() -> None:
    """PD-28: never as application/json, and only where the route takes it."""
    for media in CODEC.media_types:
        assert codec_for(f"{media}; charset=utf-8", frozenset({"ndjson"})).name == "ndjson"
    with pytest.raises(Undecodable):
        codec_for("application/json", frozenset({"ndjson"}))


@given(RECORDS, st.sets(st.integers(0, 300), max_size=8), st.booleans())
def test_an_independent_reader_reads_what_was_judged(
    records: list[dict[str, object]], cuts: set[int], escaped: bool
) -> None:
    """Wherever the body is cut, an independent reader finds every record without the hidden member."""
    body = "\n".join(json.dumps(record, ensure_ascii=escaped) for record in records).encode()
    shown = passed(NdjsonStream(without_ssn), body, cuts)
    expected = [
        {k: v for k, v in record.items() if k != "ssn"} for record in records if record.get("id") != "hidden"
    ]
    assert [json.loads(line) for line in shown.split(b"\n")[:-1]] == expected
    assert msgspec.json.Decoder().decode_lines(CODEC.encode(CODEC.decode(body))) == records


@given(
    st.lists(
        st.sampled_from([b'{"a":1}', b"\n", b"\r", b'"', b"{", b"}", b" ", b"\xff", b"\\u0041", b"[]"]),
        max_size=12,
    )
)
def test_both_forms_agree_about_every_body(parts: list[bytes]) -> None:
    """Whatever comes is taken by both or refused by both, and nothing else is raised."""
    body = b"".join(parts)
    results: list[bytes | None] = []
    for read in (
        lambda: CODEC.encode(CODEC.decode(body)),
        lambda: passed(NdjsonStream(list), body),
        lambda: passed(NdjsonStream(list), body, range(len(body))),
    ):
        try:
            results.append(read())
        except Undecodable:
            results.append(None)
    assert results[0] == results[1] == results[2]

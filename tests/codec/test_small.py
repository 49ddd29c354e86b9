"""Values that come alone."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from proxy.codec import codec_for
from proxy.codec.small import MAX_FOLDED, PlainValue, fold, unfold
from proxy.errors import Undecodable

PLAIN = PlainValue()


@pytest.mark.parametrize("text", ["Mara", "1.10", '{"ssn":"1"}', "\r\nx ", "é\u2028"])
def test_a_value_is_a_text_and_nothing_more(text: str) -> None:
    """PD-19, PD-21: whatever it looks like, it is the text of one field."""
    assert PLAIN.decode(text.encode()) == {"value": text}
    assert PLAIN.encode(PLAIN.decode(text.encode())) == text.encode()


def test_a_value_that_is_gone_leaves_nothing() -> None:
    """Null and removed look alike; a number or a flag is written as it reads."""
    assert PLAIN.encode({"value": None}) == PLAIN.encode({}) == b""
    assert [PLAIN.encode({"value": value}) for value in (Raw(b"1.10"), 5, True)] == [b"1.10", b"5", b"true"]


@pytest.mark.parametrize("body", [b"\xff", b"\xc0\xaf", b"a\x00", b"\xef\xbb\xbfa", "a".encode("utf-16")])
def test_pd_11_a_value_is_utf_8(body: bytes) -> None:
    """PD-08, PD-09, PD-11: nothing else."""
    with pytest.raises(Undecodable):
        PLAIN.decode(body)


@pytest.mark.parametrize(
    "tree", [None, "x", [], {"value": []}, {"other": "x"}, {"value": "\ud800"}, {"value": "\0"}]
)
def test_what_is_no_single_value_is_refused(tree: object) -> None:
    """A container, another member, text with no form."""
    with pytest.raises(Undecodable):
        PLAIN.encode(tree)


def test_plain_text_is_taken_only_where_a_route_says_so() -> None:
    """PD-19: JSON labelled as plain text is no JSON."""
    assert codec_for("text/plain; charset=utf-8", frozenset({"plain"})).name == "plain"
    with pytest.raises(Undecodable):
        codec_for("text/plain", frozenset({"json"}))


@pytest.mark.parametrize("padded", [True, False])
def test_folded_json_is_read_with_and_without_padding(padded: bool) -> None:
    """Both ways of writing it are usual; what is sent on has none."""
    text = base64.urlsafe_b64encode(b'{"a": 1.10}').decode()
    assert fold(unfold(text if padded else text.rstrip("="))) == base64.urlsafe_b64encode(
        b'{"a":1.10}'
    ).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "e30==",
        "e30=e30=",
        "e3",
        "e31",
        "e30\n",
        " e30",
        "e30%3D",
        "e",
        "e+/0",
        "eyJ9",
        "W10=x",
        "bnVsbA===",
        "é30",
    ],
)
def test_pd_21_another_way_of_writing_it_is_refused(text: str) -> None:
    """PD-21: other alphabets, odd padding, spare bits, and what is no JSON inside."""
    with pytest.raises(Undecodable):
        unfold(text)


def test_pd_01_what_is_folded_is_read_as_strictly() -> None:
    """PD-01, PD-16: duplicates inside, and too much of it."""
    for inside in (b'{"ssn":1,"ssn":2}', b"{}{}", b"\xef\xbb\xbf{}"):
        with pytest.raises(Undecodable):
            unfold(base64.urlsafe_b64encode(inside).decode())
    with pytest.raises(Undecodable) as caught:
        unfold("A" * (MAX_FOLDED + 1))
    assert caught.value.status == 413


@given(st.recursive(st.integers() | st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.lists))
def test_an_independent_reader_reads_what_was_inspected(tree: object) -> None:
    """Python's own decoders see the same value."""
    text = fold(tree)
    assert json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) == unfold(text) == tree


@given(st.text(max_size=12))
def test_nothing_but_a_refusal_comes_of_rubbish(text: str) -> None:
    """No text raises anything undeclared."""
    try:
        tree = unfold(text)
    except Undecodable:
        return
    assert unfold(fold(tree)) == tree


def test_queries_are_texts_under_another_label() -> None:
    """Bare text that is labelled by what is to come back is read where a route says so, and only there."""
    for kind, name in (("text/csv", "query_csv"), ("application/json", "query_json")):
        codec = codec_for(f"{kind}; charset=UTF-8", frozenset({"query_csv", "query_json"}))
        assert codec.name == name
        assert codec.decode(b"SELECT Id FROM Contact") == {"value": "SELECT Id FROM Contact"}
        assert codec.content_type.startswith(kind)
        assert codec_for(kind, frozenset({"csv", "json"})).name in {"csv", "json"}

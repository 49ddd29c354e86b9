"""addons.grammar: pure checks and pure bytes; the table of bad requests is in test_wire, rows M17 to M21."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.grammar import DENIAL, check_field, check_head, host_name, render, split_target
from proxy.errors import Undecodable
from proxy.message import Headers, Response

VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))


@given(st.binary(max_size=60))
def test_a_head_is_never_taken_for_more_than_it_is(data):
    """A value of printable ASCII is accepted, and nothing else that could not be lines of their own."""
    raw = b"GET /x HTTP/1.1\r\nHost: a\r\nX:" + data + b"\r\n\r\n"
    if b"\r" not in data and b"\n" not in data:
        clean = all(0x20 <= byte <= 0x7E or byte == 9 for byte in data)
        assert (check_head(raw, 65_536) is None) is clean
    elif check_head(raw, 65_536) is None:
        head = raw[: raw.index(b"\r\n\r\n")]
        assert head.count(b"\r\n") == head.count(b"\r") == head.count(b"\n")


def test_a_head_may_have_a_body_behind_it():
    """Only what comes before the first empty line is looked at."""
    assert check_head(b"POST /x HTTP/1.1\r\nHost: a\r\n\r\n\x00\xff\n\n", 65_536) is None


def test_a_head_is_as_long_as_allowed_and_no_longer():
    """The limit holds for the head alone, also when its end comes in the same read as what is too much."""
    head = b"GET /x HTTP/1.1\r\nHost: a"
    assert check_head(head + b"\r\n\r\n" + b"y" * 99, len(head)) is None
    assert check_head(head + b"\r\n\r\n", len(head) - 1) == "head_too_large"


def test_a_head_without_an_end_is_none():
    """Bytes that only look like the beginning of a head are not one."""
    assert check_head(b"GET /x HTTP/1.1\r\nHost: a\r\n", 65_536) == "malformed_head"
    assert check_head(b"", 65_536) == "malformed_head"


@given(st.lists(st.text(st.sampled_from("abcXYZ09-_~.!$&'()*+,=:@%41%C3%A9"), min_size=1), min_size=1), VALUES)
def test_a_target_is_split_without_loss(segments, query):
    """Path and query put together again are the target, or the target was refused."""
    target = "/" + "/".join(segments) + ("?" + query if query else "")
    try:
        path, found = split_target(target.encode())
    except Undecodable:
        return
    assert (f"{path}?{found}" if query else path) == target
    assert not any(segment in (".", "..", "") for segment in path.split("/")[1:])


@pytest.mark.parametrize(
    ("value", "host"),
    [("CRM.Example", "crm.example"), ("a:8080", "a"), ("[::1]:443", "[::1]"), ("10.0.0.1", "10.0.0.1")],
)
def test_a_host_is_its_name(value, host):
    """Lower-case, without the port."""
    assert host_name(value) == host


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_field_that_passes_is_one_line(name, value):
    """What check_field lets through can be written in ASCII and ends no line."""
    try:
        check_field(name, value)
    except ValueError:
        return
    line = f"{name}: {value}".encode("ascii")
    assert b"\r" not in line
    assert b"\n" not in line


@given(
    st.integers(200, 599), st.binary(max_size=40_000), st.sampled_from(["GET", "HEAD", "POST"]), st.booleans()
)
def test_an_answer_says_its_length_and_is_that_long(status, body, method, close):
    """Exactly one content-length, right, except where a body is not allowed; then neither."""
    headers = Headers((("content-length", "7"), ("transfer-encoding", "chunked")))
    wire = b"".join(render(Response(status, headers, body), method=method, close=close))
    head, _, sent = wire.partition(b"\r\n\r\n")
    if method == "HEAD" or status in (204, 304):
        assert sent == b""
        assert b"content-length" not in head
    else:
        assert sent == body
        assert head.count(b"content-length: %d" % len(body)) == head.count(b"content-length") == 1
    assert b"transfer-encoding" not in head
    assert (b"\r\nconnection: close" in head) is close


def test_the_last_word_is_a_whole_answer():
    """DENIAL is valid HTTP with a valid body and ends the connection."""
    head, _, body = b"".join(DENIAL).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"\r\ncontent-length: %d\r\n" % len(body) in head
    assert head.endswith(b"connection: close")
    assert json.loads(body)["status"] == 503

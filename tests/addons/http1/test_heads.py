"""addons.http1.heads: what is left of a head, by the same grammar as everything that is written."""

from hypothesis import given
from hypothesis import strategies as st

from addons.grammar import check_field
from addons.http1.heads import read_answer_head
from proxy.errors import UpstreamFault

lines = st.binary(min_size=1, max_size=30) | st.from_regex(
    rb"[A-Za-z_-]{1,9}: ?[\x20-\xff]{0,12}", fullmatch=True
)


@given(st.lists(lines, max_size=6))
def test_every_field_of_an_answer_that_is_kept_could_be_written(some):
    """Whatever bytes an upstream sends, what the gateway sees of the head are fields by our own grammar."""
    raw = b"\r\n".join([b"HTTP/1.1 200 OK", b"content-length: 0", *some]) + b"\r\n\r\n"
    try:
        head = read_answer_head(raw, "GET", most=128)
    except UpstreamFault:
        return
    for name, value in head.headers:
        check_field(name, value)
        assert name == name.lower()
        assert name not in ("content-length", "connection", "transfer-encoding")


def test_odd_but_legal_fields_are_left_out():
    """A file name in Latin-1 or an underscore does not cost the whole answer."""
    raw = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nX-File: \xe9.pdf\r\nx_id: 1\r\nX-Id: 2\r\n\r\n"
    assert read_answer_head(raw, "GET", most=128).headers.fields == (("x-id", "2"),)

"""addons.http1.bodies.Pieces: what it takes out of a body as it comes is what `Body` takes out of it whole."""

import itertools
from collections.abc import Iterable

import pytest
from httptools import HttpRequestParser
from hypothesis import given
from hypothesis import strategies as st

from addons.http1.bodies import BadFraming, Body, Pieces, TooLarge
from addons.http1.heads import Framing, Heard

HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def framing(length: int | None) -> Framing:
    """Return a framing whose decoder has seen the head."""
    heard = Heard()
    parser = HttpRequestParser(heard)
    parser.feed_data(
        HEAD if length is None else b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length
    )
    return Framing(length, parser, heard)


def cut(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """Return the data in pieces."""
    edges = sorted({0, len(data), *(at % (len(data) + 1) for at in cuts)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def in_pieces(data: bytes, length: int | None, cuts: Iterable[int]) -> tuple[bytes, bool, bytes] | None:
    """Return the body, whether it has ended, and what is left; None where it is refused."""
    pieces, buffer, body = Pieces(framing(length)), bytearray(), b""
    try:
        for each in cut(data, cuts) or [b""]:
            buffer += each
            body += pieces.take(buffer)
    except (BadFraming, TooLarge):
        return None
    return body, pieces.ended, bytes(buffer)


def whole(data: bytes, length: int | None, cuts: Iterable[int]) -> tuple[bytes | None, bytes] | None:
    """Return the body, None while there is more to come, and what is left; None where it is refused."""
    body, buffer, found = Body(framing(length), 1 << 30), bytearray(), None
    try:
        for each in cut(data, cuts) or [b""]:
            buffer += each
            if found is None:
                found = body.take(buffer)
    except (BadFraming, TooLarge):
        return None
    return found, bytes(buffer)


FRAGMENTS = st.sampled_from([
    b"5\r\nhello\r\n", b"0\r\n\r\n", b"1\r\n\r\r\n", b"A\r\n0123456789\r\n", b"5;x=y\r\nhello\r\n",
    b"0\r\nX: y\r\n\r\n", b"0005\r\nhello\r\n", b"+5\r\nhello\r\n", b"5\nhello\n", b"5\r\nhelloo\r\n",
    b"ffffffffffffffffff\r\n", b" 5\r\nhello\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\r\n", b"0\r\n",
    b"2\r\n\r\n\r\n",
])  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=6).map(b"".join), st.sets(st.integers(0, 200), max_size=8))
def test_chunks_are_read_as_of_a_whole_body(data: bytes, cuts: set[int]) -> None:
    """Wherever it is cut: the same bytes, the same end, and what one refuses the other does not end."""
    expected, found = whole(data, None, cuts), in_pieces(data, None, cuts)
    if found is None or not found[1]:
        assert expected is None or expected[0] is None
        return
    assert expected is not None
    assert (found[0], found[2]) == expected


@given(st.binary(max_size=40), st.integers(0, 60), st.sets(st.integers(0, 60), max_size=5))
def test_a_length_is_a_length(data: bytes, length: int, cuts: set[int]) -> None:
    """No byte more is taken, and none is missed."""
    assert in_pieces(data, length, cuts) == (data[:length], len(data) >= length, data[length:])


def test_small_chunks_are_refused() -> None:
    """A body that is mostly framing is no body."""
    assert in_pieces(b"1\r\nx\r\n" * 40_000, None, range(0, 240_000, 1_000)) is None
    assert in_pieces(b"40\r\n" + bytes(64) + b"\r\n", None, ()) == (bytes(64), False, b"")


@pytest.mark.parametrize("data", [b"5\r\nhe", b"5", b"5\r", b"0\r\n\r"])
def test_what_has_not_ended_is_not_ended(data: bytes) -> None:
    """Whoever waits for the rest, waits."""
    found = in_pieces(data, None, range(len(data)))
    assert found is not None
    assert not found[1]

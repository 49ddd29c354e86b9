"""Content codings are undone strictly; ids are those of the threat catalogue, content codings."""

import contextlib
import gzip
import subprocess
import sys
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from proxy.codec import undo_content_coding
from proxy.codec.coding import GRACE, RATIO
from proxy.errors import Undecodable
from proxy.message import Headers

LIMIT = 1_000_000
PLAIN = b'{"Name":"Mara Quinn"}' * 40


def _raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


def _zstd_unsized(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=False, write_checksum=True).compress(data)


CODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate-raw": ("deflate", _raw_deflate),  # what old servers send
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstandard.compress),
    "zstd-unsized": ("zstd", _zstd_unsized),  # as a server that streams writes it
}
each_coder = pytest.mark.parametrize("coder", CODERS)


def _undo(name: str, body: bytes, limit: int = LIMIT) -> bytes:
    return undo_content_coding(Headers((("content-encoding", name),)), body, limit)


def _refusal(name: str, body: bytes, limit: int = LIMIT) -> tuple[str, int]:
    with pytest.raises(Undecodable) as caught:
        _undo(name, body, limit)
    return caught.value.reason, caught.value.status


@given(st.sampled_from(sorted(CODERS)), st.binary(max_size=2000))
def test_ce_01_known_codings_are_undone(coder: str, data: bytes) -> None:
    """CE-01: gzip, deflate with and without its wrapper, br and zstd give back what was coded."""
    name, code = CODERS[coder]
    assert _undo(name, code(data)) == data


def test_no_coding_and_identity_leave_the_body() -> None:
    """CE-01: nothing stated and `identity` mean the same."""
    assert undo_content_coding(Headers(), PLAIN, LIMIT) == PLAIN
    assert _undo("identity", PLAIN) == PLAIN


@pytest.mark.parametrize("name", ["gzip, gzip", "gzip,br", "identity, gzip", "gzip,", ", gzip"])
def test_ce_02_stacked_codings_are_refused(name: str) -> None:
    """CE-02: one coding, or none."""
    assert _refusal(name, gzip.compress(gzip.compress(PLAIN))) == ("unknown_content_coding", 415)


def test_ce_02_two_headers_are_refused() -> None:
    """CE-02: two readers could each take another one."""
    headers = Headers((("content-encoding", "gzip"), ("content-encoding", "identity")))
    with pytest.raises(Undecodable):
        undo_content_coding(headers, gzip.compress(PLAIN), LIMIT)


@pytest.mark.parametrize(
    "name",
    [
        "foo",  # CE-03
        "x-gzip",  # CE-03: an alias some readers do not know
        "compress",  # in the registry, in no client
        "gzip;q=1",  # not a coding's grammar
        "",  # stated, and nothing said
        "rot13",  # CE-08: a codec of Python's
        "hex",  # CE-08
        "base64",  # CE-08
        "bz2",  # CE-08
        "utf-8",  # CE-08
        "punycode",  # CE-08
        "unicode_escape",  # CE-08
        "ｇｚｉｐ",  # folds to gzip under NFKC only
    ],
)
def test_ce_03_ce_08_other_names_are_refused(name: str) -> None:
    """CE-03, CE-08: what is not in the table is 415, and no codec of Python's is ever asked."""
    assert _refusal(name, gzip.compress(PLAIN)) == ("unknown_content_coding", 415)


@pytest.mark.parametrize("name", ["GZIP", "Gzip", " gzip ", "gzip\t"])
def test_ce_03_names_are_read_without_case_and_padding(name: str) -> None:
    """CE-03: RFC 9110 section 8.4.1 says so."""
    assert _undo(name, gzip.compress(PLAIN)) == PLAIN


@pytest.mark.parametrize("coder", [key for key in CODERS if key != "deflate-raw"])
def test_ce_04_a_body_that_is_not_coded_is_refused(coder: str) -> None:
    """CE-04: the header lies."""
    assert _refusal(CODERS[coder][0], PLAIN) == ("bad_content_coding", 400)


@each_coder
def test_ce_05_bytes_after_the_end_are_refused(coder: str) -> None:
    """CE-05: a second member, a second frame, a clear tail, one byte."""
    name, code = CODERS[coder]
    body = code(PLAIN)
    for more in (body, b"x", b"\0", PLAIN, code(b"")):
        assert _refusal(name, body + more) == ("bad_content_coding", 400)


def test_ce_06_what_a_header_carries_does_not_come_through() -> None:
    """CE-06: the file name in a gzip header is gone, a skippable zstd frame is refused."""
    stream = zlib.compressobj(wbits=-15)
    named = (
        b"\x1f\x8b\x08\x08\0\0\0\0\0\xff123-45-6789\0"
        + stream.compress(PLAIN)
        + stream.flush()
        + zlib.crc32(PLAIN).to_bytes(4, "little")
        + len(PLAIN).to_bytes(4, "little")
    )
    assert _undo("gzip", named) == PLAIN
    skippable = b"\x50\x2a\x4d\x18\x0b\0\0\x00123-45-6789"
    for body in (skippable, skippable + zstandard.compress(PLAIN), zstandard.compress(PLAIN) + skippable):
        assert _refusal("zstd", body) == ("bad_content_coding", 400)


@each_coder
def test_ce_07_a_cut_stream_is_refused_wherever_it_is_cut(coder: str) -> None:
    """CE-07: half an answer is no answer."""
    name, code = CODERS[coder]
    body = code(PLAIN)
    for length in range(len(body)):
        assert _refusal(name, body[:length]) == ("bad_content_coding", 400)


@pytest.mark.parametrize("coder", ["gzip", "deflate", "zstd-unsized"])
def test_ce_07_a_wrong_checksum_is_refused(coder: str) -> None:
    """CE-07: where the coding has a checksum it must be right."""
    name, code = CODERS[coder]
    body = bytearray(code(PLAIN))
    body[-5 if coder == "gzip" else -1] ^= 1
    assert _refusal(name, bytes(body)) == ("bad_content_coding", 400)


@given(st.sampled_from(sorted(CODERS)), st.integers(0), st.integers(1, 255))
def test_a_flipped_byte_never_escapes_as_another_exception(coder: str, at: int, flip: int) -> None:
    """Damage anywhere is read or refused."""
    name, code = CODERS[coder]
    body = bytearray(code(PLAIN))
    body[at % len(body)] ^= flip
    with contextlib.suppress(Undecodable):
        assert len(_undo(name, bytes(body))) <= LIMIT


@each_coder
def test_ce_09_a_body_may_reach_the_limit_and_not_pass_it(coder: str) -> None:
    """CE-09: the limit is inclusive, to the byte."""
    name, code = CODERS[coder]
    body = code(PLAIN)
    assert _undo(name, body, len(PLAIN)) == PLAIN
    reason, status = _refusal(name, body, len(PLAIN) - 1)
    # zstd does not tell a frame of unstated size that is too large from a damaged one.
    assert (reason, status) == (
        ("bad_content_coding", 400) if coder == "zstd-unsized" else ("body_too_large", 413)
    )


def test_ce_09_the_limit_holds_without_a_coding() -> None:
    """CE-09: a plain body is measured too."""
    with pytest.raises(Undecodable) as caught:
        undo_content_coding(Headers(), PLAIN, len(PLAIN) - 1)
    assert caught.value.status == 413


@pytest.mark.parametrize("coder", ["br", "zstd"])
def test_ce_09_the_ratio_is_capped(coder: str) -> None:
    """CE-09: a few bytes cannot ask for much memory, however high the limit is."""
    name, code = CODERS[coder]
    body = code(bytes(64 * GRACE))
    assert len(body) * RATIO < 64 * GRACE
    assert _refusal(name, body, 1_000 * GRACE) == ("body_too_large", 413)


MEASURE = """
import resource, sys
from proxy.codec import undo_content_coding
from proxy.errors import Undecodable
from proxy.message import Headers
name, body, limit = sys.argv[1], sys.stdin.buffer.read(), int(sys.argv[2])
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
try:
    undo_content_coding(Headers((("content-encoding", name),)), body, limit)
except Undecodable as refusal:
    print(peak() - before)
"""


def _bomb(coder: str, size: int) -> bytes:
    """Return `size` zero bytes, coded without ever holding them."""
    chunk = bytes(1 << 20)
    if coder == "gzip":
        stream = zlib.compressobj(9, wbits=31)
    elif coder == "br":
        stream = brotli.Compressor(quality=1)
        return b"".join(stream.process(chunk) for _ in range(size >> 20)) + stream.finish()
    else:
        stream = zstandard.ZstdCompressor().compressobj()
    return b"".join(stream.compress(chunk) for _ in range(size >> 20)) + stream.flush()


@pytest.mark.parametrize("coder", ["gzip", "br", "zstd"])
def test_ce_09_a_bomb_costs_less_than_four_times_the_cap(coder: str) -> None:
    """CE-09: 512 MiB of zeros, a cap of 16 MiB, in a process of its own so that its peak is its own."""
    cap = 16 << 20
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, coder, str(cap)],
        input=_bomb(coder, 512 << 20),
        capture_output=True,
        check=True,
    )
    assert 0 <= int(done.stdout) < 4 * cap


def test_ce_09_a_frame_that_needs_a_large_window_is_refused() -> None:
    """CE-09: RFC 9659 caps what a zstd decoder must set aside at 8 MiB."""
    wide = zstandard.ZstdCompressionParameters(window_log=25, write_content_size=False)
    coder = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    body = coder.compress(bytes(range(256)) * 200_000) + coder.flush()
    assert _refusal("zstd", body, 1 << 30) == ("bad_content_coding", 400)

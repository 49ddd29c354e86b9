"""Content codings undone strictly: one header, one coding, one complete stream, no byte more, no bomb.

The decoded body is what everybody after us gets, client and CRM alike, and always without a coding. So a
place to hide (a comment in a gzip header, a second member, bytes after the end) is either refused or gone.

Memory. Every decoder is given a bound on its output before it starts: the caller's limit or `RATIO` times the
input, whichever is smaller. A brotli bomb of 400 bytes is stopped after `GRACE`, not after the limit.
"""

import zlib
from collections.abc import Callable, Mapping
from typing import Final

import brotli
import zstandard

from proxy.errors import Undecodable
from proxy.message import Headers

RATIO: Final = 1_000
"""Output per byte of input. Two thousand records full of nulls come to 120 under gzip, 870 under brotli and
zstd; deflate cannot exceed 1,032, so there the limit is what counts."""
GRACE: Final = 1_048_576
"""Bytes of output below which the ratio does not matter."""

Undo = Callable[[bytes, int], bytes]
"""(coded, bound) -> decoded; raises Undecodable unless it is one complete stream of at most `bound` bytes."""


def undo_content_coding(headers: Headers, body: bytes, limit: int) -> bytes:
    """Return `body` with its content coding undone (RFC 9110 section 8.4), at most `limit` bytes.

    Args:
        headers: of the same message; only `content-encoding` is looked at.
        body: as it came, unverified.
        limit: largest decoded size in bytes.

    Raises:
        Undecodable: 415 for any coding but gzip, deflate, br, zstd and identity, or more than one; 413 for a
            body beyond the limit or the ratio; 400 for a stream that is damaged, cut or followed by more.
    """
    stated = headers.one("content-encoding")
    name = "identity" if stated is None else stated.strip(" \t").lower()
    if name == "identity":
        return _at_most(limit, body)
    undo = _CODINGS.get(name)
    if undo is None:
        raise Undecodable("unknown_content_coding", status=415)
    return undo(body, min(limit, max(GRACE, RATIO * len(body))))


MOST_OF_A_PIECE: Final = 8 << 20
"""Bytes that one piece of a body may become: rows of a table come to a tenth of that, a bomb to ten times."""


class Gunzip:
    """Undoes one gzip member (RFC 1952) that comes in pieces."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        """Return what a piece becomes.

        Raises:
            Undecodable: 400 for a stream that is damaged, cut or followed by more; 413 for a piece that becomes
                too much.
        """
        try:
            decoded = self._stream.decompress(chunk, MOST_OF_A_PIECE)
        except zlib.error:
            raise _damaged() from None
        if self._stream.unconsumed_tail:
            raise _too_large()
        if self._stream.unused_data or (last and not self._stream.eof):
            raise _damaged()
        return decoded


def unpacking(headers: Headers) -> Gunzip | None:
    """Return what undoes the content coding of a body that comes in pieces; None: it has none.

    Raises:
        Undecodable: 415 for any coding but gzip, or more than one.
    """
    stated = (headers.one("content-encoding") or "identity").strip(" \t").lower()
    if stated not in {"identity", "gzip"}:
        raise Undecodable("stream_coded", status=415)
    return Gunzip() if stated == "gzip" else None


def _gzip(body: bytes, bound: int) -> bytes:
    """Undo exactly one gzip member (RFC 1952); zlib checks CRC and length."""
    return _inflate(body, bound, 16 + zlib.MAX_WBITS)


def _deflate(body: bytes, bound: int) -> bytes:
    """Undo `deflate`: a zlib stream (RFC 1950), or the bare deflate data that some servers send instead."""
    wrapped = len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    return _inflate(body, bound, zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)


def _inflate(body: bytes, bound: int, window: int) -> bytes:
    stream = zlib.decompressobj(window)
    try:
        decoded = _at_most(bound, stream.decompress(body, bound + 1))
    except zlib.error:
        raise _damaged() from None
    if not stream.eof or stream.unused_data:
        raise _damaged()
    return decoded


def _brotli(body: bytes, bound: int) -> bytes:
    """Undo one brotli stream (RFC 7932); the decoder itself refuses bytes after its end."""
    stream = brotli.Decompressor()
    try:
        decoded = _at_most(bound, stream.process(body, output_buffer_limit=bound + 1))
    except brotli.error:
        raise _damaged() from None
    if not stream.is_finished():
        raise _damaged()
    return decoded


def _zstd(body: bytes, bound: int) -> bytes:
    """Undo exactly one zstd frame (RFC 8878).

    The frame's end is found by its block headers, because the library lets bytes after a frame of unstated
    size pass, and reads skippable frames as if they were data.
    """
    if _end_of_frame(body) != len(body):
        raise _damaged()
    try:
        stated = zstandard.get_frame_parameters(body).content_size
        if stated != zstandard.CONTENTSIZE_UNKNOWN and stated > bound:
            raise _too_large()
        # An unstated size beyond the bound is an error of the library's too; memory is touched as it fills.
        return zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompress(body, max_output_size=bound)
    except zstandard.ZstdError:
        raise _damaged() from None


def _end_of_frame(body: bytes) -> int:
    """Return where the zstd frame at the start of `body` ends (RFC 8878 section 3.1.1), -1 if it does not."""
    if body[:4] != b"\x28\xb5\x2f\xfd":
        return -1
    try:
        at = zstandard.frame_header_size(body)
    except zstandard.ZstdError:
        return -1
    last = False
    while not last:
        if at + 3 > len(body):
            return -1
        header = int.from_bytes(body[at : at + 3], "little")
        last = bool(header & 1)
        at += 3 + (1 if header >> 1 & 3 == _ZSTD_RLE else header >> 3)
    return at + (4 if body[4] & _ZSTD_CHECKSUM else 0)


_ZSTD_WINDOW: Final = 8_388_608
"""RFC 9659 section 3: no more may be needed to undo `zstd` as a content coding."""
_ZSTD_RLE: Final = 1
"""Block type whose content is one byte, whatever size it states."""
_ZSTD_CHECKSUM: Final = 0x04
"""Bit of the frame header descriptor that announces four bytes after the last block."""


def _at_most(bound: int, decoded: bytes) -> bytes:
    if len(decoded) > bound:
        raise _too_large()
    return decoded


def _damaged() -> Undecodable:
    return Undecodable("bad_content_coding")


def _too_large() -> Undecodable:
    return Undecodable("body_too_large", status=413)


_CODINGS: Final[Mapping[str, Undo]] = {"gzip": _gzip, "deflate": _deflate, "br": _brotli, "zstd": _zstd}

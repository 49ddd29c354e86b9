"""Bodies: where one ends in a stream of bytes, and what is in it; pure, no I/O.

`Body` takes one out whole, `Pieces` as it comes. A chunked body is read twice. `_Ruler` finds where it ends,
by the strictest grammar there is: sizes in at most 16 hexadecimal digits, no extensions, no trailers, CRLF and
nothing else. llhttp takes out of it what is in it. A body about whose extent they disagree is refused.
"""

import re
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade

from addons.http1.heads import Framing

_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,16}")
_BEGUN: Final = re.compile(rb"[0-9A-Fa-f]{0,16}\r?")
_LINE: Final = 18
"""Bytes of the longest size line, its CRLF included."""
_SLACK: Final = 65_536
"""Bytes of framing that any chunked body may have."""
_WORTH: Final = 4
"""Bytes of body for each byte of framing beyond. A chunk costs everybody time, and is an object in memory: a
body's limit in chunks of two bytes was a second in which nobody was served, and hundreds of megabytes."""


class BadFraming(ValueError):
    """A chunked body that two readers could end in two places; the text names the fault only."""


class Trailers(BadFraming):
    """It has trailers."""


class TooLarge(ValueError):
    """More than may be kept."""


class Pieces:
    """One body of any size, taken out of the buffer it arrives in, as it arrives."""

    def __init__(self, framing: Framing) -> None:
        """Take how it is framed."""
        self._framing = framing
        self._left = framing.length
        """Of a body with a length; of a chunked one, of its present chunk, None between chunks."""
        self._size = self._framed = 0
        self.ended = framing.length == 0
        """Whether the last byte of it has been taken."""

    def take(self, buffer: bytearray) -> bytes:
        """Return what is there of the body and remove it from the buffer.

        Raises:
            BadFraming: it is chunked, and not as it should be.
            TooLarge: its chunks are so small that they are mostly framing.
        """
        if self.ended:
            return b""
        if self._framing.length is None:
            return self._chunks(buffer)
        assert self._left is not None
        piece = bytes(buffer[: self._left])
        del buffer[: len(piece)]
        self._left -= len(piece)
        self.ended = not self._left
        return piece

    def _chunks(self, buffer: bytearray) -> bytes:
        """Return what is in the chunks, and parts of one, that are there, by both readings."""
        at = size = 0
        while not self.ended:
            if self._left is None:
                after = self._size_line(buffer, at)
                if after is None:
                    break
                at = after
                continue
            if self._left > 2:  # its last two are CRLF
                found = min(self._left - 2, len(buffer) - at)
                at, size, self._left = at + found, size + found, self._left - found
            if self._left > 2 or len(buffer) < at + 2:
                break
            if not buffer.startswith(b"\r\n", at):
                raise BadFraming
            at, self._left = at + 2, None
        raw = bytes(buffer[:at])
        del buffer[:at]
        return self._decode(raw, size) if raw else b""

    def _size_line(self, buffer: bytearray, begin: int) -> int | None:
        """Read the line that begins a chunk, with what follows where that ends the body; return where it
        ends."""
        end = buffer.find(b"\r\n", begin, begin + _LINE)
        if end < 0:
            if _BEGUN.fullmatch(buffer, begin, min(len(buffer), begin + _LINE)) is None:
                raise BadFraming
            return None
        if _SIZE.fullmatch(buffer, begin, end) is None:
            raise BadFraming
        size, after = int(buffer[begin:end], 16), end + 2
        if size == 0:
            last = buffer[after : after + 2]
            if not b"\r\n".startswith(last):
                raise Trailers
            if len(last) < 2:
                return None
            self.ended = True
            return after + 2
        self._size += size
        self._framed += after - begin + 2
        if _WORTH * (self._framed - _SLACK) > self._size:
            raise TooLarge
        self._left = size + 2
        return after

    def _decode(self, raw: bytes, size: int) -> bytes:
        heard = self._framing.heard
        fields = len(heard.fields)
        heard.pieces.clear()
        try:
            self._framing.decoder.feed_data(raw)
        except (HttpParserError, HttpParserUpgrade):
            raise BadFraming from None
        piece = b"".join(heard.pieces)
        if heard.complete is not self.ended or heard.late or len(piece) != size or len(heard.fields) != fields:
            raise BadFraming
        return piece


class Body:
    """One body, taken out of the buffer it arrives in."""

    def __init__(self, framing: Framing, most: int) -> None:
        """Take how it is framed, and how many bytes it may have."""
        self._framing = framing
        self._most = most
        self._at = 0
        self._size = 0
        if framing.length is not None and framing.length > most:
            raise TooLarge

    def take(self, buffer: bytearray) -> bytes | None:
        """Return the body and remove it from the buffer, or None while there is more to come.

        Raises:
            BadFraming: it is chunked, and not as it should be.
            TooLarge: it is, or its chunks are so small that they are mostly framing.
        """
        length = self._framing.length
        if length is not None:
            if len(buffer) < length:
                return None
            with memoryview(buffer) as view:
                body = bytes(view[:length])
            del buffer[:length]
            return body
        end = self._measure(buffer)
        if end is None:
            return None
        raw = bytes(buffer[:end])
        del buffer[:end]
        return self._decode(raw)

    def _measure(self, buffer: bytearray) -> int | None:
        """Return where the body ends, its last chunk included; None while that is not there."""
        while True:
            begin = self._at
            end = buffer.find(b"\r\n", begin, begin + _LINE)
            if end < 0:
                if _BEGUN.fullmatch(buffer, begin) is None:
                    raise BadFraming
                return None
            if _SIZE.fullmatch(buffer, begin, end) is None:
                raise BadFraming
            size = int(buffer[begin:end], 16)
            after = end + 2 + size + 2
            whole = self._size + size
            if whole > self._most or _WORTH * (after - whole - _SLACK) > whole:
                raise TooLarge
            if size == 0 and not b"\r\n".startswith(buffer[end + 2 : end + 4]):
                raise Trailers
            if len(buffer) < after:
                return None
            if not buffer.startswith(b"\r\n", after - 2):
                raise BadFraming
            self._at, self._size = after, self._size + size
            if size == 0:
                return after

    def _decode(self, raw: bytes) -> bytes:
        heard = self._framing.heard
        fields = len(heard.fields)
        try:
            self._framing.decoder.feed_data(raw)
        except (HttpParserError, HttpParserUpgrade):
            raise BadFraming from None
        body = b"".join(heard.pieces)
        if not heard.complete or heard.late or len(body) != self._size or len(heard.fields) != fields:
            raise BadFraming
        return body

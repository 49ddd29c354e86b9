"""Bodies: where one ends in a stream of bytes, and what is in it; pure, no I/O.

A chunked body is read twice. `_Ruler` finds where it ends, by the strictest grammar there is: sizes in at most
16 hexadecimal digits, no extensions, no trailers, CRLF and nothing else. llhttp takes out of it what is in it. A
body about whose extent they disagree is refused.
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
            body = bytes(buffer[:length])
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

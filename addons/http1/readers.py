"""Streams of bytes in, whole messages out; pure, no I/O.

Each reader owns the buffer of one connection. A message is removed from it when it is complete, and what
follows stays untouched until it is asked for: nobody reads ahead, so nobody can mistake a body for a request.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from addons.http1.bodies import BadFraming, Body, Pieces, TooLarge, Trailers
from addons.http1.heads import AnswerHead, Framing, RequestHead, read_answer_head, read_request_head
from addons.lane import LaneSpec, Limits
from proxy.errors import Undecodable, UpstreamFault
from proxy.message import Response

_END: Final = b"\r\n\r\n"
_NEVER: Final = re.compile(rb"(?<!\r)\n|\r[^\n]|[^\t\r\n\x20-\x7e]")
"""What cannot stand in a request's head, so that nobody has to wait for its end."""
_INTERIM: Final = 8
"""Interim answers (1xx) that are skipped before one answer."""


class RequestReader:
    """The requests of one client's connection, one at a time."""

    def __init__(self, lane: LaneSpec, limits: Limits, sni: str | None) -> None:
        self._lane, self._limits, self._sni = lane, limits, sni
        self.buffer = bytearray()
        self._seen = 0
        self._framing: Framing | None = None
        self._body: Body | None = None
        self._pieces: Pieces | None = None

    def head(self) -> RequestHead | None:
        """Return the next request's head and remove it, or None while there is more of it to come.

        Raises:
            Undecodable: it is not one that this lane takes.
        """
        buffer = self.buffer
        if buffer and not 65 <= buffer[0] <= 90:
            raise Undecodable("malformed_head")
        end = buffer.find(_END, max(0, self._seen - 3))
        most = self._limits.head_bytes
        if end < 0:
            if len(buffer) > most:
                raise Undecodable("head_too_large", status=431)
            if _NEVER.search(buffer, max(0, self._seen - 1)):
                raise Undecodable("malformed_head")
            self._seen = len(buffer)
            return None
        raw = bytes(buffer[: end + 4])
        del buffer[: end + 4]
        self._seen = 0
        head = read_request_head(raw, self._lane, self._sni, most_bytes=most, most=self._limits.head_fields)
        self._body = self._pieces = None
        self._framing = head.framing
        return head

    def body(self, most: int | None = None) -> bytes | None:
        """Return the body that belongs to the last head and remove it, or None while it is not complete.

        Args:
            most: bytes that it may have, if that is less than the lane allows; holds from the first call on.

        Raises:
            Undecodable: too large, with trailers, or ending in two places.
        """
        assert self._framing is not None
        with _as_undecodable():
            limit = self._lane.body_limit if most is None else min(most, self._lane.body_limit)
            self._body = self._body or Body(self._framing, limit)
            return self._body.take(self.buffer)

    def piece(self) -> tuple[bytes, bool]:
        """Return what is there of the body that belongs to the last head, removing it, and whether it has ended.

        Raises:
            Undecodable: with trailers, or ending in two places.
        """
        assert self._framing is not None
        with _as_undecodable():
            self._pieces = self._pieces or Pieces(self._framing)
            return self._pieces.take(self.buffer), self._pieces.ended


@contextmanager
def _as_undecodable() -> Iterator[None]:
    """Say of a request's body what is wrong with it."""
    try:
        yield
    except TooLarge:
        raise Undecodable("body_too_large", status=413) from None
    except Trailers:
        raise Undecodable("trailers_refused") from None
    except BadFraming:
        raise Undecodable("bad_framing") from None


@contextmanager
def _as_fault() -> Iterator[None]:
    """Say of an answer's body what is wrong with it."""
    try:
        yield
    except TooLarge:
        raise UpstreamFault("answer_too_large") from None
    except Trailers:
        raise UpstreamFault("trailers_refused") from None
    except BadFraming:
        raise UpstreamFault("malformed_answer") from None


class AnswerReader:
    """The answer to one request.

    With `in_rows`, one that succeeded and has a body is not kept: its head is `head`, its body comes by `piece`.
    """

    def __init__(self, method: str, *, most_body: int, limits: Limits, in_rows: bool = False) -> None:
        self._method, self._most, self._limits, self._in_rows = method, most_body, limits, in_rows
        self._pieces: Pieces | None = None
        self.buffer = bytearray()
        self._seen = 0
        self._head: AnswerHead | None = None
        self._body: Body | None = None
        self._interim = 0

    @property
    def clean(self) -> bool:
        """Whether the connection can carry another request: it may, and not a byte is left over."""
        return self._head is not None and self._head.keep and not self.buffer

    def feed(self, data: bytes) -> Response | None:
        """Take bytes; return the answer when it is whole.

        Raises:
            UpstreamFault: it is none that could be read exactly.
        """
        self.buffer += data
        while self._body is None:
            if self._pieces is not None or not self._next_head():
                return None
        assert self._head is not None
        with _as_fault():
            body = self._body.take(self.buffer)
        return None if body is None else Response(self._head.status, self._head.headers, body)

    @property
    def head(self) -> Response | None:
        """The head of an answer whose body comes by `piece`, as soon as it is there."""
        return (
            None
            if self._pieces is None or self._head is None
            else Response(self._head.status, self._head.headers)
        )

    def piece(self) -> tuple[bytes, bool]:
        """Return what is there of the body, removing it, and whether it has ended.

        Raises:
            UpstreamFault: there is more than the body, or it cannot be read exactly.
        """
        assert self._pieces is not None
        with _as_fault():
            piece = self._pieces.take(self.buffer)
        return piece, self._pieces.ended

    def _next_head(self) -> bool:
        """Read a head; return whether there was one. Interim answers are skipped, fields and all (M09)."""
        end = self.buffer.find(_END, max(0, self._seen - 3))
        if end > self._limits.head_bytes or (end < 0 and len(self.buffer) > self._limits.head_bytes):
            raise UpstreamFault("answer_head_too_large")
        if end < 0:
            self._seen = len(self.buffer)
            return False
        raw = bytes(self.buffer[: end + 4])
        del self.buffer[: end + 4]
        self._seen = 0
        head = read_answer_head(raw, self._method, most=self._limits.head_fields)
        if head.status >= 200:
            self._head = head
            if self._in_rows and head.status < 300 and head.framing.length != 0:
                self._pieces = Pieces(head.framing)
                return False
            with _as_fault():
                self._body = Body(head.framing, self._most)
            return True
        self._interim += 1
        if self._interim > _INTERIM:
            raise UpstreamFault("bad_status")
        return True

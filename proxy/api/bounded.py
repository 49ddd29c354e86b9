"""A server that has so many places and no more: whoever is slow makes room for whoever comes.

A place is taken from the moment a connection is accepted, before TLS has begun. With all of them taken, one on
which nothing is being answered is given up: of the address that has most of them, first those that never asked
anything, the oldest first. If on all of them something is being answered, who comes is turned away.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from tornado.http1connection import HTTP1Connection, HTTP1ServerConnection
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.iostream import IOStream


@dataclass(slots=True, eq=False)
class _Place:
    stream: IOStream
    address: str
    asked: bool = False
    """Whether a whole request has ever come."""
    answering: bool = False


class Places:
    """The connections of one listener.

    Args:
        most: how many there are at a time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: dict[IOStream, _Place] = {}

    def take(self, stream: IOStream, address: str) -> bool:
        """Return whether a connection has a place now, having given up another one if need be."""
        if len(self._taken) >= self._most and not self._give_up():
            return False
        self._taken[stream] = _Place(stream, address)
        return True

    def leave(self, stream: IOStream) -> None:
        """Count a connection no longer; once or more often."""
        self._taken.pop(stream, None)

    def _give_up(self) -> bool:
        have = Counter(place.address for place in self._taken.values())
        idle = [place for place in self._taken.values() if not place.answering]
        if not idle:
            return False
        gone = min(idle, key=lambda place: (-have[place.address], place.asked))
        self.leave(gone.stream)
        gone.stream.close()
        return True

    @contextmanager
    def answering(self, request: HTTPServerRequest) -> Iterator[None]:
        """Keep the place of a request while it is being answered."""
        stream = stream_of(request)
        place = self._taken.get(stream) or _Place(stream, "")
        place.asked = place.answering = True
        try:
            yield
        finally:
            place.answering = False


class BoundedServer(HTTPServer):
    """Tornado's server, with places."""

    places: Places
    """Set before it listens."""

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Serve a connection that has a place."""
        if self.places.take(stream, str(address[0])):
            super().handle_stream(stream, address)
        else:
            stream.close()

    def on_close(self, server_conn: object) -> None:
        """Have its place again."""
        self.places.leave(cast("HTTP1ServerConnection", server_conn).stream)
        super().on_close(server_conn)


def stream_of(request: HTTPServerRequest) -> IOStream:
    """Return the connection on which something was asked."""
    return cast("HTTP1Connection", request.connection).stream

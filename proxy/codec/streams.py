"""Bodies without an end in sight: bytes in, bytes out, and never a byte that nobody judged.

`StreamTransform` is the seam between whoever moves the bytes (a data plane) and whoever changes them. There
is one object per body and direction; it sees the decoded body, content codings undone, in whatever pieces
the network made of it. `CsvStream` and `NdjsonStream` are the two there are.
"""

from typing import Protocol


class StreamTransform(Protocol):
    """Changes one body on its way; holds a bounded part of it at any time."""

    def feed(self, chunk: bytes) -> bytes:
        """Return what may be sent on by now; often less than came, and possibly nothing.

        Raises:
            Undecodable: the body cannot be read exactly. What was returned before may have been sent; the
                caller MUST then break the connection off, so that the other end sees a body cut short and
                not one that ended. The object is of no further use, and refuses.
        """
        ...

    def finish(self) -> bytes:
        """Return the rest, after the last chunk; only then may the body be ended in good order.

        Raises:
            Undecodable: it stops in the middle of something, or holds nothing.
        """
        ...

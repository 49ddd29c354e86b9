"""The port towards whoever decides; `proxy.enforce.Gateway` is the implementation."""

from typing import Any, Final, Protocol

from proxy.message import Request, Response

UNKNOWN: Final = "?"
"""What `on_head` calls a caller who will say in the body who it is."""
UNKNOWN_BYTES: Final = 256 * 1024
"""Of such a body, at most: nobody looks through a larger one for a key."""


class Forward(Protocol):
    """Permission to send `request` upstream; handed back with the answer, otherwise opaque."""

    @property
    def id(self) -> str:
        """The decision id."""

    @property
    def caller(self) -> str:
        """Who asked, as a key to count by; the same as `on_head` returns."""

    @property
    def request(self) -> Request:
        """What to send; nothing else may be sent."""

    @property
    def in_rows(self) -> bool:
        """Whether an answer that succeeds goes to `on_answer` in pieces, and not to `on_response`."""

    def still(self) -> None:
        """Return if it may be sent now, a permission having waited for its turn; raises ExchangeError."""


class InRows(Protocol):
    """The word on a head whose body is to be handed over in pieces."""

    @property
    def caller(self) -> str:
        """Who asks, as a key to count by."""


class Upload[F: Forward](Protocol):
    """Takes a request's body in pieces."""

    forward: F | None
    """The permission for the head, as soon as it is there."""

    @property
    def caller(self) -> str:
        """Who asks, as a key to count by."""


class Download(Protocol):
    """Takes an answer's body in pieces."""

    @property
    def head(self) -> Response:
        """What goes before the first bytes that are released; not before some are."""


class Gateway[F: Forward, U: Upload[Any], D: Download](Protocol):
    """Decides for one lane.

    The data plane calls `on_head` if a body follows, then `on_request`, each once. For every `Forward` it then
    calls `on_response` and uses what that returns, or calls `on_failure`. It never relies on the promises below:
    whatever is raised, returned or never returned ends in a refusal.

    A body that comes in rows goes in pieces instead, each of which is sent on only as far as the gateway
    returns it: a request's to `on_upload`, if `on_head` says so, then `on_piece`; an answer's to `on_answer`,
    then `on_rows`. A `Response` ends it, and is on record by then.
    """

    lane: str

    async def on_head(self, request: Request, /) -> str | InRows | Response:
        """Return who asks, as a key to count by, or the refusal to answer with before the body is received.

        Cancelled, this and all that follow may set `answer` of the CancelledError to a refusal that is on
        record.

        MUST NOT raise. A refusal is on record; nothing else is, as `on_request` decides all of it again.
        """

    async def on_request(self, request: Request, /) -> F | Response:
        """Return a permission, or the refusal to answer with. MUST NOT raise; both are on record by then."""

    async def on_response(self, exchange: F, response: Response, /) -> Response:
        """Return what may be released. MUST NOT raise; the disclosure is durable by then."""

    async def on_upload(self, request: Request, /) -> U | Response:
        """Return what takes the pieces of the body. MUST NOT raise."""

    async def on_piece(self, upload: U, chunk: bytes, /, *, last: bool) -> bytes | Response:
        """Return what may be sent upstream by now. MUST NOT raise; its intent is durable by then."""

    async def on_answer(self, exchange: F, head: Response, /) -> D | Response:
        """Return what takes the pieces of an answer that succeeded. MUST NOT raise."""

    async def on_rows(self, download: D, chunk: bytes, /, *, last: bool) -> bytes | Response:
        """Return what may be released by now. MUST NOT raise; its disclosure is durable by then."""

    async def on_failure(self, exchange: F, reason: str, status: int, /) -> Response:
        """Put on record that nothing of the upstream's answer will be released, and return what to say."""

    async def on_malformed(self, reason: str, status: int, /) -> Response:
        """Put on record, and answer, what could not even be made a `Request`."""

    def refuse(self, reason: str, status: int, /) -> Response:
        """Return a constant answer; MUST NOT fail and MUST NOT do I/O."""

"""The port towards whoever decides; `proxy.enforce.Gateway` is the implementation."""

from typing import Protocol

from proxy.message import Request, Response


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

    def still(self) -> None:
        """Return if it may be sent now, a permission having waited for its turn; raises ExchangeError."""


class Gateway[F: Forward](Protocol):
    """Decides for one lane.

    The data plane calls `on_head` if a body follows, then `on_request`, each once. For every `Forward` it then
    calls `on_response` and uses what that returns, or calls `on_failure`. It never relies on the promises below:
    whatever is raised, returned or never returned ends in a refusal.
    """

    lane: str

    async def on_head(self, request: Request, /) -> str | Response:
        """Return who asks, as a key to count by, or the refusal to answer with before the body is received.

        MUST NOT raise. A refusal is on record; nothing else is, as `on_request` decides all of it again.
        """

    async def on_request(self, request: Request, /) -> F | Response:
        """Return a permission, or the refusal to answer with. MUST NOT raise; both are on record by then."""

    async def on_response(self, exchange: F, response: Response, /) -> Response:
        """Return what may be released. MUST NOT raise; the disclosure is durable by then."""

    async def on_failure(self, exchange: F, reason: str, status: int, /) -> Response:
        """Put on record that nothing of the upstream's answer will be released, and return what to say."""

    async def on_malformed(self, reason: str, status: int, /) -> Response:
        """Put on record, and answer, what could not even be made a `Request`."""

    def refuse(self, reason: str, status: int, /) -> Response:
        """Return a constant answer; MUST NOT fail and MUST NOT do I/O."""

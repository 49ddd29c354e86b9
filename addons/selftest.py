"""Before anything is served: whatever a gateway does wrong must end in refusal, here and now.

Runs real exchanges, as they are run for clients, with a gateway that fails in every way there is and an
upstream that only exists to be kept from: what it says is a canary. If one way through is found, `Unsafe` stops
the start.
"""

import asyncio
from typing import Any, Final

from addons.http1.exchange import Exchange, Lane
from addons.http1.heads import RequestHead, read_request_head
from addons.http1.pool import Hold, Pool, Still
from addons.http1.underway import Account, Fault, Underway
from addons.lane import LaneSpec, Limits
from addons.lockdown import Unsafe
from proxy.message import Peer, Request, Response

CANARY: Final = b"canary-of-the-self-test"
_MISHAPS: Final = (
    RuntimeError,
    TimeoutError,
    MemoryError,
    RecursionError,
    asyncio.CancelledError,
    BaseException,
)
_WORDS: Final = (None, True, "yes", CANARY, object())
"""What is neither permission nor answer."""
_METHODS: Final = ("on_head", "on_request", "on_response")
_SPEC: Final = LaneSpec(
    name="self-test",
    listen_host="127.0.0.1",
    listen_port=0,
    upstream_scheme="http",
    upstream_host="self-test.invalid",
    upstream_port=9,
    body_limit=100,
    deadline=1.0,
)
_HEAD: Final = b"POST / HTTP/1.1\r\nHost: self-test.invalid\r\nContent-Length: %d\r\n\r\n" % len(CANARY)


class Saboteur:
    """A gateway that keeps its promises up to one method."""

    lane = "self-test"

    def __init__(self, method: str, mishap: object) -> None:
        self._method, self._mishap = method, mishap

    def _word(self, method: str, otherwise: object) -> Any:
        if method == self._method:
            if isinstance(self._mishap, type):
                raise self._mishap(CANARY.decode())
            return self._mishap
        return otherwise

    async def on_head(self, request: Request) -> Any:
        """Say who asks, or fail."""
        del request
        return self._word("on_head", "nobody")

    async def on_request(self, request: Request) -> Any:
        """Allow, or fail."""
        return self._word("on_request", _Permission(request))

    async def on_response(self, exchange: object, response: Response) -> Any:
        """Release, or fail."""
        del exchange
        return self._word("on_response", response)

    async def on_failure(self, exchange: object, reason: str, status: int) -> Response:
        """Refuse."""
        del exchange
        return self.refuse(reason, status)

    async def on_malformed(self, reason: str, status: int) -> Response:
        """Refuse."""
        return self.refuse(reason, status)

    def refuse(self, reason: str, status: int) -> Response:
        """Refuse."""
        del reason
        return Response(status)


class _Permission:
    id = "self-test"
    caller = "nobody"

    def __init__(self, request: Request) -> None:
        self.request = request

    def still(self) -> None:
        """Be in force."""


class _Vault(Pool):
    """An upstream that nobody should have reached, and whose answer nobody should see."""

    reached = False

    async def ask(self, method: str, wire: tuple[bytes, ...], hold: Hold, still: Still) -> Response:
        """Be reached."""
        del method, wire, hold, still
        self.reached = True
        return Response(200, body=CANARY)


class _Client:
    """Sends a canary."""

    peer = Peer("self-test")
    cause: Fault | None = None

    def __init__(self, underway: Underway) -> None:
        self.account = Account(underway)

    async def body(self, head: RequestHead) -> bytes:
        """Return it."""
        del head
        return CANARY


async def self_test() -> None:
    """Return when every failure at every step was a refusal.

    Raises:
        Unsafe: one was not; names the step.
    """
    for method in _METHODS:
        for mishap in (*_MISHAPS, *_WORDS):
            if method == "on_head" and isinstance(mishap, str):
                continue  # that is an answer
            await _expect_refusal(method, mishap)
    if CANARY not in (await _run("none", None))[0]:
        raise Unsafe("the self-test could not have found anything")


async def _expect_refusal(method: str, mishap: object) -> None:
    said, reached = await _run(method, mishap)
    if CANARY in said or not said.startswith(b"HTTP/1.1 503 ") or (reached and method != "on_response"):
        raise Unsafe(f"a failure in {method} was not a refusal")


async def _run(method: str, mishap: object) -> tuple[bytes, bool]:
    """Return what the client is told, and whether the upstream was reached."""
    limits = Limits()
    underway, vault = Underway(limits), _Vault(_SPEC, None, limits)
    lane = Lane(_SPEC, Saboteur(method, mishap), vault)
    head = read_request_head(_HEAD, _SPEC, None, most_bytes=limits.head_bytes, most=limits.head_fields)
    said = b"".join(await Exchange(lane, head, _Client(underway), underway).run())
    return said, vault.reached

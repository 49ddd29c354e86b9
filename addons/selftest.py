"""Before anything is served: whatever a gateway does wrong must end in refusal, here and now.

Runs real exchanges, as they are run for clients, with a gateway that fails in every way there is and an
upstream that only exists to be kept from: what it says is a canary. If one way through is found, `Unsafe` stops
the start.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
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
_STEPS: Final = {
    "whole": ("on_head", "on_request", "on_response"),
    "upload": ("on_head", "on_upload", "on_piece", "on_response"),
    "download": ("on_head", "on_request", "on_answer", "on_rows"),
}
"""How bodies go, and who is asked then."""
_WORD_OF: Final = {"on_head": str, "on_piece": bytes, "on_rows": bytes}
"""What is a word of whom."""
_AFTER: Final = frozenset({"on_response", "on_answer", "on_rows"})
"""Who is asked when the upstream has answered."""
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

    def __init__(self, way: str, method: str, mishap: object) -> None:
        self._way, self._method, self._mishap = way, method, mishap

    def _word(self, method: str, otherwise: object) -> Any:
        if method == self._method:
            if isinstance(self._mishap, type):
                raise self._mishap(CANARY.decode())
            return self._mishap
        return otherwise

    async def on_head(self, request: Request) -> Any:
        """Say who asks, or fail."""
        del request
        return self._word("on_head", _Rows() if self._way == "upload" else "nobody")

    async def on_request(self, request: Request) -> Any:
        """Allow, or fail."""
        return self._word("on_request", _Permission(request, in_rows=self._way == "download"))

    async def on_upload(self, request: Request) -> Any:
        """Take rows, or fail."""
        return self._word("on_upload", _Rows(request))

    async def on_piece(self, upload: "_Rows", chunk: bytes, *, last: bool) -> Any:
        """Allow, and send rows on, or fail."""
        del last
        word = self._word("on_piece", chunk)
        upload.forward = _Permission(upload.request)
        return word

    async def on_answer(self, exchange: object, head: Response) -> Any:
        """Take rows, or fail."""
        del exchange, head
        return self._word("on_answer", _Rows())

    async def on_rows(self, download: object, chunk: bytes, *, last: bool) -> Any:
        """Release rows, or fail."""
        del download, last
        return self._word("on_rows", chunk)

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

    def __init__(self, request: Request, *, in_rows: bool = False) -> None:
        self.request, self.in_rows = request, in_rows

    def still(self) -> None:
        """Be in force."""


_REQUEST: Final = Request("POST", "/")


class _Rows:
    caller = "nobody"
    head = Response(200)

    def __init__(self, request: Request = _REQUEST) -> None:
        self.request = request
        self.forward: _Permission | None = None


class _Line:
    """A connection to the vault."""

    answered = False
    comes_in_pieces = True

    def __init__(self, vault: "_Vault") -> None:
        self._vault = vault

    async def send(self, *wire: bytes) -> None:
        """Be reached."""
        del wire
        self._vault.reached = True

    async def answer(self) -> Response:
        """Answer."""
        return Response(200, body=CANARY)

    async def piece(self) -> tuple[bytes, bool]:
        """Return all there is."""
        return CANARY, True


class _Vault(Pool):
    """An upstream that nobody should have reached, and whose answer nobody should see."""

    reached = False

    async def ask(
        self, method: str, wire: tuple[bytes, ...], hold: Hold, still: Still, caller: str = ""
    ) -> Response:
        """Be reached."""
        del method, wire, hold, still, caller
        self.reached = True
        return Response(200, body=CANARY)

    @contextlib.asynccontextmanager
    async def channel(
        self, method: str, account: Account, *, in_rows: bool, caller: str = ""
    ) -> AsyncIterator[Any]:
        """Be reached by whoever sends something."""
        del method, account, in_rows, caller
        yield _Line(self)


class _Client:
    """Sends a canary."""

    peer = Peer("self-test")
    cause: Fault | None = None

    def __init__(self, underway: Underway) -> None:
        self.account = Account(underway)
        self.told = b""

    async def body(self, head: RequestHead, most: int | None = None) -> bytes:
        """Return it."""
        del head, most
        return CANARY

    async def piece(self, head: RequestHead) -> tuple[bytes, bool]:
        """Return it."""
        del head
        return CANARY, True

    def carry_on(self) -> None:
        """Have time."""

    async def pass_on(self, wire: tuple[bytes, ...]) -> None:
        """Be told."""
        self.told += b"".join(wire)


async def self_test() -> None:
    """Return when every failure at every step was a refusal.

    Raises:
        Unsafe: one was not; names the step.
    """
    for way, methods in _STEPS.items():
        for method in methods:
            for mishap in (*_MISHAPS, *_WORDS):
                if not _is_an_answer(method, mishap):
                    await _expect_refusal(way, method, mishap)
        if CANARY not in (await _run(way, "none", None))[0]:
            raise Unsafe("the self-test could not have found anything")


def _is_an_answer(method: str, mishap: object) -> bool:
    return isinstance(mishap, _WORD_OF.get(method, ()))


async def _expect_refusal(way: str, method: str, mishap: object) -> None:
    said, reached = await _run(way, method, mishap)
    early = method not in _AFTER
    if CANARY in said or not said.startswith(b"HTTP/1.1 503 ") or (reached and early):
        raise Unsafe(f"a failure in {method} was not a refusal")


async def _run(way: str, method: str, mishap: object) -> tuple[bytes, bool]:
    """Return what the client is told, and whether the upstream was reached."""
    limits = Limits()
    underway, vault = Underway(limits), _Vault(_SPEC, None, limits)
    lane = Lane(_SPEC, Saboteur(way, method, mishap), vault)
    head = read_request_head(_HEAD, _SPEC, None, most_bytes=limits.head_bytes, most=limits.head_fields)
    client = _Client(underway)
    said = b"".join(await Exchange(lane, head, client, underway).run())
    return client.told + said, vault.reached

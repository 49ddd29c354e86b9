"""A provider that does not keep its promises does no harm, and one that hangs keeps nobody waiting twice."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from proxy.crypto.providers import AwsKms, AwsPlace, BaoPlace, Guarded, Provider, Transit
from proxy.crypto.providers.guarded import HANGS, LONGEST, REST
from proxy.errors import Unavailable

SECRET = "what-only-the-server-has-to-know"
ASKED: dict[str, Callable[..., object]] = {
    "generate": lambda held, handle="one": held.generate(handle, "wrap"),
    "wrap": lambda held, handle="one": held.wrap(handle, [(bytes(32), b"a"), (bytes(32), b"b")]),
    "unwrap": lambda held, handle="one": held.unwrap(handle, [(bytes(60), b"a"), (bytes(60), b"b")]),
    "mac": lambda held, handle="one": held.mac(handle, b"data"),
    "custody": lambda held, handle="one": held.custody(handle),
    "disable": lambda held, handle="one": held.disable(handle),
    "enable": lambda held, handle="one": held.enable(handle),
    "destroy": lambda held, handle="one": held.destroy(handle),
    "ping": lambda held, handle="one": held.ping(),
}
"""Every question there is."""


class Odd:
    """A provider that answers each question with what it was given, or raises it; counts how often."""

    name, suspends, where = "odd", False, "here"

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def say(*_: object) -> object:
            self.asked += 1
            if isinstance(self.answer, BaseException):
                raise self.answer
            return self.answer

        return say


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_whatever_a_driver_raises_is_unavailable_and_says_nothing(ask: Callable[..., object]) -> None:
    """Drivers put into their errors what a server answered."""
    with pytest.raises(Unavailable) as raised:
        ask(Guarded(Odd(ValueError(SECRET))))  # type: ignore[arg-type]
    assert str(raised.value) == "provider_failed (odd ValueError)"
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("wrap", [bytes(60)]),  # fewer than were asked for
        ("wrap", [bytes(60)] * 3),
        ("wrap", [bytes(60), b""]),  # kept as it is, the key would be lost
        ("unwrap", [bytes(32)]),
        ("unwrap", [bytes(32), bytes(31)]),
        ("unwrap", [bytes(32), bytes(33)]),
        ("mac", bytes(20)),
    ],
)
def test_keys_of_another_length_are_not_taken(question: str, answer: object) -> None:
    """A row that holds half a key is found out when it is too late."""
    with pytest.raises(Unavailable, match=r"provider_failed \(odd length\)"):
        ASKED[question](Guarded(Odd(answer)))  # type: ignore[arg-type]


def test_what_is_right_comes_through() -> None:
    """And so does what a provider says is wrong."""
    assert ASKED["wrap"](Guarded(Odd([bytes(60), bytes(60)]))) == [bytes(60)] * 2  # type: ignore[arg-type]
    assert ASKED["unwrap"](Guarded(Odd([bytes(32), bytes(32)]))) == [bytes(32)] * 2  # type: ignore[arg-type]
    with pytest.raises(Unavailable, match=r"provider_key_absent \(one\)"):
        ASKED["custody"](Guarded(Odd(Unavailable("provider_key_absent", "one"))))  # type: ignore[arg-type]


def test_one_waits_for_a_provider_that_hangs_and_the_others_do_not() -> None:
    """They are told why at once; after a rest somebody looks again."""
    seconds = [100.0]
    odd = Slow(seconds, HANGS)
    held = Guarded(odd, clock=lambda: seconds[0])  # type: ignore[arg-type]

    def refused() -> None:
        with pytest.raises(Unavailable, match="provider_slow"):
            held.ping()

    refused()
    for _ in range(3):
        refused()
    assert odd.asked == 1
    seconds[0] += REST
    refused()
    assert odd.asked == 2
    refused()
    assert odd.asked == 2
    seconds[0] += REST
    odd.seconds = None
    for _ in range(3):
        held.ping()
    assert odd.asked == 5


def test_a_provider_that_says_at_once_that_it_is_asked_too_often_is_asked_again() -> None:
    """One throttled call is no reason to refuse everybody else."""
    seconds = [100.0]
    odd = Slow(seconds, HANGS / 2)
    held = Guarded(odd, clock=lambda: seconds[0])  # type: ignore[arg-type]
    for asked in range(1, 4):
        with pytest.raises(Unavailable, match="provider_slow"):
            held.ping()
        assert odd.asked == asked


class Slow:
    """A provider that says after so many seconds that it is slow; with None it answers."""

    name = "odd"

    def __init__(self, now: list[float], seconds: float | None) -> None:
        self._now = now
        self.seconds = seconds
        self.asked = 0

    def ping(self) -> None:
        """See `Provider`."""
        self.asked += 1
        if self.seconds is not None:
            self._now[0] += self.seconds
            raise Unavailable("provider_slow", "odd")


def test_while_one_looks_again_nobody_else_does() -> None:
    """However long that takes, unless nobody can be looking any more."""
    seconds = [100.0]
    asks, answers = threading.Event(), threading.Event()

    class Waits(Slow):
        def ping(self) -> None:
            if not self.asked:
                super().ping()
            self.asked += 1
            asks.set()
            answers.wait()

    odd = Waits(seconds, HANGS)
    held = Guarded(odd, clock=lambda: seconds[0])  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        held.ping()
    seconds[0] += REST
    looks = threading.Thread(target=held.ping)
    looks.start()
    asks.wait()
    seconds[0] += LONGEST - 1
    with pytest.raises(Unavailable, match="provider_slow"):
        held.ping()
    assert odd.asked == 2
    answers.set()
    looks.join()
    held.ping()
    assert odd.asked == 3


WRONG: list[object] = [None, "é", [], "vault:v1:", SECRET]
BODIES = [
    *(b"", b"null", b"[]", b"{}", b"\xff\xfe", b"<html>", b"[" * 10_000),
    *(
        json.dumps(tree).encode()
        for value in WRONG
        for tree in (
            {"data": value},
            {"data": {"batch_results": value}},
            {"data": {"batch_results": [{"ciphertext": value, "plaintext": value}] * 2}},
            {"data": {"hmac": value, "soft_deleted": value}},
            {"KeyMetadata": value},
            {"KeyMetadata": {"KeyState": value, "KeyId": value, "DeletionDate": value}},
            {
                "KeyMetadata": {"KeyState": "Enabled", "KeyId": "one"},
                **dict.fromkeys(("CiphertextBlob", "Plaintext", "Mac"), value),
            },
            {"__type": value, "message": value},
        )
    ),
]
"""What a server that is none of those says, or one that somebody else has put in its place."""


@pytest.fixture
def odd_server() -> Iterator[Any]:
    """Give a server that says what it is told to; `server.says` is (status, body)."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body at once

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, body = server.says  # type: ignore[attr-defined]
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - as http.server calls them

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("kind", ["openbao", "aws"])
def test_a_server_that_talks_nonsense_is_unavailable(
    kind: str, odd_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it says to whatever is asked, what comes out is an answer or says that there is none."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    address = f"http://127.0.0.1:{odd_server.server_address[1]}"
    inner: Provider = Transit(BaoPlace(address), lambda: "token")
    if kind == "aws":
        inner = AwsKms(
            AwsPlace("eu-west-1", endpoint=address), clock=iter(range(10_000, 10**7, 10_000)).__next__
        )
    held, wraps = Guarded(inner), "one:" + "A" * 80 if kind == "aws" else "one"
    said = []
    for body in BODIES:
        odd_server.says = (400 if b"__type" in body else 200, body)
        for name, handle in (("wrap", wraps), ("unwrap", wraps), ("custody", "one"), ("destroy", "one")):
            try:
                ASKED[name](held, handle)
            except Unavailable as error:
                said.append((str(error), error.__cause__))
    held.close()
    assert len(said) > len(BODIES)
    assert not [each for each in said if SECRET in each[0] or each[1] is not None]

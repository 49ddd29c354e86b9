"""Real sockets on both sides: nothing a client or an upstream does takes more than its share of anything.

Named by the rows of the threat catalogue (RX-01 to RX-04, WF-10, WF-11, M22, M24): slow, silent, greedy and
vanishing peers, each beside somebody who must still be served.
"""

import contextlib
import re
import socket
import struct
import threading
import time

import pytest

from addons import master
from addons.http1 import Places, conversation
from addons.lane import Limits
from proxy.message import Headers, Response

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def post(size, sent=None):
    """Return a POST with a body, or the beginning of one."""
    head = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size
    return head + bytes(size if sent is None else sent)


def answer(body):
    """Return an answer with a content-length."""
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body


def wait_for(condition, seconds=5.0):
    """Return whether a condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def statuses(data):
    """Return every status in some bytes."""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", data)]


def reset(client):
    """Close a connection with a reset."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()


@pytest.fixture
def seen(monkeypatch):
    """Every conversation that is made, to look at what it holds."""
    made = []
    normal = conversation.Conversation.__init__

    def init(self, *arguments):
        normal(self, *arguments)
        made.append(self)

    monkeypatch.setattr(conversation.Conversation, "__init__", init)
    return made


@pytest.fixture
def places(monkeypatch):
    """The connections of every process that is started, to look at how many there are."""
    made = []

    def noted(underway):
        made.append(Places(underway))
        return made[-1]

    monkeypatch.setattr(master, "Places", noted)
    return made


# ---- slow ------------------------------------------------------------------------------------------------


def test_rx01_an_upload_has_to_keep_coming(rig, monkeypatch):
    """A body that trickles in below the floor is refused long before the deadline."""
    monkeypatch.setattr(conversation, "PERIOD", 0.3)
    lane = rig.start(rig.upstream.port, deadline=30.0, limits=Limits(rate_floor=1000))
    client = lane.client().send(post(100_000, sent=0))

    def trickle():
        with contextlib.suppress(OSError):
            for _ in range(50):
                client.send(b"x" * 10)
                time.sleep(0.1)

    threading.Thread(target=trickle, daemon=True).start()
    assert statuses(client.read_all(10)) == [408]
    assert rig.gateway.outcomes == ["malformed body_too_slow"]
    assert rig.upstream.connections == 0


def test_rx01_an_upload_that_keeps_coming_may_take_its_time(rig, monkeypatch):
    """Above the floor, only the deadline counts."""
    monkeypatch.setattr(conversation, "PERIOD", 0.1)
    lane = rig.start(rig.upstream.port, limits=Limits(rate_floor=1000))
    client = lane.client().send(post(5000, sent=0))
    for _ in range(10):
        client.send(bytes(500))
        time.sleep(0.05)
    assert statuses(client.read()) == [200]


def test_rx01_an_answer_has_to_be_read(rig, monkeypatch, seen):
    """Who does not read loses the connection and gives its memory back; who reads slowly gets everything."""
    monkeypatch.setattr(conversation, "WRITE_FLOOR", 1 << 30)
    body = bytes(8 << 20)
    rig.gateway.answer_request = lambda request: Response(200, Headers(), body)
    lane = rig.start(rig.upstream.port, limits=Limits(write_seconds=1.0))
    client = lane.client()
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.send(GET)
    assert wait_for(lambda: seen[-1].phase is conversation.Phase.SAYING)
    quick = lane.client().send(LAST).read_all()
    assert len(quick) > len(body)
    assert wait_for(lambda: seen[-2].phase is conversation.Phase.OVER)
    lane.end()
    assert seen[0]._underway.buffered == 0
    client.close()


@pytest.mark.parametrize("sent", [b"", b"G", GET[:-1], post(10, sent=9)])
def test_rx01_slow_clients_hold_nobody_up(rig, sent):
    """Forty that stop anywhere, and one that is served at once."""
    lane = rig.start(rig.upstream.port, limits=Limits(head_seconds=1.0), deadline=1.0)
    slow = [lane.client().send(sent) for _ in range(40)]
    assert statuses(lane.client().send(LAST).read_all(3)) == [200]
    for client in slow:
        assert statuses(client.read_all(5)) in ([], [408])
    lane.end()
    expected = 40 if sent else 0
    assert len(rig.gateway.named("malformed")) == expected


# ---- greedy ----------------------------------------------------------------------------------------------


def test_rx02_a_head_without_end_costs_what_a_head_may(rig, seen):
    """A gigabyte of head is cut off after 64 KiB, and what was read of it is forgotten."""
    lane = rig.start(rig.upstream.port)
    client = lane.client().send(b"GET /x HTTP/1.1\r\nHost: a\r\nX: ")
    sent = 0
    with contextlib.suppress(OSError):
        for _ in range(1 << 14):
            client.send(b"a" * 65536)
            sent += 65536
    assert sent < 1 << 25  # it was not all taken
    assert wait_for(lambda: rig.gateway.named("malformed") == ["head_too_large"])
    assert len(seen[-1]._reader.buffer) <= 2 * 65536
    assert statuses(lane.client().send(LAST).read_all()) == [200]


@pytest.mark.parametrize(
    ("framing", "chunk"),
    [
        (b"Transfer-Encoding: chunked", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
        (b"Transfer-Encoding: chunked", b"1\r\nx\r\n" * 10_000),
        (b"Transfer-Encoding: chunked", b"10\r\n0123456789abcdef\r\n" * 3_000),
        (b"Transfer-Encoding: chunked", b"1;a=b\r\nx\r\n"),
        (b"Transfer-Encoding: chunked", b"ffffffffffffffff\r\n"),
        (b"Transfer-Encoding: chunked", b"0" * 17 + b"1\r\nx\r\n"),
        (b"Content-Length: 99999999999999999999", b"x" * 65536),
    ],
)
def test_rx03_a_body_without_end_is_not_kept(rig, seen, framing, chunk):
    """Endless chunks, chunks of one byte, sizes that overflow: refused within twice the body's limit."""
    lane = rig.start(rig.upstream.port, body_limit=1 << 20)
    client = lane.client().send(b"POST /x HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n")

    def pour():
        with contextlib.suppress(OSError):
            for _ in range(2000):
                client.send(chunk)

    threading.Thread(target=pour, daemon=True).start()
    assert set(statuses(client.read_all())) <= {400, 413}
    assert wait_for(lambda: len(rig.gateway.outcomes) == 1)
    assert rig.gateway.outcomes[0].removeprefix("malformed ") in (
        "body_too_large",
        "bad_framing",
        "malformed_head",
    )
    assert len(seen[-1]._reader.buffer) < 3 << 20
    assert rig.upstream.connections == 0


@pytest.mark.parametrize("size", [1, 2, 8])
def test_rx03_tiny_chunks_are_refused_before_they_are_many(rig, seen, size):
    """CE-13: each costs everybody time and memory, whatever the limit: a small body of them passes, no more."""
    lane = rig.start(rig.upstream.port, body_limit=64 << 20)
    head = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n%b\r\n" % (size, b"x" * size)
    assert statuses(lane.client().send(head + chunk * 10_000 + b"0\r\n\r\n").read()) == [200]
    client = lane.client().send(head)
    with contextlib.suppress(OSError):
        client.send(chunk * 100_000 + b"0\r\n\r\n")
    assert wait_for(lambda: rig.gateway.outcomes[1:] == ["malformed body_too_large"])


def test_rx03_one_caller_cannot_take_all_the_memory(rig, seen):
    """Its uploads together are held to its share; another's still come in."""
    lane = rig.start(rig.upstream.port, limits=Limits(buffered_bytes=2_000_000, caller_bytes=500_000))
    rig.gateway.answer_head = lambda request: request.headers.one("x-who")
    greedy = b"POST /x HTTP/1.1\r\nHost: a\r\nX-Who: greedy\r\nContent-Length: 900000\r\n\r\n"
    clients = [lane.client().send(greedy + bytes(300_000)) for _ in range(3)]
    assert wait_for(lambda: rig.gateway.outcomes.count("malformed caller_overloaded") >= 1)
    modest = b"POST /x HTTP/1.1\r\nHost: a\r\nX-Who: modest\r\nContent-Length: 400000\r\n\r\n" + bytes(400_000)
    assert statuses(lane.exchange(modest)) == [200]
    for client in clients:
        client.close()
    lane.end()
    assert seen[0]._underway.buffered == 0
    assert not +seen[0]._underway.by_caller


def test_rx03_answers_count_as_well(rig, seen):
    """What upstreams send is held to the same budget, and comes off it again."""
    rig.upstream.answer = answer(bytes(900_000))
    lane = rig.start(rig.upstream.port, limits=Limits(buffered_bytes=500_000))
    assert statuses(lane.client().send(GET).read_all()) == [503]
    rig.upstream.answer = answer(b"{}")
    assert statuses(lane.exchange(GET)) == [200]
    assert rig.gateway.outcomes == ["failure overloaded", "response"]
    lane.end()
    assert seen[0]._underway.buffered == 0


def test_rx03_connections_of_one_address_are_limited(rig):
    """With every place of an address taken by an exchange, one more is dropped."""
    release = threading.Event()
    rig.upstream.answer = lambda message: answer(b"{}") if release.wait(5) else b""
    lane = rig.start(rig.upstream.port, limits=Limits(connections_per_peer=2))
    busy = [lane.client().send(GET) for _ in range(2)]
    assert wait_for(lambda: len(rig.gateway.named("request")) == 2)
    assert lane.exchange(GET) == b""
    release.set()
    assert [statuses(client.read()) for client in busy] == [[200], [200]]


def test_rx01_a_flood_of_connections_is_a_bounded_one(rig, places):
    """Three hundred that say nothing: no more than the limit at a time, and who comes next is served."""
    lane = rig.start(rig.upstream.port, limits=Limits(connections=30))
    flood = [lane.client() for _ in range(300)]
    assert statuses(lane.client().send(LAST).read_all()) == [200]
    assert len(places[-1].conversations) <= 31
    assert len(flood) == 300


def test_wf10_what_is_sent_ahead_waits_in_the_clients_socket(rig, seen):
    """Megabytes of further requests while one is under way: not read, and answered in their turn."""
    release = threading.Event()
    rig.upstream.answer = lambda message: answer(b"{}") if release.wait(10) else b""
    lane = rig.start(rig.upstream.port)
    client = lane.client().send(GET)
    assert rig.upstream.got.wait(5)
    many = 20_000
    feeder = threading.Thread(target=lambda: client.send(GET * many + LAST), daemon=True)
    feeder.start()
    time.sleep(0.3)
    assert len(seen[-1]._reader.buffer) <= 65536
    assert len(rig.gateway.named("request")) == 1
    rig.gateway.answer_request = lambda request: Response(204)
    release.set()
    found = statuses(client.read_all(60))
    assert found == [200] + [204] * many + [204]


def test_wf11_a_name_holds_for_one_request(rig):
    """On one connection: one caller, then none, then another; each is asked about by itself."""
    rig.gateway.answer_request = lambda request: Response(
        200 if request.headers.one("x-key") else 401, Headers(), b"{}"
    )
    keyed = GET.replace(b"\r\n\r\n", b"\r\nX-Key: a\r\n\r\n")
    lane = rig.start(rig.upstream.port)
    assert statuses(lane.client().send(keyed + GET + keyed + LAST).read_all()) == [200, 401, 200, 401]


# ---- vanishing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"G", GET[:-2], GET, post(1000, sent=500), post(10), GET + GET])
def test_m22_resets_leave_nothing_behind(rig, seen, places, sent):
    """Two hundred clients that reset anywhere: every permission has its outcome, and nothing stays held."""
    lane = rig.start(rig.upstream.port)
    for _ in range(200):
        reset(lane.client().send(sent))
    assert statuses(lane.client().send(LAST).read_all()) == [200]
    lane.end()
    assert seen[0]._underway.buffered == 0
    assert places[0].conversations == {}
    calls = [name for name, _ in rig.gateway.calls]
    assert calls.count("request") == calls.count("response") + calls.count("failure")


def test_m22_a_client_that_closes_its_half_is_taken_for_gone(rig):
    """Its request may be on its way; then its outcome is on record."""
    rig.upstream.answer = b""
    lane = rig.start(rig.upstream.port)
    client = lane.client().send(GET)
    assert rig.upstream.got.wait(5)
    client.socket.shutdown(socket.SHUT_WR)
    assert client.read_all() == b""
    assert wait_for(lambda: rig.gateway.outcomes == ["failure client_gone"])


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n", answer(bytes(1000))[:-1]])
def test_m22_an_upstream_that_resets_is_on_record(rig, said):
    """502, once, wherever it happens."""

    def cut(_message):
        peer = rig.upstream._open[-1]
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if said:
            peer.sendall(said)
        peer.close()
        return b""

    rig.upstream.answer = cut
    lane = rig.start(rig.upstream.port)
    assert statuses(lane.client().send(GET).read_all()) == [502]
    assert rig.gateway.outcomes == ["failure upstream_failed"]


def test_stopping_in_the_middle_of_everything_leaves_no_permission_open(rig, seen):
    """Clients at every step when the drain ends: all are told or cut off, and every outcome is on record."""
    rig.upstream.answer = b""
    lane = rig.start(rig.upstream.port, drain=0.2, deadline=30.0)
    clients = [
        lane.client().send(sent) for sent in (b"", b"G", post(9, sent=1), GET, GET, post(9)) for _ in "abc"
    ]
    assert wait_for(lambda: len(rig.gateway.named("request")) == 9)
    lane.end()
    assert rig.gateway.outcomes.count("failure deadline") == 9
    assert seen[0]._underway.buffered == 0
    assert len(clients) == 18


def test_rx03_answers_count_for_who_asked(rig, seen):
    """What a caller makes the upstream send is held to its share, also when it sends nothing itself."""
    rig.upstream.answer = answer(bytes(900_000))
    lane = rig.start(rig.upstream.port, limits=Limits(caller_bytes=500_000))
    assert statuses(lane.client().send(GET).read_all()) == [429]
    assert rig.gateway.outcomes == ["failure caller_overloaded"]
    lane.end()
    assert not +seen[0]._underway.by_caller

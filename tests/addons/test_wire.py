"""Real sockets on both sides of a real lane: the threat catalogue's section 2, row by row.

A test is named by its row (`test_m05_...`). A row that is still open has a strict xfail test, and a line in
known_limits.yaml and in README: closing it turns the suite red until both are updated.
"""

import asyncio
import contextlib
import gzip
import logging
import re
import socket
import threading
import time
import zlib
from pathlib import Path

import pytest
import yaml

from addons.lane import Limits
from proxy.message import Headers, Response

CANARY = b"canary-5f1c"
GET = b"GET /x HTTP/1.1\r\nHost: crm.example\r\n\r\n"
HEAD = b"HEAD /x HTTP/1.1\r\nHost: crm.example\r\n\r\n"
ROOT = Path(__file__).parent.parent.parent


def post(body, *headers, target=b"/x"):
    """Return a POST with a content-length."""
    lines = [b"POST " + target + b" HTTP/1.1", b"Host: crm.example", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def answer(body, *headers, status=b"200 OK"):
    """Return an answer with a content-length."""
    lines = [
        b"HTTP/1.1 " + status,
        b"content-type: application/json",
        b"content-length: %d" % len(body),
        *headers,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def status_of(data):
    """Return the status of the first answer in some bytes, or 0 when there is none."""
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", data)
    return int(found[1]) if found else 0


def wait_for(condition, seconds=5.0):
    """Return whether a condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


# ---- M01 to M04: failing open ----------------------------------------------------------------------------


@pytest.mark.parametrize("mishap", [RuntimeError, TimeoutError, RecursionError, MemoryError, KeyError])
def test_m01_an_exception_forwards_nothing(lane, upstream, gateway, mishap):
    """When deciding a request raises, the upstream is not even connected to."""

    def fail(request):
        raise mishap(CANARY.decode())

    gateway.answer_request = fail
    received = lane.exchange(post(CANARY))
    assert status_of(received) == 503
    assert CANARY not in received
    assert upstream.connections == 0


@pytest.mark.parametrize("mishap", [RuntimeError, TimeoutError, RecursionError, MemoryError, KeyError])
def test_m01_an_exception_releases_nothing(lane, upstream, gateway, mishap):
    """When deciding an answer raises, no byte of it reaches the client and the failure is on record."""
    upstream.answer = answer(CANARY)

    def fail(response):
        raise mishap(CANARY.decode())

    gateway.answer_response = fail
    received = lane.exchange(GET)
    assert status_of(received) == 503
    assert CANARY not in received
    assert gateway.named("failure") == ["gateway_failed"]


def test_m02_work_for_one_exchange_does_not_delay_another(lane, gateway):
    """While a gateway has one body worked on elsewhere, others are answered (tests/e2e/test_aside.py)."""
    entered, go = threading.Event(), threading.Event()

    async def decide(request):
        if request.path == "/slow":
            entered.set()
            await asyncio.to_thread(go.wait, 10)
        return gateway.refuse("no", 403)

    gateway.answer_request = decide
    slow, quick = lane.client(), lane.client()
    slow.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    assert entered.wait(5)
    assert status_of(quick.send(GET).read()) == 403
    go.set()
    assert status_of(slow.read()) == 403


def test_m03_a_script_in_the_state_folder_is_never_run(upstream, gateway, spec, start_lane, tmp_path):
    """There is no way to load a script, so there is none to break: nothing is read from the folder."""
    (tmp_path / "policy.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "config.yaml").write_text(f"scripts: ['{tmp_path}/policy.py']\n")
    lane = start_lane(spec(upstream.port), gateway)
    assert status_of(lane.exchange(GET)) == 200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "policy.py"]


@pytest.mark.parametrize(
    "config", ["ignore_hosts: ['.*']", "allow_hosts: ['only\\.example']", "ssl_insecure: true"]
)
def test_m04_no_file_and_no_host_header_goes_round_the_hooks(rig, config):
    """A configuration file cannot switch the gateway off, whatever the client writes into `host`."""
    (rig.folder / "config.yaml").write_text(config + "\n")
    rig.upstream.answer = answer(CANARY)
    rig.gateway.answer_response = lambda response: rig.gateway.refuse("no", 403)
    lane = rig.start(rig.upstream.port)
    received = lane.exchange(b"GET /x HTTP/1.1\r\nHost: static.example\r\n\r\n")
    assert status_of(received) == 403
    assert CANARY not in received


# ---- M05: framing is always ours -------------------------------------------------------------------------

SMUGGLED = b"DELETE /contacts/1 HTTP/1.1\r\nHost: crm\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "framing", "body"),
    [
        # a chunked body is collected and gets a length
        (b"Transfer-Encoding: chunked\r\n\r\n2a\r\n%b\r\n0\r\n\r\n", b"content-length: 42", SMUGGLED[:42]),
        # a body of no bytes still says so
        (b"Content-Length: 0\r\n\r\n", b"content-length: 0", b""),
        (b"\r\n", b"content-length: 0", b""),
    ],
)
def test_m05_a_body_always_leaves_with_its_length(lane, upstream, sent, framing, body):
    """Whatever framing the client chose, the upstream sees one content-length that is right."""
    sent = sent.replace(b"%b", SMUGGLED[:42])
    assert status_of(lane.exchange(b"POST /x HTTP/1.1\r\nHost: a\r\n" + sent)) == 200
    head, _, got = upstream.received.partition(b"\r\n\r\n")
    assert got == body
    assert [line for line in head.split(b"\r\n") if line.lower().startswith((b"content-l", b"transfer"))] == [
        framing
    ]


def test_m05_the_gateway_cannot_set_framing_either(lane, upstream, gateway):
    """Framing fields in what the gateway returns are left out: the length is counted."""
    from types import SimpleNamespace

    from proxy.message import Request

    bad = (("content-length", "0"), ("transfer-encoding", "chunked"), ("connection", "close"), ("host", "evil"))
    made = Request("POST", "/x", "", Headers(bad), SMUGGLED)
    gateway.answer_request = lambda request: SimpleNamespace(
        id="1", caller="a", request=made, still=lambda: None, in_rows=False
    )
    assert status_of(lane.exchange(GET)) == 200
    assert upstream.received.startswith(b"POST /x HTTP/1.1\r\nhost: 127.0.0.1:")
    assert upstream.received.count(b"content-length") == 1
    assert b"chunked" not in upstream.received.split(b"\r\n\r\n")[0]


def test_m05_http2_is_never_negotiated(upstream, gateway, spec, start_lane, pki):
    """A client that offers h2 gets HTTP/1.1; one that speaks it all the same is refused."""
    lane = start_lane(spec(upstream.port, tls=pki.server), gateway)
    for offers, chosen in ([["h2", "http/1.1"], "http/1.1"], [["h2"], None]):
        context = pki.client_context()
        context.set_alpn_protocols(offers)
        client = lane.client(context)
        assert client.socket.selected_alpn_protocol() == chosen
        assert status_of(client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").read_all()) == 400
    assert upstream.connections == 0


# ---- M06, M07: nothing but HTTP/1.1 ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a\r\n",
        b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n",
        b"Upgrade: H2C\r\n",
        b"Upgrade: h2c, foo\r\n",
        b"Upgrade: TLS/1.2\r\n",
        b"Connection: upgrade\r\n",
        b"HTTP2-Settings: AA\r\n",
    ],
)
def test_m06_an_upgrade_is_refused(lane, upstream, fields):
    """No upgrade of any spelling reaches the upstream."""
    assert status_of(lane.exchange(b"GET /x HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n")) == 400
    assert upstream.connections == 0


def test_m06_an_unasked_101_is_no_tunnel(lane, upstream, gateway):
    """An upstream that switches protocols is cut off; nothing after its head reaches the client."""
    upstream.answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + CANARY
    client = lane.client().send(GET)
    received = client.read_all()
    assert status_of(received) == 502
    assert CANARY not in received
    assert b"101" not in received
    assert gateway.named("failure") == ["bad_status"]


@pytest.mark.parametrize(
    "data",
    [
        b"CONNECT crm.example:443 HTTP/1.1\r\nHost: crm.example:443\r\n\r\n",  # a tunnel
        b"\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n",  # leading CRLF
        b"GET\t/x\tHTTP/1.1\r\nHost: a\r\n\r\n",  # tabs
        b"G1T /x HTTP/1.1\r\nHost: a\r\n\r\n",  # a digit in the method
        b"\x16\x03\x01\x00\x05hello",  # TLS to a plaintext lane
        b"SSH-2.0-x\r\n\r\n",
        b"\x00\x00\x00\x00\r\n\r\n",
    ],
)
def test_m07_what_is_not_a_request_is_no_tunnel(lane, upstream, gateway, data):
    """Bytes that are no HTTP/1.1 request end in a refusal that is on record, never in raw TCP."""
    received = lane.client().send(data).read_all()
    assert status_of(received) in (400, 405)
    assert upstream.connections == 0
    assert len(gateway.named("malformed")) == 1


@pytest.mark.parametrize("piece", [b"GE", b"G"])
def test_m07_a_request_in_pieces_is_still_a_request(lane, gateway, piece):
    """A first segment of one or two bytes does not change what the connection is."""
    client = lane.client().send(piece)
    time.sleep(0.05)
    assert status_of(client.send(GET[len(piece) :]).read()) == 200
    assert len(gateway.named("request")) == 1


# ---- M08, M13: content-codings are not undone here -------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"{}", mtime=0) + gzip.compress(CANARY, mtime=0),  # a second member
        gzip.compress(b"{}", mtime=0) + CANARY,  # trailing bytes
        gzip.compress(CANARY, mtime=0)[:-4],  # cut off
    ],
)
def test_m08_the_gateway_gets_the_bytes_as_they_are(lane, upstream, gateway, body):
    """Coded bodies are handed on undecoded, with the field that says how they are coded."""
    upstream.answer = answer(body, b"content-encoding: gzip")
    gateway.answer_response = lambda response: Response(200, Headers(), b"{}")
    received = lane.exchange(GET)
    assert gateway.named("response")[0].body == body
    assert gateway.named("response")[0].headers.one("content-encoding") == "gzip"
    assert received.endswith(b"\r\n\r\n{}")
    assert b"accept-encoding: identity\r\n" in upstream.received


def test_m08_a_coded_request_body_is_handed_on_as_it_is(lane, gateway):
    """The same for what the client sends."""
    body = gzip.compress(b"{}")
    assert status_of(lane.exchange(post(body, b"Content-Encoding: gzip"))) == 200
    assert gateway.named("request")[0].body == body
    assert gateway.named("request")[0].headers.one("content-encoding") == "gzip"


def test_m13_a_bomb_is_not_set_off(lane, upstream, gateway):
    """A body that would unpack to 200 MB stays the few bytes it is on the wire."""
    bomb = zlib.compress(bytes(200 << 20), 9)
    upstream.answer = answer(bomb, b"content-encoding: deflate")
    gateway.answer_response = lambda response: Response(200, Headers(), b"")
    assert status_of(lane.exchange(GET)) == 200
    assert len(gateway.named("response")[0].body) == len(bomb)


# ---- M09 to M11: the upstream's oddities -----------------------------------------------------------------

EARLY = b"HTTP/1.1 103 Early Hints\r\nlink: " + CANARY + b"\r\n\r\n"


@pytest.mark.parametrize(
    "interim", [EARLY, b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n", EARLY * 8]
)
def test_m09_an_interim_answer_is_skipped(lane, upstream, gateway, interim):
    """After it, the client gets the answer that follows and none of its fields; the connection is kept."""
    upstream.answer = interim + answer(b"{}")
    for _ in range(2):
        received = lane.exchange(GET)
        assert status_of(received) == 200
        assert CANARY not in received
    assert [seen.status for seen in gateway.named("response")] == [200, 200]
    assert all(CANARY.decode() not in str(seen.headers) for seen in gateway.named("response"))
    assert upstream.connections == 1


@pytest.mark.parametrize("interim", [EARLY * 9, b"HTTP/1.1 101 x\r\n\r\n", b"HTTP/1.1 103 x\r\na\r\n\r\n"])
def test_m09_interim_answers_end_somewhere(lane, upstream, gateway, interim):
    """An upstream that sends nothing else, or something else, is given up."""
    upstream.answer = interim + answer(CANARY)
    received = lane.client().send(GET).read_all(3)
    assert status_of(received) == 502
    assert CANARY not in received
    assert len(gateway.named("failure")) == 1


@pytest.mark.parametrize(
    "garbage",
    [
        CANARY + b"\r\n\r\n",  # no status line
        b"HTTP/1.1 200 OK\r\n" + CANARY,  # cut off in the head
        b"HTTP/1.1 200 OK\r\n" + CANARY + b"\r\n\r\n",  # a field without a colon
        b"HTTP/1.1 OK " + CANARY + b"\r\n\r\n",  # no status
        b"<html>" + CANARY + b"</html>",  # HTTP/0.9
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + CANARY + b"\r\n",  # no chunk
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n" + CANARY,  # two lengths
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n" + CANARY,
        b"HTTP/1.1 200 OK\r\nx-a: b\rc" + CANARY + b"\r\ncontent-length: 0\r\n\r\n",  # a bare CR
        b"HTTP/1.1 200 OK\r\nx-a: b\r\n c" + CANARY + b"\r\ncontent-length: 0\r\n\r\n",  # a folded line
        b"HTTP/1.1 999 " + CANARY + b"\r\ncontent-length: 0\r\n\r\n",  # no such status
        b"HTTP/1.1 099 " + CANARY + b"\r\ncontent-length: 0\r\n\r\n",
    ],
)
def test_m10_no_error_page_quotes_the_upstream(lane, upstream, gateway, garbage):
    """Whatever an upstream sends that is no answer, the client gets 502 in our words."""
    upstream.answer = garbage
    upstream.close_after = True
    received = lane.client().send(GET).read_all()
    assert status_of(received) == 502
    assert CANARY not in received
    assert b"mitmproxy" not in received
    assert len(gateway.named("failure")) == 1


@pytest.mark.parametrize(
    "bad", [b"GET /canary-5f1c HTTP/9\r\n\r\n", b"canary-5f1c\r\n\r\n", b"GET / HTTP/1.1\r\ncanary-5f1c\r\n\r\n"]
)
def test_m10_no_error_page_quotes_the_client(lane, bad):
    """The same for what a client sends."""
    received = lane.client().send(bad).read_all()
    assert status_of(received) == 400
    assert CANARY not in received
    assert b"mitmproxy" not in received


def test_m11_trailers_of_an_answer_are_refused(lane, upstream, gateway):
    """A trailer would crash the engine and hang the client; it ends in 502, at once and on record."""
    upstream.answer = (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx-ssn: " + CANARY + b"\r\n\r\n"
    )
    received = lane.client().send(GET).read_all(3)
    assert status_of(received) == 502
    assert CANARY not in received
    assert gateway.named("failure") == ["trailers_refused"]


def test_m11_trailers_of_a_request_are_refused(lane, upstream, gateway):
    """The same from the client: 400, nothing forwarded."""
    data = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: y\r\n\r\n"
    assert status_of(lane.client().send(data).read_all(3)) == 400
    assert upstream.connections == 0
    assert gateway.named("malformed") == ["trailers_refused"]


# ---- M12, M14, M15: bounded memory -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"GET /x HTTP/1.1\r\nHost: a\r\nx-a: " + b"a" * (1 << 20) + b"\r\n\r\n",  # one long field
        b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nHost: a\r\n\r\n",  # a long target
        b"GET /x HTTP/1.1\r\nHost: a\r\n" + b"x-a: b\r\n" * 200 + b"\r\n",  # many fields
        b"GET /x HTTP/1.1\r\nHost: a\r\nx-a: " + b"a" * (1 << 20),  # no end
    ],
)
def test_m12_a_request_head_is_bounded(lane, upstream, gateway, head):
    """64 KiB and 128 fields, then 431."""
    client = lane.client()
    threading.Thread(target=_send_all, args=(client.socket, head), daemon=True).start()
    received = client.read_all()
    assert status_of(received) in (431, 0)  # 0: the reset of the unread rest overtook the answer
    assert wait_for(lambda: len(gateway.named("malformed")) == 1)
    assert gateway.named("malformed")[0] in ("head_too_large", "too_many_headers")
    assert upstream.connections == 0


def _send_all(target, data):
    with contextlib.suppress(OSError):
        target.sendall(data)


def test_m12_an_answer_head_is_bounded(lane, upstream, gateway):
    """The same for the upstream: 502 long before a megabyte of head was kept."""
    upstream.answer = b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * (1 << 20) + b"\r\ncontent-length: 0\r\n\r\n"
    assert status_of(lane.client().send(GET).read_all()) == 502
    assert gateway.named("failure") == ["answer_head_too_large"]


def test_m14_what_is_buffered_is_bounded_over_all_connections(upstream, gateway, spec, start_lane):
    """Uploads that together exceed the process's budget are refused, and the budget comes back."""
    limits = Limits(buffered_bytes=600_000)
    lane = start_lane(spec(upstream.port), gateway, limits=limits)
    half = post(bytes(900_000))[:400_000]
    clients = [lane.client().send(half) for _ in range(2)]
    assert wait_for(lambda: "overloaded" in gateway.named("malformed"))  # both, if they come at once
    for client in clients:
        client.close()
    assert wait_for(lambda: len(gateway.named("malformed")) == 2)
    assert status_of(lane.exchange(post(bytes(400_000)))) == 200


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_m15_a_large_answer_waits_for_its_decision(lane, upstream, gateway, framing):
    """No part of a body goes out before the whole was decided, however large it is."""
    body = CANARY * 60_000
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    upstream.answer = answer(body) if framing == "length" else chunked
    gateway.answer_response = lambda response: gateway.refuse("no", 403)
    received = lane.exchange(GET)
    assert status_of(received) == 403
    assert CANARY not in received
    assert len(gateway.named("response")[0].body) == len(body)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_m15_a_body_over_the_limit_is_refused(lane, upstream, gateway, framing):
    """413 for a request, without forwarding; 502 for an answer, without releasing."""
    size = (1 << 20) + 1
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (size, bytes(size))
    if framing == "length":
        sent, upstream.answer = post(bytes(size)), answer(bytes(size))
    else:
        sent = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
        upstream.answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks
    client = lane.client()
    threading.Thread(target=_send_all, args=(client.socket, sent), daemon=True).start()
    assert status_of(client.read_all()) in (413, 0)  # 0: the reset of the unread rest overtook the answer
    assert gateway.named("malformed") == ["body_too_large"]
    assert upstream.connections == 0
    assert status_of(lane.exchange(GET)) == 502
    assert gateway.named("failure") == ["answer_too_large"]


# ---- M16: refusing early ---------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", [b"Content-Length: 100000", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
def test_m16_an_upload_nobody_may_make_is_refused_before_its_body(lane, gateway, framing, expect):
    """A caller without a credential is told so before it has sent its body, and never asked to send it."""
    gateway.answer_head = lambda request: gateway.refuse("no_credential", 401)
    client = lane.client().send(b"POST /x HTTP/1.1\r\nHost: a\r\n" + expect + framing + b"\r\n\r\n")
    received = client.read_all(5)
    assert status_of(received) == 401
    assert received.count(b"HTTP/1.1 ") == 1
    assert gateway.named("request") == []


def test_m16_a_refusal_can_be_read_by_a_client_that_still_sends(lane, gateway):
    """The rest of the upload is thrown away for a moment: a reset would take the answer with it."""
    gateway.answer_head = lambda request: gateway.refuse("no_credential", 401)
    client = lane.client().send(post(bytes(900_000)))
    assert status_of(client.read(5)) == 401


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST http://evil.example/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", 400),
        (b"OPTIONS /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", 405),
        (b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"POST /x HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n", 417),
    ],
)
def test_m16_an_unacceptable_head_is_refused_before_its_body(lane, head, status):
    """No `100 Continue` and no waiting for the upload."""
    received = lane.client().send(head).read_all(3)
    assert status_of(received) == status
    assert b"100 Continue" not in received


def test_m16_an_expected_continue_is_ours(lane, upstream):
    """A client that waits for 100 gets it from us; the field goes no further."""
    client = lane.client().send(
        b"POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    )
    assert client.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert status_of(client.send(b"{}").read()) == 200
    assert b"expect" not in upstream.received.lower()


# ---- M17 to M20: one reading of a request ----------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        b"PO\xc5\xbfT /x HTTP/1.1",  # a letter that upper-cases to S
        b"delete /x HTTP/1.1",
        b"TRACE /x HTTP/1.1",
        b"PROPFIND /x HTTP/1.1",
        b"GET\x0b/x\x0cHTTP/1.1",  # white space that only some take for a separator
        b"GET  /x HTTP/1.1",
        b"GET /x  HTTP/1.1",
        b"GET /x HTTP/1.1 ",
        b"GET /x#f HTTP/1.1",
        b"GET /x\\y HTTP/1.1",
        b"GET /\xc3\xa9 HTTP/1.1",
        b"GET /a/../b HTTP/1.1",
        b"GET /a/./b HTTP/1.1",
        b"GET /a/.. HTTP/1.1",
        b"GET /a/..;/b HTTP/1.1",
        b"GET /a;v=1 HTTP/1.1",
        b"GET //a HTTP/1.1",
        b"GET /a%2fb HTTP/1.1",
        b"GET /a%2Fb HTTP/1.1",
        b"GET /a%5cb HTTP/1.1",
        b"GET /a%00 HTTP/1.1",
        b"GET /%2e%2e/a HTTP/1.1",
        b"GET /a%zz HTTP/1.1",
        b"GET /a?b=%z HTTP/1.1",
        b"GET x HTTP/1.1",
        b"GET * HTTP/1.1",
        b"GET /x",
        b"GET /x HTTP/0.9",
        b"GET /x HTTP/1.0",
        b"GET /x HTTP/1.9",
        b"GET /x HTTP/2.0",
        b"GET /x HTTP/3.7",
        b"GET /x http/1.1",
    ],
)
def test_m17_one_grammar_for_request_lines(lane, upstream, line):
    """What two readers could take for different requests is refused, never repaired."""
    received = lane.client().send(line + b"\r\nHost: a\r\n\r\n").read_all()
    assert status_of(received) in (400, 405)
    assert upstream.connections == 0


def test_m17_bare_line_feeds_end_no_line(lane, upstream):
    """Only CRLF ends a line."""
    for data in (b"GET /x HTTP/1.1\nHost: a\n\n", b"GET /x HTTP/1.1\r\nHost: a\nX-B: c\r\n\r\n"):
        assert status_of(lane.client().send(data).read_all()) == 400
    assert upstream.connections == 0


def test_m17_a_target_arrives_as_it_was_read(lane, upstream, gateway):
    """What passes the grammar reaches gateway and upstream character by character."""
    target = b"/services/data/v59.0/query?q=SELECT%20Id,Name+FROM%20Contact&a=%C3%A9;'\"<>|"
    assert status_of(lane.exchange(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")) == 200
    seen = gateway.named("request")[0]
    assert f"{seen.path}?{seen.query}".encode() == target
    assert upstream.received.startswith(b"GET " + target + b" HTTP/1.1\r\n")


def test_m18_an_absolute_target_is_refused(lane, upstream):
    """A target that names a host is refused, whether it matches `host` or not."""
    for host in (b"evil.example", b"crm.example"):
        data = b"GET http://" + host + b"/x HTTP/1.1\r\nHost: crm.example\r\n\r\n"
        assert status_of(lane.exchange(data)) == 400
    assert upstream.connections == 0


def test_m18_the_upstream_sees_its_own_name(lane, upstream):
    """The client's `host` goes nowhere."""
    assert status_of(lane.exchange(GET)) == 200
    assert b"\r\nhost: 127.0.0.1:%d\r\n" % upstream.port in upstream.received
    assert b"crm.example" not in upstream.received


@pytest.mark.parametrize(
    "fields",
    [
        b"X: y\r\n Transfer-Encoding: chunked\r\n",  # obs-fold
        b"X: a\rb\r\n",  # bare CR
        b"X: a\x00b\r\n",
        b"X: \xc3\xa9\r\n",  # 8 bit
        b"X-Role_: admin\r\n",  # a gateway behind us would read X-Role-
        b"X : y\r\n",
        b": y\r\n",
        b"X\r\n",
        b"Host: b\r\n",  # a second one
        b"Connection: authorization\r\n",  # would have the next hop drop a credential
        b"Connection: close, x-purpose\r\n",
        b"Trailer: x\r\n",
    ],
)
def test_m19_one_grammar_for_fields(lane, upstream, fields):
    """Fields that two readers could read differently are refused."""
    received = lane.client().send(b"GET /x HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n").read_all()
    assert status_of(received) == 400
    assert upstream.connections == 0


@pytest.mark.parametrize("host", [b"", b"a b", b"a/b", b"a@b", b"a:b", b"[::1", b"-", b"a,b"])
def test_m19_host_is_a_host(lane, upstream, host):
    """`host` is one name or address, maybe with a port."""
    assert status_of(lane.exchange(b"GET /x HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")) == 400
    assert status_of(lane.exchange(b"GET /x HTTP/1.1\r\nX: " + host + b"\r\n\r\n")) == 400
    assert upstream.connections == 0


def test_m19_repeated_fields_reach_the_gateway_as_they_are(lane, gateway):
    """A field that stands there twice is not joined into one: whoever wants one value refuses it."""
    lane.exchange(b"GET /x HTTP/1.1\r\nHost: a\r\nAuthorization: A\r\nauthorization: B\r\n\r\n")
    assert gateway.named("request")[0].headers.fields == (("authorization", "A"), ("authorization", "B"))


def test_m19_an_answer_cannot_be_split(lane, gateway):
    """A line end in what the gateway returns is never written."""
    gateway.answer_response = lambda response: Response(200, Headers((("x-a", "b\r\nset-cookie: c"),)), b"{}")
    received = lane.exchange(GET)
    assert status_of(received) == 503
    assert b"set-cookie" not in received


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: identity\r\n\r\n{}",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        b"Content-Length: +2\r\n\r\n{}",
        b"Content-Length: 0x2\r\n\r\n{}",
        b"Content-Length: 2, 2\r\n\r\n{}",
        b"Content-Length: -1\r\n\r\n{}",
        b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n2;a\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n000000000000000000002\r\n{}\r\n0\r\n\r\n",
    ],
)
def test_m20_a_length_that_can_be_read_in_two_ways_is_refused(lane, upstream, framing):
    """CE-10: no framing that another reader could end somewhere else is repaired."""
    received = lane.client().send(b"POST /x HTTP/1.1\r\nHost: a\r\n" + framing).read_all(3)
    assert status_of(received) in (400, 413)
    assert upstream.connections == 0


# ---- M21: answers without a body -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_line", "status"), [(HEAD, b"200 OK"), (GET, b"204 No Content"), (GET, b"304 Not Modified")]
)
def test_m21_what_has_no_body_has_no_length(lane, upstream, gateway, request_line, status):
    """Neither a body nor a length, whatever upstream and gateway say; the connection stays in step."""
    upstream.answer = b"HTTP/1.1 " + status + b"\r\ncontent-length: 77\r\n\r\n"
    gateway.answer_response = lambda response: Response(response.status, Headers(), CANARY)
    client = lane.client().send(request_line)
    received = client.socket.recv(65536)
    assert received.endswith(b"\r\n\r\n")
    assert CANARY not in received
    assert b"content-length" not in received
    upstream.answer = answer(b"{}")
    gateway.answer_response = None
    assert client.send(GET).read().endswith(b"\r\n\r\n{}")


# ---- M22: nothing without a record -----------------------------------------------------------------------


def test_m22_a_client_that_leaves_after_forwarding_is_on_record(lane, upstream, gateway):
    """The upstream was asked, so its outcome is written down although nobody waits for it."""
    upstream.answer = b""
    client = lane.client().send(GET)
    assert upstream.got.wait(5)
    client.close()
    assert wait_for(lambda: gateway.named("failure") == ["client_gone"])
    assert gateway.outcomes == ["failure client_gone"]


def test_m22_a_client_that_leaves_within_its_upload_is_on_record(lane, upstream, gateway):
    """Nothing was asked of anybody; that is written down, too."""
    lane.client().send(post(bytes(1000))[:-10]).close()
    assert wait_for(lambda: gateway.named("malformed") == ["client_gone"])
    assert upstream.connections == 0


def test_m22_an_upstream_out_of_reach_is_on_record(gateway, spec, start_lane):
    """Connection refused: 502 and one failure."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    lane = start_lane(spec(port), gateway)
    assert status_of(lane.exchange(GET)) == 502
    assert gateway.outcomes == ["failure upstream_failed"]


def test_m22_a_failed_handshake_is_on_record(upstream, gateway, spec, start_lane, pki):
    """Plaintext to a TLS lane gets no answer in plaintext, and is written down."""
    lane = start_lane(spec(upstream.port, tls=pki.server), gateway)
    assert status_of(lane.client().send(GET).read_all()) == 0
    assert wait_for(lambda: gateway.named("malformed") == ["tls_handshake_failed"])


# ---- M23: silence ----------------------------------------------------------------------------------------


def test_m23_no_log_quotes_anybody(lane, upstream, gateway, caplog, capfd):
    """With every logger wide open, no byte of either side, no URL and no exception's text is logged."""
    root = logging.getLogger()
    caplog.set_level(logging.DEBUG)
    assert root.level == logging.DEBUG
    canary = CANARY.decode()

    def fail(response):
        raise RuntimeError(canary)

    for data in (CANARY + b"\r\n\r\n", b"GET /?q=" + CANARY + b" HTTP/1.1\r\nHost: a\r\n\r\n"):
        lane.exchange(data)
    upstream.answer = answer(b"{}") + CANARY  # bytes behind the answer
    lane.exchange(GET)
    upstream.answer, gateway.answer_response = answer(CANARY), fail
    lane.exchange(GET)
    upstream.answer, upstream.close_after = CANARY, True
    lane.exchange(GET)
    lane.end()
    captured = capfd.readouterr()
    said = "\n".join([caplog.text, captured.out, captured.err, *(str(r.__dict__) for r in caplog.records)])
    assert canary not in said


# ---- M24: time -------------------------------------------------------------------------------------------


def test_m24_a_head_has_to_come_in_time(upstream, gateway, spec, start_lane):
    """One byte now and then does not keep a connection."""
    lane = start_lane(spec(upstream.port), gateway, limits=Limits(head_seconds=0.3))
    client = lane.client()
    threading.Thread(target=_trickle, args=(client.socket, GET[:-4]), daemon=True).start()
    assert status_of(client.read_all(5)) == 408
    assert gateway.named("malformed") == ["head_too_slow"]


def _trickle(target, data):
    for at in range(len(data)):
        _send_all(target, data[at : at + 1])
        time.sleep(0.1)


def test_m24_a_handshake_has_to_come_in_time(upstream, gateway, spec, start_lane, pki):
    """The same for a ClientHello that never comes."""
    lane = start_lane(spec(upstream.port, tls=pki.server), gateway, limits=Limits(head_seconds=0.3))
    assert lane.client().read_all(5) == b""


@pytest.mark.parametrize("partial", [b"", b"HTTP/1.1 200 OK\r\n", answer(b"{}")[:-1]])
def test_m24_an_upstream_has_to_answer_in_time(upstream, gateway, spec, start_lane, partial):
    """The whole exchange has one deadline; an upstream that stalls anywhere ends in 504."""
    upstream.answer = partial
    lane = start_lane(spec(upstream.port, deadline=0.4), gateway)
    received = lane.client().send(GET).read_all(30)
    assert status_of(received) == 504
    assert gateway.outcomes == ["failure deadline"]


def test_m24_an_upload_has_to_end_in_time(upstream, gateway, spec, start_lane):
    """So does a body that never ends."""
    lane = start_lane(spec(upstream.port, deadline=0.4), gateway)
    assert status_of(lane.client().send(post(b"abc")[:-1]).read_all(5)) == 408
    assert gateway.outcomes == ["malformed deadline"]


def test_m24_an_idle_client_costs_no_upstream_connection(lane, upstream):
    """Nothing is opened towards the upstream before an exchange was allowed."""
    idle = [lane.client() for _ in range(5)]
    assert status_of(lane.exchange(GET)) == 200
    assert upstream.connections == 1
    assert len(idle) == 5


def test_m24_connections_are_limited(upstream, gateway, spec, start_lane):
    """With every place taken by an exchange, one more connection is dropped; when one ends there is room."""
    release = threading.Event()

    def slow(_message):
        release.wait(5)
        return answer(b"{}")

    upstream.answer = slow
    lane = start_lane(spec(upstream.port), gateway, limits=Limits(connections=2))
    first, second = lane.client().send(GET), lane.client().send(GET)
    assert wait_for(lambda: len(gateway.named("request")) == 2)
    assert lane.exchange(GET) == b""
    release.set()
    assert status_of(first.read()) == 200
    assert status_of(second.read()) == 200
    first.close()
    assert wait_for(lambda: status_of(lane.exchange(GET)) == 200)


def test_m24_silent_connections_make_room_for_others(upstream, gateway, spec, start_lane):
    """A peer that only opens connections locks nobody out, and displaces nobody who has spoken."""
    lane = start_lane(spec(upstream.port), gateway, limits=Limits(connections=4))
    speaker = lane.client()
    assert status_of(speaker.send(GET).read()) == 200
    silent = [lane.client() for _ in range(12)]
    assert wait_for(lambda: status_of(lane.exchange(GET)) == 200)
    assert status_of(speaker.send(GET).read()) == 200
    assert len(silent) == 12


def test_m24_a_connection_that_says_nothing_is_closed(upstream, gateway, spec, start_lane):
    """The time for a head begins when the connection is accepted, not with its first byte."""
    lane = start_lane(spec(upstream.port), gateway, limits=Limits(head_seconds=0.3))
    assert lane.client().read_all() == b""


def test_m24_stopping_waits_for_what_is_under_way(upstream, gateway, spec, start_lane):
    """An exchange that ends within the drain is answered in full; nobody new is let in."""
    release = threading.Event()

    def slow(_message):
        release.wait(5)
        return answer(b"{}")

    upstream.answer = slow
    lane = start_lane(spec(upstream.port), gateway, drain=5.0)
    idle, client = lane.client(), lane.client().send(GET)
    assert status_of(idle.send(b"OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n").read()) == 405
    assert upstream.got.wait(5)
    lane.begin_stop()
    time.sleep(0.2)
    with pytest.raises(OSError, match="refused"):
        lane.client()
    release.set()
    assert status_of(client.read_all()) == 200
    assert gateway.named("response")
    assert gateway.named("failure") == []


def test_m24_stopping_refuses_what_takes_too_long(upstream, gateway, spec, start_lane):
    """What is still under way when the drain ends is refused and put on record."""
    upstream.answer = b""
    lane = start_lane(spec(upstream.port, deadline=30.0), gateway, drain=0.2)
    client = lane.client().send(GET)
    assert upstream.got.wait(5)
    lane.begin_stop()
    assert status_of(client.read_all()) == 504
    lane.end()
    assert gateway.outcomes == ["failure deadline"]


# ---- M25 to M27 ------------------------------------------------------------------------------------------


def test_m25_there_are_no_streams_to_reset(lane, upstream):
    """HTTP/2 by prior knowledge is refused, so nothing can be opened and reset by the thousand."""
    assert status_of(lane.client().send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)).read_all()) == 400
    assert upstream.connections == 0


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\n\r\n{}" + CANARY,  # no length: wherever it is cut it looks complete
        b"HTTP/1.0 200 OK\r\n\r\n{}" + CANARY,
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}" + CANARY,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n{}" + CANARY,
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}" + CANARY,  # cut short
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\n" + CANARY,  # no last chunk
    ],
)
def test_m26_an_answer_that_may_be_cut_short_is_not_used(lane, upstream, gateway, cut):
    """Only an answer that says how long it is, and is that long, is read at all."""
    upstream.answer, upstream.close_after = cut, True
    received = lane.client().send(GET).read_all()
    assert status_of(received) == 502
    assert CANARY not in received
    assert len(gateway.named("failure")) == 1
    assert gateway.named("response") == []


@pytest.mark.parametrize("case", ["unknown authority", "another name", "not TLS"])
def test_m27_an_upstream_that_cannot_prove_its_name_gets_nothing(rig, start_upstream, pki, case):
    """Certificate and name are checked before a byte of the request is written; there is no switch."""
    files = {"unknown authority": pki.stranger_server, "another name": pki.other_name, "not TLS": None}[case]
    upstream = start_upstream(answer(b"{}"), pki.server_context(files) if files else None)
    leg = {"upstream_scheme": "https", "upstream_host": "localhost", "upstream_ca": pki.ca}
    lane = rig.start(upstream.port, deadline=1.0, **leg)
    received = lane.exchange(post(CANARY))
    assert status_of(received) in (502, 504)  # 504: what does not speak TLS need not answer at all
    assert CANARY not in upstream.received
    assert b"certificate" not in received
    assert len(rig.gateway.named("failure")) == 1
    assert rig.gateway.named("response") == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_m27_a_proven_upstream_is_used(rig, start_upstream, pki, host):
    """By DNS name and by address, twice over one connection."""
    upstream = start_upstream(answer(b"{}"), pki.server_context())
    leg = {"upstream_scheme": "https", "upstream_host": host, "upstream_ca": pki.ca}
    client = rig.start(upstream.port, **leg).client()
    for _ in range(2):
        assert status_of(client.send(post(CANARY)).read()) == 200
    assert upstream.received.count(CANARY) == 2
    assert upstream.connections == 1


# ---- one connection, several exchanges -------------------------------------------------------------------


def test_requests_are_judged_one_at_a_time(lane, upstream, gateway):
    """Requests sent ahead are answered in order, and none is judged before the answer to the one before it."""
    order = []

    def decide(request):
        order.append(request.path)
        return gateway.refuse("no", 403) if request.method == "DELETE" else Response(200, Headers(), b"{}")

    gateway.answer_request = decide
    last = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    sent = GET + b"DELETE /contacts/1 HTTP/1.1\r\nHost: a\r\n\r\n" + post(GET, target=b"/post") + last
    received = lane.client().send(sent).read_all()
    assert re.findall(rb"HTTP/1\.1 (\d{3}) ", received) == [b"200", b"403", b"200", b"200"]
    assert order == ["/x", "/contacts/1", "/post", "/last"]
    assert upstream.connections == 0


def test_each_request_of_a_connection_is_asked_about(lane, gateway):
    """Nothing is remembered from one request to the next: allowed, refused, allowed."""
    verdicts = iter([None, gateway.refuse("no", 403), None])
    normal = type(gateway).on_request

    async def decide(request):
        verdict = next(verdicts)
        gateway.answer_request = None
        try:
            return verdict if verdict is not None else await normal(gateway, request)
        finally:
            gateway.answer_request = decide

    gateway.answer_request = decide
    client = lane.client()
    assert [status_of(client.send(GET).read()) for _ in range(3)] == [200, 403, 200]


def test_a_client_that_asks_for_it_is_hung_up_on(lane):
    """`Connection: close` is honoured and said."""
    received = lane.client().send(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").read_all(3)
    assert status_of(received) == 200
    assert b"connection: close\r\n" in received


def test_fields_of_the_connection_go_no_further(lane, upstream):
    """Hop-by-hop fields end here, in both directions."""
    upstream.answer = answer(b"{}", b"keep-alive: timeout=5", b"connection: keep-alive", b"upgrade: h2")
    sent = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\nTE: trailers\r\n\r\n"
    received = lane.exchange(sent).lower()
    assert status_of(received.upper()) == 200
    for name in (b"keep-alive", b"connection", b"\r\nte:", b"upgrade"):
        assert name not in upstream.received.lower()
        assert name not in received


# ---- the list of what is open ----------------------------------------------------------------------------


def test_known_limits_are_told_once_and_everywhere():
    """The rows marked xfail here, known_limits.yaml and README's section name the same ids."""
    source = Path(__file__).read_text("utf-8")
    marked = {found.upper() for found in re.findall(r"@pytest\.mark\.xfail\([^\n]*\ndef test_(m\d\d)_", source)}
    told = set(yaml.safe_load((Path(__file__).parent / "known_limits.yaml").read_text("utf-8")))
    readme = (ROOT / "README.md").read_text("utf-8")
    assert marked == told
    assert set(re.findall(r"^- \*\*(M\d\d)\*\* ", readme, re.MULTILINE)) == told


def test_every_row_of_the_catalogue_has_a_test():
    """M01 to M27, none left out."""
    source = Path(__file__).read_text("utf-8")
    assert {f"m{n:02}" for n in range(1, 28)} <= set(re.findall(r"def test_(m\d\d)_", source))

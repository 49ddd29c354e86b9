"""Whoever is asked, there is one reading: what our readers take, h11 and http.server take for the same message.

Bytes are made from whole messages and from fragments that are known to divide parsers, cut anywhere.
"""

import http.server
import io
import itertools

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.http1.outgoing import build_request
from addons.http1.readers import AnswerReader, RequestReader
from addons.lane import LaneSpec, Limits
from proxy.errors import ExchangeError, Undecodable, UpstreamFault
from proxy.message import Headers, Request

SPEC = LaneSpec(
    name="test",
    listen_host="127.0.0.1",
    listen_port=0,
    upstream_scheme="http",
    upstream_host="crm.example",
    upstream_port=80,
    body_limit=2000,
    deadline=1.0,
)
LIMITS = Limits()
SMUGGLED = b"DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n"

lines = st.sampled_from([
    b"GET /x HTTP/1.1", b"POST /x HTTP/1.1", b"DELETE /x HTTP/1.1", b"GET /x HTTP/1.0", b"get /x HTTP/1.1",
    b"GET  /x HTTP/1.1", b"GET http://a/x HTTP/1.1", b"POST /x", b"GET /x HTTP/1.1 ", b"POST /x\tHTTP/1.1",
])  # fmt: skip
fields = st.sampled_from([
    b"Host: a", b"Host: b", b"Content-Length: 5", b"Content-Length: 05", b"Content-Length: +5",
    b"Content-Length: 0", b"Content-Length: 31", b"Content-Length: 5, 5", b"Content-Length : 5",
    b"Content-Length:",
    b"Content-Length:\t5 ",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: gzip", b"Transfer-encoding: Chunked", b"X: a\r\n Transfer-Encoding: chunked", b"X_Y: z",
    b"X: a\rTransfer-Encoding: chunked", b"X: a\nContent-Length: 31", b"Connection: close", b"X:", b"X: \x00",
    b"Expect: 100-continue", b"Trailer: X", b"Upgrade: h2c", b"\xc3\xa9: x", b"X: \xe9",
])  # fmt: skip
bodies = st.sampled_from([
    b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"0\r\n\r\n",
    b"5;a=b\r\nhello\r\n0\r\n\r\n", b"0\r\nX: y\r\n\r\n",
    b"5\nhello\n0\n\n", b"005\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffffff\r\nhello", b"5\r\nhelloo\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"0\r\n",
    b"1f\r\n" + SMUGGLED + b"\r\n0\r\n\r\n", b"0\r\n\r\n" + SMUGGLED, SMUGGLED, b"5\r\nhello\r\n00\r\n\r\n",
])  # fmt: skip
requests = st.builds(
    lambda line, some, body: b"\r\n".join([line, *some]) + b"\r\n\r\n" + body,
    lines,
    st.lists(fields, max_size=5).map(lambda some: [b"Host: a", *some]),
    bodies,
)
streams = st.lists(requests, min_size=1, max_size=3).map(b"".join)


def pieces(data, cuts):
    """Return the data in pieces."""
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def read_all(data, cuts=()):
    """Return the requests our reader finds, as values, and whether it stopped in refusal."""
    reader, found, head = RequestReader(SPEC, LIMITS, None), [], None
    for piece in pieces(data, cuts):
        reader.buffer += piece
        try:
            while True:
                head = head or reader.head()
                if head is None:
                    break
                body = reader.body()
                if body is None:
                    break
                found.append((head.method, head.path, body))
                head = None
        except Undecodable:
            return found, True
    return found, False


def h11_reads(data):
    """Return the requests h11 finds in some bytes."""
    found, server = [], h11.Connection(h11.SERVER)
    server.receive_data(data)
    line, body = None, b""
    while True:
        try:
            event = server.next_event()
        except h11.RemoteProtocolError:
            return found
        if event in (h11.NEED_DATA, h11.PAUSED):
            return found
        match event:
            case h11.Request():
                line, body = (event.method.decode(), event.target.decode()), b""
            case h11.Data():
                body += bytes(event.data)
            case h11.EndOfMessage():
                found.append((*line, body))
                server.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
                server.send(h11.EndOfMessage())
                if server.our_state is h11.MUST_CLOSE:
                    return found
                server.start_next_cycle()
            case _:
                return found


def http_server_reads(data):
    """Return the requests that Python's own server finds in some bytes."""
    found = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self):
            self.rfile, self.wfile = io.BytesIO(data), io.BytesIO()
            self.client_address = ("a", 1)
            self.close_connection = True
            self.handle()

        def _note(self):
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            found.append((self.command, self.path, body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def __getattr__(self, name):
            if name.startswith("do_"):
                return self._note
            raise AttributeError(name)

        def log_message(self, *_arguments):
            pass

    Handler()
    return found


@settings(max_examples=400, deadline=None)
@given(streams, st.lists(st.integers(0, 4000), max_size=6))
def test_where_bytes_are_cut_changes_nothing(data, cuts):
    """The same requests, and the same end, however the bytes come."""
    assert read_all(data, cuts) == read_all(data)


@settings(max_examples=600, deadline=None)
@given(streams)
def test_h11_reads_what_we_read(data):
    """Each request that we take is the one that h11 takes there; where h11 stops, we have stopped before."""
    ours, _ = read_all(data)
    assert h11_reads(data)[: len(ours)] == ours


methods = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
nasty = st.one_of(st.binary(max_size=60), bodies, requests)
texts = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20)
names = st.sampled_from(
    ["x-a", "content-length", "transfer-encoding", "host", "connection", "expect", "trailer", "te"]
)
made = st.builds(
    lambda method, path, some, body: Request(method, path, "", Headers(tuple(some)), body),
    methods,
    st.sampled_from(["/x", "/x/y%20z", "/x y", "/x\r\nX: y", "/", "x", "/x HTTP/1.1"]),
    st.lists(st.tuples(names, texts | st.sampled_from(["a\r\nb: c", "chunked", "5", "close"])), max_size=4),
    nasty,
)


@settings(max_examples=600, deadline=None)
@given(st.lists(made, min_size=1, max_size=3))
def test_every_upstream_reads_the_requests_that_we_write(asked):
    """As many as were sent, each with exactly its body: nobody sees another boundary or one request more."""
    wire, sent = b"", []
    for request in asked:
        try:
            wire += b"".join(build_request(request, SPEC))
        except (ValueError, ExchangeError):
            continue
        sent.append((request.method, request.path, request.body))
    assert h11_reads(wire) == sent
    assert http_server_reads(wire) == sent
    assert read_all(wire) == (sent, False)


answers = st.builds(
    lambda line, some, body: b"\r\n".join([line, *some]) + b"\r\n\r\n" + body,
    st.sampled_from([
        b"HTTP/1.1 200 OK", b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.1 204 No", b"HTTP/1.1 304 No",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 100 Continue", b"HTTP/1.1 103 Early", b"HTTP/1.1 101 Switching", b"HTTP/1.1 404 Not Found",
    ]),
    st.lists(fields, max_size=4),
    bodies,
)  # fmt: skip


def h11_answer(data, method):
    """Return status and body of the answer that h11 finds, or None."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/x", headers=[("host", "a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    status, body = 0, b""
    while True:
        try:
            event = client.next_event()
        except h11.RemoteProtocolError:
            return None
        match event:
            case h11.Response():
                status = event.status_code
            case h11.Data():
                body += bytes(event.data)
            case h11.EndOfMessage():
                return status, body
            case h11.InformationalResponse():
                continue
            case _:
                return None


@settings(max_examples=600, deadline=None)
@given(st.lists(answers, min_size=1, max_size=3).map(b"".join), st.sampled_from(["GET", "HEAD"]))
def test_h11_reads_the_answer_that_we_read(data, method):
    """An answer that we use is the one h11 finds, byte for byte; interim ones are skipped by both."""
    reader = AnswerReader(method, most_body=2000, limits=LIMITS)
    try:
        answer = reader.feed(data)
    except UpstreamFault:
        return
    if answer is not None:
        assert h11_answer(data, method) == (answer.status, answer.body)


@settings(max_examples=300, deadline=None)
@given(st.lists(answers, min_size=1, max_size=2).map(b"".join), st.lists(st.integers(0, 4000), max_size=6))
def test_where_an_answer_is_cut_changes_nothing(data, cuts):
    """The same answer, or the same refusal, however the bytes come."""

    def read(parts):
        reader, answer = AnswerReader("GET", most_body=2000, limits=LIMITS), None
        try:
            for part in parts:
                answer = answer or reader.feed(part)
        except UpstreamFault:
            return "refused"
        return answer

    assert read(pieces(data, cuts)) == read([data])


@pytest.mark.parametrize("reader", [h11_reads, http_server_reads])
def test_the_other_readers_would_find_a_second_request(reader):
    """They are not blind: two requests are two to them."""
    assert len(reader(SMUGGLED * 2)) == 2

"""addons.adapter: flow -> values -> flow, without sockets."""

import pytest
from mitmproxy import connection, http

from addons import adapter
from addons.lane import Limits
from addons.mark import Lane
from proxy.errors import Undecodable, UpstreamFault
from proxy.message import Headers, Request


def make_flow(fields, *, method=b"GET", path=b"/x", body=b"", version=b"HTTP/1.1", authority=b""):
    """Return a flow as mitmproxy makes it of a request's head."""
    client = connection.Client(peername=("192.0.2.7", 1), sockname=("192.0.2.1", 2))
    flow = http.HTTPFlow(client, connection.Server(address=None), live=True)
    flow.request = http.Request(
        "up", 1, method, b"http", authority, path, version, http.Headers(fields), body, None, 0.0, 0.0
    )
    return flow


def make_response(status=200, fields=((b"content-length", b"2"),), body=b"{}"):
    """Return a response as mitmproxy makes it of what an upstream sends."""
    return http.Response(b"HTTP/1.1", status, b"canary-reason", http.Headers(fields), body, None, 0.0, 0.0)


def test_a_request_is_read_from_its_bytes(spec, gateway):
    """Names lower-case, order kept, nothing decoded, fields of the connection left out."""
    fields = [
        (b"Host", b"a"),
        (b"X-B", b"1"),
        (b"Content-Encoding", b"gzip"),
        (b"x-b", b"2"),
        (b"TE", b"trailers"),
    ]
    flow = make_flow(fields, method=b"POST", path=b"/a%20b?c=%25", body=b"\x1f\x8b")
    mark = adapter.attach(flow, Lane(spec(1), gateway), None)
    mark.head, close = adapter.read_head(flow, spec(1), Limits())
    request = adapter.read_request(flow, mark, ("dns:a",))
    assert request.method == "POST"
    assert (request.path, request.query) == ("/a%20b", "c=%25")
    assert request.headers.fields == (("x-b", "1"), ("content-encoding", "gzip"), ("x-b", "2"))
    assert request.body == b"\x1f\x8b"
    assert (request.peer.address, request.peer.sans) == ("192.0.2.7", ("dns:a",))
    assert close is False


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"authority": b"evil"}, "bad_request_line"),
        ({"version": b"HTTP/2.0"}, "bad_request_line"),
        ({"method": b"get"}, "method_not_allowed"),
        ({"path": b"*"}, "bad_target"),
    ],
)
def test_a_head_is_checked_again_here(spec, changes, reason):
    """Even what a doorway would not let in is refused."""
    with pytest.raises(Undecodable) as caught:
        adapter.read_head(make_flow([(b"Host", b"a")], **changes), spec(1), Limits())
    assert caught.value.reason == reason


def test_a_lane_answers_to_its_own_names_only(spec):
    """With `hosts` given, any other is misdirected."""
    lane = spec(1, hosts=frozenset({"crm.internal"}))
    assert adapter.read_head(make_flow([(b"Host", b"CRM.internal:8443")]), lane, Limits())[0].method == "GET"
    with pytest.raises(Undecodable) as caught:
        adapter.read_head(make_flow([(b"Host", b"other.internal")]), lane, Limits())
    assert caught.value.status == 421


def test_a_request_goes_up_as_it_was_allowed(spec):
    """Fixed order, our host, no coding asked for, the length counted."""
    flow = make_flow([(b"Host", b"a"), (b"X-Secret", b"canary")], method=b"GET", body=b"canary")
    fields = Headers((("content-type", "a/b"), ("content-encoding", "gzip"), ("connection", "x"), ("x-b", "1")))
    made = adapter.build_request(Request("POST", "/y", "z=1", fields, b"{}"), spec(8080))
    adapter.block(flow)
    adapter.let_through(flow, made, spec(8080))
    assert flow.response is None
    assert flow.request.data.headers.fields == (
        (b"host", b"127.0.0.1:8080"),
        (b"content-type", b"a/b"),
        (b"x-b", b"1"),
        (b"accept-encoding", b"identity"),
        (b"content-length", b"2"),
    )
    assert (flow.request.data.method, flow.request.data.path) == (b"POST", b"/y?z=1")
    assert (flow.request.data.host, flow.request.data.port) == ("127.0.0.1", 8080)
    assert flow.request.data.content == b"{}"


@pytest.mark.parametrize(
    "request_",
    [
        Request("TRACE", "/"),
        Request("GET", "/a b"),
        Request("GET", "http://evil/"),
        Request("GET", "/", "a\r\nb"),
        Request("GET", "/\u00e9"),
        Request("GET", "/", "", Headers((("x-a", "b\nc"),))),
        Request("GET", "/", "", Headers((("x\u00e9", "b"),))),
    ],
)
def test_what_cannot_be_written_is_not_sent(spec, request_):
    """A request that would not stay one request is refused before it is written."""
    with pytest.raises((ValueError, Undecodable)):
        adapter.build_request(request_, spec(1))


def test_the_stand_in_cannot_be_filled():
    """mitmproxy writes bodies into whatever response is in a flow; this one stays empty."""
    flow = make_flow([(b"Host", b"a")])
    adapter.block(flow)
    assert flow.response is not None
    flow.response.data.content = b"canary"
    assert flow.response.data.content == b""
    assert adapter.blocked(flow)


@pytest.mark.parametrize(
    ("status", "fields", "reason"),
    [
        (100, [], "bad_status"),
        (101, [], "bad_status"),
        (199, [], "bad_status"),
        (600, [], "bad_status"),
        (200, [], "unframed_answer"),
        (200, [(b"Transfer-Encoding", b"gzip")], "unframed_answer"),
        (200, [(b"Transfer-Encoding", b"gzip, chunked")], "unframed_answer"),
    ],
)
def test_an_answer_head_that_is_not_read(status, fields, reason):
    """Interim, unknown, or without an end of its own."""
    flow = make_flow([(b"Host", b"a")])
    flow.response = make_response(status, fields)
    with pytest.raises(UpstreamFault) as caught:
        adapter.check_answer_head(flow)
    assert caught.value.reason == reason


def test_an_answer_is_never_streamed():
    """Whatever set the flag before (M15)."""
    flow = make_flow([(b"Host", b"a")])
    flow.response = make_response()
    flow.response.stream = True
    adapter.check_answer_head(flow)
    assert flow.response.stream is False


def test_an_answer_is_read_from_its_bytes(spec):
    """No reason phrase, nothing of the connection, obs-text dropped, the body as it came."""
    fields = [
        (b"ETag", b'"1"'),
        (b"x-file", "caf\u00e9".encode()),
        (b"Keep-Alive", b"1"),
        (b"Content-Length", b"2"),
    ]
    answer = adapter.read_answer(make_response(201, fields, b"\x1f\x8b"), spec(1))
    assert (answer.status, answer.body) == (201, b"\x1f\x8b")
    assert answer.headers.fields == (("etag", '"1"'),)


@pytest.mark.parametrize("fields", [[(b"x a", b"1")], [(b"x-a", b"1\r\n 2")], [(b"x-a", b"\x00")]])
def test_an_answer_with_a_control_character_is_not_read(spec, fields):
    """What could be read in two ways is not read at all."""
    with pytest.raises(UpstreamFault):
        adapter.read_answer(make_response(200, fields), spec(1))


def test_an_error_of_the_host_becomes_a_constant():
    """mitmproxy's text, which quotes peers, decides between constants and goes nowhere."""
    from mitmproxy.flow import Error

    flow = make_flow([(b"Host", b"a")])
    assert adapter.what_failed(flow, forwarded=False) == ("malformed_request", 400)
    flow.error = Error("unexpected server response: b'canary'")
    assert adapter.what_failed(flow, forwarded=True) == ("upstream_failed", 502)
    flow.error = Error("Request body exceeds mitmproxy's body_size_limit.")
    assert adapter.what_failed(flow, forwarded=False) == ("body_too_large", 413)
    assert adapter.what_failed(flow, forwarded=True) == ("answer_too_large", 502)

"""The catalogue's rows on HTTP, by id, with raw sockets on both sides: RC routing, WF wire, HC answers.

What section 2 of the catalogue (M05 to M26) has already is in test_wire.py; here is what it has not.
"""

import re

import pytest

from proxy.message import Headers, Response

CANARY = b"canary-c4t"


def status_of(data):
    """Return the status of the first answer in some bytes, or 0."""
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", data)
    return int(found[1]) if found else 0


def get(target=b"/x", *fields):
    """Return a GET."""
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: a", *fields]) + b"\r\n\r\n"


def answer(body, *fields, status=b"200 OK"):
    """Return an answer with a content-length."""
    head = [b"HTTP/1.1 " + status, b"content-length: %d" % len(body), *fields]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


REFUSED = {
    "RC-01 dot segments": [get(b"/./x"), get(b"/a/../x"), get(b"/%2e%2e/x"), get(b"/a/..;/x"), get(b"//x")],
    "RC-02 encodings": [get(b"/x;v=1"), get(b"/a%2fx"), get(b"/a%5Cx"), get(b"/x%00"), get(b"/a\\x")],
    "RC-02 eight bits": [get(b"/\xef\xbc\x8fx"), get(b"/\xc3\xa9")],
    "RC-04 fragment": [get(b"/x#y"), get(b"/x?a=b#c")],
    "RC-06 methods": [get().replace(b"GET", method) for method in (b"delete", b"PO\xc5\xbfT", b"GET:", b"FOO")],
    "RC-07 methods": [get().replace(b"GET", method) for method in (b"OPTIONS", b"TRACE", b"CONNECT")],
    "RC-08 hosts": [
        get(b"http://evil.example/x"),
        get(b"https://a/x"),
        get(b"/x", b"Host: b"),
        get().replace(b"Host: a", b"Host: a@evil:99"),
        get().replace(b"Host: a\r\n", b""),
        get(b"a:443"),
    ],
    "WF-01 lengths": [
        get(b"/x", b"Content-Length: 1", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
        get(b"/x", b"Content-Length: 1", b"Content-Length: 2") + b"ab",
        get(b"/x", b"Content-Length: +2") + b"ab",
        get(b"/x", b"Content-Length: 0x2") + b"ab",
        get(b"/x", b"Content-Length:") + b"ab",
        get(b"/x", b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity") + b"0\r\n\r\n",
        get(b"/x", b"Transfer-Encoding: chunked").replace(b"/1.1", b"/1.0") + b"0\r\n\r\n",
    ],
    "WF-04 fields": [
        get(b"/x", b"X: y\r\n z"),
        get(b"/x", b"X: a\rb"),
        get(b"/x", b"X: a\x00b"),
        get(b"/x", b"X: a\x7fb"),
        get(b"/x", b"X: \xff"),
        get(b"/x", b"X_Role: admin"),
        get(b"/x", b": y"),
        get(b"/x", b"X y: z"),
    ],
    "WF-05 chunks": [
        get(b"/x", b"Transfer-Encoding: chunked") + chunks
        for chunks in (
            b"2;a\n{}\r\n0\r\n\r\n",
            b"2;a=b\r\n{}\r\n0\r\n\r\n",
            b"0x2\r\n{}\r\n0\r\n\r\n",
            b"00000000000000000002\r\n{}\r\n0\r\n\r\n",
            b"2\r\n{}0\r\n\r\n",
            b"2 \r\n{}\r\n0\r\n\r\n",
            b"\r\n",
        )
    ],
    "WF-06 trailers": [
        get(b"/x", b"Transfer-Encoding: chunked") + b"0\r\nX: y\r\n\r\n",
        get(b"/x", b"Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n",
        get(b"/x", b"Trailer: X"),
    ],
    "WF-07 versions": [
        b"GET /x\r\n\r\n",
        *(
            get().replace(b"HTTP/1.1", version)
            for version in (b"HTTP/2.0", b"HTTP/1.9", b"HTTP/1.0", b"HTTP/01.1")
        ),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    "WF-08 upgrades": [
        get(b"/x", b"Upgrade: " + what, b"Connection: upgrade")
        for what in (b"foo", b"h2c", b"H2C", b"websocket", b"TLS/1.0")
    ],
    "WF-09 expectations": [
        get(b"/x", b"Expect: 100-continue, x"),
        get(b"/x", b"Expect: 100-continue", b"Expect: 100-continue"),
        get(b"/x", b"Expect: "),
    ],
}


@pytest.mark.parametrize(("row", "data"), [(row, data) for row, many in REFUSED.items() for data in many])
def test_what_two_readers_could_read_differently_is_refused(lane, upstream, gateway, row, data):
    """A 4xx in constant words, closed, on record once; neither gateway nor upstream are asked.

    WF-02, WF-03: among them HTTP/2, and so all of its tricks.
    """
    received = lane.client().send(data.replace(b"/x", b"/x-" + CANARY, 1)).read_all()
    assert 400 <= status_of(received) < 500, row
    assert CANARY not in received
    assert b"connection: close\r\n" in received
    assert len(gateway.named("malformed")) == 1
    assert gateway.named("request") == []
    assert upstream.connections == 0


def test_rc07_head_is_get_without_its_body(lane, upstream):
    """It goes upstream as HEAD; what is said of a length is not passed on."""
    upstream.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4711\r\n\r\n"
    client = lane.client().send(b"HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    received = client.read_all()
    assert upstream.received.startswith(b"HEAD /x HTTP/1.1\r\n")
    assert status_of(received) == 200
    assert b"4711" not in received


@pytest.mark.parametrize(
    ("hosts", "status"), [(frozenset({"crm.example"}), 421), (frozenset({"a"}), 200), (frozenset(), 200)]
)
def test_rc08_a_lane_answers_to_its_names_only(rig, hosts, status):
    """With names given, another one is misdirected."""
    lane = rig.start(rig.upstream.port, hosts=hosts)
    assert status_of(lane.exchange(get())) == status
    assert (rig.upstream.connections == 0) == (status == 421)


def test_rc08_the_name_of_tls_is_the_name_of_the_request(rig, pki):
    """SNI says one host, `host` another: misdirected."""
    lane = rig.start(rig.upstream.port, tls=pki.server)
    client = lane.client(pki.client_context(), "localhost")
    assert status_of(client.send(get()).read_all()) == 421
    good = get().replace(b"Host: a", b"Host: localhost")
    assert status_of(lane.client(pki.client_context(), "localhost").send(good).read()) == 200


@pytest.mark.parametrize("status", [b"301 x", b"302 x", b"307 x", b"308 x"])
def test_rc16_a_redirect_is_not_followed(lane, upstream, gateway, start_upstream, status):
    """The gateway sees it as any other answer; nobody connects to where it points."""
    other = start_upstream(answer(CANARY))
    upstream.answer = answer(b"", b"location: http://127.0.0.1:%d/x" % other.port, status=status)
    assert status_of(lane.exchange(get())) == int(status[:3])
    assert gateway.named("response")[0].status == int(status[:3])
    assert other.connections == 0


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 099 x\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 1000 x\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 600 x\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 101 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + CANARY + b"\r\x20\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + CANARY + b"\n y\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + CANARY + b"\x00\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + CANARY + b"\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx : " + CANARY + b"\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\ncontent-length: 6\n\n" + CANARY,
        b"HTTP/2 200\r\ncontent-length: 0\r\n\r\n" + CANARY,
        b"ICY 200 OK\r\ncontent-length: 0\r\n\r\n" + CANARY,
        b"\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n" + CANARY,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: " + CANARY + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;x=" + CANARY + b"\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"content-length: 0\r\n\r\n" + CANARY,
    ],
)
def test_wf12_wf13_no_part_of_an_odd_answer_is_shown(lane, upstream, gateway, said):
    """502 in constant words, once on record, whatever the upstream made of HTTP."""
    upstream.answer, upstream.close_after = said, True
    received = lane.client().send(get()).read_all()
    assert status_of(received) == 502
    assert CANARY not in received
    assert len(gateway.named("failure")) == 1
    assert gateway.named("response") == []


def test_wf12_the_head_of_an_answer_is_made_anew(lane, upstream, gateway):
    """Reason phrase, order and spelling are ours; only what the gateway returned is in it."""
    upstream.answer = answer(b"{}", b"X-Name: " + CANARY, b"ETag: " + CANARY, status=b"200 " + CANARY)
    gateway.answer_response = lambda response: Response(200, Headers((("retry-after", "3"),)), b"{}")
    received = lane.exchange(get())
    assert received == b"HTTP/1.1 200 OK\r\nretry-after: 3\r\ncontent-length: 2\r\n\r\n{}"


def test_wf14_what_comes_after_an_answer_is_nobodys(lane, upstream, gateway):
    """It is not the answer to the next request, not even to one of the same client."""
    poison = answer(CANARY)
    upstream.answer = answer(b"{}") + poison
    client = lane.client()
    for _ in range(3):
        assert CANARY not in client.send(get()).read()
    assert upstream.connections == 3
    assert [seen.body for seen in gateway.named("response")] == [b"{}"] * 3


def test_hc01_fields_of_an_answer_reach_nobody_unasked(lane, upstream, gateway):
    """Cookies, validators, links and debug fields are shown to the gateway; what it leaves out is gone."""
    fields = [b"Set-Cookie: a=%b", b"ETag: %b", b"Link: <%b>", b"X-Debug-SQL: %b", b"Content-Disposition: %b"]
    upstream.answer = answer(b"{}", *(field.replace(b"%b", CANARY) for field in fields))
    assert CANARY not in lane.exchange(get())
    assert CANARY.decode() in str(gateway.named("response")[0].headers)


def test_hc06_an_error_page_is_the_gateways_to_judge(lane, upstream, gateway):
    """A 500 with a stack trace goes the same way as every answer."""
    upstream.answer = answer(CANARY, b"content-type: text/html", status=b"500 x")
    gateway.answer_response = lambda response: gateway.refuse("no", 502)
    assert CANARY not in lane.exchange(get())
    assert gateway.named("response")[0].status == 500

"""OData batches: each message inside could have come alone; ids are those of the threat catalogue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.codec.batch import MAX_MESSAGES, Batch, Item, read_requests, read_responses, write_batch
from proxy.errors import Undecodable
from proxy.message import Headers, Request, Response

KIND = "multipart/mixed; boundary=batch_1"
ORIGINS = frozenset({"https://crm.example"})
ROOT = "/api/data/v9.2"
HTTP = b"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"


def http(line: str, *headers: str, body: str = "", outer: bytes = b"") -> bytes:
    """Return a part that holds one message."""
    return (
        HTTP
        + outer
        + b"\r\n"
        + "".join(f"{each}\r\n" for each in (line, *headers)).encode()
        + b"\r\n"
        + body.encode()
    )


def mixed(*parts: bytes, boundary: bytes = b"batch_1") -> bytes:
    """Return a body of these parts."""
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"


def changes(*parts: bytes) -> bytes:
    """Return a part that holds a change set."""
    return b"Content-Type: multipart/mixed; boundary=changes\r\n\r\n" + mixed(*parts, boundary=b"changes")


def read(*parts: bytes) -> Batch[Request]:
    """Return the requests in a batch of these parts."""
    return read_requests(KIND, mixed(*parts), origins=ORIGINS, root=ROOT)


def refused(*parts: bytes) -> str:
    """Return why a batch of these parts is refused."""
    with pytest.raises(Undecodable) as caught:
        read(*parts)
    return caught.value.reason


def one(target: str) -> Request:
    """Return the only request of a batch, a GET of `target`."""
    (item,) = read(http(f"GET {target} HTTP/1.1"))
    assert isinstance(item, Item)
    return item.message


def test_mp_03_every_message_is_a_request_of_its_own() -> None:
    """MP-03: reads, and change sets with references to what was created before, become plain values."""
    batch = read(
        http("GET contacts?$select=fullname HTTP/1.1", "Accept: application/json"),
        changes(
            http(
                "POST /api/data/v9.2/accounts HTTP/1.1",
                "Content-Type: application/json",
                body='{"name":"x"}',
                outer=b"Content-ID: 1\r\n",
            ),
            http("PATCH $1/contacts HTTP/1.1", body="{}", outer=b"Content-ID: 2\r\n"),
            http("DELETE $1 HTTP/1.1"),
        ),
    )
    assert batch == [
        Item(Request("GET", f"{ROOT}/contacts", "$select=fullname", Headers((("accept", "application/json"),)))),
        [
            Item(
                Request(
                    "POST",
                    f"{ROOT}/accounts",
                    "",
                    Headers((("content-type", "application/json"),)),
                    b'{"name":"x"}',
                ),
                "1",
            ),
            Item(Request("PATCH", "/contacts", body=b"{}"), "2", "1"),
            Item(Request("DELETE", "/"), refers="1"),
        ],
    ]
    kind, body = write_batch(batch)
    assert read_requests(kind, body, origins=ORIGINS, root=ROOT) == batch
    assert b"GET /api/data/v9.2/contacts?$select=fullname HTTP/1.1\r\n" in body
    assert b"DELETE $1 HTTP/1.1\r\n" in body


@pytest.mark.parametrize(
    "target",
    [
        "contacts",
        "/api/data/v9.2/contacts",
        "https://crm.example/api/data/v9.2/contacts",
        "HTTPS://CRM.Example/api/data/v9.2/contacts",
    ],
)
def test_mp_03_urls_are_cut_down_to_the_path(target: str) -> None:
    """MP-03: absolute, from the root, and relative to the service mean the same."""
    assert one(target).path == f"{ROOT}/contacts"


@pytest.mark.parametrize(
    "target",
    [
        "https://other.example/contacts",
        "http://crm.example/contacts",
        "https://crm.example:8443/contacts",
        "https://crm.example@other.example/contacts",
        "https://[x/contacts",
        "file:///etc/passwd",
        "//other.example/contacts",
        "/a//b",
        "/a/../b",
        "../b",
        "/a/./b",
        "/a/%2e%2e/b",
        "/a%2fb",
        "/a%5Cb",
        "/a\\b",
        "/a;b",
        "/a%00",
        "/a%zz",
        "/a#b",
        "/a?b#c",
        "https://crm.example",
        "https://crm.example?x=1",
    ],
)
def test_mp_03_no_other_server_and_one_way_to_read_a_path(target: str) -> None:
    """MP-03: the same paths are refused inside as outside."""
    assert refused(http(f"GET {target} HTTP/1.1")) in {"foreign_url", "bad_target"}


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer x",
        "Cookie: a=b",
        "Proxy-Authorization: x",
        "X-HTTP-Method-Override: DELETE",
        "X-HTTP-Method: DELETE",
        "Transfer-Encoding: chunked",
        "Content-Encoding: gzip",
    ],
)
def test_mp_03_nobody_speaks_for_another_inside(header: str) -> None:
    """MP-03: credentials, method overrides and codings inside are refused."""
    assert refused(http("GET contacts HTTP/1.1", header)) == "refused_header"


def test_mp_03_of_other_headers_only_known_ones_stay() -> None:
    """MP-03: the list is closed, and Host has to be ours."""
    (item,) = read(http("GET contacts HTTP/1.1", "Host: CRM.example", "MSCRMCallerID: 7", "If-Match: x"))
    assert isinstance(item, Item)
    assert item.message.headers == Headers((("if-match", "x"),))
    assert refused(http("GET contacts HTTP/1.1", "Host: other.example")) == "foreign_url"


@pytest.mark.parametrize(
    "part",
    [
        http("GET contacts HTTP/1.0"),
        http("get contacts HTTP/1.1"),
        http("TRACE contacts HTTP/1.1"),
        http("GET  contacts HTTP/1.1"),
        http("GET contacts x HTTP/1.1"),
        http("GET contacts"),
        http("POST contacts HTTP/1.1", "Content-Length: 3", body="{}"),
        http("POST contacts HTTP/1.1", "Content-Length: ²", body="{}"),
        http("POST contacts HTTP/1.1", "Accept: a", "accept: b"),
        http("GET contacts HTTP/1.1", " folded"),
        http("GET contacts HTTP/1.1", outer=b"Content-ID: a b\r\n"),
        http("GET contacts HTTP/1.1", outer=b"X-Other: 1\r\n"),
        http("GET contacts HTTP/1.1").replace(b"binary", b"base64"),
        http("GET contacts HTTP/1.1").replace(b"application/http", b"message/http"),
        changes(http("GET contacts HTTP/1.1")),
        changes(changes(http("POST contacts HTTP/1.1"))),
        HTTP + b"\r\nGET contacts HTTP/1.1",
    ],
)
def test_mp_03_a_message_is_written_in_one_way(part: bytes) -> None:
    """MP-03, MP-02: reads in change sets, sets in sets, sizes that lie, and other codings are refused."""
    assert refused(part) in {"bad_multipart", "unknown_media_type"}


def test_mp_03_references_go_back_and_stay_in_their_set() -> None:
    """MP-03: to a later message, to another set, or to nobody: refused; ids stand there once."""
    create = http("POST contacts HTTP/1.1", body="{}", outer=b"Content-ID: 1\r\n")
    follow = http("PATCH $1 HTTP/1.1", body="{}")
    assert refused(changes(follow, create)) == "unknown_reference"
    assert refused(changes(create), changes(follow)) == "unknown_reference"
    assert refused(create, http("GET $1 HTTP/1.1")) == "unknown_reference"
    assert refused(changes(create, create)) == "duplicate_key"
    assert refused(http("GET contacts HTTP/1.1", body="x")) == "body_unexpected"


def test_pd_16_messages_are_bounded() -> None:
    """PD-16: change sets do not multiply them."""
    few = changes(*[http("POST contacts HTTP/1.1", body="{}")] * (MAX_MESSAGES // 2 + 1))
    assert refused(few, few) == "too_many_items"


def test_answers_are_read_and_written_the_same_way() -> None:
    """A CRM's batch answer is a list of responses; a coding inside is refused there too."""
    body = mixed(
        http("HTTP/1.1 200 OK", "Content-Type: application/json", "OData-Version: 4.0", body='{"value":[]}'),
        changes(http("HTTP/1.1 204 No Content", outer=b"Content-ID: 1\r\n")),
    )
    headers = Headers((("content-type", "application/json"), ("odata-version", "4.0")))
    batch = read_responses(KIND, body)
    assert batch == [Item(Response(200, headers, b'{"value":[]}')), [Item(Response(204), "1")]]
    assert read_responses(*write_batch(batch)) == batch
    for line in ("HTTP/1.1 100 Continue", "HTTP/2 200 OK", "HTTP/1.1 2000 OK", "GET x HTTP/1.1"):
        with pytest.raises(Undecodable):
            read_responses(KIND, mixed(http(line)))


def test_an_empty_batch_has_no_form() -> None:
    """Neither has an empty change set."""
    for batch in ([], [[]]):
        with pytest.raises(Undecodable):
            write_batch(batch)


@given(
    st.lists(
        st.sampled_from(
            [*[b"--batch_1", b"--", b"\r\n", b"\n", HTTP, b"GET ", b"a", b" HTTP/1.1", b"$1", b"%2e", b": "]]
        ),
        max_size=14,
    )
)
def test_nothing_but_a_refusal_comes_of_rubbish(parts: list[bytes]) -> None:
    """No bytes raise anything undeclared, and what is read is read again from what is written."""
    for body in (b"".join(parts), mixed(HTTP + b"\r\nGET " + b"".join(parts) + b" HTTP/1.1\r\n\r\n")):
        try:
            found = read_requests(KIND, body, origins=ORIGINS, root=ROOT)
        except Undecodable:
            continue
        assert read_requests(*write_batch(found), origins=ORIGINS, root=ROOT) == found

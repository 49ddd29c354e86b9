"""OData batches: each message inside could have come alone; ids are those of the threat catalogue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.codec import codec_for
from proxy.codec.batch import MAX_MESSAGES, OdataBatch
from proxy.errors import Undecodable
from proxy.message import Tree

KIND = "multipart/mixed; boundary=batch_1"
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


def read(*parts: bytes) -> Tree:
    """Return the messages in a batch of these parts."""
    return OdataBatch.of(KIND).decode(mixed(*parts))


def refused(*parts: bytes) -> str:
    """Return why a batch of these parts is refused."""
    with pytest.raises(Undecodable) as caught:
        read(*parts)
    return caught.value.reason


def again(tree: Tree) -> Tree:
    """Return what is read of what is written."""
    codec = OdataBatch.of(KIND)
    body = codec.encode(tree)
    return OdataBatch.of(codec.content_type).decode(body)


def test_mp_03_every_message_is_a_value_of_its_own() -> None:
    """MP-03: reads and change sets become plain values, and are written again as they were read."""
    json_body = "Content-Type: application/json"
    batch = read(
        http("GET contacts?$select=fullname HTTP/1.1", "Accept: application/json"),
        changes(
            http("POST /x/accounts HTTP/1.1", json_body, body='{"name":"x"}', outer=b"Content-ID: 1\r\n"),
            http("PATCH $1/contacts HTTP/1.1", json_body, body="{}", outer=b"Content-ID: 2\r\n"),
            http("DELETE $1 HTTP/1.1"),
        ),
    )
    assert batch == {
        "parts": [
            {
                "method": "GET",
                "url": "contacts?$select=fullname",
                "headers": {"accept": "application/json"},
            },
            [
                {"id": "1", "method": "POST", "url": "/x/accounts", "headers": {}, "body": {"name": "x"}},
                {"id": "2", "method": "PATCH", "url": "$1/contacts", "headers": {}, "body": {}},
                {"method": "DELETE", "url": "$1", "headers": {}},
            ],
        ]
    }
    assert again(batch) == batch


def test_what_clients_write_too_little_of_is_read() -> None:
    """An empty line before the first boundary, none after a head without a body, two after a body."""
    first = HTTP + b"\r\nGET contacts HTTP/1.1\r\nAccept: application/json\r\n"
    bare = HTTP + b"\r\nGET contacts HTTP/1.1\r\nAccept: application/json"
    write = http("POST contacts HTTP/1.1", "Content-Type: application/json", body='{"a":1}\r\n')
    inside = b"Content-Type: multipart/mixed;boundary=changes\r\n\r\n" + mixed(write, boundary=b"changes")
    found = OdataBatch.of(KIND.replace("; ", ";")).decode(b"\r\n" + mixed(first, bare, inside))
    head = {"method": "GET", "url": "contacts", "headers": {"accept": "application/json"}}
    body = {"method": "POST", "url": "contacts", "headers": {}, "body": {"a": 1}}
    assert found == {"parts": [head, head, [body]]}


def test_a_batch_is_found_by_its_type_where_the_route_takes_one() -> None:
    """And nowhere else; what is written is labelled with another boundary."""
    codec = codec_for("Multipart/Mixed; boundary=batch_1", frozenset({"json", "batch"}))
    assert isinstance(codec, OdataBatch)
    assert codec.content_type.startswith("multipart/mixed; boundary=batchresponse_")
    assert codec.content_type != codec_for(KIND, frozenset({"batch"})).content_type
    for kind, allowed in (
        (KIND, {"json"}),
        ("multipart/mixed", {"batch"}),
        ("multipart/form-data; boundary=b", {"batch"}),
    ):
        with pytest.raises(Undecodable) as caught:
            codec_for(kind, frozenset(allowed))
        assert caught.value.status == 415


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


@pytest.mark.parametrize(
    "part",
    [
        http("GET contacts HTTP/1.0"),
        http("get contacts HTTP/1.1"),
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
        http("GET contacts HTTP/1.1").replace(b"application/http", b"applica tion/http"),
        changes(changes(http("POST contacts HTTP/1.1"))),
        http("POST contacts HTTP/1.1", body="{}"),
        http("POST contacts HTTP/1.1", "Content-Type: text/plain", body="{}"),
    ],
)
def test_mp_03_a_message_is_written_in_one_way(part: bytes) -> None:
    """MP-03, MP-02: sets in sets, bodies that are not JSON, sizes that lie, and other codings are refused."""
    assert refused(part) in {"bad_multipart", "unknown_media_type"}


def test_ids_stand_there_once() -> None:
    """Across all change sets; and a batch is of requests or of answers."""
    create = http("POST contacts HTTP/1.1", outer=b"Content-ID: 1\r\n")
    assert refused(changes(create, create)) == "duplicate_key"
    assert refused(changes(create), create) == "duplicate_key"
    assert refused(http("GET contacts HTTP/1.1"), http("HTTP/1.1 200 OK")) == "bad_multipart"


def test_pd_16_messages_are_bounded() -> None:
    """PD-16: change sets do not multiply them."""
    few = changes(*[http("POST contacts HTTP/1.1")] * (MAX_MESSAGES // 2 + 1))
    assert refused(few, few) == "too_many_items"


def test_answers_are_read_and_written_the_same_way() -> None:
    """A CRM's batch answer is a list of responses; a coding inside is refused there too."""
    kind = "Content-Type: application/json;odata.metadata=minimal"
    batch = read(
        http("HTTP/1.1 200 OK", kind, "OData-Version: 4.0", body='{"value":[1.10]}'),
        changes(http("HTTP/1.1 204 No Content", outer=b"Content-ID: 1\r\n")),
    )
    first, (second,) = batch["parts"]
    assert first["status"] == 200
    assert first["headers"] == {"odata-version": "4.0"}
    assert second == {"id": "1", "status": 204, "headers": {}}
    codec = OdataBatch.of(KIND)
    assert b'\r\n\r\n{"value":[1.10]}\r\n' in codec.encode(batch)
    assert again(batch) == batch
    for line in ("HTTP/1.1 100 Continue", "HTTP/2 200 OK", "HTTP/1.1 2000 OK"):
        assert refused(http(line)) == "bad_multipart"


@pytest.mark.parametrize(
    "tree",
    [
        {"parts": []},
        {"parts": [[]]},
        {},
        {"parts": [{"method": "GET"}]},
        {"parts": [{"method": "GET", "url": "a\r\nb", "headers": {}}]},
        {"parts": [{"method": "GET", "url": "a", "headers": {"x": "a\r\nb: c"}}]},
    ],
)
def test_what_has_no_form_is_not_written(tree: Tree) -> None:
    """Nothing, and nothing that would be cut another way."""
    with pytest.raises(Undecodable):
        OdataBatch.of(KIND).encode(tree)


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
            found = OdataBatch.of(KIND).decode(body)
        except Undecodable:
            continue
        assert again(found) == found

"""A sandbox on a socket: where it listens, what raw clients see, and how it misbehaves when told to."""

import gzip
import http.client
import json
import socket
import ssl
import time
import urllib.request

import pytest

from proxy.sandbox import Fault, Tls, running
from proxy.sandbox.faults import LEAK

AUTH = {"Authorization": "Bearer test-token"}
FIRST = "/services/data/v59.0/sobjects/Contact/003Lg0000000001IAA"


@pytest.fixture
def address(org):
    """Where `org` listens, in clear."""
    with running(org) as where:
        yield where


def ask(address, path=FIRST, method="GET", body=None, headers=None):
    """Return status, headers and body of one request on a connection of its own."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=5)
    try:
        connection.request(method, path, body, AUTH | (headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_it_listens_on_loopback_and_says_where(address):
    """Port 0 becomes a real port of the loopback address, and the URL names it."""
    assert (address.scheme, address.host) == ("http", "127.0.0.1")
    assert address.url == f"http://127.0.0.1:{address.port}"
    assert ask(address)[0] == 200


def test_it_is_gone_after_the_block(org):
    """Leaving the block closes the listener; the store is still readable."""
    with running(org) as address:
        pass
    with pytest.raises(ConnectionRefusedError), socket.create_connection(address[1:]):
        pass
    assert len(org.people()) == 12


def test_what_cannot_start_says_so(org, tls):
    """A bad certificate is raised to whoever started the sandbox."""
    with pytest.raises(OSError, match=r"PEM|SSL|key"), running(org, tls=Tls(tls.key, tls.key)):
        pass


def test_tls_is_verified_by_its_certificate(org, tls):
    """A client that trusts the certificate gets an answer, one that does not gets none."""
    with running(org, tls=tls) as address:
        trusting = ssl.create_default_context(cafile=str(tls.cert))
        with urllib.request.urlopen(f"{address.url}/services/data", context=trusting) as answer:
            assert json.load(answer)[-1]["version"] == "66.0"
        with pytest.raises(OSError, match="certificate"):
            urllib.request.urlopen(f"{address.url}/services/data", context=ssl.create_default_context())


def test_one_connection_carries_many_calls_and_compressed_bodies(address, org):
    """Keep-alive works, a gzip body is understood, and every call is remembered."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=5)
    packed = gzip.compress(json.dumps({"Title": "Packed"}).encode())
    for _ in range(3):
        connection.request("PATCH", FIRST, packed, AUTH | {"Content-Encoding": "gzip"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (204, b"")
    connection.close()
    assert org.people()[0]["Title"] == "Packed"
    assert [call.method for call in org.calls] == ["PATCH"] * 3


def test_pretty_printing_and_limits(address):
    """X-PrettyPrint indents as the real service does, and every answer counts the call."""
    _, headers, body = ask(address, headers={"X-PrettyPrint": "1"})
    assert body.startswith(b'{\n  "attributes" : {\n')
    assert headers["Sforce-Limit-Info"] == "api-usage=1/15000"


def test_conditional_reads(address, clock):
    """Accounts have entity tags, every record a date; who knows them gets 304, and a stale one 412."""
    account = "/services/data/v59.0/sobjects/Account/001Lg0000000001IAA"
    _, headers, _ = ask(address, account)
    assert ask(address, account, headers={"If-None-Match": headers["ETag"]})[0] == 304
    assert ask(address, account, headers={"If-Match": '"other"'})[0] == 412
    assert ask(address)[1]["ETag"] is None
    known = {"If-Modified-Since": ask(address)[1]["Last-Modified"]}
    assert ask(address, headers=known)[0] == 304
    clock.advance(seconds=5)
    ask(address, method="PATCH", body='{"Title": "New"}')
    assert ask(address, headers=known)[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "NOT_FOUND"),
        ("GET", "/services/data/v99.0/sobjects", 404, "NOT_FOUND"),  # no such version
        ("GET", "/services/data/v59.0/tooling", 404, "NOT_FOUND"),
        ("POST", "/services/data/v59.0/query?q=x", 400, "MALFORMED_QUERY"),
        ("PUT", FIRST, 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/services/data/v59.0/sobjects/Contact", 400, "JSON_PARSER_ERROR"),
        ("GET", "/services/data/v59.0/sobjects/Contact/deleted?start=x&end=y", 400, "INVALID_REPLICATION_DATE"),
        ("GET", f"{FIRST}?fields=Shoe", 400, "INVALID_FIELD"),
        ("GET", f"{FIRST}/ReportsTo", 404, "NOT_FOUND"),
    ],
)
def test_unknown_routes_are_refused(address, method, path, status, code):
    """What the API does not have is refused in the API's own shape."""
    got, _, body = ask(address, path, method)
    assert (got, json.loads(body)[0]["errorCode"]) == (status, code)


def test_records_by_field_by_relationship_and_by_overridden_method(address, org):
    """`fields=` narrows a record, a relationship leads to the parent, and `_HttpMethod` is honoured on POST."""
    narrow = json.loads(ask(address, f"{FIRST}?fields=LastName,email")[2])
    assert set(narrow) == {"attributes", "Id", "LastName", "Email"}
    parent = json.loads(ask(address, f"{FIRST}/Account")[2])
    assert parent["Name"] == "Northwind Orchards"
    assert ask(address, f"{FIRST}?_HttpMethod=PATCH", "POST", '{"Title": "Sneaky"}')[0] == 204
    assert org.people()[0]["Title"] == "Sneaky"


def test_a_lie_deletes_nothing(address, org):
    """The answer says 204, and the record is still there."""
    org.faults.add(Fault("lie", method="DELETE"))
    assert ask(address, method="DELETE")[0] == 204
    assert ask(address)[0] == 200
    assert org.people()[0]["IsDeleted"] is False


def test_a_crash_repeats_what_it_saw(address, org):
    """The HTML page of a crash holds values of the request and of the answer."""
    org.faults.add(Fault("crash"))
    status, headers, body = ask(address, f"{FIRST}?secret=canary")
    assert (status, headers["Content-Type"]) == (500, "text/html;charset=utf-8")
    assert b"canary" in body
    assert b"000-12-0101" in body
    assert b"at com.example.crm" in body


def test_a_truncated_answer_ends_early(address, org):
    """Fewer bytes come than Content-Length promises."""
    org.faults.add(Fault("truncate"))
    with pytest.raises(http.client.IncompleteRead) as raised:
        ask(address)
    assert raised.value.expected > 0
    assert b"HTTP" not in raised.value.partial


def test_hanging_up_leaves_the_work_done(address, org):
    """The client sees a closed connection; the record is deleted all the same."""
    org.faults.add(Fault("hang_up"))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        ask(address, method="DELETE")
    assert org.people()[0]["IsDeleted"] is True
    assert ask(address)[0] == 404


def test_a_delay_delays(address, org):
    """The answer comes late, and others are not held up by it."""
    org.faults.add(Fault("delay", path="Account", seconds=0.3))
    start = time.monotonic()
    assert ask(address)[0] == 200
    assert time.monotonic() - start < 0.25
    assert ask(address, "/services/data/v59.0/sobjects/Account")[0] == 200
    assert time.monotonic() - start >= 0.3


def test_bodies_can_be_spoiled(address, org):
    """Wrong media type, undeclared members, duplicate keys, unasked compression, half a document."""
    whole = ask(address)[2]
    org.faults.add(Fault("content_type", media="text/html"))
    _, headers, body = ask(address)
    assert (headers["Content-Type"], body) == ("text/html", whole)
    org.faults.add(Fault("extra_members"))
    extra = json.loads(ask(address)[2])
    assert extra["debugInfo"] == extra["attributes"]["debugInfo"] == LEAK
    org.faults.add(Fault("duplicate_keys"))
    pairs = json.loads(ask(address)[2], object_pairs_hook=list)
    assert [name for name, _ in pairs][:2] == ["attributes", "attributes"]
    assert pairs[0][1] == LEAK
    org.faults.add(Fault("gzip"))
    _, headers, body = ask(address)
    assert (headers["Content-Encoding"], gzip.decompress(body)) == ("gzip", whole)
    org.faults.add(Fault("garble"))
    assert ask(address)[2] == whole[: len(whole) // 2]
    assert ask(address)[2] == whole


def test_faults_wait_for_their_calls_and_can_be_cleared(address, org):
    """A fault hits only its calls, as often as it says, and `clear` ends one without end."""
    org.faults.add(Fault("crash", method="POST", path="Contact", times=2))
    org.faults.add(Fault("crash", path="/limits", times=-1))
    create = "/services/data/v59.0/sobjects/Contact"
    assert [ask(address, create, "POST")[0] for _ in range(3)] == [500, 500, 400]
    assert [ask(address, "/services/data/v59.0/limits")[0] for _ in range(2)] == [500, 500]
    org.faults.clear()
    assert ask(address, "/services/data/v59.0/limits")[0] == 200

"""Faults in XML-RPC and JSON-RPC: constants in the shape that clients know."""

import json
import xmlrpc.client
from pathlib import Path

import pytest

from proxy.connectors import Connector, load_connector
from proxy.message import Headers, Request, Tree

TRYTON = Path(__file__).parents[2] / "policies" / "connectors" / "tryton.yaml"
CANARY = "Mara Quinn"


@pytest.fixture(scope="module")
def tryton() -> Connector:
    """The connector that ships."""
    return load_connector(TRYTON)


def request(kind: str, body: bytes = b"") -> Request:
    """Return a call in the given media type."""
    return Request("POST", "/crm/rpc/", headers=Headers((("content-type", kind),)), body=body)


@pytest.mark.parametrize("status", [403, 422])
def test_a_refusal_is_the_fault_that_proteus_raises(tryton: Connector, status: int) -> None:
    """An XML-RPC client raises Fault 1, as for Tryton's access errors, with our sentence."""
    answer = tryton.refusal(request("text/xml"), status, "not_granted", "Not <allowed> & so on: é.", "d1")
    assert (answer.status, answer.headers.one("content-type")) == (200, "text/xml")
    with pytest.raises(xmlrpc.client.Fault) as caught:
        xmlrpc.client.loads(answer.body)
    assert caught.value.faultCode == 1
    assert caught.value.faultString == "Not <allowed> & so on: é. (decision d1)"


@pytest.mark.parametrize("status", [400, 401, 405, 413, 415, 429, 502, 503, 504])
def test_what_is_no_matter_of_policy_keeps_its_status(tryton: Connector, status: int) -> None:
    """An XML-RPC client raises ProtocolError, as for Tryton's own 401; the body is still a fault."""
    answer = tryton.refusal(request("text/xml"), status, "x", "Text.", "d1")
    assert answer.status == status
    with pytest.raises(xmlrpc.client.Fault):
        xmlrpc.client.loads(answer.body)


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (b'{"id": 7, "method": "x", "params": []}', 7),
        (b' {\n"id":7,"method":"x"}', 7),
        (b'{"method": "x", "id": 7}', None),  # not where clients write it
        (b'{"id": "7", "method": "x"}', None),
        (b'{"id": 7}', None),
        (b"not json", None),
        (b"", None),
    ],
)
def test_a_json_refusal_is_a_user_error(tryton: Connector, body: bytes, number: int | None) -> None:
    """A JSON-RPC client gets Tryton's UserError, with the call's number if that is plain to see."""
    answer = tryton.refusal(request("application/json; charset=utf-8", body), 403, "x", "Text é.", "d1")
    assert json.loads(answer.body) == {
        "id": number,
        "error": ["UserError", ["Text é. (decision d1)", "", None]],
    }
    assert answer.headers.one("content-type") == "application/json"


@pytest.mark.parametrize(
    ("tree", "name"),
    [
        ({"fault": {"faultCode": 1, "faultString": CANARY}}, 1),
        ({"fault": {"faultCode": 4, "faultString": CANARY}}, 4),
        ({"fault": {"faultCode": 77, "faultString": CANARY}}, 255),
        ({"fault": {"faultCode": CANARY}}, 255),
        ({"fault": CANARY}, 255),
        ({"result": CANARY}, 255),
        ([CANARY], 255),
        (CANARY, 255),
        ({"id": 7, "error": ["UserError", [CANARY, CANARY, [[CANARY, "=", 1]]]]}, "UserError"),
        ({"id": 7, "error": ["UserWarning", [CANARY, CANARY, ""]]}, "UserWarning"),
        ({"id": 7, "error": ["LoginException", [CANARY, CANARY, "char"]]}, "LoginException"),
        ({"id": 7, "error": ["ConcurrencyException", CANARY]}, "ConcurrencyException"),
        ({"id": 7, "error": [CANARY, f"Traceback: {CANARY}"]}, None),
        ({"id": 7, "error": CANARY}, None),
        ({"id": CANARY, "error": CANARY}, None),
    ],
)
def test_no_word_of_tryton_s_error_is_released(tryton: Connector, tree: Tree, name: int | str | None) -> None:
    """A known code keeps its meaning; everything that was said is replaced (HC-04 to HC-06)."""
    found = tryton.faults.open(200, tree)
    assert found.is_error
    assert CANARY not in repr(found.tree)
    match found.tree:
        case {"fault": {"faultCode": code, "faultString": str()}}:
            assert code == name
        case {"id": number, "error": [first, *_]}:
            assert number in (7, None)
            assert first == name or (name is None and "Tryton" in first)
        case _:
            raise AssertionError


def test_an_error_page_is_released_as_its_status_alone(tryton: Connector) -> None:
    """An HTML page that nobody could decode leaves no body."""
    assert tryton.faults.open(500, None).tree is None

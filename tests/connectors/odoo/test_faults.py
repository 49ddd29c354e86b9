"""How Odoo says no: its exceptions by name or number, never its words; ours in the shape of the protocol."""

import json
import xmlrpc.client

import pytest

from proxy.connectors import Connector
from proxy.message import Headers, Request, Tree


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ({"fault": {"faultCode": 4, "faultString": "canary"}}, 4),
        ({"fault": {"faultCode": 99, "faultString": "canary"}}, 1),
        ({"fault": "canary"}, 1),
        (
            {
                "jsonrpc": "2.0",
                "id": 3,
                "error": {"data": {"name": "odoo.exceptions.AccessError", "debug": "canary"}},
            },
            "odoo.exceptions.AccessError",
        ),
        ({"jsonrpc": "2.0", "id": "canary", "error": {"data": {"name": "canary"}}}, "builtins.Exception"),
        ({"jsonrpc": "2.0", "id": 3, "error": "canary"}, "builtins.Exception"),
        (
            {"name": "odoo.exceptions.MissingError", "message": "canary", "arguments": ["canary"]},
            "odoo.exceptions.MissingError",
        ),
        ({"name": ["canary"]}, "builtins.Exception"),
        ("canary", "builtins.Exception"),
        (["canary"], "builtins.Exception"),
    ],
)
def test_an_error_is_told_in_constants(odoo: Connector, tree: Tree, told: object) -> None:
    """Whatever shape it has, a traceback stays where it is."""
    opened = odoo.faults.open(500, tree)
    assert opened.is_error
    assert "canary" not in str(opened.tree)
    match opened.tree:
        case {"fault": {"faultCode": code}}:
            assert code == told
        case {"error": {"data": {"name": name, "debug": ""}}} | {"name": name, "debug": ""}:
            assert name == told
        case other:
            pytest.fail(str(other))


@pytest.mark.parametrize(("status", "shown"), [(403, 200), (422, 200), (401, 401), (503, 503)])
def test_our_refusal_has_the_shape_of_the_protocol(odoo: Connector, status: int, shown: int) -> None:
    """xmlrpc.client raises a Fault; the number of a JSON-RPC call is repeated, where there is only one."""

    def refusal(path: str, body: bytes = b""):
        return odoo.refusal(Request("POST", path, "", Headers(), body), status, "r", "No < yes.", "d1")

    xml = refusal("/xmlrpc/2/object")
    assert xml.status == shown
    with pytest.raises(xmlrpc.client.Fault) as fault:
        xmlrpc.client.loads(xml.body)
    assert (fault.value.faultCode, fault.value.faultString) == (4, "No < yes. (decision d1)")
    ended = refusal("/jsonrpc", b'{"params": {}, "id": 17}')
    assert (ended.status, json.loads(ended.body)["id"]) == (shown, 17)
    assert json.loads(refusal("/jsonrpc", b'{"id": 1, "x": {"id": 2}}').body)["id"] is None
    by_path = refusal("/json/2/res.partner/read")
    assert (by_path.status, json.loads(by_path.body)["message"]) == (status, "No < yes. (decision d1)")

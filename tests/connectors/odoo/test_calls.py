"""Calls in three protocols: what each says, what is sent for it, and where the lane's secret goes."""

import pytest

from proxy.connectors.odoo import calls
from proxy.connectors.odoo.grammar import sign
from proxy.connectors.odoo.spec import OdooModel
from proxy.errors import Gap, Unavailable, Undecodable
from proxy.message import Tree

LANE = OdooModel(database="crm", login="me@example.org", uid=2)
WHO = ["any", 1, "key"]


def jsonrpc(service: str, method: str, args: list[Tree]) -> Tree:
    """Return the body of a call."""
    params = {"service": service, "method": method, "args": args}
    return {"jsonrpc": "2.0", "method": "call", "params": params, "id": 3}


@pytest.mark.parametrize(
    ("tree", "service"),
    [
        ({"method": "execute_kw", "params": [*WHO, "m", "read", [[1]], {"fields": ["a"]}]}, "object"),
        (jsonrpc("object", "execute_kw", [*WHO, "m", "read", [[1]], {"fields": ["a"]}]), None),
    ],
)
def test_a_call_is_sent_as_the_lane(tree: Tree, service: str | None) -> None:
    """The caller's key is read; database, number and password are the lane's."""
    call = calls.read(tree, {}, service)
    assert (call.key, call.model, call.method, call.args) == ("key", "m", "read", [[1]])
    unsigned = call.tree(LANE)
    assert "key" not in str(unsigned)
    signed, left = sign(unsigned, (("authorization", "Bearer secret"),))
    args = signed["params"] if service else signed["params"]["args"]
    assert args == ["crm", 2, "secret", "m", "read", [[1]], {"fields": ["a"]}]
    assert left == ()


def test_the_older_way_to_call() -> None:
    """`execute` has its arguments one by one; it is sent in the newer way."""
    call = calls.read({"method": "execute", "params": [*WHO, "m", "read", [1], ["a"]]}, {}, "object")
    assert call.tree(LANE) == {"method": "execute_kw", "params": ["crm", 2, "", "m", "read", [[1], ["a"]], {}]}


def test_logging_in_is_sent_as_the_lane() -> None:
    """By either name; whom the client thinks it is does not matter."""
    for method, args in (("authenticate", ["any", "you", "key", {}]), ("login", ["any", "you", "key"])):
        call = calls.read(jsonrpc("common", method, args), {}, None)
        assert call.key == "key"
        assert call.tree(LANE)["params"]["args"] == ["crm", "me@example.org", "", {}]


def test_a_call_by_path_has_its_key_in_a_header() -> None:
    """JSON-2 has no place for a password in its body."""
    call = calls.read({"ids": [1]}, {"model": "m", "method": "read"}, None)
    assert (call.key, call.model, call.method, call.tree(LANE)) == (None, "m", "read", {"ids": [1]})


@pytest.mark.parametrize(
    ("tree", "service"),
    [
        ([], None),
        ({"method": "execute_kw", "params": [*WHO, "m"]}, "object"),
        ({"method": "execute_kw", "params": [*WHO, "m", "read", [], {}, {}]}, "object"),
        ({"method": "execute_kw", "params": ["any", 1, None, "m", "read", []]}, "object"),
        ({"method": "execute_kw", "params": [*WHO, "m", "read", []]}, None),
        ({**jsonrpc("object", "execute_kw", [*WHO, "m", "read", []]), "extra": 1}, None),
        ({**jsonrpc("object", "execute_kw", [*WHO, "m", "read", []]), "id": "x"}, None),
        (jsonrpc("object", "execute_kw", [*WHO, "m", "read", []]), "object"),
    ],
)
def test_what_is_no_call(tree: Tree, service: str | None) -> None:
    """Half a call, or one of another protocol, is refused."""
    with pytest.raises(Undecodable):
        calls.read(tree, {}, service)


@pytest.mark.parametrize(
    ("service", "method"), [("db", "list"), ("report", "render"), ("object", "execute_sql")]
)
def test_other_services(service: str, method: str) -> None:
    """Databases and reports have no word."""
    with pytest.raises(Gap):
        calls.read(jsonrpc(service, method, []), {}, None)


@pytest.mark.parametrize("fields", [(), (("authorization", "Basic x"),)])
def test_a_lane_without_a_key_of_its_own_sends_nothing(fields: tuple[tuple[str, str], ...]) -> None:
    """Nothing of the client's ever stands in its place."""
    with pytest.raises(Unavailable):
        sign({"method": "execute_kw", "params": ["crm", 2, "", "m", "read", []]}, fields)


@pytest.mark.parametrize(
    ("web", "params", "why"),
    [
        ("dataset/call_kw", {"model": "res.partner", "method": "read"}, "bad_arguments"),
        ("dataset/call_kw", {"model": "res.partner", "method": "read", "args": {}}, "bad_arguments"),
        ("dataset/call_kw", {"model": "a", "method": "b", "args": [], "kwargs": []}, "bad_arguments"),
        ("dataset/call_kw", {"model": "a", "method": "b", "args": [], "kwargs": {}, "more": 1}, "bad_arguments"),
        ("session/authenticate", {"db": "a", "login": "b"}, "bad_arguments"),
        (
            "session/authenticate",
            {"db": "a", "login": "b", "password": "c", "base_location": "d"},
            "bad_arguments",
        ),
        ("session/get_session_info", {"x": 1}, "bad_arguments"),
        ("session/destroy", [], "not_a_call"),
        ("elsewhere", {}, "bad_arguments"),
    ],
)
def test_the_web_clients_requests_are_a_closed_list(web: str, params: object, why: str) -> None:
    """What is missing, or more than there are words for, is refused."""
    with pytest.raises(Undecodable) as caught:
        calls.read({"jsonrpc": "2.0", "method": "call", "params": params, "id": 1}, {}, None, web)
    assert caught.value.reason == why


def test_a_path_repeats_what_the_body_says() -> None:
    """Or the two would be read as different calls."""
    tree = {"jsonrpc": "2.0", "id": 1, "params": {"model": "res.partner", "method": "read", "args": [[1]]}}
    call = calls.read(tree, {"web_model": "res.partner", "web_method": "read"}, None, "dataset/call_kw")
    assert (call.protocol, call.service, call.model, call.method) == ("jsonrpc", "object", "res.partner", "read")
    for other in ({"web_model": "res.users"}, {"web_method": "unlink"}):
        with pytest.raises(Undecodable):
            calls.read(tree, other, None, "dataset/call_kw")

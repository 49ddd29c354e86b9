"""proteus against a real Tryton with nothing between them: what the connector's file takes for granted."""

import http.client
import json
import xmlrpc.client
from typing import Any

import pytest

from proxy.demo.tryton import TrytonServer

MARA = 1


@pytest.fixture(scope="module")
def direct(tryton: TrytonServer) -> str:
    """The server's own URL with the lane's credential."""
    return f"http://{tryton.secret}@127.0.0.1:{tryton.port}/crm/rpc/"


@pytest.fixture(scope="module")
def rpc(direct: str) -> Any:
    """A bare XML-RPC client, for calls that proteus never makes."""
    return xmlrpc.client.ServerProxy(direct, allow_none=True, use_builtin_types=True)


def test_everybody_is_there(direct: str, proteus: Any) -> None:
    """The database has the people of `scripts/people.py`, with ids that never change."""
    found, everybody, reached = proteus(
        direct,
        ["find", "party.party", [], ["name", "code"]],
        ["find", "party.party", [["active", "in", [True, False]]], []],
        ["get", "party.party", MARA, ["phone", "email", "addresses.city", "identifiers.code"]],
    )
    assert [(row["id"], row["name"]) for row in found["ok"]] == [
        (4, "Acme Ltd"),
        (2, "Jonas Weber"),
        (1, "Mara Quinn"),
    ]
    assert len(everybody["ok"]) == 4
    assert reached["ok"] == {
        "id": MARA,
        "phone": "+353861234567",
        "email": "mara.quinn@example.org",
        "addresses.city": ["Cork"],
        "identifiers.code": ["PASSPORT-LC7711220"],
    }


def test_a_search_by_label_looks_into_identifiers_and_contacts(rpc: Any) -> None:
    """`rec_name` finds a person by passport and by phone: the labels in the connector's file are real."""
    for hidden in ("PASSPORT-LC7711220", "+353861234567", "mara.quinn@%"):
        assert rpc.model.party.party.search([["rec_name", "ilike", hidden]], 0, None, None, {}) == [MARA]


def test_text_compared_with_a_relation_is_a_search_by_label(rpc: Any) -> None:
    """The leaf names only the relation, and still tells who has this passport."""
    search = rpc.model.party.contact_mechanism.search
    assert search([["party", "=", "PASSPORT-LC7711220"]], 0, None, [["id", "ASC"]], {}) == [1, 2]


def test_the_default_order_tells_how_names_compare(rpc: Any) -> None:
    """Without an order of its own a search answers by name, which is why the lane sends one."""
    assert rpc.model.party.party.search([], 0, None, None, {}) == [4, 2, 1]
    assert rpc.model.party.party.search([], 0, None, [["id", "ASC"]], {}) == [1, 2, 4]


def test_inactive_people_come_back_with_one_context_key(rpc: Any) -> None:
    """`active_test` in the context shows who was set inactive, with no word in the domain."""
    assert 3 not in rpc.model.party.party.search([], 0, None, None, {})
    assert 3 in rpc.model.party.party.search([], 0, None, None, {"active_test": False})


def test_a_form_computes_from_what_is_stored(rpc: Any) -> None:
    """`on_change_with` reads the record's hidden value when the form leaves it out: its answer is a read."""
    answer = rpc.model.party.contact_mechanism.on_change_with({"id": 1}, ["url"], {})
    assert answer == {"url": "tel:+353861234567"}


def test_nested_records_have_a_dot_and_labels_a_suffix(rpc: Any) -> None:
    """This is the shape that answers are taken apart by."""
    (row,) = rpc.model.party.party.read(
        [MARA], ["contact_mechanisms.type:string", "contact_mechanisms.party.name", "lang.code"], {}
    )
    assert row == {
        "id": MARA,
        "lang.": None,
        "contact_mechanisms.": [
            {"id": 1, "type:string": "Phone", "party.": {"id": MARA, "name": "Mara Quinn"}},
            {"id": 2, "type:string": "Email", "party.": {"id": MARA, "name": "Mara Quinn"}},
        ],
    }


def test_an_error_of_tryton_tells_a_value(rpc: Any) -> None:
    """A fault names the record it is about, which is why its text is replaced."""
    with pytest.raises(xmlrpc.client.Fault) as caught:
        rpc.model.party.party.write([3], {"name": "x"}, {})
    assert (caught.value.faultCode, "Aiko Tanaka" in caught.value.faultString) == (1, True)


def test_faults_and_statuses_are_told_apart(tryton: TrytonServer, rpc: Any) -> None:
    """A method that does not exist is a 403, a wrong credential a 401, and anything else a fault in a 200."""
    with pytest.raises(xmlrpc.client.ProtocolError) as forbidden:
        rpc.model.party.party.nope([1], {})
    assert forbidden.value.errcode == 403
    with pytest.raises(xmlrpc.client.Fault) as broken:
        rpc.model.party.party.read([1], ["nope"], {})
    assert broken.value.faultCode == 255
    stranger = xmlrpc.client.ServerProxy(f"http://admin:wrong@127.0.0.1:{tryton.port}/crm/rpc/")
    with pytest.raises(xmlrpc.client.ProtocolError) as unknown:
        stranger.system.listMethods()
    assert unknown.value.errcode == 401


def test_json_rpc_answers_the_call_s_number_and_errors_as_lists(tryton: TrytonServer) -> None:
    """JSON-RPC carries the same calls; an error is the exception's name and arguments."""

    def call(method: str, *params: object) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", tryton.port, timeout=10)
        headers = {"authorization": xmlrpc_basic(tryton.secret), "content-type": "application/json"}
        body = json.dumps({"id": 7, "method": method, "params": params})
        connection.request("POST", "/crm/rpc/", body, headers)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    assert call("model.party.party.search", [], 0, 1, [["id", "ASC"]], {}) == {"id": 7, "result": [1]}
    failed = call("model.party.party.read", [999], ["name"], {})
    assert (failed["id"], failed["error"][0]) == (7, "UserError")
    assert isinstance(failed["error"][1], list)


def xmlrpc_basic(secret: str) -> str:
    """Return the header that xmlrpc.client would send for these credentials in a URL."""
    _, headers, _ = xmlrpc.client.Transport().get_host_info(f"{secret}@host")
    return dict(headers)["Authorization"]  # type: ignore[arg-type]

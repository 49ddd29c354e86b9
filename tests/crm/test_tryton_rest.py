"""Tryton's REST routes through a lane to a real server: the same records as by RPC, and nothing hidden."""

import base64
import contextlib
import http.client
import json
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.crm.conftest import PURPOSES, Lane

PARTY = "/crm/rest/model/party.party"
FIELDS = ["name", "code", "email", "phone", "active"]


def folded(tree: object) -> str:
    """Return JSON as a parameter holds it."""
    return base64.urlsafe_b64encode(json.dumps(tree).encode()).decode()


class Rest:
    """Speaks REST as one of the example clients, as a user application would."""

    def __init__(self, lane: Lane, client: str) -> None:
        made = lane.run.installation
        context = ssl.create_default_context(cafile=made.authority)
        self._http = http.client.HTTPSConnection(lane.origin.partition("//")[2], timeout=30, context=context)
        key = made.keys[client]
        self._headers = {"Authorization": f"Bearer {key}", "X-Purpose": PURPOSES[client]}

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def send(
        self, method: str, path: str, query: dict[str, Any] | None = None, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """Return status and body of an answer."""
        given = f"?{urlencode(query, doseq=True)}" if query else ""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = None if body is None else json.dumps(body)
        if raw is not None:
            more["Content-Type"] = "application/json"
        self._http.request(method, path + given, raw, {**self._headers, **more})
        answer = self._http.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None


@pytest.fixture(params=["helpdesk", "helpdesk_leads", "privacy_desk"])
def both(lane: Lane, request: pytest.FixtureRequest) -> Iterator[tuple[Rest, Any]]:
    """Return a client of both surfaces."""
    with contextlib.closing(Rest(lane, request.param)) as rest:
        yield rest, lane.wire(request.param)


@pytest.fixture
def lead(lane: Lane) -> Iterator[Rest]:
    """Return a support lead."""
    with contextlib.closing(Rest(lane, "helpdesk_leads")) as rest:
        yield rest


def test_a_party_is_the_same_on_both_surfaces(both: tuple[Rest, Any]) -> None:
    """In a list with a domain and an order, and one by one."""
    rest, wire = both
    domain = [["name", "!=", None]]
    expected = wire.call(
        "json", "model.party.party.search_read", domain, 1, 3, [["name", "ASC"]], FIELDS, {}
    ).result
    query = {"d": folded(domain), "o": folded([["name", "ASC"]]), "p": 1, "s": 3, "f": FIELDS}
    status, rows = rest.send("GET", PARTY, query)
    assert status == 200
    assert [{name: value for name, value in row.items() if name != "__name__"} for row in rows] == expected
    assert {row["__name__"] for row in rows} == {"party.party"}
    one = expected[0]["id"]
    (alone,) = wire.call("json", "model.party.party.read", [one], FIELDS, {}).result
    status, row = rest.send("GET", f"{PARTY}/{one}", {"f": FIELDS})
    assert (status, row) == (200, {**alone, "__name__": "party.party"})


def _asked(name: str) -> tuple[dict[str, Any], dict[str, str]]:
    hidden = {
        "a domain": {"d": folded([["identifiers.code", "like", "%1%"]])},
        "a domain behind a link": {"d": folded([["party.identifiers.code", "!=", None]])},
        "an order": {"o": folded([["tax_identifier", "ASC"]])},
        "padding that hides": {"d": folded([["name", "=", "x"]]) + "A"},
        "a name twice": {"d": base64.urlsafe_b64encode(b'[{"a":1,"a":2}]').decode()},
        "not JSON": {"d": base64.urlsafe_b64encode(b"[").decode()},
        "a path": {"f": ["name", "addresses.street"]},
        "no fields": {"f": []},
        "another parameter": {"x": "1"},
    }
    headers = {
        "a context": {"x_tryton_context": folded({"user": 1})},
        "a range": {"range": "records=0-5"},
    }
    return {"f": ["name"], **hidden.get(name, {})}, headers.get(name, {})


@pytest.mark.parametrize(
    "name",
    [
        "a domain",
        "a domain behind a link",
        "an order",
        "padding that hides",
        "a name twice",
        "not JSON",
        "a path",
        "no fields",
        "another parameter",
        "a context",
        "a range",
    ],
)
def test_what_is_hidden_in_parameters_is_judged(lane: Lane, name: str) -> None:
    """RC-14, IO-*: a filter in base64 is a filter; the status says so, as REST clients know it."""
    query, headers = _asked(name)
    with contextlib.closing(Rest(lane, "helpdesk")) as rest:
        status, body = rest.send("GET", PARTY, query, **headers)
    assert 400 <= status < 500
    assert "(decision " in json.dumps(body)


def test_a_record_is_made_changed_and_taken_away(lane: Lane, lead: Rest) -> None:
    """By whoever may; what comes back is its number."""
    status, made = lead.send("POST", PARTY, body={"name": "Ida Holm"})
    assert (status, made["__name__"]) == (200, "party.party")
    key = made["id"]
    assert lead.send("PUT", f"{PARTY}/{key}", body={"name": "Ida Byrne"}) == (200, made)
    assert lane.truth("model.party.party.read", [key], ["name"], {})[0]["name"] == "Ida Byrne"
    assert lead.send("DELETE", f"{PARTY}/{key}")[0] == 403
    with contextlib.closing(Rest(lane, "privacy_desk")) as officer:
        assert officer.send("DELETE", f"{PARTY}/{key}") == (204, None)
    assert lane.truth("model.party.party.search_count", [["id", "=", key]], 0, None, {}) == 0


def test_what_tryton_refuses_is_refused_in_constants(lead: Rest) -> None:
    """With a status; its words are ours."""
    status, body = lead.send("GET", f"{PARTY}/999999", {"f": ["name"]})
    assert status in {400, 404}
    status, body = lead.send("PUT", f"{PARTY}/999999", body={"name": "x"})
    assert status == 400
    assert body["error"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{PARTY}/1/erase"),
        ("POST", f"{PARTY}/export_data"),
        ("GET", "/crm/rest/report/party.label/1"),
        ("GET", "/other/rest/model/party.party"),
        ("GET", "/crm/rest/model/res.user"),
    ],
)
def test_actions_reports_and_other_databases_have_no_word(lead: Rest, method: str, path: str) -> None:
    """They are refused, whoever asks."""
    status, _ = lead.send(method, path, {"f": ["password_hash"]} if path.endswith("res.user") else None)
    assert status == 403

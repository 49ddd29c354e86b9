"""Requests as files: what each does to which fields, and what has no word. `tests/cases/connectors/`."""

import json
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
import yaml

from proxy.connectors import Connector
from proxy.connectors.asked import Asked
from proxy.errors import ExchangeError, Gap, Undecodable
from proxy.message import Headers, Request
from proxy.model import Operation

CASES = Path(__file__).parents[1] / "cases" / "connectors"


def cases(name: str) -> list[object]:
    """Return the cases of one file, each with its sentence as the test's id."""
    found = yaml.safe_load((CASES / name).read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["name"]) for case in found]


def ask(connector: Connector, case: dict) -> Asked:
    """Return what the connector makes of a case's request."""
    if "call" in case:
        case["request"] = "POST /jsonrpc"
        params = {"service": "object", "method": "execute_kw", "args": ["any", 1, "lg_key", *case["call"]]}
        case["body"] = {"jsonrpc": "2.0", "method": "call", "params": params, "id": 7}
    if "soql" in case:
        case["request"] = f"GET /services/data/v59.0/query/?q={quote_plus(case['soql'])}"
    if "coql" in case:
        case["request"] = "POST /crm/v8/coql"
        case["body"] = {"select_query": case["coql"]}
    method, _, url = case["request"].partition(" ")
    path, _, query = url.partition("?")
    if "query" in case:
        query = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in case["query"].items())
    body = json.dumps(case["body"]).encode() if "body" in case else b""
    headers = Headers(tuple(case.get("headers", {}).items()))
    request = Request(method, path, query, headers, body)
    return connector.route(request).recognise(request, case.get("body"), binding="someone")


def check(connector: Connector, case: dict) -> None:
    """Assert that a case's request is understood, or refused, as the case says."""
    if "gap" in case or "undecodable" in case:
        with pytest.raises(ExchangeError) as caught:
            ask(connector, case)
        kind = Gap if "gap" in case else Undecodable
        assert type(caught.value) is kind, caught.value
        found = caught.value.kind if isinstance(caught.value, Gap) else caught.value.reason
        assert found == case.get("gap", case.get("undecodable"))
        assert caught.value.__cause__ is None
        return
    asked = ask(connector, case)
    operation, *inside = asked.operations
    check_operation(operation, case)
    for found, expected in zip(inside, case.get("inside", []), strict=True):
        check_operation(found, expected)
    assert asked.target == case.get("target", asked.target)
    if "sent" in case:
        sent = case["sent"] if isinstance(case["sent"], dict) else {"q": case["sent"]}
        assert parse_qs(urlsplit(asked.target).query) == {name: [value] for name, value in sent.items()}
    if "call" in case:
        assert asked.tree["params"]["args"][:5] == ["crm", 2, "", *case["call"][:2]]
        assert asked.tree["params"]["args"][5:] == case.get("sends", asked.tree["params"]["args"][5:])
    else:
        assert asked.tree == case.get("sends", asked.tree)


def check_operation(operation: Operation, case: dict) -> None:
    """Assert that an operation is what a case says, and uses what it says."""
    if "operation" in case:
        assert f"{operation.action} {operation.object}" == case["operation"]
    if "uses" in case:
        assert {f"{use.action} {use.object}.{use.field}" for use in operation.uses} == set(case["uses"])
        assert len(operation.uses) == len(case["uses"])
    assert list(operation.records) == case.get("records", list(operation.records))


@pytest.mark.parametrize("case", cases("salesforce.yaml"))
def test_salesforce(salesforce: Connector, case: dict) -> None:
    """A Salesforce request does exactly what the case says, or is refused as it says."""
    check(salesforce, case)


@pytest.mark.parametrize("case", cases("hubspot.yaml"))
def test_hubspot(hubspot: Connector, case: dict) -> None:
    """A HubSpot request does exactly what the case says, or is refused as it says."""
    check(hubspot, case)


@pytest.mark.parametrize("case", cases("dynamics.yaml"))
def test_dynamics(dynamics: Connector, case: dict) -> None:
    """A Dataverse request does exactly what the case says, or is refused as it says."""
    check(dynamics, case)


@pytest.mark.parametrize("case", cases("odoo.yaml"))
def test_odoo(odoo: Connector, case: dict) -> None:
    """A call does exactly what the case says, or is refused as it says."""
    check(odoo, case)


@pytest.mark.parametrize("case", cases("suitecrm.yaml"))
def test_suitecrm(suitecrm: Connector, case: dict) -> None:
    """A SuiteCRM request does exactly what the case says, or is refused as it says."""
    check(suitecrm, case)


@pytest.mark.parametrize("case", cases("zoho.yaml"))
def test_zoho(zoho: Connector, case: dict) -> None:
    """A Zoho request does exactly what the case says, or is refused as it says."""
    check(zoho, case)


@pytest.mark.parametrize("case", cases("pipedrive.yaml"))
def test_pipedrive(pipedrive: Connector, case: dict) -> None:
    """A Pipedrive request does exactly what the case says, or is refused as it says."""
    check(pipedrive, case)

"""What is said of endpoints is what requests meet."""

import re
from pathlib import Path

import pytest
import yaml

from proxy.connectors import Connector, coverage, load_connector
from proxy.connectors.coverage import endpoints
from proxy.connectors.table import GRAMMARS
from proxy.connectors.target import segments
from proxy.errors import ExchangeError, Gap, Problems
from proxy.message import Request
from tests.connectors.test_cases import CASES, ask

SHIPPED = sorted((Path(__file__).parents[2] / "policies/connectors").glob("*.yaml"))
VALUES = {
    "version": "v60.0",
    "object": "Contact",
    "id": "1",
    "database": "crm",
    "model": "party.party",
    "set": "contacts",
    "web_model": "res.partner",
    "async": "60.0",
    "job": "j0000000000000000",
}
CALLED = "/web/dataset/call_kw/"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def test_every_grammar_says_what_its_routes_do() -> None:
    """And nothing is said of grammars that do not exist."""
    assert GRAMMARS.keys() == coverage.GRAMMARS


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_said_to_be_denied_has_no_route(path: Path) -> None:
    """By any method it is said of, with anything plain in its blanks, or its route refuses what is said."""
    connector = load_connector(path)
    denied = [each for each in endpoints(connector) if not each.inspected]
    values = {**VALUES, "version": "v9.2"} if path.stem == "dynamics" else VALUES
    for each in denied:
        filled = re.sub(r"\{(\w+)\}", lambda blank: values.get(blank[1], "x"), each.path)
        alone, _, query = filled.partition("?")
        assert segments(alone)
        for method in METHODS if each.method == "ANY" else (each.method,):
            if query or alone.startswith(CALLED):
                whole = f"{method} {filled}{'=x' if query and '=' not in query else ''}"
                with pytest.raises(Gap):
                    ask(connector, {"request": whole, **_calling(alone)})
                continue
            with pytest.raises(Gap) as caught:
                connector.route(Request(method, alone))
            assert caught.value.kind in {"route", "object"}


def _calling(path: str) -> dict[str, object]:
    """Return the body of a call whose path names the object and the method."""
    if not path.startswith(CALLED):
        return {}
    params = {"model": "res.partner", "method": path.rpartition("/")[2], "args": [], "kwargs": {}}
    return {"body": {"jsonrpc": "2.0", "method": "call", "params": params, "id": 7}}


@pytest.mark.parametrize("name", ["salesforce", "hubspot", "dynamics", "odoo", "pipedrive", "zoho", "suitecrm"])
def test_no_request_does_more_than_is_said_of_its_endpoint(name: str, request: pytest.FixtureRequest) -> None:
    """Whatever the recorded requests of a CRM turn out to be, their actions stand in the table."""
    connector: Connector = request.getfixturevalue(name)
    said = {}
    for each in endpoints(connector):
        key = (each.method, re.sub(r"\{\w+\}", "{}", each.path))
        said[key] = said.get(key, frozenset()) | set(each.actions)
    looked_at = 0
    for case in yaml.safe_load((CASES / f"{name}.yaml").read_text("utf-8")):
        try:
            asked = ask(connector, case)
        except ExchangeError:
            continue
        method, _, url = case["request"].partition(" ")
        template = connector.route(Request(method, url.partition("?")[0])).declared.template
        path = "".join("/" + (part if isinstance(part, str) else "{}") for part in template).rstrip("/")
        done = {each.action for each in asked.operations} | {
            use.action for each in asked.operations for use in each.uses
        }
        assert done <= said[method, path], case["name"]
        looked_at += 1
    assert looked_at > 10


def test_an_endpoint_cannot_be_routed_and_denied(tmp_path: Path) -> None:
    """Whatever the blanks in its path are called; the place is told."""
    text = SHIPPED[0].read_text("utf-8")
    wrong = '\ndenied: [{match: "ANY /api/data/{x}/{y}", because: none}]\n'
    text = re.sub(r"\ndenied:.*?\n(?=\n)", "\n", text, flags=re.DOTALL)
    (tmp_path / "c.yaml").write_text(text.replace("\nobjects:", wrong + "\nobjects:", 1), "utf-8")
    with pytest.raises(Problems) as caught:
        load_connector(tmp_path / "c.yaml")
    (problem,) = caught.value.problems
    assert "there is a route for it" in problem.message
    assert problem.line == text[: text.index("\nobjects:")].count("\n") + 2

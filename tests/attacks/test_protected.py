"""What is done with protected fields in each CRM's own words: nothing of a value leaves in clear.

Policy lets the caller do everything, so that nothing but the protection stands in the way; what the CRM answers
does not matter, for it is the request that is looked at.
"""

import json
import shutil
import xmlrpc.client
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote_plus

import pytest
import yaml

from proxy.message import Headers, Request, Response
from tests.e2e.harness import Ended, GatewayHarness

HERE: Final = Path(__file__).parent / "protected"
VALUES: Final = {"mail": "nessa.quillzz@example.org", "name": "Quillzz"}
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Case:
    """One request, and what becomes of it."""

    name: str
    lane: str
    outcome: str
    target: str
    body: bytes
    media: str = JSON

    @property
    def request(self) -> Request:
        """What the caller sends, without who that is."""
        method, _, rest = self.target.partition(" ")
        path, _, query = rest.partition("?")
        fields = (("content-type", self.media),) if self.body else ()
        return Request(method, path, query, Headers(fields), self.body)


def filled(tree: Any) -> Any:
    """Return a tree with the values in it."""
    if isinstance(tree, str):
        for name, value in VALUES.items():
            tree = tree.replace(f"{{{name}}}", value)
        return tree
    if isinstance(tree, list):
        return [filled(each) for each in tree]
    if isinstance(tree, dict):
        return {filled(name): filled(each) for name, each in tree.items()}
    return tree


def coded(target: str) -> str:
    """Return a target as it goes over the wire; what separates parameters stands as it is."""
    method, _, rest = target.partition(" ")
    path, question, query = rest.partition("?")
    pairs = (each.partition("=") for each in query.split("&")) if question else ()
    return f"{method} {path}{question}{'&'.join(name + equals + quote(value) for name, equals, value in pairs)}"


def cases() -> Iterator[Case]:
    """Yield every request of the file."""
    for group in yaml.safe_load((HERE / "requests.yaml").read_text("utf-8")):
        for number, (target, body, media) in enumerate(requests(filled(group)), 1):
            data = body.encode() if isinstance(body, str) else b"" if body is None else json.dumps(body).encode()
            yield Case(f"{group['group']} {number}", group["lane"], group["is"], coded(target), data, media)


def requests(group: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Yield target, body and media type of each request of one group."""
    for each in group.get("requests", ()):
        yield each["to"], each.get("text", each.get("body")), JSON
    for soql in group.get("soql", ()):
        yield f"GET /services/data/v59.0/query?q={soql}", None, JSON
    for condition in group.get("filters", ()):
        yield "POST /crm/v3/objects/contacts/search", {"filterGroups": [{"filters": [condition]}]}, JSON
    for query in group.get("odata", ()):
        yield f"GET /api/data/v9.2/{query}", None, JSON
    calls = [*group.get("calls", ()), *(["res.partner", "search", [each]] for each in group.get("domains", ()))]
    for model, method, args, *named in calls:
        given = ("crm", 2, "x", model, method, args, *named)
        yield "POST /xmlrpc/2/object", xmlrpc.client.dumps(given, "execute_kw", allow_none=True), "text/xml"
    for method, *params in group.get("rpc", ()):
        yield "POST /crm/rpc/", {"id": 1, "method": method, "params": [*params, {}]}, JSON


CASES: Final = list(cases())


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHarness]:
    """An installation of which the caller may have everything, and whose CRMs have tokens of names and mail."""
    made = GatewayHarness.make(tmp_path_factory.mktemp("protected") / "gateway")
    policies = made.installation.policies
    for path in (policies / "example").iterdir():
        if path.name not in {"vocabulary.yaml", "clients.yaml"}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copy(HERE / "policy.yaml", policies / "example")
    made.app.reload()
    yield made
    made.close()


async def outcome(harness: GatewayHarness, case: Case) -> Ended:
    """Return what becomes of a request."""
    request = case.request
    fields = (*harness.credentials("helpdesk_leads"), *request.headers)
    sent = Request(request.method, request.path, request.query, Headers(fields), request.body)
    nothing = Response(200, Headers((("content-type", JSON),)), b"{}")
    return await harness.exchange(case.lane, sent, lambda forwarded: nothing)


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.name)
async def test_no_value_leaves_in_clear(harness: GatewayHarness, case: Case) -> None:
    """It is in no part of what is sent; what cannot be sent without is refused, with a reason of ours."""
    ended = await outcome(harness, case)
    reasons = {str(entry.get("reason")) for entry in ended.entries} - {"None"}
    if case.outcome == "sent":
        assert ended.forwarded is not None, reasons
        text = f"{ended.forwarded.path}?{ended.forwarded.query} {ended.forwarded.body.decode()}"
        assert "quillzz" not in f"{text} {unquote_plus(text)}".lower()
        return
    assert ended.forwarded is None
    assert "internal_error" not in reasons
    if case.outcome != "refused":
        assert case.outcome in reasons

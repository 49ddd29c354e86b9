"""Whole exchanges as files: request and caller -> what is forwarded, released and written down.

`tests/cases/exchanges/*.yaml`; README.md beside them says what a case may contain. Whatever is called
`canary-...` in a case must neither be released nor written down, in any case, without being mentioned.
"""

import base64
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import pytest
import yaml

from proxy.message import Headers, Request, Response
from tests.e2e.harness import CRM_TOKEN, TRYTON_LOGIN, Ended, GatewayHarness

CASES = Path(__file__).parents[1] / "cases" / "exchanges"
MEMBERS = frozenset({
    "name", "lane", "caller", "purpose", "key", "request", "soql", "call", "params", "headers", "body", "text",
    "media", "gzip", "upstream", "sent", "sent_headers", "sent_body", "status", "answer", "answer_text",
    "answer_headers", "result", "code", "says", "entries",
})  # fmt: skip
OF_UPSTREAM = frozenset({"status", "body", "text", "media", "headers", "gzip", "result"})
SHOWN = {"tryton": "Basic " + base64.b64encode(TRYTON_LOGIN.encode()).decode()}
"""How a lane authenticates itself, if not by a bearer token."""
ALWAYS = {
    "tryton": {"accept-encoding": "identity"},
    "dynamics": {"accept": "application/json", "odata-version": "4.0", "odata-maxversion": "4.0"},
}
"""What a lane sends with every request, if not `accept` alone."""


def cases() -> list[object]:
    """Return every case of every file, its sentence as the test's id."""
    found = []
    for path in sorted(CASES.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8")):
            assert case.keys() <= MEMBERS, (path.name, case["name"], case.keys() - MEMBERS)
            assert case.get("upstream", {}).keys() <= OF_UPSTREAM, (path.name, case["name"])
            found.append(pytest.param(written_out(case), id=f"{path.stem}: {case['name']}"))
    return found


def written_out(case: dict[str, Any]) -> dict[str, Any]:
    """Return a case with its call, if it is one, as a request and an answer."""
    if "call" in case:
        case["request"] = "POST /crm/rpc/"
        case["body"] = {"id": 1, "method": case["call"], "params": [*case["params"], {}]}
    for part, body in ((case, "answer"), (case.get("upstream", {}), "body")):
        if "result" in part:
            part[body] = {"id": 1, "result": part["result"]}
    return case


def content(part: dict[str, Any]) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    """Return a body and its header fields, as a case writes it: `body` (a tree) or `text`, `media`, `gzip`."""
    if "body" not in part and "text" not in part:
        return b"", ()
    raw = part["text"].encode() if "text" in part else json.dumps(part["body"], ensure_ascii=False).encode()
    fields = (("content-type", part.get("media", "application/json")),)
    if part.get("gzip"):
        return gzip.compress(raw), (*fields, ("content-encoding", "gzip"))
    return raw, fields


def request_of(case: dict[str, Any], harness: GatewayHarness) -> Request:
    """Return the request of a case, with the caller's credential."""
    line = case.get("request", "")
    if "soql" in case:
        line = f"GET /services/data/v59.0/query/?q={quote_plus(case['soql'])}"
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    body, fields = content(case)
    if "key" in case:
        fields += (("authorization", f"Bearer {case['key']}"),)
    elif "caller" in case:
        fields += harness.credentials(case["caller"], case.get("purpose"))
    fields += tuple(case.get("headers", {}).items())
    return Request(method, path, query, Headers(fields), body)


@dataclass
class Crm:
    """Answers as the case says, and looks whether the intent was durable when it was asked."""

    case: dict[str, Any]
    harness: GatewayHarness
    asked: int = 0

    def __call__(self, request: Request) -> Response:
        del request
        self.asked += 1
        # Invariant 5: whatever leaves is on disk already, or a crash now would leave no trace of it.
        assert self.harness.entries()[-1]["kind"] == "requested"
        answer = self.case["upstream"]
        body, fields = content(answer)
        fields += tuple(answer.get("headers", {}).items())
        return Response(answer.get("status", 200), Headers(fields), body)


@pytest.mark.parametrize("case", cases())
async def test_an_exchange_ends_as_its_case_says(harness: GatewayHarness, case: dict[str, Any]) -> None:
    """What is forwarded, what is released and what is written down is exactly what the case says."""
    crm = Crm(case, harness)
    ended = await harness.exchange(case["lane"], request_of(case, harness), crm)
    assert (ended.forwarded is not None) is ("upstream" in case), ended.response.body
    assert crm.asked == ("upstream" in case)
    if ended.forwarded is not None:
        check_forwarded(case, ended.forwarded)
    check_released(case, ended)
    check_written_down(case, ended, harness)


def check_forwarded(case: dict[str, Any], sent: Request) -> None:
    """The CRM gets what was understood, under our credential."""
    line = f"{sent.method} {sent.path}" + (f"?{sent.query}" if sent.query else "")
    expected = case.get("sent", case.get("request", f"GET /services/data/v59.0/query/?q={case.get('soql')}"))
    assert unquote_plus(line) == unquote_plus(expected)
    fields = dict(sent.headers.fields)
    assert fields.pop("authorization") == SHOWN.get(case["lane"], f"Bearer {CRM_TOKEN}")
    for name, value in ALWAYS.get(case["lane"], {"accept": "application/json"}).items():
        assert fields.pop(name) == value
    assert fields.pop("content-type", None) == ("application/json" if sent.body else None)
    assert fields == case.get("sent_headers", {})
    if "body" in case or "sent_body" in case:
        assert json.loads(sent.body) == case.get("sent_body", case.get("body"))
    elif "text" not in case:
        assert sent.body == b""


def check_released(case: dict[str, Any], ended: Ended) -> None:
    """The client gets the status and exactly the body of the case; a refusal names the decision."""
    shown, fields = ended.response, ended.response.headers
    assert (shown.status, shown.body) == (case["status"], shown.body)
    assert fields.one("cache-control") == "no-store"
    if "answer_text" in case:
        assert shown.body.decode() == case["answer_text"]
    elif "answer" in case:
        assert matches(json.loads(shown.body), case["answer"]), json.loads(shown.body)
    elif "code" in case:
        (told,) = told_errors(json.loads(shown.body))
        assert told["code"] == case["code"]
        assert told["text"].startswith(case.get("says", ""))
    else:
        assert shown.body == b""
    for name, value in case.get("answer_headers", {}).items():
        assert fields.one(name) == value
    everything = shown.body.decode() + str(fields.fields)
    assert "canary" not in everything.lower()
    assert CRM_TOKEN not in everything


def told_errors(tree: Any) -> list[dict[str, str]]:
    """Return code and text of an error body, of any CRM."""
    if isinstance(tree, list):
        return [{"code": each["errorCode"], "text": each["message"]} for each in tree]
    if isinstance(tree.get("error"), dict):
        return [{"code": tree["error"]["code"], "text": tree["error"]["message"]}]
    if "error" in tree:
        name, (text, *_) = tree["error"]
        return [{"code": name, "text": text}]
    assert tree["status"] == "error"
    return [{"code": tree["category"], "text": tree["message"]}]


def matches(found: Any, expected: Any) -> bool:
    """Compare trees; an expected text that ends in `*` stands for every text that begins like it."""
    if isinstance(expected, dict):
        # Order is compared too: what needs no change is released as it was (invariant 4).
        return (
            isinstance(found, dict)
            and list(found) == list(expected)
            and all(matches(found[name], part) for name, part in expected.items())
        )
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(matches, found, expected))
    if isinstance(expected, str) and expected.endswith("*"):
        return isinstance(found, str) and found.startswith(expected[:-1]) and "canary" not in found
    return type(found) is type(expected) and found == expected


def check_written_down(case: dict[str, Any], ended: Ended, harness: GatewayHarness) -> None:
    """The ledger holds exactly these entries, with at least these members; `~ID` is the pseudonym of ID."""
    assert [entry["kind"] for entry in ended.entries] == [entry["kind"] for entry in case["entries"]]
    for found, expected in zip(ended.entries, case["entries"], strict=True):
        for name, part in expected.items():
            assert found[name] == pseudonymous(part, harness), name
        # Ids of records are personal data as much as names are.
        assert "canary" not in json.dumps(found).lower()
        assert "003Lg" not in json.dumps(found)


def pseudonymous(part: Any, harness: GatewayHarness) -> Any:
    """Return a part of an expected entry with `~ID` replaced by the pseudonym of ID."""
    if isinstance(part, list):
        return [pseudonymous(each, harness) for each in part]
    return harness.pseudonym(part[1:]) if isinstance(part, str) and part.startswith("~") else part

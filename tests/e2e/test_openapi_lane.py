"""An API that nobody here has heard of, from its OpenAPI document to a lane in front of it.

The draft is mended as a person would: somebody says what the unclassified fields are. All else is the draft's.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from proxy.connectors.drafting.openapi import draft
from proxy.demo.installation import LaneOf
from proxy.sandbox import Call, Sandbox, running
from proxy.sandbox.exchange import Answer
from tests.connectors.drafting.test_openapi import SPEC
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed

RULES = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: orchard, owner: privacy-engineering}
grants:
  - id: orchard-names
    effect: allow
    roles: [support_agent]
    purposes: [customer_support]
    recipients: [helpdesk_app]
    on: {connectors: [orchard], categories: [user.name, system.operations, user.contact.email]}
    actions: [read, list, create]
  - id: orchard-find
    effect: allow
    roles: [support_agent]
    purposes: [customer_support]
    recipients: [helpdesk_app]
    on: {connectors: [orchard], categories: [user.contact.email]}
    actions: [filter]
  - id: orchard-record
    effect: allow
    roles: [support_agent]
    purposes: [customer_support]
    recipients: [helpdesk_app]
    on: {connectors: [orchard], categories: [system.record]}
    actions: [create]
  - id: orchard-birth-year
    effect: mask
    with: year
    roles: [support_agent]
    purposes: [customer_support]
    recipients: [helpdesk_app]
    on: {connectors: [orchard], fields: [birthDate]}
    actions: [read, list]
"""
LANE = """\
  - name: orchard
    listen: 127.0.0.1:0
    upstream: {{url: "{url}"}}
    credential: {{file: state/credentials/salesforce, scheme: Bearer}}
    connector: orchard
"""


class Orchard(Sandbox):
    """The API of the document, with three people in it."""

    name = "orchard"

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self.rows: list[dict[str, object]] = [
            {"id": at, "firstName": name, "email": f"{name.lower()}@example.org", "birthDate": f"198{at}-03-17",
             "shoeSize": 38.5, "address": {"street": "canary"}, "createdAt": "2026-11-23T09:00:00Z"}
            for at, name in enumerate(("Aoife", "Mara", "Zoë"), 1)
        ]  # fmt: skip

    def people(self) -> list[dict[str, object]]:
        """Return copies of every person."""
        return [dict(row) for row in self.rows]

    def answer(self, call: Call) -> Answer:
        """Do what the document says."""
        if call.bearer() != self.token:
            return Answer(401, {"error": {"code": "unauthorized", "message": "canary"}})
        match call.method, call.segments[2:]:
            case "GET", ("people",):
                mail = call.argument("email")
                rows = [row for row in self.rows if mail is None or row["email"] == mail]
                at = int((call.argument("cursor") or "after-email-0").removeprefix("after-email-"))
                page = rows[at : at + int(call.argument("limit") or len(rows))]
                more = at + len(page) < len(rows)
                after = {"next": f"after-email-{at + len(page)}"} if more else {}
                return Answer(200, {"people": page, "total": len(rows), "more": more, **after})
            case "POST", ("people",):
                row = {"id": len(self.rows) + 1, **json.loads(call.body)}
                self.rows.append(row)
                return Answer(201, row)
            case "GET", ("people", key):
                for row in self.rows:
                    if str(row["id"]) == key:
                        return Answer(200, row)
        return Answer(404, {"error": {"code": "not_found", "message": "no canary here"}})


@dataclass(frozen=True)
class Town:
    """Lychgate in front of it."""

    run: Installed
    crm: Orchard

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return status and body of what a support agent asks for."""
        raw = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.run.keys['helpdesk']}"}
        headers |= {"content-type": "application/json"} if raw else {}
        url = f"{self.run.url('orchard')}/api/v2{path}"
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, raw, headers, method=method), timeout=30
            ) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Run Lychgate with a lane in front of the API, by a mended draft of its connector."""
    crm = Orchard(CRM_TOKEN)
    with running(crm) as server:
        lanes = {"salesforce": LaneOf(0, "http://127.0.0.1:9", CRM_TOKEN)}
        made = Installed.make(
            tmp_path_factory.mktemp("orchard") / "gateway",
            lanes,
            lambda text: text + LANE.format(url=server.url),
        )
        _connector(made.made.policies)
        try:
            yield Town(made.up(), crm)
            made.down()
            made.check_ledger()
        finally:
            made.kill()


def _connector(policies: Path) -> None:
    text = draft(SPEC.encode(), name="orchard")
    assert "shoeSize: {category: unclassified" in text
    mended = text.replace("shoeSize: {category: unclassified", "shoeSize: {category: user.demographic")
    (policies / "connectors" / "orchard.yaml").write_text(mended, "utf-8")
    (policies / "example" / "orchard.yaml").write_text(RULES, "utf-8")


def test_records_come_out_as_policy_has_them(town: Town) -> None:
    """In a list and alone; masked, left out, and nothing that nobody declared."""
    shown = {"id": 1, "firstName": "Aoife", "email": "aoife@example.org", "birthDate": "1981"}
    status, found = town.ask("GET", "/people?limit=5&email=aoife%40example.org")
    assert status == 200
    assert found["total"] == 1
    (row,) = found["people"]
    assert {name: row.get(name) for name in shown} == shown
    assert town.ask("GET", "/people/1") == (200, row)
    assert not {"shoeSize", "address"} & row.keys()
    assert "canary" not in json.dumps(found)


def test_further_pages_are_asked_for_by_cursors_of_ours(town: Town) -> None:
    """Every person once; the API's own cursors are not shown, and none that a client made is sent on."""
    names, page = [], "/people?limit=1"
    while page:
        status, found = town.ask("GET", page)
        assert status == 200
        names += [row["firstName"] for row in found["people"]]
        page = f"/people?limit=1&cursor={found['next']}" if found["more"] else ""
        assert "after-email" not in json.dumps(found)
    assert names[:3] == ["Aoife", "Mara", "Zoë"]
    before = len(town.crm.calls)
    for forged in ("after-email-1", "after-email-00000000001"):
        assert town.ask("GET", f"/people?limit=1&cursor={forged}")[0] in {400, 403}
    assert len(town.crm.calls) == before


def test_what_nobody_granted_or_declared_is_refused(town: Town) -> None:
    """In the shape of the API's errors, and nothing of its own errors comes through."""
    before = len(town.crm.calls)
    for method, path, body in (
        ("DELETE", "/people/1", None),
        ("PATCH", "/people/1", {"person": {"firstName": "x"}}),
        ("GET", "/people?sort=email", None),
        ("GET", "/people?limit=x", None),
        ("GET", "/people/1/notes", None),
        ("POST", "/export", {}),
        ("POST", "/people", {"firstName": "x", "shoeSize": 1}),
    ):
        status, told = town.ask(method, path, body)
        assert 400 <= status < 500, path
        assert "(decision " in told["error"]["message"]
    assert len(town.crm.calls) == before
    status, told = town.ask("GET", "/people/99")
    assert (status, told["error"]["message"]) == (404, "The requested resource does not exist.")


def test_a_record_is_made(town: Town) -> None:
    """With the fields that may be written; what comes back is judged as a read."""
    status, made = town.ask("POST", "/people", {"firstName": "Ida", "email": "ida@example.org"})
    assert (status, made["firstName"]) == (201, "Ida")
    assert town.crm.people()[-1]["email"] == "ida@example.org"

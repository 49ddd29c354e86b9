"""PD-26: what somebody wrote behind a name is hidden on the way out, and the gap does not come back."""

import json
from pathlib import Path

import pytest

from proxy.message import Headers, Request, Response
from tests.e2e.harness import GatewayHarness

RULES = """\
apiVersion: lychgate.dev/v1
kind: Vocabulary
metadata: {name: spills}
masks:
  spill: {kind: detect, find: "phone, card", country: IE}
---
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: spilled}
guards:
  - id: numbers-behind-names
    effect: mask
    with: spill
    on: {objects: [Contact], fields: [LastName]}
    actions: [read, list]
validity:
  - id: no-numbers-in-titles
    on: {objects: [Contact], fields: [Title]}
    form: clean
    find: "email, phone"
    country: IE
"""
RECORD = "/services/data/v59.0/sobjects/Contact/003000000000001AAA"
JSON = ("content-type", "application/json")


async def test_a_number_behind_a_name(tmp_path: Path) -> None:
    """The rest of the name is shown; written back as it was shown, the CRM is not asked."""
    harness = GatewayHarness.make(tmp_path / "gateway")
    try:
        (harness.app.config.policies / "spilled.yaml").write_text(RULES)
        harness.app.reload()
        told = {"type": "Contact", "url": RECORD}
        row = {"attributes": told, "Id": "003000000000001AAA", "LastName": "Lovelace (086 123 4567)"}
        reply = Response(200, Headers((JSON,)), json.dumps(row).encode())
        fields = harness.credentials("helpdesk")
        read = Request("GET", RECORD, "fields=LastName", Headers(fields))
        ended = await harness.exchange("salesforce", read, lambda _: reply)
        assert json.loads(ended.response.body)["LastName"] == "Lovelace (***)"
        assert "numbers-behind-names" in ended.entries[-1]["rules"]
        back = json.dumps({"LastName": "Lovelace (***)"}).encode()
        write = Request("PATCH", RECORD, "", Headers((*fields, JSON)), back)
        ended = await harness.exchange("salesforce", write, lambda _: Response(204))
        assert ended.forwarded is None
        assert ended.response.status in {403, 422}
    finally:
        harness.close()


@pytest.mark.parametrize(
    ("title", "status"),
    [("Head of care", 204), ("Head of care, mara.quinn@example.org", 422), ("Call 086 123 4567", 422)],
)
async def test_wp_04_a_value_does_not_move_into_a_text(tmp_path: Path, title: str, status: int) -> None:
    """What nobody is shown in its own field is not written where everybody reads."""
    harness = GatewayHarness.make(tmp_path / "gateway")
    try:
        (harness.app.config.policies / "spilled.yaml").write_text(RULES)
        harness.app.reload()
        fields = (*harness.credentials("helpdesk_leads"), JSON)
        write = Request("PATCH", RECORD, "", Headers(fields), json.dumps({"Title": title}).encode())
        ended = await harness.exchange("salesforce", write, lambda _: Response(204))
        assert ended.response.status == status
        assert (ended.forwarded is None) == (status == 422)
    finally:
        harness.close()

"""A key server that hangs: who needs a key waits for it, and nobody else does."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.message import Headers, Request
from proxy.sandbox import HubSpotSandbox
from tests.e2e.harness import CRM_TOKEN, GatewayHarness
from tests.sandboxes import answered

PROTECT = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: protect}
protect:
  - id: streets
    on: {connectors: [hubspot], fields: [address]}
    as: envelope
"""
CONTACTS = "/crm/v3/objects/contacts"
MANY = 64
"""More than there are threads for what waits, with any number of cores."""


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[GatewayHarness]:
    """An installation with a protected field."""
    made = GatewayHarness.make(tmp_path / "gateway", {"protect": PROTECT})
    yield made
    made.close()


async def test_who_needs_no_key_does_not_wait_for_the_key_server(
    harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a write whose values are looked up among those of erased people, which takes a thread as well."""
    crm = HubSpotSandbox(CRM_TOKEN)
    answers, begun = threading.Event(), threading.Event()

    async def write(**properties: str) -> int:
        fields = (*harness.credentials("helpdesk_leads"), ("content-type", "application/json"))
        body = json.dumps({"properties": properties}).encode()
        request = Request("POST", CONTACTS, "", Headers(fields), body)
        ended = await harness.exchange("hubspot", request, lambda forwarded: answered(crm, forwarded))
        return ended.response.status

    settle = harness.app.kept.vault.settle

    def hangs(need: Any) -> Any:
        begun.set()
        answers.wait(30)
        return settle(need)

    monkeypatch.setattr(harness.app.kept.vault, "settle", hangs)
    gateway = harness.app.gateways["hubspot"]
    assert gateway._ports.vault is harness.app.kept.vault
    waiting = [asyncio.create_task(write(lastname=f"W{number}", address="7 Lane")) for number in range(MANY)]
    while not begun.is_set():
        await asyncio.sleep(0)
    try:
        assert await asyncio.wait_for(write(lastname="Q", phone="+353 1 555 0199"), 10) == 201
        assert not any(task.done() for task in waiting)
    finally:
        answers.set()
    assert set(await asyncio.gather(*waiting)) == {201}

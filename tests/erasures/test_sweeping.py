"""A look through all people, and what comes of it."""

import time

import pytest

from proxy.errors import LychgateError
from proxy.sandbox import SalesforceSandbox, StoppedClock
from tests.desk import Desk
from tests.erase.conftest import TOKEN
from tests.erasures.conftest import RETENTION


async def test_who_is_due_is_reported_then_proposed_then_erased(desk: Desk) -> None:
    """A report touches nothing; a proposal opens a case for each, once; two people agree to all by one hash."""
    folder = desk.harness.installation.policies / "example"
    (folder / "sweep.yaml").write_text(RETENTION, "utf-8")
    rules = folder / "erasure.yaml"
    rules.write_text(
        rules.read_text("utf-8").replace("consent:\n", "consent:\n  bulk_more_than: 3\n", 1), "utf-8"
    )
    desk.harness.app.reload()
    del desk.crms["hubspot"]
    clock = StoppedClock(time.time() - 9 * 86_400)
    org = desk.crms["salesforce"] = SalesforceSandbox(TOKEN, now=clock)
    org.org.insert(org.org.schema.objects["contact"], {"LastName": "Stays", "ProcessingRestricted__c": True})
    report = await desk.does("sweep")
    assert report["doubtful"] == 0
    assert [(one["source"], one["object"], one["why"], one["count"]) for one in report["found"]] == [
        ("retention", "Contact", "contacts-after-a-day", 12)
    ]
    assert (report["opened"], report["batch"], (await desk.does("list"))["cases"]) == ([], "", [])
    proposed = await desk.does("sweep", open=True)
    assert len(proposed["opened"]) == 12
    again = await desk.does("sweep", open=True)
    assert (again["opened"], again["batch"], again["already"]) == ([], "", 12)
    for case in proposed["opened"]:
        await desk.does("plan", case)
    batch = await desk.does("batch", batch=proposed["batch"])
    assert (batch["states"], batch["to_confirm"], batch["people_needed"]) == (
        {"awaiting_confirmation": 12},
        12,
        2,
    )
    assert "12 Contact in salesforce: deleted" in " ".join(batch["summary"])
    key = desk.harness.installation.keys["privacy_desk"]
    said = {"batch": batch["batch"], "key": key, "purpose": "subject_request"}
    with pytest.raises(LychgateError, match="not this batch's hash"):
        await desk.does("confirm", typed=["0" * 12], **said)
    told = await desk.does("confirm", typed=[batch["short"]], **said)
    assert {one["state"] for one in told["cases"]} == {"awaiting_approval"}
    with pytest.raises(LychgateError, match="somebody else has to"):
        await desk.does("approve", typed=[batch["short"]], **said)
    assert len(org.people()) == 13  # one person is not enough
    for case in proposed["opened"]:
        desk.second_agrees(case)
        await desk.does("run", case)
    states = (await desk.does("batch", batch=batch["batch"]))["states"]
    assert states == {"live_complete": 12}
    assert [row["LastName"] for row in org.people()] == ["Stays"]
    with pytest.raises(LychgateError, match="nothing to confirm"):
        await desk.does("confirm", typed=[batch["short"]], **said)
    with pytest.raises(LychgateError, match="there is no batch"):
        await desk.does("batch", batch="batch-0")

"""What becomes of a consent that a write may have withdrawn, whatever fails on the way."""

import time
from pathlib import Path

import pytest

from proxy.erasure import Spot
from proxy.erasure.watched import Watch
from proxy.erasures.withdrawing import AGAIN, Withdrawing
from proxy.message import Request, Response
from proxy.sandbox import Fault
from tests.desk import Desk, installed
from tests.e2e.test_deletes import GRANT, json_request
from tests.erase.conftest import answered

RULES = """
withdrawals:
  - id: opted-out
    on: {connectors: [hubspot], objects: [contacts]}
    consent: product_news
    when: resource.opted_out
    then: THEN
    ground: consent_withdrawn
"""
OUT = {"properties": {"hs_email_optout": "true"}}


class Watching(Desk):
    """A desk whose policy follows up what HubSpot's contacts opt out of."""

    def follows(self, then: str = "case") -> None:
        """Have the policy say so."""
        folder = self.harness.installation.policies / "example"
        (folder / "everything.yaml").write_text(GRANT, "utf-8")
        rules = folder / "erasure.yaml"
        text = rules.read_text("utf-8").partition("\nwithdrawals:")[0]
        rules.write_text(text + RULES.replace("THEN", then), "utf-8")
        self.harness.app.reload()

    @property
    def withdrawing(self) -> Withdrawing:
        """Return who looks."""
        return self.erasures.unasked.withdrawing

    def watched(self) -> dict[str, Watch | None]:
        """Return all that is to be looked at, ever."""
        return {**self.erasures.shared.watched.due(2**31 - 1, 100)}

    def come_due(self) -> None:
        """Have time pass until nobody waits for an answer any more."""
        for row in self.watched():
            self.erasures.shared.watched.later(row, 0)

    def request(self, record: str, body: object = OUT) -> Request:
        """Return what a client sends to write a contact."""
        fields = self.harness.credentials("privacy_desk", "subject_request")
        return json_request(f"PATCH /crm/v3/objects/contacts/{record}", body, *fields)

    async def writes(self, record: str, *, upstream=None, body: object = OUT) -> Response:
        """Have a client write a contact, and return what it is told."""
        answer = upstream or (lambda sent: answered(self.crms["hubspot"], sent))
        return (await self.harness.exchange("hubspot", self.request(record, body), answer)).response

    def said(self) -> list[str]:
        """Return what the ledger says of withdrawals."""
        return [entry["what"] for entry in self.harness.entries() if "withdraw" in str(entry.get("what", ""))]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An installation inside this process."""
    with installed(tmp_path / "gateway", monkeypatch, Watching) as made:
        made.follows()
        yield made


class Died(Exception):
    """The process has."""


def _dies(_row: str) -> None:
    raise Died


def _somebody(desk: Desk) -> str:
    people = desk.crms["hubspot"].people()
    return next(str(one["hs_object_id"]) for one in people if one["hs_email_optout"] == "false")


async def test_an_exchange_that_never_ended_is_looked_at_in_the_end(desk: Watching) -> None:
    """The CRM has done it and the process died: not too early, as the CRM may yet do it, and then once."""
    gateway, crm = desk.harness.app.gateways["hubspot"], desk.crms["hubspot"]
    forward = await gateway.on_request(desk.request(_somebody(desk)))
    assert not isinstance(forward, Response)
    assert answered(crm, forward.request).status == 200
    await desk.withdrawing.look()
    assert (await desk.does("list"))["cases"] == []
    desk.come_due()
    await desk.withdrawing.look()
    await desk.withdrawing.look()
    assert len((await desk.does("list"))["cases"]) == 1
    assert desk.watched() == {}


async def test_dying_behind_the_case_opens_no_second_one(
    desk: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case is kept, and what led to it is not forgotten yet."""
    await desk.writes(_somebody(desk))
    with monkeypatch.context() as patched:
        patched.setattr(desk.erasures.shared.watched, "drop", _dies)
        with pytest.raises(Died):
            await desk.withdrawing.look()
    assert len(desk.watched()) == 1
    await desk.withdrawing.look()
    assert len((await desk.does("list"))["cases"]) == 1
    assert desk.watched() == {}


async def test_a_crm_that_does_not_answer_is_asked_again(desk: Watching) -> None:
    """Nothing is taken for a no."""
    await desk.writes(_somebody(desk))
    desk.crms["hubspot"].faults.add(Fault("crash", times=-1))
    await desk.withdrawing.look()
    assert len(desk.watched()) == 1
    desk.crms["hubspot"].faults.clear()
    desk.come_due()
    await desk.withdrawing.look()
    assert len((await desk.does("list"))["cases"]) == 1


async def test_a_crm_that_is_away_is_asked_once_and_not_for_each_record(desk: Watching) -> None:
    """It takes its time to say nothing, and the records of other CRMs wait behind."""
    records = [str(one["hs_object_id"]) for one in desk.crms["hubspot"].people()][:5]
    for record in records:
        await desk.writes(record)
    desk.crms["hubspot"].faults.add(Fault("crash", times=-1))
    desk.crms["hubspot"].calls.clear()
    await desk.withdrawing.look()
    assert len(desk.crms["hubspot"].calls) == 1
    assert len(desk.watched()) == len(records)
    soon = desk.erasures.shared.watched.due(int(time.time()) + AGAIN, 100)
    assert len(soon) == len(records) - 1  # of one alone nobody may ever be able to say; it is not first again


async def test_a_record_that_the_crm_does_not_show_us_is_told_of(desk: Watching) -> None:
    """Our credential may be blind to what a client can write: nobody may take that for a consent that stands."""
    await desk.writes("999999", upstream=lambda _: Response(204))
    await desk.withdrawing.look()
    assert (desk.watched(), desk.said()) == ({}, ["withdrawal_unseen"])
    assert "999999" not in str(desk.harness.entries()[-1])


async def test_a_write_that_the_crm_refuses_withdraws_nothing(desk: Watching) -> None:
    """What the record says counts, and not what was asked."""
    assert (await desk.writes(_somebody(desk), upstream=lambda _: Response(400))).status == 400
    assert len(desk.watched()) == 1
    await desk.withdrawing.look()
    assert (desk.watched(), (await desk.does("list"))["cases"], desk.said()) == ({}, [], [])


async def test_whoever_agrees_is_told_that_nobody_can_look_any_more(desk: Watching) -> None:
    """The lane has gone since the case was opened: the plan says so, and no agreement to another one counts."""
    await desk.writes(_somebody(desk))
    await desk.withdrawing.look()
    (case,) = (await desk.does("list"))["cases"]
    plan = await desk.does("plan", case["case"])
    assert "still withdrawn" not in " ".join(plan["summary"])
    del desk.crms["hubspot"]
    again = await desk.does("plan", case["case"])
    assert "hubspot: nobody can look whether the consent is still withdrawn" in again["summary"]
    assert again["short"] != plan["short"]


async def test_a_report_opens_nothing(desk: Watching) -> None:
    """It is in the ledger, without saying who."""
    desk.follows("report")
    await desk.writes(_somebody(desk))
    await desk.withdrawing.look()
    assert (desk.watched(), (await desk.does("list"))["cases"]) == ({}, [])
    (entry,) = [one for one in desk.harness.entries() if one.get("what") == "consent_withdrawn"]
    assert entry["detail"] == "rule=opted-out lane=hubspot object=contacts"
    told = await desk.does("sweep", open=True)
    assert ("consent", "opted-out") in {(one["source"], one["why"]) for one in told["found"]}
    assert told["opened"] == []


async def test_what_cannot_be_looked_at_is_told(desk: Watching) -> None:
    """A lane that is gone, a record that only the CRM knows; nobody waits for it for ever."""
    desk.erasures.shared.watched.note((Watch(Spot("nowhere", "contacts", "101"), 0),), late=0)
    crm = desk.crms["hubspot"]
    address = next(str(one["email"]) for one in crm.people() if one["hs_email_optout"] == "false")
    assert (await desk.writes(f"{address}?idProperty=email")).status == 200
    await desk.withdrawing.look()
    assert (desk.watched(), desk.said()) == ({}, ["withdrawal_unseen"] * 2)

"""What commands ask while others move the same cases: no hold is lost, and none is a case's alone."""

import asyncio
import json
import time
from pathlib import Path

import msgspec
import pytest

from proxy.app import build
from proxy.config import load_config
from proxy.erase import Eraser
from proxy.erasure import Assent, Spot, State
from proxy.erasure.assent import settle
from proxy.errors import LychgateError
from proxy.message import Headers, Request, Response
from proxy.sandbox import SalesforceSandbox, StoppedClock
from proxy.sweeps import Rounds
from tests.desk import ABOUT, Desk, installed
from tests.e2e.harness import GatewayHarness
from tests.erase.conftest import AOIFE, TOKEN, answered


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An installation inside this process."""
    with installed(tmp_path / "gateway", monkeypatch) as made:
        yield made


@pytest.mark.parametrize(("stop", "state"), [("hold", State.HELD), ("revoke", State.REVOKED)])
async def test_a_case_that_is_stopped_while_it_is_looked_at_again_erases_nobody(
    desk: Desk, stop: str, state: State
) -> None:
    """What was said before the first erasing step counts, however far the case had been carried in memory."""
    case = await desk.confirmed()
    desk.gate.clear()
    desk.waiting.clear()
    running = asyncio.ensure_future(desk.does("run", case))
    await desk.waiting.wait()  # it is restricted, and looks whether anything has changed
    stopping = asyncio.ensure_future(desk.does(stop, case, because="litigation"))
    await asyncio.sleep(0)
    desk.gate.set()
    await asyncio.gather(running, stopping)
    assert (await stopping)["state"] == state
    assert desk.erasures.cases.get(case).state is state
    await desk.does("run", case)
    assert desk.there
    assert not desk.harness.app.restricted.items


async def test_a_hold_is_the_persons_and_not_the_cases(desk: Desk) -> None:
    """Another case about the same person, opened before or after, stands as well; lifted once, it is lifted."""
    ready = await desk.confirmed()
    other = (await desk.does("open", records=["hubspot/contacts/101"], ground="objection", identity="account"))[
        "case"
    ]
    held = await desk.does("hold", other, because="litigation")
    assert (await desk.does("run", ready))["state"] == State.HELD
    late = (await desk.does("open", **ABOUT))["case"]
    told = await desk.does("plan", late)
    assert (told["state"], told["reason"]) == (State.HELD, "a legal hold stands against it: litigation")
    await desk.does("revoke", other)  # the case is given up, and the hold is not
    assert (await desk.does("plan", (await desk.does("open", **ABOUT))["case"]))["state"] == State.HELD
    assert desk.there
    await desk.does("unhold", other, hold=held["holds"][0]["hold"])
    assert (await desk.does("plan", late))["state"] == State.AWAITING_CONFIRMATION


async def test_a_hold_on_somebody_else_stops_nobody(desk: Desk) -> None:
    """Only who is the same person is held."""
    other = (await desk.does("open", records=["hubspot/contacts/102"], ground="objection", identity="account"))[
        "case"
    ]
    await desk.does("hold", other, because="litigation")
    case = await desk.confirmed()
    assert (await desk.does("run", case))["state"] == State.LIVE_COMPLETE


async def test_a_hold_after_the_erasure_began_is_refused(desk: Desk) -> None:
    """It would be a promise that nobody can keep."""
    case = await desk.confirmed()
    await desk.does("run", case)
    with pytest.raises(LychgateError, match="has begun"):
        await desk.does("hold", case, because="litigation")


async def test_a_crm_that_nobody_looks_into_is_named(desk: Desk) -> None:
    """By whoever confirms, and in the certificate: it says nothing of lanes that it seems to cover."""
    case = await desk.confirmed()
    assert "dynamics: nobody looked into this CRM" in " ".join((await desk.does("show", case))["summary"])
    (issued,) = (await desk.does("run", case))["issued"]
    assert "odoo: nobody looked into this CRM" in issued["text"]
    assert "hubspot: nobody looked" not in issued["text"]


async def test_a_lane_that_went_away_is_not_taken_for_clean(desk: Desk) -> None:
    """Its records were found once; if nobody can look there, nothing is certified."""
    case = await desk.confirmed()
    await desk.does("run", case)
    del desk.crms["hubspot"]
    kept = desk.erasures.cases.get(case)
    findings = await desk.erasures._eraser()._checked(kept)
    assert ("hubspot", "unverifiable") in {(one.lane, one.verdict) for one in findings}


async def test_an_exception_stops_a_case_or_keeps_a_category(desk: Desk) -> None:
    """Without categories the case is denied with its provision; with one, what was agreed to counts no more."""
    case = await desk.confirmed()
    told = await desk.does(
        "except", case, word="legal_claims", because="the court has it", categories=["user.contact.phone_number"]
    )
    assert (told["state"], told["agreed"]) == ("awaiting_confirmation", [])
    assert any("kept, GDPR Art. 17(3)(e): the court has it" in line for line in told["summary"])
    (one,) = told["exceptions"]
    told = await desk.does("unexcept", case, exception=one["exception"])
    assert not any("kept" in line for line in told["summary"])
    with pytest.raises(LychgateError, match="no exception 'except-0' stands"):
        await desk.does("unexcept", case, exception="except-0")
    with pytest.raises(LychgateError, match="say why"):
        await desk.does("except", case, word="legal_claims", because=" ")
    told = await desk.does("except", case, word="legal_claims", because="the court has it")
    assert (told["state"], told["denied"]) == ("denied", "claim_not_covered")
    assert told["reason"].startswith("GDPR Art. 17(3)(e): the court has it. A complaint can be lodged")
    assert desk.there


async def test_a_case_is_denied_with_a_reason(desk: Desk) -> None:
    """In one word and a sentence; that is on record, the sentence is not."""
    case = await desk.confirmed()
    told = await desk.does("deny", case, why="no_match", because="There is nobody of that name here")
    assert (told["state"], told["denied"]) == ("denied", "no_match")
    entries = [entry for entry in desk.harness.entries() if entry["kind"] == "erasure"]
    assert (entries[-1]["what"], entries[-1]["how"]) == ("denied", "denied")
    assert "of that name" not in str(entries)
    assert desk.there


async def test_a_clock_is_told_once_for_each_step(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """In the log, in the ledger, among the metrics, to whoever asks whether all is ready, and in the list."""
    case = (await desk.does("open", **ABOUT))["case"]
    desk.erasures.watch()
    await desk.erasures.warn()
    assert (desk.erasures.told, caplog.text) == ({}, "")
    kept = desk.erasures.cases.get(case)
    desk.erasures.cases.keep(kept.put(received=kept.received - 27 * 86_400))
    for _ in range(2):
        await desk.erasures.warn()
    assert desk.erasures.told == {"erasures": "cases 1 close to it"}
    desk.erasures.cases.keep(desk.erasures.cases.get(case).put(received=kept.received - 40 * 86_400))
    for _ in range(2):
        await desk.erasures.warn()
    assert desk.erasures.told == {"erasures": "cases 1 past the day on which they are due"}
    assert b"lychgate_erasure_cases_overdue 1.0" in desk.harness.app.metrics.text()
    assert [one["clock"] for one in (await desk.does("list"))["cases"]] == ["passed"]
    said = [entry["how"] for entry in desk.harness.entries() if entry.get("what") == "warned"]
    assert said == ["80_percent", "100_percent"]
    assert len(caplog.records) == 2
    assert f"erasure {case}: 100 % of the time that gdpr gives is used up" in caplog.records[1].getMessage()


async def test_a_case_is_extended_with_a_reason(desk: Desk) -> None:
    """Once; the due day moves by the law's longer period."""
    case = await desk.does("open", **ABOUT)
    told = await desk.does("extend", case["case"], because="very many records")
    assert (told["extended"], told["extension"]) == (True, "very many records")
    assert told["due"] > case["due"]
    with pytest.raises(LychgateError, match="extended before"):
        await desk.does("extend", case["case"], because="more")


async def test_no_process_remembers_an_id_of_who_was_erased(desk: Desk) -> None:
    """What pages of before left in memory to save time is gone, here and then in every worker."""
    app, told = desk.harness.app, []
    connectors = [gateway.rules.connector for gateway in app.gateways.values()]

    async def spread() -> None:
        told.append(remembered())

    def remembered() -> set[str]:
        seen = {value for each in app.pseudonyms._remembered.values() for value in each}
        return seen.union(*(each.known for each in connectors)) & {"101", "102"}

    app.spread = spread
    case = await desk.confirmed()
    told.clear()
    app.pseudonyms.all("record", ["101", "102"])
    for connector in connectors:
        connector.known.update({"101": "101", "102": "102"})
    await desk.does("run", case)
    assert not desk.there
    assert told
    assert not any(told)
    assert remembered() == set()


async def test_who_comes_back_is_put_on_a_list_and_may_be_let_in(desk: Desk) -> None:
    """The write is refused, 409 where policy has somebody decide; after a new basis it passes, in any form."""
    rules = desk.harness.installation.policies / "example" / "erasure.yaml"
    case = await desk.confirmed()
    await desk.does("run", case)
    crm = desk.crms["salesforce"]
    path = f"/services/data/v59.0/sobjects/Contact/{crm.people()[3]['Id']}"
    fields = (("content-type", "application/json"), *desk.harness.credentials("helpdesk", "customer_support"))
    write = Request("PATCH", path, headers=Headers(fields), body=b'{"Phone": "00353 86 555 0101"}')

    async def status() -> int:
        ended = await desk.harness.exchange("salesforce", write, lambda request: answered(crm, request))
        return ended.response.status

    assert await status() == 403
    rules.write_text(rules.read_text("utf-8") + "returns: quarantine\n", "utf-8")
    desk.harness.app.reload()
    assert await status() == 409
    (line,) = (await desk.does("returns"))["returns"]
    assert (line["case"], line["lane"], line["count"]) == (case, "salesforce", 2)
    await desk.erasures.warn()
    assert desk.erasures.clocks["returns"] == 1
    assert AOIFE not in str(desk.harness.entries()).lower()
    assert (await desk.does("returns", dismiss=case))["returns"] == []
    with pytest.raises(LychgateError, match="no case"):
        await desk.does("returns", dismiss=case)
    assert await status() == 409
    assert (await desk.does("allow", case, basis="new contract of 2026-05-01"))["values"] > 0
    assert (await desk.does("returns"))["returns"] == []
    assert await status() == 204
    kept = desk.erasures.cases.get(case)
    desk.erasures.cases.keep(kept.put(checks=(1,)))
    assert (await desk.does("run", case))["state"] == State.FINAL  # the later check does not erase her again
    assert any("86 555 0101" in str(row["Phone"]) for row in crm.people())


async def test_a_number_is_known_in_its_national_form_on_its_lane(desk: Desk) -> None:
    """Where the lane says whose numbers it has; elsewhere a national number could be anybody's."""
    case = await desk.confirmed()
    await desk.does("run", case)
    crm = desk.crms["salesforce"]
    path = f"/services/data/v59.0/sobjects/Contact/{crm.people()[3]['Id']}"
    desk.harness.close()  # its ledger is the next one's
    config = desk.harness.installation.config
    text = config.read_text("utf-8")
    for region, status in (("", 204), ("\n    region: IE", 403)):
        config.write_text(text.replace("connector: salesforce", f"connector: salesforce{region}"), "utf-8")
        again = GatewayHarness(desk.harness.installation, build(load_config(config)))
        fields = (("content-type", "application/json"), *again.credentials("helpdesk", "customer_support"))
        write = Request("PATCH", path, headers=Headers(fields), body=b'{"Phone": "086 555 0101"}')
        ended = await again.exchange("salesforce", write, lambda request: answered(crm, request))
        assert ended.response.status == status
        again.close()
        again.app.kept.close()


RETENTION = """
apiVersion: lychgate.dev/v1
kind: Retention
metadata: {name: sweep, owner: dpo}
rules:
  - id: contacts-after-a-day
    on: {objects: [Contact]}
    clock: [resource.created]
    keep: P1D
    then: erase
    basis: legitimate_interests
    exceptions:
      - because: The person asked to have the data restricted.
        refs: ["GDPR Art. 18(1)(c)"]
        when: resource.restricted
    refs: ["GDPR Art. 5(1)(e)"]
"""


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
    second = Assent("second", "jwt", int(time.time()), "")
    for case in proposed["opened"]:
        kept = desk.erasures.cases.get(case)
        assent = msgspec.structs.replace(second, plan=kept.plan.hash)
        desk.erasures.cases.keep(settle(kept.put(assents=(*kept.assents, assent)), int(time.time())))
        await desk.does("run", case)
    states = (await desk.does("batch", batch=batch["batch"]))["states"]
    assert states == {"live_complete": 12}
    assert [row["LastName"] for row in org.people()] == ["Stays"]
    with pytest.raises(LychgateError, match="nothing to confirm"):
        await desk.does("confirm", typed=[batch["short"]], **said)
    with pytest.raises(LychgateError, match="there is no batch"):
        await desk.does("batch", batch="batch-0")


async def test_the_process_that_runs_looks_by_itself(desk: Desk, monkeypatch) -> None:
    """What it found is on record, among the metrics and told by /ready; it opens nothing."""
    (desk.harness.installation.policies / "example" / "sweep.yaml").write_text(RETENTION, "utf-8")
    desk.harness.app.reload()
    del desk.crms["hubspot"]
    desk.crms["salesforce"] = SalesforceSandbox(TOKEN, now=StoppedClock(time.time() - 9 * 86_400))
    await desk.erasures.look_through()  # nobody wants it, by the configuration as it stands
    assert "sweep" not in desk.erasures.told
    desk.erasures.rounds = Rounds(1.0, time.monotonic() - 3600)
    desk.erasures.watch()
    await desk.erasures.look_through()
    assert desk.erasures.told["sweep"].startswith("12 records whose time is over")
    assert b"lychgate_erasure_swept_retention 12.0" in desk.harness.app.metrics.text()
    swept = [entry["detail"] for entry in desk.harness.entries() if entry.get("what") == "swept"]
    assert swept == ["0 returned, 12 due"]
    assert (await desk.does("list"))["cases"] == []

    async def away(*_: object) -> None:
        raise LychgateError("it does not answer")

    desk.erasures.rounds = Rounds(1.0, time.monotonic() - 3600)
    monkeypatch.setattr(Eraser, "asked", away)
    with pytest.raises(LychgateError):
        await desk.erasures.look_through()
    assert "could not be looked through" in desk.erasures.told["sweep"]


INTERCEPTS = """
rules:
  - id: deletes-open-cases
    on: {objects: [contacts]}
    then: case
    ground: no_longer_necessary
"""
ERASES = """
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: privacy-erases, owner: dpo}
grants:
  - id: privacy-may-erase
    roles: [privacy_officer]
    purposes: [subject_request]
    on: {objects: [contacts]}
    actions: [delete, erase]
    effect: allow
"""


async def test_emptying_all_that_names_a_person_opens_a_case(desk: Desk) -> None:
    """In place of the write, as a delete does; who may update and not erase is refused."""
    folder = desk.harness.installation.policies / "example"
    rules = folder / "erasure.yaml"
    rules.write_text(rules.read_text("utf-8") + INTERCEPTS, "utf-8")
    (folder / "erases.yaml").write_text(ERASES, "utf-8")
    desk.harness.app.reload()
    crm, sent = desk.crms["hubspot"], []
    body = json.dumps({"properties": {"email": "", "firstname": "", "lastname": ""}}).encode()

    def upstream(request: Request) -> Response:
        sent.append(request)
        return answered(crm, request)

    for client, purpose, status in (
        ("helpdesk", "customer_support", 403),
        ("privacy_desk", "subject_request", 202),
    ):
        fields = (("content-type", "application/json"), *desk.harness.credentials(client, purpose))
        write = Request("PATCH", "/crm/v3/objects/contacts/102", headers=Headers(fields), body=body)
        ended = await desk.harness.exchange("hubspot", write, upstream)
        assert ended.response.status == status
    assert sent == []
    (case,) = json.loads(ended.response.body)["cases"]
    assert desk.erasures.cases.get(case).people == (Spot("hubspot", "contacts", "102"),)


async def test_who_was_given_the_data_is_listed_with_where(desk: Desk) -> None:
    """From the ledger: how often, since when, and of which lanes; nobody is told of others."""
    crm = desk.crms["hubspot"]
    read = Request("GET", "/crm/v3/objects/contacts/101", headers=Headers(
        desk.harness.credentials("helpdesk", "customer_support")
    ))  # fmt: skip
    for _ in range(2):
        ended = await desk.harness.exchange("hubspot", read, lambda request: answered(crm, request))
        assert ended.response.status == 200
    case = await desk.confirmed()
    await desk.does("run", case)
    (notice,) = desk.erasures.cases.get(case).notices
    assert (notice.recipient, notice.disclosures, notice.lanes, notice.again) == (
        "helpdesk_app",
        2,
        ("hubspot",),
        0,
    )


async def test_a_case_that_breaks_us_keeps_no_other_from_being_moved(desk: Desk, monkeypatch) -> None:
    """Whatever it is, it is told by its name, and the others go on."""

    async def breaks(self, name):
        raise ValueError("canary")

    monkeypatch.setattr(Eraser, "drive", breaks)
    case = (await desk.does("open", values=[("email", AOIFE)], ground="objection", identity="document"))["case"]
    await desk.erasures.do({"do": "run", "case": case})
    while (told := await desk.erasures.do({"do": "show", "case": case}))["busy"]:
        await asyncio.sleep(0)
    assert "ValueError" in told["trouble"]
    assert "canary" not in str(told)

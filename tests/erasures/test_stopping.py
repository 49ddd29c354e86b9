"""What is said before the first erasing step is heard, however far a case had come."""

import asyncio

import pytest

from proxy.erasure import Case, State
from proxy.errors import LychgateError
from proxy.sandbox.salesforce.objects import SCHEMA
from tests.desk import ABOUT, Desk
from tests.erase.conftest import AOIFE

EXCEPTION = {"word": "legal_claims", "categories": ["user.contact.phone_number"]}


@pytest.mark.parametrize(
    ("stop", "more", "state"),
    [
        ("hold", {}, State.HELD),
        ("hold", {"categories": ["user.contact.phone_number"]}, State.AWAITING_CONFIRMATION),
        ("except", EXCEPTION, State.AWAITING_CONFIRMATION),
        ("unexcept", {}, State.AWAITING_CONFIRMATION),
        ("deny", {"why": "no_match"}, State.DENIED),
        ("revoke", {}, State.REVOKED),
    ],
)
async def test_a_case_that_is_stopped_while_it_is_looked_at_again_erases_nobody(
    desk: Desk, stop: str, more: dict, state: State
) -> None:
    """What was said before the first erasing step counts, however far the case had been carried in memory."""
    case = await desk.confirmed()
    if stop == "unexcept":
        told = await desk.does("except", case, because="the court has it", **EXCEPTION)
        more = {"exception": told["exceptions"][0]["exception"]}
        await desk.agree(case)
    desk.gate.clear()
    desk.waiting.clear()
    running = asyncio.ensure_future(desk.does("run", case))
    await desk.waiting.wait()  # it is restricted, and looks whether anything has changed
    stopping = asyncio.ensure_future(desk.does(stop, case, because="litigation", **more))
    await asyncio.sleep(0)
    desk.gate.set()
    await asyncio.gather(running, stopping)
    assert (await stopping)["state"] == state
    assert desk.erasures.cases.get(case).state is state
    await desk.does("run", case)
    assert desk.there
    assert not desk.harness.app.restricted.items


async def test_a_hold_after_the_erasure_began_is_refused(desk: Desk) -> None:
    """It would be a promise that nobody can keep."""
    case = await desk.confirmed()
    await desk.does("run", case)
    with pytest.raises(LychgateError, match="has begun"):
        await desk.does("hold", case, because="litigation")


def named(desk: Desk, said: str) -> dict:
    """Return the same person by another case, in another spelling."""
    if said == "record":
        return {"records": [f"salesforce/Contact/{desk.crms['salesforce'].people()[0]['Id'][:15]}"]}
    return {"values": [("email", f" {AOIFE.upper()}")]}


@pytest.mark.parametrize(("said", "categories"), [("record", []), ("value", ["user.contact.phone_number"])])
async def test_a_hold_is_refused_while_another_case_erases_the_person(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, said: str, categories: list[str]
) -> None:
    """It would say `held`, and the other case would go on."""
    cases, case = desk.erasures.cases, await desk.confirmed()
    about = {**named(desk, said), "ground": "objection", "identity": "account"}
    other = (await desk.does("open", **about))["case"]
    keep = cases.keep

    def stop_there(kept: Case) -> None:
        keep(kept)
        if kept.state is State.ERASING and not kept.journal:
            desk.gate.clear()
            desk.waiting.clear()

    monkeypatch.setattr(cases, "keep", stop_there)
    running = asyncio.ensure_future(desk.does("run", case))
    while cases.get(case).state is not State.ERASING:
        desk.waiting.clear()
        await desk.waiting.wait()
    with pytest.raises(LychgateError, match=f"case {case} is about the same person and erasing"):
        await desk.does("hold", other, because="litigation", categories=categories)
    assert (cases.get(other).state, cases.get(other).holds) == (State.VERIFIED, ())
    desk.gate.set()
    assert (await running)["state"] == State.LIVE_COMPLETE


@pytest.mark.parametrize("category", ["user.contact.emial", "User.contact.email", "user.contact.", "user.cont"])
async def test_nothing_is_held_by_a_category_that_no_data_have(desk: Desk, category: str) -> None:
    """A hold by a slip of the pen would keep nothing, and so would an exception."""
    case = await desk.confirmed()
    for what, more in (("hold", {}), ("except", {"word": "legal_claims"})):
        with pytest.raises(LychgateError, match="nothing would be kept"):
            await desk.does(what, case, because="litigation", categories=[category], **more)
    assert desk.erasures.cases.get(case).state is State.READY


async def test_who_is_there_again_can_be_held(desk: Desk) -> None:
    """Records that a case has erased cannot; others about the same person can."""
    case, crm = await desk.confirmed(), desk.crms["salesforce"]
    about = {**named(desk, "record"), "ground": "objection", "identity": "account"}
    gone = (await desk.does("open", **about))["case"]
    await desk.does("run", case)
    with pytest.raises(LychgateError, match=f"case {case} is about the same person and live complete"):
        await desk.does("hold", gone, because="litigation")
    await desk.does("allow", case, basis="new contract of 2026-05-01")
    new = crm.org.insert(SCHEMA.objects["contact"], {"LastName": "Byrne", "Email": AOIFE})
    about["records"] = [f"salesforce/Contact/{new}"]
    later = (await desk.does("open", **about))["case"]
    await desk.does("plan", later)
    assert (await desk.does("hold", later, because="litigation"))["state"] == State.HELD


async def test_a_hold_stops_another_case_that_has_not_begun(desk: Desk) -> None:
    """Restricted already: whoever is held is read again, and both go on when it is lifted."""
    case = await desk.confirmed()
    about = {**named(desk, "record"), "ground": "objection", "identity": "account"}
    other = (await desk.does("open", **about))["case"]
    desk.gate.clear()
    desk.waiting.clear()
    running = asyncio.ensure_future(desk.does("run", case))
    await desk.waiting.wait()  # it is restricted, and looks whether anything has changed
    assert desk.harness.app.restricted.items
    holding = asyncio.ensure_future(desk.does("hold", other, because="litigation"))
    await asyncio.sleep(0)
    desk.gate.set()
    held, _ = await asyncio.gather(holding, running)
    assert held["state"] == State.HELD
    stopped = desk.erasures.cases.get(case)
    assert (stopped.state, stopped.assents) == (State.HELD, ())
    assert stopped.reason == "a legal hold stands against it: litigation"
    assert not desk.harness.app.restricted.items
    await desk.does("unhold", other, hold=held["holds"][0]["hold"])
    assert (await desk.does("plan", case))["state"] == State.AWAITING_CONFIRMATION
    assert desk.there


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


async def test_a_case_is_extended_with_a_reason(desk: Desk) -> None:
    """Once; the due day moves by the law's longer period."""
    case = await desk.does("open", **ABOUT)
    told = await desk.does("extend", case["case"], because="very many records")
    assert (told["extended"], told["extension"]) == (True, "very many records")
    assert told["due"] > case["due"]
    with pytest.raises(LychgateError, match="extended before"):
        await desk.does("extend", case["case"], because="more")

"""What is said before the first erasing step is heard, however far a case had come."""

import asyncio

import pytest

from proxy.erasure import State
from proxy.errors import LychgateError
from tests.desk import ABOUT, Desk

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

"""How cases are moved on."""

import asyncio

import pytest

from proxy.erase import Eraser
from proxy.erasure import Case, State
from proxy.sandbox.salesforce.objects import SCHEMA
from tests.desk import Desk
from tests.erase.conftest import AOIFE


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


@pytest.fixture
def overtaken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk where somebody stores her anew in the CRM itself, in the moment in which she is erased first."""
    monkeypatch.setattr("proxy.erase.CALM", 0.0)
    keep, erasing = desk.erasures.cases.keep, list[str]()

    def meanwhile(case: Case) -> None:
        keep(case)
        if case.state is State.ERASING and not erasing:
            erasing.append(case.id)
            desk.crms["salesforce"].org.insert(SCHEMA.objects["contact"], {"LastName": "Byrne", "Email": AOIFE})

    monkeypatch.setattr(desk.erasures.cases, "keep", meanwhile)
    return desk


async def test_what_came_while_a_case_erased_gets_a_plan_that_people_agree_to(overtaken: Desk) -> None:
    """The case cannot end without it and has no step for it; the other has, and nobody is erased unasked."""
    desk, case = overtaken, await overtaken.confirmed()
    told = await desk.does("run", case)
    assert (told["state"], told["followed"]) == ("partial", "")
    told = await desk.does("retry", case)
    assert told["state"] == "partial"
    other = told["followed"]
    assert (await desk.does("retry", case))["followed"] == other  # there is no second
    assert [one["case"] for one in (await desk.does("list"))["cases"]] == sorted([case, other])
    told = await desk.does("plan", other)
    assert (told["state"], told["source"], told["follows"]) == ("awaiting_confirmation", "residue", case)
    assert [step.object for step in desk.erasures.cases.get(other).plan.steps][:1] == ["Contact"]
    await desk.agree(other)
    assert (await desk.does("run", other))["state"] == State.LIVE_COMPLETE
    assert (await desk.does("retry", case))["state"] == State.LIVE_COMPLETE
    assert not any(row["Email"] == AOIFE for row in desk.crms["salesforce"].people())
    assert (await desk.does("certificate", case))["edition"] == "live-complete"
    assert not desk.harness.app.restricted.items


async def test_a_case_that_follows_is_opened_once_though_we_die_on_the_way(
    overtaken: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And again where the first one was given up."""
    desk, case = overtaken, await overtaken.confirmed()
    await desk.does("run", case)
    cases, keep = desk.erasures.cases, desk.erasures.cases.keep

    def dies(kept: Case) -> None:
        if kept.source == "residue":
            raise KeyboardInterrupt
        keep(kept)

    monkeypatch.setattr(cases, "keep", dies)
    with pytest.raises(KeyboardInterrupt):
        await desk.does("retry", case)
    monkeypatch.setattr(cases, "keep", keep)
    other = cases.get(case).followed
    assert (await desk.does("retry", case))["followed"] == other
    await desk.does("revoke", other)
    third = (await desk.does("retry", case))["followed"]
    assert cases.get(third).follows == case
    assert sorted(cases.ids()) == sorted([case, other, third])

"""What an eraser is told by the installation: holds of other cases, recipients."""

import pytest

from proxy.erasure import State
from proxy.message import Headers, Request
from tests.desk import ABOUT, Desk
from tests.erase.conftest import answered


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


@pytest.mark.parametrize("said", ["id", "number"])
async def test_a_hold_is_the_persons_however_they_were_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """By an id in its shorter form, and by a number as it is written where the lane is."""
    row = desk.crms["salesforce"].people()[0]
    monkeypatch.setitem(vars(desk.harness.app.config.lanes[0]), "region", "IE")
    assert row["Phone"].startswith("+353 ")
    named = (
        {"records": [f"salesforce/Contact/{row['Id'][:15]}"]}
        if said == "id"
        else {"values": [("phone", row["Phone"].replace("+353 ", "0"))]}
    )
    other = (await desk.does("open", **named, ground="objection", identity="account"))["case"]
    await desk.does("hold", other, because="litigation")
    late = (await desk.does("open", **ABOUT))["case"]
    assert (await desk.does("plan", late))["state"] == State.HELD


async def test_a_hold_on_somebody_else_stops_nobody(desk: Desk) -> None:
    """Only who is the same person is held."""
    other = (await desk.does("open", records=["hubspot/contacts/102"], ground="objection", identity="account"))[
        "case"
    ]
    await desk.does("hold", other, because="litigation")
    case = await desk.confirmed()
    assert (await desk.does("run", case))["state"] == State.LIVE_COMPLETE


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

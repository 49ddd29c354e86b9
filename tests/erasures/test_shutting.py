"""Nobody reads, or remembers, who is being erased."""

import asyncio
import json
from typing import Any

import pytest

from proxy.erasure import State
from proxy.message import Headers, Request
from proxy.sandbox.salesforce.objects import SCHEMA
from tests.desk import Desk
from tests.erase.conftest import AOIFE, answered

HERS, ANOTHER = "00353 86 555 0101", "+353 1 234 5678"


async def stored(desk: Desk, number: str) -> int:
    """Return what a client is answered that gives another record a number."""
    headers = (("content-type", "application/json"), *desk.harness.credentials("helpdesk", "customer_support"))
    path = f"/services/data/v59.0/sobjects/Contact/{desk.crms['salesforce'].people()[3]['Id']}"
    write = Request("PATCH", path, headers=Headers(headers), body=json.dumps({"Phone": number}).encode())
    crm = desk.crms["salesforce"]
    ended = await desk.harness.exchange("salesforce", write, lambda request: answered(crm, request))
    return ended.response.status


async def restricted(desk: Desk, case: str) -> "asyncio.Future[Any]":
    """Have a case stand where the person is restricted and nothing is erased; the gate lets it go on."""
    desk.gate.clear()
    desk.waiting.clear()
    running = asyncio.ensure_future(desk.does("run", case))
    await desk.waiting.wait()
    assert desk.harness.app.restricted.items
    return running


@pytest.mark.parametrize("stop", ["revoke", "hold"])
async def test_who_is_restricted_is_not_stored_anew_and_may_be_when_the_case_stops(
    desk: Desk, stop: str
) -> None:
    """Or the erasure would be over one record while another one is made of the same person."""
    case = await desk.confirmed()
    running = await restricted(desk, case)
    assert await stored(desk, HERS) == 403
    assert await stored(desk, ANOTHER) == 204
    assert [line["case"] for line in (await desk.does("returns"))["returns"]] == [case]
    stopping = asyncio.ensure_future(desk.does(stop, case, because="litigation"))
    await asyncio.sleep(0)
    desk.gate.set()
    await asyncio.gather(running, stopping)
    assert (await desk.does("returns"))["returns"] == []
    assert await stored(desk, HERS) == 204
    assert desk.there


async def test_what_an_older_case_keeps_away_stays_as_it_was(desk: Desk) -> None:
    """Who was erased, let in on a basis and is restricted again is let in as before when that is given up."""
    first = await desk.confirmed()
    await desk.does("run", first)
    assert await stored(desk, HERS) == 403
    await desk.does("allow", first, basis="new contract of 2026-05-01")
    desk.crms["salesforce"].org.insert(
        SCHEMA.objects["contact"], {"LastName": "Byrne", "Email": AOIFE, "Phone": HERS}
    )
    second = await desk.confirmed()
    running = await restricted(desk, second)
    assert await stored(desk, HERS) == 403
    revoking = asyncio.ensure_future(desk.does("revoke", second))
    await asyncio.sleep(0)
    desk.gate.set()
    await asyncio.gather(running, revoking)
    assert [await stored(desk, number) for number in (HERS, ANOTHER)] == [204, 204]
    third = await desk.confirmed()
    assert (await desk.does("run", third))["state"] == State.LIVE_COMPLETE
    assert await stored(desk, HERS) == 403


async def test_whoever_is_restricted_has_not_come_back(desk: Desk) -> None:
    """A look through all people meets their own records, which are still there."""
    case = await desk.confirmed()
    running = await restricted(desk, case)
    desk.gate.set()
    looking = await desk.does("sweep")
    assert [one for one in looking["found"] if one["source"] == "returned"] == []
    assert (await running)["state"] == State.LIVE_COMPLETE


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

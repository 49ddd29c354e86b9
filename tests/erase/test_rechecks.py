"""What the later checks see: somebody who is back by the CRM's own SDK, and a search that lags behind."""

from collections.abc import Callable, Iterator
from typing import Any

import hubspot
import pytest
import requests
from hubspot.crm.contacts import SimplePublicObjectInputForCreate
from simple_salesforce.api import Salesforce

from proxy.erase import BACK
from proxy.erasure import Known, State
from proxy.sandbox import running
from tests.erase.conftest import AOIFE, TOKEN, World
from tests.erase.test_erase import CASE, erased
from tests.sandbox.conftest import tls  # noqa: F401 - a fixture

Back = Callable[[], Any]


@pytest.fixture
def back(world: World, request: pytest.FixtureRequest, tls: Any) -> Iterator[Back]:  # noqa: F811
    """Have an SDK, past Lychgate, make a record of hers in one of the CRMs."""
    crm = world.crms[request.param]
    if request.param == "hubspot":
        with running(crm) as address:
            api = hubspot.Client.create(access_token=TOKEN, host=address.url).crm.contacts.basic_api
            fresh = SimplePublicObjectInputForCreate(properties={"email": AOIFE, "lastname": "Byrne"})
            yield lambda: api.create(fresh)
        return
    with running(crm, tls=tls) as address, requests.Session() as session:
        session.verify = str(tls.cert)
        session.trust_env = False
        client = Salesforce(instance_url=address.url, session_id=TOKEN, session=session)
        yield lambda: client.Contact.create({"LastName": "Byrne", "Email": AOIFE})


@pytest.mark.parametrize("back", ["salesforce", "hubspot"], indirect=True)
@pytest.mark.parametrize("days", [(1.1,), (1.1, 30)])
async def test_who_is_back_at_a_later_check_is_shut_again(
    world: World, back: Back, days: tuple[float, ...]
) -> None:
    """After a day or after thirty: the case is partial, nobody reads her, and no final edition is issued."""
    assert (await erased(world, Known("email", AOIFE))).released
    for passed in days:
        assert world.shut == set()
        if passed == days[-1]:
            back()
        world.clock.advance(days=passed)
        case = await world.eraser().drive(CASE)
    assert (case.state, case.reason, world.shut) == (State.PARTIAL, BACK, {CASE})
    assert [one.edition for one in case.issued] == ["live-complete"]
    left = {(one.lane, one.verdict) for one in case.findings if one.verdict not in {"erased", "kept"}}
    assert {verdict for _, verdict in left} == {"residue"}


async def test_a_search_that_lags_is_pending_until_it_should_have_caught_up(world: World) -> None:
    """HubSpot finds for some seconds what is gone: neither erased nor left; then it is looked at again."""
    world.crms["hubspot"].store.search_lag = 20
    world.clock.advance(seconds=60)
    case = await erased(world, Known("email", AOIFE))
    verdicts = {(one.lane, one.verdict) for one in case.findings if one.how == "value"}
    pending = [one for one in case.findings if one.verdict == "pending"]
    assert (case.state, world.shut, len(case.checks)) == (State.LIVE_COMPLETE, {CASE}, 3)
    assert {(one.lane, one.why) for one in pending} == {("hubspot", "search_lags")}
    assert ("hubspot", "residue") not in verdicts
    assert {one.place for one in pending}.isdisjoint(
        one.place
        for one in case.findings
        if one.lane == "hubspot" and one.how == "value" and one.verdict == "erased"
    )
    world.clock.advance(seconds=120)
    case = await world.eraser().drive(CASE)
    assert {one.verdict for one in case.findings} == {"erased", "kept"}
    assert (world.shut, len(case.checks)) == (set(), 2)
    assert world.left() == []


@pytest.mark.parametrize("days", [(1.1,), (1.1, 30)])
async def test_a_search_that_shows_her_past_its_delay_is_residue(world: World, days: tuple[float, ...]) -> None:
    """Whoever searches finds her still, whatever the records say: at either check nobody vouches for it."""
    store = world.crms["hubspot"].store
    case = await erased(world, Known("email", AOIFE))
    for passed in days:
        if passed == days[-1]:
            store.search_lag = 400 * 86_400.0
        world.clock.advance(days=passed)
        case = await world.eraser().drive(CASE)
    assert (case.state, case.reason, world.shut) == (State.PARTIAL, BACK, {CASE})
    residue = {(one.lane, one.why) for one in case.findings if one.verdict == "residue"}
    assert residue == {("hubspot", "search_lags")}

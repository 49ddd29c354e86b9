"""When records that come back are looked at, and what becomes of it where nobody can."""

import asyncio
from collections.abc import Callable

import pytest

from proxy.app import build
from proxy.config import load_config
from proxy.erasure import Known
from proxy.erasures import Erasures
from proxy.errors import Refused, Unavailable, UpstreamFault
from proxy.exchange import Rules
from proxy.message import Headers, Request, Response
from proxy.revivals import Revivals
from tests.e2e.harness import GatewayHarness

HER = (("contacts", "101"),)
ROW = b'{"id": "101", "properties": {"email": "a@b.example"}, "archived": false}'


async def shows(request: Request) -> Response:
    """Answer as HubSpot does of its contact 101."""
    return Response(200, Headers((("content-type", "application/json"),)), ROW)


async def lost(request: Request) -> Response:
    """Be out of reach."""
    raise UpstreamFault("upstream_lost")


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory):
    """An installation inside this process."""
    made = GatewayHarness.make(tmp_path_factory.mktemp("home") / "gateway")
    yield made
    made.close()
    made.app.kept.close()


@pytest.fixture(scope="module")
def rules(harness: GatewayHarness) -> Rules:
    """What is in force before HubSpot."""
    return harness.app.gateways["hubspot"].rules


def looking(send: Callable | None, *, anybody: bool = True) -> Revivals:
    """Return one that knows whether anybody was erased."""
    return Revivals(send, lambda need: None, lambda: anybody)


def test_a_record_tells_who_is_in_it(rules: Rules) -> None:
    """Once anybody was erased; before, nothing is asked."""
    assert asyncio.run(looking(shows)(rules, HER)) == (("email", "a@b.example"),)
    assert asyncio.run(looking(lost, anybody=False)(rules, HER)) == ()


@pytest.mark.parametrize(
    ("send", "records", "error"),
    [
        (None, HER, Refused),  # the lane shows the client's own credential
        (shows, (("contacts", ""),), Refused),  # nobody but the CRM knows which record
        (shows, (*HER, ("contacts", "102")), Refused),  # one of two is not shown
        (lost, HER, Unavailable),
    ],
)
def test_who_cannot_be_looked_at_stays_away(
    rules: Rules, send: Callable | None, records: tuple, error: type
) -> None:
    """For good, or until the CRM answers; no id of anybody is in what is told."""
    with pytest.raises(error) as raised:
        asyncio.run(looking(send)(rules, records))
    assert (raised.value.reason, raised.value.detail) == ("person_unseen", "contacts")


def test_who_names_nobody_is_not_looked_at(rules: Rules) -> None:
    """A deal: nothing of it names anybody."""
    assert asyncio.run(looking(None)(rules, (("deals", "1"),))) == ()


async def test_a_lane_with_the_clients_credential_brings_nobody_back(harness: GatewayHarness) -> None:
    """As it is wired: such a lane has nothing to look with; as long as nobody was erased, all is as before."""
    config = harness.installation.config
    lane = "credential: {file: state/credentials/hubspot, scheme: Bearer}"
    text = config.read_text("utf-8")
    assert lane in text
    config.write_text(text.replace(lane, "credential: {passthrough: true}"), "utf-8")
    harness.app.ledger.close()
    again = GatewayHarness(harness.installation, build(load_config(config)))
    key = (("x-lychgate-key", harness.installation.keys["privacy_desk"]), ("x-purpose", "subject_request"))
    fields = (*key, ("authorization", "Bearer theirs"), ("content-type", "application/json"))
    body = b'{"primaryObjectId":"102","objectIdToMerge":"101"}'
    merge = Request("POST", "/crm/v3/objects/contacts/merge", "", Headers(fields), body)
    assert (await again.exchange("hubspot", merge, lambda _: Response(204))).forwarded is not None
    Erasures(again.app).tombstones.put("case0001", [Known("email", "a@b.example")], 7)
    ended = await again.exchange("hubspot", merge, lambda _: Response(204))
    assert (ended.forwarded, ended.response.status) == (None, 403)
    assert ended.entries[-1]["reason"] == "person_unseen"
    again.close()
    again.app.kept.close()

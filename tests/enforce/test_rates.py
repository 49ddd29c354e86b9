"""A caller that asks too often is told so in the CRM's own words, before its body is read; it is on record."""

import json
import time

from proxy.rates import Rates
from tests.enforce.conftest import CANARY, RECORD, Stand, http


async def test_a_caller_gets_its_rate_and_no_more(stand: Stand) -> None:
    """429 with Retry-After in Salesforce's error shape; the CRM is not asked."""
    stand.upstream.answer = http("204 No Content", b"")
    stand.app.gateways["salesforce"].rates = Rates(0.001, 2, time.monotonic)
    answers = [await stand.ask("PATCH", RECORD, {"Phone": CANARY}) for _ in range(3)]
    assert [int(answer.split()[1]) for answer in answers] == [204, 204, 429]
    head, _, body = answers[2].partition(b"\r\n\r\n")
    assert b"retry-after: 1\r\n" in head
    assert json.loads(body)[0]["errorCode"]
    assert stand.upstream.received.count(b"PATCH") == 2
    assert [stand.entries()[-1][name] for name in ("kind", "reason", "status")] == [
        "declined",
        "too_many_requests",
        429,
    ]


async def test_what_asks_for_nothing_but_time_is_not_counted_twice(stand: Stand) -> None:
    """A request with a body is one request, although its head is looked at first."""
    stand.upstream.answer = http("204 No Content", b"")
    limit = stand.app.gateways["salesforce"].rates = Rates(0.001, 3, time.monotonic)
    for _ in range(2):
        assert (await stand.ask("PATCH", RECORD, {"Phone": CANARY})).split()[1] == b"204"
    assert all(limit.allows(who) for who in limit._whole)


async def test_a_caller_is_shown_so_many_records_and_no_more(stand: Stand) -> None:
    """IO-23: a harvest ends: 429 in place of a page that was fetched, nothing of it is told; it is on record."""
    page = {"records": [{"attributes": {"type": "Contact"}, "Name": CANARY}] * 3, "totalSize": 3, "done": True}
    stand.upstream.answer = http("200 OK", json.dumps(page).encode())
    stand.app.gateways["salesforce"].volume = Rates(0.001, 4, time.monotonic)
    target = "/services/data/v59.0/query?q=SELECT+Name+FROM+Contact"
    answers = [await stand.ask("GET", target) for _ in range(3)]
    assert [int(answer.split()[1]) for answer in answers] == [200, 200, 429]
    assert CANARY.encode() not in answers[2]
    assert [stand.entries()[-1][name] for name in ("kind", "reason", "status")] == [
        "failed",
        "too_many_records",
        429,
    ]


async def test_what_shows_nobody_costs_nothing(stand: Stand) -> None:
    """Somebody who has had all there is may still write."""
    stand.upstream.answer = http("204 No Content", b"")
    limit = stand.app.gateways["salesforce"].volume = Rates(0.001, 1, time.monotonic)
    assert limit.take("helpdesk", 9)
    assert (await stand.ask("PATCH", RECORD, {"Phone": CANARY})).split()[1] == b"204"

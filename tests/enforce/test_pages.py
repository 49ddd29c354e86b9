"""A page whose kind is known is read as columns of text; nobody can tell, but by the time it takes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from proxy.codec import json_table
from proxy.codec.json_stencil import Stencils
from proxy.connectors import Asked
from proxy.message import Headers, Request, Response
from proxy.restricted import item
from tests.e2e.harness import Ended, GatewayHarness
from tests.enforce.conftest import Stand, http

QUERY = "SELECT Id, Name, Email, Phone, Birthdate, Description, SSN__c, Iban__c, MailingStreet FROM Contact"
TARGET = "/services/data/v59.0/query"
PLACE = frozenset({"id", "prev", "seq", "time_ms"})
"""Of an entry in the ledger: what no two have in common."""
CLIENTS = {"helpdesk": None, "mailer": None, "privacy_desk": "subject_request"}
"""With the purpose that each states."""


def record(number: int, **other: object) -> dict[str, object]:
    """Return a contact as Salesforce lists it; texts hold whatever could be taken for JSON."""
    key = f"00300000000{number:04}AAA"
    return {
        "attributes": {"type": "Contact", "url": f"/services/data/v59.0/sobjects/Contact/{key}"},
        "Id": key,
        "Name": f'Mara "{{,[Quinn {number}' if number % 3 else "Zoë Ó Briain",
        "Email": f"mara.{number}@example.org" if number % 5 else None,
        "Phone": f"+353 86 123 {number:04}" if number % 4 else "112",
        "Birthdate": "1984-05-17" if number % 7 else None,
        "Description": 'Says ",":\n1' if number % 2 else True,
        "SSN__c": f"000-12-{number:04}",
        "Iban__c": "IE29AIBK93115212345678",
        "MailingStreet": "14 Rowan Terrace",
        **other,
    }


def page(records: list[dict[str, object]], **other: object) -> bytes:
    """Return an answer, written as the CRM writes it."""
    tree = {"totalSize": len(records), "done": True, "records": records, **other}
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.fixture
def harness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GatewayHarness]:
    """Return a gateway that has not learnt anything."""
    monkeypatch.setattr(json_table, "_STENCILS", Stencils())
    made = GatewayHarness.make(tmp_path / "made")
    yield made
    made.close()
    made.app.kept.close()


async def answered(harness: GatewayHarness, client: str, body: bytes) -> Ended:
    """Return how a query ends that the CRM answers with `body`."""
    sent = Request("GET", TARGET, f"q={quote(QUERY)}", Headers(harness.credentials(client, CLIENTS[client])))
    back = Response(200, Headers((("content-type", "application/json"),)), body)
    return await harness.exchange("salesforce", sent, lambda _: back)


def told(ended: Ended) -> object:
    """Return everything that anybody learns of an exchange."""
    entries = [{name: value for name, value in each.items() if name not in PLACE} for each in ended.entries]
    decision = ended.response.headers.one("lychgate-decision") or ""
    headers = [pair for pair in ended.response.headers if pair[1] != decision]
    body = ended.response.body.replace(decision.encode(), b"")
    return ended.response.status, headers, body, json.dumps(entries, sort_keys=True, default=str)


PAGES: dict[str, bytes] = {
    "whole": page([record(number) for number in range(40)]),
    "another": page([record(number) for number in range(900, 920)], more=1),
    "the same person twice": page([record(number % 11) for number in range(22)]),
    "one more member": page([record(number, **({"A__c": 1} if number == 7 else {})) for number in range(20)]),
    "one of another object": page([record(number) for number in range(19)] + [{"attributes": {"type": "Lead"}}]),
    "no key": page([record(number, attributes={"type": "Contact"}) for number in range(20)]),
    "an odd key": page([record(3)] * 9 + [record(4, attributes={"type": "Contact", "url": "/x/odd one"})]),
    "an object for a value": page([record(number, Name={"first": "Mara"}) for number in range(20)]),
    "a list for one value": page(
        [record(number) for number in range(19)] + [record(20, Email=["a@example.org"])]
    ),
    "other structure": page([record(number, attributes={"type": "Contact", "x": 1}) for number in range(20)]),
    "spaced": page([record(number) for number in range(20)]).replace(b',"Id"', b', "Id"'),
    "a name twice": page([record(number) for number in range(20)]).replace(b',"Id"', b',"Phone":"1","Id"', 1),
    "cut short": page([record(number) for number in range(20)])[:-3],
    "not UTF-8": page([record(number) for number in range(20)]).replace("ë".encode(), b"\xeb", 1),
}


@pytest.mark.parametrize("client", CLIENTS)
async def test_all_that_is_told_is_the_same(
    harness: GatewayHarness, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Body, headers, refusal and ledger: at first sight, at later ones, and where none is read as columns."""
    seen: dict[str, list[object]] = {name: [] for name in PAGES}
    for name, body in [*PAGES.items()] * 4:
        seen[name].append(told(await answered(harness, client, body)))
    known = [stencil for stencil in json_table._STENCILS._known.values() if stencil is not None]
    assert any(not stencil.useless for stencil in known)  # or this test would show nothing
    monkeypatch.setattr(Asked, "page", lambda *_: None)
    for name, body in PAGES.items():
        plain = told(await answered(harness, client, body))
        assert [each == plain for each in seen[name]] == [True] * 4, name


async def test_each_caller_gets_what_is_for_that_caller(harness: GatewayHarness) -> None:
    """How a page is cut was learnt from what another caller may not see."""
    found: dict[str, list[bytes]] = {}
    for client in [*CLIENTS, *reversed(CLIENTS)] * 2:
        ended = await answered(harness, client, PAGES["whole"])
        found.setdefault(client, []).append(ended.response.body)
    assert all(len(set(bodies)) == 1 for bodies in found.values())
    assert b"SSN__c" not in found["helpdesk"][0]
    assert b"Rowan" not in found["helpdesk"][0]
    assert b'"SSN__c":"000-12-0007"' in found["privacy_desk"][0]


async def test_somebody_restricted_is_missing_from_pages_too(harness: GatewayHarness) -> None:
    """However the page was read before: from then on records are looked at one by one."""
    for _ in range(3):
        ended = await answered(harness, "helpdesk", PAGES["whole"])
        assert b"003000000000007AAA" in ended.response.body
    harness.app.restricted.replace(
        [item("salesforce", "Contact", "record", harness.pseudonym("003000000000007AAA"))]
    )
    ended = await answered(harness, "helpdesk", PAGES["whole"])
    assert ended.response.status == 200
    assert b"003000000000007AAA" not in ended.response.body
    assert ended.entries[-1]["records"] == 39


async def test_a_lane_shows_pages_alike(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over real sockets: five times the same page, with the same people on record each time."""
    monkeypatch.setattr(json_table, "_STENCILS", Stencils())
    stand.upstream.answer = http("200 OK", PAGES["whole"])
    bodies = []
    for _ in range(5):
        answer = await stand.ask("GET", f"{TARGET}?q={quote(QUERY)}")
        assert answer.startswith(b"HTTP/1.1 200")
        bodies.append(answer.partition(b"\r\n\r\n")[2])
    assert len(set(bodies)) == 1
    shown: Any = json.loads(bodies[0])["records"]
    assert shown[1]["Phone"] == "*** *** 01"
    assert "SSN__c" not in shown[1]
    disclosed = [entry for entry in stand.entries() if entry["kind"] == "disclosed"]
    assert len(disclosed) == 5
    assert {json.dumps(entry["subjects"]) for entry in disclosed} == {json.dumps(disclosed[0]["subjects"])}
    assert len(disclosed[0]["subjects"]) == disclosed[0]["records"] == 40  # type: ignore[arg-type]
    assert stand.verified()

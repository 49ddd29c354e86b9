"""Records of one answer, each decided by its own facts, from the client's query to the released page."""

import json
import re
from urllib.parse import quote, unquote

import pytest

from tests.enforce.conftest import Stand, http

RULES = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: restriction}
guards:
  - id: restricted
    effect: deny
    on: {objects: [Contact]}
    actions: ["*"]
    when: resource.restricted
  - id: opted-out
    effect: redact
    on: {objects: [Contact], fields: [Email]}
    actions: [list]
    when: resource.opted_out
"""
QUERY = "/services/data/v59.0/query?q="


def _row(number: int, **members: object) -> dict[str, object]:
    key = f"00300000000000{number}AAA"
    url = f"/services/data/v59.0/sobjects/Contact/{key}"
    return {
        "attributes": {"type": "Contact", "url": url},
        "Id": key,
        "Email": f"p{number}@example.org",
        **members,
    }


def _facts(*, restricted: object, opted_out: object) -> dict[str, object]:
    return {"ProcessingRestricted__c": restricted, "HasOptedOutOfEmail": opted_out}


@pytest.fixture
def ruled(stand: Stand) -> Stand:
    """Return the lane with two rules that look at records."""
    (stand.app.config.policies / "restriction.yaml").write_text(RULES)
    stand.app.reload()
    return stand


def _page(*rows: dict[str, object]) -> bytes:
    return http("200 OK", json.dumps({"totalSize": len(rows), "done": True, "records": rows}).encode())


def _rows(answer: bytes) -> list[dict[str, object]]:
    found = json.loads(answer.partition(b"\r\n\r\n")[2])["records"]
    return [{name: value for name, value in row.items() if name != "attributes"} for row in found]


async def test_each_record_is_shown_by_its_own_facts(ruled: Stand) -> None:
    """The CRM is asked for what the rules look at; the client gets what it asked for, and no more."""
    ruled.upstream.answer = _page(
        _row(1, **_facts(restricted=False, opted_out=False)),
        _row(2, **_facts(restricted=True, opted_out=False)),
        _row(3, **_facts(restricted=False, opted_out=True)),
        _row(4, **_facts(restricted=None, opted_out=None)),  # empty: the defaults
        _row(5),  # not there: unknown, and so the guards hold
    )
    answer = await ruled.ask("GET", QUERY + quote("SELECT Id, Email FROM Contact"))
    assert _rows(answer) == [
        {"Id": "003000000000001AAA", "Email": "p1@example.org"},
        {"Id": "003000000000003AAA", "Email": None},
        {"Id": "003000000000004AAA", "Email": "p4@example.org"},
    ]
    assert b'"totalSize":3,' in answer
    sent = unquote(ruled.upstream.received.split(b" ")[1].decode())
    assert sent.endswith("SELECT Id, Email, HasOptedOutOfEmail, ProcessingRestricted__c FROM Contact")
    disclosed = ruled.entries()[-1]
    assert disclosed["kind"] == "disclosed"
    assert {"restricted", "opted-out"} <= set(disclosed["rules"])
    # How the two conditions came out, each combination once: false, true, or in error where nothing was had.
    (facts,) = disclosed["facts"]
    assert re.fullmatch(r"list Contact [0-9a-f]{16},[0-9a-f]{16}: 00 01 10 ee", facts)
    assert ruled.verified()


async def test_what_the_client_asked_for_itself_stays(ruled: Stand) -> None:
    """A field that a rule looks at is judged like any other if the client selects it."""
    ruled.upstream.answer = _page(_row(1, **_facts(restricted=False, opted_out=False)))
    answer = await ruled.ask(
        "GET", QUERY + quote("SELECT Id, LastModifiedDate, HasOptedOutOfEmail FROM Contact")
    )
    assert b"ProcessingRestricted__c" not in answer


async def test_a_page_of_which_nothing_may_be_shown_is_an_empty_page(ruled: Stand) -> None:
    """As one on which the CRM found nothing; the ledger has no subject of it."""
    ruled.upstream.answer = _page(_row(1, **_facts(restricted=True, opted_out=False)))
    answer = await ruled.ask("GET", QUERY + quote("SELECT Id, Email FROM Contact"))
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b'{"totalSize":0,"done":true,"records":[]}')
    disclosed = ruled.entries()[-1]
    assert (disclosed["kind"], disclosed["records"], disclosed["subjects"]) == ("disclosed", 0, [])


async def test_a_record_that_may_not_be_shown_is_as_one_that_is_not_there(ruled: Stand) -> None:
    """Byte for byte, but for the decision; the ledger knows better."""
    target = "/services/data/v59.0/sobjects/Contact/003000000000001AAA"
    told = []
    for status, body in (
        ("200 OK", _row(1, **_facts(restricted=True, opted_out=False))),
        ("404 Not Found", [{"errorCode": "NOT_FOUND", "message": "nothing at p1@example.org"}]),
    ):
        ruled.upstream.answer = http(status, json.dumps(body).encode())
        answer = await ruled.ask("GET", target)
        (decision,) = re.findall(rb"lychgate-decision: ([0-9a-f]+)", answer)
        told.append(answer.replace(decision, b""))
    assert told[0] == told[1]
    assert told[0].startswith(b"HTTP/1.1 404")
    assert [(each["kind"], each.get("reason")) for each in ruled.entries()[-3::2]] == [
        ("failed", "nothing_released"),
        ("disclosed", None),
    ]


async def test_before_there_is_a_record_a_guard_on_records_holds(ruled: Stand) -> None:
    """Nobody can say yet whether it is restricted: nothing is written, and nothing filtered by."""
    for method, target, body in (
        ("PATCH", "/services/data/v59.0/sobjects/Contact/003000000000001AAA", {"Phone": "+353"}),
        ("GET", QUERY + quote("SELECT Id FROM Contact WHERE Email = 'p1@example.org'"), None),
        ("GET", QUERY + quote("SELECT COUNT(Id) FROM Contact"), None),
    ):
        answer = await ruled.ask(method, target, body)
        assert answer.startswith(b"HTTP/1.1 403"), target
    assert not ruled.upstream.received

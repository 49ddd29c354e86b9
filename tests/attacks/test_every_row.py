"""Every row of the threat catalogue has a test that says which row it is, or stands open in README.md.

Rows that are open have a test here that fails for as long as they are.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from proxy.message import Headers, Request, Response
from tests.e2e.harness import GatewayHarness

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
OPEN = ("IO-21", "WP-14")
JSON = ("content-type", "application/json")
CONTACT = "/services/data/v59.0/sobjects/Contact/003000000000001AAA"


def rows() -> Iterator[str]:
    """Yield every row of the catalogue."""
    for line in (TESTS / "attacks" / "catalogue.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            group, first, last, *_ = line.split()
            yield from (f"{group}-{number:02}" for number in range(int(first), int(last) + 1))


def named() -> set[str]:
    """Return every row that a test or a case names: `IO-19`, or `rc07` in the name of a test."""
    groups = "|".join({row[:2] for row in rows()})
    says = re.compile(rf"(?<![A-Za-z])({groups})[-_]?([0-9]{{2}})(?![0-9])", re.IGNORECASE)
    files = [path for kind in ("test_*.py", "*.yaml") for path in TESTS.rglob(kind)]
    ours = [path for path in files if path != Path(__file__) and "node_modules" not in path.parts]
    texts = [path.read_text("utf-8") for path in ours]
    return {f"{found[1].upper()}-{found[2]}" for text in texts for found in says.finditer(text)}


def test_every_row_has_a_test_or_is_known_to_be_open() -> None:
    """Not both; and what is open is in the README, where people look."""
    assert set(rows()) - named() == set(OPEN)
    limits = (ROOT / "README.md").read_text("utf-8").partition("## Known limits")[2]
    assert [row for row in OPEN if row not in limits] == []


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[GatewayHarness]:
    """An installation with the example policies."""
    made = GatewayHarness.make(tmp_path / "gateway")
    yield made
    made.close()


@pytest.mark.xfail(strict=True, reason="an answer in which something is hidden takes more work")
async def test_io_21_hidden_and_missing_cost_the_same(harness: GatewayHarness) -> None:
    """Counted in calls, which no machine is slower at."""
    counts = []
    for name in ({}, {"SSN__c": "000-12-0101"}):
        row = {"attributes": {"type": "Contact", "url": CONTACT}, "LastName": "Byrne", **name}
        reply = Response(200, Headers((JSON,)), json.dumps(row).encode())
        request = Request("GET", CONTACT, "", Headers(harness.credentials("helpdesk")))
        await harness.exchange("salesforce", request, lambda _, reply=reply: reply)
        calls = [0]

        def count(_frame: FrameType, event: str, _what: object, calls: list[int] = calls) -> None:
            calls[0] += event == "call"

        sys.setprofile(count)
        try:
            await harness.exchange("salesforce", request, lambda _, reply=reply: reply)
        finally:
            sys.setprofile(None)
        counts.append(calls[0])
    assert counts[0] == counts[1]


@pytest.mark.xfail(strict=True, reason="versions are taken off, and none is kept here")
async def test_wp_14_a_write_knows_what_it_was_made_from(harness: GatewayHarness) -> None:
    """Two who read the same record and write it one after the other: the second is told."""
    contact = "/api/data/v9.2/contacts(00000000-0000-0000-0000-000000000001)"
    fields = Headers((*harness.credentials("helpdesk"), JSON, ("if-match", 'W/"1"')))
    body = json.dumps({"telephone1": "+353 1 677 8899"}).encode()
    request = Request("PATCH", contact, "", fields, body)
    ended = await harness.exchange("dynamics", request, lambda _: Response(412))
    assert ended.forwarded is not None
    assert ended.forwarded.headers.one("if-match") == 'W/"1"'

"""IO-19: nothing that is computed from few records is shown, in whatever language it was asked for."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from proxy.message import Headers, Request, Response
from tests.e2e.harness import GatewayHarness

RULES = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: groups}
grants:
  - id: by-month
    effect: allow
    roles: [privacy_officer]
    purposes: [subject_request]
    recipients: [dpo_office]
    on: {categories: [system.operations]}
    actions: [group]
minimum_groups:
  - {id: of-three, on: {categories: [user]}, minimum: 3, except: {roles: [marketer]}}
  - {id: of-two, on: {objects: [Contact], categories: [user]}, minimum: 2}
"""
JSON = "application/json"
SOQL = "GET /services/data/v59.0/query?q="
ODATA = "GET /api/data/v9.2/contacts"


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHarness]:
    """An installation where groups of people have three at least."""
    made = GatewayHarness.make(tmp_path_factory.mktemp("groups") / "installation")
    (made.app.config.policies / "groups.yaml").write_text(RULES)
    made.app.reload()
    yield made
    made.close()


async def told(
    harness: GatewayHarness,
    lane: str,
    asked: str,
    answer: object,
    *,
    body: object = None,
    who: tuple[str, str] = ("privacy_desk", "subject_request"),
) -> tuple[int, Any, dict[str, Any]]:
    """Return status and body of what somebody is answered, and the last entry."""
    method, _, target = asked.partition(" ")
    path, _, query = target.partition("?")
    fields = harness.credentials(*who)
    content = b"" if body is None else json.dumps(body).encode()
    if content:
        fields += (("content-type", JSON),)
    media, raw = (
        (JSON, json.dumps(answer).encode()) if not isinstance(answer, str) else ("text/plain", answer.encode())
    )
    reply = Response(200, Headers((("content-type", media),)), raw)
    ended = await harness.exchange(lane, Request(method, path, query, Headers(fields), content), lambda _: reply)
    assert ended.forwarded is not None, ended.entries
    shown = ended.response.body
    return ended.response.status, json.loads(shown) if shown[:1] in b"[{" else shown, ended.entries[-1]


def groups(*counts: int) -> dict[str, Any]:
    """Return an answer of Salesforce's that groups."""
    rows = [
        {"attributes": {"type": "AggregateResult"}, "expr0": count, "latest": "2026-01-01T00:00:00.000+0000"}
        for count in counts
    ]
    return {"totalSize": len(rows), "done": True, "records": rows}


async def test_groups_of_few_are_left_out(harness: GatewayHarness) -> None:
    """Those that are left say how many they are, and how many groups there are."""
    query = SOQL + quote("SELECT COUNT(Id), MAX(LastModifiedDate) latest FROM Contact")
    status, tree, _ = await told(harness, "salesforce", query, groups(2, 3, 7, 1))
    assert status == 200
    assert [row["expr0"] for row in tree["records"]] == [3, 7]
    assert tree["totalSize"] == 2


async def test_all_groups_of_few_are_no_groups(harness: GatewayHarness) -> None:
    """An answer without rows, as where nothing matched."""
    query = SOQL + quote("SELECT COUNT(Id), MAX(LastModifiedDate) latest FROM Contact")
    _, tree, _ = await told(harness, "salesforce", query, groups(1))
    assert tree == {"totalSize": 0, "done": True, "records": []}


async def test_a_query_has_to_count(harness: GatewayHarness) -> None:
    """Whatever it computes, of however many."""
    query = SOQL + quote("SELECT MAX(LastModifiedDate) latest FROM Contact")
    rows = [{"attributes": {"type": "AggregateResult"}, "latest": "2026-01-01T00:00:00.000+0000"}]
    answer = {"totalSize": 1, "done": True, "records": rows}
    status, tree, entry = await told(harness, "salesforce", query, answer)
    assert status == 403
    assert b"2026-01-01" not in json.dumps(tree).encode()
    assert (entry["reason"], entry["detail"]) == ("group_uncounted", "of-three")


@pytest.mark.parametrize(("size", "shown"), [(0, False), (2, False), (3, True)])
@pytest.mark.parametrize("lane", ["salesforce", "dynamics", "odoo", "tryton"])
async def test_a_count_that_stands_alone_is_refused_if_it_is_small(
    harness: GatewayHarness, lane: str, size: int, shown: bool
) -> None:
    """None and few are told alike."""
    call = {"id": 1, "method": "model.party.party.search_count", "params": [[], 0, None, {}]}
    ways: dict[str, tuple[str, object, object]] = {
        "salesforce": (
            SOQL + quote("SELECT COUNT() FROM Contact"),
            {"totalSize": size, "done": True, "records": []},
            None,
        ),
        "dynamics": (f"{ODATA}/$count", str(size), None),
        "odoo": ("POST /json/2/res.partner/search_count", size, {"domain": []}),
        "tryton": ("POST /rpc/", {"id": 1, "result": size}, call),
    }
    asked, answer, body = ways[lane]
    _, tree, entry = await told(harness, lane, asked, answer, body=body)
    assert (entry["kind"] == "disclosed") is shown
    assert (str(size) in json.dumps(tree, default=str).split("decision")[0]) >= shown
    if not shown:
        assert (entry["reason"], entry["detail"]) == ("group_too_small", "of-three")


async def test_groups_of_odata_and_fetchxml(harness: GatewayHarness) -> None:
    """By the alias that the client gave its count."""
    apply = f"{ODATA}?$apply=" + quote("aggregate($count as n,modifiedon with max as last)")
    fetch = f"{ODATA}?fetchXml=" + quote(
        '<fetch aggregate="true"><entity name="contact"><attribute name="contactid" alias="n" '
        'aggregate="count"/>'
        '<attribute name="modifiedon" alias="last" aggregate="max"/></entity></fetch>'
    )
    rows = [{"n": count, "last": "2026-01-01T00:00:00Z"} for count in (1, 5)]
    for asked in (apply, fetch):
        _, tree, _ = await told(harness, "dynamics", asked, {"value": [dict(row) for row in rows]})
        assert [row["n"] for row in tree["value"]] == [5], asked


async def test_joined_rows_count_nobody(harness: GatewayHarness) -> None:
    """A person with twelve accounts is twelve rows."""
    fetch = f"{ODATA}?fetchXml=" + quote(
        '<fetch aggregate="true"><entity name="contact"><attribute name="contactid" alias="n" '
        'aggregate="count"/>'
        '<link-entity name="account" from="accountid" to="parentcustomerid" alias="a"/></entity></fetch>'
    )
    status, _, entry = await told(harness, "dynamics", fetch, {"value": [{"n": 12}]})
    assert (status, entry["reason"]) == (403, "group_uncounted")


async def test_groups_of_odoo(harness: GatewayHarness) -> None:
    """Odoo counts by itself."""
    body = {"domain": [], "fields": ["write_date:max"], "groupby": ["create_date:month"], "lazy": False}
    rows = [
        {"create_date:month": month, "__count": count, "write_date": "2026-01-01 00:00:00"}
        for month, count in (("January 2026", 2), ("May 2026", 4))
    ]
    answered: dict[str, Any] = {}
    status, tree, answered = await told(harness, "odoo", "POST /json/2/res.partner/read_group", rows, body=body)
    assert status == 200, answered
    assert [row["__count"] for row in tree] == [4]


async def test_whom_a_demand_leaves_out(harness: GatewayHarness) -> None:
    """The newsletter service counts as before."""
    who, asked = ("mailer", "newsletter"), "POST /json/2/res.partner/search_count"
    _, tree, entry = await told(harness, "odoo", asked, 1, body={"domain": []}, who=who)
    assert (entry["kind"], tree) == ("disclosed", b"1")

"""Rows that take records away, or bring them back, are what they are in a job of any size."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.erasure import Known
from proxy.erasures import Erasures
from tests.streaming.conftest import BATCHES, IMPORT, Crm, Stand, Told, key, standing, takes_it

GRANT = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: leaving}
grants:
  - id: leads-change-contacts
    effect: allow
    roles: [support_lead]
    purposes: [customer_support]
    on: {objects: [Contact], fields: [Email, Phone, DoNotCall]}
    actions: [update]
"""
MAY_DELETE = (
    GRANT
    + """\
  - id: leads-delete-contacts
    effect: allow
    roles: [support_lead]
    purposes: [customer_support]
    on: {objects: [Contact]}
    actions: [delete, erase]
"""
)
RULE = """
rules:
  - {id: deletes-of-rows, on: {objects: [Contact]}, then: THEN, MORE}
"""
GONE = {"Email": "a@b.example", "DoNotCall": "true"}
EMPTY = {"Email": None, "Phone": None}
STAYS = {"Email": "a@b.example", "DoNotCall": None, "Phone": "+353 1 555 0101"}


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    """A lane whose CRM archives by one field, and of whose people nothing is left without two others."""
    async with standing(tmp_path) as found:
        connector = found.app.config.policies / "connectors" / "salesforce.yaml"
        text = connector.read_text("utf-8")
        fresh = text.replace(
            '    prefix: "003"\n',
            '    prefix: "003"\n    deletes: {DoNotCall: true}\n    erases: [Email, Phone]\n',
            1,
        )
        assert fresh != text
        connector.write_text(fresh, "utf-8")
        found.crm.play = plays
        found.rule(GRANT)
        yield found


async def plays(crm: Crm, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take rows, and have no record that is asked for."""
    if crm.heads[-1].startswith(b"GET "):
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
    else:
        await takes_it(crm, reader, writer)


async def sent(stand: Stand, form: str, *rows: dict[str, str | None]) -> Told:
    """Send rows as CSV or in lines."""
    if form == "lines":
        each = [{"Id": key(number), **row} for number, row in enumerate(rows)]
        body = "".join(f"{json.dumps(row)}\n" for row in each).encode()
        return await stand.send("POST", IMPORT, "application/x-ndjson", [body])
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [
        [key(number), *("#N/A" if row.get(name, "") is None else row.get(name, "") for name in names)]
        for number, row in enumerate(rows)
    ]
    body = "".join(f"{','.join(map(str, row))}\n" for row in [["Id", *names], *cells]).encode()
    return await stand.send("PUT", BATCHES, "text/csv", [body])


def restrain(stand: Stand, then: str, more: str) -> None:
    """Have a rule for deletes in force, and the grant for them."""
    erasure = next(stand.app.config.policies.rglob("erasure.yaml"))
    erasure.write_text(erasure.read_text("utf-8") + RULE.replace("THEN", then).replace("MORE", more), "utf-8")
    stand.rule(MAY_DELETE)


@pytest.mark.parametrize("form", ["cells", "lines"])
@pytest.mark.parametrize("row", [GONE, EMPTY])
async def test_rows_that_take_a_record_away_need_a_grant_for_that(
    stand: Stand, form: str, row: dict[str, str | None]
) -> None:
    """To change the fields is not enough; with the grant they go, and are told as what they are."""
    told = await sent(stand, form, STAYS, row)
    assert told.status == 403 or not told.whole
    assert stand.crm.body is None
    (declined,) = [entry for entry in stand.entries() if entry["kind"] in {"declined", "failed"}]
    assert declined["reason"] == "not_granted"
    stand.crm.received.clear()
    stand.rule(MAY_DELETE)
    assert (await sent(stand, form, STAYS, row)).status == 201
    does = {each for entry in stand.entries() if entry["kind"] == "requested" for each in entry["operations"]}
    assert f"{'delete' if row is GONE else 'erase'} Contact" in does


@pytest.mark.parametrize("form", ["cells", "lines"])
async def test_rows_that_leave_somebody_are_updates(stand: Stand, form: str) -> None:
    """One of two fields is emptied, or the flag is not set: nobody goes."""
    rows = STAYS, {**EMPTY, "Phone": "+353 1 555 0102"}, {"DoNotCall": "false"}
    assert (await sent(stand, form, *rows)).status == 201
    does = {each for entry in stand.entries() if entry["kind"] == "requested" for each in entry["operations"]}
    assert does == {"update Contact"}


@pytest.mark.parametrize("form", ["cells", "lines"])
@pytest.mark.parametrize(
    ("then", "more", "reason"),
    [
        ("refuse", 'because: "They stay."', "erasure_refused"),
        ("case", "ground: objection", "erasure_rows"),
        ("convert", "ground: objection", "erasure_rows"),
        ("pass", "roles: [support_lead]", ""),
    ],
)
async def test_what_policy_has_in_place_of_a_delete_stops_the_job(
    stand: Stand, form: str, then: str, more: str, reason: str
) -> None:
    """A job cannot be answered with cases, so it does not go on; with `pass` it does."""
    restrain(stand, then, more)
    told = await sent(stand, form, GONE)
    if not reason:
        assert told.status == 201
        return
    assert (told.status, bytes(stand.crm.received)) == (403, b"")
    assert stand.entries()[-1]["reason"] == reason


@pytest.mark.parametrize("form", ["cells", "lines"])
async def test_rows_bring_nobody_back_who_cannot_be_seen(stand: Stand, form: str) -> None:
    """The flag is taken back: each record is looked at once anybody was erased, and this CRM shows none."""
    back = {"DoNotCall": "false"}
    assert (await sent(stand, form, back)).status == 201
    stand.crm.received.clear()
    Erasures(stand.app).tombstones.put("case0001", [Known("email", "x@y.example")], 7)
    told = await sent(stand, form, back)
    assert (told.status, bytes(stand.crm.received)) == (403, b"")
    assert stand.entries()[-1]["reason"] == "person_unseen"

"""What may happen once somebody is erased."""

import asyncio
import base64
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from pypdf import PdfReader

from proxy.cli.erasure import erasure
from proxy.erase import BACK
from proxy.erasure import State
from proxy.errors import LychgateError
from proxy.message import Headers, Request
from proxy.sandbox.salesforce.objects import SCHEMA
from tests.desk import Desk
from tests.erase.conftest import AOIFE, answered


async def test_who_comes_back_is_put_on_a_list_and_may_be_let_in(desk: Desk) -> None:
    """The write is refused, 409 where policy has somebody decide; after a new basis it passes, in any form."""
    rules = desk.harness.installation.policies / "example" / "erasure.yaml"
    case = await desk.confirmed()
    await desk.does("run", case)
    crm = desk.crms["salesforce"]
    path = f"/services/data/v59.0/sobjects/Contact/{crm.people()[3]['Id']}"
    fields = (("content-type", "application/json"), *desk.harness.credentials("helpdesk", "customer_support"))
    write = Request("PATCH", path, headers=Headers(fields), body=b'{"Phone": "00353 86 555 0101"}')

    async def status() -> int:
        ended = await desk.harness.exchange("salesforce", write, lambda request: answered(crm, request))
        return ended.response.status

    assert await status() == 403
    rules.write_text(rules.read_text("utf-8") + "returns: quarantine\n", "utf-8")
    desk.harness.app.reload()
    assert await status() == 409
    (line,) = (await desk.does("returns"))["returns"]
    assert (line["case"], line["lane"], line["count"]) == (case, "salesforce", 2)
    await desk.erasures.unasked.warn()
    assert desk.erasures.unasked.clocks["returns"] == 1
    assert AOIFE not in str(desk.harness.entries()).lower()
    assert (await desk.does("returns", dismiss=case))["returns"] == []
    with pytest.raises(LychgateError, match="no case"):
        await desk.does("returns", dismiss=case)
    assert await status() == 409
    assert (await desk.does("allow", case, basis="new contract of 2026-05-01"))["values"] > 0
    assert (await desk.does("returns"))["returns"] == []
    assert await status() == 204
    kept = desk.erasures.cases.get(case)
    desk.erasures.cases.keep(kept.put(checks=(1,)))
    assert (await desk.does("run", case))["state"] == State.FINAL  # the later check does not erase her again
    assert any("86 555 0101" in str(row["Phone"]) for row in crm.people())


async def test_who_came_back_past_us_is_let_in_and_read_again(desk: Desk) -> None:
    """A later check found them, and shut them out; on a new basis the case goes on, and erases nobody."""
    case, cases, crm = await desk.confirmed(), desk.erasures.cases, desk.crms["salesforce"]
    await desk.does("run", case)
    crm.org.insert(SCHEMA.objects["contact"], {"LastName": "Byrne", "Email": AOIFE})
    cases.keep(cases.get(case).put(checks=(1,)))
    told = await desk.does("run", case)
    assert (told["state"], told["reason"]) == (State.PARTIAL, BACK)
    assert desk.harness.app.restricted.items
    await desk.does("allow", case, basis="new contract of 2026-05-01")
    assert (await desk.does("run", case))["state"] == State.FINAL
    assert not desk.harness.app.restricted.items
    assert any(one["Email"] == AOIFE for one in crm.people())


async def test_a_certificate_says_what_has_become_of_its_case(desk: Desk, tmp_path: Path) -> None:
    """Its file, its pages and the command: whoever is handed it does not take for erased who is back."""
    case, cases, crm = await desk.confirmed(), desk.erasures.cases, desk.crms["salesforce"]
    await desk.does("run", case)
    assert (await desk.does("certificate", case))["superseded"] == ""
    crm.org.insert(SCHEMA.objects["contact"], {"LastName": "Byrne", "Email": AOIFE})
    cases.keep(cases.get(case).put(checks=(1,)))
    await desk.does("run", case)
    told = await desk.does("certificate", case)
    notice = told["superseded"]
    assert (told["edition"], f"the case is partial: {BACK}" in notice) == ("live-complete", True)
    assert json.loads(told["json"])["superseded"] == notice
    assert notice in told["html"]
    paper = "".join(each.extract_text() for each in PdfReader(io.BytesIO(base64.b64decode(told["pdf"]))).pages)
    assert "".join(notice.split()) in "".join(paper.split())
    desk.harness.close()
    config = str(desk.harness.installation.config)
    asked = ["certificate", case, "--config", config, "--out", str(tmp_path)]
    said = await asyncio.to_thread(CliRunner().invoke, erasure, asked)
    assert (said.exit_code, notice in said.stderr, notice in said.stdout) == (0, True, False)
    file = json.loads((tmp_path / f"{case}-live-complete.json").read_text("utf-8"))
    assert file["superseded"] == notice


async def test_an_edition_says_that_there_is_a_later_one(desk: Desk) -> None:
    """The final one says that all was looked at again; the one before does not."""
    case, cases = await desk.confirmed(), desk.erasures.cases
    await desk.does("run", case)
    cases.keep(cases.get(case).put(checks=(1,)))
    await desk.does("run", case)
    assert (await desk.does("certificate", case))["superseded"] == ""
    first = await desk.does("certificate", case, edition="live-complete")
    assert first["superseded"] == "A later edition has been issued: final."

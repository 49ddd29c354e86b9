"""Into which CRMs an erasure looks, and when their credentials are read."""

import pytest

from proxy.erase import Site
from proxy.erasure import State
from proxy.erasures import ports
from proxy.erasures.sites import COPIES
from proxy.errors import Problem, Problems
from proxy.sandbox.salesforce.objects import SCHEMA
from tests.desk import ABOUT, Desk

PROTECT = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: protect}
protect:
  - id: streets
    on: {connectors: [salesforce], objects: [Contact], fields: [MailingStreet]}
    as: envelope
"""


async def test_a_crm_that_nobody_looks_into_is_named(desk: Desk) -> None:
    """By whoever confirms, and in the certificate: it says nothing of lanes that it seems to cover."""
    case = await desk.confirmed()
    assert "dynamics: nobody looked into this CRM" in " ".join((await desk.does("show", case))["summary"])
    (issued,) = (await desk.does("run", case))["issued"]
    assert "odoo: nobody looked into this CRM" in issued["text"]
    assert "hubspot: nobody looked" not in issued["text"]


@pytest.mark.parametrize("protects", [True, False])
async def test_copies_of_the_keys_are_named_where_there_are_any(desk: Desk, protects: bool) -> None:
    """The person's key is destroyed here; a backup of the store has it, under a key that is still in force."""
    if protects:
        (desk.harness.installation.policies / "example" / "protect.yaml").write_text(PROTECT, "utf-8")
        desk.harness.app.reload()
    case = await desk.confirmed()
    assert (COPIES in " ".join((await desk.does("show", case))["summary"])) is protects
    (issued,) = (await desk.does("run", case))["issued"]
    assert (COPIES in issued["text"]) is protects


async def test_a_lane_that_went_away_is_not_taken_for_clean(desk: Desk) -> None:
    """Its records were found once; if nobody can look there, nothing is certified."""
    case = await desk.confirmed()
    await desk.does("run", case)
    del desk.crms["hubspot"]
    kept = desk.erasures.cases.get(case)
    findings = await desk.erasures.erasers.make()._checked(kept)
    assert ("hubspot", "unverifiable") in {(one.lane, one.verdict) for one in findings}


async def test_no_credential_is_read_before_a_crm_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is only written down needs no CRM: a hold has to be possible when a credential cannot be read."""
    case = await desk.confirmed()

    def unreadable(_app: object) -> None:
        raise Problems([Problem("crm.key", 0, 0, "LG204", "it cannot be read")])

    monkeypatch.setattr(ports, "sites", unreadable)
    opened = (await desk.does("open", **ABOUT))["case"]
    assert (await desk.does("hold", case, because="litigation"))["state"] == State.HELD
    assert (await desk.does("revoke", opened))["state"] == State.REVOKED
    with pytest.raises(Problems):
        await desk.does("plan", (await desk.does("open", **ABOUT))["case"])


async def test_sites_are_made_once_for_one_piece_of_work(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each making reads every lane's credential and certificates."""
    made = []

    def counted(_app: object) -> dict[str, Site]:
        made.append(1)
        return desk.sites()

    monkeypatch.setattr(ports, "sites", counted)
    case = (await desk.does("open", **ABOUT))["case"]
    assert made == []
    await desk.does("plan", case)
    assert len(made) == 1


async def test_a_lane_that_nobody_can_look_into_any_more_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the person was found in it, but it was looked into: the last word does not pass over it."""
    org = desk.crms["salesforce"].org
    org.insert(SCHEMA.objects["contact"], {"LastName": "Quill", "Email": "petra.quill@example.org"})
    about = {"values": [("email", "petra.quill@example.org")], "ground": "objection", "identity": "document"}
    case = (await desk.does("open", **about))["case"]
    await desk.agree(case)
    told = await desk.does("run", case)
    assert (told["state"], {one["lane"] for one in told["findings"]}) == (
        "live_complete",
        {"", "hubspot", "salesforce"},
    )
    sites = desk.sites()
    monkeypatch.setattr(ports, "sites", lambda _app: {"salesforce": sites["salesforce"]})
    desk.erasures.cases.keep(desk.erasures.cases.get(case).put(checks=(1,)))
    told = await desk.does("run", case)
    assert ("hubspot", "unverifiable", "lane_missing") in {
        (one["lane"], one["verdict"], one["why"]) for one in told["findings"]
    }
    assert (told["state"], [one["edition"] for one in told["issued"]]) == ("live_complete", ["live-complete"])

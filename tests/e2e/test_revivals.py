"""Whoever was erased does not come back in a record that is undeleted or merged: by its id nobody knows them."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from proxy.app import build
from proxy.config import load_config
from proxy.demo.installation import LaneOf, make_installation
from proxy.erasure import Known
from proxy.erasures import Erasures
from proxy.message import Headers, Request, Response
from proxy.sandbox import (
    DynamicsSandbox,
    Fault,
    HubSpotSandbox,
    OdooSandbox,
    PipedriveSandbox,
    SalesforceSandbox,
    Sandbox,
    SuiteCrmSandbox,
    ZohoSandbox,
    running,
)
from tests.e2e.harness import CRM_TOKEN, Ended, GatewayHarness
from tests.e2e.test_deletes import DYN, GRANT, json_request, soap, suite
from tests.erase.conftest import answered

AOIFE = "aoife.byrne@example.org"
KINDS = {
    "salesforce": SalesforceSandbox, "hubspot": HubSpotSandbox, "dynamics": DynamicsSandbox,
    "odoo": OdooSandbox, "pipedrive": PipedriveSandbox, "zoho": ZohoSandbox, "suitecrm": SuiteCrmSandbox,
}  # fmt: skip


class Street:
    """Lychgate in this process; every CRM is on a socket, for what Lychgate asks by itself."""

    def __init__(self, folder: Path, crms: dict[str, Sandbox], urls: dict[str, str]) -> None:
        lanes: dict[Any, LaneOf] = {name: LaneOf(0, url, CRM_TOKEN) for name, url in urls.items()}
        lanes["zoho"] = LaneOf(0, urls["zoho"], CRM_TOKEN, "Zoho-oauthtoken")
        made = make_installation(folder, lanes, admin=0)
        grant = GRANT.replace("Contacts]", "Contacts, Account, Leads]")
        assert grant != GRANT
        suite = made.policies / "example" / "suitecrm.yaml"  # the example lets nobody write SuiteCRM's mark
        suite.write_text(suite.read_text("utf-8").replace("fields: [deleted]}", "fields: [title]}"), "utf-8")
        (made.policies / "example" / "everything.yaml").write_text(grant, "utf-8")
        self.crms = crms
        self.harness = GatewayHarness(made, build(load_config(made.config)))
        self.erasures = Erasures(self.harness.app)
        self.cases: list[str] = []

    def bury(self, address: str = AOIFE) -> None:
        """Remember somebody as erased."""
        self.case = f"case{len(self.cases):04}"
        self.cases.append(self.case)
        self.erasures.tombstones.put(self.case, [Known("email", address)], 7)

    def clear(self) -> None:
        """Have everybody be here again, on a new basis."""
        for case in self.cases:
            self.erasures.tombstones.allow(case, "a new contract")
            self.erasures.returns.drop(case)

    async def fire(self, lane: str, request: Request) -> Ended:
        """Return how an exchange of the privacy officer's ends; the CRM does nothing of what it is told."""
        fields = (*request.headers, *self.harness.credentials("privacy_desk", "subject_request"))
        sent = Request(request.method, request.path, request.query, Headers(fields), request.body)
        return await self.harness.exchange(lane, sent, lambda _: Response(204))

    def aoife(self, lane: str) -> str:
        """Return the id of her record."""
        for row in self.crms[lane].people():
            if AOIFE in str(row).lower():
                return str(next(row[key] for key in ("Id", "id", "contactid", "hs_object_id") if key in row))
        raise AssertionError(lane)

    def other(self, lane: str) -> str:
        """Return the id of somebody else's."""
        for row in self.crms[lane].people():
            if AOIFE not in str(row).lower() and "leadid" not in row:
                return str(next(row[key] for key in ("Id", "id", "contactid", "hs_object_id") if key in row))
        raise AssertionError(lane)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """All seven; of her record in a bin nobody gets it out again."""
    crms = {name: kind(CRM_TOKEN) for name, kind in KINDS.items()}
    with ExitStack() as stack:
        urls = {name: stack.enter_context(running(crm)).url for name, crm in crms.items()}
        made = Street(tmp_path_factory.mktemp("street") / "gateway", crms, urls)
        stack.callback(made.harness.app.kept.close)
        stack.callback(made.harness.close)
        yield made


def undelete(key: str) -> Request:
    """Return Salesforce's call for it."""
    return soap(f"<u:undelete><u:ids>{key}</u:ids></u:undelete>")


def sf_merge(kept: str, lost: str) -> Request:
    """Return Salesforce's call for a merge."""
    return soap(
        f"<u:merge><u:request><u:masterRecord><o:type>Contact</o:type><o:Id>{kept}</o:Id></u:masterRecord>"
        f"<u:recordToMergeIds>{lost}</u:recordToMergeIds></u:request></u:merge>"
    )


def zoho_merge(kept: str, lost: str) -> Request:
    """Return Zoho's call for a merge."""
    data = [{"id": lost, "_fields": [{"api_name": "Email"}]}]
    return json_request(f"POST /crm/v8/Contacts/{kept}/actions/merge", {"merge": [{"data": data}]})


def delete(crm: Sandbox, lane: str, key: str) -> None:
    """Have a record deleted, or archived, past Lychgate, long before anybody asked for anything."""
    ways = {
        "salesforce": f"DELETE /services/data/v59.0/sobjects/Contact/{key}",
        "pipedrive": f"DELETE /api/v2/persons/{key}",
        "suitecrm": f"DELETE /Api/V8/module/Contacts/{key}",
    }
    assert answered(crm, json_request(ways[lane])).status < 300


BACK = {
    "Salesforce, out of the bin": ("salesforce", True, lambda her, other: undelete(her)),
    "Salesforce, merged": ("salesforce", False, lambda her, other: sf_merge(other, her)),
    "HubSpot, merged": ("hubspot", False, lambda her, other: json_request(
        "POST /crm/v3/objects/contacts/merge", {"primaryObjectId": other, "objectIdToMerge": her})),
    "Dynamics, made active": ("dynamics", False, lambda her, other: json_request(
        f"PATCH {DYN}/contacts({her})", {"statecode": 0}, ("if-match", "*"))),
    "Odoo, out of the archive": ("odoo", False, lambda her, other: json_request(
        "POST /json/2/res.partner/write", {"ids": [int(her)], "vals": {"active": True}})),
    "Pipedrive, a flag": ("pipedrive", True, lambda her, other: json_request(
        f"PUT /v1/persons/{her}", {"active_flag": True})),
    "Pipedrive, the other flag": ("pipedrive", True, lambda her, other: json_request(
        f"PATCH /api/v2/persons/{her}", {"is_deleted": False})),
    "Pipedrive, merged": ("pipedrive", False, lambda her, other: json_request(
        f"PUT /v1/persons/{other}/merge", {"merge_with_id": int(her)})),
    "Zoho, merged": ("zoho", False, lambda her, other: zoho_merge(other, her)),
    "SuiteCRM, a flag": ("suitecrm", True, lambda her, other: suite({"deleted": 0}, her)),
}  # fmt: skip
"""How somebody is brought back by an id: lane, whether the record is deleted before, and the request."""


@pytest.mark.parametrize("way", BACK)
async def test_nobody_who_was_erased_comes_back_by_an_id(street: Street, way: str) -> None:
    """A record of hers that no case knew of: it goes to the CRM on a new basis alone."""
    lane, gone, asking = BACK[way]
    request = asking(street.aoife(lane), street.other(lane))
    crm = street.crms[lane]
    street.clear()
    if gone:
        delete(crm, lane, street.aoife(lane))
    crm.calls.clear()
    assert (await street.fire(lane, request)).forwarded is not None
    assert not crm.calls  # where nobody was erased nothing is asked
    street.bury()
    ended = await street.fire(lane, request)
    assert ended.forwarded is None
    assert ended.entries[-1]["reason"] == "person_erased"
    assert crm.calls  # it was looked at, with the lane's own credential
    assert [line["case"] for line in street.erasures.returns.waiting()] == [street.case]
    assert AOIFE not in json.dumps(ended.entries)
    street.clear()
    street.bury("nobody@elsewhere.example")
    assert (await street.fire(lane, request)).forwarded is not None


@pytest.mark.parametrize("way", BACK)
async def test_what_cannot_be_read_stays_away(street: Street, way: str) -> None:
    """The CRM does not answer, or has no such record: nobody can say who it is, so nobody comes back."""
    lane, _, asking = BACK[way]
    street.clear()
    street.bury("nobody@elsewhere.example")
    crm = street.crms[lane]
    request = asking(street.aoife(lane), street.other(lane))
    crm.faults.add(Fault("crash", times=-1))
    ended = await street.fire(lane, request)
    crm.faults.clear()
    assert (ended.forwarded, ended.response.status) == (None, 503)
    assert ended.entries[-1]["reason"] == "person_unseen"
    ended = await street.fire(lane, asking(NOBODY[lane], street.other(lane)))
    assert (ended.forwarded, ended.response.status) == (None, 403)
    assert ended.entries[-1]["reason"] == "person_unseen"


NOBODY = {
    "salesforce": "003000000000999AAA", "hubspot": "424242", "odoo": "424242", "pipedrive": "424242",
    "dynamics": "00000000-0000-0000-0000-000000000999", "zoho": "5725767000000999999",
    "suitecrm": "00000000-0000-0000-0000-000000000999",
}  # fmt: skip
"""Ids that no record has."""


async def test_an_account_does_not_bring_along_who_was_erased(street: Street) -> None:
    """Salesforce deletes contacts with their account, and brings them back with it."""
    org = street.crms["salesforce"]
    assert isinstance(org, SalesforceSandbox)
    account = org.org.insert(org.org.schema.objects["account"], {"Name": "Quill Ltd"})
    contact = {"LastName": "Quill", "Email": "una.quill@example.org", "AccountId": account}
    key = org.org.insert(org.org.schema.objects["contact"], contact)
    street.clear()
    street.bury("una.quill@example.org")
    for sobject, each in (("contact", key), ("account", account)):
        org.org.delete(org.org.schema.objects[sobject], each)
    ended = await street.fire("salesforce", undelete(account))
    assert (ended.forwarded, ended.entries[-1]["reason"]) == (None, "person_erased")
    street.clear()
    street.bury("nobody@elsewhere.example")
    assert (await street.fire("salesforce", undelete(account))).forwarded is not None


async def test_nobody_comes_back_whom_a_request_does_not_name(street: Street) -> None:
    """By a key of Dynamics' that is no id: only the CRM would know who it is."""
    target = f"PATCH {DYN}/contacts(emailaddress1='x@example.org')"
    request = json_request(target, {"statecode": 0}, ("if-match", "*"))
    street.clear()
    assert (await street.fire("dynamics", request)).forwarded is not None
    street.bury("nobody@elsewhere.example")
    ended = await street.fire("dynamics", request)
    assert (ended.forwarded, ended.entries[-1]["reason"]) == (None, "person_unseen")


async def test_a_record_that_names_nobody_comes_back_unseen(street: Street) -> None:
    """An opportunity: no field of it names anybody, and nothing is asked."""
    street.clear()
    street.bury()
    street.crms["salesforce"].calls.clear()
    ended = await street.fire("salesforce", undelete("006000000000001AAA"))
    assert not street.crms["salesforce"].calls
    assert ended.entries[-1].get("reason") != "person_unseen"

"""Unmodified clients delete people, and a case takes the place of each delete: what each of them makes of it.

Everything happens twice: with a policy that has it said as done, and with one that says it is pending.
"""

import subprocess
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import odoorpc
import pytest
import requests
import zeep
from hubspot.crm.contacts import BatchInputSimplePublicObjectId, SimplePublicObjectId
from pipedrive.client import Client as Pipedrive
from simple_salesforce.exceptions import SalesforceError
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, ParameterMap
from zohocrmsdk.src.com.zoho.crm.api.record import DeleteRecordsParam, RecordOperations

from proxy.demo.installation import LaneOf
from proxy.sandbox import (
    DynamicsSandbox,
    HubSpotSandbox,
    OdooSandbox,
    PipedriveSandbox,
    SalesforceSandbox,
    Sandbox,
    ZohoSandbox,
    running,
)
from tests.crm.node_processes import FOLDER, Client, environment, node
from tests.crm.test_jsforce import Client as Jsforce
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import PATIENCE, Installed
from tests.e2e.sdks import Hubspot, salesforce
from tests.e2e.zohosdk import ZohoSdk

SANDBOXES = {
    "salesforce": SalesforceSandbox, "hubspot": HubSpotSandbox, "dynamics": DynamicsSandbox, "odoo": OdooSandbox,
    "pipedrive": PipedriveSandbox, "zoho": ZohoSandbox,
}  # fmt: skip
OBJECTS = "[Contact, contacts, contact, res.partner, persons, Contacts]"
RULE = """
rules:
  - id: people-are-cases
    on: {{objects: {objects}}}
    then: case
    answer: {answer}
    ground: objection
"""
GRANT = f"""
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {{name: deletes, owner: dpo}}
grants:
  - id: leads-may-delete
    roles: [support_lead]
    purposes: [customer_support]
    on: {{objects: {OBJECTS}}}
    actions: [delete, erase]
    effect: allow
"""
CALLER = "helpdesk_leads"


@dataclass(frozen=True)
class Place:
    """Lanes in front of sandboxes, under a policy."""

    run: Installed
    crms: dict[str, Any]
    done: bool
    """Whether clients are to be told that it is."""

    def key(self, crm: str, at: int) -> str:
        """Return the id of somebody in a CRM."""
        row = self.crms[crm].people()[at]
        return str(row[next(name for name in ("Id", "contactid", "hs_object_id", "id") if name in row)])

    def untouched(self, crm: str) -> bool:
        """Say whether the CRM was asked to delete nothing."""
        return not [each for each in self.crms[crm].calls if each.method == "DELETE"]


@pytest.fixture(scope="module", params=["done", "accepted"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Run Lychgate in front of all of them."""
    with ExitStack() as stack:
        crms: dict[str, Sandbox] = {name: make(CRM_TOKEN) for name, make in SANDBOXES.items()}
        urls = {name: stack.enter_context(running(crm)).url for name, crm in crms.items()}
        lanes = {name: LaneOf(0, url, CRM_TOKEN, tls=name == "salesforce") for name, url in urls.items()}
        run = Installed.make(tmp_path_factory.mktemp(request.param) / "gateway", lanes)  # type: ignore[arg-type]
        example = run.made.policies / "example"
        rule = RULE.format(objects=OBJECTS, answer=request.param)
        (example / "erasure.yaml").write_text((example / "erasure.yaml").read_text("utf-8") + rule, "utf-8")
        (example / "deletes.yaml").write_text(GRANT, "utf-8")
        try:
            yield Place(run.up(), crms, request.param == "done")
            run.down()
            run.check_ledger()
        finally:
            run.kill()


def test_simple_salesforce(place: Place) -> None:
    """One record, a collection, a composite and a job."""
    client = salesforce(place.run, CALLER)
    first, second = place.key("salesforce", 0), place.key("salesforce", 1)
    assert client.Contact.delete(first) == (204 if place.done else 202)
    said = client.restful("composite/sobjects", params={"ids": f"{second},{first}"}, method="DELETE")
    assert [(one["id"], one["success"]) for one in said] == [(second, place.done), (first, place.done)]
    rows = [{"method": "DELETE", "url": f"/services/data/v59.0/sobjects/Contact/{first}", "referenceId": "a"}]
    said = client.restful("composite", method="POST", json={"compositeRequest": rows})["compositeResponse"]
    assert [(one["referenceId"], one["httpStatusCode"]) for one in said] == [("a", 204 if place.done else 202)]
    with pytest.raises(SalesforceError, match="by id"):
        client.bulk2.Contact.delete(records=[{"Id": first}])
    assert place.untouched("salesforce")


def test_jsforce(place: Place) -> None:
    """`destroy` of one record, and of several."""
    first, second = place.key("salesforce", 2), place.key("salesforce", 3)
    process = subprocess.Popen(
        [node(), "jsforce.js"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=environment(SERVER_URL=place.run.url("salesforce", "https"), API_KEY=place.run.keys[CALLER],
            NODE_EXTRA_CA_CERTS=str(place.run.made.authority),
        ),
    )  # fmt: skip
    try:
        client = Jsforce(process)
        one = client.contact("destroy", first)
        assert (one["id"], one["success"]) == (first, place.done)
        both = client.contact("destroy", [first, second])
        assert [(each["id"], each["success"]) for each in both] == [(first, place.done), (second, place.done)]
        assert [each["errors"] == [] for each in both] == [place.done, place.done]
    finally:
        process.communicate(timeout=PATIENCE)
    assert place.untouched("salesforce")


def test_zeep(place: Place) -> None:
    """The partner WSDL's own types take what we answer."""
    session = requests.Session()
    session.trust_env, session.verify = False, str(place.run.made.authority)
    client = zeep.Client(
        str(Path(__file__).parent / "partner.wsdl"),
        transport=zeep.Transport(session=session),
        settings=zeep.Settings(strict=True),  # type: ignore[no-untyped-call]
    )
    url = f"{place.run.url('salesforce', 'https')}/services/Soap/u/59.0"
    service = client.create_service("{urn:partner.soap.sforce.com}SoapBinding", url)
    keys = [place.key("salesforce", at) for at in (5, 4)]
    header = {"SessionHeader": {"sessionId": place.run.keys[CALLER]}}
    found = service.delete(ids=keys, _soapheaders=header)
    results = found if isinstance(found, list) else found.result
    assert [(one.id, one.success) for one in results] == [(key, place.done) for key in keys]
    codes = [error.statusCode for one in results for error in one.errors]
    assert codes == ([] if place.done else ["ENTITY_IS_LOCKED"] * 2)


def test_hubspot(place: Place) -> None:
    """One record and a batch, whose header has the cases."""
    client = Hubspot(place.run, CALLER)
    first, second = place.key("hubspot", 0), place.key("hubspot", 1)
    one = client.basic.archive_with_http_info(first)
    assert (one[0], one[1]) == (None, 204 if place.done else 202)
    inputs = BatchInputSimplePublicObjectId([SimplePublicObjectId(id=key) for key in (first, second)])
    many = client.batch.archive_with_http_info(inputs)
    assert (many[0], many[1]) == (None, 204 if place.done else 202)
    cases = many[2]["lychgate-erasure-case"].split(", ")
    assert len(cases) == 2
    assert cases[0] == one[2]["lychgate-erasure-case"]
    assert place.untouched("hubspot")


def test_many_who_delete_one_person_at_once_are_told_of_one_case(place: Place) -> None:
    """By clients of their own: whoever comes second finds the case that is under way."""
    key = place.key("hubspot", 4)

    def one(_: int) -> str:
        client = Hubspot(place.run, CALLER)
        return str(client.basic.archive_with_http_info(key)[2]["lychgate-erasure-case"])

    with ThreadPoolExecutor(8) as pool:
        (case,) = set(pool.map(one, range(16)))
    said = [entry["what"] for entry in place.run.entries() if entry["kind"] == "erasure" and entry["id"] == case]
    assert (said.count("opened"), said.count("asked_again")) == (1, 15)


def test_odoorpc(place: Place) -> None:
    """`unlink` says true, or raises what Odoo's users know."""
    opener = urllib.request.build_opener()
    opener.addheaders = [("X-Lychgate-Key", place.run.keys[CALLER])]
    client = odoorpc.ODOO("localhost", port=place.run.ports["odoo"], opener=opener)
    client.login("any", "somebody", place.run.keys[CALLER])
    partners = client.env["res.partner"]
    if place.done:
        assert partners.unlink([7]) is True
        assert partners.write([8], {"active": False}) is True
        return
    for call in (lambda: partners.unlink([7]), lambda: partners.write([8], {"active": False})):
        with pytest.raises(odoorpc.error.RPCError, match="Nothing is deleted yet"):
            call()


def test_pipedrive(place: Place) -> None:
    """`success` is what it asks for."""
    client = Pipedrive(domain=place.run.url("pipedrive"))
    client.set_access_token(place.run.keys[CALLER])
    said = client.persons.delete_person(4)
    assert said["success"] is place.done
    assert (said["data"] == {"id": 4}) is place.done
    assert place.untouched("pipedrive")


def test_zoho(place: Place, tmp_path: Path) -> None:
    """Each record has an object of the SDK: a success, or an error."""
    ZohoSdk(place.run.url("zoho"), place.run.keys[CALLER], tmp_path).switched()
    keys = [place.key("zoho", 0), place.key("zoho", 1)]
    params = ParameterMap()
    params.add(DeleteRecordsParam.ids, ",".join(keys))
    answer = RecordOperations("Contacts").delete_records(params, HeaderMap())
    rows = answer.get_object().get_data()
    kinds = [type(each).__name__ for each in rows]
    assert kinds == ["SuccessResponse" if place.done else "APIException"] * 2
    assert [str(each.get_details()["id"]) for each in rows] == keys
    assert place.untouched("zoho")


def test_dynamics_web_api(place: Place) -> None:
    """One record and a batch of two; it takes 202 for what it is."""
    keys = [place.key("dynamics", at) for at in range(2)]
    calls: list[tuple[str, dict[str, object]]] = [
        ("deleteRecord", {"collection": "contacts", "key": key}) for key in keys
    ]
    with closing(Client(place.run.url("dynamics"), place.run.keys[CALLER])) as client:
        client.ask("deleteRecord", collection="contacts", key=keys[0])
        told = client.batch(*calls)
    assert place.untouched("dynamics")
    assert "result" in told, told
    assert len(told["result"]) == 2

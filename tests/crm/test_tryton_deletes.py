"""A delete in front of a real Tryton in whose place a case is opened: what its clients are told."""

import json
import xmlrpc.client
from typing import Any

import pytest
import requests

from proxy.demo.under_way import reload
from tests.crm.conftest import PURPOSES, Lane

PARTY = "party.party"
RULE = """
rules:
  - id: people-are-cases
    on: {{objects: [party.party]}}
    then: {then}
    answer: {answer}
    ground: objection
"""
GRANT = """
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: deletes, owner: dpo}
grants:
  - id: leads-may-delete
    roles: [support_lead]
    purposes: [customer_support]
    on: {objects: [party.party]}
    actions: [delete, erase]
    effect: allow
"""
LEAD = "helpdesk_leads"


@pytest.fixture(scope="module")
def plain(lane: Lane) -> str:
    """Return what the example set says of erasures; leads may delete from now on."""
    example = lane.run.installation.policies / "example"
    (example / "deletes.yaml").write_text(GRANT, "utf-8")
    return (example / "erasure.yaml").read_text("utf-8")


def ruled(lane: Lane, plain: str, then: str, answer: str = "accepted") -> None:
    """Have deletes come to something else from now on."""
    erasure = lane.run.installation.policies / "example" / "erasure.yaml"
    erasure.write_text(plain + RULE.format(then=then, answer=answer), "utf-8")
    assert "policy reloaded" in reload(lane.run)


def made(lane: Lane, name: str) -> int:
    """Return a new party of whom nobody keeps anything."""
    return int(lane.truth(f"model.{PARTY}.create", [{"name": name}], {})[0])


def answers(lane: Lane, key: int) -> list[tuple[int, Any]]:
    """Return status and body of what each protocol says of a delete."""
    call = {"id": 7, "method": f"model.{PARTY}.delete", "params": [[key], {}]}
    xml = xmlrpc.client.dumps(([key], {}), call["method"], allow_none=True)  # type: ignore[arg-type]
    wire = lane.wire(LEAD)
    by_json, by_xml = (
        wire.post(json.dumps(call).encode(), "application/json"), wire.post(xml.encode(), "text/xml"),
    )  # fmt: skip
    rest = requests.delete(
        f"{lane.origin}/crm/rest/model/{PARTY}/{key}",
        auth=("x", lane.run.installation.keys[LEAD]),
        headers={"X-Purpose": PURPOSES[LEAD]},
        verify=str(lane.run.installation.authority),
        timeout=30,
    )
    return [(by_json[0], json.loads(by_json[1])), (by_xml[0], by_xml[1]), (rest.status_code, rest.content)]


def test_pending_is_a_fault_that_names_the_case(lane: Lane, plain: str) -> None:
    """proteus raises what it raises when Tryton says no, and the party stays."""
    key = made(lane, "Pia Pending")
    ruled(lane, plain, "case")
    (deleted,) = lane.proteus(LEAD).ask(["delete", PARTY, key])
    code, text = deleted["fault"]
    assert (code, text[:23]) == (1, "Nothing is deleted yet:")
    (_, by_json), (_, by_xml), (status, rest) = answers(lane, key)
    case = json.loads(rest)["cases"][0]
    assert f"The case: {case}." in text
    assert f"The case: {case}." in by_json["error"][1][0]
    assert f"The case: {case}.".encode() in by_xml
    assert status == 202
    assert lane.truth(f"model.{PARTY}.read", [key], ["name"], {}) == [{"id": key, "name": "Pia Pending"}]


def test_done_reads_as_tryton_says_it(lane: Lane, plain: str) -> None:
    """To proteus and by either protocol; 204 by REST. The party stays until it is erased."""
    gone = [made(lane, f"Paul Passed {at}") for at in range(2)]
    ruled(lane, plain, "pass")
    (passed,) = lane.proteus(LEAD).ask(["delete", PARTY, gone[0]])
    theirs = answers(lane, gone[1])[0]  # from then on it is not there any more
    key = made(lane, "Dora Done")
    ruled(lane, plain, "case", "done")
    (deleted,) = lane.proteus(LEAD).ask(["delete", PARTY, key])
    assert deleted == passed
    by_json, by_xml, rest = answers(lane, key)
    assert by_json == theirs == (200, {"id": 7, "result": None})
    assert xmlrpc.client.loads(by_xml[1]) == ((None,), None)
    assert rest == (204, b"")
    assert lane.truth(f"model.{PARTY}.read", [key], ["name"], {}) == [{"id": key, "name": "Dora Done"}]

"""How a case begins."""

import json

from proxy.erasure import Spot, State
from proxy.message import Headers, Request, Response
from tests.desk import ABOUT, Desk
from tests.erase.conftest import answered

INTERCEPTS = """
rules:
  - id: deletes-open-cases
    on: {objects: [contacts]}
    then: case
    ground: no_longer_necessary
"""
ERASES = """
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: privacy-erases, owner: dpo}
grants:
  - id: privacy-may-erase
    roles: [privacy_officer]
    purposes: [subject_request]
    on: {objects: [contacts]}
    actions: [delete, erase]
    effect: allow
"""


async def test_emptying_all_that_names_a_person_opens_a_case(desk: Desk) -> None:
    """In place of the write, and as an error, since it is no delete; who may update and not erase is refused."""
    folder = desk.harness.installation.policies / "example"
    rules = folder / "erasure.yaml"
    rules.write_text(rules.read_text("utf-8") + INTERCEPTS, "utf-8")
    (folder / "erases.yaml").write_text(ERASES, "utf-8")
    desk.harness.app.reload()
    crm, sent = desk.crms["hubspot"], []
    body = json.dumps({"properties": {"email": "", "firstname": "", "lastname": ""}}).encode()

    def upstream(request: Request) -> Response:
        sent.append(request)
        return answered(crm, request)

    for client, purpose, status in (
        ("helpdesk", "customer_support", 403),
        ("privacy_desk", "subject_request", 409),
    ):
        fields = (("content-type", "application/json"), *desk.harness.credentials(client, purpose))
        write = Request("PATCH", "/crm/v3/objects/contacts/102", headers=Headers(fields), body=body)
        ended = await desk.harness.exchange("hubspot", write, upstream)
        assert ended.response.status == status
    assert sent == []
    case = ended.response.headers.one("lychgate-erasure-case")
    assert case is not None
    assert desk.erasures.cases.get(case).people == (Spot("hubspot", "contacts", "102"),)


async def test_a_request_does_not_choose_a_law_that_erases(desk: Desk) -> None:
    """Where the policies' own law has no erasure, it stands; somebody here may name another one."""
    rules = desk.harness.installation.policies / "example" / "erasure.yaml"
    text = rules.read_text("utf-8")
    assert "\nlaw: gdpr\n" in text
    rules.write_text(text.replace("\nlaw: gdpr\n", "\nlaw: hipaa\n"), "utf-8")
    desk.harness.app.reload()
    about = {**ABOUT, "law": "gdpr"}
    assert (await desk.does("open", **about, source="request"))["state"] == State.DENIED
    assert (await desk.does("open", **about))["state"] == State.VERIFIED

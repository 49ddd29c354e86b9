"""How a case begins."""

import json

from proxy.erasure import Spot
from proxy.message import Headers, Request, Response
from tests.desk import Desk
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
    """In place of the write, as a delete does; who may update and not erase is refused."""
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
        ("privacy_desk", "subject_request", 202),
    ):
        fields = (("content-type", "application/json"), *desk.harness.credentials(client, purpose))
        write = Request("PATCH", "/crm/v3/objects/contacts/102", headers=Headers(fields), body=body)
        ended = await desk.harness.exchange("hubspot", write, upstream)
        assert ended.response.status == status
    assert sent == []
    (case,) = json.loads(ended.response.body)["cases"]
    assert desk.erasures.cases.get(case).people == (Spot("hubspot", "contacts", "102"),)

"""What groups are called, and the least and the greatest of values, are values: shown as the field itself is."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from proxy.message import Headers, Request
from proxy.sandbox import DynamicsSandbox, OdooSandbox, SalesforceSandbox, Sandbox, ZohoSandbox
from tests.e2e.harness import CRM_TOKEN, GatewayHarness
from tests.sandboxes import answered

POLICY = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: everything, owner: dpo}
grants:
  - id: privacy-asks-everything
    roles: [privacy_officer]
    purposes: [subject_request]
    on: {objects: [Contact, contact, res.partner, Contacts]}
    actions: [read, list, filter, sort, group, aggregate]
    effect: allow
guards:
  - id: masked
    effect: mask
    with: phone_ending
    on: {objects: [Contact, contact, res.partner, Contacts], categories: [user.contact.email]}
    actions: [read, list]
"""
DATA, API = "/services/data/v59.0", "/api/data/v9.2"
FETCH = (
    "<fetch aggregate='true'><entity name='contact'><attribute name='emailaddress1' alias='m' {}/></entity>"
    "</fetch>"
)
QUERIES: dict[str, tuple[Sandbox, str, object]] = {
    "soql": (
        SalesforceSandbox(CRM_TOKEN),
        f"{DATA}/query?q={quote('SELECT Email, COUNT(Id) FROM Contact GROUP BY Email')}",
        None,
    ),
    "$apply": (DynamicsSandbox(CRM_TOKEN), f"{API}/contacts?$apply=groupby((emailaddress1))", None),
    "$apply max": (
        DynamicsSandbox(CRM_TOKEN),
        f"{API}/contacts?$apply=aggregate(emailaddress1%20with%20max%20as%20m)",
        None,
    ),
    "fetch": (
        DynamicsSandbox(CRM_TOKEN), f"{API}/contacts?fetchXml={quote(FETCH.format("groupby='true'"))}", None,
    ),
    "fetch min": (
        DynamicsSandbox(CRM_TOKEN), f"{API}/contacts?fetchXml={quote(FETCH.format("aggregate='min'"))}", None,
    ),
    "read_group": (
        OdooSandbox(CRM_TOKEN),
        "/json/2/res.partner/read_group",
        {"domain": [], "fields": [], "groupby": ["email"]},
    ),
    "read_group max": (
        OdooSandbox(CRM_TOKEN),
        "/json/2/res.partner/read_group",
        {"domain": [], "fields": ["email:max"], "groupby": ["name"]},
    ),
    "coql": (
        ZohoSandbox(CRM_TOKEN),
        "/crm/v8/coql",
        {"select_query": "select Email, COUNT(id) from Contacts where id is not null group by Email"},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHarness]:
    """An installation that masks addresses for one who may group by them."""
    made = GatewayHarness.make(tmp_path_factory.mktemp("grouped") / "gateway", {"guards": ""})
    (made.app.config.policies / "everything.yaml").write_text(POLICY)
    made.app.reload()
    yield made
    made.close()
    made.app.kept.close()


@pytest.mark.parametrize("way", QUERIES)
async def test_a_masked_field_is_masked_in_what_is_computed(harness: GatewayHarness, way: str) -> None:
    """In every surface: who may group by it sees how large the groups are, and no address."""
    crm, target, body = QUERIES[way]
    path, _, query = target.partition("?")
    raw = b"" if body is None else json.dumps(body).encode()
    credentials = harness.credentials("privacy_desk", "subject_request")
    fields = (*credentials, ("content-type", "application/json")) if raw else credentials
    request = Request("POST" if raw else "GET", path, query, Headers(fields), raw)
    ended = await harness.exchange(crm.name, request, lambda sent: answered(crm, sent))
    assert ended.response.status == 200, ended.entries
    assert b"***" in ended.response.body
    assert b"example" not in ended.response.body

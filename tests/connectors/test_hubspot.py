"""HubSpot's pages, batches and the bodies its SDK sends."""

import copy

import pytest
from hubspot.crm.contacts import (
    ApiClient,
    BatchInputSimplePublicObjectBatchInput,
    BatchReadInputSimplePublicObjectId,
    Filter,
    FilterGroup,
    PublicObjectSearchRequest,
    SimplePublicObjectBatchInput,
    SimplePublicObjectId,
    SimplePublicObjectInputForCreate,
)

from proxy.connectors import Connector
from proxy.connectors.asked import Asked
from proxy.errors import Undecodable
from proxy.message import Request
from proxy.model import Action

BASE = "/crm/v3/objects/contacts"
CONTACT = {
    "id": "512",
    "properties": {"email": "mara@example.com", "zork": "1", "phone": None},
    "propertiesWithHistory": {"email": [{"value": "old@example.com"}]},
    "createdAt": "2026-01-01T00:00:00.000Z",
    "updatedAt": "2026-01-02T00:00:00.000Z",
    "archived": False,
    "associations": {"companies": {"results": []}},
}


def sent(connector: Connector, path: str, model: object) -> Asked:
    """Return what the connector makes of a body as the SDK would send it."""
    body = ApiClient().sanitize_for_serialization(model)
    request = Request("POST", path, body=b"{}")
    return connector.route(request).recognise(request, body)


@pytest.mark.parametrize(
    ("batch", "each"),
    [
        ("read", {"id": "1"}),
        ("archive", {"id": "1"}),
        ("update", {"id": "1", "properties": {"phone": "2"}}),
        ("create", {"properties": {"phone": "2"}}),
    ],
)
def test_a_batch_is_as_large_as_hubspot_takes_it(
    hubspot: Connector, batch: str, each: dict[str, object]
) -> None:
    """A hundred records; more would be refused there after they had been put down here."""
    request = Request("POST", f"{BASE}/batch/{batch}", body=b"{}")
    route = hubspot.route(request)
    assert route.recognise(request, {"inputs": [dict(each) for _ in range(100)]}).tree
    with pytest.raises(Undecodable, match="too_many_items") as caught:
        route.recognise(request, {"inputs": [dict(each) for _ in range(101)]})
    assert caught.value.status == 413


def test_the_sdks_search(hubspot: Connector) -> None:
    """A search that the SDK builds is understood, with every member it always sends."""
    search = PublicObjectSearchRequest(
        filter_groups=[FilterGroup([Filter(property_name="email", operator="EQ", value="mara@example.com")])],
        sorts=["lastname"], properties=["email"], limit=10, after="0", query="mara",
    )  # fmt: skip
    asked = sent(hubspot, f"{BASE}/search", search)
    uses = {(use.field, use.action) for use in asked.operations[0].uses}
    assert {("email", Action.FILTER), ("lastname", Action.SORT), ("email", Action.LIST)} <= uses
    opened = asked.open(
        200,
        {
            "total": 1,
            "results": [copy.deepcopy(CONTACT)],
            "paging": {"next": {"after": "1", "link": "?after=1"}},
        },
    )
    assert isinstance(opened.tree, dict)
    assert (opened.tree["total"], opened.tree["paging"]) == (1, {"next": {"after": "1"}})
    outer, inner = opened.records
    assert (outer.action, inner.action, inner.key) == (Action.LIST, Action.LIST, "512")
    assert outer.members.keys() == {"id", "properties", "createdAt", "updatedAt", "archived"}
    assert outer.keep == {"properties"}
    assert outer.names is not None
    assert outer.names["updatedAt"] == ("contacts", "lastmodifieddate", Action.LIST)
    assert inner.members == CONTACT["properties"]
    assert opened.pruned == 2


def test_the_sdks_batches(hubspot: Connector) -> None:
    """Batches that the SDK builds are understood, with the empty lists it always sends."""
    read = BatchReadInputSimplePublicObjectId(
        properties_with_history=[], inputs=[SimplePublicObjectId(id="1")], properties=["email"]
    )
    asked = sent(hubspot, f"{BASE}/batch/read", read)
    assert asked.operations[0].records == ("1",)
    update = BatchInputSimplePublicObjectBatchInput(
        [SimplePublicObjectBatchInput(id="1", properties={"phone": "1"})]
    )
    assert sent(hubspot, f"{BASE}/batch/update", update).operations[0].action is Action.UPDATE
    create = SimplePublicObjectInputForCreate(properties={"email": "x"}, associations=[])
    assert sent(hubspot, BASE, create).operations[0].action is Action.CREATE
    opened = asked.open(
        207,
        {
            "status": "COMPLETE",
            "startedAt": "2026-01-01T00:00:00Z",
            "completedAt": "2026-01-01T00:00:00Z",
            "results": [copy.deepcopy(CONTACT)],
            "numErrors": 1,
            "errors": [{"message": "mara@example.com was not found"}],
        },
    )
    assert isinstance(opened.tree, dict)
    assert opened.tree.keys() == {"status", "startedAt", "completedAt", "results", "numErrors", "errors"}
    assert opened.tree["errors"] == [
        {
            "status": "error",
            "category": "VALIDATION_ERROR",
            "message": "The request was not accepted.",
            "context": {},
            "links": {},
            "errors": [],
        }
    ]


@pytest.mark.parametrize("name", ["email", "national_id", "zork"])
def test_a_filter_is_refused_alike_whether_the_property_exists(hubspot: Connector, name: str) -> None:
    """What the client called an unlisted property is in no use; only the body to be sent has it."""
    body = {"filterGroups": [{"filters": [{"propertyName": name, "operator": "EQ", "value": "x"}]}]}
    request = Request("POST", f"{BASE}/search", body=b"{}")
    (use,) = hubspot.route(request).recognise(request, body).operations[0].uses
    assert use.field == ("unclassified" if name == "zork" else name)


def test_an_export_answers_with_a_task(hubspot: Connector) -> None:
    """The answer to an export order is a number; where the file lies is not in it."""
    request = Request("POST", "/crm/v3/exports/export/async", body=b"{}")
    asked = hubspot.route(request).recognise(request, {"objectType": "contacts", "objectProperties": ["email"]})
    opened = asked.open(202, {"id": "7", "links": {"status": "https://elsewhere.example/"}})
    assert (opened.tree, opened.pruned, opened.records) == ({"id": "7"}, 1, [])

"""Parity: one contact through every surface of Salesforce; and composites by simple-salesforce."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceRefusedRequest

from tests.e2e.conftest import Town
from tests.e2e.sdks import salesforce

FIRST = "003Lg0000000001IAA"
FIELDS = ("Id", "Name", "Email", "Phone", "Birthdate", "Description", "MailingCity")
V = "/services/data/v59.0"
SOQL = f"SELECT {', '.join(FIELDS)} FROM Contact WHERE Id = '{FIRST}'"
GET = f"sobjects/Contact/{FIRST}?fields={','.join(FIELDS)}"
QUERY = f"query?q={quote(SOQL)}"


def batch(client: Salesforce, url: str) -> Any:
    """Return what a request is answered inside a batch."""
    body = {"batchRequests": [{"method": "GET", "url": f"v59.0/{url}"}]}
    return client.restful("composite/batch", method="POST", json=body)["results"][0]["result"]


def composite(client: Salesforce, url: str) -> Any:
    """Return what a request is answered inside a composite."""
    body = {"compositeRequest": [{"method": "GET", "url": f"{V}/{url}", "referenceId": "it"}]}
    return client.restful("composite", method="POST", json=body)["compositeResponse"][0]["body"]


def graph(client: Salesforce, url: str) -> Any:
    """Return what a request is answered inside a graph."""
    parts = [{"method": "GET", "url": f"{V}/{url}", "referenceId": "it"}]
    body = {"graphs": [{"graphId": "g", "compositeRequest": parts}]}
    found = client.restful("composite/graph", method="POST", json=body)
    return found["graphs"][0]["graphResponse"]["compositeResponse"][0]["body"]


SURFACES: dict[str, Callable[[Salesforce], Any]] = {
    "lookup": lambda client: client.restful(f"sobjects/Contact/Id/{FIRST}?fields={','.join(FIELDS)}"),
    "query": lambda client: client.query(SOQL)["records"][0],
    "batch": lambda client: batch(client, GET),
    "batch of a query": lambda client: batch(client, QUERY)["records"][0],
    "composite": lambda client: composite(client, GET),
    "composite of a query": lambda client: composite(client, QUERY)["records"][0],
    "graph": lambda client: graph(client, GET),
}


@pytest.mark.parametrize("caller", ["helpdesk", "helpdesk_leads"])
@pytest.mark.parametrize("surface", SURFACES)
def test_every_surface_shows_the_same(town: Town, surface: str, caller: str) -> None:
    """A contact has the same values whichever way it is asked for."""
    client = salesforce(town.run, caller)
    alone = client.Contact.get(FIRST)
    found = SURFACES[surface](client)
    shown = {name: alone[name] for name in FIELDS if name in alone}
    assert len(shown) >= 6
    assert {name: found[name] for name in found if name != "attributes"} == shown


def test_parts_write_and_are_refused_together(town: Town) -> None:
    """A composite that may be carried out is, and of one with a refused part nothing reaches the CRM."""
    client = salesforce(town.run, "helpdesk")
    change = {"method": "PATCH", "url": f"{V}/sobjects/Contact/{FIRST}", "referenceId": "change"}
    body = {"compositeRequest": [{**change, "body": {"Phone": "+353 1 555 0177"}}]}
    found = client.restful("composite", method="POST", json=body)
    assert found == {
        "compositeResponse": [{"body": None, "httpHeaders": {}, "httpStatusCode": 204, "referenceId": "change"}]
    }
    assert town.salesforce.people()[0]["Phone"] == "+353 1 555 0177"
    calls = len(town.salesforce.calls)
    body["compositeRequest"].append({**change, "referenceId": "no", "body": {"SSN__c": "000-00-0001"}})
    with pytest.raises(SalesforceRefusedRequest):
        client.restful("composite", method="POST", json=body)
    assert len(town.salesforce.calls) == calls

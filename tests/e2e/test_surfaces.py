"""One vocabulary (invariant 2): the same record comes out the same, whichever way it was asked for."""

from typing import Any
from urllib.parse import quote_plus

import pytest

from proxy.sandbox import HubSpotSandbox, SalesforceSandbox
from tests.e2e.harness import CRM_TOKEN, GatewayHarness
from tests.e2e.parity import Asker

FIELDS = (
    "Id", "Name", "Email", "Phone", "Fax", "Birthdate", "MailingStreet", "MailingCity", "Description", "Title",
    "SSN__c", "Iban__c", "Allergies__c", "AnnualIncome__c", "HasOptedOutOfEmail", "AccountId",
)  # fmt: skip
PROPERTIES = (
    "email", "firstname", "lastname", "phone", "mobilephone", "address", "city", "date_of_birth", "jobtitle",
    "message", "notes", "iban", "national_id", "health_conditions", "annual_income", "hs_email_optout",
)  # fmt: skip
CALLERS = (("helpdesk", None), ("helpdesk_leads", None), ("privacy_desk", "subject_request"))


@pytest.mark.parametrize(("client", "purpose"), CALLERS)
async def test_a_salesforce_contact(harness: GatewayHarness, client: str, purpose: str | None) -> None:
    """By id, by query, as a parent and as a child of its account, a contact shows the same fields and values."""
    org = SalesforceSandbox(CRM_TOKEN)
    ask = Asker(harness, org, client, purpose)
    held_there = org.people()[1]
    key, account = held_there["Id"], held_there["AccountId"]
    base, fields = "/services/data/v59.0", ", ".join(FIELDS)

    async def query(soql: str) -> Any:
        return (await ask("GET", f"{base}/query/?q={quote_plus(soql)}"))["records"][0]

    queried = await query(f"SELECT {fields} FROM Contact WHERE Id = '{key}'")
    held = {name: value for name, value in queried.items() if name != "attributes"}
    assert len(held) > 5
    assert len(held) < len(FIELDS)
    by_id = await ask("GET", f"{base}/sobjects/Contact/{key}")
    chosen = await ask("GET", f"{base}/sobjects/Contact/{key}?fields={','.join(FIELDS)}")
    below = await query(f"SELECT Id, (SELECT {fields} FROM Contacts) FROM Account WHERE Id = '{account}'")
    paths = ", ".join(f"Contact.{name}" for name in FIELDS)
    above = await query(f"SELECT {paths} FROM Case WHERE ContactId = '{key}'")
    for other in (by_id, chosen, below["Contacts"]["records"][0], above["Contact"]):
        assert {name: other.get(name, "absent") for name in held} == held
        assert not (set(FIELDS) - held.keys()) & other.keys()


@pytest.mark.parametrize(("client", "purpose"), CALLERS)
async def test_a_hubspot_contact(harness: GatewayHarness, client: str, purpose: str | None) -> None:
    """By id, in a list, in a search and in a batch, a contact shows the same properties and values."""
    ask = Asker(harness, HubSpotSandbox(CRM_TOKEN), client, purpose)
    base, names = "/crm/v3/objects/contacts", list(PROPERTIES)
    by_id = await ask("GET", f"{base}/101?properties={','.join(names)}")
    assert len(by_id["properties"]) > 5
    one = {"propertyName": "hs_object_id", "operator": "EQ", "value": "101"}
    found = [
        await ask("GET", f"{base}?limit=1&properties={','.join(names)}"),
        await ask("POST", f"{base}/search", {"filterGroups": [{"filters": [one]}], "properties": names}),
        await ask("POST", f"{base}/batch/read", {"inputs": [{"id": "101"}], "properties": names}),
    ]
    assert [each["results"][0] for each in found] == [by_id] * 3

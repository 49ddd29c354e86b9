"""What three people get of the same records, through the unmodified SDKs."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import hubspot as hubspot_sdk
import requests
from hubspot.crm.contacts import PublicObjectSearchRequest
from hubspot.crm.contacts.exceptions import ApiException, ForbiddenException
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from proxy.demo.installation import PEOPLE
from proxy.demo.stage import ABSENT, Stage
from proxy.demo.under_way import Running
from proxy.sandbox import HubSpotSandbox, SalesforceSandbox

_CONTACT: Final = (
    "Id", "FirstName", "LastName", "Email", "Phone", "MailingStreet", "MailingCity", "Birthdate", "Iban__c",
    "SSN__c", "Allergies__c", "Description",
)  # fmt: skip
_HUBSPOT: Final = ("email", "firstname", "lastname", "phone", "city", "address", "date_of_birth", "message")


def salesforce(stage: Stage, run: Running, crm: SalesforceSandbox) -> None:
    """simple-salesforce over TLS: what is read, what is refused, what is not destroyed."""
    clients = {who: salesforce_client(run, client, purpose) for client, purpose, who in PEOPLE}
    held = crm.people()[0]
    soql = f"SELECT {', '.join(_CONTACT)} FROM Contact WHERE Id = '{held['Id']}'"  # noqa: S608 - SOQL
    stage.scene("simple-salesforce: the same query, for three people")
    stage.say(soql)
    got = {who: _records(client, soql) for who, client in clients.items()}
    stage.table(
        ("field", "the CRM holds", *got),
        [(name, _cell(held, name), *(_cell(one, name) for one in got.values())) for name in _CONTACT],
    )
    agent, officer = got["support agent"], got["privacy officer"]
    stage.expect("the agent sees the name and the address", agent.get("Email") == held["Email"])
    stage.expect(
        "the agent sees a masked phone", "***" in str(agent.get("Phone")) and agent["Phone"] != held["Phone"]
    )
    stage.expect(
        "the agent sees no health, identity or bank data", not {"SSN__c", "Iban__c", "Allergies__c"} & set(agent)
    )
    stage.expect("the privacy officer sees what the CRM holds", all(officer.get(n) == held[n] for n in _CONTACT))

    stage.scene("simple-salesforce: what is refused, as the SDK's own exception")
    support, marketer = clients["support agent"], clients["marketer"]
    _refused(
        stage,
        "a filter on a hidden field",
        SalesforceError,
        lambda: support.query("SELECT Id FROM Contact WHERE SSN__c LIKE '000%'"),
    )
    _refused(
        stage,
        "sorting by a hidden field",
        SalesforceError,
        lambda: support.query("SELECT Id FROM Contact ORDER BY Birthdate"),
    )
    _refused(stage, "a delete without a grant", SalesforceError, lambda: marketer.Contact.delete(held["Id"]))
    _refused(
        stage, "an endpoint nobody declared", SalesforceError, lambda: support.apexecute("all", method="GET")
    )
    _refused(
        stage,
        "a masked phone written back",
        SalesforceError,
        lambda: support.Contact.update(held["Id"], {"Phone": agent["Phone"]}),
    )
    stage.expect("the phone in the CRM is the true one still", crm.people()[0]["Phone"] == held["Phone"])
    support.Contact.update(held["Id"], {"Phone": "+353 1 555 0199"})
    stage.expect("a real new number goes through", crm.people()[0]["Phone"] == "+353 1 555 0199")


def hubspot(stage: Stage, run: Running, crm: HubSpotSandbox) -> None:
    """hubspot-api-client: the same policies, another CRM."""
    clients = {who: hubspot_client(run, client, purpose) for client, purpose, who in PEOPLE}
    held = crm.people()[0]
    stage.scene("hubspot-api-client: search, for three people")
    search = {
        "properties": list(_HUBSPOT),
        "filterGroups": [
            {"filters": [{"propertyName": "hs_object_id", "operator": "EQ", "value": held["hs_object_id"]}]}
        ],
    }
    got = {who: _search(client, search) for who, client in clients.items()}
    stage.table(
        ("property", "the CRM holds", *got),
        [(name, _cell(held, name), *(_cell(one, name) for one in got.values())) for name in _HUBSPOT],
    )
    stage.expect("the agent sees a masked phone", "***" in str(got["support agent"].get("phone")))
    stage.expect("the marketer sees the address to write to", got["marketer"].get("email") == held["email"])
    stage.expect("the marketer sees no phone", "phone" not in got["marketer"])

    stage.scene("hubspot-api-client: what is refused, as the SDK's own exception")
    hidden = {
        "filterGroups": [
            {"filters": [{"propertyName": "date_of_birth", "operator": "LT", "value": "1980-01-01"}]}
        ]
    }
    _refused(
        stage,
        "a search by a hidden property",
        ForbiddenException,
        lambda: _search(clients["support agent"], hidden),
    )
    _refused(stage, "an export", (ApiException, requests.HTTPError), lambda: _export(run))


def phone_the_agent_sees(run: Running) -> Callable[[], str]:
    """Return what asks Salesforce for a phone number, as the support agent."""
    agent = salesforce_client(run, "helpdesk", "customer_support")
    return lambda: str(_records(agent, "SELECT Id, Phone FROM Contact ORDER BY Id LIMIT 1").get("Phone"))


def salesforce_client(run: Running, client: str, purpose: str) -> Any:
    """Return an unmodified client whose session id is a Lychgate key."""
    session = requests.Session()
    session.trust_env = False  # REQUESTS_CA_BUNDLE would win over `verify` below
    session.verify = str(run.installation.authority)
    session.headers["X-Purpose"] = purpose
    url = f"https://localhost:{run.ports['salesforce']}"
    return Salesforce(instance_url=url, session_id=run.installation.keys[client], session=session)


def hubspot_client(run: Running, client: str, purpose: str) -> Any:
    """Return the search of an unmodified client whose access token is a Lychgate key."""
    made = hubspot_sdk.Client.create(
        access_token=run.installation.keys[client], host=f"http://127.0.0.1:{run.ports['hubspot']}"
    )
    search = made.crm.contacts.search_api
    search.api_client.set_default_header("X-Purpose", purpose)
    return search


def _records(client: Any, soql: str) -> Mapping[str, Any]:
    records = client.query(soql)["records"]
    return {name: value for name, value in records[0].items() if name != "attributes"} if records else {}


def _search(client: Any, body: Mapping[str, Any]) -> Mapping[str, Any]:
    request = PublicObjectSearchRequest(
        filter_groups=body["filterGroups"], properties=body.get("properties", []), sorts=[], limit=5
    )
    results = client.do_search(public_object_search_request=request).results
    return {name: value for name, value in results[0].properties.items() if value is not None} if results else {}


def _export(run: Running) -> None:
    """Ask for an export of all contacts, as the documentation shows; the SDK has no call for it."""
    answer = requests.post(
        f"http://127.0.0.1:{run.ports['hubspot']}/crm/v3/exports/export/async",
        headers={"Authorization": f"Bearer {run.installation.keys['mailer']}"},
        json={
            "exportType": "VIEW", "exportName": "all", "format": "CSV", "language": "EN",
            "objectType": "CONTACT", "objectProperties": ["email", "firstname"],
        },
        timeout=10,
    )  # fmt: skip
    answer.raise_for_status()


def _refused(
    stage: Stage, what: str, kind: type[Exception] | tuple[type[Exception], ...], ask: Callable[[], object]
) -> None:
    """Expect an SDK's usual exception, and show what a person at the other end reads."""
    try:
        ask()
    except kind as error:
        response = getattr(error, "response", None)
        text = (
            response.text
            if response is not None
            else str(getattr(error, "content", "") or getattr(error, "body", ""))
        )
        stage.expect(f"{what}: {type(error).__name__}", holds=True)
        stage.say(f"     {text[:150]}")
    else:
        stage.expect(f"{what}: refused", holds=False)


def _cell(record: Mapping[str, Any], name: str) -> str:
    if name not in record:
        return ABSENT
    return "(emptied)" if record[name] is None else str(record[name])

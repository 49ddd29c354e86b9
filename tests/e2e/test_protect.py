"""Fields that lie in the CRM as tokens and ciphertext, through the unmodified SDKs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from hubspot.crm.contacts import (
    BatchReadInputSimplePublicObjectId,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from simple_salesforce.exceptions import SalesforceError

from proxy.demo.installation import Crm, LaneOf
from proxy.sandbox import HubSpotSandbox, SalesforceSandbox, running
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed
from tests.e2e.sdks import Hubspot, salesforce

PROTECT = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: protect}
protect:
  - id: mail
    on: {connectors: [salesforce, hubspot], objects: [Contact, Lead, contacts], fields: [Email, email]}
    as: token
    domain: t.privacy.example.org
    search: true
  - id: numbers
    on: {connectors: [salesforce, hubspot], objects: [Contact, contacts], fields: [Phone, phone]}
    as: token
    search: true
  - id: streets
    on: {connectors: [salesforce, hubspot], fields: [MailingStreet, address]}
    as: envelope
"""
MAIL, PHONE, STREET = "Nessa.Quill@Example.org", "+353 1 555 0999", "7 Lantern Lane"


@dataclass(frozen=True)
class Vaulted:
    """Lychgate with both lanes and protected fields, and both CRMs behind it."""

    run: Installed
    salesforce: SalesforceSandbox
    hubspot: HubSpotSandbox
    bare: str
    """Where Salesforce itself is."""

    def stored(self, key: str) -> dict[str, Any]:
        """Return a Salesforce contact as the CRM has it."""
        return next(dict(each) for each in self.salesforce.people() if each["Id"] == key)

    def held(self, key: str) -> dict[str, Any]:
        """Return a HubSpot contact as the CRM has it."""
        return dict(next(each for each in self.hubspot.people() if each["hs_object_id"] == key))


@pytest.fixture(scope="module")
def vaulted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vaulted]:
    """Lychgate in front of both CRMs, whose seeds lie there in clear as they did before."""
    org, account = SalesforceSandbox(CRM_TOKEN, people=30), HubSpotSandbox(CRM_TOKEN, people=30)
    with running(org) as here, running(account) as there:
        lanes: dict[Crm, LaneOf] = {
            "salesforce": LaneOf(0, here.url, CRM_TOKEN, tls=True),
            "hubspot": LaneOf(0, there.url, CRM_TOKEN),
        }
        run = Installed.make(tmp_path_factory.mktemp("vaulted") / "gateway", lanes)
        (run.made.policies / "example" / "protect.yaml").write_text(PROTECT, "utf-8")
        try:
            yield Vaulted(run.up(), org, account, here.url)
            run.down()
            run.check_ledger()
        finally:
            run.kill()


def made(vaulted: Vaulted, **fields: object) -> str:
    """Return the id of a new Salesforce contact, made by somebody who may."""
    record = {"LastName": "Quill", "Email": MAIL, "Phone": PHONE, "MailingStreet": STREET, **fields}
    return str(salesforce(vaulted.run, "helpdesk_leads").Contact.create(record)["id"])


def test_salesforce_gets_no_value_and_the_entitled_do(vaulted: Vaulted) -> None:
    """Tokens and ciphertext arrive; the lead reads clear text, the agent what agents may see."""
    key = made(vaulted)
    stored = vaulted.stored(key)
    assert stored["Email"].endswith("@t.privacy.example.org")
    assert stored["Phone"].startswith("+999")
    assert stored["MailingStreet"].startswith("lp1.")
    assert not any(word in json.dumps(stored) for word in ("Nessa", "nessa", "555 0999", "5550999", "Lantern"))
    lead = salesforce(vaulted.run, "helpdesk_leads").Contact.get(key)
    assert (lead["Email"], lead["Phone"], lead["MailingStreet"]) == (MAIL, PHONE, STREET)
    agent = salesforce(vaulted.run, "helpdesk").Contact.get(key)
    assert (agent["Email"], agent["Phone"]) == (MAIL, "*** *** 99")
    assert "MailingStreet" not in agent


def test_salesforce_finds_by_equality_alone(vaulted: Vaulted) -> None:
    """Equality is put into tokens, however SOQL writes it; whatever else is asked is refused with a reason."""
    key = made(vaulted, LastName="Finder", Email="finder@example.org")
    agent = salesforce(vaulted.run, "helpdesk")
    for condition in (
        "Email = 'FINDER@example.org'",
        "Email IN ('finder@example.org', 'nobody@example.org')",
        "(Email = 'finder@example.org' OR LastName = 'Nobody') AND Email != null",
        "LastName = 'Finder' AND Email != 'else@example.org'",
        "NOT (Email != 'finder@example.org') AND LastName = 'Finder'",
    ):
        (found,) = agent.query(f"SELECT Id, Email FROM Contact WHERE {condition}")["records"]
        assert (found["Id"], found["Email"]) == (key, "finder@example.org"), condition
    for condition in ("Email = 'nobody@example.org'", "LastName = 'Finder' AND Email != 'finder@example.org'"):
        assert agent.query(f"SELECT Id FROM Contact WHERE {condition}")["totalSize"] == 0, condition
    for soql in (
        "SELECT Id FROM Contact WHERE Email LIKE 'finder%'",
        "SELECT Id FROM Contact WHERE Email > 'f'",
        "SELECT Id FROM Contact ORDER BY Email",
        "SELECT COUNT(Email) FROM Contact",
        "SELECT Id FROM Contact WHERE Email IN (SELECT Email FROM Lead)",
    ):
        with pytest.raises(SalesforceError) as raised:
            agent.query(soql)
        assert "only equality with a whole value" in str(raised.value.content), soql


def test_nothing_is_compared_with_as_it_stands(vaulted: Vaulted) -> None:
    """No token stands for an empty value, so none is put in its place: `!= ''` found those who have none."""
    none, some = made(vaulted, LastName="Blank", Email=None), made(vaulted, LastName="Blank")
    agent = salesforce(vaulted.run, "helpdesk")
    for condition, keys in (
        ("Email = ''", [none]),
        ("Email IN ('')", [none]),
        ("Email != ''", [some]),
        (f"Email IN ('', '{MAIL}')", [none, some]),
    ):
        found = agent.query(f"SELECT Id FROM Contact WHERE {condition} AND LastName = 'Blank'")["records"]
        assert sorted(each["Id"] for each in found) == sorted(keys), condition


def test_a_filter_on_a_protected_field_needs_its_grant(vaulted: Vaulted) -> None:
    """Whoever may not ask by numbers in clear may not ask by tokens."""
    with pytest.raises(SalesforceError) as raised:
        salesforce(vaulted.run, "helpdesk").query(f"SELECT Id FROM Contact WHERE Phone = '{PHONE}'")
    assert "may not use that way" in str(raised.value.content)


def test_a_value_moved_to_another_record_is_withheld_and_reported(vaulted: Vaulted) -> None:
    """Somebody copies one person's token and ciphertext over another's, in the CRM itself."""
    one, other = made(vaulted, LastName="One"), made(vaulted, LastName="Other", Email="other@example.org")
    stored = vaulted.stored(one)
    overwrite(vaulted, other, Email=stored["Email"], MailingStreet=stored["MailingStreet"])
    before = len([each for each in vaulted.run.entries() if each.get("what") == "integrity_violation"])
    lead = salesforce(vaulted.run, "helpdesk_leads")
    shown = lead.Contact.get(other)
    assert (shown["Email"], shown["MailingStreet"], shown["Phone"]) == (None, None, PHONE)
    assert lead.Contact.get(one)["Email"] == MAIL
    found = [each for each in vaulted.run.entries() if each.get("what") == "integrity_violation"][before:]
    assert sorted(str(each["detail"]).split(" in ")[0] for each in found) == [
        "salesforce Contact.Email",
        "salesforce Contact.MailingStreet",
    ]
    assert "lychgate_integrity_violations_total" in vaulted.run.ask_admin("/metrics")[1]
    assert found_again(lead) == []


def found_again(lead: Any) -> list[str]:
    """Return names of records that show another's value in a list."""
    rows = lead.query("SELECT Id, LastName, Email FROM Contact WHERE LastName = 'Other'")["records"]
    return [row["LastName"] for row in rows if row["Email"] is not None]


def overwrite(vaulted: Vaulted, key: str, **fields: str) -> None:
    """Write to the CRM past Lychgate, as an administrator of the CRM can."""
    session = requests.Session()
    session.trust_env = False
    answer = session.patch(
        f"{vaulted.bare}/services/data/v59.0/sobjects/Contact/{key}",
        json=fields,
        headers={"Authorization": f"Bearer {CRM_TOKEN}", "Sforce-Duplicate-Rule-Header": "allowSave=true"},
        timeout=10,
    )
    assert answer.status_code == 204, answer.text


def test_what_was_there_before_is_shown_as_it_is_and_counted(vaulted: Vaulted) -> None:
    """Seeds lie in clear until `protect apply` has been over them; that they do is in the metrics."""
    held = vaulted.salesforce.people()[1]
    lead = salesforce(vaulted.run, "helpdesk_leads").Contact.get(str(held["Id"]))
    assert lead["Email"] == held["Email"]
    assert (
        'lychgate_protected_values_total{fate="clear",lane="salesforce"}' in vaulted.run.ask_admin("/metrics")[1]
    )


def test_written_back_unchanged_it_stays_and_elsewhere_it_is_refused(vaulted: Vaulted) -> None:
    """A token or an envelope that somebody got hold of is no way to give one person's value to another."""
    one, other = made(vaulted, LastName="Back"), made(vaulted, LastName="Forth")
    stored = vaulted.stored(one)
    lead = salesforce(vaulted.run, "helpdesk_leads")
    lead.Contact.update(one, {"Email": stored["Email"], "MailingStreet": stored["MailingStreet"]})
    assert {**vaulted.stored(one), "LastModifiedDate": 0, "SystemModstamp": 0} == {
        **stored, "LastModifiedDate": 0, "SystemModstamp": 0
    }  # fmt: skip
    for name in ("Email", "MailingStreet"):
        with pytest.raises(SalesforceError) as raised:
            lead.Contact.update(other, {name: stored[name]})
        assert "another record or field" in str(raised.value.content)
    with pytest.raises(SalesforceError):
        lead.Contact.create({"LastName": "Thief", "Email": stored["Email"]})


def test_an_update_protects_anew_and_the_old_value_is_found_no_more(vaulted: Vaulted) -> None:
    """What the CRM has no longer is forgotten here."""
    key = made(vaulted, LastName="Newer", Email="old@example.org")
    lead = salesforce(vaulted.run, "helpdesk_leads")
    lead.Contact.update(key, {"Email": "new@example.org"})
    assert lead.Contact.get(key)["Email"] == "new@example.org"
    for value, count in (("new@example.org", 1), ("old@example.org", 0)):
        assert lead.query(f"SELECT Id FROM Contact WHERE Email = '{value}'")["totalSize"] == count


def test_hubspot_gets_tokens_and_finds_by_them(vaulted: Vaulted) -> None:
    """Create, read, search, batch: the same through another SDK and another way to write a filter."""
    lead, agent = Hubspot(vaulted.run, "helpdesk_leads"), Hubspot(vaulted.run, "helpdesk")
    properties = {"email": MAIL, "lastname": "Quill", "phone": PHONE, "address": STREET}
    created = lead.basic.create(SimplePublicObjectInputForCreate(properties=properties, associations=[]))
    assert created.properties["email"] == MAIL
    held = vaulted.held(created.id)
    assert held["email"].endswith("@t.privacy.example.org")
    assert held["phone"].startswith("+999")
    assert held["address"].startswith("lp1.")
    shown = agent.basic.get_by_id(created.id, properties=["email", "phone", "lastname"]).properties
    assert (shown["email"], shown["phone"]) == (MAIL, "*** *** 99")

    def search(operator: str, **value: object) -> list[str]:
        asked = {"propertyName": "email", "operator": operator, **value}
        request = PublicObjectSearchRequest(
            filter_groups=[{"filters": [asked]}], properties=["email"], limit=10, after="0", sorts=[]
        )
        return [each.id for each in agent.search.do_search(request).results]

    assert search("EQ", value=MAIL.lower()) == [created.id]
    assert search("IN", values=[MAIL, "nobody@example.org"]) == [created.id]
    assert search("EQ", value="nobody@example.org") == []
    named = agent.basic.get_by_id(MAIL, id_property="email", properties=["lastname", "email"])
    assert (named.id, named.properties["email"]) == (created.id, MAIL)
    several = BatchReadInputSimplePublicObjectId(
        inputs=[{"id": MAIL}], id_property="email", properties=["email"], properties_with_history=[]
    )
    assert [each.id for each in agent.batch.read(several).results] == [created.id]
    with pytest.raises(Exception, match="makes a record if none has"):
        lead.batch.upsert({"inputs": [{"id": MAIL, "idProperty": "email", "properties": {"lastname": "Q"}}]})
    with pytest.raises(Exception, match="only equality with a whole value"):
        search("CONTAINS_TOKEN", value="quill")
    lead.basic.update(created.id, SimplePublicObjectInput(properties={"email": "moved.on@example.org"}))
    assert search("EQ", value=MAIL) == []
    assert search("EQ", value="moved.on@example.org") == [created.id]

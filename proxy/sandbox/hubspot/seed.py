"""Puts the fictitious people into an account: contacts, and the companies they work for."""

from proxy.sandbox.hubspot.kinds import DEALS, NOTES, TICKETS
from proxy.sandbox.hubspot.linking import Links
from proxy.sandbox.hubspot.lists import Lists
from proxy.sandbox.hubspot.properties import COMPANIES, CONTACTS
from proxy.sandbox.hubspot.store import Store
from proxy.sandbox.people import Person

NEWSLETTER = "7"
"""The list of those who get the newsletter."""
_BUSY = 12
"""People of whom there is more than a record: a deal, a ticket, a note."""


def fill(store: Store, links: Links, lists: Lists, persons: list[Person]) -> None:
    """Store `persons` as contacts, in order: the first one always gets id 101."""
    companies: dict[str, str] = {}
    members = lists.members[NEWSLETTER] = {}
    for number, person in enumerate(persons):
        if person.company not in companies:
            companies[person.company] = store.create(COMPANIES, _company(person)).id
        contact = store.create(CONTACTS, _contact(person)).id
        links.put(CONTACTS, contact, COMPANIES, companies[person.company])
        if person.newsletter == "in":
            members[contact] = store.now()
        if number < _BUSY:
            _business(store, links, person, contact)


def _business(store: Store, links: Links, person: Person, contact: str) -> None:
    name = f"{person.given} {person.family}"
    deal = {"dealname": f"Order of {name}", "amount": "1200", "dealstage": "contractsent", "pipeline": "default"}
    ticket = {"subject": f"Delivery to {person.street}", "content": person.description, "hs_pipeline_stage": "1"}
    note = {"hs_note_body": f"{name}: {person.description}", "hs_timestamp": "2026-01-05T09:00:00.000Z"}
    for kind, values in ((DEALS, deal), (TICKETS, ticket), (NOTES, note)):
        links.put(CONTACTS, contact, kind, store.create(kind, values).id)


def _company(person: Person) -> dict[str, str]:
    return {
        "name": person.company,
        "domain": "example.com",
        "phone": person.phone,
        "city": person.city,
        "country": person.country,
        "description": f"Main contact is {person.given} {person.family}.",
        "numberofemployees": "40",
    }


def _contact(person: Person) -> dict[str, str]:
    values = {
        "firstname": person.given,
        "lastname": person.family,
        "salutation": person.salutation,
        "email": person.email,
        "hs_additional_emails": f"private.{person.email}",
        "phone": person.phone,
        "mobilephone": person.mobile,
        "address": person.street,
        "city": person.city,
        "state": person.state,
        "zip": person.postcode,
        "country": person.country,
        "date_of_birth": person.born,
        "jobtitle": person.title,
        "company": person.company,
        "message": person.description,
        "notes": person.description,
        "hs_lead_status": "NEW",
        "hs_email_optout": str(person.newsletter == "out").lower(),
        "lifecyclestage": "customer",
        "iban": person.iban,
        "national_id": person.ssn,
        "health_conditions": person.allergies or "",
        "annual_income": str(person.income),
        "consents": "product_news;survey" if person.newsletter == "in" else "",
    }
    return {name: value for name, value in values.items() if value}

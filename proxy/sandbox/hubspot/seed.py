"""Puts the fictitious people into an account: contacts, and the companies they work for."""

from proxy.sandbox.hubspot.properties import COMPANIES, CONTACTS
from proxy.sandbox.hubspot.store import Store
from proxy.sandbox.people import Person


def fill(store: Store, persons: list[Person]) -> None:
    """Store `persons` as contacts, in order: the first one always gets id 101."""
    companies: dict[str, str] = {}
    for person in persons:
        if person.company not in companies:
            companies[person.company] = store.create(COMPANIES, _company(person)).id
        store.create(CONTACTS, _contact(person) | {"associatedcompanyid": companies[person.company]})


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

"""Puts the fictitious people into a SuiteCRM: contacts, where they work, and what is going on with them."""

from proxy.sandbox.people import Person
from proxy.sandbox.suitecrm.store import ACCOUNTS, CASES, CONTACTS, LEADS, NOTES, Store

_BUSY = 12
"""People of whom there is more than a record."""


def fill(store: Store, persons: list[Person]) -> None:
    """Store `persons`, in order; the first one is a lead as well, from before she was a customer."""
    accounts: dict[str, str] = {}
    for number, person in enumerate(persons):
        if person.company not in accounts:
            told = f"Main contact is {person.given} {person.family}."
            values = {"name": person.company, "phone_office": person.phone, "description": told}
            accounts[person.company] = store.create(ACCOUNTS, values | {"industry": "Trade"}).id
        bean = store.create(CONTACTS, _contact(person) | {"account_id": accounts[person.company]})
        if number < _BUSY:
            _business(store, person, bean.id, accounts[person.company])
    first = persons[0]
    lead = {"first_name": first.given, "last_name": first.family, "email1": first.email}
    store.create(LEADS, {**lead, "phone_mobile": first.mobile, "account_name": first.company, "status": "New"})


def _contact(person: Person) -> dict[str, object]:
    return {
        "salutation": person.salutation,
        "first_name": person.given,
        "last_name": person.family,
        "email1": person.email,
        "phone_work": person.phone,
        "phone_mobile": person.mobile,
        "primary_address_street": person.street,
        "primary_address_city": person.city,
        "primary_address_postalcode": person.postcode,
        "primary_address_country": person.country,
        "birthdate": person.born,
        "title": person.title,
        "department": person.department,
        "description": person.description,
        "lead_source": person.source,
        "do_not_call": "0",
        "assigned_user_id": "1",
        "national_id_c": person.ssn,
        "iban_c": person.iban,
        "allergies_c": person.allergies,
        "income_c": person.income,
    }


def _business(store: Store, person: Person, contact: str, account: str) -> None:
    name = f"{person.given} {person.family}"
    links = {"contact_id": contact, "assigned_user_id": "1"}
    case = {
        "name": f"Order of {name}",
        "status": "Open_New",
        "priority": "P2",
        "description": person.description,
    }
    store.create(CASES, {**case, **links, "account_id": account})
    store.create(NOTES, {"name": f"Call {name}", "description": f"{name}: {person.description}", **links})

"""Puts the fictitious people into an account: persons, where they work, and what is going on with them."""

from proxy.sandbox.people import Person
from proxy.sandbox.pipedrive.store import (
    ACTIVITIES,
    DEALS,
    FILES,
    HEALTH,
    IBAN,
    INCOME,
    LEADS,
    NATIONAL_ID,
    NOTES,
    ORGANIZATIONS,
    PERSONS,
    Store,
)

_BUSY = 12
"""People of whom there is more than a record."""


def fill(store: Store, persons: list[Person]) -> None:
    """Store `persons`, in order: the first one always gets id 1."""
    organizations: dict[str, int | str] = {}
    for number, person in enumerate(persons):
        if person.company not in organizations:
            place = f"{person.street}, {person.city}"
            made = store.create(ORGANIZATIONS, {"name": person.company, "address": place, "owner_id": 501})
            organizations[person.company] = made.id
        held = store.create(PERSONS, _person(person) | {"org_id": organizations[person.company]})
        held.values |= {"first_name": person.given, "last_name": person.family}
        if number < _BUSY:
            _business(store, person, held.id, organizations[person.company])


def _person(person: Person) -> dict[str, object]:
    values: dict[str, object] = {
        "name": f"{person.given} {person.family}",
        "emails": [
            {"value": person.email, "primary": True, "label": "work"},
            {"value": f"private.{person.email}", "primary": False, "label": "home"},
        ],
        "phones": [
            {"value": person.phone, "primary": True, "label": "work"},
            {"value": person.mobile, "primary": False, "label": "mobile"},
        ],
        "owner_id": 501,
        "job_title": person.title,
        "birthday": person.born,
        "notes": person.description,
        "visible_to": 3,
    }
    custom = {NATIONAL_ID: person.ssn, IBAN: person.iban, HEALTH: person.allergies, INCOME: person.income}
    return values | {"custom_fields": custom}


def _business(store: Store, person: Person, key: int | str, organization: int | str) -> None:
    name, links = f"{person.given} {person.family}", {"person_id": key, "org_id": organization}
    deal = {"title": f"Order of {name}", "value": 1200, "currency": "EUR", "status": "open", "stage_id": 1}
    made = store.create(DEALS, {**deal, **links, "pipeline_id": 1, "owner_id": 501})
    activity = {"subject": f"Call {name}", "type": "call", "done": False, "due_date": "2026-01-09"}
    store.create(ACTIVITIES, {**activity, **links, "note": person.description, "owner_id": 502})
    store.create(LEADS, {"title": f"{name} at the fair", "person_id": key, "organization_id": organization})
    store.create(FILES, {"name": f"contract {name}.pdf", **links})
    store.create(
        NOTES, {"content": f"{name}: {person.description}", **links, "deal_id": made.id, "user_id": 501}
    )

"""Puts the fictitious people into an organisation: contacts, where they work, and what is going on with them."""

from proxy.sandbox.people import Person
from proxy.sandbox.zoho.store import ACCOUNTS, ATTACHMENTS, CONTACTS, DEALS, LEADS, NOTES, TASKS, Store

_BUSY = 12
"""People of whom there is more than a record."""


def fill(store: Store, persons: list[Person]) -> None:
    """Store `persons`, in order; the first one is a lead as well, from before she was a customer."""
    accounts: dict[str, str] = {}
    for number, person in enumerate(persons):
        if person.company not in accounts:
            values = {"Account_Name": person.company, "Phone": person.phone, "Billing_City": person.city}
            account = store.create(
                ACCOUNTS, {**values, "Industry": "Trade", "Description": f"Main contact is {_name(person)}."}
            )
            accounts[person.company] = account.id
        held = store.create(CONTACTS, _contact(person) | {"Account_Name": accounts[person.company]})
        if number < _BUSY:
            _business(store, person, held.id, accounts[person.company])
    first = persons[0]
    lead = {"First_Name": first.given, "Last_Name": first.family, "Email": first.email, "Company": first.company}
    store.create(LEADS, {**lead, "Mobile": first.mobile, "Lead_Status": "Contacted", "Owner": "502"})


def _name(person: Person) -> str:
    return f"{person.given} {person.family}"


def _contact(person: Person) -> dict[str, object]:
    return {
        "First_Name": person.given,
        "Last_Name": person.family,
        "Salutation": person.salutation,
        "Email": person.email,
        "Secondary_Email": f"private.{person.email}",
        "Phone": person.phone,
        "Mobile": person.mobile,
        "Mailing_Street": person.street,
        "Mailing_City": person.city,
        "Mailing_State": person.state,
        "Mailing_Zip": person.postcode,
        "Mailing_Country": person.country,
        "Date_of_Birth": person.born,
        "Title": person.title,
        "Department": person.department,
        "Lead_Source": person.source,
        "Email_Opt_Out": person.newsletter == "out",
        "Description": person.description,
        "National_ID": person.ssn,
        "IBAN": person.iban,
        "Allergies": person.allergies,
        "Income": person.income,
        "Owner": "501",
    }


def _business(store: Store, person: Person, contact: str, account: str) -> None:
    name = _name(person)
    deal = {"Deal_Name": f"Order of {name}", "Amount": 1200, "Stage": "Qualification", "Owner": "501"}
    made = store.create(
        DEALS, {**deal, "Contact_Name": contact, "Account_Name": account, "Closing_Date": "2026-03-31"}
    )
    task = {"Subject": f"Call {name}", "Status": "Not Started", "Due_Date": "2026-01-09", "Owner": "502"}
    store.create(TASKS, {**task, "Who_Id": contact, "What_Id": made.id, "Description": person.description})
    note = {"Note_Title": "Call", "Note_Content": f"{name}: {person.description}", "Parent_Id": contact}
    store.create(NOTES, {**note, "Owner": "501"})
    file = {"File_Name": f"contract-{person.family}.pdf", "Size": "42", "Parent_Id": contact, "Owner": "501"}
    store.create(ATTACHMENTS, file).content = f"Contract with {name}, {person.iban}".encode()

"""Puts the fictitious people into an org: contacts with accounts, and some leads, cases, tasks and
opportunities."""

from proxy.sandbox.people import Person
from proxy.sandbox.salesforce.org import Org, Row


def fill(org: Org, persons: list[Person]) -> None:
    """Store `persons` as contacts, in order: the first one always gets the first contact id."""
    objects = org.schema.objects
    org.insert(
        objects["user"],
        {
            "Username": "integration@example.org",
            "FirstName": "Integration",
            "LastName": "User",
            "Email": "integration@example.org",
            "IsActive": True,
        },
    )
    accounts: dict[str, str] = {}
    for person in persons:
        if person.company not in accounts:
            accounts[person.company] = org.insert(objects["account"], _account(person))
    contacts = [
        org.insert(objects["contact"], _contact(person, number) | {"AccountId": accounts[person.company]})
        for number, person in enumerate(persons, 1)
    ]
    for person in persons[:3]:
        org.insert(objects["lead"], _lead(person))
    for person, key in list(zip(persons, contacts, strict=True))[1:9:4]:
        org.insert(objects["case"], _case(person, key) | {"AccountId": accounts[person.company]})
    for person, key in list(zip(persons, contacts, strict=True))[:3]:
        task = _task(person) | {"WhoId": key, "AccountId": accounts[person.company]}
        org.insert(objects["task"], task)
    for person in persons[:4]:
        org.insert(objects["opportunity"], _opportunity(person) | {"AccountId": accounts[person.company]})


def _account(person: Person) -> Row:
    return {
        "Name": person.company,
        "Type": "Customer",
        "Industry": "Other",
        "Phone": person.phone,
        "BillingStreet": person.street,
        "BillingCity": person.city,
        "BillingState": person.state,
        "BillingPostalCode": person.postcode,
        "BillingCountry": person.country,
        "BillingCountryCode": person.country_code,
        "Website": "https://www.example.com/",
        "AnnualRevenue": 1_250_000.0,
        "NumberOfEmployees": 40,
        "Description": f"Main contact is {person.given} {person.family}.",
    }


def _contact(person: Person, number: int) -> Row:
    return {
        "FirstName": person.given,
        "LastName": person.family,
        "Salutation": person.salutation,
        "Email": person.email,
        "Phone": person.phone,
        "MobilePhone": person.mobile,
        "MailingStreet": person.street,
        "MailingCity": person.city,
        "MailingState": person.state,
        "MailingPostalCode": person.postcode,
        "MailingCountry": person.country,
        "MailingCountryCode": person.country_code,
        "Birthdate": person.born,
        "Title": person.title,
        "Department": person.department or None,
        "LeadSource": person.source,
        "Description": person.description,
        "HasOptedOutOfEmail": person.newsletter == "out",
        "ExternalId__c": f"CUST-{number:06d}",
        "SSN__c": person.ssn,
        "Iban__c": person.iban,
        "Allergies__c": person.allergies,
        "AnnualIncome__c": float(person.income),
        "Tags__c": "vip;newsletter" if number % 5 == 1 else "newsletter",
        "Consents__c": "product_news;survey" if person.newsletter == "in" else None,
    }


def _lead(person: Person) -> Row:
    return {
        "FirstName": person.given,
        "LastName": person.family,
        "Company": person.company,
        "Email": f"lead.{person.email}",
        "Phone": person.phone,
        "Street": person.street,
        "City": person.city,
        "Country": person.country,
        "Status": "Open - Not Contacted",
        "LeadSource": person.source,
        "Description": person.description,
    }


def _case(person: Person, contact: str) -> Row:
    return {
        "ContactId": contact,
        "SuppliedName": f"{person.given} {person.family}",
        "SuppliedEmail": person.email,
        "SuppliedPhone": person.phone,
        "Subject": f"Delivery for {person.given} {person.family}",
        "Status": "New",
        "Origin": "Email",
        "Priority": "Medium",
        "Description": f"{person.given} wrote from {person.email}: {person.description}",
    }


def _task(person: Person) -> Row:
    return {
        "Subject": f"Call {person.given} {person.family}",
        "Type": "Call",
        "Status": "Not Started",
        "Priority": "Normal",
        "ActivityDate": "2026-02-02",
        "Description": f"Number to call: {person.mobile}. {person.description}",
    }


def _opportunity(person: Person) -> Row:
    return {
        "Name": f"{person.company} renewal",
        "StageName": "Prospecting",
        "Amount": 12_500.5,
        "Probability": 10.0,
        "CloseDate": "2027-03-31",
        "LeadSource": person.source,
        "Description": f"Signed by {person.given} {person.family}.",
    }

"""What the environment holds at first."""

from proxy.sandbox.dynamics.store import Store
from proxy.sandbox.dynamics.tables import ACCOUNT, ANNOTATION, CONTACT, EMAIL, LEAD, PARTY, PHONECALL, TASK, USER
from proxy.sandbox.people import Person

_BUSY = 3
"""People of whom there is more than a record."""


def fill(store: Store, persons: list[Person]) -> None:
    """Store `persons` as contacts, in order, their companies as accounts, and a user who owns them all."""
    user = {"fullname": "Nora Quist", "internalemailaddress": "nora.quist@example.com"}
    owner = store.create(USER, user)["systemuserid"]
    companies: dict[str, object] = {}
    for number, person in enumerate(persons):
        if person.company not in companies:
            made = store.create(ACCOUNT, _account(person) | {"ownerid": owner})
            companies[person.company] = made["accountid"]
        contact = store.create(
            CONTACT, _contact(person) | {"ownerid": owner, "parentcustomerid": companies[person.company]}
        )
        if number < _BUSY:
            _around(store, person, str(contact["contactid"]))
        account = store.get(ACCOUNT, str(companies[person.company]))
        account["primarycontactid"] = account["primarycontactid"] or contact["contactid"]
    first = persons[0]
    lead = {"firstname": "Ida", "lastname": "Holm", "companyname": first.company, "ownerid": owner}
    store.create(LEAD, lead | {"emailaddress1": "ida.holm@example.net", "subject": "Asked for a quote"})


def _account(person: Person) -> dict[str, object]:
    return {
        "name": person.company,
        "accountnumber": f"A-{len(person.company):04d}-{person.ssn[-4:]}",
        "telephone1": person.phone,
        "address1_city": person.city,
        "address1_country": person.country,
        "numberofemployees": 40,
        "revenue": 1_250_000.5,
        "description": f"Main contact is {person.given} {person.family}.",
    }


def _contact(person: Person) -> dict[str, object]:
    return {
        "firstname": person.given,
        "lastname": person.family,
        "salutation": person.salutation,
        "emailaddress1": person.email,
        "emailaddress2": f"private.{person.email}",
        "telephone1": person.phone,
        "mobilephone": person.mobile,
        "jobtitle": person.title,
        "department": person.department,
        "address1_line1": person.street,
        "address1_city": person.city,
        "address1_stateorprovince": person.state,
        "address1_postalcode": person.postcode,
        "address1_country": person.country,
        "address1_composite": f"{person.street}\r\n{person.postcode} {person.city}",
        "birthdate": person.born,
        "governmentid": person.ssn,
        "creditlimit": float(person.income),
        "description": person.description,
        "new_iban": person.iban,
        "new_allergies": person.allergies,
        "new_consents": "product_news;survey" if person.newsletter == "in" else None,
        "new_processingrestricted": False,
        "donotbulkemail": person.newsletter == "out",
    }


def _around(store: Store, person: Person, key: str) -> None:
    """Store what there is about a person: a note with a file, activities, and a message to them."""
    name = f"{person.given} {person.family}"
    file = {"filename": f"contract {name}.pdf", "documentbody": "JVBERi0="}
    store.create(ANNOTATION, {"subject": name, "notetext": person.description, "objectid": key, **file})
    store.create(TASK, {"subject": f"Call {name}", "description": person.phone, "regardingobjectid": key})
    store.create(PHONECALL, {"subject": "Called", "phonenumber": person.phone, "regardingobjectid": key})
    sent = {"subject": "Our offer", "description": f"Dear {name}, ...", "torecipients": f"{person.email};"}
    mail = store.create(EMAIL, {**sent, "sender": "nora.quist@example.com"})
    party = {"activityid": mail["activityid"], "partyid": key, "addressused": person.email}
    store.create(PARTY, party)

"""What the database holds at first."""

from proxy.sandbox.odoo.database import MODELS, Database
from proxy.sandbox.people import Person


def fill(database: Database, persons: list[Person]) -> None:
    """Store `persons` as partners below their companies, countries, users, a tag, and three leads."""
    for model in MODELS:
        database.create("ir.model", {"name": model, "model": model})
    tag = database.create("res.partner.category", {"name": "Newsletter"})
    stage = database.create("crm.stage", {"name": "New", "sequence": 1})
    for login in ("admin", "lychgate@example.org"):
        database.create("res.users", {"name": login.partition("@")[0].title(), "login": login})
    countries: dict[str, object] = {}
    companies: dict[str, object] = {}
    for number, person in enumerate(persons):
        if person.country not in countries:
            country = {"name": person.country, "code": person.country_code}
            countries[person.country] = database.create("res.country", country)
        if person.company not in companies:
            company = {"name": person.company, "is_company": True, "city": person.city}
            companies[person.company] = database.create("res.partner", company)
        values = _values(person) | {"country_id": countries[person.country], "user_id": 2}
        values["parent_id"] = companies[person.company]
        values["category_id"] = [[6, 0, [tag]]] if person.newsletter == "in" else []
        key = database.create("res.partner", values)
        if number < 3:
            lead: dict[str, object] = {
                "name": f"Quote for {person.family}",
                "contact_name": f"{person.given} {person.family}",
            }
            lead |= {"email_from": person.email, "partner_id": key, "stage_id": stage}
            lead |= {"phone": person.mobile, "expected_revenue": 1000.0 + number}
            made = database.create("crm.lead", lead)
            _around(database, person, key, made, company=int(str(values["parent_id"])))


def _around(database: Database, person: Person, key: int, lead: int, *, company: int) -> None:
    """Store what lies around a person: messages, what a field was, attachments, a list's member."""
    name = f"{person.given} {person.family}"
    sender = {"author_id": key, "email_from": f'"{name}" <{person.email}>'}
    below = {"model": "res.partner", "res_id": key, "record_name": name}
    database.create("mail.message", {**below, **sender, "body": f"<p>{name}: {person.description}</p>"})
    elsewhere = {"model": "res.partner", "res_id": company, "record_name": person.company}
    database.create("mail.message", {**elsewhere, **sender, "body": f"<p>Ask {name}, {person.phone}.</p>"})
    message = database.create("mail.message", {"model": "crm.lead", "res_id": lead, "body": ""})
    was = {"old_value_char": person.email, "new_value_char": person.email.upper(), "mail_message_id": message}
    database.create("mail.tracking.value", was)
    for model, record in (("res.partner", key), ("crm.lead", lead)):
        file = {"res_model": model, "res_id": record, "datas": "JVBERi0="}
        database.create("ir.attachment", file | {"name": f"contract {name}.pdf"})
    database.create("mailing.contact", {"name": name, "email": person.email})


def _values(person: Person) -> dict[str, object]:
    return {
        "name": f"{person.given} {person.family}",
        "email": person.email,
        "phone": person.phone,
        "mobile": person.mobile,
        "function": person.title,
        "street": person.street,
        "city": person.city,
        "zip": person.postcode,
        "vat": person.ssn,
        "comment": f"<p>{person.description}</p>",
        "birthdate_date": person.born,
        "credit_limit": float(person.income),
        "x_iban": person.iban,
        "x_allergies": person.allergies or False,
        "type": "contact",
    }

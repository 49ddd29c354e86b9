"""What Odoo leaves behind: messages that say what a field was, and the rows of its own privacy tool."""

import re
from typing import Final

from proxy.sandbox.odoo.database import Database, Row

TRACKED: Final = {
    "res.partner": ("name", "email", "phone", "mobile"),
    "crm.lead": ("email_from", "phone", "contact_name", "partner_name"),
}
"""Model -> fields of which a change is written into a message below the record."""
_LOOKED: Final = {
    "res.partner": ("email_normalized", "name"),
    "crm.lead": ("email_normalized", "contact_name"),
    "mailing.contact": ("email_normalized", "name"),
    "res.users": ("login", "name"),
}


def track(database: Database, model: str, before: Row, after: Row) -> None:
    """Write down what tracked fields were, as a client sees it among a record's messages."""
    changed = [name for name in TRACKED.get(model, ()) if before[name] and before[name] != after[name]]
    if not changed:
        return
    message = database.create(
        "mail.message", {"model": model, "res_id": after["id"], "record_name": after["name"], "body": ""}
    )
    for name in changed:
        values = {"old_value_char": before[name], "new_value_char": after[name], "mail_message_id": message}
        database.create("mail.tracking.value", values)


def look_up(database: Database, wizard: Row) -> None:
    """Find a person's records, as the tool does: by the address, or by the name; its lines name them."""
    email = str(wizard["email"]).strip().lower()
    for model, (address, name) in _LOOKED.items():
        for row in [*database.rows[model].values()]:
            if email == row[address] or wizard["name"] == row[name]:
                line = {"res_model": model, "res_id": row["id"], "res_name": database.name_of(model, row["id"])}
                database.create("privacy.lookup.wizard.line", line | {"wizard_id": wizard["id"]})
    masked = {"anonymized_name": _masked(wizard["name"]), "anonymized_email": _masked(wizard["email"])}
    database.create("privacy.log", masked)


def unlink(database: Database, line: Row) -> None:
    """Remove the record of a line; the line stays, and so does the name in it."""
    database.remove(line["res_model"], line["res_id"])


def _masked(text: str) -> str:
    return re.sub(r"(?<=[^\W_])[^\W_]+", lambda match: "*" * len(match[0]), text)

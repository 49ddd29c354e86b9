"""What the name of a field suggests about what is in it; where it suggests nothing, nothing is said."""

import re
from typing import Final, NamedTuple


class Suggestion(NamedTuple):
    """A guess at a field."""

    category: str
    semantic: str = ""
    tags: tuple[str, ...] = ()


_UNKNOWN: Final = Suggestion("unclassified")
_RULES: Final = tuple(
    (re.compile(pattern), suggestion)
    for pattern, suggestion in (
        (r"allerg|health|medical|diagnos|disab", Suggestion("user.health_and_medical", "", ("special",))),
        (r"religio", Suggestion("user.religious_belief", "", ("special",))),
        (r"ethnic|race$", Suggestion("user.demographic.ethnicity", "", ("special",))),
        (r"tradeunion|unionmember", Suggestion("user.trade_union", "", ("special",))),
        (r"e?mail", Suggestion("user.contact.email", "email")),
        (r"fax", Suggestion("user.contact.fax_number", "phone")),
        (r"phone|mobile|^tel$", Suggestion("user.contact.phone_number", "phone")),
        (r"birth", Suggestion("user.demographic.date_of_birth", "date")),
        (r"gender", Suggestion("user.demographic.gender")),
        (r"iban|bankaccount|accountnumber", Suggestion("user.financial.bank_account", "iban")),
        (r"ssn|national_?id|government_?id|passport|tax_?id|vat", Suggestion("user.government_id", "id")),
        (r"salary|income|credit|wage", Suggestion("user.financial", "number")),
        (r"ip_?address", Suggestion("user.device.ip_address")),
        (r"latitude|longitude", Suggestion("user.location.precise")),
        (r"street|address.*(line|composite)|^address$", Suggestion("user.contact.address.street", "address")),
        (r"city|town", Suggestion("user.contact.address.city", "address")),
        (r"postal|zip", Suggestion("user.contact.address.postal_code", "address")),
        (r"province|stateor", Suggestion("user.contact.address.state", "address")),
        (r"country", Suggestion("user.contact.address.country", "address")),
        (
            r"descri|note|comment|remark|message|body|memo",
            Suggestion("user.content.private", "", ("free_text",)),
        ),
        (
            r"(first|last|middle|full|nick|given|family|sur|contact)_?name|salutation",
            Suggestion("user.name", "name"),
        ),
        (r"^name$", Suggestion("user.name", "name")),
        (r"job_?title|department|profession", Suggestion("user.job_title")),
        (r"web_?site|url$", Suggestion("user.contact.url", "url")),
        (r"language|locale", Suggestion("user.demographic.language")),
        (r"^(created|modified|changed)(on|at|date)?$", Suggestion("system.operations", "date")),
        (r"^(statecode|statuscode|versionnumber)$", Suggestion("system.operations")),
    )
)


def suggest(name: str) -> Suggestion:
    """Return what the name of a field suggests, `unclassified` if that is nothing."""
    plain = name.lower()
    return next((found for pattern, found in _RULES if pattern.search(plain)), _UNKNOWN)

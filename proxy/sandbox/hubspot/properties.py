"""The properties of HubSpot contacts and companies, and how the API describes them."""

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Property:
    """One property; its values are strings whatever its type."""

    name: str
    label: str
    type: str = "string"
    """string, number, date, datetime, bool, enumeration."""
    read_only: bool = False
    standard: bool = True
    """Defined by HubSpot, not by the account's administrator."""
    unique: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of record."""

    name: str
    """As in URLs: `contacts`."""
    type_id: str
    """`0-1`; URLs may say this instead of the name."""
    label: str
    first_id: int
    listed: tuple[Property, ...]
    default: tuple[str, ...]
    """Properties an answer has when the caller names none."""
    searched: tuple[str, ...]
    """Properties that the free text `query` looks at."""
    modified: str
    """The property that says when a record was changed; it differs between the kinds."""
    by_name: dict[str, Property] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {item.name: item for item in self.listed})


_BOTH = (
    Property("hs_object_id", "Record ID", "number", read_only=True),
    Property("createdate", "Create Date", "datetime", read_only=True),
    Property("hs_createdate", "Object create date/time", "datetime", read_only=True),
    Property("hubspot_owner_id", "Owner", "enumeration"),
    Property("phone", "Phone Number"),
    Property("address", "Street Address"),
    Property("city", "City"),
    Property("state", "State/Region"),
    Property("zip", "Postal Code"),
    Property("country", "Country/Region"),
    Property("lifecyclestage", "Lifecycle Stage", "enumeration"),
    Property("notes_last_contacted", "Last Contacted", "datetime", read_only=True),
)
_CONTACTS = (
    Property("firstname", "First Name"),
    Property("lastname", "Last Name"),
    Property("email", "Email", unique=True),
    Property("hs_additional_emails", "Additional email addresses", "enumeration"),
    Property("lastmodifieddate", "Last Modified Date", "datetime", read_only=True),
    Property("mobilephone", "Mobile Phone Number"),
    Property("fax", "Fax Number"),
    Property("website", "Website URL"),
    Property("gender", "Gender"),
    Property("salutation", "Salutation"),
    Property("jobtitle", "Job Title"),
    Property("company", "Company Name"),
    Property("associatedcompanyid", "Primary Associated Company ID", "number"),
    Property("date_of_birth", "Date of birth"),
    Property("message", "Message"),
    Property("hs_lead_status", "Lead Status", "enumeration"),
    Property("hs_email_optout", "Unsubscribed from all email", "bool"),
    Property("hs_email_domain", "Email Domain", read_only=True),
    Property("hs_searchable_calculated_phone_number", "Phone number calculated", read_only=True),
    Property("iban", "IBAN", standard=False),
    Property("national_id", "National id", standard=False),
    Property("health_conditions", "Health conditions", standard=False),
    Property("annual_income", "Annual income", "number", standard=False),
    Property("notes", "Notes", standard=False),
    Property("consents", "Consents", "enumeration", standard=False),
    Property("processing_restricted", "Processing restricted", "bool", standard=False),
)
_COMPANIES = (
    Property("name", "Company name"),
    Property("domain", "Company Domain Name"),
    Property("hs_lastmodifieddate", "Last Modified Date", "datetime", read_only=True),
    Property("industry", "Industry", "enumeration"),
    Property("numberofemployees", "Number of Employees", "number"),
    Property("annualrevenue", "Annual Revenue", "number"),
    Property("description", "Description"),
    Property("website", "Website URL"),
)

CONTACTS: Final = Kind(
    "contacts",
    "0-1",
    "Contact",
    101,
    _BOTH + _CONTACTS,
    ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    ("firstname", "lastname", "email", "phone", "mobilephone", "fax", "company", "hs_additional_emails"),
    "lastmodifieddate",
)
COMPANIES: Final = Kind(
    "companies",
    "0-2",
    "Company",
    9001,
    _BOTH + _COMPANIES,
    ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    ("name", "website", "phone", "domain"),
    "hs_lastmodifieddate",
)


def definition(kind: Kind, item: Property) -> dict[str, object]:
    """Return what the properties API says of one property."""
    return {
        "updatedAt": "2025-01-15T09:00:00.000Z",
        "createdAt": "2020-06-30T15:57:37.000Z",
        "name": item.name,
        "label": item.label,
        "type": item.type,
        "fieldType": {"bool": "booleancheckbox", "enumeration": "select", "datetime": "date"}.get(
            item.type, "number" if item.type == "number" else "text"
        ),
        "description": "",
        "groupName": f"{kind.label.lower()}information",
        "options": [],
        "displayOrder": -1,
        "calculated": False,
        "externalOptions": False,
        "hasUniqueValue": item.unique,
        "hidden": False,
        "hubspotDefined": item.standard,
        "modificationMetadata": {
            "archivable": not item.standard,
            "readOnlyDefinition": item.standard,
            "readOnlyValue": item.read_only,
        },
        "formField": not item.read_only,
    }

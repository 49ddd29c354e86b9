"""Values that are nowhere else, put into every field of a CRM and into everything a client sends.

Each begins with a marker, so that a handful of searches finds all of them in whatever form they got out:
`zqcanary-Contact-SSN__c-7`, an e-mail address with the same, a telephone number around 719315557 (a company's:
628204446), a birthday in July 1903. Text has Greek letters too, since what escapes, quotes and folds
characters is what forgets.
"""

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote

from proxy.sandbox import HubSpotSandbox, SalesforceSandbox
from proxy.sandbox.hubspot.properties import COMPANIES, CONTACTS, Kind
from proxy.sandbox.salesforce.objects import SCHEMA
from proxy.sandbox.salesforce.schema import NUMBERS, Field

TEXT = "zqcanary"
GREEK = "ζκανάρι"
DIGITS = "719315557"
OF_COMPANIES = "628204446"
"""In place of DIGITS where a number is nobody's."""
MONTH = "1903-07-"
FOUND = re.compile(rf"{TEXT}-([a-z0-9]+)-([a-z0-9_]+?)-\d", re.IGNORECASE)
"""Object and field of a canary."""
_SHOWN_IN_FULL = frozenset({"id", "reference", "boolean", "datetime"})


def client_says(number: int) -> str:
    """Return a value that only a client ever had."""
    return f"{TEXT}-client-said-{number} {GREEK}"


def _value(where: str, name: str, kind: str, number: int) -> str | float:
    mark = f"{TEXT}-{where}-{name}-{number}"
    digits = OF_COMPANIES if where in ("Account", "Opportunity", "companies") else DIGITS
    if kind == "email" or name == "hs_additional_emails":
        return f"{mark}@example.org".lower()
    if kind == "phone" or name in ("phone", "mobilephone", "fax"):
        return f"+353 {digits} {number:02d}"
    if kind == "date" or name == "date_of_birth":
        return f"{MONTH}{number % 28 + 1:02d}"
    if kind in NUMBERS:
        return float(f"{digits}{number}")
    if kind == "number":
        return f"{digits}{number}"
    return mark if kind in ("picklist", "multipicklist", "enumeration") else f"{mark} {GREEK}"


def fill_salesforce(crm: SalesforceSandbox) -> None:
    """Put a canary into every field of every record that can hold one."""
    for sobject in SCHEMA.objects.values():
        for number, row in enumerate(crm.org.rows(sobject), 1):
            row |= {
                item.name: _value(sobject.name, item.name, item.type, number)
                for item in sobject.listed
                if _holds_anything(item)
            }


def _holds_anything(item: Field) -> bool:
    return item.writable and not item.computed and item.type not in _SHOWN_IN_FULL


def fill_hubspot(crm: HubSpotSandbox) -> None:
    """Put a canary into every property of every record that can hold one."""
    for kind in (CONTACTS, COMPANIES):
        for number, held in enumerate(crm.store.everything(kind), 1):
            crm.store.update(kind, held, _properties(kind, number))


def _properties(kind: Kind, number: int) -> dict[str, str | float]:
    return {
        item.name: _value(kind.name, item.name, "email" if item.name == "email" else item.type, number)
        for item in kind.listed
        if not item.read_only and item.type not in ("bool", "datetime") and item.name != "associatedcompanyid"
    }


def _forms(marker: str) -> Iterator[bytes]:
    """Yield a marker as it would look where somebody encoded it."""
    plain = marker.encode()
    yield plain
    yield marker.encode("utf-16-le")
    yield marker.encode("utf-16-be")
    yield quote(marker, safe="").encode()
    yield quote(marker, safe="").lower().encode()
    yield json.dumps(marker).strip('"').encode()
    yield ascii(marker).strip("'").encode()
    yield html.escape(marker).encode()
    yield marker.encode("ascii", "xmlcharrefreplace")
    yield plain.hex().encode()
    yield plain.hex().upper().encode()
    yield repr(plain)[2:-1].encode()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + plain)
        # The first and last characters depend on the neighbours.
        yield coded[4 * (shift > 0) : -4]
        yield coded[4 * (shift > 0) : -4].replace(b"+", b"-").replace(b"/", b"_")


FORMS = frozenset(
    form for marker in (TEXT, GREEK, DIGITS, OF_COMPANIES, MONTH) for form in _forms(marker) if len(form) > 7
)
"""Nothing shorter: four characters of base64 are in any ledger by chance."""


def canaries_in(data: bytes) -> set[bytes]:
    """Return what of the canaries is in `data`, upper and lower case alike."""
    lowered = data.lower()
    return {form for form in FORMS if form in data or form.lower() in lowered}

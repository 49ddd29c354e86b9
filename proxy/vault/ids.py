"""When two ids name one record."""

import re
from typing import Final

_SHORT: Final = 15
_SALESFORCE: Final = re.compile(r"[0-9A-Za-z]{15}[A-Za-z0-5]{3}", re.ASCII)
_GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
_CHECKS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def same_form(record: str) -> str:
    """Return a record's id in the one form in which the vault keeps it.

    Salesforce writes an id with 15 characters, or with three more that only repeat the case of those; Dataverse
    writes the same GUID in either case. Any other id stays as it is, however long: two records of which only the
    last characters differ would be one here, and share a key.
    """
    if _SALESFORCE.fullmatch(record) and record[_SHORT:].upper() == _case_of(record[:_SHORT]):
        return record[:_SHORT]
    return record.lower() if _GUID.fullmatch(record) else record


def _case_of(short: str) -> str:
    """Return three characters that have a bit for each of 15, set where it is in upper case."""
    parts = (short[start : start + 5] for start in range(0, _SHORT, 5))
    return "".join(_CHECKS[sum(each.isupper() << place for place, each in enumerate(part))] for part in parts)

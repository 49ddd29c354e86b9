"""Ids: of decisions and cases, which are made here, and of records, which a CRM may write in two forms."""

import re
import secrets
import string
import time
from typing import Final

_SHORT: Final = 15
_LONG: Final = 18
_OF_A_GUID: Final = 36
_GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
_CASE: Final = str.maketrans(
    string.ascii_uppercase + string.ascii_lowercase + string.digits, "1" * 26 + "0" * 36
)
_CHECKS: Final = {f"{bits:05b}"[::-1]: sign for bits, sign in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345")}
"""What repeats the case of five characters, by which of them are in upper case, the first one first."""


def same_form(record: str) -> str:
    """Return a record's id in the one form in which we keep it.

    Salesforce writes an id with 15 characters, or with three more that only repeat the case of those; Dataverse
    writes the same GUID in either case. Any other id stays as it is, however long: two records of which only the
    last characters differ would be one here, and share a key.
    """
    # A page has hundreds, and the length of most ids tells at once that they have one form only.
    if len(record) == _LONG and record.isascii() and record.isalnum():
        return record[:_SHORT] if record[_SHORT:].upper() == _case_of(record[:_SHORT]) else record
    return record.lower() if len(record) == _OF_A_GUID and _GUID.fullmatch(record) else record


def _case_of(short: str) -> str:
    """Return three characters that have a bit for each of 15, set where it is in upper case."""
    case = short.translate(_CASE)
    return _CHECKS[case[:5]] + _CHECKS[case[5:10]] + _CHECKS[case[10:]]


def long_form(record: str) -> str:
    """Return a record's id as Salesforce answers with it, however long it was asked for; any other as it is."""
    short = len(record) == _SHORT and record.isascii() and record.isalnum()
    return record + _case_of(record) if short else record


def new_id() -> str:
    """Return a decision id: milliseconds since the epoch and 40 random bits, sortable, lower-case hex."""
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(5)}"

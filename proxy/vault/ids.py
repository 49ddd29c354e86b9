"""When two ids name one record."""

from typing import Final

_SHORT: Final = 15
_LONG: Final = 18


def same_form(record: str) -> str:
    """Return a record's id in the one form in which the vault keeps it.

    Salesforce writes an id with 15 characters, or with three more that only repeat the case of those; Dataverse
    writes the same GUID in either case. Ids of digits alone stay as they are.
    """
    if len(record) == _LONG and record.isascii() and record.isalnum() and not record.isdigit():
        return record[:_SHORT]
    return record.lower() if len(record) == 36 and record.count("-") == 4 else record

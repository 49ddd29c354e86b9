"""Salesforce record ids: 15 characters that care about case, or 18 where a checksum carries the case.

The three-character suffix holds one bit per character of each group of five, set for an upper-case letter.
"""

import re
from typing import Final

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE: Final = re.compile(r"[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?")


def suffix(id15: str) -> str:
    """Return the three characters that make an 18-character id of a 15-character one."""
    groups = (id15[start : start + 5] for start in (0, 5, 10))
    return "".join(
        _ALPHABET[sum(1 << place for place, char in enumerate(group) if "A" <= char <= "Z")] for group in groups
    )


def make_id(prefix: str, number: int) -> str:
    """Return the 18-character id of the `number`th record of the object with this key prefix."""
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = _BASE62[rest] + digits
    id15 = f"{prefix}Lg0000{digits.rjust(6, '0')}"
    return id15 + suffix(id15)


def full_id(text: str) -> str | None:
    """Return the 18-character form of an id, or None when `text` cannot be an id."""
    if not _SHAPE.fullmatch(text):
        return None
    whole = text[:15] + suffix(text[:15])
    return whole if text in {whole, text[:15]} else None

"""What each kind of value looks like under a mask; total functions from text to text.

Every result that is not a year, a month or a range holds the run `***`. A text that does not look like what the
shape is for is hidden whole: a wrong guess about a value must not show it.
"""

import re
from contextlib import suppress
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from proxy.transforms.visible import LONGEST, head, hides, tail

MASK: Final = "***"
"""Stands for whatever is hidden, however long it is."""

_ADDRESS: Final = re.compile(r"([^@*\s]+)@([^@*\s]+)\.([A-Za-z]{2,24})")
_DOMAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,240}[A-Za-z0-9])?")
_DATE: Final = re.compile(r"([0-9]{4})-?(0[1-9]|1[0-2])-?(?:0[1-9]|[12][0-9]|3[01])(?:[T ].*)?", re.DOTALL)
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_DAY_LENGTH: Final = 10
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_NOT_DIGITS: Final = re.compile(r"\D+")
_NOT_ASCII_DIGITS: Final = bytes(set(range(256)) - set(b"0123456789"))
_NOT_DIGITS_OR_ENDS: Final = bytes(set(_NOT_ASCII_DIGITS) - set(b"\n"))
_LONGEST_PHONE: Final = 64
_NUMBERS: Final = {f"{last:02}": f"{MASK} {MASK} {last:02}" for last in range(100)}
"""By their last two digits."""
_FEWEST_DIGITS: Final = 7
"""A number with fewer is an extension or a service number; two digits of it would be too many."""


def keep_first(text: str, count: int) -> str:
    """`Mara Quinn` -> `Mara***` for 4."""
    return (head(text.strip(), count) or "") + MASK


def keep_last(text: str, count: int) -> str:
    """`+353 86 123 4567` -> `***4567` for 4."""
    return MASK + (tail(text.strip(), count) or "")


def constant(_text: str) -> str:
    """Anything -> `***`."""
    return MASK


def email(text: str) -> str:
    """`mara.quinn@example.org` -> `m***@e***.org`; the last label is public, the rest is not."""
    found = _ADDRESS.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if found is None:
        return MASK
    local, domain, top = found.groups()
    first, second = head(local, 1) or "", head(domain, 1) or ""
    if not hides((first, second, top), (local[len(first) :], domain[len(second) :])):
        return MASK
    return f"{first}{MASK}@{second}{MASK}.{top}"


def email_domain(text: str) -> str:
    """`mara.quinn@example.org` -> `***@example.org`; hidden whole if the domain says the name as well."""
    found = _ADDRESS.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if found is None or not _DOMAIN.fullmatch(found[2]):
        return MASK
    domain = f"{found[2]}.{found[3]}"
    return f"{MASK}@{domain}" if hides((domain,), (found[1],)) else MASK


def name(text: str) -> str:
    """`Mara Eva Quinn` -> `M*** Q***`: the initials of the first and the last word, whatever is between.

    Only in scripts with upper and lower case: elsewhere one letter can be a whole family name.
    """
    words = text.split() if len(text) <= LONGEST else []
    if not words:
        return MASK
    first = _initial(words[0])
    if len(words) == 1:
        return first + MASK if hides((first,), (words[0][len(first) :],)) else MASK
    last = _initial(words[-1])
    hidden = (words[0][len(first) :], words[-1][len(last) :])
    return f"{first}{MASK} {last}{MASK}" if hides((first, last), hidden) else MASK


def _initial(word: str) -> str:
    first = head(word, 1) or ""
    return first if first.lower() != first.upper() else ""


def phone(text: str) -> str:
    """`+353 86 123 4567` -> `*** *** 67`, without the country: its prefix has one to three digits."""
    if len(text) > _LONGEST_PHONE or "*" in text:
        return MASK
    # Both ways give the same; the first takes a fifth of the time, and a page masks hundreds of numbers.
    digits = text.encode().translate(None, _NOT_ASCII_DIGITS).decode() if text.isascii() else _not_ascii(text)
    if len(digits) < _FEWEST_DIGITS or not digits.isascii():
        return MASK
    return _NUMBERS[digits[-2:]]


def phones(texts: list[str]) -> list[str]:
    """Return what `phone` makes of each; the texts of a page go through together, at a third of the cost."""
    lines = "\n".join(texts)
    plain = lines.isascii() and "*" not in lines and lines.count("\n") == len(texts) - 1
    if not plain or max(map(len, texts)) > _LONGEST_PHONE:
        return list(map(phone, texts))
    digits = lines.encode().translate(None, _NOT_DIGITS_OR_ENDS).decode().split("\n")
    if min(map(len, digits)) >= _FEWEST_DIGITS:
        return [_NUMBERS[each[-2:]] for each in digits]
    return [_NUMBERS[each[-2:]] if len(each) >= _FEWEST_DIGITS else MASK for each in digits]


def _not_ascii(text: str) -> str:
    return _NOT_DIGITS.sub("", text)


def iban(text: str, count: int) -> str:
    """`IE29 AIBK 9311 5212 3456 78` -> `IE*** 5678` for 4."""
    compact = text.replace(" ", "").upper() if len(text) <= LONGEST else ""
    if not _IBAN.fullmatch(compact):
        return MASK
    return f"{compact[:2]}{MASK} {compact[-count:]}"


def year_only(text: str) -> str:
    """`1984-05-17T09:30:00Z` -> `1984`, which no CRM takes for a date."""
    found = _DATE.fullmatch(text.strip())
    return found[1] if found else MASK


def year_month(text: str) -> str:
    """`1984-05-17T09:30:00Z` -> `1984-05`, which no CRM takes for a date."""
    found = _DATE.fullmatch(text.strip())
    return f"{found[1]}-{found[2]}" if found else MASK


def number_range(text: str, count: int) -> str:
    """`34` -> `30 to 40` for 10: from the first number up to the second, which is in the next range."""
    plain = text.strip()
    if not _NUMBER.fullmatch(plain):
        return MASK
    least = int(Decimal(plain).to_integral_value(ROUND_FLOOR)) // count * count
    return f"{least} to {least + count}"


def years(texts: list[str]) -> list[str]:
    """Return what `year_only` makes of each; those of a page are mostly days written as `1984-05-17`."""
    together = "".join(texts)
    if len(together) == _DAY_LENGTH * len(texts) and "W" not in together:
        with suppress(ValueError):
            # All of them are days: no other form has ten characters, and none has more.
            list(map(date.fromisoformat, texts))
            return [text[:4] for text in texts]
    return list(map(year_only, texts))

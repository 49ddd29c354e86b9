"""Normal forms: which values are equal when somebody searches for one.

A normaliser has a version in its name, and its name is in the label of the key that marks are made with
(`proxy.crypto.marks`). Whoever changes one gives it the next number, so that what was marked by the old rules is
found by nobody instead of by the wrong people, and `protect apply` marks it anew.
"""

import unicodedata
from collections.abc import Callable
from typing import Final

import idna
import phonenumbers

_COUNTRY: Final = "ZZ"
_STEPS: Final = 4


def text_1(value: str) -> str:
    """Return a text without differences of width, case and space: NFKC, folded, runs of space as one."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold()).split())


def email_1(value: str) -> str:
    """Return an address as `email_2`, but with its domain folded first: `straße` was `strasse`."""
    folded = text_1(value)
    local, at, domain = folded.rpartition("@")
    if not at:
        return folded
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii').rstrip('.')}"
    except (idna.IDNAError, UnicodeError):
        return folded


def email_2(value: str) -> str:
    """Return an address as `text_1` with its domain as in DNS (IDNA 2008, UTS 46).

    The part before the @ is folded as well: RFC 5321 would let a host tell `A@` from `a@`, none does, and CRMs
    themselves do not. The domain is not: some letters that fold to others are somebody else's there.
    """
    local, at, domain = " ".join(unicodedata.normalize("NFKC", value).split()).rpartition("@")
    if not at:
        return text_1(value)
    try:
        return f"{text_1(local)}@{idna.encode(domain, uts46=True).decode('ascii').rstrip('.')}"
    except (idna.IDNAError, UnicodeError):
        return text_1(value)


def phone_1(value: str) -> str:
    """Return a number as `phone_2`, without its extension: all who share a number were one."""
    return _phone(value, extended=False)


def phone_2(value: str) -> str:
    """Return a number in E.164 with its extension if it says its country by + or 00, else its digits.

    A national number is not given a country: it would find another person's.
    """
    return _phone(value, extended=True)


def _phone(value: str, *, extended: bool) -> str:
    folded = text_1(value)
    number = "+" + folded[2:] if folded.startswith("00") else folded
    try:
        parsed = phonenumbers.parse(number, None if number.startswith("+") else _COUNTRY)
    except phonenumbers.NumberParseException:
        return "".join(sign for sign in folded if sign not in " ()-./\t")
    found = str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    return f"{found};ext={parsed.extension}" if extended and parsed.extension else found  # as in RFC 3966


NORMALISERS: Final[dict[str, Callable[[str], str]]] = {
    "text-1": text_1, "email-1": email_1, "email-2": email_2, "phone-1": phone_1, "phone-2": phone_2
}  # fmt: skip
"""Every normaliser there is or was, by name; one that is replaced stays as long as marks of it are kept."""
_BY_SEMANTIC: Final = {"email": "email-2", "phone": "phone-2"}


def normaliser_for(semantic: str) -> str:
    """Return the name of the normaliser that fields of one semantic type have today."""
    return _BY_SEMANTIC.get(semantic, "text-1")


def normal(normaliser: str, value: str) -> str:
    """Return the normal form of a value, which is its own; total for the names in `NORMALISERS`."""
    step = NORMALISERS[normaliser]
    for _ in range(_STEPS):
        again = step(value)
        if again == value:
            break
        value = again  # a sign that was taken out may have kept two others from being written as one
    return value

"""Telephone numbers: how all the world calls one, and how those write it who are in its country."""

import re
import unicodedata
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat

_NO_DIGIT: Final = re.compile(r"\D+")
_APART: Final = re.compile(r"[/;,|&\n]|\s(?:or|und|and|ou|oder)\s")
_WHOLE: Final = 7
"""Digits that one of several numbers has: with fewer it is a part of one, as in 0171/1234567."""
_BETWEEN: Final = (" ", "-", ".", "/", "")
"""What people write between the groups of a number."""


def digits_of(value: str) -> str:
    """Return the digits of a text, of any script."""
    return "".join(str(unicodedata.decimal(each)) for each in value if unicodedata.category(each) == "Nd")


def each_of(value: str) -> list[str]:
    """Return the numbers in a value: itself, or several with signs between that part one from the next."""
    found = [each for each in _APART.split(value) if len(digits_of(each)) >= _WHOLE]
    return [value, *found] if len(found) > 1 else [value]


def international(value: str, region: str) -> str:
    """Return a telephone number as it is called from anywhere (E.164), "" if nobody can say.

    Args:
        value: as somebody wrote it.
        region: country of numbers that do not say theirs, ISO 3166-1; "": such a number stays unknown, since
            with a country that is guessed it would be somebody else's.
    """
    number = parsed(value, region)
    return "" if number is None else _as(number, PhoneNumberFormat.E164)


def parsed(value: str, region: str) -> PhoneNumber | None:
    """Return a number taken apart, None if nobody can say whose it is; see `international`."""
    plain = "".join(
        each for each in unicodedata.normalize("NFKC", value) if unicodedata.category(each) != "Cf"
    ).strip()
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    try:
        number = phonenumbers.parse(plain, region or None)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None


def significant(number: PhoneNumber) -> str:
    """Return the digits behind the country's, without what is dialled before them within it."""
    return str(phonenumbers.national_significant_number(number))


def trunk(number: PhoneNumber) -> str:
    """Return the digits that are dialled before a number within its country, "" for none."""
    country = phonenumbers.region_code_for_country_code(number.country_code or 0)
    return str(phonenumbers.ndd_prefix_for_region(country, strip_non_digits=True) or "")


def within_country(number: PhoneNumber, region: str) -> bool:
    """Say whether a number is known without its country among those who write numbers of a region."""
    return bool(region) and phonenumbers.country_code_for_region(region) == number.country_code


def spellings(value: str, region: str) -> tuple[str, ...]:
    """Return the ways in which a CRM may have stored a number; () if nobody can say whose it is."""
    number = parsed(value, region)
    if number is None:
        return ()
    country, rest = str(number.country_code), significant(number)
    found = [f"+{country}{rest}", f"{country}{rest}", f"00{country}{rest}"]
    written = _as(number, PhoneNumberFormat.INTERNATIONAL)
    found += [written, written.replace("-", " "), _as(number, PhoneNumberFormat.RFC3966).removeprefix("tel:")]
    if trunk(number) == "0":
        found.append(written.replace(f"+{country} ", f"+{country} (0)", 1))
    if within_country(number, region):
        national = _as(number, PhoneNumberFormat.NATIONAL)
        groups = _NO_DIGIT.split(national.strip("("))
        found += [national, national.replace(") ", ")"), *(between.join(groups) for between in _BETWEEN)]
        found += [f"({groups[0]}) {between.join(groups[1:])}" for between in _BETWEEN if len(groups) > 1]
    return tuple(dict.fromkeys(found))


def tails(value: str, region: str) -> tuple[str, ...]:
    """Return the ends of a number by which texts that hold it can be asked for, the broad ones last.

    Its last group stands for itself however those before it are written, where it has four digits.
    """
    number = parsed(value, region)
    digits = digits_of(value) if number is None else significant(number)
    if number is None:
        groups = [part for part in _NO_DIGIT.split(value) if part]
    else:
        groups = _NO_DIGIT.split(_as(number, PhoneNumberFormat.INTERNATIONAL).strip("+"))
    found = [digits[-7:], digits[-6:]]
    if groups and len(groups[-1]) >= _LONG_GROUP:
        found.append(digits[-_LONG_GROUP:])
    elif len(groups) > 1:
        found += [between.join(groups[-3:]) for between in _BETWEEN]
    return tuple(dict.fromkeys(found))


_LONG_GROUP: Final = 4


def _as(number: PhoneNumber, form: int) -> str:
    return str(phonenumbers.format_number(number, form))

"""The forms in which one value is found again: as it was written, and as systems keep it.

A CRM that is asked to forget an e-mail address may have kept it in lower case; a phone number without its
spaces; a passport number without its dashes (Tryton's `value_compact` and `code_compact`). Whoever looks for
what is left has to look for all of them, and whoever compares compares by `key`.
"""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import phonenumbers

Kind = Literal["email", "phone", "id", "name", "address", "text"]
"""What a value is. `text` is not looked for: it is no name of anybody."""
CONTACT: Final = "contact"
"""What a playbook says of a field that holds an address, a number or a handle: each value tells which."""
SEVERAL: Final[Mapping[str, str]] = MappingProxyType({"emails": "email", "phones": "phone"})
"""What it says of a field that holds several values with semicolons between -> what each of them is."""
FEWEST_DIGITS: Final = 6
SHORTEST: Final = 4
"""Letters or digits that a value has to have before it is looked for; less would find strangers."""
_NO_DIGIT: Final = re.compile(r"\D+")
_NO_WORD: Final = re.compile(r"[\W_]+")


def kind_of(said: str, value: str) -> str:
    """Return what one value is, by what a playbook says of its field."""
    if said != CONTACT:
        return SEVERAL.get(said, said)
    if "@" in value:
        return "email"
    return "phone" if len(_NO_DIGIT.sub("", value)) >= FEWEST_DIGITS else "id"


def fits(said: str, kind: str) -> bool:
    """Say whether a field of which a playbook says `said` can hold a value of a kind."""
    return kind == SEVERAL.get(said, said) or (said == CONTACT and kind in {"email", "phone", "id"})


def parts(said: str, value: str) -> list[str]:
    """Return the values that stand in a field of which a playbook says `said`."""
    return value.split(";") if said in SEVERAL else [value]


def key(kind: str, value: str) -> str:
    """Return the one form by which two values of a kind are the same, "" for one that says nothing."""
    plain = unicodedata.normalize("NFKC", value).strip()
    if kind == "phone":
        found = _NO_DIGIT.sub("", plain).lstrip("0")
    elif kind == "id":
        found = _NO_WORD.sub("", plain).casefold()
    else:
        found = " ".join(plain.casefold().split())
    return found if len(_NO_WORD.sub("", found)) >= SHORTEST else ""


def international(value: str, region: str) -> str:
    """Return a telephone number as it is called from anywhere (E.164), "" if nobody can say.

    Args:
        value: as somebody wrote it.
        region: country of numbers that do not say theirs, ISO 3166-1; "": such a number stays unknown, since
            with a country that is guessed it would be somebody else's.
    """
    plain = unicodedata.normalize("NFKC", value).strip()
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    try:
        parsed = phonenumbers.parse(plain, region or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def known_as(kind: str, value: str, region: str) -> tuple[str, ...]:
    """Return the forms of a value by which somebody is known: as it is, and a number as all the world calls it.

    Args:
        kind: of the value.
        value: as somebody wrote it.
        region: as `international` has it.
    """
    everywhere = international(value, region) if kind == "phone" else ""
    return tuple(dict.fromkeys(part for part in (value, everywhere) if part))


def forms(kind: str, value: str) -> tuple[str, ...]:
    """Return every form in which a value is looked for, as it was written first; () for one that says
    nothing."""
    if not key(kind, value):
        return ()
    plain = unicodedata.normalize("NFKC", value).strip()
    found = [value, value.strip(), plain]
    if kind == "email":
        found.append(plain.lower())
    elif kind == "phone":
        digits = _NO_DIGIT.sub("", plain)
        found += [f"+{digits}", digits, digits.lstrip("0")]
    elif kind == "id":
        compact = _NO_WORD.sub("", plain)
        found += [compact, compact.upper(), compact.lower()]
    return tuple(dict.fromkeys(found))


def within(kind: str, value: str, text: str) -> bool:
    """Say whether a text holds a value, however it is spaced, cased and punctuated there."""
    pattern = _pattern(kind, value)
    return pattern is not None and pattern.search(unicodedata.normalize("NFKC", text)) is not None


def without(kind: str, value: str, text: str, put: str) -> str:
    """Return a text in which `put` stands for a value wherever `within` finds it."""
    pattern = _pattern(kind, value)
    if pattern is None:
        return text
    clean = pattern.sub(lambda _: put, text)
    if pattern.search(unicodedata.normalize("NFKC", clean)):
        clean = pattern.sub(lambda _: put, unicodedata.normalize("NFKC", clean))
    return clean


def _pattern(kind: str, value: str) -> re.Pattern[str] | None:
    """Return what finds a value in a text, between other letters and digits."""
    if not key(kind, value):
        return None
    plain = unicodedata.normalize("NFKC", value).strip()
    if kind == "phone":
        parts, between = list(_NO_DIGIT.sub("", plain).lstrip("0")), r"[\s.\-()/]*"
    elif kind == "id":
        parts, between = list(_NO_WORD.sub("", plain)), r"[\s.\-_/]*"
    else:
        parts, between = plain.split(), r"\s+"
    body = between.join(map(re.escape, parts))
    before = r"\+?(?:00)?" if kind == "phone" else ""
    return re.compile(rf"(?<![^\W_]){before}{body}(?![^\W_])", re.IGNORECASE)

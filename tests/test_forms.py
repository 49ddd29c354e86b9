"""Forms of values that are written."""

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from stdnum import iban

from proxy.forms import FORMS, check_form, compile_form, fits
from proxy.message import Tree
from proxy.model import Form

EMAIL, PHONE, IBAN, DATE = Form("email"), Form("phone"), Form("iban"), Form("date")
IRISH = Form("phone", country="IE")
THERE = Form("postal_code", country_field="MailingCountry", country="IE")
ANYWHERE = Form("postal_code", country_field="MailingCountry")
BSN = Form("number", number="nl.bsn")
STAFF = Form("pattern", pattern="[A-Z]{2}[0-9]{4}")
CLEAN = Form("clean", country="IE", find="email, phone")
EACH = (EMAIL, PHONE, IBAN, DATE, IRISH, THERE, ANYWHERE, BSN, STAFF, CLEAN)

GOOD: list[tuple[Form, Tree, dict[str, Tree]]] = [
    (EMAIL, "mara.quinn+crm@example.org", {}),
    (EMAIL, "用户@例子.广告", {}),  # RFC 6531
    (PHONE, "+353 86 123 4567", {}),
    (IRISH, "086 123 4567", {}),
    (IRISH, 353861234567, {}),  # a number where text is usual
    (IBAN, "IE29 AIBK 9311 5212 3456 78", {}),
    (CLEAN, "Prefers calls after 15:00. " * 60, {}),
    (CLEAN, "IE29 AIBK 9311 5212 3456 78", {}),  # was not asked for
    (DATE, "1984-02-29", {}),
    (DATE, "1984-05-17T09:30:00Z", {}),
    (THERE, "D02 X285", {}),
    (THERE, "d02 x285", {}),
    (THERE, "10115", {"MailingCountry": "Germany"}),
    (THERE, "10115", {"MailingCountry": " de "}),
    (THERE, "D02 X285", {"MailingCountry": "Nowhere"}),  # what nobody knows says nothing
    (ANYWHERE, "10115", {}),
    (Form("postal_code", country="AE"), "anything", {}),  # has no postal codes, so nothing to compare with
    (BSN, "111222333", {}),
    (BSN, Raw(b"111222333"), {}),
    (STAFF, "AB1234", {}),
]
BAD: list[tuple[Form, Tree, dict[str, Tree]]] = [
    (CLEAN, "Ask mara.quinn@example.org", {}),
    (CLEAN, "Ask 086 123 4567", {}),
    (CLEAN, "x" * 20_000, {}),
    (EMAIL, "mara.quinn", {}),
    (EMAIL, "mara@localhost", {}),
    (EMAIL, "m***@e***.org", {}),
    (EMAIL, "mara@example.org, liam@example.org", {}),
    (PHONE, "086 123 4567", {}),  # of which country?
    (PHONE, "+353 000", {}),
    (IRISH, "not known", {}),
    (IBAN, "IE29 AIBK 9311 5212 3456 79", {}),  # a digit off
    (DATE, "1983-02-29", {}),
    (DATE, "17.05.1984", {}),
    (DATE, "19840517", {}),
    (DATE, "1984", {}),
    (THERE, "10115", {}),
    (THERE, "D02 X285", {"MailingCountry": "DE"}),
    (ANYWHERE, "see above", {}),
    (BSN, "111222334", {}),
    (BSN, True, {}),
    (EMAIL, ["mara@example.org"], {}),
    (EMAIL, {"a": "mara@example.org"}, {}),
    (STAFF, "AB12345", {}),
    (EMAIL, "a" * 2_000 + "@example.org", {}),
]


@pytest.mark.parametrize(("form", "value", "record"), GOOD)
def test_what_is_of_a_form_fits(form: Form, value: Tree, record: dict[str, Tree]) -> None:
    """As people write it, spaces around it or not."""
    assert fits(form, value, record)
    if isinstance(value, str):
        assert fits(form, f" {value} ", record)


@pytest.mark.parametrize(("form", "value", "record"), BAD)
def test_what_is_not_of_a_form_does_not_fit(form: Form, value: Tree, record: dict[str, Tree]) -> None:
    """Whatever is not certainly of the form."""
    assert not fits(form, value, record)


@pytest.mark.parametrize("form", EACH)
@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_nothing_fits_every_form(form: Form, nothing: Tree) -> None:
    """Whether a field may be emptied is for grants to say."""
    assert fits(form, nothing, {})


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (Form("number", number="nl.bsm"), "python-stdnum knows no number called 'nl.bsm'"),
        (Form("number", number="../../etc"), "knows no number"),
        (Form("number"), "knows no number"),
        (Form("pattern", pattern="["), "no regular expression that RE2 takes"),
        (Form("pattern", pattern="(a)\\1"), "no regular expression that RE2 takes"),
        (Form("phone", country="XX"), "is no country"),
        (Form("clean", find="nl.bsm"), "or a number that python-stdnum knows"),
    ],
)
def test_a_wrong_form_is_told_with_what_to_write(form: Form, says: str) -> None:
    """When policy loads, and again by whoever compiles it."""
    for take in (check_form, compile_form):
        with pytest.raises(ValueError, match=r"number|pattern|country") as caught:
            take(form)
        assert says in str(caught.value)


def test_every_kind_is_tried_here() -> None:
    """A new kind gets its cases."""
    assert {form.kind for form in EACH} == FORMS


LEAVES = st.text(max_size=60) | st.integers() | st.booleans() | st.none() | st.lists(st.text(), max_size=1)


@pytest.mark.parametrize("form", EACH)
@given(value=LEAVES, country=st.text(max_size=8) | st.none())
def test_any_value_gets_an_answer(form: Form, value: Tree, country: Tree) -> None:
    """Nothing that a client writes makes the check itself fail."""
    assert fits(form, value, {"MailingCountry": country}) in {True, False}


@given(region=st.sampled_from(["IE", "DE", "JP", "US", "AU", "CA"]))
def test_an_example_of_each_country_fits_in_both_writings(region: str) -> None:
    """The numbering plans' own examples."""
    number = phonenumbers.example_number(region)
    for form in (phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.NATIONAL):
        assert fits(Form("phone", country=region), phonenumbers.format_number(number, form), {})


@given(digits=st.from_regex(r"[0-9]{18}", fullmatch=True), at=st.integers(4, 21), by=st.integers(1, 9))
def test_any_one_wrong_digit_of_an_iban_is_noticed(digits: str, at: int, by: int) -> None:
    """ISO 7064 MOD 97-10 finds every single substitution."""
    good = f"DE{iban.calc_check_digits(f'DE00{digits}')}{digits}"
    wrong = good[:at] + str((int(good[at]) + by) % 10) + good[at + 1 :]
    assert fits(IBAN, good, {})
    assert not fits(IBAN, wrong, {})


@given(
    st.text(st.sampled_from("ab.+-_@ \"'\u00e9"), max_size=12)
    | st.sampled_from(["x" * 64, "x" * 65, "a.b", ".a"]),
    st.sampled_from(
        ["example.org", "localhost", "b\u00fccher.example", "exa mple.org", "-x.org", "x.org.", "", "a@b.org"]
    ),
)
def test_an_address_is_one_by_the_library_alone(local: str, domain: str) -> None:
    """Remembering domains changes nothing."""
    text = f"{local}@{domain}"
    try:
        validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError:
        assert not fits(EMAIL, text, {}) or not text.strip()
    else:
        assert fits(EMAIL, text, {})

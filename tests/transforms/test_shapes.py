"""What values look like under a mask; ids are those of the threat catalogue."""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from proxy.transforms import shapes
from proxy.transforms.shapes import MASK

Shape = Callable[[str], str]

SHAPES: dict[str, Shape] = {
    "keep_first 1": partial(shapes.keep_first, count=1),
    "keep_first 8": partial(shapes.keep_first, count=8),
    "keep_last 4": partial(shapes.keep_last, count=4),
    "constant": shapes.constant,
    "email": shapes.email,
    "email_domain": shapes.email_domain,
    "name": shapes.name,
    "phone": shapes.phone,
    "iban": partial(shapes.iban, count=4),
}
each_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)

WORDS = st.text(st.characters(categories=["L", "M", "N"]), min_size=1, max_size=12)
LOCAL = st.text("abcdefgorg.+-_1é", min_size=1, max_size=10)
LABELS = st.text("abcdefgorg1-", min_size=1, max_size=10).filter(lambda text: text.strip("-") == text)
EMAILS = st.builds("{}@{}.{}".format, LOCAL, LABELS, st.sampled_from(["org", "com", "ie", "museum"]))
PHONES = st.from_regex(r"\+?[0-9]{1,3}[ -]?[0-9]{1,4}[ -]?[0-9]{1,7}", fullmatch=True)
IBANS = st.from_regex(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", fullmatch=True)
ANY = st.text(max_size=40) | EMAILS | PHONES | IBANS | st.lists(WORDS, max_size=4).map(" ".join)


@pytest.mark.parametrize(
    ("shape", "text", "masked"),
    [
        ("keep_first 1", "Mara", "M***"),
        ("keep_last 4", "+353 86 123 4567", "***4567"),
        ("keep_last 4", "  123456789  ", "***6789"),  # padding is not shown instead
        ("keep_last 4", "12345678", "***"),  # half of it would stay
        ("constant", "4 Abbey Street, Cork", "***"),
        ("email", "mara.quinn@example.org", "m***@e***.org"),
        ("email", "Mara.Quinn@mail.example.co.uk", "M***@m***.uk"),  # the last label is public
        ("email", "mq@example.org", "***@e***.org"),  # a letter of two is half
        ("email", "a@b.c", "***"),  # PD-31: c is no top-level domain
        ("email", "a@b.ie", "***@***.ie"),
        ("email", "corg@example.org", "***"),  # what is hidden of it stands in .org
        ("email", "Mara <mara@example.org>", "***"),  # not an address alone
        ("email", "mara", "***"),
        ("email", "a@b@c.org", "***"),
        ("email_domain", "mara.quinn@example.org", "***@example.org"),
        ("email_domain", "quinn@quinn.name", "***"),  # the domain says it
        ("email_domain", "mara@bücher.example", "***"),  # looks like another domain to a person
        ("name", "Mara Quinn", "M*** Q***"),
        ("name", "Mara Eva O'Brien Quinn", "M*** Q***"),  # the number of names is not shown
        ("name", "Mara", "M***"),
        ("name", "Li", "***"),  # half a name
        ("name", "Xu Li", "*** ***"),
        ("name", "O Quinn", "*** Q***"),
        ("name", "Q Quinn", "***"),  # the word to hide would stand in the other's initial
        ("name", "Émile Zola", "É*** Z***"),
        ("name", "E\u0301mile Zola", "E\u0301*** Z***"),  # decomposed: the accent stays on
        ("name", "王小明", "***"),  # one letter is the family name
        ("name", "김 민수", "*** ***"),
        ("name", "\u202eMara Quinn", "*** Q***"),  # PD-31: direction override
        ("phone", "+353 86 123 4567", "*** *** 67"),
        ("phone", "(086) 123-4567", "*** *** 67"),
        ("phone", "1", "***"),  # PD-31: one digit
        ("phone", "112", "***"),
        ("phone", "٠١٢٣٤٥٦٧٨٩", "***"),  # digits, but not ones we show
        ("iban", "IE29 AIBK 9311 5212 3456 78", "IE*** 5678"),
        ("iban", "ie29aibk93115212345678", "IE*** 5678"),
        ("iban", "IE29", "***"),
        ("iban", "12345678901234567890", "***"),  # an account number without a country
    ],
)
def test_pd_31_each_shape_in_examples(shape: str, text: str, masked: str) -> None:
    """PD-31: what each kind of value becomes, and what becomes of values that are not of the kind."""
    assert SHAPES[shape](text) == masked


@each_shape
@given(text=ANY)
def test_every_mask_is_told_by_its_asterisks(shape: Shape, text: str) -> None:
    """WP-03: whatever goes in, what comes out holds the run that could_be_masked looks for."""
    assert MASK in shape(text)


@each_shape
@given(text=ANY)
def test_a_mask_of_a_mask_shows_no_more(shape: Shape, text: str) -> None:
    """Masking twice, on a page that comes through two lanes, leaves nothing but mask."""
    assert set(shape(shape(text))) <= {"*", " "}


@each_shape
def test_pd_31_the_empty_string_is_hidden_like_any_other(shape: Shape) -> None:
    """PD-31: whether there is a text is not shown; what is nothing but space is no text either."""
    assert shape("") == MASK
    assert shape(" \t ") == MASK


@pytest.mark.parametrize("count", [1, 4, 8])
@given(text=st.text(max_size=30))
def test_pd_31_the_hidden_part_cannot_be_read_in_what_is_shown(count: int, text: str) -> None:
    """PD-31, also for short values: the hidden part stands nowhere in the output."""
    stripped = text.strip()
    for masked, hidden in (
        (shapes.keep_first(text, count), stripped[len(shapes.keep_first(text, count)) - 3 :]),
        (shapes.keep_last(text, count), stripped[: 3 - len(shapes.keep_last(text, count)) or None]),
    ):
        assume(set(hidden) - {"*"})
        assert hidden not in masked


@given(EMAILS)
def test_pd_31_an_address_shows_no_hidden_part(address: str) -> None:
    """PD-31: neither the local part nor the domain can be read, in any case, in any piece that is shown."""
    local, _, domain = address.rpartition("@")
    label = domain.rpartition(".")[0]
    first, second = (part[1:] if len(part) > 2 else part for part in (local, label))
    shown = [piece.casefold() for piece in re.split(r"[*@.]+", shapes.email(address))]
    assert not any(hidden and hidden.casefold() in piece for hidden in (first, second) for piece in shown)
    assert local.casefold() not in shapes.email_domain(address).replace(MASK, "").casefold()


@given(st.lists(WORDS, min_size=1, max_size=4).map(" ".join))
def test_pd_31_a_name_shows_no_word(name: str) -> None:
    """PD-31: of the first and the last word less than half is shown, of those between nothing.

    A word between them may still be the same letter as the initial in front of it: `Anna A Quinn`.
    """
    first, *between, last = (name if " " in name else f"{name} {name}").split()
    shown = shapes.name(name).replace(MASK, "").split()
    assert first not in shown
    assert last not in shown
    assert not {word for word in between if word not in (first[:1], last[:1])} & set(shown)


@given(st.text(st.characters(codec="ascii"), max_size=70))
def test_a_number_in_ascii_is_read_as_any_other(text: str) -> None:
    """The quick way to its digits finds what the slow one finds."""
    assert shapes.phone(text) == shapes.phone(text + "\u00a0") or "*" in text or len(text) >= 64


@given(PHONES)
def test_pd_31_a_phone_number_shows_two_digits_at_most(number: str) -> None:
    """PD-31: and those are the last two, of seven or more."""
    digits = re.sub(r"\D", "", number)
    expected = f"*** *** {digits[-2:]}" if len(digits) >= 7 else MASK
    assert shapes.phone(number) == expected


@pytest.mark.parametrize(
    ("shape", "short", "long"),
    [
        ("keep_first 1", "Mar", "Maximiliana"),
        ("keep_last 4", "000012345", "0" * 900 + "2345"),
        ("email", "mara@example.org", "m" + "x" * 60 + "@e" + "x" * 60 + ".org"),
        ("name", "Ann Lee", "A" + "nn" * 20 + " Mid Dle L" + "ee" * 20),
        ("phone", "12345 67", "+353 86 123 45 67"),
        ("iban", "NO9386011117345", "NO93860111173450000000000007345"),
    ],
)
def test_ce_14_the_output_does_not_tell_how_much_is_hidden(shape: str, short: str, long: str) -> None:
    """CE-14: two values that differ only in what is hidden come out the same, byte for byte."""
    assert SHAPES[shape](short) == SHAPES[shape](long)
    assert SHAPES[shape](short) != MASK


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("1984-05-17", "1984"),
        ("1984-05-17T09:30:00.000+0000", "1984"),
        ("1984-05-17 09:30", "1984"),
        ("19840517T09:30:00", "1984"),  # as XML-RPC writes it
        ("1984-13-01", "***"),  # no month
        ("1984-05-32", "***"),
        ("17.05.1984", "***"),  # any other order is a guess
        ("456710400000", "***"),  # milliseconds since 1970
        ("1984", "***"),
        ("", "***"),
        ("born 1984-05-17", "***"),
    ],
)
def test_a_date_shows_its_year(text: str, year: str) -> None:
    """Only what is certainly a date; and the year alone is no date a CRM would take back."""
    assert shapes.year_only(text) == year
    assert shapes.year_month(text) == (f"{year}-05" if year != MASK else MASK)


@given(number=st.decimals(-(10**14), 10**14, places=3), width=st.integers(2, 1_000_000))
def test_a_number_is_in_its_range_and_nothing_else_is_said_of_it(number: Decimal, width: int) -> None:
    """All numbers of a range come out the same, and ranges neither overlap nor leave a gap."""
    least, most = map(int, shapes.number_range(str(number), width).split(" to "))
    assert least <= number < most == least + width
    assert least % width == 0
    assert shapes.number_range(str(least), width) == shapes.number_range(str(number), width)
    assert shapes.number_range(str(most), width).startswith(f"{most} to ")


@pytest.mark.parametrize("text", ["", "12a", "1e5", "NaN", "0x1f", "1,000", "٣٤", "1" * 16, "--1", "1."])
def test_what_is_not_plainly_a_number_has_no_range(text: str) -> None:
    """A guess about a value must not show it."""
    assert shapes.number_range(text, 10) == MASK


_DAYS = st.dates().map(str) | st.datetimes().map(lambda at: at.isoformat())
_ODD = st.text("0123456789-W*\n T\u0663", max_size=11) | st.sampled_from(
    ["2024-W05-1", "19840517", "0000-01-01", "1984-02-30"]
)


@given(st.lists(_DAYS | _ODD, max_size=5) | st.lists(st.dates().map(str), max_size=5))
def test_many_years_are_each_by_itself(texts: list[str]) -> None:
    """The quicker way shows what the other one does, whatever is among them."""
    assert shapes.years(texts) == [shapes.year_only(text) for text in texts]


_NUMBERS = st.text("0123456789+ -()", max_size=20)


@given(st.lists(_NUMBERS | _ODD | st.text(max_size=4) | st.just("1" * 65), max_size=5) | st.lists(_NUMBERS))
def test_many_phones_are_each_by_itself(texts: list[str]) -> None:
    """The quicker way shows what the other one does, whatever is among them."""
    assert shapes.phones(texts) == [shapes.phone(text) for text in texts]

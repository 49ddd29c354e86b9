"""Kinds of mask, and telling a mask that comes back; ids are those of the threat catalogue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from proxy.message import Tree
from proxy.model import Mask
from proxy.transforms import KINDS, check_mask, compile_echo, compile_mask, could_be_masked
from proxy.transforms.masks import mask_all

SEMANTICS = ("text", "email", "phone", "name", "address", "date", "iban", "number", "id", "url")
PARAMS: dict[str, tuple[tuple[str, str | int], ...]] = {
    "keep_first": (("n", 2),),
    "keep_last": (("n", 4),),
    "fixed": (("value", "[hidden]"),),
    "range": (("n", 10),),
}
MASKS = [Mask(kind, kind, PARAMS.get(kind, ())) for kind in sorted(KINDS)]
MASKS.append(Mask("zero", "fixed", (("value", 0),)))
each_mask = pytest.mark.parametrize("mask", MASKS, ids=lambda mask: mask.name)

LEAVES = (
    st.text(max_size=30)
    | st.emails()
    | st.dates().map(str)
    | st.from_regex(r"\+?[0-9 ]{0,20}", fullmatch=True)
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False).map(lambda number: Raw(str(number).encode()))
    | st.booleans()
    | st.none()
)


@each_mask
@given(value=LEAVES, semantic=st.sampled_from(SEMANTICS))
def test_wp_03_what_a_mask_made_is_told_when_it_comes_back(mask: Mask, value: Tree, semantic: str) -> None:
    """WP-03, invariant 8: redact then write is refused, for every mask, value and semantic type.

    A text in which `detect` found nothing is the truth.
    """
    shown = compile_mask(mask, semantic)(value)
    if shown is not None and not (mask.kind == "detect" and shown == value):
        assert could_be_masked(mask, semantic, shown)
        assert could_be_masked(mask, semantic, f" {shown}\n")


ORDINARY = {
    "text": ["Called about the invoice.", "* important", "** see below **", "1984", ""],
    "email": ["mara@example.org", "o'brien+crm@mail.example.co.uk", "a@b.ie"],
    "phone": ["+353 86 123 4567", "(01) 800-1984", "112", "#31#0861234567", "*31#0861234567"],
    "name": ["Mara Quinn", "O'Brien", "王小明", "Jean-Luc", "X Æ A-12"],
    "address": ["4 Abbey Street, Cork", "Flat 3*"],
    "date": ["1984-05-17", "1984-05-17T09:30:00Z", "19840517", "17.05.1984", "456710400000"],
    "iban": ["IE29AIBK93115212345678", "IE29 AIBK 9311 5212 3456 78"],
    "number": [1984, 0, Raw(b"1500.00"), "1984"],
    "id": ["003000000000001", "1984"],
    "url": ["https://example.org/a**b?x=*"],
}


@pytest.mark.parametrize("mask", [m for m in MASKS if m.kind != "fixed"], ids=lambda mask: mask.name)
@pytest.mark.parametrize("semantic", SEMANTICS)
def test_wp_03_ordinary_values_are_not_taken_for_masks(mask: Mask, semantic: str) -> None:
    """A person can still write what such a field holds."""
    for value in [*ORDINARY[semantic], True, False]:
        assert not could_be_masked(mask, semantic, value)


def test_wp_03_a_bare_year_is_a_mask_where_a_date_belongs() -> None:
    """WP-03: `1984` in a birthday is the mask; in a number it is a number."""
    for kind in ("year_only", "by_type"):
        mask = Mask("m", kind)
        assert could_be_masked(mask, "date", "1984")
        assert could_be_masked(mask, "date", 1984)
        assert not could_be_masked(mask, "number", 1984)
        assert compile_mask(mask, "text")("1984-05-17") == "***"


def test_wp_03_null_is_a_mask_only_where_the_mask_is_null() -> None:
    """WP-03: elsewhere null clears a field, which a policy may allow."""
    assert could_be_masked(Mask("m", "null"), "name", None)
    for mask in MASKS:
        assert could_be_masked(mask, "name", None) is (mask.kind == "null")


@pytest.mark.parametrize("value", [{"a": "***"}, ["***"], True])
def test_containers_and_flags_are_no_masks(value: Tree) -> None:
    """No mask makes them; what is inside a container is judged field by field."""
    for mask in MASKS:
        assert not could_be_masked(mask, "text", value)


@each_mask
def test_null_stays_null(mask: Mask) -> None:
    """A client's types expect null where there is nothing; `redact` hides presence too."""
    assert compile_mask(mask, "name")(None) is None


@pytest.mark.parametrize(
    ("kind", "semantic", "value", "shown"),
    [
        ("keep_last", "number", 12345678901, "***8901"),
        ("keep_last", "number", Raw(b"1234500.00"), "***0.00"),  # the lexeme, as it stood
        ("phone", "phone", 353861234567, "*** *** 67"),
        ("keep_last", "text", True, None),  # PD-30: a flag has no part to show
        ("keep_last", "text", {"a": "123456789"}, None),  # PD-30: nor has a container
        ("email", "email", ["mara@example.org"], None),
        ("null", "email", "mara@example.org", None),
        ("fixed", "text", {"a": 1}, "[hidden]"),
        ("by_type", "email", "mara.quinn@example.org", "m***@e***.org"),
        ("by_type", "phone", "+353 86 123 4567", "*** *** 67"),
        ("by_type", "name", "Mara Quinn", "M*** Q***"),
        ("by_type", "address", "4 Abbey Street", "***"),
        ("by_type", "iban", "IE29AIBK93115212345678", "IE*** 5678"),
        ("by_type", "date", "1984-05-17", "1984"),
        ("by_type", "text", "anything", "***"),  # nothing is known of it
        ("by_type", "number", 7, "***"),
        ("range", "number", 34, "30 to 40"),
        ("range", "number", Raw(b"39.99"), "30 to 40"),
        ("range", "number", -1, "-10 to 0"),
        ("range", "phone", 353861234567, "***"),  # ten of it would be all of it
        ("year_month", "date", "1984-05-17", "1984-05"),
        ("year_month", "text", "1984-05-17", "***"),
    ],
)
def test_pd_30_what_each_kind_makes_of_each_type(kind: str, semantic: str, value: Tree, shown: Tree) -> None:
    """PD-30: text and numbers are masked, everything else becomes null."""
    assert compile_mask(Mask("m", kind, PARAMS.get(kind, ())), semantic)(value) == shown


@each_mask
def test_good_masks_pass_the_check(mask: Mask) -> None:
    """What the check takes, the compiler takes, for every semantic type."""
    check_mask(mask)
    for semantic in SEMANTICS:
        compile_mask(mask, semantic)


@pytest.mark.parametrize(
    ("kind", "params", "says"),
    [
        ("keep_lasst", (), "did you mean 'keep_last'?"),
        ("hash", (), "write one of: address, by_type"),  # an unkeyed hash is no mask
        ("keep_last", (), "needs 'n', a number from 1 to 8"),
        ("keep_last", (("n", 0),), "needs 'n'"),
        ("keep_last", (("n", 9),), "needs 'n'"),
        ("keep_last", (("n", "4"),), "needs 'n'"),
        ("keep_last", (("n", True),), "needs 'n'"),  # YAML's yes
        ("keep_last", (("n", 4), ("m", 4)), "takes only 'n', not 'm'"),
        ("iban", (("n", 5),), "a number from 2 to 4"),
        ("range", (), "needs 'n', a number from 2 to 1000000"),
        ("range", (("n", 1),), "needs 'n'"),  # a range of one is the number
        ("email", (("n", 4),), "takes nothing, not 'n'"),
        ("fixed", (), "needs 'value'"),
        ("fixed", (("value", ""),), "needs 'value'"),
        ("fixed", (("value", " "),), "needs 'value'"),  # could not be told from an empty field
        ("fixed", (("value", "a\nb"),), "needs 'value'"),
        ("fixed", (("value", "x" * 65),), "needs 'value'"),
        ("null", (("value", 0),), "takes nothing"),
    ],
)
def test_a_wrong_mask_is_told_with_what_to_write(
    kind: str, params: tuple[tuple[str, str | int], ...], says: str
) -> None:
    """An author reads what is wrong and what to write instead, when policy loads."""
    for take in (check_mask, lambda mask: compile_mask(mask, "text")):
        with pytest.raises(ValueError, match="mask") as caught:
            take(Mask("m", kind, params))
        assert says in str(caught.value)


def test_iban_shows_as_many_characters_as_the_policy_says() -> None:
    """`n` is optional for an IBAN."""
    assert compile_mask(Mask("m", "iban", (("n", 2),)), "iban")("IE29AIBK93115212345678") == "IE*** 78"


IN_ANOTHER_HAND = [
    # full width, look-alikes, spaces and invisible signs between: still three asterisks to a person
    ("phone", "phone", "＊＊＊ ＊＊＊ 67"),
    ("phone", "phone", "∗∗∗ 67"),
    ("phone", "phone", "* * * 67"),
    ("email", "email", "m*\u200b*\u200b*@example.org"),
    # what a program leaves that keeps the digits of a masked number
    ("phone", "phone", "67"),
    # a year is a year however the number is written
    ("year_only", "date", "1984.0"),
    ("year_only", "date", "1.984e3"),
    ("year_only", "date", "１９８４"),
    ("year_only", "date", "1984\u200b"),
    ("year_month", "date", "1984 -05"),
    ("range", "number", "３０ TO ４０"),
]
RESEMBLING = [
    ("phone", "phone", "+353 1 555 0101"),
    ("phone", "phone", ""),
    ("year_only", "date", "1984-03-17"),
    ("year_only", "date", "19840317"),
    ("year_month", "date", "1984-03-17"),
    ("year_month", "date", "198403"),
    ("range", "number", "30"),
    ("range", "number", "30-40"),
    ("name", "name", "Ana * Ruiz"),
]


@pytest.mark.parametrize(("kind", "semantic", "value"), IN_ANOTHER_HAND)
def test_wp_03_a_mask_in_another_hand_is_a_mask(kind: str, semantic: str, value: str) -> None:
    """A mask that a spreadsheet, a form or a person has rewritten is recognised all the same."""
    assert could_be_masked(Mask("m", kind, PARAMS.get(kind, ())), semantic, value)


@pytest.mark.parametrize(("kind", "semantic", "value"), RESEMBLING)
def test_wp_03_what_only_resembles_a_mask_is_not_one(kind: str, semantic: str, value: str) -> None:
    """Recognising more must not make ordinary values unwritable."""
    assert not could_be_masked(Mask("m", kind, PARAMS.get(kind, ())), semantic, value)


@given(
    st.sampled_from(MASKS),
    st.sampled_from(SEMANTICS),
    st.lists(st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.dates().map(str), max_size=6),
)
def test_a_column_is_masked_as_each_value_is(mask: Mask, semantic: str, values: list[Tree]) -> None:
    """A page shows what its records would by themselves."""
    apply = compile_mask(mask, semantic)
    assert mask_all(apply, values) == list(map(apply, values))


_KINDS = ("constant", "email", "phone", "name", "year_only", "year_month", "null", "by_type")
_SEVERAL = (
    *(Mask(kind, kind) for kind in _KINDS),
    Mask("f", "fixed", (("value", "hidden"),)),
    Mask("r", "range", (("n", 10),)),
)
_TELLING = ("1984", "19 84", "1984-05", "30 to 40", "12", "+1", "hidden", "***", "1984.0", "a@b.example")


@given(
    st.lists(st.sampled_from(_SEVERAL), max_size=3),
    st.sampled_from(["text", "email", "phone", "name", "date", "number"]),
    st.none()
    | st.integers()
    | st.text(st.sampled_from("019 -:.eto*\t\u2217\u200bahidden+"), max_size=9)
    | st.sampled_from(_TELLING),
)
def test_the_quick_look_sees_what_the_long_one_sees(masks: list[Mask], semantic: str, value: Tree) -> None:
    """Whatever the masks of a field are, and whatever is written."""
    echo = compile_echo(masks, semantic)
    assert echo(value) is any(could_be_masked(mask, semantic, value) for mask in masks)

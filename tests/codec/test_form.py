"""Forms: one reading or none; ids are those of the threat catalogue."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.codec import codec_for
from proxy.codec.form import MAX_PAIRS, OVERRIDES, Form
from proxy.errors import Undecodable

CODEC = Form()
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="[]\0"), min_size=1, max_size=6).filter(
    lambda name: name.strip().lower() not in OVERRIDES
)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


def reason(body: bytes) -> str:
    """Return why a body is refused."""
    with pytest.raises(Undecodable) as caught:
        CODEC.decode(body)
    return caught.value.reason


def test_fo_01_brackets_are_members_however_they_are_escaped() -> None:
    """FO-01: `properties[ssn]` is what it becomes in the CRM, and blank values stay."""
    tree = {"properties": {"ssn": "1", "a b": ""}, "tags": ["x", "y z"]}
    assert CODEC.decode(b"properties[ssn]=1&properties%5Ba+b%5D=&tags[]=x&tags%5b%5D=y%20z") == tree
    assert CODEC.decode(CODEC.encode(tree)) == tree
    assert CODEC.decode(b"a[0][b]=1&a[1][b]=2") == {"a": {"0": {"b": "1"}, "1": {"b": "2"}}}


@pytest.mark.parametrize(
    "body",
    [
        b"ssn=1&ssn=2",
        b"ssn=1&ssn=1",
        b"ssn=1&%73sn=2",
        b"a[b]=1&a[b]=2",
        b"a[b]=1&a%5Bb%5D=2",
        b"a=1&a[b]=2",
        b"a[b]=1&a=2",
        b"a=1&a[]=2",
        b"a[]=1&a=2",
        b"a[]=1&a[b]=2",
        b"a[b]=1&a[]=2",
        b"a[b]=1&a[b][c]=2",
        b"a=&a=",
    ],
)
def test_fo_01_a_name_stands_there_once(body: bytes) -> None:
    """FO-01, PD-01: readers keep the first, the last or both."""
    assert reason(body) == "duplicate_key"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"&",
        b"a=1&",
        b"a=1&&b=2",
        b"a=1;b=2",
        b"a",
        b"a=1&b",
        b"=1",
        b"a=1=2",
        b"a=%",
        b"a=%f",
        b"a=%zz",
        b"a=1%2",
        b"a=\xc3\xa9",
        b"a=1\r\n",
        b"a=1#b",
        b"a b=1",
        b"a]=1",
        b"a[=1",
        b"a[b=1",
        b"a[b]c=1",
        b"a[[b]]=1",
        b"[a]=1",
        b"a[][b]=1",
        b"a[b][][c]=1",
        b"a" + b"[b]" * 8 + b"=1",
    ],
)
def test_fo_01_what_is_no_form_is_refused(body: bytes) -> None:
    """FO-01: other separators, broken escapes, odd brackets."""
    assert reason(body) == "bad_form"


@pytest.mark.parametrize("body", [b"a=%ff", b"a=%c0%af", b"%ff=1", b"a=%00", b"a=%ed%a0%80"])
def test_fo_01_escapes_are_utf_8(body: bytes) -> None:
    """FO-01, PD-11: a lenient reader puts a replacement character there."""
    assert reason(body) == "bad_utf8"


@pytest.mark.parametrize(
    "name", ["_method", "_METHOD", "%5fmethod", "_method[]", "_HttpMethod", "X-HTTP-Method-Override"]
)
def test_fo_02_no_form_overrides_the_method(name: str) -> None:
    """FO-02: however it is escaped, and whatever is behind it."""
    assert reason(f"{name}=DELETE".encode()) == "method_override"
    with pytest.raises(Undecodable):
        CODEC.encode({"_method": "DELETE"})


def test_pd_16_pairs_are_bounded() -> None:
    """PD-16: before any of them is looked at."""
    assert reason(b"&".join(b"a%d=" % at for at in range(MAX_PAIRS + 1))) == "too_many_items"


@pytest.mark.parametrize(
    "tree",
    [
        None,
        [],
        {"a": None},
        {"a": True},
        {"a": "\0"},
        {"a": "\ud800"},
        {"a[b]": "1"},
        {"": "1"},
        {"a": {"": "1"}},
        {"a": [[]]},
    ],
)
def test_what_has_no_form_is_refused(tree: object) -> None:
    """Null above all, which a form would make a text of."""
    with pytest.raises(Undecodable):
        CODEC.encode(tree)


def test_it_has_one_name() -> None:
    """PD-10, PD-19: no charset, no other type."""
    assert codec_for("application/x-www-form-urlencoded; charset=UTF-8", frozenset({"form"})).name == "form"
    with pytest.raises(Undecodable):
        codec_for("application/x-www-form-urlencoded; charset=latin1", frozenset({"form"}))


@given(
    st.dictionaries(
        NAMES,
        TEXT | st.lists(TEXT, min_size=1, max_size=3) | st.dictionaries(NAMES, TEXT, min_size=1),
        min_size=1,
    )
)
def test_an_independent_reader_reads_what_was_inspected(tree: dict[str, object]) -> None:
    """Both ends of a form agree about every name and value."""
    encoded = CODEC.encode(tree)
    assert CODEC.decode(encoded) == tree
    expected: list[tuple[str, object]] = []
    for name, value in tree.items():
        if isinstance(value, dict):
            expected += ((f"{name}[{inner}]", text) for inner, text in value.items())
        elif isinstance(value, list):
            expected += ((f"{name}[]", text) for text in value)
        else:
            expected.append((name, value))
    assert parse_qsl(encoded.decode(), keep_blank_values=True, strict_parsing=True, errors="strict") == expected


@given(
    st.lists(
        st.sampled_from([b"a", b"b", b"=", b"&", b"[", b"]", b"%41", b"%5B", b"%", b"+", b";", b"1"]),
        max_size=14,
    )
)
def test_nothing_but_a_refusal_comes_of_rubbish(parts: list[bytes]) -> None:
    """No bytes raise anything undeclared, and what is read is read again from what is written."""
    try:
        tree = CODEC.decode(b"".join(parts))
    except Undecodable:
        return
    assert CODEC.decode(CODEC.encode(tree)) == tree

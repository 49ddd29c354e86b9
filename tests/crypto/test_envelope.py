"""An envelope opens under its key and in its context, unchanged, or not at all."""

import base64

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from proxy.crypto import envelope, repeatable
from proxy.crypto.envelope import DataKey, context_of, parse
from proxy.crypto.marks import RecipientKeys
from proxy.crypto.repeatable import FieldKey
from proxy.errors import Undecodable
from tests.crypto import independent

KEY = DataKey(bytes(range(32)), bytes(range(16)))
WORDS = st.text(st.characters(codec="ascii", categories=("L", "N")), max_size=12)
BINDINGS = st.binary(min_size=16, max_size=16)


@given(st.binary(max_size=300), WORDS, WORDS, BINDINGS)
def test_open_undoes_seal(plaintext: bytes, tenant: str, element: str, binding: bytes) -> None:
    """In its own context, and its length is what was computed for the field."""
    text = KEY.seal(plaintext, context_of(tenant, element), binding)
    found = parse(text)
    assert found is not None
    assert (found.key_id, found.binding) == (KEY.id, binding)
    assert KEY.open(found, context_of(tenant, element)) == plaintext
    assert len(text) == envelope.characters(len(plaintext))


@given(st.binary(max_size=50), WORDS, WORDS, WORDS, WORDS)
def test_another_context_never_opens(
    plaintext: bytes, tenant: str, element: str, other: str, another: str
) -> None:
    """Neither another tenant's nor another element's, however the words are cut."""
    assume((tenant, element) != (other, another))
    found = parse(KEY.seal(plaintext, context_of(tenant, element), bytes(16)))
    assert found is not None
    with pytest.raises(Undecodable, match="not_authentic"):
        KEY.open(found, context_of(other, another))


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 60)), max_size=8))
def test_each_opens_together_as_it_does_alone(wanted: list[tuple[int, bool, int]]) -> None:
    """By the key it names, if that is there; nothing of the others keeps it from that."""
    keys = [DataKey(bytes([at]) * 32, bytes([at]) * 16) for at in range(4)]
    there = {each.id: each for each in keys[:3]}
    right, wrong = context_of("t", "e"), context_of("t", "f")
    sealed = [
        (envelope.raw(keys[at].seal(bytes([size]) * size, right, bytes([size]) * 16)), right if good else wrong)
        for at, good, size in wanted
    ]
    expected = [bytes([size]) * size if good and at < 3 else None for at, good, size in wanted]
    assert envelope.open_each(there, sealed) == expected
    assert envelope.open_each(there, [(b"", right), (bytes(16), right), (bytes(40), right)]) == [None] * 3


@given(st.binary(max_size=40), st.data())
def test_no_character_can_be_changed(plaintext: bytes, data: st.DataObject) -> None:
    """A changed text is none of ours, names another key, or does not open."""
    context = context_of("t", "e")
    text = KEY.seal(plaintext, context, bytes(16))
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.sampled_from("ABab01-_.")) + text[place + 1 :]
    assume(changed != text)
    found = parse(changed)
    if found is not None:
        with pytest.raises(Undecodable):
            KEY.open(found, context)


@given(st.binary(max_size=40), BINDINGS, BINDINGS)
def test_a_binding_cannot_be_exchanged(plaintext: bytes, one: bytes, other: bytes) -> None:
    """What says where a value belongs is part of what is authenticated."""
    assume(one != other)
    context = context_of("t", "e")
    data = envelope.decode(KEY.seal(plaintext, context, one)[4:])
    found = parse(envelope.PREFIX + envelope.encode(data[:16] + other + data[32:]))
    assert found is not None
    with pytest.raises(Undecodable):
        KEY.open(found, context)


@given(st.text(max_size=120))
def test_any_other_text_is_no_envelope(text: str) -> None:
    """Total, for whatever a CRM has in a field."""
    assume(not text.startswith("lp1."))
    assert parse(text) is None
    assert parse("lp1." + text) is None or len(text) >= 64


@given(st.text("AQgwZz09-_+/= \n\0é", max_size=9) | st.binary(max_size=9).map(envelope.encode))
def test_of_what_is_decoded_there_is_one_text(text: str) -> None:
    """Neither another alphabet, nor padding, nor bits that say nothing make a second one."""
    data = envelope.decode(text)
    assert data == b"" or envelope.encode(data) == text
    try:
        other = base64.urlsafe_b64decode(text + "==="[: -len(text) % 4])
    except ValueError:
        other = b""
    assert data == other or envelope.encode(other) != text


@pytest.mark.parametrize("size", [12, 15, 17])
def test_a_binding_has_its_length(size: int) -> None:
    """It is authenticated as so many bytes."""
    with pytest.raises(ValueError, match="16 bytes"):
        KEY.seal(b"x", context_of("t", "e"), bytes(size))


@given(st.integers(0, 400))
def test_room_is_the_most_that_fits(length: int) -> None:
    """One byte more does not."""
    for form in (envelope, repeatable):
        room = form.room(length)
        if room >= 0:
            assert form.characters(room) <= length < form.characters(room + 1)


@given(st.binary(min_size=1, max_size=200), WORDS, WORDS)
def test_a_deterministic_value_is_the_same_each_time(plaintext: bytes, tenant: str, element: str) -> None:
    """And opens for whoever reads RFC 5297."""
    key = FieldKey(bytes(range(32)), tenant, element)
    text = key.seal(plaintext)
    assert text == FieldKey(bytes(range(32)), tenant, element).seal(plaintext)
    assert key.open(text) == plaintext == independent.open_repeatable(text, bytes(range(32)), tenant, element)
    assert len(text) == repeatable.characters(len(plaintext))
    with pytest.raises(Undecodable):
        FieldKey(bytes(range(32)), tenant, element + "x").open(text)


@pytest.mark.parametrize("text", ["", "ld1.", "ld1.AAAA", "lp1.AAAA", "ld1.!!!!"])
def test_rubbish_is_malformed(text: str) -> None:
    """And the error does not repeat it."""
    with pytest.raises(Undecodable, match="malformed"):
        FieldKey(bytes(32), "t", "e").open(text)


@given(st.text(max_size=60), WORDS)
def test_two_recipients_cannot_join_what_they_are_shown(value: str, element: str) -> None:
    """Their pseudonyms differ, their ciphertext opens for one of them, and neither repeats the value."""
    one, other = RecipientKeys(bytes(32), "one"), RecipientKeys(bytes(32), "other")
    assert one.pseudonym(element, value) == RecipientKeys(bytes(32), "one").pseudonym(element, value)
    assert one.pseudonym(element, value) != other.pseudonym(element, value)
    sealed = one.seal(element, value)
    assert one.open(element, sealed) == value
    assert sealed != one.seal(element, value)
    for key, of in ((other, element), (one, element + "x")):
        with pytest.raises(Undecodable):
            key.open(of, sealed)


@pytest.mark.parametrize(("key", "key_id"), [(bytes(31), bytes(16)), (bytes(32), bytes(8))])
def test_keys_have_their_length(key: bytes, key_id: bytes) -> None:
    """A short key is never stretched."""
    with pytest.raises(ValueError, match="32 bytes"):
        DataKey(key, key_id)

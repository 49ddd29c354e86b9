"""A key under a key: what goes in comes out, bound to whom it belongs to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.crypto.wrapping import WRAPPED_BYTES, Wrapping, bind
from proxy.errors import Unavailable

_ONE, _OTHER = Wrapping(b"1" * 32), Wrapping(b"2" * 32)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40))
def test_what_is_wrapped_is_unwrapped(key: bytes, bound: bytes) -> None:
    """The same key and binding give it back; 60 bytes it is."""
    wrapped = _ONE.wrap(key, bound)
    assert len(wrapped) == WRAPPED_BYTES == 60
    assert _ONE.unwrap(wrapped, bound) == key


@given(st.binary(min_size=60, max_size=60), st.binary(max_size=8))
def test_nothing_else_opens(wrapped: bytes, bound: bytes) -> None:
    """Random bytes, another key, another binding and a cut text are refused alike."""
    right = _ONE.wrap(b"k" * 32, bound)
    for attempt in (
        lambda: _ONE.unwrap(wrapped, bound),
        lambda: _OTHER.unwrap(right, bound),
        lambda: _ONE.unwrap(right, bound + b"x"),
        lambda: _ONE.unwrap(right[:-1], bound),
        lambda: _ONE.unwrap(b"", bound),
    ):
        with pytest.raises(Unavailable, match="key_not_authentic"):
            attempt()


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_two_lists_are_never_bound_alike(one: list[bytes], other: list[bytes]) -> None:
    """Where a part ends is part of what is bound."""
    assert (bind(*one) == bind(*other)) == (one == other)


def test_a_key_of_another_length_is_a_defect() -> None:
    """A key that wraps is 32 bytes, and does not show."""
    with pytest.raises(ValueError, match="32 bytes"):
        Wrapping(b"short")
    assert repr(_ONE) == "Wrapping(...)"

"""Keys: their shape and their digest."""

import hashlib
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.identity.apikeys import digest, is_key, mint


@given(st.binary(min_size=32, max_size=32))
def test_every_minted_key_has_the_shape(data):
    """A key is `lg_` and 43 characters, whatever the 32 bytes were."""
    key = mint(lambda size: data[:size])
    assert is_key(key)
    assert len(key) == 46


def test_all_of_the_randomness_is_in_the_key():
    """Two keys from different bytes differ, down to the last bit."""
    assert mint(lambda size: b"\x00" * size) != mint(lambda size: b"\x00" * (size - 1) + b"\x01")
    assert mint(secrets.token_bytes) != mint(secrets.token_bytes)


def test_digest_is_plain_sha256():
    """The digest can be made with `printf %s KEY | sha256sum`."""
    assert digest("lg_x") == hashlib.sha256(b"lg_x").hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lg_",
        "lg_" + "A" * 42,
        "lg_" + "A" * 44,
        "LG_" + "A" * 43,
        " lg_" + "A" * 43,
        "lg_" + "A" * 43 + "\n",  # `$` would let it through
        "lg_" + "A" * 42 + "=",
        "lg_" + "A" * 42 + "+",
        "lg_" + "A" * 42 + "٣",  # a digit, but not one of base64url
    ],
)
def test_other_shapes_are_no_keys(text):
    """What is not exactly a key's shape is none."""
    assert not is_key(text)

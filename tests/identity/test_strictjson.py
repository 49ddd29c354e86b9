"""JSON objects that have one reading only."""

from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.identity.strictjson import read_object


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"1",
        b"null",
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": 1, "\\u0061": 2}',  # the same key, escaped
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1} x',
        b"\xef\xbb\xbf{}",  # BOM
        b'{"a": "\xff"}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"a": [' + b"{}," * 1000 + b"{}]}",
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_refused(data):
    """What another reader could read differently, or could not, is refused without a word of its content."""
    with pytest.raises(ValueError, match=r"^not a strict JSON object$") as caught:
        read_object(data)
    assert caught.value.__cause__ is None


@given(st.binary(max_size=64))
def test_total(data):
    """Whatever the bytes, there is an object or a ValueError."""
    with suppress(ValueError):
        assert isinstance(read_object(data), Mapping)


def test_read():
    """An ordinary object is read, and cannot be changed."""
    found = read_object(b'{"a": [1, {"b": null}]}')
    assert dict(found) == {"a": [1, {"b": None}]}
    with pytest.raises(TypeError):
        found["a"] = 2

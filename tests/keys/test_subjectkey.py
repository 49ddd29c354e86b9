"""A person's key gives one key per use, and is not shown."""

import pytest

from proxy.crypto.envelope import DataKey, context_of, raw
from proxy.errors import Undecodable
from proxy.keys import SubjectKey

KEY = SubjectKey(bytes(16), None, bytes(range(32)))


def test_values_are_sealed_with_the_key_of_that_use_alone() -> None:
    """Its schedule is made once."""
    context = context_of("t", "e")
    sealed = raw(DataKey(KEY.enc, KEY.id).seal(b"x", context, bytes(16)))
    assert KEY.data_key is KEY.data_key
    assert KEY.data_key.open(sealed, context) == b"x"
    with pytest.raises(Undecodable):
        DataKey(KEY.use("token"), KEY.id).open(sealed, context)


def test_what_is_printed_of_it_is_its_id() -> None:
    """As logs and tracebacks would have it."""
    assert repr(KEY) == f"SubjectKey({bytes(16).hex()})"
    assert KEY.secret.hex() not in repr(KEY.data_key)

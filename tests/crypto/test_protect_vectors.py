"""The formats of protected values are what their documentation says, byte for byte."""

import json
from typing import Any

import pytest

from tests.crypto import independent, make_vectors

KEPT: dict[str, Any] = json.loads(make_vectors.PATH.read_text("utf-8"))
KEY = bytes.fromhex(KEPT["key"])
VALUES = pytest.mark.parametrize("row", KEPT["values"], ids=lambda row: row["element"])


def test_the_vectors_are_what_is_made_today() -> None:
    """What CRMs hold by now has to open tomorrow: a change of format needs another version."""
    assert make_vectors.text() == make_vectors.PATH.read_text("utf-8")


@VALUES
def test_an_envelope_opens_for_whoever_reads_the_documentation(row: dict[str, str]) -> None:
    """Key id, binding id and value, by a decoder that shares no code with the encoder."""
    found = independent.open_envelope(row["envelope"], KEY, KEPT["tenant"], row["element"])
    assert found == (bytes.fromhex(KEPT["key_id"]), bytes.fromhex(KEPT["binding"]), row["value"].encode())
    with pytest.raises(ValueError, match="wrong tag"):
        independent.open_envelope(row["envelope"], KEY, KEPT["tenant"], row["element"] + ".x")


@VALUES
def test_so_does_a_deterministic_one(row: dict[str, str]) -> None:
    """RFC 5297, put together from single blocks."""
    assert (
        independent.open_repeatable(row["repeatable"], KEY, KEPT["tenant"], row["element"])
        == row["value"].encode()
    )
    with pytest.raises(ValueError, match="wrong vector"):
        independent.open_repeatable(row["repeatable"], KEY, "tenant-2", row["element"])


@VALUES
def test_marks_and_pseudonyms_are_hmac_under_labelled_keys(row: dict[str, str]) -> None:
    """The labels are part of the format: another one finds nothing."""
    element, normaliser, value = row["element"], row["normaliser"], row["value"]
    assert independent.index(KEY, element, normaliser, value).hex() == row["index"]
    assert independent.pseudonym(KEY, KEPT["recipient"], element, value) == row["pseudonym"]
    assert independent.pseudonym(KEY, "another", element, value) != row["pseudonym"]
    assert independent.open_for_recipient(row["sealed"], KEY, KEPT["recipient"], element) == value

"""Whose agreement is whose."""

import pytest

from proxy.model import Principal, Recipient
from tests.desk import Desk

DESK = Recipient("desk", "internal")


@pytest.mark.parametrize(
    ("one", "other", "same"), [("alice", "Alice ", True), ("\uff41lice", "alice", True), ("alice", "bob", False)]
)
async def test_a_person_is_one_however_the_issuer_spells_the_name(
    desk: Desk, one: str, other: str, same: bool
) -> None:
    """Two spellings are not two people who agree."""
    found = [
        desk.erasures._agreeing._credential_of(Principal(f"desk/{name}", "desk", frozenset(), DESK))
        for name in (one, other)
    ]
    assert (found[0] == found[1]) is same

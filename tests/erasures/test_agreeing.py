"""Whose agreement is whose."""

import pytest

from proxy.erasure import State
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
        desk.harness.app.pseudonyms.credential(Principal(f"desk/{name}", "desk", frozenset(), DESK))
        for name in (one, other)
    ]
    assert found[0].may_be(found[1]) is same


async def test_many_in_slices_are_many(desk: Desk) -> None:
    """Whoever has agreed to as many as one person may is not enough for the next, until those have begun."""
    rules = desk.harness.installation.policies / "example" / "erasure.yaml"
    text = rules.read_text("utf-8")
    rules.write_text(text.replace("consent:\n", "consent:\n  bulk_more_than: 1\n", 1), "utf-8")
    desk.harness.app.reload()
    cases = [await desk.confirmed()]
    for _ in range(2):
        other = await desk.does("open", records=["hubspot/contacts/102"], ground="objection", identity="account")
        cases.append(other["case"])
        await desk.agree(cases[-1])
    states = [desk.erasures.cases.get(case).state for case in cases]
    assert states == [State.READY, State.AWAITING_APPROVAL, State.AWAITING_APPROVAL]
    for case in cases[1:]:
        await desk.does("revoke", case)
    await desk.does("run", cases[0])
    other = await desk.does("open", records=["hubspot/contacts/102"], ground="objection", identity="account")
    await desk.agree(other["case"])
    assert desk.erasures.cases.get(other["case"]).state is State.READY

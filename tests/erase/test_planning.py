"""What of a record stays, by the categories of what stands in it."""

import pytest

from proxy.connectors.playbook import Found
from proxy.steps import Trail, make
from proxy.steps.planning import Staying
from tests.erase.conftest import connector_of

MECHANISM = "party.contact_mechanism"


@pytest.mark.parametrize(
    ("category", "kept", "done"),
    [
        # Where a member holds now this and now that, whatever may be held stays.
        ("user.contact.email", {("email_value", "value")}, []),
        ("user.contact.phone_number", {("phone_value", "value")}, []),
        ("user.contact", {("any_value", "email_value", "phone_value", "value", "web_value")}, []),
        ("user.financial", set(), ["delete"]),
    ],
)
def test_a_hold_on_a_category_keeps_a_way_to_reach_somebody(
    category: str, kept: set[tuple[str, ...]], done: list[str]
) -> None:
    """In Tryton one member holds addresses and numbers, and policy has a field for each."""
    connector = connector_of("tryton")
    assert connector.book is not None
    trail = Trail()
    found = Found(MECHANISM, "7", {"value": "nessa.quill@example.org", "party": "1"})
    trail.note("tryton", connector.book.objects[MECHANISM], found)
    hold = Staying("a claim", "hold-1", (category,))
    plan = make(
        "case", "salt", trail, {"tryton": connector.book}, {"tryton": connector.catalogue},
        stays=lambda _spot, _found: [hold],
    )  # fmt: skip
    assert {one.fields for one in plan.kept} == kept
    assert [step.do for step in plan.steps] == done

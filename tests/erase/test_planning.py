"""What of a record stays, by the categories of what stands in it."""

import pytest

from proxy.connectors.playbook import Found
from proxy.erasure.plan import CLOSED, summary
from proxy.steps import Trail, make
from proxy.steps.planning import Staying
from tests.erase.conftest import connector_of

OPPORTUNITY = "sale.opportunity"
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


@pytest.mark.parametrize(("state", "told"), [("won", True), ("cancelled", True), ("lead", False)])
def test_a_plan_says_what_the_crm_is_known_not_to_let_go_of(state: str, *, told: bool) -> None:
    """Whoever agrees knows that the case will end partial; a certificate does not repeat it."""
    connector = connector_of("tryton")
    assert connector.book is not None
    trail = Trail()
    found = Found(OPPORTUNITY, "7", {"party": "1", "description": "Boats", "state": state})
    trail.note("tryton", connector.book.objects[OPPORTUNITY], found)
    plan = make(
        "case", "salt", trail, {"tryton": connector.book}, {"tryton": connector.catalogue},
        stays=lambda _spot, _found: [],
    )  # fmt: skip
    lines = [line for line in plan.warning if line.endswith(CLOSED)]
    assert lines == ([f"tryton: 1 sale.opportunity {CLOSED}"] if told else [])
    assert set(lines) <= set(summary(plan))

"""Who is the same person by another form of a value; and texts where too many others have what is asked for."""

import pytest

from proxy.erasure import Known, Spot, State
from proxy.sandbox.salesforce.objects import SCHEMA
from tests.erase.conftest import AOIFE, World, drive, erased

LEAD = {"FirstName": "Aoife", "LastName": "Byrne", "Company": "Fair", "Phone": "(086) 555-0101"}


@pytest.mark.parametrize(("region", "found"), [("IE", True), ("", False), ("GB", False)])
def test_a_national_number_is_hers_where_it_is_known_whose_it_is(
    world: World, region: str, *, found: bool
) -> None:
    """By her name and the number that is known in its international form."""
    world.region = region
    org = world.crms["salesforce"].org  # type: ignore[attr-defined]
    lead = org.insert(SCHEMA.objects["lead"], LEAD)
    world.open(Known("email", AOIFE))
    plan = drive(world).plan
    assert plan is not None
    assert (Spot("salesforce", "Lead", lead) in plan.people) is found


@pytest.mark.parametrize("known", ["AOIFE.BYRNE+fair@example.org", "Aoife <aoife.byrne@example.org>"])
def test_another_address_of_her_mailbox_leads_to_her(world: World, known: str) -> None:
    """And all of hers is found from there."""
    world.open(Known("email", known))
    plan = drive(world).plan
    assert plan is not None
    assert {one.object for one in plan.people} == {"Contact", "Lead", "contacts"}


def test_where_too_many_have_her_name_the_written_forms_are_asked_for(world: World) -> None:
    """No answer that ends early is taken for a whole one, and the case comes to its end."""
    org = world.crms["salesforce"].org  # type: ignore[attr-defined]
    deal = {"Name": "Fair", "StageName": "Prospecting", "CloseDate": "2027-01-01"}
    for number in range(2_050):
        org.insert(SCHEMA.objects["opportunity"], {**deal, "Description": f"Sean Byrne, visit {number}"})
    hers = org.insert(SCHEMA.objects["opportunity"], {**deal, "Description": "Byrne, Aoife signs."})
    case = erased(world, Known("email", AOIFE))
    assert case.state is State.LIVE_COMPLETE, case.findings
    texts = [str(row["Description"]) for row in org.rows(SCHEMA.objects["opportunity"]) if row["Name"] == "Fair"]
    assert len([text for text in texts if text.startswith("Sean Byrne")]) == 2_050
    assert org.find(SCHEMA.objects["opportunity"], hers)["Description"] == "[erased] signs."
    assert len(world.sent) < 1_000

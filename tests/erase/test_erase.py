"""Erasures from the request to the certificate, against CRMs that behave, lie, fail half way and bring things
back."""

import pytest

from proxy.erasure import Exempt, Hold, Known, Spot, State, Terms
from proxy.erasure.assent import NotAgreed, agree
from proxy.erasure.plan import summary
from proxy.sandbox import Answer, Fault
from proxy.sandbox.salesforce.objects import SCHEMA
from proxy.steps.planning import Staying
from tests.erase.conftest import AOIFE, World

CASE = "case0001"


async def erased(world: World, *named):
    """Open, plan, confirm and run a case; return it."""
    world.open(*named)
    await world.eraser().drive(CASE)
    world.agree()
    return await world.eraser().drive(CASE)


async def test_a_person_is_found_in_every_crm_by_one_address(world: World) -> None:
    """The address leads to a contact, its number to a lead, and what belongs to them; texts that name her
    too."""
    world.open(Known("email", AOIFE))
    case = await world.eraser().drive(CASE)
    assert case.state is State.AWAITING_CONFIRMATION
    assert case.plan is not None
    assert {(one.lane, one.object) for one in case.plan.people} == {
        ("salesforce", "Contact"), ("salesforce", "Lead"), ("hubspot", "contacts")
    }  # fmt: skip
    assert {(one.lane, one.object) for one in case.plan.related} == {
        ("salesforce", "Task"), ("hubspot", "deals"), ("hubspot", "tickets")
    }  # fmt: skip
    scrubbed = {(step.lane, step.object) for step in case.plan.steps if step.do == "scrub"}
    assert scrubbed == {
        ("salesforce", "Account"), ("salesforce", "Opportunity"), ("hubspot", "companies"), ("hubspot", "deals")
    }  # fmt: skip
    assert "cannot be undone" in "\n".join(summary(case.plan))
    assert not world.shut
    assert {entry.what for entry in world.entries} == {"planned"}


async def test_a_record_is_found_by_either_form_of_its_id(world: World) -> None:
    """Whoever deletes it by 15 characters means the same person; the CRM answers with 18."""
    row = next(row for row in world.crms["salesforce"].people() if row["Email"] == AOIFE)
    case = await erased(world, Spot("salesforce", "Contact", row["Id"][:15]))
    assert (case.state, case.reason) == (State.LIVE_COMPLETE, "")
    assert Spot("salesforce", "Contact", row["Id"]) in case.plan.people
    assert world.left() == []


async def test_nothing_is_left_and_the_case_says_so(world: World) -> None:
    """After the erasure no record of any CRM says anything of her, bins included."""
    case = await erased(world, Known("email", AOIFE))
    assert case.state is State.LIVE_COMPLETE
    assert world.left() == []
    assert {one.verdict for one in case.findings} == {"erased", "kept"}
    assert world.shut == set()  # nothing is left that anybody could read
    assert world.shredded == [CASE]
    assert [one.edition for one in case.issued] == ["live-complete"]
    kinds = [entry.what for entry in world.entries]
    assert kinds.index("restricted") < kinds.index("intent") < kinds.index("shredded") < kinds.index("certified")


async def test_others_keep_what_is_theirs(world: World) -> None:
    """Eleven people are as they were; an account keeps its number, and its text says no name."""
    await erased(world, Known("email", AOIFE))
    org = world.crms["salesforce"].org
    assert len(list(org.rows(SCHEMA.objects["contact"], deleted=True))) == 11
    account = next(org.rows(SCHEMA.objects["account"]))
    assert (account["Description"], account["Phone"]) == ("Main contact is [erased].", "+353 1 555 0101")


async def test_a_hold_on_a_category_outlives_the_case(world: World) -> None:
    """The final edition says what it kept; hold and ids stay, so that the next case is held as this one was."""
    hold = Hold("hold-1", "tax", "finance", 0, ("user.contact.phone_number",))
    case = await erased_with(world, holds=(hold,))
    assert case.state is State.LIVE_COMPLETE, case.findings
    kept = case.plan.kept
    for days in (1.1, 30):
        world.clock.advance(days=days)
        case = await world.eraser().drive(CASE)
    assert (case.state, case.plan, case.values, case.holds) == (State.FINAL, None, (), (hold,))
    assert set(case.people) == {Spot(one.lane, one.object, one.id) for one in kept}
    assert {one.fields for one in kept} != {()}


async def test_who_may_be_there_again_is_not_what_is_left(world: World) -> None:
    """Once a new basis is on record, later checks say so of what they find, and the case comes to its end."""
    case = await erased(world, Known("email", AOIFE))
    world.cases.keep(case.put(allowed="new contract"))
    org = world.crms["salesforce"].org
    org.insert(SCHEMA.objects["contact"], {"LastName": "Byrne", "Email": AOIFE})
    world.clock.advance(days=1.1)
    case = await world.eraser().drive(CASE)
    assert ("Contact.Email", "kept", "new_basis") in {(one.place, one.verdict, one.why) for one in case.findings}
    world.clock.advance(days=30)
    case = await world.eraser().drive(CASE)
    assert (case.state, case.runs) == (State.FINAL, 1)
    assert len(list(org.rows(SCHEMA.objects["contact"]))) == 12


async def test_an_exception_for_a_category_keeps_it_and_is_told(world: World) -> None:
    """The provision stands in the plan; nothing else of the person is left."""
    exempt = Exempt("except-1", "legal_claims", "the court has it", "legal", 0, ("user.contact.phone_number",))
    case = await erased_with(world, exempt=(exempt,))
    assert case.state is State.LIVE_COMPLETE
    assert {(one.because, one.by) for one in case.plan.kept} == {
        ("GDPR Art. 17(3)(e): the court has it", "except-1")
    }
    row = next(row for row in world.crms["salesforce"].people() if "0101" in str(row["Phone"]))
    assert (row["FirstName"], row["Email"]) == (None, None)


async def test_the_final_edition_comes_when_the_last_delay_is_over(world: World) -> None:
    """T+1 and T+30 days are looked at again; then the case is over and keeps nothing by which to find
    anybody."""
    await erased(world, Known("email", AOIFE))
    world.clock.advance(days=1.1)
    case = await world.eraser().drive(CASE)
    assert (case.state, len(case.checks)) == (State.LIVE_COMPLETE, 1)
    world.clock.advance(days=30)
    case = await world.eraser().drive(CASE)
    assert (case.state, case.plan, case.people, case.values) == (State.FINAL, None, (), ())
    assert [one.edition for one in case.issued] == ["live-complete", "final"]


async def test_what_a_bin_still_shows_is_pending_until_a_date(world: World) -> None:
    """Salesforce may show what was purged for a day; until then it is pending, afterwards it has to be gone."""
    org = world.crms["salesforce"].org
    org.visible_seconds = 20 * 3600
    case = await erased(world, Known("email", AOIFE))
    pending = [one for one in case.findings if one.verdict == "pending"]
    assert case.state is State.LIVE_COMPLETE
    assert pending
    assert all(one.until == "2026-01-02T00:00Z" for one in pending)
    world.clock.advance(days=31)
    case = await world.eraser().drive(CASE)
    assert {one.verdict for one in case.findings} == {"erased", "kept"}


async def test_a_bin_that_never_forgets_is_residue(world: World) -> None:
    """What is still shown when the delay is over has not been erased, whatever the CRM said."""
    world.crms["salesforce"].org.visible_seconds = 400 * 86_400
    await erased(world, Known("email", AOIFE))
    world.clock.advance(days=31)
    case = await world.eraser().drive(CASE)
    assert case.state is State.PARTIAL
    assert [one.edition for one in case.issued] == ["live-complete"]


@pytest.mark.parametrize("lane", ["salesforce", "hubspot"])
async def test_a_crm_that_lies_once_is_asked_again(world: World, lane: str) -> None:
    """204 and nothing done: the look afterwards shows it, and the second attempt does it."""
    method, path = ("DELETE", "/sobjects/Contact") if lane == "salesforce" else ("POST", "gdpr-delete")
    world.crms[lane].faults.add(Fault("lie", method=method, path=path))
    case = await erased(world, Known("email", AOIFE))
    assert case.state is State.LIVE_COMPLETE
    assert world.left() == []
    assert ("unknown still_there" in [how for _, how in world.outcomes()]) is True


@pytest.mark.parametrize("lane", ["salesforce", "hubspot"])
async def test_a_crm_that_always_lies_gets_no_certificate(world: World, lane: str) -> None:
    """After all attempts the case says that a person has to look; nobody may read the person meanwhile."""
    method, path = ("DELETE", "/sobjects/Contact") if lane == "salesforce" else ("POST", "gdpr-delete")
    world.crms[lane].faults.add(Fault("lie", method=method, path=path, times=-1))
    case = await erased(world, Known("email", AOIFE))
    assert case.state is State.FAILED
    assert case.issued == ()
    assert world.shut == {CASE}
    assert world.shredded == []
    world.crms[lane].faults.clear()
    eraser = world.eraser()
    await eraser.retry(case)
    assert (await eraser.drive(CASE)).state is State.LIVE_COMPLETE
    assert world.left() == []


async def test_a_credential_that_sees_nothing_any_more_gets_no_certificate(world: World, monkeypatch) -> None:
    """A right is taken away once everybody was found: gone and hidden look alike, so nobody vouches for it."""
    world.open(Known("email", AOIFE))
    await world.eraser().drive(CASE)
    world.agree()
    crm, left = world.crms["salesforce"], len(world.left())
    answer, keep = crm.answer, world.cases.keep

    def hides(call):
        if "/query" in call.path:
            return Answer(tree={"totalSize": 0, "done": True, "records": []})
        return (
            Answer(tree={"searchRecords": []})
            if "earch" in call.path
            else Answer(404, [{"errorCode": "NOT_FOUND"}])
        )

    def watched(case) -> None:
        keep(case)
        crm.answer = hides if case.state is State.ERASING else crm.answer

    monkeypatch.setattr(world.cases, "keep", watched)
    case = await world.eraser().drive(CASE)
    assert (case.state, case.issued) == (State.FAILED, ())
    assert ("salesforce", "unverifiable", "unseen") in {
        (one.lane, one.verdict, one.why) for one in case.findings
    }
    assert 0 < len(world.left()) < left
    monkeypatch.undo()
    crm.answer = answer
    eraser = world.eraser()
    await eraser.retry(world.cases.get(CASE))
    assert (await eraser.drive(CASE)).state is State.LIVE_COMPLETE
    assert world.left() == []


@pytest.mark.parametrize("kind", ["hang_up", "crash"])
async def test_an_answer_that_never_came_is_looked_into(world: World, kind) -> None:
    """The delete was done and its answer lost, or nothing was done: either way a look comes first."""
    for method in ("DELETE", "PATCH"):
        world.crms["salesforce"].faults.add(Fault(kind, method=method, times=2))
    case = await erased(world, Known("email", AOIFE))
    assert case.state is State.LIVE_COMPLETE
    assert world.left() == []
    assert any(how.startswith("unknown") for _, how in world.outcomes())


async def test_a_crm_that_fails_half_way_leaves_a_case_that_goes_on(world: World) -> None:
    """HubSpot is out of reach from the first delete on: what was done stays done, and the rest follows later."""
    world.open(Known("email", AOIFE))
    await world.eraser().drive(CASE)
    world.agree()
    world.crms["hubspot"].faults.add(Fault("crash", path="gdpr-delete", times=-1))
    case = await world.eraser().drive(CASE)
    assert case.state is State.FAILED
    world.crms["hubspot"].faults.clear()
    eraser = world.eraser()
    await eraser.retry(case)
    case = await eraser.drive(CASE)
    assert case.state is State.LIVE_COMPLETE
    assert world.left() == []


async def test_what_is_restored_from_the_bin_meanwhile_is_erased_again(world: World) -> None:
    """Somebody restores the contact while the case is at work: verification finds it, and it goes again."""
    org = world.crms["salesforce"].org
    purge = org.purge

    def restoring(key: str) -> bool:
        org.purge = purge
        org.undelete(SCHEMA.objects["contact"], key)
        return True

    world.open(Known("email", AOIFE))
    await world.eraser().drive(CASE)
    world.agree()
    org.purge = lambda key: restoring(key) if key.startswith("003") else purge(key)
    case = await world.eraser().drive(CASE)
    assert case.state is State.LIVE_COMPLETE
    assert world.left() == []
    assert case.runs == 2


async def test_a_change_voids_the_confirmation(world: World) -> None:
    """A new task since the confirmation: the case waits for another one, and nobody was shut out for long."""
    world.open(Known("email", AOIFE))
    before = await world.eraser().drive(CASE)
    world.agree()
    org = world.crms["salesforce"].org
    org.insert(
        SCHEMA.objects["task"], {"Subject": "Call", "Status": "Not Started", "WhoId": before.plan.people[0].id}
    )
    contact = next(spot.id for spot in before.plan.people if spot.object == "Contact")
    org.insert(SCHEMA.objects["task"], {"Subject": "Call", "Status": "Not Started", "WhoId": contact})
    case = await world.eraser().drive(CASE)
    assert case.state is State.AWAITING_CONFIRMATION
    assert case.assents == ()
    assert world.shut == set()
    assert len(world.left()) > 7
    with pytest.raises(NotAgreed, match="not this plan's hash"):
        agree(case, "officer", "api_key", before.plan.short, int(world.clock()))
    world.agree()
    assert (await world.eraser().drive(CASE)).state is State.LIVE_COMPLETE
    assert world.left() == []


async def test_a_legal_hold_stops_the_whole_case(world: World) -> None:
    """Nothing is planned, nothing is touched, and the reason can go into a letter."""
    hold = Hold("hold-1", "litigation Byrne v. Northwind", "legal", 0)
    world.open(Known("email", AOIFE), holds=(hold,))
    case = await world.eraser().drive(CASE)
    assert (case.state, case.plan) == (State.HELD, None)
    assert case.reason == "a legal hold stands against it: litigation Byrne v. Northwind"
    assert not [1 for _, request in world.sent if request.method in {"DELETE", "PATCH"}]


async def test_a_hold_on_one_category_keeps_that_and_erases_the_rest(world: World) -> None:
    """The bank account stays under its hold; everything else of the record is written over."""
    hold = Hold("hold-2", "tax audit 2026", "finance", 0, categories=("user.financial",))
    case = await erased_with(world, holds=(hold,))
    assert case.state is State.LIVE_COMPLETE
    row = world.crms["salesforce"].people()[0]
    assert (row["LastName"], row["Email"], row["SSN__c"]) == ("Erased", None, None)
    assert row["Iban__c"] == "IE29AIBK93115212345678"


async def erased_with(world: World, **more):
    """As `erased`, with other things said of the case."""
    world.open(Known("email", AOIFE), **more)
    await world.eraser().drive(CASE)
    world.agree()
    return await world.eraser().drive(CASE)


async def test_a_duty_to_keep_a_record_keeps_it(world: World) -> None:
    """A retention duty names the record as a whole: it is left alone, and listed with its reason and date."""

    def stays(spot: Spot, found: object):
        if spot.object == "contacts":
            yield Staying("bookkeeping, ten years", "duty-1", fields=frozenset({""}), until="2036-01-01")

    world.stays = stays
    case = await erased_with(world)
    assert case.plan is not None
    assert [(one.object, one.because, one.until) for one in case.plan.kept] == [
        ("contacts", "bookkeeping, ten years", "2036-01-01")
    ]
    assert case.state is State.LIVE_COMPLETE
    assert len(world.crms["hubspot"].people()) == 12
    assert {one.why for one in case.findings if one.verdict == "kept"} == {"held", "shared"}


async def test_two_people_and_a_cooling_off(world: World) -> None:
    """The same person twice does not count; the second one may come early; time has to pass."""
    world.open(Known("email", AOIFE), terms=Terms(approvers=2, cooling_seconds=3600))
    await world.eraser().drive(CASE)
    world.agree(who="anna")
    assert (await world.eraser().drive(CASE)).state is State.AWAITING_APPROVAL
    with pytest.raises(NotAgreed, match="somebody else"):
        world.agree(who="anna")
    world.agree(who="ben")
    assert (await world.eraser().drive(CASE)).state is State.COOLING_OFF
    assert not world.shut
    world.clock.advance(seconds=3600)
    assert (await world.eraser().drive(CASE)).state is State.LIVE_COMPLETE


async def test_a_confirmation_expires(world: World) -> None:
    """A day later it counts no more, and the case waits for a new one."""
    world.open(Known("email", AOIFE), terms=Terms(approvers=2, valid_seconds=86_400))
    await world.eraser().drive(CASE)
    world.agree(who="anna")
    world.clock.advance(days=1)
    case = await world.eraser().drive(CASE)
    assert (case.state, case.assents) == (State.AWAITING_CONFIRMATION, ())
    assert case.reason == "the confirmation has expired"


async def test_a_confirmation_that_nobody_acts_on_expires_too(world: World) -> None:
    """Enough people agreed, and nothing was done for so long that it counts no more."""
    world.open(Known("email", AOIFE), terms=Terms(approvers=1, valid_seconds=3600))
    await world.eraser().drive(CASE)
    assert world.agree().state is State.READY
    world.clock.advance(days=2)
    case = await world.eraser().drive(CASE)
    assert (case.state, case.assents) == (State.AWAITING_CONFIRMATION, ())
    assert (case.reason, world.shut) == ("the confirmation has expired", set())
    world.agree()
    assert (await world.eraser().drive(CASE)).state is State.LIVE_COMPLETE


async def test_nobody_is_found(world: World) -> None:
    """A case about nobody is for a person to look at, and not done."""
    world.open(Known("email", "nobody@example.org"))
    case = await world.eraser().drive(CASE)
    assert case.state is State.EXCEPTION_REVIEW


async def test_a_crm_that_cannot_be_asked_makes_no_plan(world: World) -> None:
    """A plan that leaves a CRM out would be a lie."""
    world.crms["hubspot"].faults.add(Fault("crash", times=-1))
    world.open(Known("email", AOIFE))
    with pytest.raises(Exception, match="crm_failed"):
        await world.eraser().drive(CASE)
    assert world.cases.get(CASE).state is State.VERIFIED


async def test_no_value_and_no_id_stands_in_the_ledger(world: World) -> None:
    """Entries hold pseudonyms, words and hashes."""
    await erased(world, Known("email", AOIFE))
    said = repr(world.entries)
    for secret in (AOIFE, "Aoife", "Byrne", "003Lg", "'101'", "555 0101"):
        assert secret not in said

"""A case that a CRM refuses in part ends as what it is: certified as not complete, once enough people say so."""

import base64

import pytest
from msgspec import structs

from proxy import erase
from proxy.erasure import State
from proxy.errors import LychgateError
from proxy.ledger.verify import check_certificate, parse_keys
from proxy.message import Headers, Request
from proxy.sandbox import Answer
from proxy.sandbox.hubspot.properties import CONTACTS
from proxy.sandbox.salesforce.objects import SCHEMA
from tests.desk import Desk
from tests.erase.conftest import AOIFE, answered
from tests.erasure.test_paper import read

BECAUSE = "the vendor keeps contacts of audited deals"


class Refusing:
    """Has HubSpot keep its contacts, whatever it is asked, until `over`."""

    def __init__(self, desk: Desk) -> None:
        self.crm = desk.crms["hubspot"]
        self._answer = self.crm.answer
        self.crm.answer = self

    def __call__(self, call):
        if "gdpr-delete" in call.path or (call.method in {"DELETE", "PATCH"} and "contacts" in call.path):
            return Answer(403, {"status": "error", "message": "kept", "category": "MISSING_SCOPES"})
        return self._answer(call)

    def over(self) -> None:
        self.crm.answer = self._answer


@pytest.fixture
def refusing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Refusing:
    """HubSpot keeps its contacts; nobody waits before the case is tried again."""
    monkeypatch.setattr(erase, "CALM", 0.0)
    return Refusing(desk)


async def accept(desk: Desk, case: str, client: str = "privacy_desk", because: str = BECAUSE, typed: str = ""):
    """Leave a case at what is refused, as one of the clients."""
    key = desk.harness.installation.keys[client]
    typed = typed or (await desk.does("show", case))["left"]
    return await desk.does("accept", case, because=because, typed=typed, key=key, purpose="subject_request")


async def partial(desk: Desk) -> str:
    """Return a case that ended partial."""
    case = await desk.confirmed()
    await desk.does("run", case)
    assert desk.erasures.cases.get(case).state is State.PARTIAL
    return case


async def certificate(desk: Desk, case: str) -> tuple[dict, list[str], dict]:
    """Return what a case's newest certificate says, as the single-file verifier reads it, and its files."""
    told = await desk.does("certificate", case)
    keys = (desk.harness.installation.folder / "state" / "checkpoints" / "public-keys").read_text("utf-8")
    said, lines = check_certificate(told["json"], parse_keys(keys))
    return said, lines, told


async def test_it_is_certified_as_not_complete_and_the_record_stays_shut(desk: Desk, refusing: Refusing) -> None:
    """What remains stands in the first lines, by place and count; of the person nobody reads that record."""
    case = await partial(desk)
    assert {one.verdict for one in desk.erasures.cases.get(case).findings} >= {"erased", "refused"}
    assert not {"residue", "unverifiable"} & {one.verdict for one in desk.erasures.cases.get(case).findings}
    everybody = len(desk.harness.app.restricted.items)
    told = await accept(desk, case)
    assert (told["state"], told["leaving"][0]["because"]) == ("live_incomplete", BECAUSE)
    told = await desk.does("run", case)
    assert [one["edition"] for one in told["issued"]] == ["live-incomplete"]
    said, lines, files = await certificate(desk, case)
    refused = [each for each in told["findings"] if each["verdict"] == "refused"]
    left = [(row["place"], row["count"]) for row in said["left"]]
    assert left == [(one["place"], one["count"]) for one in refused]
    assert ("contacts", 1) in left
    assert lines[0].startswith("NOT COMPLETE")
    paper = "".join(read(base64.b64decode(files["pdf"]))[0].split())
    assert paper.index("THISERASUREISNOTCOMPLETE") < paper.index("hubspotcontacts:1") < paper.index("Edition")
    body = files["html"].partition("</h1>")[2]
    assert body.index("THIS ERASURE IS NOT COMPLETE") < body.index("hubspot contacts: 1") < body.index("Edition")
    for text in (files["json"], files["html"], str(desk.harness.entries())):
        assert BECAUSE not in text
    # Less is shut than before, and that record is.
    assert 0 < len(desk.harness.app.restricted.items) < everybody
    fields = Headers(tuple(desk.harness.credentials("helpdesk", "customer_support")))
    for contact, refused in (("101", ["person_restricted"]), ("102", [])):
        ask = Request("GET", f"/crm/v3/objects/contacts/{contact}", "properties=email", headers=fields)
        ended = await desk.harness.exchange("hubspot", ask, lambda request: answered(refusing.crm, request))
        assert [entry["reason"] for entry in ended.entries if "reason" in entry] == refused
        assert AOIFE.encode() not in ended.response.body


async def test_it_is_looked_at_again_and_ends_as_not_complete(desk: Desk, refusing: Refusing) -> None:
    """The last edition says so too; only a new basis lets anybody read what remains."""
    case = await partial(desk)
    await accept(desk, case)
    await desk.does("run", case)
    kept = desk.erasures.cases.get(case)
    assert len(kept.checks) == 2
    desk.erasures.cases.keep(kept.put(checks=(1,)))
    told = await desk.does("run", case)
    assert (told["state"], [one["edition"] for one in told["issued"]]) == (
        "final_incomplete", ["live-incomplete", "final-incomplete"]
    )  # fmt: skip
    said, lines, _ = await certificate(desk, case)
    assert (said["outcome"], lines[0][:12]) == ("incomplete", "NOT COMPLETE")
    assert desk.erasures.cases.get(case).values == ()
    assert desk.harness.app.restricted.items
    await desk.does("allow", case, basis="a new contract")
    assert not desk.harness.app.restricted.items


async def test_another_case_erases_what_an_ended_one_left(desk: Desk, refusing: Refusing) -> None:
    """What was left stays shut until then, whatever becomes of the other case, and is free once it is gone."""
    case = await partial(desk)
    await accept(desk, case)
    await desk.does("run", case)
    desk.erasures.cases.keep(desk.erasures.cases.get(case).put(checks=(1,)))
    assert (await desk.does("run", case))["state"] == "final_incomplete"
    left = desk.harness.app.restricted.items
    about = {"records": ["hubspot/contacts/101"], "ground": "objection", "identity": "document"}
    given_up = (await desk.does("open", **about))["case"]
    await desk.does("plan", given_up)
    await desk.does("revoke", given_up)
    assert desk.harness.app.restricted.items == left
    refusing.over()
    again = (await desk.does("open", **about))["case"]
    await desk.agree(again)
    assert (await desk.does("run", again))["state"] == "live_complete"
    assert not desk.there
    assert not desk.harness.app.restricted.items


async def test_what_comes_back_meanwhile_is_not_left_at(desk: Desk, refusing: Refusing) -> None:
    """The case is partial again, nobody's agreement stands, and what was open is shut."""
    case = await partial(desk)
    before = desk.harness.app.restricted.items
    await accept(desk, case)
    await desk.does("run", case)
    desk.crms["salesforce"].org.insert(SCHEMA.objects["contact"], {"LastName": "Byrne", "Email": AOIFE})
    desk.erasures.cases.keep(desk.erasures.cases.get(case).put(checks=(1,)))
    told = await desk.does("run", case)
    assert (told["state"], told["leaving"]) == ("partial", [])
    assert desk.harness.app.restricted.items == before
    with pytest.raises(LychgateError, match="more is left than a CRM refuses"):
        await accept(desk, case)


async def test_what_is_left_is_looked_at_before_it_is_certified(desk: Desk, refusing: Refusing) -> None:
    """A case can have been partial for weeks: what has come back since is no part of what people leave it at."""
    case = await partial(desk)
    desk.crms["salesforce"].org.insert(SCHEMA.objects["contact"], {"LastName": "Byrne", "Email": AOIFE})
    await accept(desk, case)
    told = await desk.does("run", case)
    assert (told["state"], told["issued"], told["leaving"]) == ("partial", [], [])


async def test_it_is_left_at_what_was_looked_at(desk: Desk, refusing: Refusing) -> None:
    """Whoever looked, and types what stood there then, leaves it at nothing that has come since."""
    case = await partial(desk)
    seen = (await desk.does("show", case))["left"]
    assert len(seen) == 12
    held = desk.erasures.cases.get(case)
    more = tuple(structs.replace(one, count=one.count + 4) for one in held.findings if one.verdict == "refused")
    desk.erasures.cases.keep(
        held.put(findings=(*(one for one in held.findings if one.verdict != "refused"), *more))
    )
    for typed in (seen, seen[:11], "0" * 12):
        with pytest.raises(LychgateError, match="not the hash of what is refused"):
            await accept(desk, case, typed=typed)
    assert desk.erasures.cases.get(case).state is State.PARTIAL
    await accept(desk, case)
    assert desk.erasures.cases.get(case).state is State.LIVE_INCOMPLETE


async def test_more_that_is_refused_later_is_not_left_at(desk: Desk, refusing: Refusing) -> None:
    """Somebody writes more of the person into a record that stays; people have to agree to that, too."""
    case = await partial(desk)
    await accept(desk, case)
    await desk.does("run", case)
    (spot,) = desk.erasures.cases.get(case).refused
    held = refusing.crm.store.get(CONTACTS, spot.id)
    assert not held.values.get("fax")
    held.values["fax"] = held.values["phone"]
    desk.erasures.cases.keep(desk.erasures.cases.get(case).put(checks=(1,)))
    told = await desk.does("run", case)
    assert (told["state"], told["leaving"]) == ("partial", [])


async def test_what_is_left_anew_has_a_certificate_of_its_own(desk: Desk, refusing: Refusing) -> None:
    """The one of the first time says what people agreed to then; nobody is handed it as if it said more."""
    case = await partial(desk)
    await accept(desk, case)
    await desk.does("run", case)
    assert (await desk.does("retry", case))["state"] == "partial"
    await accept(desk, case, because="they keep them still")
    told = await desk.does("certificate", case)
    assert told["superseded"].endswith("yet to be certified.")
    told = await desk.does("run", case)
    assert [one["edition"] for one in told["issued"]] == ["live-incomplete", "live-incomplete"]
    assert told["issued"][0]["seq"] < told["issued"][1]["seq"]
    assert (await desk.does("certificate", case))["superseded"] == ""


async def test_once_the_crm_lets_go_it_becomes_complete(desk: Desk, refusing: Refusing) -> None:
    """`run --again` erases what remained, and the certificate is the one of every other erasure."""
    case = await partial(desk)
    await accept(desk, case)
    await desk.does("run", case)
    refusing.over()
    told = await desk.does("retry", case)
    assert (told["state"], [one["edition"] for one in told["issued"]]) == (
        "live_complete", ["live-incomplete", "live-complete"]
    )  # fmt: skip
    assert not desk.there
    assert not desk.harness.app.restricted.items
    said, lines, _ = await certificate(desk, case)
    assert not {"outcome", "left", "left_by"} & said.keys()
    assert not any("NOT COMPLETE" in line for line in lines)


async def test_it_takes_as_many_people_as_the_plan(desk: Desk, refusing: Refusing) -> None:
    """One person twice is one; nobody may who may not agree; without a reason nothing is left at anything."""
    case = await partial(desk)
    kept = desk.erasures.cases.get(case)
    desk.erasures.cases.keep(kept.put(terms=erase.structs.replace(kept.terms, approvers=2)))
    with pytest.raises(LychgateError, match="nobody's who may agree"):
        await accept(desk, case, "helpdesk")
    with pytest.raises(LychgateError, match="say why"):
        await accept(desk, case, because=" ")
    told = await accept(desk, case)
    assert (told["state"], len(told["leaving"])) == ("partial", 1)
    assert "live_incomplete" not in str(await desk.does("run", case))
    with pytest.raises(LychgateError, match="somebody else has to"):
        await accept(desk, case)
    entries = [entry["what"] for entry in desk.harness.entries() if entry["kind"] == "erasure"]
    assert entries.count("left_incomplete") == 1


async def test_only_a_case_that_ended_partial_can_be(desk: Desk) -> None:
    """One that is complete, and one that has not begun, are told so."""
    case = await desk.confirmed()
    with pytest.raises(LychgateError, match="cannot accept"):
        await accept(desk, case)
    await desk.does("run", case)
    with pytest.raises(LychgateError, match="cannot accept"):
        await accept(desk, case)

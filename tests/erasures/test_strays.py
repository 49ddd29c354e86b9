"""A token that no record has does not outlive its person, and one that a record has is never given up."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from proxy.erase import Eraser, Site
from proxy.erasure import State
from proxy.erasures import ports
from proxy.errors import UpstreamFault
from proxy.message import Request, Response
from proxy.model import Protection
from proxy.sweeps import Rounds
from proxy.vault import Opening, Put, Seek, Sending, Shown, rows
from proxy.vault.rows import Value
from proxy.vault.tables import VALUES
from tests.desk import ABOUT, Desk, installed
from tests.e2e.test_protect_surfaces import PROTECT, Crm
from tests.erase.conftest import answered

CONTACTS = "/services/data/v62.0/sobjects/Contact"
NESSA, JOE = "nessa.quill@example.org", "joe.ward@example.org"


class Sealed(Desk):
    """A desk whose Salesforce has tokens for e-mail addresses."""

    def sites(self) -> dict[str, Site]:
        site = super().sites()["salesforce"]
        rules = self.harness.app.gateways["salesforce"].rules
        book = replace(site.book, protections=rules.protections)
        return {"salesforce": replace(site, book=book, settle=self.harness.app.kept.vault.settle)}

    @property
    def mail(self) -> Protection:
        return self.harness.app.gateways["salesforce"].rules.protections["Contact"]["Email"]

    async def lost(self, mail: str, *, arrives: bool, name: str = "Quill") -> str:
        """Have a client create a contact and never hear of it; return what stands for its address."""
        sent: list[Request] = []

        def upstream(request: Request) -> Response:
            sent.append(request)
            if arrives:
                assert answered(self.crms["salesforce"], request).status == 201
            return Response(503)

        crm = Crm(self.harness, "salesforce", None)
        crm.answer = upstream  # type: ignore[method-assign]
        body = json.dumps({"LastName": name, "Email": mail}).encode()
        await crm.ask("helpdesk_leads", "POST", CONTACTS, body=body)
        return str(json.loads(sent[0].body)["Email"])

    def row(self, token: str) -> Value | None:
        with self.harness.app.kept.store.read() as connection:
            return rows.by_handle(connection, [token]).get(token)

    def opens(self, token: str) -> bool:
        """Whether there is a record in which the token is turned back."""
        row = self.row(token)
        if row is None:
            return False
        return bool(self.harness.app.kept.vault.told([row]))

    def found(self, mail: str) -> tuple[str, ...]:
        return self.harness.app.kept.vault.settle(Sending(seeks=(Seek(self.mail, mail),))).found[0]

    async def look(self) -> None:
        """Have the process that runs look, as it does every hour."""
        self.erasures.unasked.stray_rounds = Rounds(1.0, time.monotonic() - 3_600)
        await self.erasures.unasked.give_up_strays()

    def age(self, seconds: float) -> None:
        """Let all rows be older."""
        with self.harness.app.kept.store.begin() as connection:
            connection.execute(update(VALUES).values(created_at=VALUES.c.created_at - seconds))

    async def erased(self, mail: str) -> str:
        """Return the case of a whole erasure by an address."""
        case = (await self.does("open", **ABOUT | {"values": [("email", mail)]}))["case"]
        await self.agree(case)
        assert (await self.does("run", case))["state"] == State.LIVE_COMPLETE
        return str(case)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sealed]:
    """An installation inside this process whose policies protect e-mail addresses."""
    with installed(tmp_path / "gateway", monkeypatch, Sealed) as made:
        assert isinstance(made, Sealed)
        (made.harness.installation.policies / "example" / "protect.yaml").write_text(PROTECT, "utf-8")
        made.harness.app.reload()
        yield made


async def test_what_the_crm_never_had_goes_with_its_person(desk: Sealed) -> None:
    """However new it is: a create is sent again and again, one arrives, and none of the tokens opens after."""
    tokens = [await desk.lost(NESSA, arrives=arrives) for arrives in (False, True, False)]
    (other,) = [await desk.lost(JOE, arrives=False)]
    assert [desk.opens(each) for each in tokens] == [True] * 3
    keys = {row.key_id for each in tokens if (row := desk.row(each)) is not None}
    await desk.erased(NESSA.upper())
    assert [desk.opens(each) for each in tokens] == [False] * 3
    assert [desk.row(each) for each in tokens] == [None] * 3
    assert not {*desk.found(NESSA)} & {*tokens}
    assert desk.harness.app.kept.keys.find(keys) == {}
    assert desk.opens(other)  # the CRM may have it in a moment


async def test_a_token_of_a_record_that_somebody_deleted_in_the_crm_goes_as_well(desk: Sealed) -> None:
    """It is in no plan, since no CRM shows it; its person is known by another record."""
    first, second = [await desk.lost(NESSA, arrives=True) for _ in range(2)]
    assert {*desk.found(NESSA)} == {first, second}
    org = desk.crms["salesforce"].org
    contacts = org.schema.objects["contact"]
    (gone,) = [str(row["Id"]) for row in org.rows(contacts) if row["Email"] == first]
    vault = desk.harness.app.kept.vault
    vault.settle(Opening((Shown(desk.mail, first, gone),)))
    assert (row := desk.row(first)) is not None
    assert row.record is not None
    org.visible_seconds = 0.0
    org.delete(contacts, gone)
    org.purge(gone)
    await desk.erased(NESSA)
    assert not desk.opens(first)
    assert not desk.opens(second)


async def test_what_the_law_keeps_is_still_there_in_clear(desk: Sealed) -> None:
    """An exception for the address: its token stays in the CRM, and stands for it; the findings say so."""
    token = await desk.lost(NESSA, arrives=True)
    case = (await desk.does("open", **ABOUT | {"values": [("email", NESSA)]}))["case"]
    await desk.does("plan", case)
    kept = {"word": "legal_claims", "because": "the court has it", "categories": ["user.contact.email"]}
    await desk.does("except", case, **kept)
    await desk.agree(case)
    done = await desk.does("run", case)
    assert done["state"] == State.LIVE_COMPLETE
    assert [row["LastName"] for row in desk.crms["salesforce"].people() if row["Email"] == token] == ["Erased"]
    assert desk.opens(token)
    assert desk.found(NESSA) == (token,)
    assert [one["count"] for one in done["findings"] if (one["lane"], one["verdict"]) == ("", "kept")] == [1]


async def test_what_nobody_has_is_given_up_after_a_while_and_what_a_record_has_is_not(desk: Sealed) -> None:
    """Without any erasure: early, nobody can tell; later the CRM is asked, and what it has is its record's."""
    there, nowhere = await desk.lost(JOE, arrives=True), await desk.lost(JOE, arrives=False)
    await desk.look()
    assert (desk.opens(there), desk.opens(nowhere)) == (True, True)
    desk.age(rows.IN_FLIGHT + 1)
    await desk.look()
    assert (desk.opens(there), desk.row(nowhere)) == (True, None)
    assert (row := desk.row(there)) is not None
    assert row.record is not None
    assert desk.found(JOE) == (there,)


async def test_an_erasure_looks_again_a_day_later(desk: Sealed) -> None:
    """Creates that were under way are settled by then: the person's, and whoever else's."""
    await desk.lost(NESSA, arrives=True)
    others = await desk.lost(JOE, arrives=False), await desk.lost(JOE, arrives=True)
    case = await desk.erased(NESSA)
    # Its tombstones were looked for before the erasure, and its row is kept after.
    (late,) = desk.harness.app.kept.vault.settle(Sending(puts=(Put(desk.mail, NESSA, None, 0),))).placed
    assert [desk.opens(each) for each in (late.text, *others)] == [True] * 3
    desk.age(rows.IN_FLIGHT + 1)
    now = desk.erasures.cases.get(case).checks[0] + 1.0
    eraser = desk.erasures.erasers.make()
    await Eraser(replace(eraser.ports, clock=lambda: now)).drive(case)
    assert [desk.opens(each) for each in (late.text, *others)] == [False, False, True]


async def test_a_crm_that_cannot_be_asked_loses_nobody_anything(
    desk: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Down, or without a right to be asked: what may be there stays; an erasure waits until it can be asked."""
    there = await desk.lost(JOE, arrives=True)
    desk.age(rows.IN_FLIGHT + 1)
    sites = desk.sites()

    def answering(answer: Response | None):
        async def send(request: Request) -> Response:
            if answer is None:
                raise UpstreamFault("upstream_lost")
            return answer

        return {"salesforce": replace(sites["salesforce"], send=send)}

    for answer in (None, Response(403), Response(400), Response(500)):
        monkeypatch.setattr(ports, "sites", lambda _app, answer=answer: answering(answer))
        await desk.look()
        assert desk.opens(there)

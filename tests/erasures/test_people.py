"""People who sign in, beside the keys of their clients: who asked, who agrees, and who still may."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from proxy import erase
from proxy.demo.installation import Installation
from proxy.erasure import State
from proxy.erasure.assent import NO_LONGER
from proxy.errors import LychgateError
from proxy.message import Headers, Request
from tests.desk import ABOUT, Desk, installed
from tests.erasures.test_accepting import Refusing

KEY = ec.generate_private_key(ec.SECP256R1())
ISSUERS = """
issuers:
  corp:
    issuer: https://login.example.org
    audience: lychgate
    algorithms: [ES256]
    jwks_file: jwks.json
    role_map: {privacy: privacy_officer, support: support_agent}
lanes:
"""
CLIENTS = """
  portal:
    description: An application whose people sign in.
    recipient: dpo_office
    roles: [privacy_officer, support_agent]
    purposes: [subject_request]
    default_purpose: subject_request
    jwt: {issuer: corp, claim: azp, value: portal}
  office:
    description: Another one of the same people.
    recipient: dpo_office
    roles: [privacy_officer, support_agent]
    purposes: [subject_request]
    default_purpose: subject_request
    jwt: {issuer: corp, claim: azp, value: office}
"""
RULES = """
rules:
  - id: deleted-contacts-open-cases
    on: {objects: [contacts]}
    then: case
    ground: objection
"""
PURPOSES = {"": "subject_request", "token": "subject_request", "consent": "customer_support"}


def token(subject: str, client: str = "portal") -> str:
    """Return what a person shows who has signed in."""
    now = int(time.time())
    claims = {"iss": "https://login.example.org", "aud": "lychgate", "azp": client, "sub": subject}
    claims |= {"groups": ["privacy"], "iat": now - 5, "exp": now + 300}
    return jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": "k1"})


class People(Desk):
    """A desk with an identity provider, where two people have to agree."""

    @property
    def clients(self) -> Path:
        """Who is registered."""
        return self.harness.installation.policies / "example" / "clients.yaml"

    def key(self, client: str) -> str:
        """Return a client's own key."""
        return self.harness.installation.keys[client]

    def change(self, what: str) -> None:
        """Take a right away: from a client of people, from one with a key, or from a role."""
        roles = {"token": "[privacy_officer, support_agent]", "key": "[privacy_officer]"}
        if what == "consent":
            path = self.harness.installation.policies / "example" / "erasure.yaml"
            text = path.read_text("utf-8").replace("roles: [privacy_officer]", "roles: [support_agent]")
        else:
            path = self.clients
            text = path.read_text("utf-8").replace(f"roles: {roles[what]}", "roles: [support_agent]")
        path.write_text(text, "utf-8")
        self.harness.app.reload()

    async def agrees(self, case: str, shown: str) -> State:
        """Have somebody agree to a case's plan, and return how far it is then."""
        plan = self.erasures.cases.get(case).plan
        assert plan is not None
        asked = {"do": "confirm", "cases": [case], "typed": [plan.short]}
        await self.erasures.do({**asked, "key": shown, "purpose": "subject_request"})
        return self.erasures.cases.get(case).state

    async def planned(self, **more: Any) -> str:
        """Return a case that waits for people."""
        case = (await self.does("open", **ABOUT, **more))["case"]
        assert (await self.does("plan", case))["state"] == State.AWAITING_CONFIRMATION
        return case


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    """An installation inside this process."""

    def prepare(made: Installation) -> None:
        public = json.loads(ECAlgorithm.to_jwk(KEY.public_key())) | {"kid": "k1", "use": "sig", "alg": "ES256"}
        (made.folder / "jwks.json").write_text(json.dumps({"keys": [public]}), "utf-8")
        made.config.write_text(made.config.read_text("utf-8").replace("lanes:\n", ISSUERS, 1), "utf-8")
        clients = made.policies / "example" / "clients.yaml"
        clients.write_text(clients.read_text("utf-8") + CLIENTS, "utf-8")
        rules = made.policies / "example" / "erasure.yaml"
        rules.write_text(rules.read_text("utf-8").replace("people: 1", "people: 2"), "utf-8")

    with installed(tmp_path / "gateway", monkeypatch, People, prepare) as made:
        assert isinstance(made, People)
        yield made


@pytest.mark.parametrize("second", [("Ann", "portal"), ("ann", "office")])
async def test_who_asked_is_not_the_second_with_another_credential(
    people: People, second: tuple[str, str]
) -> None:
    """Another spelling of the name, another client: the same person."""
    case = await people.planned(key=token("ann"))
    assert await people.agrees(case, token("ben")) == State.AWAITING_APPROVAL
    with pytest.raises(LychgateError, match="asked for the erasure"):
        await people.agrees(case, token(*second))
    assert await people.agrees(case, token("cleo", "office")) == State.READY
    (entry,) = [one for one in people.harness.entries() if one.get("what") == "opened"]
    assert entry["who"] == people.harness.app.pseudonyms.of("principal", "portal/ann")


async def test_who_asked_with_the_key_of_a_client_is_any_of_its_people(people: People) -> None:
    """And so none of them is the second; nor is whoever has the key where one of its people asked."""
    case = await people.planned(key=people.key("privacy_desk"), purpose="subject_request")
    await people.agrees(case, token("ben"))
    with pytest.raises(LychgateError, match="asked for the erasure"):
        await people.agrees(case, people.key("privacy_desk"))
    assert await people.agrees(case, token("cleo")) == State.READY


async def test_a_credential_that_is_nobodys_opens_nothing(people: People) -> None:
    """Who says who they are is believed or refused, not left out."""
    with pytest.raises(LychgateError, match="nobody's"):
        await people.does("open", **ABOUT, key="lg_wrong")
    assert (await people.does("list"))["cases"] == []


async def test_who_sent_the_delete_is_not_the_second(people: People) -> None:
    """A case that takes a delete's place is asked for by whoever sent it."""
    rules = people.harness.installation.policies / "example" / "erasure.yaml"
    rules.write_text(rules.read_text("utf-8") + RULES, "utf-8")
    people.harness.app.reload()
    fields = (("authorization", f"Bearer {token('ann')}"),)
    delete = Request("DELETE", "/crm/v3/objects/contacts/101", headers=Headers(fields))
    await people.harness.exchange("hubspot", delete, lambda request: pytest.fail("it was sent on"))
    (case,) = [one["case"] for one in (await people.does("list"))["cases"]]
    await people.does("plan", case)
    await people.agrees(case, token("ben"))
    with pytest.raises(LychgateError, match="asked for the erasure"):
        await people.agrees(case, token("ann", "office"))


@pytest.mark.parametrize("when", ["agreed", "restricted"])
@pytest.mark.parametrize("what", ["token", "key", "consent", "frozen"])
async def test_an_agreement_goes_with_the_right_to_agree(people: People, what: str, when: str) -> None:
    """Up to the first step: what policy lets nobody do any more is not done by what they said before."""
    case = await people.planned()
    await people.agrees(case, token("ann"))
    assert await people.agrees(case, people.key("privacy_desk")) == State.READY
    if when == "restricted":
        people.gate.clear()
        people.waiting.clear()
        running = asyncio.ensure_future(people.does("run", case))
        await people.waiting.wait()
    if what == "frozen":
        await people.harness.app.freeze("portal/ann")
    else:
        people.change(what)
    people.gate.set()
    told = await (running if when == "restricted" else people.does("run", case))
    assert (told["state"], told["reason"]) == (State.AWAITING_CONFIRMATION, NO_LONGER)
    assert people.there
    assert not people.harness.app.restricted.items


async def test_who_may_still_agree_is_not_asked_again(people: People) -> None:
    """A reload that leaves them their role takes nothing away; who lost it does not count beside another."""
    case = await people.planned()
    await people.agrees(case, token("ann"))
    people.harness.app.reload()
    assert people.erasures.cases.get(case).state is State.AWAITING_APPROVAL
    people.change("token")
    assert await people.agrees(case, people.key("privacy_desk")) == State.AWAITING_APPROVAL
    assert len(people.erasures.cases.get(case).assents) == 1


@pytest.mark.parametrize("taken", ["", "token", "consent"])
async def test_leaving_a_case_takes_people_who_may_agree_when_it_is_left(
    people: People, monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    """Two do; one whose role was taken away before the second one came does not count any more."""
    monkeypatch.setattr(erase, "CALM", 0.0)
    Refusing(people)
    case = await people.planned()
    for who in ("one", "two"):
        await people.agrees(case, token(who))
    left = (await people.does("run", case))["left"]
    asked = {
        "do": "accept", "case": case, "because": "they keep them", "typed": left, "purpose": "subject_request",
    }  # fmt: skip
    assert (await people.erasures.do({**asked, "key": token("one")}))["state"] == State.PARTIAL
    if taken:
        people.change(taken)
    second = people.key("helpdesk") if taken == "consent" else people.key("privacy_desk")
    told = await people.erasures.do({**asked, "key": second, "purpose": PURPOSES[taken]})
    assert len(told["leaving"]) == (1 if taken else 2)
    assert told["state"] == (State.PARTIAL if taken else State.LIVE_INCOMPLETE)

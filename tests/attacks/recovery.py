"""Somebody with the support role who is after one hidden value, by binary search, on every way a CRM has.

`python -m tests.attacks.recovery [REQUESTS [NAME]]` says how much was learned on each, or on those with a text
in their names, with Lychgate and without; where the CRM itself has no such way, with a Lychgate that allows it.

The attacker is as good as can be: it is shown beforehand how answers look where a guess holds and where not,
down to the last byte. Where the two look alike, it tosses a coin.
"""

import asyncio
import json
import random
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tornado.httputil import HTTPHeaders

from proxy.message import Headers, Request, Response
from proxy.sandbox import (
    Answer,
    Call,
    DynamicsSandbox,
    HubSpotSandbox,
    OdooSandbox,
    PipedriveSandbox,
    SalesforceSandbox,
    Sandbox,
    StoppedClock,
    SuiteCrmSandbox,
    ZohoSandbox,
)
from proxy.sandbox.pipedrive.store import IBAN, PERSONS
from tests.attacks.small_tryton import PASSPORT, SmallTryton
from tests.attacks.way import KEY, Prey, Sent, Way
from tests.attacks.ways import QUERIES
from tests.attacks.ways_elsewhere import ELSEWHERE
from tests.e2e.harness import CRM_TOKEN, GatewayHarness
from tests.sandboxes import answered

BITS: Final = 20
"""A hidden value is one of 2**BITS, each as likely as the other."""
REQUESTS: Final = 10_000

WAYS: Final = QUERIES + ELSEWHERE


def text(value: int) -> str:
    """Return a value as it stands in the field."""
    return f"{value:07}"


class Crm:
    """A sandbox, one of whose people is the prey."""

    def __init__(self, sandbox: Sandbox | SmallTryton) -> None:
        self.sandbox = sandbox
        other, one, *_ = sandbox.people()
        self.prey = Prey(_key(one), _key(other), str(one.get("AccountId", "")), str(one.get("LastName", "")))

    def give(self, value: int) -> None:
        """Give the prey a hidden value."""
        self._give(self.prey.key, text(value))

    def beside(self, least: str) -> None:
        """Give a value to the record that the attacker knows."""
        self._give(self.prey.other, least)

    def _give(self, key: str, value: str) -> None:
        match self.sandbox:
            case SalesforceSandbox():
                given = {"SSN__c": value, "Phone": _number(value)}
                self._write("PATCH", f"/services/data/v59.0/sobjects/Contact/{key}", given)
            case HubSpotSandbox():
                given = {"iban": value, "phone": _number(value)}
                self._write("PATCH", f"/crm/v3/objects/contacts/{key}", {"properties": given})
            case DynamicsSandbox():
                self._write("PATCH", f"/api/data/v9.2/contacts({key})", {"new_iban": value})
            case PipedriveSandbox():
                phones = {"phones": [{"value": _number(value), "primary": True, "label": "work"}]}
                self._write("PATCH", f"/api/v2/persons/{key}", {"custom_fields": {IBAN: value}, **phones})
            case SuiteCrmSandbox():
                data = {"type": "Contacts", "id": key, "attributes": {"iban_c": value}}
                self._write("PATCH", "/Api/V8/module", {"data": data})
            case ZohoSandbox():
                self._write("PUT", f"/crm/v8/Contacts/{key}", {"data": [{"IBAN": value}]})
            case OdooSandbox():
                self.sandbox.database.rows["res.partner"][int(key)]["x_iban"] = value
            case SmallTryton():
                self.sandbox.rows[PASSPORT][int(key)]["code"] = value

    def _write(self, method: str, path: str, body: object) -> None:
        headers = {"Authorization": f"Bearer {CRM_TOKEN}", "Content-Type": "application/json"}
        answer = self.sandbox.answer(Call(method, path, "", HTTPHeaders(headers), json.dumps(body).encode()))
        assert answer.status < 300, answer

    def answer(self, request: Request) -> Response:
        """Answer what the gateway, or the attacker itself, asks."""
        answer = answered(self.sandbox, request)  # less what counts requests, or no two answers are alike
        kind = answer.headers.one("content-type") or "application/json"
        return Response(answer.status, Headers((("content-type", kind),)), answer.body)


def _number(value: str) -> str:
    """Return a telephone number with a value in it: support sees its ending, which is always the same."""
    return f"+49 {value} 00"


def _key(person: Mapping[str, object]) -> str:
    names = ("Id", "contactid", "hs_object_id", "id")
    return str(next(person[name] for name in names if person.get(name)))


def _salesforce() -> Sandbox:
    """Return an organisation whose administrator has made the hidden field an external id."""
    sandbox = SalesforceSandbox(CRM_TOKEN, now=StoppedClock())
    fields = sandbox.org.schema.objects["contact"].by_name
    fields["ssn__c"] = replace(fields["ssn__c"], lookup=True)
    return sandbox


class _SortingZoho(ZohoSandbox):
    """Sorts lists by the hidden field as well, which Zoho itself may do some day."""

    def answer(self, call: Call) -> Answer:
        if "sort_by=IBAN" not in call.query:
            return super().answer(call)
        answer = super().answer(replace(call, query=call.query.replace("sort_by=IBAN", "sort_by=id")))
        if isinstance(answer.tree, dict):
            values = {person["id"]: str(person.get("IBAN")) for person in self.people()}
            answer.tree["data"].sort(key=lambda row: values[row["id"]])
        return answer


class _SortingPipedrive(PipedriveSandbox):
    """Sorts lists by the hidden field too, without showing it there: so it is the order that tells."""

    def answer(self, call: Call) -> Answer:
        answer = super().answer(replace(call, query=call.query.replace(IBAN, "id")))
        if f"={IBAN}" in call.query and isinstance(answer.tree, dict) and answer.tree["success"]:
            rows = answer.tree["data"]
            rows.sort(key=lambda row: str(self.store.get(PERSONS, str(row["id"])).custom.get(IBAN)))
            for row in rows:
                for name in (IBAN, "custom_fields", "phone", "phones"):
                    row.pop(name, None)
        return answer


CRMS: Final[dict[str, Callable[[], Sandbox | SmallTryton]]] = {
    "salesforce": _salesforce,
    "hubspot": lambda: HubSpotSandbox(CRM_TOKEN, now=StoppedClock()),
    "dynamics": lambda: DynamicsSandbox(CRM_TOKEN, now=StoppedClock()),
    "odoo": lambda: OdooSandbox(CRM_TOKEN),
    "tryton": SmallTryton,
    "pipedrive": lambda: _SortingPipedrive(CRM_TOKEN, now=StoppedClock()),
    "zoho": lambda: _SortingZoho(CRM_TOKEN, now=StoppedClock()),
    "suitecrm": lambda: SuiteCrmSandbox(CRM_TOKEN, now=StoppedClock()),
}


# ---- the attacker -------------------------------------------------------------------------------------------


Send = Callable[[Sent], Awaitable[Response]]
_EVERYTHING: Final = """
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: everything, owner: nobody}
grants:
  - id: everything-for-support
    effect: allow
    roles: [support_agent]
    purposes: [customer_support]
    recipients: [helpdesk_app]
    on: {categories: [system, user, organization, employee]}
    actions: [read, list, filter, sort, group, aggregate, export]
"""
_CHANGING: Final = re.compile(rb'W/[^,}]*|"id": ?"(?:qlg1\.|750)[^"]*"')
"""How often a row was written, and ids of jobs, sealed and as they are."""


class Attacker:
    """Searches for values on one way, and tosses a coin where answers tell nothing."""

    def __init__(self, way: Way, crm: Crm, send: Send, chance: random.Random) -> None:
        self._way, self._crm, self._send, self._chance = way, crm, send, chance
        self.seen: set[tuple[object, ...]] = set()
        """Every answer that was different from all before it."""
        self._means: dict[tuple[object, ...], bool] = {}
        self.requests = 0

    async def prepare(self) -> None:
        """Learn how answers look where a guess holds and where it does not."""
        for value, holds in ((1, True), (0, False)):
            self._crm.give(value)
            look = await self._look(text(1))
            if self._means.setdefault(look, holds) != holds:
                self._means.clear()  # both look alike
                return

    async def search(self, bits: int) -> int:
        """Return the guess at the prey's value."""
        low, high = 0, 2**bits - 1
        while low < high:
            middle = (low + high + 1) // 2
            look = await self._look(text(middle))
            holds = self._means[look] if look in self._means else self._chance.random() < 0.5
            low, high = (middle, high) if holds else (low, middle - 1)
        return low

    async def _look(self, least: str) -> tuple[object, ...]:
        if self._way.beside:
            self._crm.beside(least)
        first = await self._ask(self._way.asks(self._crm.prey, least))
        looks = [_seen(first)]
        if self._way.then and (job := _id(first)):
            looks += [_seen(await self._ask(step(job))) for step in self._way.then]
        look = tuple(looks)
        self.seen.add(look)
        return look

    async def _ask(self, sent: Sent) -> Response:
        self.requests += 1
        return await self._send(sent)


def _id(response: Response) -> str:
    """Return the id in an answer, if there is one."""
    if response.status >= 300:
        return ""
    tree = json.loads(response.body)
    return str(tree.get("id", "")) if isinstance(tree, dict) else ""


def _seen(response: Response) -> tuple[object, ...]:
    """Return all of an answer but what no two have in common."""
    decision = (response.headers.one("lychgate-decision") or "no decision").encode()
    headers = [(name, value) for name, value in response.headers if name != "lychgate-decision"]
    body = response.body.replace(decision, b"")
    return response.status, tuple(headers), _CHANGING.sub(b"", body)


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of it."""

    values: int
    found: int
    """Of which the attacker guessed right."""
    bits: int
    """Each was one of 2**bits."""
    requests: int
    looks: int
    """How many answers were different from each other."""


async def attack(way: Way, crm: Crm, send: Send, requests: int, seed: int) -> Learned:
    """Search for one value after the other until so many requests are spent."""
    chance = random.Random(seed)
    attacker = Attacker(way, crm, send, chance)
    await attacker.prepare()
    bits, values, found = 1 if way.exact else BITS, 0, 0
    while attacker.requests < requests:
        value = chance.randrange(2**bits)
        crm.give(value)
        found += await attacker.search(bits) == value
        values += 1
    return Learned(values, found, bits, attacker.requests, len(attacker.seen))


def directly(crm: Crm) -> Send:
    """Return how to ask the CRM itself, as somebody may whom nothing stops."""

    async def send(sent: Sent) -> Response:
        return crm.answer(_request(sent, CRM_TOKEN))

    return send


def through(harness: GatewayHarness, crm: Crm) -> Send:
    """Return how a support agent asks: through Lychgate, by the policies of an installation."""
    key = harness.installation.keys["helpdesk"]

    async def send(sent: Sent) -> Response:
        gateway = harness.app.gateways[crm.sandbox.name]
        result = await gateway.on_request(_request(sent, key))
        if isinstance(result, Response):
            return result
        return await gateway.on_response(result, crm.answer(result.request))

    return send


def _request(sent: Sent, key: str) -> Request:
    method, target, body = sent
    path, _, query = target.partition("?")
    raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = () if KEY.encode() in raw else (("authorization", f"Bearer {key}"),)
    if raw:
        kind = "text/xml" if isinstance(body, bytes) else "application/json"
        fields += (("content-type", kind),)
    return Request(method, path, query, Headers(fields), raw.replace(KEY.encode(), key.encode()))


def installed(folder: Path, *, open_to_support: bool = False) -> GatewayHarness:
    """Return an installation with the example policies, or with one that lets support have everything."""
    return GatewayHarness.make(folder, {"guards": "", "everything": _EVERYTHING} if open_to_support else {})


async def main(requests: int, name: str = "") -> int:
    """Print what is learned on each way whose name has a text in it; 1 if anything is."""
    learned, ways = 0, [way for way in WAYS if name in f"{way.crm}: {way.name}"]
    with tempfile.TemporaryDirectory() as folder:
        harness = installed(Path(folder) / "ours")
        opened = installed(Path(folder) / "open", open_to_support=True)
        for number, way in enumerate(ways):
            crm = Crm(CRMS[way.crm]())
            bare = await attack(way, crm, directly(crm) if way.direct else through(opened, crm), 200, number)
            ours = await attack(way, crm, through(harness, crm), requests, number)
            learned += ours.looks > 1
            print(
                f"{way.crm:10} {way.name:30} without: {bare.found} of {bare.values} found; "
                f"with: {ours.found} of {ours.values}, {ours.looks} answers to {ours.requests} requests",
                flush=True,
            )
        harness.close()
        opened.close()
    print(f"something is learned on {learned} of {len(ways)} ways")
    return int(learned > 0)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS, *sys.argv[2:])))

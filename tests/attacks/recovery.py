"""Somebody with the support role who is after one hidden value, by binary search, on every way a CRM has.

`python -m tests.attacks.recovery [REQUESTS]` says how much was learned on each, with Lychgate and without.

The attacker is as good as can be: it is shown beforehand how answers look where a guess holds and where not,
down to the last byte. Where the two look alike, it tosses a coin.
"""

import asyncio
import json
import random
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from proxy.message import Headers, Request, Response
from proxy.sandbox import (
    Call,
    DynamicsSandbox,
    HubSpotSandbox,
    OdooSandbox,
    PipedriveSandbox,
    SalesforceSandbox,
    Sandbox,
    SuiteCrmSandbox,
    ZohoSandbox,
)
from proxy.sandbox.pipedrive.store import IBAN
from tests.e2e.harness import CRM_TOKEN, GatewayHarness
from tests.sandboxes import answered

BITS: Final = 20
"""A hidden value is one of 2**BITS, each as likely as the other."""
REQUESTS: Final = 10_000

Sent = tuple[str, str, object]
"""Method, target and body of a request."""
Asks = Callable[["Prey", str], Sent]
"""Asks whether a person's hidden value is at least as great as a text; texts sort as the values do."""


@dataclass(frozen=True, slots=True)
class Prey:
    """One person in the CRM."""

    key: str
    company: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask a CRM about a value without being shown it."""

    crm: str
    name: str
    asks: Asks
    exact: bool = False
    """It only finds equals; so the value is known to be one of two."""


def text(value: int) -> str:
    """Return a value as it stands in the field."""
    return f"{value:07}"


class Crm:
    """A sandbox, one of whose people is the prey."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        one = sandbox.people()[1]
        key = one.get("Id") or one.get("contactid") or one.get("hs_object_id") or one.get("id")
        self.prey = Prey(str(key), str(one.get("AccountId", "")))

    def give(self, value: int) -> None:
        """Give the prey a hidden value."""
        person = self.prey
        match self.sandbox:
            case SalesforceSandbox():
                self._write(
                    "PATCH", f"/services/data/v59.0/sobjects/Contact/{person.key}", {"SSN__c": text(value)}
                )
            case HubSpotSandbox():
                body = {"properties": {"iban": text(value)}}
                self._write("PATCH", f"/crm/v3/objects/contacts/{person.key}", body)
            case DynamicsSandbox():
                self._write("PATCH", f"/api/data/v9.2/contacts({person.key})", {"new_iban": text(value)})
            case PipedriveSandbox():
                self._write("PATCH", f"/api/v2/persons/{person.key}", {"custom_fields": {IBAN: text(value)}})
            case SuiteCrmSandbox():
                data = {"type": "Contacts", "id": person.key, "attributes": {"iban_c": text(value)}}
                self._write("PATCH", "/Api/V8/module", {"data": data})
            case ZohoSandbox():
                self._write("PUT", f"/crm/v8/Contacts/{person.key}", {"data": [{"IBAN": text(value)}]})
            case OdooSandbox():
                self.sandbox.database.rows["res.partner"][int(person.key)]["x_iban"] = text(value)

    def _write(self, method: str, path: str, body: object) -> None:
        headers = {"Authorization": f"Bearer {CRM_TOKEN}", "Content-Type": "application/json"}
        answer = self.sandbox.answer(Call(method, path, "", headers, json.dumps(body).encode()))
        assert answer.status < 300, answer

    def answer(self, request: Request) -> Response:
        """Answer what the gateway, or the attacker itself, asks."""
        answer = answered(self.sandbox, request)  # less what counts requests, or no two answers are alike
        kind = answer.headers.one("content-type") or "application/json"
        return Response(answer.status, Headers((("content-type", kind),)), answer.body)


CRMS: Final[dict[str, Callable[[], Sandbox]]] = {
    "salesforce": lambda: SalesforceSandbox(CRM_TOKEN),
    "hubspot": lambda: HubSpotSandbox(CRM_TOKEN),
    "dynamics": lambda: DynamicsSandbox(CRM_TOKEN),
    "odoo": lambda: OdooSandbox(CRM_TOKEN),
    "pipedrive": lambda: PipedriveSandbox(CRM_TOKEN),
    "zoho": lambda: ZohoSandbox(CRM_TOKEN),
    "suitecrm": lambda: SuiteCrmSandbox(CRM_TOKEN),
}


# ---- the ways -----------------------------------------------------------------------------------------------


def _soql(query: str, *, over: str = "query") -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        filled = query.format(key=prey.key, company=prey.company, least=least)
        return "GET", f"/services/data/v59.0/{over}?q={quote(filled, safe='')}", None

    return asks


def _soql_within(query: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        target = _soql(query)(prey, least)[1].removeprefix("/services/data/")
        return (
            "POST",
            "/services/data/v59.0/composite/batch",
            {"batchRequests": [{"method": "GET", "url": target}]},
        )

    return asks


def _search(**filters: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        its: dict[str, object] = {name: value.format(least=least) for name, value in filters.items()}
        if "values" in its:
            its["values"] = [its["values"]]
        one = {"propertyName": "hs_object_id", "operator": "EQ", "value": prey.key}
        group = {"filters": [one, {"propertyName": "iban", **its}]}
        return "POST", "/crm/v3/objects/contacts/search", {"filterGroups": [group], "properties": ["email"]}

    return asks


def _odata(target: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        filled = target.format(key=prey.key, company=prey.company, least=least)
        path, _, query = filled.partition("?")
        return "GET", f"/api/data/v9.2/{path}?{quote(query, safe='=&$(),/:')}", None

    return asks


def _fetch(inside: str, said: str = "") -> Asks:
    query = f'<fetch{said}><entity name="contact">{inside}{_CONDITION}</entity></fetch>'

    def asks(prey: Prey, least: str) -> Sent:
        filled = query.replace("KEY", prey.key).replace("LEAST", least)
        return "GET", f"/api/data/v9.2/contacts?fetchXml={quote(filled, safe='')}", None

    return asks


def _odata_within(target: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        url = _odata(target)(prey, least)[1].removeprefix("/api/data/v9.2/")
        return "POST", "/api/data/v9.2/$batch", {"requests": [{"id": "1", "method": "GET", "url": url}]}

    return asks


def _odoo(method: str, **named: object) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        domain = [["id", "=", int(prey.key)], ["x_iban", ">=", least]]
        return "POST", f"/json/2/res.partner/{method}", {"domain": domain, **named}

    return asks


def _odoo_rpc(prey: Prey, least: str) -> Sent:
    domain = [["id", "=", int(prey.key)], ["x_iban", ">=", least]]
    args = ["crm", 2, CRM_TOKEN, "res.partner", "search_count", [domain]]
    called = {"service": "object", "method": "execute_kw", "args": args}
    return "POST", "/jsonrpc", {"jsonrpc": "2.0", "method": "call", "id": 1, "params": called}


def _found(target: str) -> Asks:
    def asks(_prey: Prey, least: str) -> Sent:
        return "GET", f"/v1/{target}&term={least}", None

    return asks


def _coql(query: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        return "POST", "/crm/v8/coql", {"select_query": query.format(key=prey.key, least=least)}

    return asks


def _criteria(text: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        return (
            "GET",
            f"/crm/v8/Contacts/search?criteria={quote(text.format(key=prey.key, least=least))}&fields=Email",
            None,
        )

    return asks


def _filtered(query: str) -> Asks:
    def asks(prey: Prey, least: str) -> Sent:
        filled = query.format(key=prey.key, least=least) + "&fields[Contacts]=email1"
        return "GET", f"/Api/V8/module/Contacts?{quote(filled, safe='=&')}", None

    return asks


_HELD: Final = "Id = '{key}' AND SSN__c >= '{least}'"
_ROW: Final = "contactid eq {key} and new_iban ge '{least}'"
_ONE: Final = f"SELECT Id FROM Contact WHERE {_HELD}"
_NAMES: Final = "contacts?$select=fullname"
_CONDITION: Final = (
    '<filter><condition attribute="contactid" operator="eq" value="KEY"/>'
    '<condition attribute="new_iban" operator="ge" value="LEAST"/></filter>'
)
_COUNTED: Final = '<attribute name="contactid" alias="n" aggregate="count"/>'

_GROUP: Final = (
    "SELECT COUNT(Id) n FROM Contact WHERE Id = '{key}' GROUP BY Name HAVING MAX(SSN__c) >= '{least}'"
)
_CHILDREN: Final = f"SELECT Id, (SELECT Id FROM Contacts WHERE {_HELD}) FROM Account WHERE Id = '{{company}}'"
_BEHIND: Final = "select Amount from Deals where Contact_Name.id = {key} and Contact_Name.IBAN >= '{least}'"
_FUNCTION: Final = f"{_NAMES}&$filter=contactid eq {{key}} and startswith(new_iban,'{{least}}')"

WAYS: Final = (
    Way("salesforce", "a filter", _soql(_ONE)),
    Way("salesforce", "a filter denied", _soql(_ONE.replace("SSN__c >= '{least}'", "NOT (SSN__c < '{least}')"))),
    Way("salesforce", "a count", _soql(_ONE.replace("SELECT Id", "SELECT COUNT()"))),
    Way("salesforce", "a group", _soql(_GROUP)),
    Way(
        "salesforce",
        "a half join",
        _soql(f"SELECT Id FROM Account WHERE Id IN ({_ONE})".replace("(SELECT Id", "(SELECT AccountId")),
    ),
    Way("salesforce", "children", _soql(_CHILDREN)),
    Way("salesforce", "deleted rows too", _soql(_ONE, over="queryAll")),
    Way("salesforce", "a composite", _soql_within(_ONE)),
    Way("hubspot", "a filter", _search(operator="GTE", value="{least}")),
    Way("hubspot", "a range", _search(operator="BETWEEN", value="{least}", highValue="9999999")),
    Way("hubspot", "a filter denied", _search(operator="NEQ", value="{least}"), exact=True),
    Way("hubspot", "a list of values", _search(operator="IN", values="{least}"), exact=True),
    Way("dynamics", "a filter", _odata(f"{_NAMES}&$filter={_ROW}")),
    Way("dynamics", "a count", _odata(f"contacts/$count?$filter={_ROW}")),
    Way("dynamics", "a count beside", _odata(f"{_NAMES}&$count=true&$filter={_ROW}")),
    Way("dynamics", "a function", _odata(_FUNCTION), exact=True),
    Way("dynamics", "FetchXML", _fetch('<attribute name="fullname"/>')),
    Way("dynamics", "a count in FetchXML", _fetch(_COUNTED, ' aggregate="true"')),
    Way("dynamics", "a batch", _odata_within(f"{_NAMES}&$filter={_ROW}")),
    Way("odoo", "a search", _odoo("search")),
    Way("odoo", "a search that reads", _odoo("search_read", fields=["name"])),
    Way("odoo", "a count", _odoo("search_count")),
    Way("odoo", "a group", _odoo("read_group", fields=["name"], groupby=["country_id"])),
    Way("odoo", "a count by JSON-RPC", _odoo_rpc),
    Way("pipedrive", "own fields", _found("persons/search?fields=custom_fields"), exact=True),
    Way("pipedrive", "everywhere", _found("persons/search?exact_match=1"), exact=True),
    Way("zoho", "COQL", _coql("select Email from Contacts where id = {key} and IBAN >= '{least}'")),
    Way(
        "zoho",
        "a count in COQL",
        _coql("select COUNT(id) as n from Contacts where id = {key} and IBAN >= '{least}'"),
    ),
    Way("zoho", "COQL behind a lookup", _coql(_BEHIND)),
    Way(
        "zoho",
        "a range in COQL",
        _coql("select Email from Contacts where id = {key} and IBAN between '{least}' and '9'"),
    ),
    Way(
        "zoho",
        "the beginning in COQL",
        _coql("select Email from Contacts where id = {key} and IBAN like '{least}%'"),
        exact=True,
    ),
    Way("zoho", "criteria", _criteria("((id:equals:{key})and(IBAN:greater_equal:{least}))")),
    Way("zoho", "the beginning in criteria", _criteria("(IBAN:starts_with:{least})"), exact=True),
    Way(
        "zoho",
        "a word",
        lambda _prey, least: ("GET", f"/crm/v8/Contacts/search?word={least}&fields=Email", None),
        exact=True,
    ),
    Way("suitecrm", "a filter", _filtered("filter[id][eq]={key}&filter[iban_c][gte]={least}")),
    Way("suitecrm", "a filter denied", _filtered("filter[id][eq]={key}&filter[iban_c][lt]={least}")),
    Way("suitecrm", "what is equal", _filtered("filter[iban_c][eq]={least}"), exact=True),
    Way("suitecrm", "what is not", _filtered("filter[id][eq]={key}&filter[iban_c][neq]={least}"), exact=True),
    Way(
        "suitecrm",
        "one of two filters",
        _filtered("filter[iban_c][eq]={least}&filter[last_name][eq]=-&filter[operator]=or"),
        exact=True,
    ),
    Way("pipedrive", "items", _found("itemSearch?item_types=person&fields=name,custom_fields"), exact=True),
)


# ---- the attacker -------------------------------------------------------------------------------------------


Send = Callable[[Sent], Awaitable[Response]]
_CHANGING: Final = re.compile(rb'[0-9]{4}-[0-9]{2}-[0-9]{2}T[^"]*|W/[^,}]*')
"""What a CRM says of when a record was written."""


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
        self.requests += 1
        response = await self._send(self._way.asks(self._crm.prey, least))
        decision = (response.headers.one("lychgate-decision") or "no decision").encode()
        headers = [(name, value) for name, value in response.headers if name != "lychgate-decision"]
        look = response.status, tuple(headers), _CHANGING.sub(b"", response.body.replace(decision, b""))
        self.seen.add(look)
        return look


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
        return crm.answer(_request(sent, (("authorization", f"Bearer {CRM_TOKEN}"),)))

    return send


def through(harness: GatewayHarness, crm: Crm) -> Send:
    """Return how a support agent asks: through Lychgate, by the example policies."""
    fields = harness.credentials("helpdesk")

    async def send(sent: Sent) -> Response:
        gateway = harness.app.gateways[crm.sandbox.name]
        result = await gateway.on_request(_request(sent, fields))
        return (
            result
            if isinstance(result, Response)
            else await gateway.on_response(result, crm.answer(result.request))
        )

    return send


def _request(sent: Sent, fields: tuple[tuple[str, str], ...]) -> Request:
    method, target, body = sent
    path, _, query = target.partition("?")
    raw = b"" if body is None else json.dumps(body).encode()
    return Request(
        method, path, query, Headers(fields + ((("content-type", "application/json"),) if raw else ())), raw
    )


async def main(requests: int) -> int:
    """Print what is learned on each way; 1 if anything is."""
    learned = 0
    with tempfile.TemporaryDirectory() as folder:
        harness = GatewayHarness.make(Path(folder) / "installation")
        for number, way in enumerate(WAYS):
            crm = Crm(CRMS[way.crm]())
            bare = await attack(way, crm, directly(crm), 200, number)
            ours = await attack(way, crm, through(harness, crm), requests, number)
            learned += ours.looks > 1
            print(
                f"{way.crm:10} {way.name:20} without: {bare.found} of {bare.values} found; "
                f"with: {ours.found} of {ours.values}, {ours.looks} answers to {ours.requests} requests"
            )
        harness.close()
    print(f"something is learned on {learned} of {len(WAYS)} ways")
    return int(learned > 0)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS)))

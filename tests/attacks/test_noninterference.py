"""Two CRMs that differ only in what a caller may not see answer that caller alike, byte for byte.

The strongest thing that can be said of a hidden field (non-interference, Goguen and Meseguer 1982): no sequence
of requests, whatever they read, filter, sort, write or delete, tells the two apart by status, header or body.
What is hidden is not listed here; it is asked of the policies.

The same of whole records: where policy hides some for what they are, a CRM that has them and one that does not
are alike to whoever reads, as long as a page holds all there is (README.md, "Known limits").
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.message import Headers, Request, Response
from proxy.model import DISCLOSING, QUERYING, Access, Action, Effect, Principal, Purpose
from proxy.policy import Decider
from proxy.sandbox import Call, HubSpotSandbox, SalesforceSandbox, Sandbox, StoppedClock
from tests.attacks.worlds import WORLDS, directly
from tests.e2e.harness import CRM_TOKEN, GatewayHarness
from tests.sandboxes import answered

CLIENT, PURPOSE = "helpdesk", "customer_support"
OBJECT = {"salesforce": "Contact", "hubspot": "contacts"}
OBJECTS = OBJECT | {crm: world.object for crm, world in WORLDS.items()}
VALUES = st.text("abcxyz019 -", min_size=1, max_size=8).map(str.strip).filter(bool) | st.none()

Sent = tuple[str, str, object]
_SEALED = re.compile(rb"lg1\.[A-Za-z0-9._-]+")
"""No two that we seal are alike, but for how long they are."""


@dataclass(frozen=True)
class Known:
    """What the policies say of the fields of one object."""

    hidden: tuple[str, ...]
    """Neither shown nor part of an answer in any other way, whatever is in them."""
    all: tuple[str, ...]


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHarness]:
    """An installation with the example policies."""
    made = GatewayHarness.make(tmp_path_factory.mktemp("worlds") / "installation")
    yield made
    made.close()


def known_of(harness: GatewayHarness, crm: str) -> Known:
    """Ask the policies which fields a support agent can learn nothing of."""
    rules, name = harness.app.gateways[crm].rules, OBJECTS[crm]
    client = rules.policies.clients[CLIENT]
    principal = Principal(CLIENT, CLIENT, client.roles, client.recipient)

    def best(action: Action) -> Any:
        plan = rules.policies.plan(
            connector=crm,
            roles=client.roles,
            purpose=PURPOSE,
            recipient=client.recipient.name,
            action=action,
            object=name,
        )
        access = Access(principal, Purpose(PURPOSE), action, name, now=rules.policies.now())
        return Decider(plan, access).foreseen()

    shown = [best(action) for action in sorted(DISCLOSING)]
    asked = [best(action) for action in sorted(QUERYING)]
    fields = rules.connector.catalogue[name].fields
    hidden = [
        field
        for field in fields
        if "structured" not in fields[field].tags
        and all(decision.of(field).effect >= Effect.REDACT for decision in shown)
        and all(decision.of(field).effect is Effect.DENY for decision in asked)
    ]
    return Known(tuple(hidden), tuple(fields))


# ---- worlds -------------------------------------------------------------------------------------------------


def world(crm: str) -> Sandbox:
    """Return a CRM that is the same each time, in a time that stands still."""
    if crm in WORLDS:
        return WORLDS[crm].make()
    made = SalesforceSandbox if crm == "salesforce" else HubSpotSandbox
    return made(CRM_TOKEN, people=6, now=StoppedClock())


def keys_of(sandbox: Sandbox) -> list[str]:
    """Return the ids of its people."""
    member = WORLDS[sandbox.name].key if sandbox.name in WORLDS else "id"
    return [str(one.get("Id") or one.get("hs_object_id") or one[member]) for one in sandbox.people()]


def differ(sandbox: Sandbox, values: dict[str, str | None], writable: tuple[str, ...]) -> None:
    """Write hidden values to everybody, as an administrator of the CRM would; what it does not take stays."""
    for key in keys_of(sandbox):
        for name in writable:
            _direct(sandbox, key, {name: values.get(name)})


def _direct(sandbox: Sandbox, key: str, fields: dict[str, str | None]) -> int:
    if sandbox.name in WORLDS:
        return directly(sandbox, WORLDS[sandbox.name].write(key, fields))
    headers = {"Authorization": f"Bearer {CRM_TOKEN}", "Content-Type": "application/json"}
    if isinstance(sandbox, SalesforceSandbox):
        path, body = f"/services/data/v59.0/sobjects/Contact/{key}", fields
    else:
        path, body = f"/crm/v3/objects/contacts/{key}", {"properties": {n: v or "" for n, v in fields.items()}}
    return sandbox.answer(Call("PATCH", path, "", headers, json.dumps(body).encode())).status


# ---- requests -----------------------------------------------------------------------------------------------


def requests_of(crm: str, keys: list[str], fields: tuple[str, ...]) -> st.SearchStrategy[Sent]:
    """Return anything that a client of this CRM might ask."""
    key, field = st.sampled_from(keys), st.sampled_from(fields)
    some = st.lists(field, min_size=1, max_size=4, unique=True)
    if crm in WORLDS:
        return WORLDS[crm].requests(key, field, some)
    return _salesforce(key, field, some) if crm == "salesforce" else _hubspot(key, field, some)


def _salesforce(
    key: st.SearchStrategy[str], field: st.SearchStrategy[str], some: st.SearchStrategy[list[str]]
) -> st.SearchStrategy[Sent]:
    base = "/services/data/v59.0"
    value = st.text("abcxyz019", min_size=1, max_size=4)
    where = st.builds("{} {} '{}'".format, field, st.sampled_from(["=", "<", "LIKE"]), value)
    query = st.builds(
        "SELECT {} FROM Contact{}{}".format,
        some.map(", ".join),
        st.just("") | where.map(" WHERE {}".format),
        st.just("") | field.map(" ORDER BY {}".format),
    )
    target = query.map(lambda soql: f"{base}/query?q={quote(soql, safe='')}")
    read = st.builds(lambda one, names: f"{base}/sobjects/Contact/{one}?fields={','.join(names)}", key, some)
    whole = key.map(lambda one: f"{base}/sobjects/Contact/{one}")
    lookup = st.builds(lambda name, text: f"{base}/sobjects/Contact/{name}/{text}", field, value)
    gets = target | read | whole | lookup
    batch = st.lists(gets, min_size=1, max_size=3).map(
        lambda urls: {
            "batchRequests": [{"method": "GET", "url": url.removeprefix("/services/data/")} for url in urls]
        }
    )
    written = st.dictionaries(field, value | st.none(), min_size=1, max_size=2)
    return st.one_of(
        gets.map(lambda url: ("GET", url, None)),
        batch.map(lambda body: ("POST", f"{base}/composite/batch", body)),
        st.builds(lambda url, body: ("PATCH", url, body), whole, written),
        whole.map(lambda url: ("DELETE", url, None)),
        written.map(lambda body: ("POST", f"{base}/sobjects/Contact", body)),
    )


def _hubspot(
    key: st.SearchStrategy[str], field: st.SearchStrategy[str], some: st.SearchStrategy[list[str]]
) -> st.SearchStrategy[Sent]:
    base = "/crm/v3/objects/contacts"
    value = st.text("abcxyz019", min_size=1, max_size=4)
    one = st.builds(
        lambda name, operator, text: {"propertyName": name, "operator": operator, "value": text},
        field,
        st.sampled_from(["EQ", "GTE", "CONTAINS_TOKEN"]),
        value,
    )
    searched = st.fixed_dictionaries(
        {"properties": some},
        optional={
            "filterGroups": st.lists(one, min_size=1, max_size=2).map(lambda filters: [{"filters": filters}]),
            "sorts": field.map(lambda name: [{"propertyName": name, "direction": "ASCENDING"}]),
        },
    )
    written = st.dictionaries(field, value, min_size=1, max_size=2)
    many = st.lists(key, min_size=1, max_size=3, unique=True)
    return st.one_of(
        _hubspot_further(key, field, some),
        st.builds(lambda which, names: ("GET", f"{base}/{which}?properties={','.join(names)}", None), key, some),
        some.map(lambda names: ("GET", f"{base}?limit=5&properties={','.join(names)}", None)),
        searched.map(lambda body: ("POST", f"{base}/search", body)),
        st.builds(
            lambda which, names: (
                "POST",
                f"{base}/batch/read",
                {"inputs": [{"id": each} for each in which], "properties": names},
            ),
            many,
            some,
        ),
        st.builds(lambda which, fields: ("PATCH", f"{base}/{which}", {"properties": fields}), key, written),
        key.map(lambda which: ("DELETE", f"{base}/{which}", None)),
        written.map(lambda fields: ("POST", base, {"properties": fields})),
    )


def _hubspot_further(
    key: st.SearchStrategy[str], field: st.SearchStrategy[str], some: st.SearchStrategy[list[str]]
) -> st.SearchStrategy[Sent]:
    """Return what there is beside records and searches: other versions, earlier values, links, definitions."""
    base, v1 = "/crm/v3/objects/contacts", "/contacts/v1"
    value = st.text("abcxyz019", min_size=1, max_size=4)
    kind = st.sampled_from(["companies", "contacts", "tickets", "deals", "notes"])
    gets = st.one_of(
        st.builds(lambda one, names: f"{base}/{one}?propertiesWithHistory={','.join(names)}", key, some),
        st.builds(lambda one, other: f"{base}/{one}?properties=email&associations={other}", key, kind),
        st.builds(lambda one, name: f"{base}/{one}?idProperty={name}", value, field),
        st.builds(lambda one, other: f"/crm/v4/objects/contacts/{one}/associations/{other}", key, kind),
        st.builds(lambda one: f"/crm/v3/lists/records/0-1/{one}/memberships", key),
        st.builds(lambda one, names: f"{v1}/contact/vid/{one}/profile?" + _each(names), key, some),
        st.builds(lambda names: f"{v1}/lists/all/contacts/all?count=5&" + _each(names), some),
        st.builds(lambda text: f"{v1}/search/query?q={text}", value),
        st.sampled_from(["/crm/v3/properties/contacts", f"{base}?archived=true", f"{v1}/lists/7/contacts/all"]),
    )
    pairs = st.builds(lambda name, text: {"properties": [{"property": name, "value": text}]}, field, value)
    upsert = st.builds(
        lambda one, by, name, text: {"inputs": [{"id": one, "idProperty": by, "properties": {name: text}}]},
        value,
        field,
        field,
        value,
    )
    return st.one_of(
        gets.map(lambda url: ("GET", url, None)),
        st.builds(lambda one, body: ("POST", f"{v1}/contact/vid/{one}/profile", body), key, pairs),
        upsert.map(lambda body: ("POST", f"{base}/batch/upsert", body)),
        st.tuples(key, key).map(
            lambda two: ("POST", f"{base}/merge", {"primaryObjectId": two[0], "objectIdToMerge": two[1]})
        ),
    )


def _each(names: list[str]) -> str:
    return "&".join(f"property={name}" for name in names)


# ---- the property -------------------------------------------------------------------------------------------


async def told(harness: GatewayHarness, sandbox: Sandbox, sent: Sent) -> tuple[object, ...]:
    """Return all that a support agent is told, but for the number of the decision, and what is in cursors."""
    method, target, body = sent
    path, _, query = target.partition("?")
    raw = b"" if body is None else json.dumps(body).encode()
    fields = harness.credentials(CLIENT) + ((("content-type", "application/json"),) if raw else ())
    gateway = harness.app.gateways[sandbox.name]
    result = await gateway.on_request(Request(method, path, query, Headers(fields), raw))
    if not isinstance(result, Response):
        result = await gateway.on_response(result, answered(sandbox, result.request))
    decision = result.headers.one("lychgate-decision") or "none"
    headers = [(name, value) for name, value in result.headers if name != "lychgate-decision"]
    body = _SEALED.sub(lambda found: b"%d" % len(found[0]), result.body.replace(decision.encode(), b""))
    return result.status, tuple(headers), body


@pytest.mark.parametrize("crm", OBJECTS)
def test_hidden_fields_do_not_interfere(harness: GatewayHarness, crm: str) -> None:
    """Whatever is asked, and in whatever order, a support agent cannot tell the two worlds apart."""
    known = known_of(harness, crm)
    trial = world(crm)
    writable = tuple(name for name in known.hidden if _direct(trial, keys_of(trial)[0], {name: "x1"}) < 300)
    assert len(writable) >= 4, "hidden fields that can be made to differ"
    values = st.fixed_dictionaries(dict.fromkeys(writable, VALUES))
    asked = st.lists(requests_of(crm, keys_of(world(crm)), known.all), min_size=1, max_size=6)
    answered: set[int] = set()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(values, values, asked)
    def holds(first: dict[str, str | None], second: dict[str, str | None], sequence: list[Sent]) -> None:
        one, other = world(crm), world(crm)
        differ(one, first, writable)
        differ(other, second, writable)

        if one.people() != other.people():
            answered.add(0)

        async def run() -> None:
            for sent in sequence:
                here, there = await told(harness, one, sent), await told(harness, other, sent)
                assert here == there
                answered.add(int(str(here[0])))

        asyncio.run(run())

    holds()
    assert {0, 200, 403} <= answered, "worlds differed, some was shown and some refused, or this shows nothing"


# ---- records that one of the CRMs does not have -------------------------------------------------------------

HIDES = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: hides}
guards:
  - id: of-another-country
    effect: deny
    on: {objects: [Contact, contacts]}
    actions: [read, list]
    when: has(resource.country) && resource.country == "Elsewhere"
"""


@pytest.fixture(scope="module")
def hiding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHarness]:
    """An installation whose policies hide the people of one country."""
    made = GatewayHarness.make(tmp_path_factory.mktemp("hiding") / "installation")
    (made.app.config.policies / "hides.yaml").write_text(HIDES)
    made.app.reload()
    yield made
    made.close()


def add_hidden(sandbox: Sandbox, names: list[str]) -> list[str]:
    """Make people of the country that is hidden; return their ids."""
    before = keys_of(sandbox)
    headers = {"Authorization": f"Bearer {CRM_TOKEN}", "Content-Type": "application/json"}
    for name in names:
        if isinstance(sandbox, SalesforceSandbox):
            path, body = "/services/data/v59.0/sobjects/Contact", _hidden_contact(name)
        else:
            path, body = "/crm/v3/objects/contacts", {"properties": {"lastname": name, "country": "Elsewhere"}}
        assert sandbox.answer(Call("POST", path, "", headers, json.dumps(body).encode())).status == 201
    return [key for key in keys_of(sandbox) if key not in before]


def _hidden_contact(name: str) -> dict[str, Any]:
    return {"LastName": name, "MailingCountry": "Elsewhere"}


def reads_of(crm: str, keys: list[str]) -> st.SearchStrategy[Sent]:
    """Return reads of records: of one, of several by their ids, of all, and of those that match."""
    key = st.sampled_from(keys)
    many = st.lists(key, min_size=1, max_size=4, unique=True)
    text = st.text("abcxyz", min_size=1, max_size=3)
    if crm == "salesforce":
        base = "/services/data/v59.0"
        condition = st.just("") | text.map(" WHERE LastName LIKE '%{}%'".format)
        gets = st.one_of(
            key.map(lambda one: f"{base}/sobjects/Contact/{one}"),
            key.map(lambda one: f"{base}/sobjects/Contact/{one}?fields=LastName,MailingCountry"),
            condition.map(
                lambda where: (
                    f"{base}/query?q={quote('SELECT Id, LastName, MailingCountry FROM Contact' + where)}"
                )
            ),
            many.map(lambda ids: f"{base}/composite/sobjects/Contact?fields=Id,LastName&ids={','.join(ids)}"),
        )
        batch = st.lists(gets, min_size=1, max_size=3).map(
            lambda urls: {
                "batchRequests": [{"method": "GET", "url": url.removeprefix("/services/data/")} for url in urls]
            }
        )
        return gets.map(lambda url: ("GET", url, None)) | batch.map(
            lambda body: ("POST", f"{base}/composite/batch", body)
        )
    base = "/crm/v3/objects/contacts"
    condition = text.map(
        lambda value: [{"filters": [{"propertyName": "lastname", "operator": "CONTAINS_TOKEN", "value": value}]}]
    )
    searched = st.fixed_dictionaries(
        {"properties": st.just(["lastname", "country"]), "limit": st.just(100)},
        optional={"filterGroups": condition, "query": text},
    )
    return st.one_of(
        key.map(lambda one: ("GET", f"{base}/{one}?properties=lastname,country", None)),
        st.just(("GET", f"{base}?limit=100&properties=lastname", None)),
        searched.map(lambda body: ("POST", f"{base}/search", body)),
        many.map(
            lambda ids: (
                "POST",
                f"{base}/batch/read",
                {"inputs": [{"id": one} for one in ids], "properties": ["lastname"]},
            )
        ),
    )


@pytest.mark.parametrize("crm", OBJECT)
def test_hidden_records_do_not_interfere(hiding: GatewayHarness, crm: str) -> None:
    """IO-11, IO-18: whoever reads cannot tell that there is a record which policy hides, nor what is in it."""
    names = st.lists(st.text("abcxyz", min_size=1, max_size=6), min_size=1, max_size=3)
    known = [*keys_of(world(crm)), *add_hidden(world(crm), ["a", "b", "c"])]
    answered: set[int] = set()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(names, names | st.just([]), st.lists(reads_of(crm, known), min_size=1, max_size=6))
    def holds(first: list[str], second: list[str], sequence: list[Sent]) -> None:
        one, other = world(crm), world(crm)
        assert len(add_hidden(one, first)) == len(first)
        add_hidden(other, second)

        async def run() -> None:
            for sent in sequence:
                here, there = await told(hiding, one, sent), await told(hiding, other, sent)
                assert here == there
                assert b"Elsewhere" not in here[2]  # type: ignore[operator]
                answered.add(int(str(here[0])))

        asyncio.run(run())

    holds()
    assert {200, 404} <= answered

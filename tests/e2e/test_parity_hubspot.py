"""One HubSpot contact through every surface that HubSpot has, and what it is linked to from both ends."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import pytest

from proxy.sandbox import HubSpotSandbox
from proxy.sandbox.hubspot.properties import CONTACTS
from tests.e2e.harness import CRM_TOKEN, GatewayHarness
from tests.e2e.parity import CALLERS, Asker, Caller, Seen, Surface, Values, compare, pairs

NAMES = (
    "email", "firstname", "lastname", "phone", "mobilephone", "address", "city", "date_of_birth", "jobtitle",
    "message", "notes", "iban", "national_id", "health_conditions", "annual_income", "hs_email_optout",
    "associatedcompanyid", "hs_searchable_calculated_phone_number",
)  # fmt: skip
EMAIL = "aoife.byrne@example.org"
BASE, V1 = "/crm/v3/objects/contacts", "/contacts/v1"
LISTED = urlencode({"properties": ",".join(NAMES)})
PAST = urlencode({"propertiesWithHistory": ",".join(NAMES)})
EACH = urlencode([("property", name) for name in NAMES])
READS, ALL = frozenset({"mailer"}), frozenset({"helpdesk", "mailer", "privacy_desk"})


def only(record: Any) -> Values:
    """Return the properties of one record of v3 that were asked for."""
    return {name: value for name, value in record["properties"].items() if name in NAMES}


def latest(record: Any) -> Values:
    """Return what each property is now, by its history, which begins with that."""
    past = record.get("propertiesWithHistory", {})
    assert past.keys() <= set(NAMES)
    return {name: values[0]["value"] for name, values in past.items()}


def cells(record: Any) -> Values:
    """Return the values in the cells of one record of v1; each is the first of its versions, if it has any."""
    assert record["properties"].keys() <= set(NAMES)
    for cell in record["properties"].values():
        assert cell.get("versions", [cell])[0]["value"] == cell["value"]
    return {name: cell["value"] for name, cell in record["properties"].items()}


def of_v1(records: Iterable[Any]) -> Values:
    """Return the values of the contact among those of a page of v1."""
    return next(cells(each) for each in records if each.get("vid") == 101)


def single(method: str, target: str, body: object = None) -> Any:
    """Return a surface's function that asks for one record of v3."""

    async def read(ask: Asker) -> Values:
        found = await ask(method, target, body)
        return only(found["results"][0] if "results" in found else found)

    return read


def past(method: str, target: str, body: object = None) -> Any:
    """Return a surface's function that asks for the history of one record of v3."""

    async def read(ask: Asker) -> Values:
        found = await ask(method, target, body)
        return latest(found["results"][0] if "results" in found else found)

    return read


def old(target: str) -> Any:
    """Return a surface's function that asks for one record of v1."""

    async def read(ask: Asker) -> Values:
        found = await ask("GET", target)
        return of_v1(found["contacts"]) if "contacts" in found else cells(found)

    return read


def wanted(key: str, **more: object) -> dict[str, object]:
    """Return the body of a batch read."""
    return {"inputs": [{"id": key}], "properties": list(NAMES), **more}


ONE = {"filterGroups": [{"filters": [{"propertyName": "hs_object_id", "operator": "EQ", "value": "101"}]}]}
SURFACES = [
    Surface("by id", single("GET", f"{BASE}/101?{LISTED}"), READS),
    Surface("by e-mail", single("GET", f"{BASE}/{EMAIL}?idProperty=email&{LISTED}"), READS),
    Surface("by number of its kind", single("GET", f"/crm/v3/objects/0-1/101?{LISTED}"), READS),
    Surface("page", single("GET", f"{BASE}?limit=1&{LISTED}")),
    Surface("search", single("POST", f"{BASE}/search", {**ONE, "properties": list(NAMES)})),
    Surface("batch", single("POST", f"{BASE}/batch/read", wanted("101")), READS),
    Surface("batch by e-mail", single("POST", f"{BASE}/batch/read", wanted(EMAIL, idProperty="email")), READS),
    Surface("history", past("GET", f"{BASE}/101?{PAST}"), READS),
    Surface("page with history", past("GET", f"{BASE}?limit=1&{PAST}")),
    Surface(
        "batch with history",
        past("POST", f"{BASE}/batch/read", {"inputs": [{"id": "101"}], "propertiesWithHistory": list(NAMES)}),
        READS,
    ),
    Surface("v1", old(f"{V1}/contact/vid/101/profile?{EACH}"), READS),
    Surface("v1, values", old(f"{V1}/contact/vid/101/profile?{EACH}&propertyMode=value_only"), READS),
    Surface("v1 by e-mail", old(f"{V1}/contact/email/{EMAIL}/profile?{EACH}"), READS),
    Surface("v1 page", old(f"{V1}/lists/all/contacts/all?count=1&{EACH}")),
    # What these look into is not all open to any of the three, nor to both people and purpose.
    Surface("v1 search", old(f"{V1}/search/query?q=byrne&{EACH}"), ALL),
    Surface("v1 list", old(f"{V1}/lists/7/contacts/all?count=1&{EACH}"), ALL),
]


@pytest.fixture(scope="module")
def seen(harness: GatewayHarness) -> Seen:
    """Everybody before an account in which one contact had other values before those it has."""
    account = HubSpotSandbox(CRM_TOKEN)
    held = account.store.get(CONTACTS, "101")
    account.store.update(CONTACTS, held, {"phone": "+353 1 555 0199", "national_id": "000-12-9999"})
    account.store.update(CONTACTS, held, {"associatedcompanyid": "9002"})
    account.store.update(CONTACTS, held, {"associatedcompanyid": "9001"})
    account.store.update(CONTACTS, held, {"phone": "+353 1 555 0101", "national_id": "000-12-0101"})
    return Seen(harness, account)


@pytest.mark.parametrize("caller", CALLERS, ids=[caller[0] for caller in CALLERS])
@pytest.mark.parametrize(("one", "other"), pairs(SURFACES))
async def test_two_surfaces_show_the_same(seen: Seen, one: Surface, other: Surface, caller: Caller) -> None:
    """Whichever way a contact is read, each of three people sees the same of it."""
    await compare(seen, caller, one, other)


async def test_everything_is_what_the_officer_sees(seen: Seen) -> None:
    """The comparison is not of nothing: the officer sees what the CRM holds, the others some of it."""
    by_id, page = SURFACES[0], SURFACES[3]
    held = seen.crm.people()[0]
    hidden = {"annual_income"}  # nobody has said what it is
    shown = {name: held[name] for name in NAMES if name in held and name not in hidden}
    assert await seen.through(by_id, CALLERS[2]) == shown
    agent = await seen.through(by_id, CALLERS[0])
    assert agent is not None
    assert agent["phone"] == agent["hs_searchable_calculated_phone_number"] == "*** *** 01"
    assert not {"iban", "address", "notes"} & agent.keys()
    mailer = await seen.through(page, CALLERS[1])
    assert mailer is not None
    assert mailer.keys() == {"email", "firstname", "lastname", "hs_email_optout"}


# ---- what a contact is linked to, as the property that says so -----------------------------------------------


def ids(entries: Iterable[Any]) -> list[str]:
    """Return which records some links lead to."""
    return [str(each.get("toObjectId", each.get("id"))) for each in entries]


async def by_property(ask: Asker) -> Values:
    """The property itself."""
    found = await ask("GET", f"{BASE}/101?properties=associatedcompanyid")
    return {"company": found["properties"].get("associatedcompanyid")}


async def beside(ask: Asker) -> Values:
    """Beside the properties."""
    found = await ask("GET", f"{BASE}/101?associations=companies&properties=email")
    links = found.get("associations", {}).get("companies", {}).get("results", [])
    return {"company": next(iter(ids(links)), None)}


async def by_v3(ask: Asker) -> Values:
    """By the associations of v3."""
    found = await ask("GET", f"{BASE}/101/associations/companies")
    return {"company": next(iter(ids(found["results"])), None)}


async def by_v4(ask: Asker) -> Values:
    """By the associations of v4."""
    found = await ask("GET", "/crm/v4/objects/contacts/101/associations/companies")
    return {"company": next(iter(ids(found["results"])), None)}


def by_batch(version: str) -> Any:
    """By a batch."""

    async def read(ask: Asker) -> Values:
        target = f"/crm/{version}/associations/contacts/companies/batch/read"
        found = await ask("POST", target, {"inputs": [{"id": "101"}]})
        return {"company": ids(found["results"][0]["to"])[0]}

    return read


async def from_the_company(ask: Asker) -> Values:
    """From the other end."""
    found = await ask("GET", "/crm/v4/objects/companies/9001/associations/contacts")
    return {"company": "9001" if "101" in ids(found["results"]) else None}


async def beside_the_company(ask: Asker) -> Values:
    """From the other end, beside its properties."""
    found = await ask("GET", "/crm/v3/objects/companies/9001?associations=contacts&properties=name")
    links = found.get("associations", {}).get("contacts", {}).get("results", [])
    return {"company": "9001" if "101" in ids(links) else None}


LINKS = [
    Surface("property", by_property, READS),
    Surface("beside", beside, READS),
    Surface("v3", by_v3, READS),
    Surface("v4", by_v4, READS),
    Surface("batch of v3", by_batch("v3"), READS),
    Surface("batch of v4", by_batch("v4"), READS),
    Surface("from the company", from_the_company, READS),
    Surface("beside the company", beside_the_company, READS),
]


@pytest.mark.parametrize("caller", CALLERS, ids=[caller[0] for caller in CALLERS])
@pytest.mark.parametrize(("one", "other"), pairs(LINKS))
async def test_a_link_is_the_same_from_everywhere(
    seen: Seen, one: Surface, other: Surface, caller: Caller
) -> None:
    """Which company somebody works for is told alike by property and association, from both ends."""
    await compare(seen, caller, one, other)


@pytest.mark.parametrize("caller", [CALLERS[0], CALLERS[2]], ids=["helpdesk", "privacy_desk"])
async def test_what_is_described_is_what_is_shown(seen: Seen, caller: Caller) -> None:
    """The definitions that somebody gets are of the properties that a page shows them, hidden ones left out."""
    ask = seen.asker(caller)
    described = await ask("GET", "/crm/v3/properties/contacts")
    names = {each["name"] for each in described["results"]}
    page = await ask("GET", f"{BASE}?limit=12&{urlencode({'properties': ','.join(CONTACTS.by_name)})}")
    assert names == {name for each in page["results"] for name in each["properties"]}
    assert "annual_income" not in names
    assert ("iban" in names) == (caller[0] == "privacy_desk")

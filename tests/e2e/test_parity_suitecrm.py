"""One SuiteCRM contact through every surface that it has: records, lists, filters, orders, answers to writes."""

from typing import Any
from urllib.parse import quote

import pytest

from proxy.sandbox import SuiteCrmSandbox
from tests.e2e.harness import CRM_TOKEN, GatewayHarness
from tests.e2e.parity import CALLERS, Asker, Caller, Seen, Surface, Values, compare, pairs

READS = QUERIES = frozenset({"mailer"})
ALL = frozenset({"helpdesk", "mailer", "privacy_desk"})
NAMES = (
    *("first_name", "last_name", "full_name", "salutation", "email1", "phone_work", "phone_mobile"),
    *("primary_address_street", "primary_address_city", "primary_address_country", "birthdate", "title"),
    *("department", "lead_source", "account_id", "account_name", "description", "national_id_c", "iban_c"),
    *("allergies_c", "do_not_call", "date_entered", "deleted"),
)
FIELDS = ",".join(NAMES)
HIDDEN = ("national_id_c", "iban_c", "allergies_c")
CRM = SuiteCrmSandbox(CRM_TOKEN)
KEY = str(CRM.people()[0]["id"])


def shown(row: Any) -> Values:
    """Return the attributes of the contact; an empty text is as good as none."""
    return {name: row["attributes"].get(name) or None for name in NAMES}


def first(data: Any) -> Any:
    """Return the contact among what came back."""
    return next(each for each in data if each.get("id") == KEY) if isinstance(data, list) else data


def asking(target: str) -> Any:
    """Return a surface's function that asks for the contact."""
    path, _, query = target.partition("?")

    async def read(ask: Asker) -> Values:
        return shown(first((await ask("GET", f"/Api/V8/module/{path}?{quote(query, safe='=&')}"))["data"]))

    return read


SELECT = f"fields[Contacts]={FIELDS}"
SURFACES = [
    Surface("record", asking(f"Contacts/{KEY}"), READS),
    Surface("record, some fields", asking(f"Contacts/{KEY}?{SELECT}"), READS),
    Surface("list", asking(f"Contacts?page[size]=50&{SELECT}")),
    Surface("list, all fields", asking("Contacts?page[size]=50")),
    Surface("list, sorted", asking(f"Contacts?sort=-date_modified&page[size]=50&{SELECT}")),
    Surface("by id", asking(f"Contacts?filter[id][eq]={KEY}&{SELECT}")),
    Surface("by name", asking(f"Contacts?filter[last_name][eq]=Byrne&{SELECT}"), QUERIES),
    Surface(
        "by one of two names",
        asking("Contacts?filter[last_name][eq]=Byrne&filter[first_name][eq]=Lars&filter[operator]=or"),
        QUERIES,
    ),
    Surface("by what is hidden", asking(f"Contacts?filter[iban_c][gte]=IE&{SELECT}"), ALL),
    Surface("sorted by what is hidden", asking(f"Contacts?sort=iban_c&{SELECT}"), ALL),
]


@pytest.fixture(scope="module")
def seen(harness: GatewayHarness) -> Seen:
    """Everybody before a SuiteCRM that nothing changes."""
    return Seen(harness, CRM)


@pytest.mark.parametrize("caller", CALLERS, ids=[caller[0] for caller in CALLERS])
@pytest.mark.parametrize(("one", "other"), pairs(SURFACES))
async def test_two_surfaces_show_the_same(seen: Seen, one: Surface, other: Surface, caller: Caller) -> None:
    """Whichever way a contact is read, each of three people sees the same of it."""
    await compare(seen, caller, one, other)


async def test_everything_is_what_the_officer_sees(seen: Seen) -> None:
    """The comparison is not of nothing: the officer sees what the CRM holds, the others some of it."""
    held = CRM.people()[0]
    officer = await seen.through(SURFACES[0], CALLERS[2])
    assert officer == {name: held[name] for name in NAMES if held[name] != ""}
    agent = await seen.through(SURFACES[0], CALLERS[0])
    assert agent is not None
    assert (agent["phone_work"], agent["birthdate"]) == ("*** *** 01", "1984")
    assert not {*HIDDEN, "description", "primary_address_street"} & agent.keys()
    mailer = await seen.through(SURFACES[2], CALLERS[1])
    assert mailer is not None
    assert {"full_name", "email1"} <= mailer.keys()
    assert not {*HIDDEN, "phone_work", "birthdate", "account_name"} & mailer.keys()


async def test_what_came_of_a_write_is_shown_as_what_is_read(seen: Seen) -> None:
    """The answer to a change is the whole record, masked as it is masked elsewhere."""
    ask = seen.asker(CALLERS[0])
    body = {"data": {"type": "Contacts", "id": KEY, "attributes": {"phone_work": "+353 1 555 0101"}}}
    changed = shown((await ask("PATCH", "/Api/V8/module", body))["data"])
    read = shown((await ask("GET", f"/Api/V8/module/Contacts/{KEY}"))["data"])
    assert {name: value for name, value in changed.items() if name != "date_modified"} == read

"""One Zoho contact through every surface that Zoho has: records, lists, searches, COQL, and lookups."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from proxy.sandbox import ZohoSandbox
from tests.e2e.harness import CRM_TOKEN, GatewayHarness
from tests.e2e.parity import CALLERS, Asker, Caller, Seen, Surface, Values, compare, pairs

READS = QUERIES = frozenset({"mailer"})
ALL = frozenset({"helpdesk", "mailer", "privacy_desk"})
NAMES = (
    *("First_Name", "Last_Name", "Full_Name", "Salutation", "Email", "Secondary_Email", "Phone", "Mobile"),
    *("Mailing_City", "Mailing_Street", "Mailing_Zip", "Date_of_Birth", "Title", "Department", "Lead_Source"),
    *("Email_Opt_Out", "Description", "National_ID", "IBAN", "Allergies", "Account_Name", "Owner"),
)
FIELDS = ",".join(NAMES)
HIDDEN = "National_ID,IBAN,Allergies"
SELECT = ", ".join(NAMES)
AOIFE = "aoife.byrne@example.org"
KEY = "5725767000000410002"
ACCOUNT = "5725767000000410001"


def shown(contact: Any) -> Values:
    """Return what a contact shows; a colleague by id alone, as its address is one of theirs."""
    found = {name: contact.get(name) for name in NAMES}
    owner = contact.get("Owner")
    return {**found, "Owner": owner.get("id") if isinstance(owner, dict) else owner}


def first(data: Any) -> Any:
    """Return the contact among what came back."""
    return next(each for each in data if each.get("id") == KEY)


def asking(target: str, show: Callable[[Any], Values] = shown) -> Any:
    """Return a surface's function that asks for the contact."""

    async def read(ask: Asker) -> Values:
        return show(first((await ask("GET", f"/crm/v8{target}"))["data"]))

    return read


def querying(text: str, show: Callable[[Any], Values] = shown) -> Any:
    """Return a surface's function that asks for the contact by COQL."""

    async def read(ask: Asker) -> Values:
        return show(first((await ask("POST", "/crm/v8/coql", {"select_query": text}))["data"]))

    return read


CRITERIA = quote(f"((Email:equals:{AOIFE})and(Last_Name:starts_with:By))")
SURFACES = [
    Surface("record", asking(f"/Contacts/{KEY}"), READS),
    Surface("record, some fields", asking(f"/Contacts/{KEY}?fields={FIELDS}"), READS),
    # An agent asks for hidden fields only.
    Surface("record, hidden fields", asking(f"/Contacts/{KEY}?fields={HIDDEN}"), READS | {"helpdesk"}),
    Surface("list", asking(f"/Contacts?fields={FIELDS}")),
    Surface("list, sorted", asking(f"/Contacts?fields={FIELDS}&sort_by=Modified_Time&sort_order=asc")),
    Surface("list, by id", asking(f"/Contacts?fields={FIELDS}&ids={KEY}")),
    Surface("criteria", asking(f"/Contacts/search?criteria={CRITERIA}&fields={FIELDS}"), QUERIES),
    Surface("criteria, all fields", asking(f"/Contacts/search?criteria={CRITERIA}"), QUERIES),
    Surface("by address", asking(f"/Contacts/search?email={AOIFE}&fields={FIELDS}"), QUERIES),
    # Numbers are masked for an agent, and a word is looked for in what is hidden, too.
    Surface(
        "by number",
        asking(f"/Contacts/search?phone={quote('+353 1 555 0101')}&fields={FIELDS}"),
        QUERIES | {"helpdesk"},
    ),
    Surface("by word", asking("/Contacts/search?word=byrne"), ALL),
    Surface("COQL", querying(f"select {SELECT} from Contacts where id = {KEY}")),
    Surface(
        "COQL, sorted", querying(f"select {SELECT} from Contacts where id is not null order by id limit 0, 9")
    ),
    Surface("COQL, by name", querying(f"select {SELECT} from Contacts where Last_Name = 'Byrne'"), QUERIES),
    Surface("COQL, by what is hidden", querying(f"select {SELECT} from Contacts where IBAN like 'IE%'"), ALL),
    Surface("below an account", asking(f"/Accounts/{ACCOUNT}/Contacts?fields={FIELDS}"), ALL),
]


@pytest.fixture(scope="module")
def seen(harness: GatewayHarness) -> Seen:
    """Everybody before an account that nothing changes."""
    return Seen(harness, ZohoSandbox(CRM_TOKEN))


def is_partial(surface: Surface) -> bool:
    """Say whether a surface shows a part of the contact, whoever asks."""
    return surface.name == "record, hidden fields"


@pytest.mark.parametrize("caller", CALLERS, ids=[caller[0] for caller in CALLERS])
@pytest.mark.parametrize(("one", "other"), pairs(each for each in SURFACES if not is_partial(each)))
async def test_two_surfaces_show_the_same(seen: Seen, one: Surface, other: Surface, caller: Caller) -> None:
    """Whichever way a contact is read, each of three people sees the same of it."""
    await compare(seen, caller, one, other)


@pytest.mark.parametrize("caller", CALLERS, ids=[caller[0] for caller in CALLERS])
async def test_hidden_fields_are_hidden_by_name_too(seen: Seen, caller: Caller) -> None:
    """Asked for alone they are refused to an agent, and shown to the office as they are beside all others."""
    hidden = await seen.through(SURFACES[2], caller)
    whole = await seen.through(SURFACES[0], caller)
    if caller[0] == "privacy_desk":
        assert whole is not None
        assert hidden == {name: whole[name] for name in HIDDEN.split(",")}
    else:
        assert hidden is None


def beside(contact: Any) -> Values:
    """Return what is shown of the contact behind a deal."""
    return {name: contact.get(f"Contact_Name.{name}") for name in ("Last_Name", "Email", "Phone", "IBAN")}


def some(contact: Any) -> Values:
    """Return the same of the contact itself."""
    return {name: contact.get(name) for name in ("Last_Name", "Email", "Phone", "IBAN")}


async def behind_a_deal(ask: Asker) -> Values:
    """Read the contact through the lookup of a deal."""
    columns = "Contact_Name.Last_Name, Contact_Name.Email, Contact_Name.Phone, Contact_Name.IBAN"
    text = f"select Amount, {columns} from Deals where Contact_Name = {KEY}"
    return beside((await ask("POST", "/crm/v8/coql", {"select_query": text}))["data"][0])


LINKED = [
    Surface("record", asking(f"/Contacts/{KEY}", some), READS),
    Surface("list", asking("/Contacts?fields=Last_Name,Email,Phone,IBAN", some)),
    Surface("COQL behind a deal", behind_a_deal, READS | {"privacy_desk"}),
]


@pytest.fixture(scope="module")
def linked(seen: Seen) -> Seen:
    """The same, where less is compared."""
    return Seen(seen.harness, seen.crm)


@pytest.mark.parametrize("caller", CALLERS, ids=[caller[0] for caller in CALLERS])
@pytest.mark.parametrize(("one", "other"), pairs(LINKED))
async def test_a_lookup_shows_what_the_contact_does(
    linked: Seen, one: Surface, other: Surface, caller: Caller
) -> None:
    """Whoever may follow it sees of a person what reading that person shows."""
    await compare(linked, caller, one, other)


async def test_everything_is_what_the_officer_sees(seen: Seen) -> None:
    """The comparison is not of nothing: the officer sees what the CRM holds, the others some of it."""
    held = seen.crm.people()[0]
    officer = await seen.through(SURFACES[0], CALLERS[2])
    assert officer == shown(held)
    agent = await seen.through(SURFACES[0], CALLERS[0])
    assert agent is not None
    assert (agent["Phone"], agent["Date_of_Birth"]) == ("*** *** 01", "1984")
    assert not {"National_ID", "IBAN", "Allergies", "Description", "Mailing_Street"} & agent.keys()
    mailer = await seen.through(SURFACES[3], CALLERS[1])
    assert mailer is not None
    assert mailer.keys() == {
        *("First_Name", "Last_Name", "Full_Name", "Salutation", "Email", "Secondary_Email"),
        *("Email_Opt_Out", "Lead_Source", "Owner"),
    }

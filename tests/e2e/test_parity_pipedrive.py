"""One Pipedrive person through every surface that Pipedrive has, in both versions."""

from collections.abc import Callable
from typing import Any

import pytest

from proxy.sandbox import PipedriveSandbox
from proxy.sandbox.pipedrive.store import CUSTOM, IBAN, INCOME, NATIONAL_ID
from tests.e2e.harness import CRM_TOKEN, GatewayHarness
from tests.e2e.parity import CALLERS, Asker, Caller, Seen, Surface, Values, compare, pairs

READS = QUERIES = frozenset({"mailer"})
ALL = frozenset({"helpdesk", "mailer", "privacy_desk"})
OWN = ",".join(sorted(CUSTOM))
PLAIN = ("name", "first_name", "last_name", "job_title", "birthday")


def values(entries: Any) -> object:
    """Return the values of a list of them; none of it is as good as nothing."""
    found = [each["value"] if isinstance(each, dict) else each for each in entries or []]
    return found or None


def shown(person: Any) -> Values:
    """Return what a person shows, by one name for what the versions call by two."""
    organization = person.get("org_id")
    custom = {**person, **person.get("custom_fields", {})}
    return {
        **{name: person.get(name) for name in PLAIN},
        **{name: custom.get(name) for name in CUSTOM},
        "emails": values(person.get("emails", person.get("email"))),
        "phones": values(person.get("phones", person.get("phone"))),
        "org": organization.get("value") if isinstance(organization, dict) else organization,
    }


def first(data: Any) -> Any:
    """Return the person among what came back."""
    return next(each for each in data if each.get("id") == 1) if isinstance(data, list) else data


def asking(target: str, show: Callable[[Any], Values] = shown) -> Any:
    """Return a surface's function that asks for the person."""

    async def read(ask: Asker) -> Values:
        return show(first((await ask("GET", target))["data"]))

    return read


SURFACES = [
    Surface("v1", asking("/v1/persons/1"), READS),
    Surface("v2", asking("/api/v2/persons/1"), READS),
    # An agent asks for hidden fields only.
    Surface("v2, own fields", asking(f"/api/v2/persons/1?custom_fields={OWN}"), READS | {"helpdesk"}),
    Surface("v1 page", asking("/v1/persons?limit=5")),
    Surface("v1 page, sorted", asking("/v1/persons?sort=update_time%20DESC,id%20ASC")),
    Surface("v2 page", asking("/api/v2/persons?limit=5")),
    Surface("v2 page, sorted", asking("/api/v2/persons?sort_by=id&sort_direction=asc&limit=1")),
    Surface("v2 by ids", asking("/api/v2/persons?ids=1,2")),
    Surface("v1 by first letter", asking("/v1/persons?first_char=a"), QUERIES),
    Surface("v1 of an owner", asking("/v1/persons?user_id=501"), QUERIES),
    Surface("v2 of an organization", asking("/api/v2/persons?org_id=1"), ALL),
    Surface("v1 below an organization", asking("/v1/organizations/1/persons"), ALL),
]


def in_short(person: Any) -> Values:
    """Return what a search shows too."""
    return {name: value for name, value in shown(person).items() if name in {"name", "emails"}}


def found(target: str) -> Any:
    """Return a surface's function that searches for the person."""

    async def read(ask: Asker) -> Values:
        items = (await ask("GET", target))["data"]["items"]
        return in_short(next(each["item"] for each in items if each["item"].get("type") == "person"))

    return read


async def beside_a_deal(ask: Asker) -> Values:
    """The person in short, in place of the link of a deal."""
    deal = first((await ask("GET", "/v1/deals/1"))["data"])
    person = deal["person_id"]
    return {"name": person["name"], "emails": values(person["email"])}


BY_EMAIL = "term=aoife.byrne@example.org&item_types=person&fields=email&exact_match=1"
SEARCHES = [
    Surface("v2", asking("/api/v2/persons/1", in_short), READS),
    Surface("v1 page", asking("/v1/persons?limit=5", in_short)),
    Surface("v1 search", found("/v1/persons/search?term=byrne&fields=name,email"), QUERIES),
    Surface("v2 search", found("/api/v2/persons/search?term=byrne&fields=name"), QUERIES),
    Surface("v2 items", found("/api/v2/itemSearch?term=byrne&item_types=person&fields=name"), QUERIES),
    Surface("v1 items", found(f"/v1/itemSearch?{BY_EMAIL}"), QUERIES),
    # What these look into is hidden, or nobody has said what it is.
    Surface("everywhere", found("/api/v2/itemSearch?term=byrne"), ALL),
    Surface(
        "in fields of its own",
        found("/v1/persons/search?term=000-12&fields=custom_fields"),
        ALL,
    ),
    Surface("in notes", found("/v1/persons/search?term=surgery&fields=notes"), ALL),
    Surface("beside a deal", beside_a_deal, READS),
]


@pytest.fixture(scope="module")
def seen(harness: GatewayHarness) -> Seen:
    """Everybody before an account that nothing changes."""
    return Seen(harness, PipedriveSandbox(CRM_TOKEN))


@pytest.fixture(scope="module")
def searched(seen: Seen) -> Seen:
    """The same, where less is compared."""
    return Seen(seen.harness, seen.crm)


@pytest.mark.parametrize("caller", CALLERS, ids=[caller[0] for caller in CALLERS])
@pytest.mark.parametrize(("one", "other"), pairs(SURFACES))
async def test_two_surfaces_show_the_same(seen: Seen, one: Surface, other: Surface, caller: Caller) -> None:
    """Whichever way a person is read, each of three people sees the same of it."""
    await compare(seen, caller, one, other)


@pytest.mark.parametrize("caller", CALLERS, ids=[caller[0] for caller in CALLERS])
@pytest.mark.parametrize(("one", "other"), pairs(SEARCHES))
async def test_what_is_found_shows_the_same(
    searched: Seen, one: Surface, other: Surface, caller: Caller
) -> None:
    """A search shows of a person what reading it does."""
    await compare(searched, caller, one, other)


async def test_everything_is_what_the_officer_sees(seen: Seen) -> None:
    """The comparison is not of nothing: the officer sees what the CRM holds, the others some of it."""
    held = seen.crm.people()[0]
    officer = await seen.through(SURFACES[0], CALLERS[2])
    assert officer == {name: value for name, value in shown(held).items() if name != INCOME}
    agent = await seen.through(SURFACES[0], CALLERS[0])
    assert agent is not None
    assert agent["phones"] == ["*** *** 01", "*** *** 01"]
    assert not {NATIONAL_ID, IBAN} & agent.keys()
    mailer = await seen.through(SURFACES[5], CALLERS[1])
    assert mailer is not None
    assert mailer.keys() == {"name", "first_name", "last_name", "emails"}

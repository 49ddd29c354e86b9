"""FetchXML through Lychgate: the same records as by OData's own options, and no other way to what is hidden."""

import json
from typing import Any

import pytest

from proxy.sandbox.dynamics.tables import CONTACT
from tests.e2e.harness import Ended, GatewayHarness
from tests.e2e.test_dynamics import BASE, FIELDS, Asker

CALLERS = (("helpdesk", None), ("helpdesk_leads", None), ("privacy_desk", "subject_request"))
COOKIE = "@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"


def attributes(*names: str) -> str:
    """Return the elements that ask for attributes."""
    return "".join(f'<attribute name="{name}"/>' for name in names)


def fetch(inside: str, *, entity: str = "contact", said: str = "") -> str:
    """Return a query."""
    return f'<fetch version="1.0" mapping="logical" {said}><entity name="{entity}">{inside}</entity></fetch>'


class Fetcher(Asker):
    """Sends FetchXML."""

    async def fetched(self, text: str, of: str = "contacts", prefer: str | None = None) -> Ended:
        """Return how a query ends."""
        headers = (("prefer", prefer),) if prefer else ()
        return await self.send("GET", f"{BASE}/{of}", {"fetchXml": text}, headers=headers)

    async def rows(self, text: str, of: str = "contacts", prefer: str | None = None) -> list[dict[str, Any]]:
        """Return the rows of an answer."""
        ended = await self.fetched(text, of, prefer)
        assert ended.response.status == 200, ended.response.body
        return json.loads(ended.response.body)["value"]


@pytest.mark.parametrize(("client", "purpose"), CALLERS)
async def test_a_contact_is_what_it_is_by_other_ways(
    harness: GatewayHarness, client: str, purpose: str | None
) -> None:
    """Asked for by attributes, wholly, or joined to its account."""
    ask = Fetcher(harness, client, purpose)
    there = ask.crm.people()[0]
    key = there["contactid"]
    held = await ask.get(f"contacts({key})", select=",".join(FIELDS))
    logical = [name.removeprefix("_").removesuffix("_value") for name in FIELDS]
    only = f'<filter><condition attribute="contactid" operator="eq" value="{key}"/></filter>'
    (row,) = await ask.rows(fetch(attributes(*logical) + only))
    present = {name: value for name, value in held.items() if value is not None}
    assert {name: value for name, value in row.items() if value is not None} == present
    (whole,) = await ask.rows(fetch("<all-attributes/>" + only))
    assert {name: whole.get(name) for name in present} == present
    assert not (set(FIELDS) - held.keys()) & whole.keys()
    joined = (
        '<attribute name="name"/><link-entity name="contact" from="contactid" to="primarycontactid" alias="c">'
        f"{attributes(*logical)}{only}</link-entity>"
    )
    rows = await ask.rows(fetch(joined, entity="account"), "accounts")
    for each in rows:
        inside = {
            name.removeprefix("c."): value
            for name, value in each.items()
            if name.startswith("c.") and value is not None
        }
        assert inside == {name.removeprefix("_").removesuffix("_value"): each for name, each in present.items()}
    below = (
        '<link-entity name="account" from="accountid" to="parentcustomerid" alias="a" link-type="outer">'
        '<attribute name="name"/></link-entity>'
    )
    (row,) = await ask.rows(fetch(attributes("fullname") + below + only))
    account = await ask.get(f"accounts({there['parentcustomerid']})", select="name")
    assert row.get("a.name") == account.get("name")


async def test_a_link_is_formatted_as_its_target_is_called(harness: GatewayHarness) -> None:
    """The newsletter may read numbers of links, and not what colleagues are called."""
    ask = Fetcher(harness, "mailer", "newsletter")
    prefer = 'odata.include-annotations="*"'
    query = fetch(attributes("fullname", "ownerid"), said='count="3"')
    for row in await ask.rows(query, prefer=prefer):
        assert "_ownerid_value@OData.Community.Display.V1.FormattedValue" not in row
    ask = Fetcher(harness, "privacy_desk", "subject_request")
    (row, *_) = await ask.rows(query, prefer=prefer)
    assert row["_ownerid_value@OData.Community.Display.V1.FormattedValue"]


def _condition(name: str, operator: str = "eq", value: str = "x", more: str = "") -> str:
    return f'<filter><condition attribute="{name}" operator="{operator}" value="{value}" {more}/></filter>'


LINK = '<link-entity name="account" from="accountid" to="parentcustomerid" alias="a">{}</link-entity>'
BACK = '<link-entity name="account" from="primarycontactid" to="contactid" alias="a">{}</link-entity>'
FAR = LINK.format(
    '<link-entity name="contact" from="contactid" to="primarycontactid" alias="f">{}</link-entity>'
)
ALL = 'aggregate="true"'
HIDDEN = (
    (_condition("governmentid"), ""),
    (_condition("governmentid", "like", "000%"), ""),
    (f'<filter type="or"><condition attribute="fax" operator="null"/>{_condition("birthdate")}</filter>', ""),
    ('<filter><condition attribute="governmentid" operator="in"><value>a</value></condition></filter>', ""),
    ('<filter><condition attribute="governmentid" operator="not-null"/></filter>', ""),
    ('<filter><condition attribute="fullname" operator="eq" valueof="governmentid"/></filter>', ""),
    ('<order attribute="birthdate"/>', ""),
    ('<order attribute="creditlimit" descending="true"/>', ""),
    (LINK.format(_condition("revenue", "gt", "5")), ""),
    (LINK.format("") + _condition("revenue", "gt", "5", 'entityname="a"'), ""),
    (LINK.format("") + '<order entityname="a" attribute="revenue"/>', ""),
    (FAR.format(_condition("governmentid")), ""),
    (FAR.format("") + _condition("birthdate", "lt", "1980-01-01", 'entityname="f"'), ""),
    (BACK.format(_condition("revenue", "gt", "5")), ""),
    ('<attribute name="governmentid" alias="g" groupby="true"/>', ALL),
    ('<attribute name="creditlimit" alias="g" aggregate="max"/>', ALL),
    ('<attribute name="contactid" alias="n" aggregate="count"/>' + _condition("governmentid"), ALL),
    (_condition("nobody_listed"), ""),
    (_condition("telephone1", "eq", "+353 1 555 0101"), ""),
)  # fmt: skip


@pytest.mark.parametrize(("inside", "said"), HIDDEN, ids=str)
async def test_a_hidden_column_answers_nothing(harness: GatewayHarness, inside: str, said: str) -> None:
    """IO-01 to IO-09 in FetchXML: the CRM is not asked, and the refusals are alike."""
    ask = Fetcher(harness, "helpdesk")
    shown = "" if said else attributes("fullname")
    ended = await ask.fetched(fetch(shown + inside, said=said))
    assert ended.forwarded is None
    assert ended.response.status == 403
    assert json.loads(ended.response.body)["error"]["code"] == "0x80040220"


DISTINCT = 'distinct="true"'


@pytest.mark.parametrize(
    "inside", [attributes("telephone1"), attributes("description"), attributes("birthdate")]
)
async def test_rows_that_look_alike_tell_nothing(harness: GatewayHarness, inside: str) -> None:
    """IO-04: how many rows there are would tell whether values are the same that are masked or emptied."""
    ask = Fetcher(harness, "helpdesk")
    joined = FAR.format(inside)
    for query in (inside, attributes("contactid") + inside, inside.replace("/>", ' alias="x"/>'), joined):
        ended = await ask.fetched(fetch(query, said=DISTINCT))
        assert ended.forwarded is None
        assert 400 <= ended.response.status < 500


async def test_rows_are_told_apart_by_what_is_shown(harness: GatewayHarness) -> None:
    """Names are, and so is all of a record, its id included."""
    ask = Fetcher(harness, "helpdesk")
    people = ask.crm.people()
    named = await ask.rows(fetch(attributes("lastname"), said=DISTINCT))
    assert {row["lastname"] for row in named} == {each["lastname"] for each in people}
    assert len(await ask.rows(fetch("<all-attributes/>", said=DISTINCT))) == len(people)


async def test_an_emptied_column_is_not_there(harness: GatewayHarness) -> None:
    """Rows go without attributes that have no value: null in one of them would tell that there is a note."""
    ask = Fetcher(harness, "helpdesk")
    key = ask.crm.people()[0]["contactid"]
    only = f'<filter><condition attribute="contactid" operator="eq" value="{key}"/></filter>'
    query = fetch(attributes("fullname", "description") + only)
    before = await ask.rows(query)
    ask.crm.store.get(CONTACT, str(key))["description"] = None
    assert await ask.rows(query) == before
    assert before[0].keys() == {"contactid", "fullname"}


ELSEWHERE = (
    "<fetch/>",
    "fetch",
    '<!DOCTYPE fetch [<!ENTITY x "y">]><fetch><entity name="contact"/></fetch>',
    fetch(attributes("fullname"), entity="account"),
    fetch(attributes("fullname"), said='datasource="bin"'),
    fetch(attributes("fullname"), said='paging-cookie="x" page="2"'),
    fetch(
        '<link-entity name="account" from="name" to="fullname" alias="a"><attribute name="name"/></link-entity>'
    ),
    fetch('<link-entity name="annotation" from="objectid" to="contactid" alias="a"/>'),
    fetch('<link-entity name="account" from="accountid" to="parentcustomerid" link-type="any"/>'),
    fetch(
        LINK.replace(' alias="a"', "").format('<attribute name="name"/>'),
    ),
    fetch(attributes("fullname") + '<attribute name="jobtitle" alias="fullname"/>'),
    fetch('<attribute name="jobtitle" alias="a"/>' + LINK.format("")),
    fetch('<filter><condition attribute="fullname" operator="above" value="x"/></filter>'),
    fetch('<filter><condition attribute="fullname" operator="eq"/></filter>'),
    fetch('<filter type="xor"><condition attribute="fullname" operator="null"/></filter>'),
    fetch("<other/>"),
    fetch(attributes("fullname") + "text"),
)


@pytest.mark.parametrize("text", ELSEWHERE)
async def test_what_is_not_understood_is_refused(harness: GatewayHarness, text: str) -> None:
    """By a caller who may see most: no entity, no other store, no join that tells values, no other's name."""
    ended = await Fetcher(harness, "privacy_desk", "subject_request").fetched(text)
    assert ended.forwarded is None
    assert 400 <= ended.response.status < 500


async def test_further_pages_are_for_whom_the_first_was(harness: GatewayHarness) -> None:
    """Every row once; the CRM's cookie, which holds an id, is not shown; ours opens for the same query only."""
    ask = Fetcher(harness, "helpdesk")
    inside, names, page, cookie = attributes("fullname"), [], 1, ""
    while page:
        said = f'count="5" page="{page}"' + (f' paging-cookie="{cookie}"' if cookie else "")
        ended = await ask.fetched(fetch(inside, said=said))
        assert ended.response.status == 200
        tree = json.loads(ended.response.body)
        names += [row["fullname"] for row in tree["value"]]
        if cookie:
            assert ended.forwarded is not None
            assert "last%3D" in ended.forwarded.query or "last=" in ended.forwarded.query
        page = page + 1 if tree.get("@Microsoft.Dynamics.CRM.morerecords") else 0
        if page:
            cookie = tree[COOKIE].split('pagingcookie="')[1].split('"')[0]
            assert "last" not in tree[COOKIE]
    assert sorted(names) == sorted(row["fullname"] for row in ask.crm.people())
    said = f'count="5" page="2" paging-cookie="{cookie}"'
    other = Fetcher(harness, "privacy_desk", "subject_request")
    assert (await other.fetched(fetch(inside, said=said))).response.status == 400
    assert (await ask.fetched(fetch(attributes("emailaddress1"), said=said))).response.status == 400


async def test_groups_and_counts_are_columns_of_their_own(harness: GatewayHarness) -> None:
    """What may be grouped and counted comes out; a column that nobody asked for does not."""
    ask = Fetcher(harness, "privacy_desk", "subject_request")
    query = fetch(
        '<attribute name="statecode" alias="state" groupby="true"/>'
        '<attribute name="contactid" alias="n" aggregate="count"/>',
        said=ALL,
    )
    ended = await ask.fetched(query)
    if ended.response.status == 200:
        assert json.loads(ended.response.body)["value"] == [{"state": 0, "n": len(ask.crm.people())}]
    else:
        assert (ended.response.status, ended.forwarded) == (403, None)

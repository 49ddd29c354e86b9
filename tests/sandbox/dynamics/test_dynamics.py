"""The Dataverse sandbox, as the Web API's documentation has it."""

import json
from urllib.parse import quote

import pytest

from proxy.sandbox import Answer, Call, DynamicsSandbox

TOKEN = "test-token"
PREFER = 'odata.include-annotations="*"'


@pytest.fixture
def crm():
    """A Dataverse sandbox without a socket."""
    return DynamicsSandbox(TOKEN)


def ask(crm, method: str, path: str, body=None, headers=None, **options: str) -> Answer:
    """Return the answer to a call; `options` are written without their `$`."""
    query = "&".join(f"${name}={quote(value)}" for name, value in options.items())
    given = {"Authorization": f"Bearer {TOKEN}", **(headers or {})}
    raw = b"" if body is None else json.dumps(body).encode()
    return crm.answer(Call(method, f"/api/data/v9.2/{path}", query, given, raw))


def names(answer: Answer) -> list[str]:
    """Return the names in a list."""
    assert answer.status == 200, answer.tree
    return [row["fullname"] for row in answer.tree["value"]]


def test_a_list_is_chosen_sorted_and_cut(crm):
    """`$filter`, `$orderby`, `$top` and `$count` do what they say; the count is of all that are meant."""
    answer = ask(
        crm, "GET", "contacts", select="fullname", filter="contains(emailaddress1,'example.org')",
        orderby="fullname desc", top="2", count="true",
    )  # fmt: skip
    assert names(answer) == ["美咲 田中", "Zoë van der Berg"]
    assert answer.tree["@odata.count"] == 5
    assert answer.tree["value"][0].keys() == {"@odata.etag", "contactid", "fullname"}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("lastname eq 'BYRNE'", ["Aoife Byrne"]),
        ("year(birthdate) eq 1958", ["Lars Sørensen"]),
        ("not (creditlimit lt 140000)", ["Thomas Okafor", "Grace O'Neill"]),
        ("lastname eq 'O''Neill' or lastname in ('Weiß','x')", ["Jürgen Weiß", "Grace O'Neill"]),
        ("new_allergies eq null and startswith(fullname,'É')", ["Émile Tremblay"]),
        ("parentcustomerid_account/name eq 'Harbour Clinic' and donotbulkemail eq true", ["Ngozi Adeyemi"]),
        ("account_primary_contact/any(a:a/name eq 'Coral Analytics')", ["Priya Raman"]),
        ("account_primary_contact/any() and lastname eq 'Adeyemi'", []),
    ],
)
def test_conditions(crm, condition, found):
    """Text is compared without case; navigation and lambdas lead to other tables."""
    assert names(ask(crm, "GET", "contacts", filter=condition)) == found


def test_pages(crm):
    """A page holds as many as asked for, and a link whose cookie says which row was the last."""
    headers = {"Prefer": "odata.maxpagesize=5"}
    first = ask(crm, "GET", "contacts", headers=headers, select="fullname")
    link = first.tree["@odata.nextLink"]
    assert link.startswith("http://localhost/api/data/v9.2/contacts?$select=fullname&$skiptoken=")
    assert first.tree["value"][-1]["contactid"] in link
    query = link.partition("?")[2]
    call = Call("GET", "/api/data/v9.2/contacts", query, {"Authorization": f"Bearer {TOKEN}", **headers})
    assert names(crm.answer(call))[0] == "María José García Peña"


def test_annotations_and_expansion(crm):
    """A link is formatted as what its target is called; records come inside records."""
    row = ask(
        crm, "GET", "contacts", headers={"Prefer": PREFER}, top="1", select="_ownerid_value,statecode",
        expand="parentcustomerid_account($select=name),account_primary_contact($select=name)",
    ).tree["value"][0]  # fmt: skip
    formatted = "OData.Community.Display.V1.FormattedValue"
    assert row[f"_ownerid_value@{formatted}"] == "Nora Quist"
    assert row["_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "systemuser"
    assert row[f"statecode@{formatted}"] == "Active"
    assert row["parentcustomerid_account"]["name"] == "Northwind Orchards"
    assert [each["name"] for each in row["account_primary_contact"]] == ["Northwind Orchards"]


def test_groups(crm):
    """`$apply` filters, groups and computes."""
    computed = "aggregate($count as n,creditlimit with max as m)"
    applied = f"filter(address1_country eq 'Ireland')/groupby((address1_city),{computed})"
    rows = ask(crm, "GET", "contacts", apply=applied).tree["value"]
    assert rows == [
        {"address1_city": "Dublin", "n": 1, "m": 68000.0},
        {"address1_city": "Galway", "n": 1, "m": 42000.0},
    ]
    assert ask(crm, "GET", "contacts", apply="aggregate($count as n)").tree["value"] == [{"n": 12}]


def test_one_row_by_id_by_key_and_property(crm):
    """A row is found by its id or an alternate key; one column can be read, written and cleared."""
    held = crm.people()[0]
    key = f"contacts({held['contactid']})"
    assert ask(crm, "GET", key, select="fullname").tree["fullname"] == "Aoife Byrne"
    by_key = ask(crm, "GET", "contacts(emailaddress1='aoife.byrne@example.org')")
    assert by_key.tree["contactid"] == held["contactid"]
    assert ask(crm, "GET", f"{key}/jobtitle/$value").raw == b"Head of Purchasing"
    assert ask(crm, "PUT", f"{key}/jobtitle", {"value": "x"}).status == 204
    assert ask(crm, "DELETE", f"{key}/description").status == 204
    assert (crm.people()[0]["jobtitle"], crm.people()[0]["description"]) == ("x", None)


def test_writes(crm):
    """A create answers with where it is, an update makes what it does not find, unless it must find it."""
    body = {"firstname": "Ida", "lastname": "Holm", "emailaddress1": "ida@example.net"}
    made = ask(crm, "POST", "contacts", body)
    assert made.status == 204
    key = made.headers["OData-EntityId"].rpartition("/")[2]
    assert ask(crm, "POST", "contacts", body).status == 412
    shown = ask(crm, "PATCH", key, {"jobtitle": "x"}, {"Prefer": "return=representation"}, select="jobtitle")
    assert (shown.status, shown.tree["jobtitle"]) == (200, "x")
    nowhere = "contacts(00000000-0000-0000-0000-00000000abcd)"
    assert ask(crm, "PATCH", nowhere, {"lastname": "x"}, {"If-Match": "*"}).status == 404
    assert ask(crm, "PATCH", nowhere, {"lastname": "x"}).status == 204
    assert ask(crm, "PATCH", nowhere, {"lastname": "y"}, {"If-None-Match": "*"}).status == 412
    assert ask(crm, "DELETE", nowhere).status == 204
    assert ask(crm, "GET", nowhere).status == 404
    linked = {"parentcustomerid_contact@odata.bind": f"/{key}"}
    assert ask(crm, "PATCH", f"contacts({crm.people()[1]['contactid']})", linked).status == 204
    assert crm.people()[1]["parentcustomerid"] in key
    assert ask(crm, "DELETE", key).status == 204
    assert crm.people()[1]["parentcustomerid"] is None


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("contacts", {"filter": "nope eq 1"}, 400),
        ("contacts", {"filter": "fullname eq"}, 400),
        ("contacts", {"select": "nope"}, 400),
        ("contacts", {"expand": "nope"}, 400),
        ("contacts", {"nope": "1"}, 400),
        ("nopes", {}, 404),
        ("contacts(jobtitle='x')", {}, 400),
    ],
)
def test_what_is_refused(crm, path, options, status):
    """In the shape that clients know, with a code."""
    answer = ask(crm, "GET", path, **options)
    assert answer.status == status
    assert answer.tree["error"].keys() == {"code", "message"}
    assert crm.answer(Call("GET", f"/api/data/v9.2/{path}")).status == 401

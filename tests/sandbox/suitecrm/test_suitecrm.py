"""The sandbox answers as SuiteCRM's source says: what is listed, what is kept, what its errors repeat."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from proxy.sandbox import Call, StoppedClock, SuiteCrmSandbox

TOKEN = "test-token"
AOIFE = "aoife.byrne@example.org"


@pytest.fixture
def crm(clock: StoppedClock) -> SuiteCrmSandbox:
    """A SuiteCRM sandbox without a socket."""
    return SuiteCrmSandbox(TOKEN, now=clock)


def call(crm: SuiteCrmSandbox, method: str, target: str, body: object = None, status: int = 200) -> Any:
    """Return what is answered to a call."""
    path, _, query = target.partition("?")
    raw = b"" if body is None else json.dumps(body).encode()
    query = quote(query, safe="=&")
    answer = crm.answer(Call(method, f"/Api/V8{path}", query, {"Authorization": f"Bearer {TOKEN}"}, raw))
    assert answer.status == status, answer.tree
    assert answer.headers["Content-Type"] == "application/vnd.api+json"
    return answer.tree


def names(tree: Any) -> list[str]:
    """Return who is in a list."""
    return [row["attributes"]["last_name"] for row in tree["data"]]


def test_a_contact_lives_from_create_to_the_pruning(crm, clock) -> None:
    """Made, changed, marked as deleted, still listed to whoever filters by that, and gone after a month."""
    data = {"type": "Contacts", "attributes": {"last_name": "Quill", "email1": "ina@example.org", "nothing": 1}}
    made = call(crm, "POST", "/module", {"data": data}, 201)["data"]
    assert (made["type"], made["attributes"]["email1"]) == ("Contact", "ina@example.org")
    assert "nothing" not in made["attributes"]
    change = {"type": "Contacts", "id": made["id"], "attributes": {"first_name": "Ina"}}
    call(crm, "PATCH", "/module", {"data": change}, 201)
    shown = call(crm, "GET", f"/module/Contacts/{made['id']}")["data"]
    assert shown["attributes"]["full_name"] == "Ina Quill"
    call(crm, "DELETE", f"/module/Contacts/{made['id']}")
    told = call(crm, "GET", f"/module/Contacts/{made['id']}", status=400)
    assert told["errors"]["detail"].endswith("is not found")
    assert "Quill" not in names(call(crm, "GET", "/module/Contacts?page[size]=50"))
    assert names(call(crm, "GET", "/module/Contacts?filter[deleted][eq]=1")) == ["Quill"]
    clock.advance(days=32)
    assert call(crm, "GET", "/module/Contacts?filter[deleted][eq]=1")["data"] == []
    assert made["id"] not in {person["id"] for person in crm.people()}


def test_a_mark_among_the_attributes_deletes(crm) -> None:
    """SuiteCRM sets whatever it is sent."""
    key = crm.people()[0]["id"]
    call(crm, "PATCH", "/module", {"data": {"type": "Contacts", "id": key, "attributes": {"deleted": 1}}}, 201)
    call(crm, "GET", f"/module/Contacts/{key}", status=400)


def test_filters_are_joined_and_ordered(crm) -> None:
    """By `and`, or by the word that is given; a field or an operator that there is not is told."""
    assert names(call(crm, "GET", "/module/Contacts?filter[last_name][eq]=byrne")) == ["Byrne"]
    both = "filter[last_name][eq]=Byrne&filter[last_name][gte]=龍"
    assert names(call(crm, "GET", f"/module/Contacts?{both}")) == []
    found = names(call(crm, "GET", f"/module/Contacts?{both}&filter[operator]=or&sort=-last_name"))
    assert found == ["Byrne"]
    assert names(call(crm, "GET", "/module/Contacts?sort=-last_name&page[size]=2")) == ["田中", "van der Berg"]
    assert names(call(crm, "GET", "/module/Contacts?filter[iban_c][gte]=NL")) == ["Sørensen", "van der Berg"]
    for wrong in (
        *("filter[email1][eq]=x", "filter[last_name][like]=x", "filter[last_name]=x", "filter[operator]=xor"),
        *("sort=nothing", "page[size]=0", "page[number]=x"),
    ):
        call(crm, "GET", f"/module/Contacts?{wrong}", status=400)


def test_pages_say_how_many_there_are_and_how_to_go_on(crm) -> None:
    """Links repeat the parameters of the request."""
    page = call(crm, "GET", "/module/Contacts?page[size]=5&page[number]=2&fields[Contacts]=last_name")
    assert page["meta"] == {"total-pages": 3, "records-on-this-page": 5}
    assert (
        page["links"]["next"] == "/Api/V8/module/Contacts?page[size]=5&page[number]=3&fields[Contacts]=last_name"
    )
    assert set(page["data"][0]["attributes"]) == {"last_name"}
    last = call(crm, "GET", "/module/Contacts?page[size]=5&page[number]=3")
    assert ("next" in last["links"], len(last["data"])) == (False, 2)
    assert call(crm, "GET", "/module/Contacts?page[size]=5&page[number]=9")["data"] == []


def test_an_address_outlives_who_had_it(crm) -> None:
    """It is a record of its own, which several people may share, and which stays when they change it."""
    (row,) = call(crm, "GET", f"/module/EmailAddresses?filter[email_address][eq]={AOIFE}")["data"]
    assert row["attributes"]["email_address_caps"] == AOIFE.upper()
    key = next(person["id"] for person in crm.people() if person["email1"] == AOIFE)
    call(crm, "PATCH", "/module", {"data": {"type": "Contacts", "id": key, "attributes": {"email1": ""}}}, 201)
    assert call(crm, "GET", f"/module/Contacts/{key}")["data"]["attributes"]["email1"] == ""
    assert call(crm, "GET", f"/module/EmailAddresses?filter[email_address][eq]={AOIFE}")["data"]


def test_relationships_are_read_put_and_cut(crm) -> None:
    """From either end; none is told by a message, and one that there is not by an error."""
    key = crm.people()[0]["id"]
    (case,) = call(crm, "GET", f"/module/Contacts/{key}/relationships/cases")["data"]
    assert case["type"] == "aCase"
    (whose,) = call(crm, "GET", f"/module/Cases/{case['id']}/relationships/contacts")["data"]
    assert whose["id"] == key
    call(crm, "DELETE", f"/module/Contacts/{key}/relationships/cases/{case['id']}")
    assert "message" in call(crm, "GET", f"/module/Contacts/{key}/relationships/cases")["meta"]
    call(crm, "DELETE", f"/module/Contacts/{key}/relationships/cases/{case['id']}", status=400)
    body = {"data": {"type": "Contacts", "id": key}}
    call(crm, "POST", f"/module/Cases/{case['id']}/relationships/contacts", body, 201)
    assert call(crm, "GET", f"/module/Contacts/{key}/relationships/cases")["data"]
    call(crm, "GET", f"/module/Contacts/{key}/relationships/nothing", status=400)


def test_definitions_and_refusals(crm) -> None:
    """Fields by name, modules by name, columns in a list; whatever is wrong is a 400."""
    fields = call(crm, "GET", "/meta/fields/Contacts")["data"]["attributes"]
    assert fields["email1"]["source"] == "non-db"
    assert "Contacts" in call(crm, "GET", "/meta/modules")["data"]["attributes"]
    assert call(crm, "GET", "/listview/columns/Contacts")["data"][0]["fieldName"] == "LAST_NAME"
    call(crm, "GET", "/module/Nothing", status=400)
    call(crm, "POST", "/module", {"data": []}, status=400)
    call(crm, "POST", "/module", {"data": {"type": "Contacts", "attributes": 5}}, status=400)
    call(crm, "GET", "/nothing", status=404)
    key = crm.people()[0]["id"]
    again = {"type": "Contacts", "id": key, "attributes": {"last_name": "x"}}
    assert key in call(crm, "POST", "/module", {"data": again}, status=400)["errors"]["detail"]
    assert crm.answer(Call("GET", "/Api/V8/module/Contacts")).status == 401

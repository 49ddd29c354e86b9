"""The sandbox answers as Zoho's documentation says: what is kept, what is told, and what two languages find."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from proxy.sandbox import Call, StoppedClock, ZohoSandbox
from proxy.sandbox.zoho.coql import Pair, Term, parse
from proxy.sandbox.zoho.criteria import parse as parse_criteria
from proxy.sandbox.zoho.refusals import ZohoError

TOKEN = "test-token"


@pytest.fixture
def account(clock: StoppedClock) -> ZohoSandbox:
    """A Zoho sandbox without a socket."""
    return ZohoSandbox(TOKEN, now=clock)


def call(account: ZohoSandbox, method: str, target: str, body: object = None, status: int = 200) -> Any:
    """Return what is answered to a call."""
    path, _, query = target.partition("?")
    raw = b"" if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Zoho-oauthtoken {TOKEN}"}
    answer = account.answer(Call(method, f"/crm/v8{path}", query, headers, raw))
    assert answer.status == status, answer.tree
    return answer.tree


def coql(account: ZohoSandbox, text: str) -> list[dict[str, Any]]:
    """Return the rows of a query."""
    return call(account, "POST", "/coql", {"select_query": text})["data"]


def found(account: ZohoSandbox, criteria: str) -> list[str]:
    """Return who is found by criteria."""
    rows = call(account, "GET", f"/Contacts/search?criteria={quote(criteria)}&fields=Last_Name")["data"]
    return [row["Last_Name"] for row in rows]


def test_a_record_lives_from_create_to_purge_and_its_name_longer(account) -> None:
    """Made, found, changed, put into the recycle bin, purged; the list of deleted ones goes on naming it."""
    row = {"Last_Name": "Quill", "Email": "ina@example.org"}
    made = call(account, "POST", "/Contacts", {"data": [row]}, 201)["data"][0]["details"]["id"]
    call(account, "PUT", f"/Contacts/{made}", {"data": [{"First_Name": "Ina"}]})
    assert call(account, "GET", f"/Contacts/{made}")["data"][0]["Full_Name"] == "Ina Quill"
    call(account, "DELETE", f"/Contacts?ids={made}")
    call(account, "GET", f"/Contacts/{made}", status=204)
    (binned,) = call(account, "GET", f"/settings/recycle_bin/{made}")["recycle_bin"]
    assert (binned["display_name"], binned["module"]["api_name"]) == ("Ina Quill", "Contacts")
    assert made in {person["id"] for person in account.people()}
    call(account, "DELETE", f"/settings/recycle_bin?ids={made}")
    call(account, "GET", f"/settings/recycle_bin/{made}", status=204)
    assert made not in {person["id"] for person in account.people()}
    (gone,) = call(account, "GET", "/Contacts/deleted?type=permanent")["data"]
    assert (gone["id"], gone["display_name"]) == (made, "Ina Quill")


def test_the_bin_is_emptied_after_sixty_days(account, clock) -> None:
    """What nobody restored goes, and what belongs to it with it."""
    key = account.people()[0]["id"]
    held = account.store.get("Contacts", key)
    call(account, "DELETE", f"/Contacts/{key}")
    assert len(call(account, "GET", "/settings/recycle_bin")["recycle_bin"]) == 3  # a note, and a file
    account.store.restore(held)
    assert call(account, "GET", f"/Contacts/{key}")["data"]
    call(account, "DELETE", f"/Contacts/{key}")
    clock.advance(days=61)
    assert key not in {person["id"] for person in account.people()}
    assert not account.store.get("Notes", key)


def test_somebody_else_has_that_address_and_the_error_tells_who(account) -> None:
    """A duplicate is refused with the other person's record in the details: what no proxy may let through."""
    row = {"Last_Name": "Quill", "Email": "AOIFE.byrne@example.org"}
    (told,) = call(account, "POST", "/Contacts", {"data": [row]}, 400)["data"]
    assert told["code"] == "DUPLICATE_DATA"
    assert told["details"]["duplicate_record"]["National_ID"] == "000-12-0101"
    several = call(account, "POST", "/Contacts", {"data": [row, {"Last_Name": "Other"}]}, 207)["data"]
    assert [each["status"] for each in several] == ["error", "success"]


def test_who_is_found_is_changed_and_who_is_not_is_made(account) -> None:
    """An upsert says which of the two it was."""
    rows = [{"Last_Name": "B", "Email": "aoife.byrne@example.org"}, {"Last_Name": "N", "Email": "n@example.org"}]
    told = call(account, "POST", "/Contacts/upsert", {"data": rows, "duplicate_check_fields": ["Email"]})["data"]
    assert [each["action"] for each in told] == ["update", "insert"]


def test_a_merge_takes_what_it_is_told_to_and_deletes_the_rest(account) -> None:
    """The record that stays gets the named fields of the other, which lies in the bin as it was."""
    one, other = (each["id"] for each in account.people()[:2])
    body = {"merge": [{"data": [{"id": other, "_fields": [{"api_name": "Phone"}]}]}]}
    call(account, "POST", f"/Contacts/{one}/actions/merge", body)
    assert account.store.must("Contacts", one).values["Phone"] == "+49 30 555 0102"
    assert account.store.get("Contacts", other) is None


def test_lists_need_fields_and_have_pages(account) -> None:
    """A list without fields is refused; pages are counted from one."""
    call(account, "GET", "/Contacts", status=400)
    page = call(account, "GET", "/Contacts?fields=Email&per_page=5&page=3&sort_order=asc")
    assert (len(page["data"]), page["info"]["more_records"]) == (2, False)
    call(account, "GET", "/Contacts?fields=Email&sort_by=IBAN", status=400)
    call(account, "GET", "/Contacts?fields=Email&page=9", status=204)
    assert set(page["data"][0]) == {"Email", "id"}


def test_what_belongs_to_a_record(account) -> None:
    """Deals, notes and what there is to say of files; a file as it is."""
    key = account.people()[0]["id"]
    (deal,) = call(account, "GET", f"/Contacts/{key}/Deals?fields=Deal_Name,Contact_Name")["data"]
    assert deal["Contact_Name"] == {"name": "Aoife Byrne", "id": key}
    (note,) = call(account, "GET", f"/Contacts/{key}/Notes?fields=Note_Content,Parent_Id")["data"]
    assert note["Parent_Id"]["module"]["api_name"] == "Contacts"
    (file,) = call(account, "GET", f"/Contacts/{key}/Attachments?fields=File_Name")["data"]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    raw = account.answer(Call("GET", f"/crm/v8/Contacts/{key}/Attachments/{file['id']}", "", headers)).raw
    assert b"Aoife Byrne" in raw
    assert call(account, "GET", f"/Accounts/{deal_account(account)}/Contacts?fields=id")["data"][0]["id"] == key


def deal_account(account: ZohoSandbox) -> str:
    """Return the first account."""
    return next(account.store.all("Accounts")).id


def test_coql_finds_what_it_says(account) -> None:
    """Conditions in pairs, lookups by dotted paths, orders, bounds, groups and aggregates."""
    assert (
        coql(account, "select Last_Name from Contacts where Last_Name like 'b%' limit 1")[0]["Last_Name"]
        == "Byrne"
    )
    rows = coql(
        account,
        "select id, Account_Name.Account_Name from Contacts where Account_Name.Account_Name = 'Harbour Clinic'",
    )
    assert len(rows) == 2
    rows = coql(
        account, "select Last_Name from Contacts where id is not null order by Last_Name desc limit 1, 2"
    )
    assert [row["Last_Name"] for row in rows] == ["Weiß", "van der Berg"]
    (row,) = coql(
        account, "select COUNT(id) as n, MAX(Income) as top from Contacts where Income between 1000 and 60000"
    )
    assert (row["n"], row["top"]) == (4, 59000)
    grouped = "select COUNT(id) as n, Lead_Source from Contacts where id is not null group by Lead_Source"
    rows = coql(account, f"{grouped} order by n desc")
    assert rows[0] == {"n": 4, "Lead_Source": "Web"}
    assert coql(account, "select id from Deals where Contact_Name.IBAN like 'IE%'")
    assert (
        call(account, "POST", "/coql", {"select_query": "select id from Contacts where id is null"}, 204) is None
    )


@pytest.mark.parametrize(
    "text",
    [
        "select id from Contacts",
        "select id from Contacts where id = 1 and id = 2 and id = 3",
        "select id from Contacts where Nothing = 1",
        "select Phone.id from Contacts where id = 1",
        "select id from Vendors where id = 1",
        "select id from Contacts where id = 1 limit 0",
        "select id from Contacts where (id = 1",
        "select id from Contacts where id",
        "select * from Contacts where id = 1",
        "select id from Contacts where id = 1; drop",
        "select from Contacts where id = 1",
    ],
)
def test_what_is_no_query_is_refused(account, text) -> None:
    """Zoho says where it stopped understanding; so does this."""
    told = call(account, "POST", "/coql", {"select_query": text}, 400)
    assert told["status"] == "error"


def test_quotes_are_doubled_and_brackets_are_escaped() -> None:
    """Each language has its own way to write a sign that it uses itself."""
    assert parse("select id from C where a = 'o''x'").where == Term(("a",), "=", ("o'x",))
    assert parse('select id from C where a in ("x", "y\'z")').where == Term(("a",), "in", ("x", "y'z"))
    assert parse_criteria("(a:equals:x\\(1\\)\\,y)") == Term(("a",), "=", ("x(1),y",))
    pair = parse_criteria("((a:in:1,2)or(b.c:starts_with:x))")
    assert pair == Pair("or", Term(("a",), "in", ("1", "2")), Term(("b", "c"), "like", ("x%",)))
    for text in ("a:equals:x", "(a:equals:x", "(a:has:x)", "(a:equals:x)y", "((a:equals:x))z", "(a:between:1)"):
        with pytest.raises(ZohoError):
            parse_criteria(text)


def test_a_search_looks_where_it_is_told(account) -> None:
    """By criteria, by any address, by any number, by a word anywhere; nothing else."""
    assert found(account, "((Last_Name:equals:byrne)and(Income:greater_than:60000))") == ["Byrne"]
    assert len(found(account, "(Income:between:50000,60000)")) == 2
    rows = call(account, "GET", "/Contacts/search?email=PRIVATE.aoife.byrne@example.org")["data"]
    assert rows[0]["Last_Name"] == "Byrne"
    assert call(account, "GET", f"/Contacts/search?phone={quote('+353 1 555 0101')}")["data"]
    assert call(account, "GET", "/Contacts/search?word=000-12-0101")["data"][0]["Last_Name"] == "Byrne"
    call(account, "GET", "/Contacts/search?criteria=(Nothing:equals:1)", status=400)
    call(account, "GET", "/Contacts/search", status=400)


def test_a_bulk_read_writes_a_file_with_everybody_in_it(account) -> None:
    """Ordered, done at once, fetched as a zip."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    body = json.dumps({"query": {"module": {"api_name": "Contacts"}, "fields": ["Last_Name"]}}).encode()
    told = account.answer(Call("POST", "/crm/bulk/v8/read", "", headers, body)).tree
    key = told["data"][0]["details"]["id"]
    assert account.answer(Call("GET", f"/crm/bulk/v8/read/{key}/result", "", headers)).raw.startswith(b"PK")


def test_a_token_and_a_path_are_needed(account) -> None:
    """Whoever has no token is told so, in Zoho's shape; and nothing is found where nothing is."""
    answer = account.answer(Call("GET", "/crm/v8/Contacts"))
    assert (answer.status, answer.tree["code"]) == (401, "INVALID_TOKEN")
    call(account, "GET", "/Contacts/1/Photos/2", status=400)
    call(account, "GET", "/Vendors?fields=id", status=400)
    names = {each["api_name"] for each in call(account, "GET", "/settings/fields?module=Contacts")["fields"]}
    assert {"Email", "Income", "id"} <= names
    assert "Contacts" in {each["api_name"] for each in call(account, "GET", "/settings/modules")["modules"]}

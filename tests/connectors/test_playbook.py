"""Playbooks: those that ship are usable, and a wrong one is told where and why."""

import json
from pathlib import Path

import pytest

from proxy.connectors import load_connector
from proxy.connectors.erasespec import ErasureModel
from proxy.connectors.playbook import SESSION, Refusal, compile_book
from proxy.errors import Problems, UpstreamFault
from proxy.message import Headers, Response

ROOT = Path(__file__).parents[2] / "policies" / "connectors"
JSON = Headers((("content-type", "application/json"),))


def book(name: str):
    """Return a playbook as it is shipped."""
    found = load_connector(ROOT / f"{name}.yaml").book
    assert found is not None
    return found


def test_the_fields_of_a_playbook_are_fields_of_its_connector() -> None:
    """What identifies somebody is listed, but for copies and text that no client may see."""
    connector = load_connector(ROOT / "salesforce.yaml")
    assert connector.book is not None
    for name in connector.book.people():
        unlisted = connector.book.objects[name].identifies.keys() - connector.catalogue[name].fields.keys()
        assert unlisted <= {"ExternalId__c"}  # a key of the sandbox's administrator, which no client may see


def test_a_query_quotes_what_it_is_asked_for() -> None:
    """A quote in an address does not end the query."""
    call = book("salesforce").calls["find"]
    condition = "Email = 'o\\'neill@example.org'"
    request = call.request({"object": "Contact", "fields": ["Id"], "any": condition})
    assert "WHERE%20Email%20%3D%20%27o%5C%27neill" in request.query


def test_a_fault_in_a_200_is_a_refusal() -> None:
    """Tryton answers 200 to what it does not do."""
    call = book("tryton").calls["delete"]
    body = json.dumps({"id": 1, "error": ["UserError", ["no"]]}).encode()
    with pytest.raises(Refusal, match="crm_refused"):
        call.accepted(Response(200, JSON, body))
    assert call.accepted(Response(200, JSON, b'{"id":1,"result":null}')) == {"id": 1, "result": None}


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (Response(500), "crm_failed"),
        (Response(429), "crm_busy"),
        (Response(200, JSON, b"<html>"), "crm_unreadable"),
        (Response(200), "crm_unreadable"),
        (Response(302), "crm_refused"),
        (Response(200, JSON, b'{"records": [{"Email": "x"}]}'), "crm_unreadable"),  # a record without an id
    ],
)
def test_what_cannot_be_understood_is_never_an_empty_answer(response: Response, reason: str) -> None:
    """A look that sees nothing has to have seen."""
    call = book("salesforce").calls["find"]
    request = call.request({"object": "Contact", "fields": ["Id"], "any": "x"})
    with pytest.raises(UpstreamFault, match=reason):
        call.read("Contact", "Id", ("Id",), request, response)


def test_the_next_page_is_asked_for_in_the_crms_own_way() -> None:
    """An address, or a cursor in the body."""
    first = book("salesforce").calls["find"]
    request = first.request({"object": "Contact", "fields": ["Id"], "any": "x"})
    body = b'{"records": [{"Id": "1"}], "nextRecordsUrl": "/services/data/v59.0/query/01g-2"}'
    page = first.read("Contact", "Id", ("Id",), request, Response(200, JSON, body))
    assert page.next is not None
    assert page.next.path == "/services/data/v59.0/query/01g-2"
    search = book("hubspot").calls["find"]
    request = search.request({"object": "contacts", "fields": [], "any": []})
    body = b'{"results": [{"id": "1", "properties": {}}], "paging": {"next": {"after": "100"}}}'
    page = search.read("contacts", "hs_object_id", (), request, Response(200, JSON, body))
    assert page.next is not None
    assert json.loads(page.next.body)["after"] == "100"


def test_pages_that_are_counted_end_where_the_crm_says_so() -> None:
    """The next one has the next number, in the place of the last; a mark that is no mark is none."""
    call = book("zoho").calls["past"]
    first = call.request({"object": "Contacts", "id": "17"})
    row = b'{"data":[{"id":"1","display_name":"x"}],"info":{"more_records":MORE}}'

    def after(request, more: bytes):
        return call.read("Contacts", "id", (), request, Response(200, JSON, row.replace(b"MORE", more))).next

    second = after(first, b"true")
    assert second.query == "type=permanent&per_page=200&page=2"
    assert after(second, b"true").query == "type=permanent&per_page=200&page=3"
    assert after(second, b"false") is None
    assert after(second, b'"true"') is None


def test_the_session_is_asked_for_and_not_known_here() -> None:
    """Whoever sends it puts the credential in."""
    request = book("salesforce").calls["purge"].request({"id": "003", "object": "Contact"})
    mark = request.headers.one(SESSION)
    assert f"<urn:sessionId>{mark}</urn:sessionId>".encode() in request.body


def test_nobody_can_have_the_credential_written_into_a_record() -> None:
    """What a record says is written back without the person; no text of it is where the credential goes."""
    call = book("odoo").calls["write"]
    request = call.request(
        {"object": "mail.message", "id": "7", "database": "crm", "uid": 2, "values": {"body": "{session}"}}
    )
    mark = request.headers.one(SESSION)
    assert mark is not None
    assert request.body.count(mark.encode()) == 1
    assert b"{session}" in request.body


DRAFT = {
    "find": {"send": "GET /{object}", "query": {"{field}": "{value}"}, "most": 1, "records": "$.items[*]"},
    "read": {"send": "GET /{set}/{id}", "records": "$.item", "alive": "$.live"},
    "write": {"send": "PATCH /{set}/{id}", "body": "{values}"},
    "delete": {"send": "DELETE /{set}/{id}"},
}


def drafted(**people: object):
    """Return a playbook of one object."""
    one = {"person": True, "identifies": {"mails": "emails"}, "words": {"set": "humans"}, **people}
    return compile_book(ErasureModel.model_validate({"calls": DRAFT, "objects": {"people": one}}))


def test_several_values_in_a_field_are_text_with_semicolons() -> None:
    """A list of texts, or of entries with a value; a member of a member; a mark that says it is not alive."""
    found = drafted(inside={"code": "own"}, holds={"code": "id"}, key="id")
    call, names = found.call("people", "read"), found.names("people")
    request = found.request(call, "people", id="a/b")
    assert request.path == "/humans/a%2Fb"
    row = {"id": 7, "mails": [{"value": "a@example.org"}, "b@example.org", None], "own": {"code": "X1"}}
    body = json.dumps({"item": {**row, "live": False}}).encode()
    (record,) = found.page(call, "people", names, request, Response(200, JSON, body)).records
    assert dict(record.fields) == {"id": "7", "mails": "a@example.org;b@example.org", "code": "X1"}
    assert record.deleted


def test_an_object_may_have_calls_of_its_own_and_has_every_word() -> None:
    """They take the place of those for all; a word that one object lacks is told."""
    own = {"delete": {"send": "POST /forget", "body": {"who": "{id}"}}}
    found = drafted(calls=own)
    assert found.call("people", "purge", "delete").model.send == "POST /forget"
    assert found.find_call("people", "purge", "deleted") is None
    assert (
        found.request(found.call("people", "find"), "people", field="mails", value="a b").query == "mails=a%20b"
    )
    with pytest.raises(ValueError, match="unknown name: set"):
        drafted(words={})
    with pytest.raises(ValueError, match="has a blank of unknown name: who"):
        drafted(calls={"delete": {"send": "DELETE /{who}"}})


COMPUTED = {
    "salesforce": ["Case.ContactEmail", "Case.ContactPhone", "Case.ContactMobile"],
    "hubspot": ["contacts.hs_email_domain"],  # of an address, the part that is nobody's
    "tryton": ["party.identifier.rec_name"],
}
"""Copies that a CRM makes when somebody asks: they go with what they repeat."""


@pytest.mark.parametrize("name", sorted(path.stem for path in ROOT.glob("*.yaml")))
def test_copies_that_a_crm_keeps_are_looked_into_when_somebody_is_erased(name: str) -> None:
    """An address that stays in a copy is found as any other; names and streets are looked for in texts."""
    connector = load_connector(ROOT / f"{name}.yaml")
    assert connector.book is not None
    objects = connector.book.objects
    left = [
        f"{spec.name}.{field}"
        for spec in connector.catalogue.values()
        if spec.name in objects
        for field, of in spec.fields.items()
        for each in of.copies
        if each.object in objects
        and objects[each.object].identifies.get(each.field, "name") not in {"name", "address", "text"}
        and field
        not in {*objects[spec.name].identifies, *objects[spec.name].holds, *objects[spec.name].free_text}
    ]
    assert left == COMPUTED.get(name, [])


def test_both_forms_of_a_salesforce_id() -> None:
    """A client may name a record by fifteen characters of its id."""
    assert book("salesforce").ids("003Lg0000000001IAA") == ("003Lg0000000001IAA", "003Lg0000000001")
    assert book("hubspot").ids("101") == ("101",)


WRONG = [
    # what is written, what stands in its place, what is told of that
    (
        "    delete:\n      send: POST /crm/v3/objects/{object}/gdpr-delete",
        "    purge:\n      send: POST /x",
        "needs `delete`",
    ),
    ("{id}/gdpr", "{id}/gdpr", ""),
    ("same: [[email], [national_id]]", "same: [[emial]]", "names what is not in its `identifies`"),
    ('properties: "{fields}"', 'properties: "{feilds}"', "blank of unknown name: feilds"),
    ('"{fields:commas}"', '"{fields:comas}"', "quotes a blank as comas"),
    ("then: scrub\n", "then: overwrite\n", "say what with, under `blank`"),
    ("then: scrub\n", "then: delete\n      purge: true\n", "has no `purge`"),
    ("free_text: [description]\n      then: scrub", "then: scrub", "under `free_text`"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "told"), WRONG)
def test_a_wrong_playbook_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    """file:line:column, and what to write."""
    text = (ROOT / "hubspot.yaml").read_text("utf-8")
    path = tmp_path / "hubspot.yaml"
    path.write_text(text.replace(old, new), "utf-8")
    if not told:
        load_connector(path)
        return
    with pytest.raises(Problems) as caught:
        load_connector(path)
    assert told in str(caught.value)
    assert f"{path}:{2 + text[: text.index('erasure:')].count(chr(10))}:" in str(caught.value)

"""What is protected is found, and turned back, where one member of a record holds now this and now that."""

import json
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from proxy.connectors.playbook import Book, Found
from proxy.message import Headers, Request, Response
from proxy.model import Protection
from proxy.steps.asking import find
from proxy.steps.strays import absent
from proxy.vault import Opening, Put, Sending, Vault, rows
from tests.erase.conftest import connector_of
from tests.vault.conftest import clock, make, vault

__all__ = ["clock", "make", "vault"]
MECHANISM, MAIL = "party.contact_mechanism", "nessa.quill@example.org"
PLAIN = Protection("r", "tryton", MECHANISM, "any_value", "token", "user.contact", "text", "", "text-1")
WAYS = {
    "email_value": replace(
        PLAIN, field="email_value", element="user.contact.email", form="email", domain="t.acme.example",
        normaliser="email-1",
    ),
    "phone_value": replace(
        PLAIN, field="phone_value", element="user.contact.phone_number", form="phone", normaliser="phone-1"
    ),
    "web_value": replace(PLAIN, field="web_value", element="user.contact.url"),
    "any_value": PLAIN,
}  # fmt: skip


def book_of(ways: dict[str, Protection]) -> Book:
    """Return the playbook of Tryton where some kinds of ways to reach people are protected."""
    book = connector_of("tryton").book
    assert book is not None
    return replace(book, protections={MECHANISM: ways})


def contacts(*names: str) -> Book:
    """Return the playbook of Salesforce where some fields of contacts are ciphertext."""
    book = connector_of("salesforce").book
    assert book is not None
    notes = Protection("r", "salesforce", "Contact", "", "envelope", "user.content.private", room=200)
    return replace(book, protections={"Contact": {name: replace(notes, field=name) for name in names}})


def told(asking: Generator[Any, Any, Any], vault: Vault, rows_: list[dict[str, Any]], asked: list[str]) -> Any:
    """Return what comes of it where the CRM has some rows and answers with those whose value is asked for."""
    try:
        need = next(asking)
        while True:
            if isinstance(need, Sending | Opening):
                need = asking.send(vault.settle(need))
                continue
            assert isinstance(need, Request)
            asked.append(need.body.decode())
            found = [row for row in rows_ if json.dumps(row["value"]) in asked[-1]]
            need = asking.send(
                Response(
                    200, Headers((("content-type", "application/json"),)), json.dumps({"result": found}).encode()
                )
            )
    except StopIteration as over:
        return over.value


@pytest.fixture
def token(vault: Vault) -> str:
    """Have an address protected that Tryton has in the record 7."""
    (placed,) = vault.settle(Sending(puts=(Put(WAYS["email_value"], MAIL, "7", 0),))).placed
    return placed.text


def test_an_address_is_found_by_its_token_alone(vault: Vault, token: str) -> None:
    """In whatever kind of mechanism: nothing is asked for in clear, and what is found reads as it is."""
    asked: list[str] = []
    row = {"id": 7, "type": "email", "value": token, "value_compact": token, "party": 1}
    (found,) = told(find(book_of(WAYS), MECHANISM, [("value", MAIL)]), vault, [row], asked)
    assert isinstance(found, Found)
    assert (found.id, found.fields["value"], found.fields["value_compact"]) == ("7", MAIL, MAIL)
    assert all(MAIL not in each for each in asked)


def test_where_a_kind_is_in_clear_it_is_asked_for_as_well(vault: Vault, token: str) -> None:
    """A number is not protected here: it is found as it is, beside the tokens."""
    asked: list[str] = []
    some = [{"id": 8, "type": "phone", "value": "+353861234567", "party": 1}]
    book = book_of({"email_value": WAYS["email_value"]})
    (found,) = told(find(book, MECHANISM, [("value", "+353861234567")]), vault, some, asked)
    assert (found.id, found.fields["value"]) == ("8", "+353861234567")


def test_tokens_are_asked_for_where_they_are_stored(vault: Vault) -> None:
    """One that a record has is that record's from then on; the other is in none."""
    puts = (Put(WAYS["email_value"], MAIL, None, 0), Put(WAYS["phone_value"], "+353861234567", None, 1))
    mail, phone = (each.text for each in vault.settle(Sending(puts=puts)).placed)
    row = {"id": 9, "type": "email", "value": mail, "party": 1}
    tokens = [(MECHANISM, "email_value", mail), (MECHANISM, "phone_value", phone)]
    assert told(absent(book_of(WAYS), tokens), vault, [row], []) == {phone}
    with vault.store.read() as connection:
        assert {each.handle: each.record for each in rows.by_handle(connection, [mail, phone]).values()} == {
            mail: "9",
            phone: None,
        }


@pytest.mark.parametrize("name", ["Description", "Languages__c"])
def test_ciphertext_of_a_record_whose_making_nobody_answered_is_its_own(vault: Vault, name: str) -> None:
    """Whoever finds the person reads all that is protected of the record, so that its key goes with them."""
    book = contacts(name)
    way = book.protections["Contact"][name]
    (placed,) = vault.settle(Sending(puts=(Put(way, "Calls after 3 p.m.", None, 0),))).placed
    asked: list[str] = []
    row = {"Id": "003000000000000007", "LastName": "Quill", name: placed.text, "value": "Quill"}

    def answer(request: Request) -> bytes:
        asked.append(request.query)
        return json.dumps({"records": [row], "done": True}).encode()

    asking = find(book, "Contact", [("LastName", "Quill")])
    need = next(asking)
    try:
        while True:
            if isinstance(need, Request):
                json_ = (("content-type", "application/json"),)
                need = asking.send(Response(200, Headers(json_), answer(need)))
            else:
                need = asking.send(vault.settle(need))
    except StopIteration as over:
        (found,) = over.value
    assert name in asked[0]
    is_text = name in book.objects["Contact"].free_text
    assert found.fields[name] == (placed.text if is_text else "Calls after 3 p.m.")
    with vault.store.read() as connection:
        assert [each.record for each in rows.by_handle(connection, [placed.handle]).values()] == [row["Id"]]

"""Routes that YAML alone describes: what they use, what they write, and what comes back."""

import pytest

from proxy.connectors import Connector
from proxy.connectors.choices import select
from proxy.errors import Gap, Refused, Undecodable, UpstreamFault
from proxy.message import Request, Tree
from proxy.model import Action

ID = "003000000000001"
CONTACT = f"/services/data/v59.0/sobjects/Contact/{ID}"


@pytest.mark.parametrize("text", ["", "a,", ",a", "a b", "a.b", "é", "a" * 101, "1a", "a\n"])
def test_select_reads_names_only(text: str) -> None:
    """A list of fields is names and commas."""
    with pytest.raises(Gap):
        select(text)
    assert select("a,B_c,D1") == ["a", "B_c", "D1"]


def test_uses_are_bounded_by_what_is_listed(salesforce: Connector) -> None:
    """However many names a body holds, those that nobody listed are one use."""
    request = Request("PATCH", CONTACT, body=b"{}")
    body = {f"F{number}": 1 for number in range(1_200)}
    assert len(salesforce.route(request).recognise(request, body).operations[0].uses) == 1


def test_what_is_written_is_what_is_sent(salesforce: Connector) -> None:
    """A write's record is the very dict inside the tree that is sent, so that it can be edited in place."""
    request = Request("PATCH", CONTACT, body=b"{}")
    body: dict[str, Tree] = {"attributes": {"type": "Contact"}, "Phone": "1", "Active": None}
    asked = salesforce.route(request).recognise(request, body)
    (record,) = asked.writes
    assert asked.tree is record.members
    assert record.members == {"Phone": "1", "Active": None}
    assert (record.object, record.action) == ("Contact", Action.UPDATE)


def test_what_is_written_goes_by_the_connectors_names(salesforce: Connector) -> None:
    """A name in another case is the same field: masks are looked for under its name, and it is sent so."""
    request = Request("PATCH", CONTACT, body=b"{}")
    asked = salesforce.route(request).recognise(request, {"pHONE": "1", "EMAIL": None})
    assert asked.tree == asked.writes[0].members == {"Phone": "1", "Email": None}


@pytest.mark.parametrize("names", [("Phone", "phone"), ("PHONE", "pHONE"), ("SSN__C", "ssn__c")])
def test_a_field_stands_once_in_a_write(salesforce: Connector, names: tuple[str, str]) -> None:
    """Of two names for one field the CRM would take either value, and only one of them was looked at."""
    request = Request("PATCH", CONTACT, body=b"{}")
    with pytest.raises(Undecodable, match="repeated_field"):
        salesforce.route(request).recognise(request, dict.fromkeys(names, "1"))


def test_batch_writes_are_records_each(hubspot: Connector) -> None:
    """Every input of a batch is a record of its own, inside the tree that is sent."""
    request = Request("POST", "/crm/v3/objects/contacts/batch/update", body=b"{}")
    body = {"inputs": [{"id": "1", "properties": {"phone": "2"}}, {"id": "3", "properties": {"city": "x"}}]}
    asked = hubspot.route(request).recognise(request, body)
    assert [record.members for record in asked.writes] == [{"phone": "2"}, {"city": "x"}]
    asked.writes[0].members["phone"] = "9"
    assert asked.tree == {
        "inputs": [{"id": "1", "properties": {"phone": "9"}}, {"id": "3", "properties": {"city": "x"}}]
    }


HIDDEN = frozenset({("contacts", "iban"), ("contacts", "unclassified"), ("Contact", "unclassified")})
CONTACTS = "/crm/v3/objects/contacts"


@pytest.mark.parametrize(
    ("target", "tree", "asked_for"),
    [
        (f"{CONTACTS}/12?properties=email,iban&properties=loyalty", None, f"{CONTACTS}/12?properties=email"),
        (f"{CONTACTS}/12", None, f"{CONTACTS}/12"),
        (f"{CONTACTS}/search", {"properties": ["loyalty", "email", "iban"]}, {"properties": ["email"]}),
        (f"{CONTACTS}/search", {"query": ""}, {"query": ""}),
        (f"{CONTACTS}/search", {"properties": []}, {"properties": []}),
        (
            f"{CONTACTS}/batch/read",
            {"properties": ["email", "iban"], "inputs": [{"id": "1"}]},
            {"properties": ["email"], "inputs": [{"id": "1"}]},
        ),
        (f"{CONTACT}?fields=Secret__c,email", None, f"{CONTACT}?fields=Email"),
    ],
)
def test_what_could_not_be_shown_is_not_asked_for(
    salesforce: Connector, hubspot: Connector, target: str, tree: Tree, asked_for: Tree
) -> None:
    """In parameters and bodies; a property that nobody listed goes as one goes that is hidden."""
    path, _, query = target.partition("?")
    request = Request("GET" if tree is None else "POST", path, query, body=b"" if tree is None else b"{}")
    connector = salesforce if path == CONTACT else hubspot
    asked = connector.route(request).recognise(request, tree)
    operations = asked.operations
    asked.narrow(HIDDEN)
    assert (asked.target if tree is None else asked.tree) == asked_for
    assert asked.operations == operations  # what was asked for stays on record
    asked.gather({"contacts": frozenset({"country"})})
    wider = asked.target if tree is None else str(asked.tree)
    assert "iban" not in wider
    assert ("country" in wider) is (connector is hubspot)


@pytest.mark.parametrize("target", [f"{CONTACTS}/12?properties=iban,loyalty", f"{CONTACTS}?properties=loyalty"])
def test_a_request_for_nothing_else_is_refused(hubspot: Connector, target: str) -> None:
    """To name none would ask for whatever the CRM chooses."""
    path, _, query = target.partition("?")
    request = Request("GET", path, query)
    with pytest.raises(Refused, match="not_granted"):
        hubspot.route(request).recognise(request, None).narrow(HIDDEN)


def test_what_a_write_answers_is_judged_as_read(hubspot: Connector) -> None:
    """A record that comes back from a write is shown, whoever may write it."""
    request = Request("PATCH", "/crm/v3/objects/contacts/12", body=b"{}")
    asked = hubspot.route(request).recognise(request, {"properties": {"phone": "1"}})
    opened = asked.open(200, {"id": "12", "properties": {"phone": "1", "iban": "x"}})
    assert {record.action for record in opened.records} == {Action.READ}


def test_a_create_answers_with_an_id(salesforce: Connector) -> None:
    """Of the answer to a create there is the id, whether it worked, and no error text."""
    request = Request("POST", "/services/data/v59.0/sobjects/Contact/", body=b"{}")
    asked = salesforce.route(request).recognise(request, {"LastName": "x"})
    opened = asked.open(201, {"id": ID, "success": True, "errors": [{"message": "Mara"}], "warnings": []})
    assert opened.tree == {"id": ID, "success": True, "errors": []}
    assert (opened.records, opened.pruned) == ([], 2)


def test_an_answer_without_a_body(salesforce: Connector) -> None:
    """A delete answers nothing, and whatever comes with it is dropped."""
    request = Request("DELETE", CONTACT)
    asked = salesforce.route(request).recognise(request, None)
    assert (asked.open(204, None).tree, asked.open(204, None).pruned) == (None, 0)
    assert (asked.open(200, {"Email": "x"}).tree, asked.open(200, {"Email": "x"}).pruned) == (None, 1)


def test_a_record_must_come_where_one_was_asked_for(salesforce: Connector) -> None:
    """An empty answer is no record."""
    request = Request("GET", CONTACT)
    asked = salesforce.route(request).recognise(request, None)
    with pytest.raises(UpstreamFault):
        asked.open(200, None)
    assert asked.open(204, None).tree is None


def test_what_is_written_in_pairs_is_written_where_it_stands(hubspot: Connector) -> None:
    """A change to what is written is one to the pair that is sent."""
    body: Tree = {"properties": [{"property": "phone", "value": "1"}, {"property": "city", "value": "x"}]}
    request = Request("POST", "/contacts/v1/contact/vid/7/profile", body=b"{}")
    asked = hubspot.route(request).recognise(request, body)
    (write,) = asked.writes
    assert (write.members, write.targets) == ({"phone": "1", "city": "x"}, ("7",))
    holder, member = write.stands("phone")
    holder[member] = "sealed"
    assert asked.tree == {
        "properties": [{"property": "phone", "value": "sealed"}, {"property": "city", "value": "x"}]
    }

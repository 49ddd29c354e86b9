"""Answers to COQL: rows as records, what is behind lookups as records of their own, and computed rows."""

from typing import Any

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Asked, Opened
from proxy.errors import UpstreamFault
from proxy.message import Request
from proxy.model import Action


def asked(zoho: Connector, query: str) -> Asked:
    """Return what the connector makes of a query."""
    request = Request("POST", "/crm/v8/coql", body=b"{}")
    return zoho.route(request).recognise(request, {"select_query": query})


def opened(zoho: Connector, query: str, *rows: Any) -> Opened:
    """Return the answer to a query, taken apart."""
    answer = {"data": list(rows), "info": {"count": len(rows), "more_records": False, "other": "x"}}
    return asked(zoho, query).open(200, answer)


def test_a_row_is_a_record_and_says_whose_it_is(zoho: Connector) -> None:
    """A column that nobody asked for is pruned, whatever it is called; the id is judged as one."""
    found = opened(
        zoho, "select Last_Name from Contacts where id = 1", {"Last_Name": "B", "IBAN": "x", "id": "17"}
    )
    (record,) = found.records
    assert (record.object, record.key, record.members) == ("Contacts", "17", {"Last_Name": "B", "id": "17"})
    assert record.names["id"] == ("Contacts", "id", Action.LIST)
    assert found.tree["info"] == {"count": 1, "more_records": False}
    assert found.pruned == 2


def test_fields_of_a_person_behind_a_lookup_are_that_persons(zoho: Connector) -> None:
    """They are judged by that person's id, which goes again where the client did not ask for it."""
    query = "select Amount, Contact_Name.Email from Deals where id is not null"
    row = {"Amount": 5, "Contact_Name.Email": "a@example.org", "Contact_Name.id": "17", "id": "3"}
    deal, person = opened(zoho, query, row).records
    assert (person.object, person.key) == ("Contacts", "17")
    assert person.names == {"Contact_Name.Email": ("Contacts", "Email", Action.LIST)}
    assert person.keep == {"Amount", "id"}
    assert deal.keep == {"Contact_Name.Email"}
    assert deal.members is person.members
    assert "Contact_Name.id" not in deal.members


def test_the_id_of_a_person_behind_a_lookup_stays_where_it_was_asked_for(zoho: Connector) -> None:
    """It is a field of that person like any other."""
    query = "select Contact_Name.id from Deals where id is not null"
    _, person = opened(zoho, query, {"Contact_Name.id": "17", "id": "3"}).records
    assert person.members["Contact_Name.id"] == "17"


def test_a_lookup_that_leads_to_nobody_is_the_rows_own(zoho: Connector) -> None:
    """There is nobody to ask about; so null is judged with the record it stands in."""
    query = "select Contact_Name.Email from Deals where id is not null"
    (deal,) = opened(zoho, query, {"Contact_Name.Email": None, "Contact_Name.id": None, "id": "3"}).records
    assert deal.names["Contact_Name.Email"] == ("Contacts", "Email", Action.LIST)
    assert "Contact_Name.id" not in deal.members


def test_a_lookup_comes_in_short(zoho: Connector) -> None:
    """Its id is the field, its name is the other record's; anything nested elsewhere goes."""
    query = "select Account_Name, Owner, Contact_Name.Owner from Deals where id is not null"
    row = {
        "Account_Name": {"name": "N", "id": "1"},
        "Owner": {"name": "O", "id": "5", "email": "o@example.org"},
        "Contact_Name.Owner": {"name": "P", "id": "6"},
        "Contact_Name.id": "17",
        "id": "3",
    }
    records = opened(zoho, query, row).records
    assert [record.object for record in records] == ["Accounts", "Users", "Deals", "Contacts"]
    assert "Contact_Name.Owner" not in row


def test_a_computed_row_holds_what_its_functions_give(zoho: Connector) -> None:
    """A count is a number, and no name that stands in its place; what has no column goes."""
    query = "select COUNT(id) as n, SUM(Amount), Stage from Deals where id is not null group by Stage"
    (row,) = opened(zoho, query, {"n": "Aoife", "SUM(Amount)": 5, "Stage": "New", "id": "3", "x": 1}).records
    assert row.members == {"SUM(Amount)": 5, "Stage": "New"}
    assert row.names["n"] == ("Deals", "id", Action.AGGREGATE)
    assert row.key is None


@pytest.mark.parametrize("answer", [None, {}, {"data": "x"}, []])
def test_an_answer_of_another_shape_is_withheld(zoho: Connector, answer: Any) -> None:
    """A query is answered with rows, or with nothing at all and 204."""
    with pytest.raises(UpstreamFault):
        asked(zoho, "select id from Contacts where id is null").open(200, answer)


def test_nothing_found_is_nothing(zoho: Connector) -> None:
    """204 has no body; a row that is none is pruned."""
    assert asked(zoho, "select id from Contacts where id is null").open(204, None).tree is None
    assert opened(zoho, "select id from Contacts where id = 1", "x").tree["data"] == []


def test_facts_are_asked_for_and_taken_out_again(zoho: Connector) -> None:
    """A condition of policy may look at a field that the client did not select."""
    found = asked(zoho, "select Last_Name from Contacts where id is not null")
    found.gather({"Contacts": frozenset({"lead_source"})})
    assert found.tree == {"select_query": "select Last_Name, Lead_Source from Contacts where id is not null"}
    (record,) = found.open(200, {"data": [{"Last_Name": "B", "Lead_Source": "Web", "id": "17"}]}).records
    assert record.facts == {"lead_source": "Web"}
    assert record.members == {"Last_Name": "B", "id": "17"}

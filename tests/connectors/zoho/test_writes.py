"""Rows that are written: each record, where it stands in what is sent, and whom it is about."""

from typing import Any

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Asked
from proxy.errors import Undecodable, UpstreamFault
from proxy.message import Request
from proxy.model import Action

DONE = {"code": "SUCCESS", "message": "record added", "status": "success"}


def asked(zoho: Connector, method: str, path: str, body: Any) -> Asked:
    """Return what the connector makes of a write."""
    request = Request(method, f"/crm/v8{path}", body=b"{}")
    return zoho.route(request).recognise(request, body)


def test_each_row_is_a_record_of_its_own(zoho: Connector) -> None:
    """Whatever is put in place of a value stands in what is sent, and nowhere else."""
    found = asked(zoho, "PUT", "/Contacts", {"data": [{"id": "17", "Phone": "1"}, {"id": "18", "Phone": "2"}]})
    assert [write.targets for write in found.writes] == [("17",), ("18",)]
    assert [write.members for write in found.writes] == [{"Phone": "1"}, {"Phone": "2"}]
    for write in found.writes:
        holder, name = write.stands("Phone")
        holder[name] = "sealed"
    assert found.tree == {"data": [{"id": "17", "Phone": "sealed"}, {"id": "18", "Phone": "sealed"}]}


def test_a_lookup_is_written_as_the_field_that_it_is(zoho: Connector) -> None:
    """By its id, which may be changed where it stands."""
    found = asked(zoho, "POST", "/Deals", {"data": [{"Deal_Name": "x", "Contact_Name": {"id": "17"}}]})
    row, link = sorted(found.writes, key=lambda write: len(write.members), reverse=True)
    assert (link.members, row.keep) == ({"Contact_Name": "17"}, {"Contact_Name"})
    holder, name = link.stands("Contact_Name")
    holder[name] = "19"
    assert found.tree["data"][0]["Contact_Name"] == {"id": "19"}


def test_an_upsert_writes_to_nobody_knows_whom(zoho: Connector) -> None:
    """Somebody is changed or made: both are written, and the record is named by none of the ids."""
    body = {"data": [{"Email": "a@example.org"}], "duplicate_check_fields": ["Email"]}
    found = asked(zoho, "POST", "/Contacts/upsert", body)
    assert [(write.action, write.targets) for write in found.writes] == [
        (Action.UPDATE, ()),
        (Action.CREATE, ()),
    ]


@pytest.mark.parametrize("rows", [101, 0])
def test_so_many_rows_and_no_more(zoho: Connector, rows: int) -> None:
    """Zoho takes a hundred."""
    with pytest.raises(Exception, match=r"too_many_items|unknown_value"):
        asked(zoho, "POST", "/Contacts", {"data": [{"Last_Name": "x"}] * rows})


def test_what_came_of_each_is_told_in_our_words(zoho: Connector) -> None:
    """Of a success its id; of an error its code, and nothing of whom it is about."""
    found = asked(zoho, "POST", "/Contacts", {"data": [{"Last_Name": "x"}]})
    twin = {"id": "18", "duplicate_record": {"IBAN": "canary"}}
    answer = {
        "data": [
            {**DONE, "details": {"id": "17", "Created_By": {"name": "N"}}},
            {"code": "DUPLICATE_DATA", "details": twin, "message": "canary", "status": "error"},
            {"code": "CANARY", "details": twin, "message": "canary", "status": "success"},
            "canary",
        ]
    }
    opened = found.open(207, answer)
    assert opened.tree["data"][0] == {**DONE, "details": {"id": "17"}}
    assert [each["code"] for each in opened.tree["data"]] == [
        *("SUCCESS", "DUPLICATE_DATA", "INVALID_REQUEST", "INVALID_REQUEST")
    ]
    assert "canary" not in str(opened.tree)
    assert "18" not in str(opened.tree)
    with pytest.raises(UpstreamFault):
        found.open(200, None)


def test_an_id_that_is_none_is_refused(zoho: Connector) -> None:
    """Nobody knows whose a row without one is."""
    for key in (17, "x", None):
        with pytest.raises(Undecodable):
            asked(zoho, "PUT", "/Contacts", {"data": [{"id": key, "Phone": "1"}]})

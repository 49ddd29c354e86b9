"""What is written to SuiteCRM: each attribute where it stands in what is sent, and a link as its field."""

from typing import Any

from proxy.connectors import Connector
from proxy.message import Request


def asked(suitecrm: Connector, method: str, path: str, body: Any) -> Any:
    """Return what the connector makes of a write."""
    request = Request(method, f"/Api/V8/module{path}", body=b"{}" if body else b"")
    return suitecrm.route(request).recognise(request, body)


def test_attributes_are_written_where_they_stand(suitecrm: Connector) -> None:
    """Whatever is put in place of a value is what is sent."""
    data = {"type": "contacts", "id": "ab-17", "attributes": {"Phone_Work": "1"}}
    found = asked(suitecrm, "PATCH", "", {"data": data})
    (write,) = found.writes
    assert (write.object, write.targets, write.members) == ("Contacts", ("ab-17",), {"phone_work": "1"})
    holder, name = write.stands("phone_work")
    holder[name] = "sealed"
    assert found.tree == {"data": {"type": "Contacts", "id": "ab-17", "attributes": {"phone_work": "sealed"}}}


def test_a_link_is_written_to_the_record_that_holds_it(suitecrm: Connector) -> None:
    """From either end; cut, it holds nothing."""
    body = {"data": {"type": "Contacts", "id": "ab-17"}}
    (write,) = asked(suitecrm, "POST", "/Accounts/a-1/relationships/contacts", body).writes
    assert (write.object, write.targets, write.members) == ("Contacts", ("ab-17",), {"account_id": "a-1"})
    (write,) = asked(suitecrm, "DELETE", "/Contacts/ab-17/relationships/accounts/a-1", None).writes
    assert (write.object, write.targets, write.members) == ("Contacts", ("ab-17",), {"account_id": ""})


def test_the_mark_of_deletion_is_a_delete_and_taken_back_it_is_no_less(suitecrm: Connector) -> None:
    """Taken back, somebody is there again; whoever may not delete may not do that either."""
    gone, back = dict.fromkeys((1, "1", "TRUE"), ()), dict.fromkeys((0, "false", None), (("Contacts", "ab-17"),))
    for said, records in (gone | back).items():
        data = {"type": "Contacts", "id": "ab-17", "attributes": {"deleted": said}}
        found = asked(suitecrm, "PATCH", "", {"data": data})
        assert [str(each.action) for each in found.operations] == ["update", "delete"]
        assert suitecrm.brought_back(found) == records

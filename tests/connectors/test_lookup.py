"""Records named by a field: what comes back, and what does not."""

import json

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Asked
from proxy.errors import UpstreamFault
from proxy.message import Request

BY_MAIL = "/services/data/v59.0/sobjects/Contact/Email/a@example.org"


def ask(connector: Connector, method: str, body: object = None) -> Asked:
    """Return what a request about the owner of an address asks for."""
    raw = b"" if body is None else json.dumps(body).encode()
    request = Request(method, BY_MAIL, body=raw)
    return connector.route(request).recognise(request, body)


def test_one_record_is_opened_as_a_record(salesforce: Connector) -> None:
    """The record that was found is judged like any other; a list of several is never released."""
    found = {"attributes": {"type": "Contact"}, "SSN__c": "canary"}
    (record,) = ask(salesforce, "GET").open(200, found).records
    assert record.members["SSN__c"] == "canary"
    with pytest.raises(UpstreamFault):
        ask(salesforce, "GET").open(300, ["/services/data/v59.0/sobjects/Contact/003Lg0000000001IAA"])


def test_an_upsert_does_not_tell_whose_record_it_was(salesforce: Connector) -> None:
    """Whether the record is new is said; its id is not."""
    answer = {"id": "003Lg0000000001IAA", "success": True, "errors": [], "created": False}
    asked = ask(salesforce, "PATCH", {"Phone": "1"})
    assert asked.open(200, answer).tree == {"success": True, "errors": [], "created": False}
    assert ask(salesforce, "PATCH", {"Phone": "1"}).open(204, None).tree is None


def test_an_upsert_writes_the_value_in_the_path_too(salesforce: Connector) -> None:
    """A new record gets it, so it is checked like what stands in the body; a read stores nothing."""
    asked = ask(salesforce, "PATCH", {"Phone": "1"})
    assert [record.members for record in asked.writes] == [{"Phone": "1"}, {"Email": "a@example.org"}]
    assert ask(salesforce, "GET").writes == ()

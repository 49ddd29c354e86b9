"""References between requests in one: what is sent keeps them, whatever is asked for less or more."""

from typing import Any

import pytest

from proxy.connectors import Connector
from proxy.errors import Gap
from proxy.message import Request

V = "/services/data/v59.0"
MADE = {"method": "POST", "url": f"{V}/sobjects/Contact", "referenceId": "who", "body": {"LastName": "x"}}
READ = {"method": "GET", "url": f"{V}/sobjects/Contact/@{{who.id}}?fields=Email,SSN__c", "referenceId": "then"}


def test_a_reference_stays_whatever_else_changes(salesforce: Connector) -> None:
    """Less and more can be asked for of what a reference names; our own stand-in never leaves."""
    request = Request("POST", f"{V}/composite")
    asked = salesforce.route(request).recognise(request, {"compositeRequest": [dict(MADE), dict(READ)]})
    asked.narrow(frozenset({("Contact", "SSN__c")}))
    asked.gather({"Contact": frozenset({"country"})})
    tree: Any = asked.tree
    assert [part["url"] for part in tree["compositeRequest"]] == [
        f"{V}/sobjects/Contact",
        f"{V}/sobjects/Contact/@{{who.id}}?fields=Email%2CMailingCountry",
    ]
    assert all(each.records == () for each in asked.operations)


@pytest.mark.parametrize(
    "first",
    [
        {**MADE, "url": f"{V}/sobjects/Contact/Email/a@b", "method": "PATCH"},  # may be somebody's record
        {**MADE, "url": f"{V}/composite/sobjects", "body": {"records": [{"attributes": {"type": "Lead"}}]}},
    ],
)
def test_only_one_new_record_can_be_referred_to(salesforce: Connector, first: dict[str, object]) -> None:
    """An upsert may find a record that was there, and of several records none is the one."""
    request = Request("POST", f"{V}/composite")
    with pytest.raises(Gap):
        salesforce.route(request).recognise(request, {"compositeRequest": [first, dict(READ)]})

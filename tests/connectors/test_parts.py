"""Requests inside a request: what the parts were answered is opened part by part."""

import json

import pytest

from proxy.connectors import Connector
from proxy.connectors.asked import Asked
from proxy.connectors.words import UNCLASSIFIED
from proxy.errors import Undecodable, UpstreamFault
from proxy.message import Request

V = "/services/data/v59.0"
CONTACT = f"{V}/sobjects/Contact/003Lg0000000001IAA"


def ask(connector: Connector, path: str, body: object) -> Asked:
    """Return what a POST with a body asks for."""
    request = Request("POST", f"{V}/{path}", body=json.dumps(body).encode())
    return connector.route(request).recognise(request, body, binding="mara|support")


def batch(connector: Connector, *urls: str) -> Asked:
    """Return what a batch of reading requests asks for."""
    requests = [{"method": "GET", "url": f"v59.0/{url}"} for url in urls]
    return ask(connector, "composite/batch", {"batchRequests": requests})


def composite(connector: Connector, path: str = "composite") -> Asked:
    """Return what a composite of one request, or a graph of one, asks for."""
    whole: dict[str, object] = {
        "compositeRequest": [{"method": "GET", "url": CONTACT, "referenceId": "a"}],
    }
    if path != "composite":
        whole = {"graphs": [{"graphId": "g", **whole}]}
    return ask(connector, path, whole)


def contact(**members: object) -> dict[str, object]:
    """Return a contact as Salesforce writes it."""
    return {"attributes": {"type": "Contact", "url": CONTACT}, **members}


def test_each_part_is_opened_by_its_own_route(salesforce: Connector) -> None:
    """Records of every part are found, errors become constants, and what nobody declared is gone."""
    asked = batch(salesforce, "sobjects/Contact/003Lg0000000001IAA", "query?q=SELECT+Id+FROM+Account")
    record = contact(Email="a@example.org", SSN__c="canary")
    error = [{"message": "canary", "errorCode": "MALFORMED_QUERY", "fields": ["canary"]}]
    results = [
        {"statusCode": 200, "result": record, "canary": 1},
        {"statusCode": 400, "result": error},
    ]
    opened = asked.open(200, {"hasErrors": False, "results": results, "canary": "canary"})
    assert [(each.object, each.members) for each in opened.records] == [("Contact", record)]
    assert opened.tree == {
        "hasErrors": True,
        "results": [
            {"statusCode": 200, "result": record},
            {
                "statusCode": 400,
                "result": [{"message": "The query was not understood.", "errorCode": "MALFORMED_QUERY"}],
            },
        ],
    }


def test_named_parts_come_back_under_their_names_and_without_headers(salesforce: Connector) -> None:
    """A `Location` would tell an id that policy may hide."""
    row = {
        "body": contact(),
        "httpHeaders": {"Location": "canary"},
        "httpStatusCode": 200,
        "referenceId": "a",
    }
    told = {"compositeResponse": [{**row, "httpHeaders": {}}]}
    assert composite(salesforce).open(200, {"compositeResponse": [row]}).tree == told
    graph = {"graphs": [{"graphId": "g", "graphResponse": {"compositeResponse": [row]}, "isSuccessful": False}]}
    assert composite(salesforce, "composite/graph").open(200, graph).tree == {
        "graphs": [{"graphId": "g", "graphResponse": told, "isSuccessful": True}]
    }


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"compositeResponse": []},
        {"compositeResponse": [None]},
        {"compositeResponse": [{"body": None, "httpStatusCode": 204, "referenceId": "b"}]},
        {"compositeResponse": [{"body": None, "httpStatusCode": "200", "referenceId": "a"}]},
        {"compositeResponse": [{"body": ["/x"], "httpStatusCode": 300, "referenceId": "a"}]},
        {"compositeResponse": [{"body": {"Secret": 1}, "httpStatusCode": 200, "referenceId": "a"}]},
        {"compositeResponse": [{"httpStatusCode": 200, "referenceId": "a"}] * 2},
    ],
)
def test_an_answer_that_does_not_match_the_parts_is_a_fault(salesforce: Connector, answer: object) -> None:
    """Nothing is released of an answer in which the parts cannot be told."""
    with pytest.raises(UpstreamFault):
        composite(salesforce).open(200, answer)


def test_parts_are_narrowed_and_widened_one_by_one(salesforce: Connector) -> None:
    """A hidden field is asked for in no part, and what conditions look at is asked for and taken out again."""
    url = "sobjects/Contact/003Lg0000000001IAA?fields=Email,SSN__c,Nothing__c"
    asked = batch(salesforce, url, "query?q=SELECT+Id,SSN__c+FROM+Contact")
    asked.narrow(frozenset({("Contact", "SSN__c"), ("Contact", UNCLASSIFIED)}))
    asked.gather({"Contact": frozenset({"country"})})
    assert asked.tree == {
        "batchRequests": [
            {"method": "GET", "url": "v59.0/sobjects/Contact/003Lg0000000001IAA?fields=Email%2CMailingCountry"},
            {"method": "GET", "url": "v59.0/query?q=SELECT%20Id%2C%20MailingCountry%20FROM%20Contact"},
        ]
    }
    page = {"totalSize": 1, "done": True, "records": [contact(Id="003Lg0000000001IAA", MailingCountry="DE")]}
    results = [
        {"statusCode": 200, "result": contact(Email="a", MailingCountry="IE")},
        {"statusCode": 200, "result": page},
    ]
    opened = asked.open(200, {"hasErrors": False, "results": results})
    assert "MailingCountry" not in str(opened.tree)
    assert opened.records[0].facts == {"country": "IE"}


def test_as_many_parts_as_the_crm_takes(salesforce: Connector) -> None:
    """One more than Salesforce takes is refused before anything is sent."""
    url = "sobjects/Contact/003Lg0000000001IAA"
    assert len(batch(salesforce, *[url] * 25).operations) == 25
    with pytest.raises(Undecodable):
        batch(salesforce, *[url] * 26)

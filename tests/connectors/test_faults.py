"""Errors: constants in the CRM's shape, so that its SDK raises its usual exception."""

import json

import pytest
import requests
import urllib3
from hubspot.crm.contacts import ApiException
from hubspot.crm.contacts.configuration import Configuration
from hubspot.crm.contacts.exceptions import (
    ForbiddenException,
    NotFoundException,
    ServiceException,
    UnauthorizedException,
)
from hubspot.crm.contacts.rest import RESTClientObject
from hypothesis import given
from hypothesis import strategies as st
from simple_salesforce import exceptions as raised
from simple_salesforce.util import exception_handler

from proxy.connectors import Connector
from proxy.message import Request, Response

CANARY = "mara.quinn@example.com 078-05-1120"
TREES = st.recursive(
    st.none() | st.integers() | st.just(CANARY),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "errorCode", "category", "fields", "context", CANARY]), inner, max_size=4
        )
    ),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("status", "tree", "code"),
    [
        (404, [{"errorCode": "NOT_FOUND", "message": CANARY}], "NOT_FOUND"),
        (
            400,
            [{"errorCode": "DUPLICATES_DETECTED", "message": CANARY, "duplicateResult": {"x": CANARY}}],
            "DUPLICATES_DETECTED",
        ),
        (
            400,
            [{"errorCode": "REQUIRED_FIELD_MISSING", "fields": [CANARY]}, {"errorCode": "X"}],
            "REQUIRED_FIELD_MISSING",
        ),
        (400, [{"errorCode": CANARY}], "MALFORMED_QUERY"),  # a code nobody listed is text
        (500, "<html>", "UNKNOWN_EXCEPTION"),
        (503, None, "SERVER_UNAVAILABLE"),
        (418, [], "BAD_REQUEST"),
    ],
)
def test_salesforce_errors_keep_only_a_known_code(
    salesforce: Connector, status: int, tree: object, code: str
) -> None:
    """Of the CRM's error nothing is left but a listed code, with the connector's text."""
    opened = salesforce.faults.open(status, tree)
    assert isinstance(opened.tree, list)
    (error,) = opened.tree
    assert error["errorCode"] == code
    assert CANARY not in json.dumps(opened.tree)
    assert opened.is_error
    assert opened.records == []


@given(tree=TREES, status=st.integers(400, 599))
def test_no_text_of_an_error_survives(
    salesforce: Connector, hubspot: Connector, tree: object, status: int
) -> None:
    """Whatever an error body holds, what is released is made of constants."""
    for connector in (salesforce, hubspot):
        assert CANARY not in json.dumps(connector.faults.open(status, tree).tree)


def test_hubspot_errors(hubspot: Connector) -> None:
    """A conflict keeps its category; correlation ids and the other contact's id go."""
    tree = {
        "status": "error",
        "category": "CONFLICT",
        "message": CANARY,
        "correlationId": CANARY,
        "context": {"id": ["1"]},
    }
    assert hubspot.faults.open(409, tree).tree == {
        "status": "error",
        "message": "The record already exists or has changed meanwhile.",
        "category": "CONFLICT",
    }


def refuse(connector: Connector, status: int) -> Response:
    """Return a refusal of a request that holds a canary in every part."""
    request = Request("GET", f"/{CANARY}", CANARY, body=CANARY.encode())
    return connector.refusal(request, status, "not_granted", "Policy does not allow this.", "DEC-1")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, raised.SalesforceMalformedRequest),
        (401, raised.SalesforceExpiredSession),
        (403, raised.SalesforceRefusedRequest),
        (404, raised.SalesforceResourceNotFound),
        (422, raised.SalesforceGeneralError),
        (503, raised.SalesforceGeneralError),
    ],
)
def test_simple_salesforce_raises_its_usual_exception(
    salesforce: Connector, status: int, error: type[Exception]
) -> None:
    """The SDK reads our refusal as one of the CRM's, with the decision to ask about."""
    refusal = refuse(salesforce, status)
    assert CANARY.encode() not in refusal.body
    answer = requests.Response()
    answer.status_code, answer._content, answer.url = status, refusal.body, "https://crm.example/"
    answer.headers.update(dict(refusal.headers))
    with pytest.raises(error) as caught:
        exception_handler(answer)
    assert caught.value.content[0]["message"] == "Policy does not allow this. (decision DEC-1)"
    assert caught.value.content[0]["errorCode"].isupper()
    assert refusal.headers.one("lychgate-decision") == "DEC-1"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ApiException),
        (401, UnauthorizedException),
        (403, ForbiddenException),
        (404, NotFoundException),
        (503, ServiceException),
    ],
)
def test_hubspot_raises_its_usual_exception(hubspot: Connector, status: int, error: type[Exception]) -> None:
    """The SDK reads our refusal as one of the CRM's, with the decision to ask about."""
    refusal = refuse(hubspot, status)
    assert CANARY.encode() not in refusal.body

    class Pool:
        def request(self, *_: object, **__: object) -> urllib3.HTTPResponse:
            return urllib3.HTTPResponse(refusal.body, dict(refusal.headers), status)

    client = RESTClientObject(Configuration())
    client.pool_manager = Pool()
    with pytest.raises(error) as caught:
        client.GET("http://crm.example/")
    assert json.loads(caught.value.body) == {
        "status": "error",
        "message": "Policy does not allow this. (decision DEC-1)",
        "correlationId": "DEC-1",
        "category": json.loads(caught.value.body)["category"],
    }

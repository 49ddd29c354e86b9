"""Errors in the shape of the API that was asked."""

import json
from xml.etree import ElementTree as ET

import pytest

from proxy.connectors import Connector
from proxy.connectors.salesforcefaults import SalesforceFaults
from proxy.message import Headers, Request

BULK = "/services/async/59.0/job"
SOAP = "/services/Soap/u/59.0"


def test_refusals_have_the_shape_of_their_api(salesforce: Connector) -> None:
    """A list for REST, an object or XML for Bulk 1.0, a fault for SOAP; each with the decision's id."""
    xml = Headers((("content-type", "application/xml"),))
    told = {
        "rest": salesforce.refusal(Request("GET", "/services/data/v59.0/query"), 403, "x", "No <way>.", "d1"),
        "bulk": salesforce.refusal(Request("POST", BULK), 403, "x", "No <way>.", "d1"),
        "bulk in XML": salesforce.refusal(Request("POST", BULK, headers=xml), 401, "x", "No <way>.", "d1"),
        "soap": salesforce.refusal(Request("POST", SOAP), 403, "x", "No <way>.", "d1"),
    }
    said = "No <way>. (decision d1)"
    assert json.loads(told["rest"].body) == [{"message": said, "errorCode": "INSUFFICIENT_ACCESS"}]
    assert json.loads(told["bulk"].body) == {"exceptionCode": "FeatureNotEnabled", "exceptionMessage": said}
    assert [each.text for each in ET.fromstring(told["bulk in XML"].body)] == ["InvalidSessionId", said]
    assert f"INSUFFICIENT_ACCESS: {said}" in "".join(ET.fromstring(told["soap"].body).itertext())
    assert all(("lychgate-decision", "d1") in answer.headers.fields for answer in told.values())


@pytest.mark.parametrize(
    ("path", "tree", "expected"),
    [
        (BULK, {"exceptionCode": "InvalidJob", "exceptionMessage": "canary"}, "InvalidJob"),
        (BULK, {"error": {"exceptionCode": "canary", "exceptionMessage": "canary"}}, "InvalidBatch"),
        (BULK, None, "InvalidBatch"),
        (
            SOAP,
            {"soap:Envelope": {"soap:Body": {"soap:Fault": {"faultcode": "sf:INVALID_FIELD"}}}},
            "INVALID_FIELD",
        ),
        (SOAP, {"soap:Envelope": {"soap:Body": {"soap:Fault": {"faultcode": "canary"}}}}, "MALFORMED_QUERY"),
        (SOAP, None, "MALFORMED_QUERY"),
        ("/services/data", [{"errorCode": "NOT_FOUND", "message": "canary"}], "NOT_FOUND"),
    ],
)
def test_the_crms_errors_lose_their_words(salesforce: Connector, path: str, tree: object, expected: str) -> None:
    """Whatever the shape, a known code and our sentence is all that is left."""
    faults = salesforce.faults
    assert isinstance(faults, SalesforceFaults)
    opened = faults.at(path).open(400, tree)
    assert opened.is_error
    assert expected in str(opened.tree)
    assert "canary" not in str(opened.tree)

"""How Salesforce says no, which differs between its APIs: REST, Bulk 1.0 and SOAP.

One set of codes and sentences serves them all. Which API it is the path says; Bulk 1.0 has codes of its own, and
answers in XML whoever asks in XML.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from proxy.connectors.asked import Faults, Opened
from proxy.connectors.faults import JsonFaults
from proxy.connectors.spec import ConnectorFile
from proxy.message import Headers, Request, Response, Tree

BULK: Final = "/services/async/"
SOAP: Final = "/services/Soap/"

_BULK_CODES: Final[Mapping[str, str]] = {
    "ExceededQuota": "Too many requests.",
    "FeatureNotEnabled": "The request was refused.",
    "InvalidBatch": "The batch was not accepted.",
    "InvalidEntity": "The request body was not understood.",
    "InvalidJob": "The job was not accepted.",
    "InvalidJobState": "The job is not in a state for this.",
    "InvalidOptions": "An option is not supported.",
    "InvalidSessionId": "Session expired or invalid.",
    "InvalidUrl": "The requested resource does not exist.",
    "NotFound": "The requested resource does not exist.",
    "Timeout": "The request took too long.",
    "Unknown": "The service failed.",
    "UnsupportedContentType": "The media type is not accepted.",
}
_BULK_STATUSES: Final[Mapping[int, str]] = {
    401: "InvalidSessionId",
    403: "FeatureNotEnabled",
    404: "NotFound",
    415: "UnsupportedContentType",
    429: "ExceededQuota",
}
_SERVER: Final = 500
_DATALOAD: Final = "http://www.force.com/2009/06/asyncapi/dataload"
_ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_FAULT: Final = "urn:fault.partner.soap.sforce.com"


@dataclass(frozen=True, slots=True)
class SalesforceFaults:
    """Writes errors of whichever API a request was for."""

    rest: JsonFaults

    @staticmethod
    def compile(file: ConnectorFile) -> "SalesforceFaults":
        """Return the faults a connector declares; raises ValueError as `JsonFaults.compile`."""
        return SalesforceFaults(JsonFaults.compile(file))

    def at(self, path: str) -> Faults:
        """Return the faults of the API that a path belongs to."""
        if path.startswith(BULK):
            return BulkFaults()
        return SoapFaults(self.rest) if path.startswith(SOAP) else self.rest

    @property
    def by_status(self) -> bool:
        """See `Faults.by_status`."""
        return self.rest.by_status

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the CRM's error answer in constants, as REST writes it."""
        return self.rest.open(status, tree)

    def refusal(self, request: Request, status: int, reason: str, text: str, decision_id: str) -> Response:
        """Return our refusal in the shape of the API that was asked; see `Faults.refusal`."""
        return self.at(request.path).refusal(request, status, reason, text, decision_id)


def _bulk_code(status: int) -> str:
    return _BULK_STATUSES.get(status) or ("Unknown" if status >= _SERVER else "InvalidBatch")


@dataclass(frozen=True, slots=True)
class BulkFaults:
    """Writes errors of Bulk 1.0."""

    @property
    def by_status(self) -> bool:
        """See `Faults.by_status`."""
        return False

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the CRM's error answer in constants, in JSON or XML as it came."""
        inner = tree.get("error") if isinstance(tree, dict) else None
        said = inner if isinstance(inner, dict) else tree
        told = said.get("exceptionCode") if isinstance(said, dict) else None
        code = told if isinstance(told, str) and told in _BULK_CODES else _bulk_code(status)
        body: Tree = {"exceptionCode": code, "exceptionMessage": _BULK_CODES[code]}
        return Opened({"error": body} if isinstance(inner, dict) else body, is_error=True)

    def refusal(self, request: Request, status: int, reason: str, text: str, decision_id: str) -> Response:
        """Return our refusal, in XML where the request speaks that; see `Faults.refusal`."""
        del reason
        code, said = _bulk_code(status), f"{text} (decision {decision_id})"
        if any(name == "content-type" and "xml" in value for name, value in request.headers):
            inside = f"<exceptionCode>{code}</exceptionCode><exceptionMessage>{escape(said)}</exceptionMessage>"
            body = f'<?xml version="1.0" encoding="UTF-8"?>\n<error xmlns="{_DATALOAD}">{inside}</error>'
            return _response(status, "application/xml;charset=UTF-8", body, decision_id)
        shape = {"exceptionCode": "{code}", "exceptionMessage": "{text}"}
        told = JsonFaults(shape, (), {code: said}, {"4xx": code, "5xx": code})
        return told.refusal(request, status, "", text, decision_id)


@dataclass(frozen=True, slots=True)
class SoapFaults:
    """Writes faults of the SOAP API, with the codes that REST has."""

    rest: JsonFaults

    @property
    def by_status(self) -> bool:
        """See `Faults.by_status`."""
        return False

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the CRM's fault in constants; total, whatever `tree` is."""
        told = None
        match tree:
            case {"soap:Envelope": {"soap:Body": {"soap:Fault": {"faultcode": str(text)}}}}:
                told = text.rpartition(":")[2]
        code = told if told in self.rest.codes else self.rest.code_for(status)
        assert code is not None
        fault: Tree = {"faultcode": f"sf:{code}", "faultstring": f"{code}: {self.rest.codes[code]}"}
        return Opened({"soap:Envelope": {"soap:Body": {"soap:Fault": fault}}}, is_error=True)

    def refusal(self, request: Request, status: int, reason: str, text: str, decision_id: str) -> Response:
        """Return our refusal as a fault; see `Faults.refusal`."""
        del reason, request
        code = self.rest.code_for(status)
        said = escape(f"{code}: {text} (decision {decision_id})")
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="{_ENVELOPE}" '
            f'xmlns:sf="{_FAULT}"><soapenv:Body><soapenv:Fault><faultcode>sf:{code}</faultcode>'
            f"<faultstring>{said}</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
        )
        return _response(status, "text/xml;charset=UTF-8", body, decision_id)


def _response(status: int, kind: str, body: str, decision_id: str) -> Response:
    fields = (("content-type", kind), ("cache-control", "no-store"), ("lychgate-decision", decision_id))
    return Response(status, Headers(fields), body.encode("ascii", "xmlcharrefreplace"))

"""Salesforce's SOAP API with the partner WSDL; here, its envelope and the recycle bin, else see `soap_calls`.

The session stands in the body. An id that is not in the bin gets an error of its own, and the others go.
"""

import re
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.salesforce.ids import full_id
from proxy.sandbox.salesforce.org import Org
from proxy.sandbox.salesforce.pages import Pages
from proxy.sandbox.salesforce.refusals import SalesforceError
from proxy.sandbox.salesforce.soap_calls import SoapCalls

PATH: Final = re.compile(r"/services/Soap/u/[0-9]{2}\.[0-9]/?")
_MOST: Final = 200
_NS: Final = {"env": "http://schemas.xmlsoap.org/soap/envelope/", "urn": "urn:partner.soap.sforce.com"}
_ENVELOPE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{env}" xmlns="{urn}" '
    'xmlns:sf="urn:sobject.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
)


def soap(org: Org, token: str, call: Call, pages: Pages) -> Answer:
    """Do what the envelope asks for."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(call.body, parser)
    except etree.XMLSyntaxError:
        return _fault("sf:UNKNOWN_EXCEPTION", "the envelope is not XML")
    if root.findtext("env:Header/urn:SessionHeader/urn:sessionId", namespaces=_NS) != token:
        return _fault("sf:INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader")
    asked = root.find("env:Body/urn:emptyRecycleBin", namespaces=_NS)
    if asked is None:
        return _called(SoapCalls(org, pages, f"/services/data/v{call.segments[3]}"), root)
    ids = [item.text or "" for item in asked.findall("urn:ids", namespaces=_NS)]
    if len(ids) > _MOST:
        return _fault("sf:EXCEEDED_ID_LIMIT", "too many ids")
    results = "".join(f"<result>{_emptied(org, key)}</result>" for key in ids)
    return _answer(200, f"<emptyRecycleBinResponse>{results}</emptyRecycleBinResponse>")


def _called(calls: SoapCalls, root: etree._Element) -> Answer:
    """Carry out the call in an envelope."""
    body = root.find("env:Body", namespaces=_NS)
    asked = None if body is None else next(iter(body), None)
    if asked is None:
        return _fault("sf:UNKNOWN_EXCEPTION", "there is no call in the envelope")
    batch = root.findtext("env:Header/urn:QueryOptions/urn:batchSize", namespaces=_NS) or ""
    try:
        results = calls.do(asked, batch)
    except SalesforceError as error:
        return _fault(f"sf:{error.code}", f"{error.code}: {error.message}")
    name = f"{etree.QName(asked).localname}Response"
    return _answer(200, f"<{name}>{results}</{name}>")


def _emptied(org: Org, name: str) -> str:
    key = full_id(name)
    if key is not None and org.purge(key):
        return f"<id>{key}</id><success>true</success>"
    error = "<message>invalid record id; no recycle bin entry found</message>"
    code = "<statusCode>INVALID_ID_FIELD</statusCode>"
    return f"<errors>{error}{code}</errors><id>{escape(name)}</id><success>false</success>"


def _fault(code: str, text: str) -> Answer:
    fault = f"<faultcode>{code}</faultcode><faultstring>{escape(text)}</faultstring>"
    return _answer(500, f"<soapenv:Fault>{fault}</soapenv:Fault>")


def _answer(status: int, body: str) -> Answer:
    raw = _ENVELOPE.format(env=_NS["env"], urn=_NS["urn"], body=body).encode()
    return Answer(status, headers={"Content-Type": "text/xml;charset=UTF-8"}, raw=raw)

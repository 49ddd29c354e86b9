"""The one call of Salesforce's SOAP API that has no counterpart in REST: `emptyRecycleBin`.

The session stands in the body. An id that is not in the bin gets an error of its own, and the others go.
"""

import re
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.salesforce.ids import full_id
from proxy.sandbox.salesforce.org import Org

PATH: Final = re.compile(r"/services/Soap/u/[0-9]{2}\.[0-9]/?")
_MOST: Final = 200
_NS: Final = {"env": "http://schemas.xmlsoap.org/soap/envelope/", "urn": "urn:partner.soap.sforce.com"}
_ENVELOPE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{env}" xmlns="{urn}">'
    "<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
)


def soap(org: Org, token: str, call: Call) -> Answer:
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
        return _fault("sf:UNKNOWN_EXCEPTION", "this operation is not available")
    ids = [item.text or "" for item in asked.findall("urn:ids", namespaces=_NS)]
    if len(ids) > _MOST:
        return _fault("sf:EXCEEDED_ID_LIMIT", "too many ids")
    results = "".join(f"<result>{_emptied(org, key)}</result>" for key in ids)
    return _answer(200, f"<emptyRecycleBinResponse>{results}</emptyRecycleBinResponse>")


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

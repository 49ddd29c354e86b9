"""How Odoo says no, in each of its three protocols (odoo/http.py, odoo/addons/rpc, odoo/service/model.py).

XML-RPC has a fault with a number, JSON-RPC an `error` with the exception's name and a traceback inside a 200,
JSON-2 a status and the same without the envelope. Nothing of the CRM's words is released: a text can repeat a
value, and `debug` holds whole rows.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from proxy.connectors.asked import Opened
from proxy.connectors.spec import ConnectorFile
from proxy.message import Headers, Request, Response, Tree

NUMBERS: Final[Mapping[str, int]] = {
    "odoo.exceptions.UserError": 2,
    "odoo.exceptions.ValidationError": 2,
    "odoo.exceptions.AccessDenied": 3,
    "odoo.exceptions.AccessError": 4,
    "odoo.exceptions.MissingError": 2,
    "other": 1,
}
"""Exception -> fault code; `other` is whatever else was raised."""
_BY_NUMBER: Final[Mapping[int, str]] = {
    2: "odoo.exceptions.UserError",
    3: "odoo.exceptions.AccessDenied",
    4: "odoo.exceptions.AccessError",
}
ANSWERED_AS_FAULT: Final = frozenset({403, 409, 422})
"""Statuses of ours that a client knows as a fault inside a 200."""
_REFUSAL: Final = "odoo.exceptions.AccessError"
_JSON_ID: Final = re.compile(rb'"id"[ \t\r\n]*:[ \t\r\n]*([0-9]{1,15})[ \t\r\n]*[,}]')


@dataclass(frozen=True, slots=True)
class OdooFaults:
    """Writes faults; every text in one comes from the connector's file or from us."""

    texts: Mapping[str, str]
    """Exception -> the sentence that replaces the CRM's."""

    @staticmethod
    def compile(file: ConnectorFile) -> "OdooFaults":
        """Return the faults that a connector declares; raises ValueError if a text is missing or too many."""
        for name in NUMBERS.keys() ^ file.errors.codes.keys():
            raise ValueError(f'errors.codes of style odoo must list {", ".join(NUMBERS)}; see "{name}"')
        return OdooFaults(dict(file.errors.codes))

    @property
    def by_status(self) -> bool:
        """See `Faults.by_status`."""
        return False

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the CRM's fault in constants; total, whatever `tree` is."""
        del status
        match tree:
            case None:
                return Opened(None, is_error=True)
            case {"fault": {"faultCode": int(number)}}:
                name = _BY_NUMBER.get(number, "other")
                return Opened({"fault": self._fault(NUMBERS[name], self.texts[name])}, is_error=True)
            case {"fault": _}:
                return Opened({"fault": self._fault(NUMBERS["other"], self.texts["other"])}, is_error=True)
            case {"jsonrpc": _, "id": number, "error": error}:
                data = error.get("data") if isinstance(error, dict) else None
                told = _named(data.get("name") if isinstance(data, dict) else None)
                return Opened(
                    _error(number if type(number) is int else None, told, self.texts[told]), is_error=True
                )
            case {"name": told}:
                name = _named(told)
                return Opened(_data(name, self.texts[name]), is_error=True)
        return Opened(_data("other", self.texts["other"]), is_error=True)

    def refusal(self, request: Request, status: int, reason: str, text: str, decision_id: str) -> Response:
        """Return our refusal as the fault a client knows; see `Faults.refusal`."""
        del reason
        said = f"{text} (decision {decision_id})"
        shown = 200 if status in ANSWERED_AS_FAULT else status
        if request.path.startswith("/xmlrpc/"):
            body = _xml_fault(NUMBERS[_REFUSAL], said)
            return Response(shown, Headers((("content-type", "text/xml"),)), body)
        if request.path.startswith("/json/"):
            tree: Tree = _data(_REFUSAL, said)
            shown = status
        else:
            number = _JSON_ID.findall(request.body)
            tree = _error(int(number[0]) if len(number) == 1 else None, _REFUSAL, said)
        body = json.dumps(tree, ensure_ascii=True).encode("ascii")
        return Response(shown, Headers((("content-type", "application/json"),)), body)

    @staticmethod
    def _fault(code: int, text: str) -> Tree:
        return {"faultCode": code, "faultString": text}


def _named(told: Tree) -> str:
    return told if isinstance(told, str) and told in NUMBERS else "other"


def _data(name: str, text: str) -> dict[str, Tree]:
    shown = "builtins.Exception" if name == "other" else name
    return {"name": shown, "message": text, "arguments": [text], "context": {}, "debug": ""}


def _error(number: int | None, name: str, text: str) -> Tree:
    error = {"code": 200, "message": "Odoo Server Error", "data": _data(name, text)}
    return {"jsonrpc": "2.0", "id": number, "error": error}


def _xml_fault(code: int, text: str) -> bytes:
    members = (("faultCode", f"<int>{code}</int>"), ("faultString", f"<string>{escape(text)}</string>"))
    inside = "".join(f"<member><name>{name}</name><value>{value}</value></member>" for name, value in members)
    found = (
        "<?xml version='1.0'?>\n"
        f"<methodResponse><fault><value><struct>{inside}</struct></value></fault></methodResponse>"
    )
    return found.encode("ascii", "xmlcharrefreplace")

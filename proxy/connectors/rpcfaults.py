"""How an RPC CRM says no, in XML-RPC and in JSON-RPC, as Tryton writes it (trytond/exceptions.py).

XML-RPC has a fault with a number, JSON-RPC an `error` list that begins with the name of the exception. A
client that gets our refusal in this shape raises what it raises when Tryton itself says no: proteus an
`xmlrpc.client.Fault` with code 1, Tryton's own client a `UserError`. Answers that Tryton gives before any
method runs (401, 404, 415) keep their HTTP status, which proteus raises as `xmlrpc.client.ProtocolError`.
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
    "UserError": 1,
    "UserWarning": 2,
    "LoginException": 3,
    "ConcurrencyException": 4,
    "other": 255,
}
"""Exception -> fault code; `other` is whatever else was raised."""
_NAMES: Final[Mapping[int, str]] = {number: name for name, number in NUMBERS.items()}

ANSWERED_AS_FAULT: Final = frozenset({403, 409, 422})
"""Statuses of ours that a client knows as a fault inside a 200."""

_REST: Final = "/rest/"
"""In the path where a client knows statuses."""
_JSON_ID: Final = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*"id"[ \t\r\n]*:[ \t\r\n]*([0-9]{1,15})[ \t\r\n]*,')
"""The call's number, where clients write it: first. Elsewhere the refusal carries null."""


@dataclass(frozen=True, slots=True)
class RpcFaults:
    """Writes faults; every text in one comes from the connector's file or from us."""

    texts: Mapping[str, str]
    """Exception -> the sentence that replaces the CRM's."""

    @staticmethod
    def compile(file: ConnectorFile) -> "RpcFaults":
        """Return the faults that a connector declares.

        Raises:
            ValueError: a text is missing or stands for nothing.
        """
        for name in NUMBERS.keys() ^ file.errors.codes.keys():
            raise ValueError(f'errors.codes of style rpc must list {", ".join(NUMBERS)}; see "{name}"')
        return RpcFaults(dict(file.errors.codes))

    @property
    def by_status(self) -> bool:
        """See `Faults.by_status`."""
        return False

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the CRM's fault in constants; total, whatever `tree` is."""
        del status
        if tree is None:
            return Opened(None, is_error=True)
        match tree:
            case {"fault": {"faultCode": int(number)}}:
                return Opened(self._fault(_NAMES.get(number, "other")), is_error=True)
            case {"id": number, "error": [str(name), *_]}:
                return Opened(self._error(number, name if name in NUMBERS else "other"), is_error=True)
            case {"id": number}:
                return Opened(self._error(number, "other"), is_error=True)
            case _:
                return Opened(self._fault("other"), is_error=True)

    def refusal(self, request: Request, status: int, reason: str, text: str, decision_id: str) -> Response:
        """Return our refusal as the fault a client knows; see `Faults.refusal`."""
        del reason
        said = f"{text} (decision {decision_id})"
        if _REST in request.path:
            body = json.dumps({"error": _json_error("UserError", said)})
            return Response(status, Headers((("content-type", "application/json"),)), body.encode("ascii"))
        if _speaks_json(request):
            number = _JSON_ID.match(request.body[:256])
            told = {"id": int(number[1]) if number else None, "error": _json_error("UserError", said)}
            kind, body = "application/json", json.dumps(told)
        else:
            kind, body = "text/xml", _xml_fault(NUMBERS["UserError"], said)
        shown = 200 if status in ANSWERED_AS_FAULT else status
        return Response(shown, Headers((("content-type", kind),)), body.encode("ascii", "xmlcharrefreplace"))

    def _fault(self, name: str) -> Tree:
        return {"fault": {"faultCode": NUMBERS[name], "faultString": self.texts[name]}}

    def _error(self, number: Tree, name: str) -> Tree:
        return {"id": number if _is_int(number) else None, "error": _json_error(name, self.texts[name])}


def _json_error(name: str, text: str) -> list[Tree]:
    """Return the list that Tryton's exceptions become: their name and arguments."""
    match name:
        case "UserError":
            return [name, [text, "", None]]
        case "UserWarning":
            return [name, ["", text, ""]]
        case "LoginException":
            return [name, ["", text, "password"]]
        case "ConcurrencyException":
            return [name, text]
        case _:
            return [text, ""]


def _xml_fault(code: int, text: str) -> str:
    members = (("faultCode", f"<int>{code}</int>"), ("faultString", f"<string>{escape(text)}</string>"))
    inside = "".join(f"<member><name>{name}</name><value>{value}</value></member>" for name, value in members)
    return (
        "<?xml version='1.0'?>\n"
        f"<methodResponse><fault><value><struct>{inside}</struct></value></fault></methodResponse>"
    )


def _speaks_json(request: Request) -> bool:
    kinds = [value for name, value in request.headers if name == "content-type"]
    return any(kind.partition(";")[0].strip().lower() == "application/json" for kind in kinds)


def _is_int(value: Tree) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

"""Calls of Odoo as three protocols write them, and one way to write each again.

    XML-RPC   execute_kw(database, uid, password, model, method, [args], {kwargs})
    JSON-RPC  the same seven things as the `args` of a service
    JSON-2    POST /json/2/MODEL/METHOD, the arguments by name, the key in a header

The web client's own routes (`/web/dataset/call_kw`, `/web/session/authenticate`) need a session that Odoo keeps
by a cookie. There is none here: who calls is said with each call, and what is sent on is the same call by
JSON-RPC, which answers in the same envelope.

Whatever the client wrote for database, number and password is not sent: the lane has its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from proxy.connectors.odoo.spec import OdooModel
from proxy.errors import Gap, Undecodable
from proxy.message import Tree

Protocol = Literal["xmlrpc", "jsonrpc", "json2"]

MAX_KEY: Final = 512
_NOT_YET: Final = ""
"""Stands where the lane's secret will; see `signed`."""


@dataclass(slots=True)
class Call:
    """One call."""

    protocol: Protocol
    service: Literal["object", "common"]
    method: str
    model: str = ""
    args: list[Tree] = field(default_factory=list)
    kwargs: dict[str, Tree] = field(default_factory=dict)
    key: str | None = None
    """What stands where a password belongs, unverified."""
    number: int | None = None
    """The `id` of a JSON-RPC call."""
    web: str = ""
    """Of the web client: the route it came by."""

    def tree(self, lane: OdooModel) -> Tree:
        """Return the body to send, with nothing yet where the lane's secret belongs."""
        if self.protocol == "json2":
            return self.kwargs
        method, args = self._sent(lane)
        if self.protocol == "xmlrpc":
            return {"method": method, "params": args}
        params = {"service": self.service, "method": method, "args": args}
        return {"jsonrpc": "2.0", "method": "call", "params": params, "id": self.number}

    def answered(self, result: Tree) -> Tree:
        """Return the answer to the call."""
        match self.protocol:
            case "json2":
                return result
            case "xmlrpc":
                return {"result": result}
        return {"jsonrpc": "2.0", "id": self.number, "result": result}

    def _sent(self, lane: OdooModel) -> tuple[str, list[Tree]]:
        if self.service == "object":
            who: list[Tree] = [lane.database, lane.uid, _NOT_YET]
            return "execute_kw", [*who, self.model, self.method, self.args, self.kwargs]
        if self.method == "version":
            return "version", []
        return "authenticate", [lane.database, lane.login, _NOT_YET, {}]


def read(tree: Tree, params: Mapping[str, str], service: str | None, web: str = "") -> Call:
    """Return the call that a body is.

    Args:
        tree: the body.
        params: the blanks of the path; for JSON-2 model and method stand there.
        service: of an XML-RPC URL, `object` or `common`.
        web: what stands behind `/web/` in the URL; "" for none.

    Raises:
        Undecodable: not a call.
        Gap: a service that policy has no word for.
    """
    if "model" in params:
        if not isinstance(tree, dict):
            raise Undecodable("not_a_call")
        return Call("json2", "object", params["method"], params["model"], [], dict(tree))
    if web:
        return _of_web(tree, params, web)
    match tree:
        case {"method": str(method), "params": list(args), **rest} if not rest and service is not None:
            return _of_service("xmlrpc", service, method, args, None)
        case {
            "jsonrpc": "2.0",
            "method": "call",
            "params": {"service": str(name), "method": str(method), "args": list(args), **inside},
            "id": int(number),
            **rest,
        } if not rest and not inside and service is None and not isinstance(number, bool):
            return _of_service("jsonrpc", name, method, args, number)
    raise Undecodable("not_a_call")


def _of_web(tree: Tree, params: Mapping[str, str], web: str) -> Call:
    """Return the call that a request of the web client is; the path repeats what the body says, or nothing."""
    match tree:
        case {"jsonrpc": "2.0", "params": dict(given), **more} if more.keys() <= {"method", "id"}:
            number = more.get("id")
            if more.get("method", "call") != "call" or not (number is None or type(number) is int):
                raise Undecodable("not_a_call")
        case _:
            raise Undecodable("not_a_call")
    match web, given:
        case "dataset/call_kw", {"model": str(model), "method": str(method), "args": list(args), **named}:
            kwargs = named.pop("kwargs", {})
            repeated = (params.get("web_model", model), params.get("web_method", method))
            if named or not isinstance(kwargs, dict) or repeated != (model, method):
                raise Undecodable("bad_arguments")
            return Call("jsonrpc", "object", method, model, list(args), dict(kwargs), None, number, web)
        case "session/authenticate", {"db": str(), "login": str(), "password": str(key), **rest} if not rest:
            return Call("jsonrpc", "common", "authenticate", key=_key(key), number=number, web=web)
        case "session/get_session_info", _ if not given:
            return Call("jsonrpc", "common", "authenticate", number=number, web=web)
        case "session/destroy" | "webclient/version_info", _ if not given:
            return Call("jsonrpc", "common", "version", number=number, web=web)
    raise Undecodable("bad_arguments")


def _of_service(protocol: Protocol, service: str, method: str, args: list[Tree], number: int | None) -> Call:
    match service, method, args:
        case "object", "execute_kw", [str(), _, str(key), str(model), str(name), list(given)]:
            return Call(protocol, "object", name, model, list(given), {}, _key(key), number)
        case "object", "execute_kw", [str(), _, str(key), str(model), str(name), list(given), dict(named)]:
            return Call(protocol, "object", name, model, list(given), dict(named), _key(key), number)
        case "object", "execute", [str(), _, str(key), str(model), str(name), *given]:
            return Call(protocol, "object", name, model, given, {}, _key(key), number)
        case "common", "version", []:
            return Call(protocol, "common", "version", number=number)
        case "common", "authenticate", [str(), str(), str(key), dict() | None]:
            return Call(protocol, "common", "authenticate", key=_key(key), number=number)
        case "common", "login", [str(), str(), str(key)]:
            return Call(protocol, "common", "authenticate", key=_key(key), number=number)
    if service in {"object", "common"} and method in {"execute_kw", "execute", "authenticate", "login"}:
        raise Undecodable("bad_arguments")
    raise Gap("route", "unknown_method")


def _key(text: str) -> str | None:
    return text if 0 < len(text) <= MAX_KEY else None


def signed(tree: Tree, secret: str) -> Tree:
    """Return a body that `Call.tree` made with the lane's secret where it belongs."""
    match tree:
        case {"params": {"args": list(args), **inside}, **rest}:
            return {**rest, "params": {**inside, "args": _with(args, secret)}}
        case {"params": list(args), **rest}:
            return {**rest, "params": _with(args, secret)}
    return tree


def _with(args: list[Tree], secret: str) -> list[Tree]:
    return [*args[:2], secret, *args[3:]]

"""A small Odoo: one database in memory, and its XML-RPC, JSON-RPC and JSON-2.

Nouns: a `Database` holds the records of a few models, `Methods` does what is asked of them, `Rpc` says what a
call in one of the protocols means. The story starts in `rpc.Rpc.dispatch`. Left out: the web client's routes,
access rights, computed fields beyond names, buttons, reports and every other model.
"""

import json
import xmlrpc.client

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.odoo.database import Database
from proxy.sandbox.odoo.methods import Methods
from proxy.sandbox.odoo.refusals import OdooError, traceback_of
from proxy.sandbox.odoo.rpc import Rpc
from proxy.sandbox.odoo.seed import fill
from proxy.sandbox.people import people as fictitious
from proxy.sandbox.server import Sandbox

__all__ = ["OdooSandbox"]


class OdooSandbox(Sandbox):
    """An Odoo database, `crm`, with fictitious people in it.

    Args:
        token: the API key of its only user, number 2, `lychgate@example.org`.
        people: how many partners who are persons it holds at first.
    """

    name = "odoo"

    def __init__(self, token: str, *, people: int = 12) -> None:
        super().__init__(token)
        self.database = Database()
        """The database itself; a test may look into it and change it."""
        self._methods = Methods(self.database)
        self._rpc = Rpc(self._methods, token)
        fill(self.database, fictitious(people))

    def answer(self, call: Call) -> Answer:
        """Do what the call asks for; errors are answers too."""
        if call.method != "POST":
            return Answer(405, raw=b"", headers={"Allow": "POST"})
        match call.segments:
            case ("xmlrpc", "2", service):
                return self._xml(service, call)
            case ("jsonrpc",):
                return self._json(call)
            case ("json", "2", model, method):
                return self._json2(model, method, call)
        return Answer(404, raw=b"<h1>Not Found</h1>", headers={"Content-Type": "text/html"})

    def _xml(self, service: str, call: Call) -> Answer:
        headers = {"Content-Type": "text/xml"}
        try:
            params, method = xmlrpc.client.loads(call.body)
            result = self._rpc.dispatch(service, str(method), list(params))
            text = xmlrpc.client.dumps((result,), methodresponse=True, allow_none=True)
        except OdooError as error:
            text = xmlrpc.client.dumps(xmlrpc.client.Fault(error.number, error.text), allow_none=True)
        return Answer(200, raw=text.encode(), headers=headers)

    def _json(self, call: Call) -> Answer:
        body = json.loads(call.body)
        head = {"jsonrpc": "2.0", "id": body.get("id")}
        params = body["params"]
        try:
            result = self._rpc.dispatch(params["service"], params["method"], params["args"])
        except OdooError as error:
            told = {"code": 200, "message": "Odoo Server Error", "data": traceback_of(error)}
            return Answer(200, head | {"error": told})
        return Answer(200, head | {"result": result})

    def _json2(self, model: str, method: str, call: Call) -> Answer:
        if call.bearer() != self.token:
            return Answer(401, {"name": "werkzeug.exceptions.Unauthorized", "message": "Invalid apikey"})
        try:
            return Answer(200, self._methods.call(model, method, [], json.loads(call.body)))
        except OdooError as error:
            return Answer(error.status, traceback_of(error))

    def people(self) -> list[dict[str, object]]:
        """Return copies of every partner who is a person, archived ones included."""
        return [dict(row) for row in self.database.rows["res.partner"].values() if not row["is_company"]]

    def everything(self) -> list[dict[str, object]]:
        """Return copies of every row of every model, archived ones included."""
        tables = self.database.rows.items()
        return [{"table": model, **row} for model, rows in tables for row in rows.values()]

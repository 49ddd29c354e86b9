"""A small Salesforce: one org in memory, its REST API, its SOQL and its recycle bin.

Nouns: an `Org` holds `Row`s of an `SObject`'s `Field`s; `Select` runs a query; `Rest` says what a route
means. The story starts in `rest.Rest.dispatch`. Left out: Bulk, most of SOAP, undelete, sharing rules and
field-level security: whoever has the token sees everything.
"""

import time

from proxy.sandbox.clock import Now
from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.people import people as fictitious
from proxy.sandbox.salesforce.bulk1 import Bulk1
from proxy.sandbox.salesforce.describing import versions
from proxy.sandbox.salesforce.objects import SCHEMA
from proxy.sandbox.salesforce.org import Org
from proxy.sandbox.salesforce.pages import Pages
from proxy.sandbox.salesforce.refusals import SalesforceError, session_expired
from proxy.sandbox.salesforce.rest import Rest
from proxy.sandbox.salesforce.seed import fill
from proxy.sandbox.salesforce.soap import PATH, soap
from proxy.sandbox.server import Sandbox

__all__ = ["SalesforceSandbox"]


class SalesforceSandbox(Sandbox):
    """A Salesforce org with fictitious people in it.

    Args:
        token: the session id that is let in.
        people: how many contacts it holds at first.
        now: the clock; `time.time` or a `StoppedClock`.
        page_size: records per page of a query when the client asks for no other number.
    """

    name = "salesforce"

    def __init__(self, token: str, *, people: int = 12, now: Now = time.time, page_size: int = 2000) -> None:
        super().__init__(token)
        self.org = Org(SCHEMA, now)
        """The store itself; a test may look into it and change it."""
        self._rest = Rest(self.org, Pages(page_size))
        fill(self.org, fictitious(people))

    def answer(self, call: Call) -> Answer:
        """Do what the call asks for; errors are answers too."""
        try:
            answer = self._answer(call)
        except SalesforceError as error:
            answer = Answer(error.status, error.tree())
        answer.headers.setdefault("Cache-Control", "no-cache,must-revalidate,max-age=0,no-store,private")
        answer.headers["Sforce-Limit-Info"] = f"api-usage={self._rest.used}/{self._rest.allowed}"
        answer.pretty = "X-PrettyPrint" in call.headers
        return answer

    def _answer(self, call: Call) -> Answer:
        if call.segments == ("services", "data") and call.method == "GET":
            return Answer(200, versions())
        if PATH.fullmatch(call.path) and call.method == "POST":
            return soap(self.org, self.token, call, self._rest.pages)
        if (call.bearer() or call.headers.get("X-SFDC-Session")) != self.token:
            raise session_expired()
        if call.segments[:2] == ("services", "async"):
            return Bulk1(self._rest.jobs).answer(call)
        if call.segments[:2] != ("services", "data"):
            return Answer(404, [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}])
        return self._rest.dispatch(_overridden(call))

    def people(self) -> list[dict[str, object]]:
        """Return copies of every contact's stored fields, the recycle bin included."""
        return [dict(row) for row in self.org.rows(SCHEMA.objects["contact"], deleted=True)]


def _overridden(call: Call) -> Call:
    """Take the method from `_HttpMethod`, which the real service honours on POST."""
    method = call.argument("_HttpMethod")
    if call.method != "POST" or method is None:
        return call
    return Call(method.upper(), call.path, call.query, call.headers, call.body, call.origin)

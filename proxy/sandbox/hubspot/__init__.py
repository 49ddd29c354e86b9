"""A small HubSpot: one account in memory, the CRM API v3, associations of v4 and the contacts of v1.

Nouns: a `Store` holds records of a `Kind` with `Property` values, all of them strings; `Rest` says what a
route means. The story starts in `rest.Rest.dispatch`. Left out: definitions of lists and of properties, labels
of associations, webhooks, imports and files. By how long the search index lags behind is `Store.search_lag`.
"""

import time
import uuid

from proxy.sandbox.clock import Now
from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.hubspot.properties import CONTACTS
from proxy.sandbox.hubspot.refusals import HubSpotError, not_authenticated
from proxy.sandbox.hubspot.rest import Rest
from proxy.sandbox.hubspot.seed import fill
from proxy.sandbox.hubspot.store import Store
from proxy.sandbox.people import people as fictitious
from proxy.sandbox.server import Sandbox

__all__ = ["HubSpotSandbox"]


class HubSpotSandbox(Sandbox):
    """A HubSpot account with fictitious people in it.

    Args:
        token: the access token that is let in.
        people: how many contacts it holds at first.
        now: the clock; `time.time` or a `StoppedClock`.
    """

    name = "hubspot"

    def __init__(self, token: str, *, people: int = 12, now: Now = time.time) -> None:
        super().__init__(token)
        self.store = Store(now)
        """The store itself; a test may look into it and change it."""
        self._rest = Rest(self.store)
        self._used = 0
        fill(self.store, self._rest.links, self._rest.lists, fictitious(people))

    def answer(self, call: Call) -> Answer:
        """Do what the call asks for; errors are answers too."""
        try:
            answer = self._answer(call)
        except HubSpotError as error:
            answer = Answer(error.status, error.tree())
        answer.headers = self._limits() | answer.headers
        if answer.is_json:
            answer.headers.setdefault("Content-Type", "application/json;charset=utf-8")
        return answer

    def _answer(self, call: Call) -> Answer:
        segments = call.segments
        if segments[0] == "exports" and len(segments) == 2 and call.method == "GET":
            headers = {"Content-Type": "text/csv; charset=utf-8"}
            return Answer(200, headers=headers, raw=self._rest.exports.file(segments[1]))
        if call.bearer() != self.token:
            raise not_authenticated()
        return self._rest.dispatch(call)

    def _limits(self) -> dict[str, str]:
        self._used += 1
        return {
            "X-HubSpot-RateLimit-Daily": "250000",
            "X-HubSpot-RateLimit-Daily-Remaining": str(250_000 - self._used),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": "100",
            "X-HubSpot-RateLimit-Remaining": "99",
            "X-HubSpot-Correlation-Id": str(uuid.uuid4()),
        }

    def people(self) -> list[dict[str, object]]:
        """Return copies of every contact's properties with `archived` beside them, archived ones included."""
        return [
            {**held.values, "archived": held.archived is not None} for held in self.store.everything(CONTACTS)
        ]

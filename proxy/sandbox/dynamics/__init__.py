"""A small Dataverse: one environment in memory and its Web API for contacts, accounts, leads, users, notes and
activities, with its recycle bin and its auditing.

Nouns: a `Table` says which columns and links there are; a `Store` holds the rows; `Rest` says what a route
means; `filters` reads `$filter`, `fetching` FetchXML, `batches` a `$batch`; `actions` are what has a name of its
own. The story starts in `rest.Rest.dispatch`. Left out: all other functions and actions, metadata, search,
plug-ins and security roles.
"""

import time

from proxy.sandbox.clock import Now
from proxy.sandbox.dynamics.refusals import DataverseError, not_authenticated
from proxy.sandbox.dynamics.rest import Rest
from proxy.sandbox.dynamics.seed import fill
from proxy.sandbox.dynamics.store import Store
from proxy.sandbox.dynamics.tables import TABLES
from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.people import people as fictitious
from proxy.sandbox.server import Sandbox

__all__ = ["DynamicsSandbox"]


class DynamicsSandbox(Sandbox):
    """A Dataverse environment with fictitious people in it.

    Args:
        token: the access token that is let in.
        people: how many contacts it holds at first.
        now: the clock; `time.time` or a `StoppedClock`.
    """

    name = "dynamics"

    def __init__(self, token: str, *, people: int = 12, now: Now = time.time) -> None:
        super().__init__(token)
        self.store = Store(now)
        """The store itself; a test may look into it and change it."""
        self._rest = Rest(self.store)
        fill(self.store, fictitious(people))

    def answer(self, call: Call) -> Answer:
        """Do what the call asks for; errors are answers too."""
        try:
            if call.bearer() != self.token:
                raise not_authenticated()
            answer = self._rest.dispatch(call)
        except DataverseError as error:
            answer = Answer(error.status, error.tree())
        answer.headers.setdefault("OData-Version", "4.0")
        if answer.is_json:
            answer.headers.setdefault("Content-Type", "application/json; odata.metadata=minimal")
        return answer

    def people(self) -> list[dict[str, object]]:
        """Return copies of every contact's row, those in the recycle bin included."""
        return [dict(row) for row in [*self.store.rows("contact"), *self.store.binned("contact")]]

    def everything(self) -> list[dict[str, object]]:
        """Return every row of every table, the bin's, and what fields were."""
        return [
            {"table": name, "binned": binned, **row}
            for name in TABLES
            for binned, rows in ((False, self.store.rows(name)), (True, self.store.binned(name)))
            for row in rows
        ]

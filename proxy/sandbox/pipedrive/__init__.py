"""A small Pipedrive: one company account in memory, and its API in versions 1 and 2.

Nouns: a `Store` holds `Held` records of a few kinds, `showing` writes them as a version does, `Rest` says what a
call means. The story starts in `rest.Rest.dispatch`. Left out: products, pipelines, saved filters, what is in
files, the mailbox, definitions of fields, and permissions of users.
"""

import time

from proxy.sandbox.clock import Now
from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.people import people as fictitious
from proxy.sandbox.pipedrive.refusals import PipedriveError, not_authenticated
from proxy.sandbox.pipedrive.rest import Rest
from proxy.sandbox.pipedrive.seed import fill
from proxy.sandbox.pipedrive.showing import person_v2, v2
from proxy.sandbox.pipedrive.store import KINDS, PERSONS, Store
from proxy.sandbox.server import Sandbox

__all__ = ["PipedriveSandbox"]


class PipedriveSandbox(Sandbox):
    """A Pipedrive account with fictitious people in it.

    Args:
        token: what is let in, as a bearer token, in `x-api-token`, or as `api_token` in a URL.
        people: how many persons it holds at first.
        now: the clock; `time.time` or a `StoppedClock`.
    """

    name = "pipedrive"

    def __init__(self, token: str, *, people: int = 12, now: Now = time.time) -> None:
        super().__init__(token)
        self.store = Store(now)
        """The store itself; a test may look into it and change it."""
        self._rest = Rest(self.store)
        fill(self.store, fictitious(people))

    def answer(self, call: Call) -> Answer:
        """Do what the call asks for; errors are answers too."""
        given = call.bearer() or call.headers.get("X-Api-Token") or call.argument("api_token")
        try:
            if given != self.token:
                raise not_authenticated()
            answer = self._rest.dispatch(call)
        except PipedriveError as error:
            answer = Answer(error.status, error.tree())
        answer.headers.setdefault("X-RateLimit-Remaining", "79")
        return answer

    def people(self) -> list[dict[str, object]]:
        """Return every person as version 2 shows them, those that can still be brought back included."""
        return [person_v2(held) for held in self.store.everything(PERSONS)]

    def everything(self) -> list[dict[str, object]]:
        """Return every record of every kind, deleted ones, and what their fields were."""
        return [
            {"object": kind, **v2(held), "changes": list(held.changes)}
            for kind in KINDS
            for held in self.store.everything(kind)
        ]

"""A small Zoho CRM: one organisation in memory, and its API in version 8.

Nouns: a `Store` holds `Held` records of a few modules, `showing` writes them as the API does, `coql` and
`criteria` read its two query languages, `Rest` says what a call means. The story starts in
`rest.Rest.dispatch`. Left out: layouts, custom views, subforms, territories, blueprints, bulk writes, and
permissions of users.
"""

import time

from proxy.sandbox.clock import Now
from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.people import people as fictitious
from proxy.sandbox.server import Sandbox
from proxy.sandbox.zoho.refusals import ZohoError, invalid_token
from proxy.sandbox.zoho.rest import Rest
from proxy.sandbox.zoho.seed import fill
from proxy.sandbox.zoho.showing import shown
from proxy.sandbox.zoho.store import CONTACTS, FIELDS, LEADS, Store

__all__ = ["ZohoSandbox"]


class ZohoSandbox(Sandbox):
    """A Zoho CRM organisation with fictitious people in it.

    Args:
        token: what is let in, as `Authorization: Zoho-oauthtoken TOKEN` or as a bearer token.
        people: how many contacts it holds at first.
        now: the clock; `time.time` or a `StoppedClock`.
    """

    name = "zoho"

    def __init__(self, token: str, *, people: int = 12, now: Now = time.time) -> None:
        super().__init__(token)
        self.store = Store(now)
        """The store itself; a test may look into it and change it."""
        self._rest = Rest(self.store)
        fill(self.store, fictitious(people))

    def answer(self, call: Call) -> Answer:
        """Do what the call asks for; errors are answers too."""
        scheme, _, given = call.headers.get("Authorization", "").partition(" ")
        known = scheme.lower() in {"bearer", "zoho-oauthtoken"}
        try:
            if not known or given.strip() != self.token:
                raise invalid_token()
            return self._rest.dispatch(call)
        except ZohoError as error:
            return Answer(error.status, error.tree())

    def everything(self) -> list[dict[str, object]]:
        """Return all that is held, in the recycle bin and beyond it: rows with the module they are of."""
        held = [each for kind in FIELDS for each in self.store.everything(kind)]
        rows = [{"object": each.kind, **each.values, "file": each.content.decode()} for each in held]
        return rows + [{"object": each.kind, "display_name": each.display_name} for each in self.store.gone]

    def people(self) -> list[dict[str, object]]:
        """Return every contact and lead as the API shows them, those in the recycle bin included."""
        return [shown(held, self.store) for kind in (CONTACTS, LEADS) for held in self.store.everything(kind)]

"""A small SuiteCRM: one database in memory, and its API V8 in JSON:API.

Nouns: a `Store` holds `Bean`s of a few modules, `showing` writes them as the API does, `filtering` reads its
filters, `Rest` says what a call means. The story starts in `rest.Rest.dispatch`. A deleted bean is a row with
`deleted=1`, which the API still lists to whoever asks for it; only SuiteCRM's own scheduler removes it, for
good, once a month.
Left out: OAuth (the token is given), search definitions, user preferences, documents, and the legacy service.
"""

import time

from proxy.sandbox.clock import Now
from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.people import people as fictitious
from proxy.sandbox.server import Sandbox
from proxy.sandbox.suitecrm.refusals import SuiteError
from proxy.sandbox.suitecrm.rest import Rest
from proxy.sandbox.suitecrm.seed import fill
from proxy.sandbox.suitecrm.showing import attributes
from proxy.sandbox.suitecrm.store import CONTACTS, LEADS, Store

__all__ = ["SuiteCrmSandbox"]

_MEDIA = "application/vnd.api+json"


class SuiteCrmSandbox(Sandbox):
    """A SuiteCRM with fictitious people in it.

    Args:
        token: the bearer token that is let in.
        people: how many contacts it holds at first.
        now: the clock; `time.time` or a `StoppedClock`.
    """

    name = "suitecrm"

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
                raise SuiteError(401, "The resource owner or authorization server denied the request.")
            answer = self._rest.dispatch(call)
        except SuiteError as error:
            answer = Answer(error.status, error.tree())
        answer.headers.setdefault("Content-Type", _MEDIA)
        return answer

    def everything(self) -> list[dict[str, object]]:
        """Return all that is held, deleted rows too, each with the module it is of."""
        return [{"object": bean.module, **bean.values} for bean in self.store.everything()]

    def people(self) -> list[dict[str, object]]:
        """Return every contact and lead as the API shows them, deleted rows included."""
        held = [bean for bean in self.store.everything() if bean.module in {CONTACTS, LEADS}]
        return [{"id": bean.id, **attributes(bean, self.store)} for bean in held]

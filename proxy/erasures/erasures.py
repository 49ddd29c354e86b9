"""All that can be done with erasures, in one table."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

from proxy.app import KEY_FILE, App, note_keys
from proxy.crypto import derive, read_key
from proxy.erasures import policies
from proxy.erasures.afterwards import Afterwards
from proxy.erasures.agreeing import Agreeing
from proxy.erasures.moving import Moving
from proxy.erasures.opening import Opening
from proxy.erasures.ports import Erasers, Signing
from proxy.erasures.shared import Asked, Shared
from proxy.erasures.showing import Showing
from proxy.erasures.shutting import Shutting
from proxy.erasures.stopping import Stopping
from proxy.erasures.sweeping import Sweeping
from proxy.erasures.unasked import Unasked
from proxy.erasures.withdrawing import Withdrawing
from proxy.errors import ExchangeError, LychgateError
from proxy.message import Request
from proxy.model import Principal

Verb = Callable[[Asked], Awaitable[dict[str, Any]]]
AGREEING: Final = frozenset({"confirm", "approve", "accept"})
"""What somebody does who shows who they are."""


class Erasures:
    """What can be done with erasures.

    Args:
        app: built; its ledger and store are open.
    """

    def __init__(self, app: App) -> None:
        root = read_key(app.config.state / KEY_FILE)
        self.shared = Shared(app, root)
        shuts = Shutting(self.shared)
        signing = Signing(note_keys(app.config, root).signer(), derive(root, "erasure/commitments"))
        self.erasers = Erasers(self.shared, shuts, signing)
        self._opening = Opening(self.shared, derive(root, "erasure/origins"))
        self._agreeing = Agreeing(self.shared)
        self._moving = Moving(self.shared, self.erasers, self._opening)
        sweeping = Sweeping(self.shared, self.erasers, self._opening)
        withdrawing = Withdrawing(self.shared, self.erasers, self._opening)
        self.unasked = Unasked(self.shared, self.erasers, self._moving, sweeping, withdrawing)
        self._verbs = self._table(shuts, sweeping)
        self.cases = self.shared.cases
        self.tombstones = self.shared.tombstones
        self.returns = self.shared.returns

    def _table(self, shuts: Shutting, sweeping: Sweeping) -> Mapping[str, Verb]:
        stopping = Stopping(self.shared, shuts, self.erasers)
        afterwards, showing = Afterwards(self.shared, shuts), Showing(self.shared)
        return {
            "open": self._opening.open, "list": showing.list, "show": showing.show,
            "certificate": showing.certificate,
            "plan": self._moving.run, "run": self._moving.run, "retry": self._moving.retry,
            "batch": self._agreeing.batch,
            "hold": stopping.hold, "unhold": stopping.unhold, "except": stopping.except_,
            "unexcept": stopping.unexcept, "deny": stopping.deny, "revoke": stopping.revoke,
            "extend": stopping.extend,
            "told": afterwards.told, "allow": afterwards.allow, "returns": afterwards.returned,
            "sweep": sweeping.sweep,
        }  # fmt: skip

    async def do(self, asked: Asked, *, shown: Request | None = None) -> dict[str, Any]:
        """Do what is asked and return what a person is told.

        Args:
            asked: `do`, a word, and what it needs.
            shown: the request by which somebody proves who they are; None: `key` and `purpose` of `asked` do.

        Raises:
            LychgateError: it cannot be done; the sentence is for the person.
        """
        if asked.get("do") in AGREEING:
            agreed = self._agreeing.accept if asked["do"] == "accept" else self._agreeing.confirm
            return await agreed(asked, shown or policies.showing(asked))
        verb = self._verbs.get(str(asked.get("do")))
        if verb is None:
            raise LychgateError("this version does not know what was asked")
        return await verb(asked)

    def once(self, *said: str) -> bool:
        """Say whether this is the first time that something is said; durable."""
        return self._opening.once(*said)

    def identified(self, shown: Request) -> Iterator[Principal | ExchangeError]:
        """Yield who each lane's policies say that this is, or why they do not."""
        return policies.identified(self.shared.app, shown)

    def agrees(self, who: Principal) -> bool:
        """Say whether policy lets somebody agree to erasures, and so do all else that belongs to them."""
        return policies.agrees(self.shared.app, who)

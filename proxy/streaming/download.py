"""An answer in rows on its way to the client."""

from dataclasses import replace
from typing import NamedTuple

from proxy.accounts import Accounts
from proxy.errors import Undecodable, UpstreamFault
from proxy.exchange import Exchange, Forward
from proxy.message import Headers, Response
from proxy.model import Disclosed
from proxy.streaming.shown import Batch, Shown


class Piece(NamedTuple):
    """What may be released once `entries` are durable."""

    out: bytes
    entries: list[Disclosed]
    batch: Batch


class Download:
    """One answer; what was released of it stands in the parts of its disclosure."""

    def __init__(
        self, forward: Forward, head: Response, rows: Shown, accounts: Accounts, traces: tuple[bytes, ...] = ()
    ) -> None:
        """Take the head that may be shown with the first rows, what judges them, and what must never be in
        them."""
        self.forward = forward
        self.head = head
        """To be sent before the first bytes that are returned, and not sooner."""
        self.size = 0
        self._rows, self._accounts = rows, accounts
        self._traces = traces
        self._tail = b""
        self._parts = 0
        self._waiting = Batch()
        """What came of rows of which nothing goes on: it is said with the next that do."""

    @property
    def exchange(self) -> Exchange:
        """Whose answer it is."""
        return self.forward.exchange

    def take(self, chunk: bytes, *, last: bool) -> Piece:
        """Return what may be released of the rows that are complete by now.

        With the last piece there is an entry in any case, and it says that it is the last: without it, nobody
        may take the answer for a whole one.

        Raises:
            ExchangeError: the answer cannot be read exactly, or may not be shown; it ends here.
        """
        try:
            batch = self._rows.take(chunk, last=last)
        except Undecodable as error:
            raise UpstreamFault(error.reason) from None
        self._waiting.absorb(batch)
        if not batch.out and not last:
            return Piece(b"", [], Batch())
        batch, self._waiting = self._waiting, Batch()
        self._refuse_traces(batch.out)
        people = self._accounts.passing(batch.people)
        entries = self._accounts.passed(
            self.exchange, self.head.status, batch.records, people, batch.tally, after=self._parts
        )
        self.exchange.forget_witnessed()
        if self._parts == 0 and batch.tally.warned():
            self.head = replace(self.head, headers=Headers((*self.head.headers, WARNED)))
        self._parts += len(entries)
        if last:
            entries[-1] = replace(entries[-1], parts=self._parts)
        self.size += len(batch.out)
        return Piece(batch.out, entries, batch)

    def _refuse_traces(self, out: bytes) -> None:
        """Return if our own credential is not in what goes out, over the seams of its pieces either."""
        if not self._traces:
            return
        seen = self._tail + out
        if any(trace in seen for trace in self._traces):
            raise UpstreamFault("credential_echoed")
        longest = max(map(len, self._traces))
        self._tail = seen[-(longest - 1) :] if longest > 1 else b""


WARNED = ("lychgate-warning", "policy-warning")
"""Says that a rule in mode warn held, and never which: rules are for the ledger."""

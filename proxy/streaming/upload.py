"""A request in rows on its way to the CRM."""

from typing import NamedTuple

from proxy.accounts import SUBJECTS_PER_ENTRY, Accounts
from proxy.codec import Codec, Gunzip
from proxy.exchange import Exchange, Forward
from proxy.model import Requested
from proxy.streaming.written import Written


class Checked(NamedTuple):
    """What may be sent once `entries` are durable."""

    out: bytes
    entries: list[Requested]


class Upload:
    """One request; what was sent of it stands in the intents with its id."""

    def __init__(
        self, exchange: Exchange, codec: Codec, rows: Written, accounts: Accounts, gunzip: Gunzip | None
    ) -> None:
        self.exchange, self.codec = exchange, codec
        self._gunzip = gunzip
        self.forward: Forward | None = None
        """Permission to send, from when it is known what the rows write and the intent is durable."""
        self._rows, self._accounts = rows, accounts
        self._said: object = None

    @property
    def caller(self) -> str:
        """Who asks, as a key to count by."""
        return self.exchange.principal.id if self.exchange.principal is not None else ""

    def take(self, chunk: bytes, *, last: bool) -> Checked:
        """Return what may be sent of the rows that are complete by now.

        Nothing comes before it is known what the rows write: not a byte of the body, nor an entry.

        Raises:
            ExchangeError: a row cannot be read exactly, or may not be written; the body ends here.
        """
        if self._gunzip is not None:
            chunk = self._gunzip.feed(chunk, last=last)
        out = self._rows.take(chunk, last=last)
        if not self._rows.judged:
            return Checked(b"", [])
        return Checked(out, self._entries())

    def named(self) -> tuple[tuple[str, str], ...]:
        """Return what the rows of the last piece write that names somebody; to be asked once."""
        named = tuple(self._rows.named)
        self._rows.named.clear()
        return named

    def back(self) -> tuple[tuple[str, str], ...]:
        """Return the records (object, id) that the rows of the last piece bring back; to be asked once."""
        back = tuple(dict.fromkeys(self._rows.leaving.back))
        self._rows.leaving.back.clear()
        return back

    def _entries(self) -> list[Requested]:
        """Return the intents: one when it begins, and more for records and warnings as rows bring them."""
        ids = list(dict.fromkeys(self._rows.records))
        self._rows.records.clear()
        ruling = self.exchange.ruling
        if not ids and ruling == self._said:
            return []
        self._said = ruling
        names = self._accounts.pseudonyms(ids)
        return [
            self._accounts.requested(self.exchange, tuple(names[at : at + SUBJECTS_PER_ENTRY]))
            for at in range(0, len(names) or 1, SUBJECTS_PER_ENTRY)
        ]

"""What an exchange needs of a ledger, wherever the one that writes it runs."""

from typing import Protocol

from proxy.model import Entry


class Appends(Protocol):
    """Something through which entries become durable."""

    async def append(self, entry: Entry) -> int:
        """Write one entry; return its sequence number, and by then it is on the disk.

        Raises:
            Unavailable: it was not written, or whether it was is unknown; see `Ledger.append`.
        """

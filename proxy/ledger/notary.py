"""Signs how far the ledger has come, every few seconds, beside the appending and never in its way.

The notary reads what became durable, out of the segments, in a thread of its own; an append neither waits for
it nor knows of it. What was appended since the last checkpoint is what a forger could cut unseen: `unsigned`
says how much that is.
"""

import base64
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from proxy.crypto.notekeys import NoteKeys
from proxy.errors import LedgerError, LychgateError
from proxy.ledger import merkle, published
from proxy.ledger.follow import Place, follow, place_after
from proxy.ledger.tiles import Tiles
from proxy.ledger.verify import Checkpoint

_CLOSING_SECONDS: Final = 30
_PORTION: Final = 4096
"""Leaves that are written at once; single ones would cost more system calls than hashing."""
_log: Final = logging.getLogger("lychgate.ledger")


class Notary:
    """Keeps the tree of one ledger and publishes checkpoints of it.

    Build it, `resume`, then either `start` and `close`, or `step`.
    """

    def __init__(
        self,
        ledger: Path,
        folder: Path,
        keys: NoteKeys,
        head: Callable[[], tuple[int, str]],
        *,
        every: float,
        witness: Path | None = None,
        witness_every: float = 0,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Touch nothing yet.

        Args:
            ledger: the ledger's folder; only read.
            folder: for checkpoints, public keys and the tree; made if missing, its parent has to exist.
            keys: who signs.
            head: sequence number and digest of the last durable entry.
            every: seconds between checkpoints.
            witness: a second folder for checkpoints, best where whoever owns this disk cannot write twice.
            witness_every: seconds between checkpoints there.
            now: seconds since the epoch; names the day's file, and nothing depends on it.
        """
        self._ledger = ledger
        self._folder = folder
        self._keys = keys
        self._head = head
        self._every = every
        self._witness = witness
        self._witness_every = witness_every
        self._now = now
        self._tiles = Tiles(folder)
        self._turn = threading.Lock()
        self._size = 0
        self._root = merkle.root(self._tiles.subtree, 0)
        self._place = Place()
        self._note = b""
        self._signed_by = ""
        """Verification key of whoever signed `_note`."""
        self._witnessed_at = float("-inf")
        self.failing = ""
        """What kept the last checkpoint from being published everywhere; empty = nothing."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notary", daemon=True)

    @property
    def unsigned(self) -> int:
        """How many durable entries no checkpoint speaks of yet."""
        return self._head()[0] - self._size

    def resume(self) -> None:
        """Hold the ledger against the newest checkpoint of an earlier run, and go on from there.

        The entry that it ends with is compared; it names the hash of the one before, and so on to the first.

        Raises:
            LedgerError: the ledger is shorter than what was signed, or another one.
            OSError: something cannot be read or written.
        """
        self._folder.mkdir(mode=0o700, exist_ok=True)
        signed = published.newest(self._folder, self._witness, self._keys.public())
        if signed is None:
            signed = Checkpoint("", 0, self._root)
        if self._head()[0] < signed.size:
            raise LedgerError(
                f"the ledger ends with entry {self._head()[0]}, but a signed checkpoint speaks of "
                f"{signed.size}: it was cut, or an older copy was put in its place"
            )
        self._size, self._root = signed.size, signed.root
        self._restore()

    def start(self) -> None:
        """Publish a checkpoint every so many seconds from now on."""
        self._thread.start()

    def close(self) -> None:
        """Publish a last checkpoint, everywhere; nothing if it was never started. The ledger may be closed."""
        if self._thread.is_alive():
            self._stop.set()
            self._thread.join(_CLOSING_SECONDS)

    def step(self, *, closing: bool = False) -> bytes:
        """Publish a checkpoint over everything that is durable, if there is news; return the newest one.

        Returns:
            The signed note; b"" for a ledger without an entry.

        Raises:
            LedgerError: an entry cannot be read.
            Unavailable: the key cannot be used.
            OSError: it could not be written beside the ledger.
        """
        with self._turn:
            signer = self._keys.signer()
            grown = self._grow(self._head()[0])
            if grown or (self._size and self._signed_by != signer.verification_key):
                root = base64.b64encode(self._root).decode()
                self._note = signer.sign(f"{signer.name}\n{self._size}\n{root}\n")
                self._signed_by = signer.verification_key
                # The tree is durable before the checkpoint that speaks of it: if we die in between, the next
                # start finds a tree that is too long, and cuts it.
                published.publish(self._folder, self._note, time.strftime("%Y-%m-%d", time.gmtime(self._now())))
            self._hand_over(signer.name, closing=closing)
            return self._note

    def _grow(self, seq: int) -> bool:
        """Take up the entries until `seq`, which is the last of a commit; return whether there were any."""
        if seq == self._size:
            return False
        if self._tiles.size() != self._size:
            self._restore()  # the last attempt broke off half-way
        place = self._remember(self._place, seq)
        self._tiles.sync()
        self._size, self._place = seq, place
        self._root = merkle.root(self._tiles.subtree, seq)
        return True

    def _remember(self, place: Place, seq: int) -> Place:
        """Put the entries behind `place` until `seq` into the tree; return the place behind them."""
        leaves: list[bytes] = []
        at = place
        for at, lines in follow(self._ledger, place, seq):
            leaves += map(merkle.leaf_hash, lines)
            if len(leaves) >= _PORTION or at.seq == seq:
                self._tiles.append(leaves)
                leaves = []
        return at

    def _restore(self) -> None:
        """Bring tree and place back to `_size`, and make sure that the ledger says the same up to there."""
        size = self._size
        fits = self._tiles.cut(size) and merkle.root(self._tiles.subtree, size) == self._root
        self._place, line = place_after(self._ledger, size)
        if not fits:
            _log.warning("the tree over the ledger is made anew from %d entries", size)
            self._tiles.cut(0)
            self._remember(Place(), size)
            fits = merkle.root(self._tiles.subtree, size) == self._root
        elif size:
            fits = merkle.leaf_hash(line) == self._tiles.subtree(0, size - 1)
        if not fits:
            raise LedgerError(
                f"the first {size} entries are not those that were signed; run `lychgate audit verify`"
            )

    def _hand_over(self, name: str, *, closing: bool) -> None:
        self.failing = ""
        due = closing or time.monotonic() - self._witnessed_at >= self._witness_every
        if self._witness is None or not self._note or not due:
            return
        try:
            published.hand_over(self._witness, name, self._note, self._size)
            self._witnessed_at = time.monotonic()
        except OSError as error:
            self.failing = f"the second folder for checkpoints cannot be written: {error.strerror}"
            _log.error("%s", self.failing)

    def _run(self) -> None:
        ending = False
        while not ending:
            ending = self._stop.wait(self._every)
            try:
                self.step(closing=ending)
            except (OSError, ValueError, LychgateError) as error:
                # Appending goes on: entries are durable without us, and the next step signs them too.
                self.failing = error.strerror or "" if isinstance(error, OSError) else str(error)
                self.failing = self.failing or type(error).__name__
                _log.error("no checkpoint could be published: %s", self.failing)

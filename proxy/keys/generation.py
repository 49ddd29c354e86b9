"""Whether keys that were read a while ago may still be used: a number that every use looks at.

A process that remembers keys notes the number from *before* it read them. As long as the number is the same, and
even, nothing has been shredded since. Whoever shreds makes it odd first, and even again when the rows are gone;
while it is odd nobody remembers anything, so a process that dies in between makes others slow, never wrong.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import select, update

from proxy.errors import Unavailable
from proxy.keys.tables import GENERATION
from proxy.store import Store

UNKNOWN: Final = -1
"""Odd, so that nothing is remembered."""
_MODE: Final = 0o600
_NUMBER: Final = "SELECT number FROM key_generation"


class Generation(Protocol):
    """What the users and the shredders of keys agree by."""

    def now(self) -> int:
        """Return the number; odd while something is being shredded, or if nobody can tell."""
        ...

    def changing(self) -> contextlib.AbstractContextManager[None]:
        """Have nobody use what was remembered before, from the end of the block on, in any process."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class NoMemory:
    """For who only looks: nothing is remembered, and nothing may be changed."""

    def now(self) -> int:
        """See `Generation`."""
        return UNKNOWN

    def changing(self) -> contextlib.AbstractContextManager[None]:
        """See `Generation`.

        Raises:
            Unavailable: always.
        """
        raise Unavailable("keys_only_looked_at")

    def close(self) -> None:
        """See `Generation`."""


class SharedNumber:
    """The number of all processes of one machine: in the SQLite file that has the keys.

    Why not in a file of its own, which could be mapped and looked at for nothing: whatever puts an older one in
    its place, a backup above all, would have every process go by what it remembers of keys that are shredded.
    """

    def __init__(self, store: Store, lock: Path) -> None:
        """Look at the number, and make the file that is locked if it is missing.

        Args:
            store: SQLite; its chapter of keys is up to date.
            lock: locked by whoever changes the number, so that dying lets go of it; nothing is in it.

        Raises:
            Unavailable: `key_generation_unusable`, or the store cannot be used.
        """
        self._store = store
        self._query = store.query(_NUMBER)
        try:
            self._lock = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
        except OSError:
            self._query.close()
            raise Unavailable("key_generation_unusable", lock.name) from None

    def now(self) -> int:
        """See `Generation`."""
        found = self._query.now()
        return UNKNOWN if found is None else found

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """See `Generation`. If the block raises, the number moves on too: nobody knows how far it came."""
        # A descriptor of its own: flock belongs to the open file, and two threads share ours.
        turn = os.open(f"/proc/self/fd/{self._lock}", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
            change(self._store, lambda number: number | 1)
            try:
                yield
            finally:
                change(self._store, lambda number: (number | 1) + 1)
        finally:
            os.close(turn)

    def close(self) -> None:
        """Let go of store and file."""
        self._query.close()
        os.close(self._lock)


def change(store: Store, to: Callable[[int], int]) -> None:
    """Have another number in a store."""
    with store.begin() as connection:
        number = int(connection.execute(select(GENERATION.c.number).with_for_update()).scalar_one())
        connection.execute(update(GENERATION).values(number=to(number)))

"""Whether keys that were read a while ago may still be used: a number that every use looks at.

A process that remembers keys notes the number from *before* it read them. As long as the number is the same, and
even, nothing has been shredded since. Whoever shreds makes it odd first, and even again when the rows are gone;
while it is odd nobody remembers anything, so a process that dies in between makes others slow, never wrong.
"""

import contextlib
import fcntl
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from proxy.errors import Unavailable

_SIZE: Final = 8
_MODE: Final = 0o600


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
        return -1

    def changing(self) -> contextlib.AbstractContextManager[None]:
        """See `Generation`.

        Raises:
            Unavailable: always.
        """
        raise Unavailable("keys_only_looked_at")

    def close(self) -> None:
        """See `Generation`."""


class SharedNumber:
    """The number of all processes of one machine: eight bytes of a file that each of them maps."""

    def __init__(self, path: Path) -> None:
        """Map the file, made if it is missing.

        Raises:
            Unavailable: `key_generation_unusable`.
        """
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
            if os.fstat(self._fd).st_size < _SIZE:
                os.ftruncate(self._fd, _SIZE)
            self._map = mmap.mmap(self._fd, _SIZE)
            # Eight aligned bytes, read and written at once; `struct` with a byte order goes byte by byte.
            self._number = memoryview(self._map).cast("Q")
        except (OSError, ValueError):
            raise Unavailable("key_generation_unusable", path.name) from None

    def now(self) -> int:
        """See `Generation`."""
        return self._number[0]

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """See `Generation`. If the block raises, the number moves on too: nobody knows how far it came."""
        # A descriptor of its own: flock belongs to the open file, and two threads share ours.
        turn = os.open(f"/proc/self/fd/{self._fd}", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
            before = self.now()
            self._number[0] = before | 1
            try:
                yield
            finally:
                self._number[0] = (before | 1) + 1
        finally:
            os.close(turn)

    def close(self) -> None:
        """Let go of the file."""
        self._number.release()
        self._map.close()
        os.close(self._fd)

"""Remembered subtree hashes, so that a proof over millions of entries reads some kilobytes.

One file per level: `tree-0` holds the hash of every leaf, `tree-1` that of every complete subtree of 256 leaves,
`tree-2` of 65,536, and so on, 32 bytes each, in order. A full tile of C2SP tlog-tiles is a slice of 8,192 bytes:
`tile/L/N` stands in `tree-L` from byte `N * 8192` on.

A cache, never evidence: whatever is read from here is held against a signed root before anybody relies on it,
and it can be made again from the entries.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from proxy.ledger.merkle import fold

HASH: Final = 32
WIDTH_BITS: Final = 8
WIDTH: Final = 1 << WIDTH_BITS
LEVELS: Final = 7
"""Enough for 2**56 entries."""


class Tiles:
    """The files in one folder; one writer at a time, any number of readers below a size they know is written."""

    def __init__(self, folder: Path) -> None:
        """Look at the folder, which has to exist; nothing is written."""
        self._folder = folder

    def size(self) -> int:
        """Return how many leaves are remembered; 0 also if the levels above do not fit, as after a crash."""
        size = self._count(0)
        fits = all(self._count(level) == size >> WIDTH_BITS * level for level in range(1, LEVELS))
        return size if fits else 0

    def cut(self, size: int) -> bool:
        """Forget all leaves behind the first `size`; return False if there are fewer, and forget everything."""
        counts = [size >> WIDTH_BITS * level for level in range(LEVELS)]
        enough = all(self._count(level) >= count for level, count in enumerate(counts))
        for level, count in enumerate(counts):
            path = self._path(level)
            if path.exists():
                os.truncate(path, count * HASH if enough else 0)
        return enough

    def append(self, leaves: Sequence[bytes]) -> None:
        """Remember further leaves' hashes, and each subtree that they complete."""
        fresh: Sequence[bytes] = leaves
        for level in range(LEVELS):
            if not fresh:
                return
            before = self._count(level)
            start = before // WIDTH * WIDTH
            row = [*self._read(level, start, before - start), *fresh]
            with self._path(level).open("ab", buffering=0) as file:
                data = memoryview(b"".join(fresh))
                while data:
                    data = data[file.write(data) or 0 :]
            fresh = [fold(row[at : at + WIDTH]) for at in range(0, len(row) - WIDTH + 1, WIDTH)]

    def sync(self) -> None:
        """Make what is remembered durable."""
        for level in range(LEVELS):
            if self._path(level).exists():
                with self._path(level).open("rb") as file:
                    os.fsync(file.fileno())

    def subtree(self, bits: int, index: int) -> bytes:
        """Return the hash over the `2**bits` leaves from `index * 2**bits` on, all of them remembered.

        Raises:
            ValueError: they are not.
        """
        level, rest = divmod(bits, WIDTH_BITS)
        return fold(self._read(level, index << rest, 1 << rest))

    def _read(self, level: int, start: int, count: int) -> list[bytes]:
        if not count:
            return []
        try:
            with self._path(level).open("rb") as file:
                data = os.pread(file.fileno(), count * HASH, start * HASH)
        except FileNotFoundError:
            data = b""
        if len(data) != count * HASH:
            raise ValueError("the tree's hashes are incomplete")
        return [data[at : at + HASH] for at in range(0, len(data), HASH)]

    def _count(self, level: int) -> int:
        try:
            return self._path(level).stat().st_size // HASH
        except FileNotFoundError:
            return 0

    def _path(self, level: int) -> Path:
        return self._folder / f"tree-{level}"

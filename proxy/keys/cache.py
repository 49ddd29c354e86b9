"""Opened keys that are remembered for a short time: bounded, and dropped whole when anything is shredded."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Final

from proxy.keys.generation import Generation

SECONDS: Final = 60.0
"""The longest that an opened key is remembered."""
MOST: Final = 20_000
"""Keys; some 60 MB, if each of them seals or opens values meanwhile."""


class Cache[K: Hashable, V]:
    """Values by key, each for at most `seconds`, the least recently used going first; threads may share it."""

    def __init__(self, generation: Generation, clock: Callable[[], float], *, seconds: float, most: int) -> None:
        self.generation = generation
        self._clock = clock
        self._seconds = min(seconds, SECONDS)
        self._most = most
        self._of = -1
        self._held: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._turn = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def found(self, names: Iterable[K]) -> dict[K, V]:
        """Return what is remembered of these and may still be used."""
        oldest = self._clock() - self._seconds
        with self._turn:
            if self.generation.now() != self._of:
                self._drop()  # for good: a number may come back that was there before
                return {}
            found: dict[K, V] = {}
            for name in names:
                entry = self._held.get(name)
                if entry is None:
                    continue
                if entry[0] <= oldest:
                    del self._held[name]
                    continue
                self._held.move_to_end(name)
                found[name] = entry[1]
            return found

    def remember(self, values: Mapping[K, V], generation: int) -> None:
        """Keep what was read; nothing if something has been shredded since, or is being shredded.

        Args:
            values: as read.
            generation: the number from before they were read.
        """
        if generation % 2:
            return
        now = self._clock()
        with self._turn:
            if self.generation.now() != generation:
                return
            if self._of != generation:
                self._held.clear()
                self._of = generation
            for name, value in values.items():
                self._held[name] = (now, value)
                self._held.move_to_end(name)
            while len(self._held) > self._most:
                self._held.popitem(last=False)

    def drop(self) -> None:
        """Forget everything."""
        with self._turn:
            self._drop()

    def _drop(self) -> None:
        self._held.clear()
        self._of = -1

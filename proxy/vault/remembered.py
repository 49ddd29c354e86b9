"""Opened values that are remembered for a short time: bounded, and forgotten whole when anything is shredded.

Not the cache of keys (`proxy.keys.cache`), because a page asks for six hundred values at once: what holds for
all of them is looked at once, and what is left for each is one look-up. So the first to come is the first to go,
where keys are kept by use.
"""

import threading
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final, NamedTuple

from proxy.keys import Generation

Where = tuple[str, str, str]
"""Connector, object, field."""
_NOTHING: Final[Mapping[str, "Known"]] = {}


class Known(NamedTuple):
    """One protected text of a CRM that was opened: where it belongs, and what it stands for."""

    until: float
    """Monotonic seconds."""
    clear: str
    record: str
    """In the form of `ids.same_form`."""
    seen: str | None
    """As the CRM wrote it where the value stood in its place, so that most are told at a glance."""
    where: Where
    always: tuple[str, str] | None = None
    """Set: it stands for that in any field of this kind and data element, whatever record and rest say."""


class Remembered:
    """What is remembered; threads may share it."""

    def __init__(self, generation: Generation, clock: Callable[[], float], *, seconds: float, most: int) -> None:
        self._generation = generation
        self._clock = clock
        self._seconds = seconds
        self._most = most
        self._of = -1
        self._held: dict[str, Known] = {}
        self._turn = threading.Lock()

    def now(self) -> tuple[Mapping[str, Known], float]:
        """Return all that may still be used, by text, and the time: an entry with an earlier `until` may not.

        It holds for as long as the caller gives nothing else a turn.
        """
        if self._generation.now() != self._of:
            self.drop()  # for good: a number may come back that was there before
            return _NOTHING, 0.0
        return self._held, self._clock()

    def until(self) -> float:
        """Return until when something that is opened now may be used."""
        return self._clock() + self._seconds

    def keep(self, fresh: Mapping[str, Known], generation: int) -> None:
        """Remember what was opened, unless something has been shredded since `generation` was read."""
        with self._turn:
            if generation % 2 or self._generation.now() != generation:
                return
            if self._of != generation:
                self._held = {}
                self._of = generation
            self._held.update(fresh)
            if len(self._held) > self._most:
                # A new dict, so that whoever walks through the old one is not disturbed.
                self._held = dict(islice(self._held.items(), len(self._held) // 2, None))

    def drop(self) -> None:
        """Forget everything."""
        with self._turn:
            self._held, self._of = {}, -1

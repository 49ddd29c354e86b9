"""How often each caller may ask, or how much it may get: one number per caller, in memory.

The generic cell rate algorithm: what is kept is when a caller's allowance will be whole again. A caller that is
not listed has its whole allowance, so forgetting one whose time has come changes nothing.
"""

from collections.abc import Callable
from typing import Final

MOST: Final = 10_000
"""Callers remembered; when there are more, those are forgotten that asked longest ago."""


class Rates:
    """What is left of each caller's allowance, on one lane of one process.

    Args:
        per_second: requests, or records, a second, on average.
        burst: as many may come at once.
        clock: monotonic seconds.
    """

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float]) -> None:
        self._each = 1 / per_second
        self._ahead = (burst - 1) / per_second
        self._clock = clock
        self._whole: dict[str, float] = {}

    def allows(self, caller: str) -> bool:
        """Return whether the caller may ask now; nothing is counted."""
        return self._whole.get(caller, 0.0) - self._clock() <= self._ahead

    def take(self, caller: str, cost: int = 1) -> bool:
        """Return the same, and count what may be had.

        What costs more than is left is had once, whole, and paid for by waiting: nobody knows beforehand how
        much an answer holds.
        """
        if not self.allows(caller):
            return False
        now = self._clock()
        whole = max(now, self._whole.pop(caller, now))
        self._whole[caller] = whole + self._each * cost
        while len(self._whole) > MOST:
            del self._whole[next(iter(self._whole))]
        return True

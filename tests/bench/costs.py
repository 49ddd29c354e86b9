"""How the benches of policy measure: thread CPU time, so that a busy machine disturbs them little.

A piece of work runs several times over, each time on input made anew outside of the measurement, and what is
reported is the least and the median. The least says what the work costs; the median says how much the machine
was in the way.
"""

import gc
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

RUNS = 5


class Cost(NamedTuple):
    """CPU seconds of one piece of work."""

    least: float
    median: float

    def per(self, times: int) -> "Cost":
        """Return the cost of one of so many equal pieces."""
        return Cost(self.least / times, self.median / times)


def once(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one run, on this thread."""
    gc.collect()
    began = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - began) / 1e9


def cost(work: Callable[[], object]) -> Cost:
    """Return what running `work` costs."""
    return summary([once(work) for _ in range(RUNS)])


def cost_on[Input](work: Callable[[Input], object], prepare: Callable[[], Input]) -> Cost:
    """Return what running `work` costs on input that it uses up; preparing one is not counted."""
    found = []
    for _ in range(RUNS):
        given = prepare()
        found.append(once(lambda given=given: work(given)))
    return summary(found)


def summary(seconds: list[float]) -> Cost:
    """Return the least and the median of several runs."""
    return Cost(min(seconds), statistics.median(seconds))


def times(count: int, work: Callable[[], object]) -> Callable[[], None]:
    """Return the same work, done so many times."""

    def repeated() -> None:
        for _ in range(count):
            work()

    return repeated

"""proxy.rates: no more than the rate over any stretch of time, no caller at another's cost, bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from proxy import rates
from proxy.rates import Rates


class Clock:
    """Stands still until it is set."""

    now = 1000.0

    def __call__(self):
        return self.now


def test_a_burst_passes_and_then_the_rate():
    """Three at once, then one each half second."""
    clock = Clock()
    limit = Rates(2, 3, clock)
    assert [limit.take("a") for _ in range(5)] == [True, True, True, False, False]
    clock.now += 0.5
    assert [limit.take("a") for _ in range(2)] == [True, False]
    clock.now += 100
    assert [limit.take("a") for _ in range(4)] == [True, True, True, False]


def test_what_costs_more_than_is_left_is_paid_for_by_waiting():
    """A page of five hundred is had once, whole; then there is nothing until it has been earned."""
    clock = Clock()
    limit = Rates(10, 100, clock)
    assert limit.take("a", 500)
    for seconds, may in ((40, False), (1, True)):
        clock.now += seconds
        assert limit.allows("a") is may


def test_callers_have_allowances_of_their_own():
    """What one uses up, another still has."""
    limit = Rates(1, 1, Clock())
    assert limit.take("a")
    assert not limit.take("a")
    assert limit.take("b")


def test_asking_whether_counts_nothing():
    """Only `take` does."""
    limit = Rates(1, 1, Clock())
    assert [limit.allows("a") for _ in range(9)] == [True] * 9
    assert limit.take("a")
    assert not limit.allows("a")


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 5), st.sampled_from([1, 2, 4]))
def test_never_more_than_burst_and_rate_together(waits, burst, per_second):
    """Within any stretch of time, a caller gets at most the burst and what the rate adds."""
    clock = Clock()
    limit, taken = Rates(per_second, burst, clock), []
    for wait in waits:
        clock.now += wait / 16
        if limit.take("a"):
            taken.append(clock.now)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + (taken[last] - taken[first]) * per_second + 1e-6


def test_memory_is_bounded(monkeypatch):
    """However many callers there are."""
    monkeypatch.setattr(rates, "MOST", 10)
    limit = Rates(1, 1, Clock())
    assert all(limit.take(str(number)) for number in range(1000))
    assert len(limit._whole) == 10

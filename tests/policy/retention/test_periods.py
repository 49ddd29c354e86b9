"""Periods go by the calendar, and never end early."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.retention.periods import Period, read_period

MOMENTS = st.floats(-6e8, 4e9).map(lambda each: datetime.fromtimestamp(each, UTC))
LENGTHS = st.builds(Period, st.integers(0, 1200), st.integers(0, 3000))


@pytest.mark.parametrize(
    ("text", "begun", "over"),
    [
        ("P24M", "2024-02-29", "2026-02-28"),
        ("P1M", "2026-01-31", "2026-02-28"),
        ("P10Y", "2016-02-29", "2026-02-28"),
        ("P30D", "2026-02-01", "2026-03-03"),
        ("P6W", "2026-01-01", "2026-02-12"),
        ("P1Y6M10D", "2025-01-01", "2026-07-11"),
        ("P0D", "2026-01-01", "2026-01-01"),
        ("P1M", "2025-12-15", "2026-01-15"),
    ],
)
def test_a_period_is_over_on_a_day_of_the_calendar(text: str, begun: str, over: str) -> None:
    """A day that a month does not have is its last."""
    moment = datetime.fromisoformat(f"{begun}T12:00:00+00:00")
    assert read_period(text).after(moment).date().isoformat() == over


def test_a_period_that_leaves_the_calendar_never_ends() -> None:
    """It is not an error, and nothing goes early."""
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    assert read_period("P999Y9999M").after(begun).year > 2900
    assert Period(months=12 * 9000).after(begun) == datetime.max.replace(tzinfo=UTC)
    assert Period(days=10_000_000_000).after(begun) == datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["24M", "P1M1Y", "PT5H", "P-1D", "two years"])
def test_other_texts_are_no_periods(text: str) -> None:
    """Hours and signs are none of this language."""
    with pytest.raises(ValueError, match="is no period"):
        read_period(text)


@given(LENGTHS, MOMENTS, MOMENTS)
def test_what_begins_later_never_ends_before(length: Period, one: datetime, other: datetime) -> None:
    """Whatever the period."""
    first, second = sorted((one, other))
    assert first <= length.after(first) <= length.after(second)


@given(LENGTHS, st.integers(0, 24), MOMENTS)
def test_a_longer_period_never_ends_before(length: Period, more: int, begun: datetime) -> None:
    """Whatever the moment."""
    longer = Period(length.months + more, length.days)
    assert longer.after(begun) >= length.after(begun)

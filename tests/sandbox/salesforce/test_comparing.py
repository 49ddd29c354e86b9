"""Date literals and LIKE."""

import pytest

from proxy.sandbox.salesforce.comparing import like, span

NOW = 1_767_877_200.0  # Thursday 2026-01-08T13:00:00Z


@pytest.mark.parametrize(
    ("word", "start", "end"),
    [
        ("TODAY", "2026-01-08", "2026-01-09"),
        ("YESTERDAY", "2026-01-07", "2026-01-08"),
        ("TOMORROW", "2026-01-09", "2026-01-10"),
        ("THIS_WEEK", "2026-01-04", "2026-01-11"),  # weeks begin on Sunday
        ("LAST_WEEK", "2025-12-28", "2026-01-04"),
        ("THIS_MONTH", "2026-01-01", "2026-02-01"),
        ("LAST_MONTH", "2025-12-01", "2026-01-01"),
        ("THIS_YEAR", "2026-01-01", "2027-01-01"),
        ("LAST_YEAR", "2025-01-01", "2026-01-01"),
        ("LAST_N_DAYS:30", "2025-12-09", "2026-01-09"),  # today included
        ("NEXT_N_DAYS:2", "2026-01-09", "2026-01-11"),  # today not
        ("LAST_90_DAYS", "2025-10-10", "2026-01-09"),
        ("LAST_N_MONTHS:2", "2025-11-01", "2026-01-01"),
        ("NEXT_N_MONTHS:1", "2026-02-01", "2026-03-01"),
        ("LAST_N_YEARS:2", "2024-01-01", "2026-01-01"),
    ],
)
def test_a_date_literal_is_a_span_of_time(word, start, end):
    """Each literal covers these days in UTC, the last one excluded."""
    begin, stop = span(word, NOW)
    assert (begin.isoformat(), stop.isoformat()) == (f"{start}T00:00:00+00:00", f"{end}T00:00:00+00:00")


@pytest.mark.parametrize(
    ("pattern", "text", "held"),
    [
        ("a%", "Aoife", True),
        ("%e", "Aoife\nByrne", True),  # % crosses lines
        ("_oife", "Aoife", True),
        ("_", "Ao", False),
        (r"100\%", "100%", True),
        (r"100\%", "1000", False),
        ("a.c", "abc", False),  # a full stop is one
    ],
)
def test_like(pattern, text, held):
    """% is anything, _ is one character, a backslash takes the meaning from either."""
    assert (like(pattern).fullmatch(text) is not None) is held

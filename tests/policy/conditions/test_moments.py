"""Timestamps and durations."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from cel_expr_python import cel
from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.conditions import moments

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T09:00:00Z", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31t09:00:00z", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31T09:00:00.5+01:30", datetime(2026, 1, 31, 7, 30, 0, 500000, tzinfo=UTC)),
        ("2026-01-31T09:00:00.123456789Z", datetime(2026, 1, 31, 9, 0, 0, 123456, tzinfo=UTC)),
        ("2026-01-31T09:00:00.000+0000", datetime(2026, 1, 31, 9, tzinfo=UTC)),  # as Salesforce writes it
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_timestamp(text: str, moment: datetime) -> None:
    """A moment is read to the microsecond, in UTC, and as Google's CEL reads it."""
    assert moments.timestamp(text) == moment
    assert moments.timestamp(text).tzinfo is UTC
    theirs = cel.NewEnv(variables={}).compile(f'timestamp("{text}")').eval()
    assert theirs.type() == cel.Type.TIMESTAMP


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026-01-31", "2026-01-31T09:00:00", "2026-01-31 09:00:00Z", "2026-01-31T09:00Z"),
        *("2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:61Z"),
        *("2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60"),
        *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "infinite-past"),
        "٢٠٢٦-01-01T00:00:00Z",  # digits, but not these
    ],
)
def test_no_timestamp(text: str) -> None:
    """Another form, and a moment that never was, is an error, and is one for Google's CEL too."""
    with pytest.raises((ValueError, OverflowError)):
        moments.timestamp(text)
    theirs = cel.NewEnv(variables={}).compile(f'timestamp("{text}")').eval()
    assert theirs.type() == cel.Type.ERROR


@pytest.mark.parametrize("text", [" 2026-01-01T00:00:00Z", "2026-1-1T00:00:00Z", "2026-01-01T00:00:00Z "])
def test_stricter_than_google(text: str) -> None:
    """Spaces and single digits, which RFC 3339 does not have either, are refused."""
    with pytest.raises(ValueError, match="written"):
        moments.timestamp(text)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0", timedelta()),
        ("-0", timedelta()),
        ("1h30m", timedelta(hours=1.5)),
        ("1.5h", timedelta(hours=1.5)),
        (".5h", timedelta(minutes=30)),
        ("1.h", timedelta(hours=1)),
        ("-1.5s", timedelta(seconds=-1.5)),
        ("+2m1h", timedelta(minutes=62)),
        ("1ms1us999ns", timedelta(microseconds=1001)),
        ("2562047h", timedelta(hours=2562047)),
    ],
)
def test_duration(text: str, length: timedelta) -> None:
    """A duration is read to the microsecond, and as Google's CEL reads it."""
    assert moments.duration(text) == length
    assert cel.NewEnv(variables={}).compile(f'duration("{text}")').eval().value() == length


def test_days_are_ours() -> None:
    """A day has 24 hours."""
    assert moments.duration("730d") == timedelta(days=730)
    assert moments.duration("-1d12h") == timedelta(hours=-36)


@pytest.mark.parametrize(
    "text", ["", "1", "1 h", "1H", "h", "1h30", "-+1h", "1e3s", "1..5h", "1h -1m", "0.0", "1w"]
)
def test_no_duration(text: str) -> None:
    """Another form is an error, and is one for Google's CEL too."""
    with pytest.raises(ValueError, match="a duration is written"):
        moments.duration(text)
    assert cel.NewEnv(variables={}).compile(f'duration("{text}")').eval().type() == cel.Type.ERROR


@pytest.mark.parametrize("text", ["2562048h", "-106752d", "99999999999999999999999999999d"])
def test_too_long(text: str) -> None:
    """A duration beyond 2^63 nanoseconds is an error."""
    with pytest.raises(OverflowError):
        moments.duration(text)


@given(st.timedeltas(min_value=-moments.LONGEST, max_value=moments.LONGEST))
def test_every_duration_can_be_written(length: timedelta) -> None:
    """A duration in microseconds is read as what it says."""
    microseconds = length // timedelta(microseconds=1)
    assert moments.duration(f"{microseconds}us") == length


def test_sums_are_bounded() -> None:
    """No sum or difference is longer than a duration can be, or outside the years there are."""
    half = moments.LONGEST / 2 + timedelta(days=1)
    for broken in (
        lambda: moments.longer(half, half),
        lambda: moments.shorter(-half, half),
        lambda: moments.between(NOW, moments.timestamp("1700-01-01T00:00:00Z")),
        lambda: moments.later(moments.timestamp("9999-12-31T23:59:59Z"), timedelta(seconds=1)),
        lambda: moments.later_by(timedelta(seconds=1), moments.timestamp("9999-12-31T23:59:59Z")),
        lambda: moments.earlier(moments.timestamp("0001-01-01T00:00:00Z"), timedelta(seconds=1)),
    ):
        with pytest.raises(OverflowError):
            broken()


@pytest.mark.parametrize(
    ("born", "now", "years"),
    [
        ("2008-11-23", NOW, 18),  # today
        ("2008-11-24", NOW, 17),  # tomorrow
        ("2026-11-23", NOW, 0),
        (datetime(2008, 11, 23, tzinfo=UTC), NOW, 18),
        ("2008-11-23T23:59:59Z", NOW, 18),  # the day counts, not the hour
        ("2008-11-24T00:30:00+01:00", NOW, 18),  # which is the 23rd in UTC
        ("2008-02-29", datetime(2026, 2, 28, tzinfo=UTC), 17),
        ("2008-02-29", datetime(2026, 3, 1, tzinfo=UTC), 18),
        ("2008-02-29", datetime(2028, 2, 29, tzinfo=UTC), 20),
        (
            "2008-11-24",
            NOW.replace(hour=23).astimezone(timezone(timedelta(hours=9))),
            17,
        ),  # there it is the 24th
    ],
)
def test_age(born: datetime | str, now: datetime, years: int) -> None:
    """An age is in whole years by the calendar in UTC."""
    assert moments.age(born, now) == years


@pytest.mark.parametrize("born", ["2026-11-24", "2009", "2009-02-29", "soon", "2009-1-1", ""])
def test_no_age(born: str) -> None:
    """A birthday to come, or no date, is an error."""
    with pytest.raises(ValueError, match=r"."):
        moments.age(born, NOW)


@pytest.mark.parametrize(
    ("moment", "days"),
    [
        (NOW, 0),
        (NOW - timedelta(days=1), 1),
        (NOW - timedelta(hours=23), 0),
        (NOW + timedelta(hours=1), -1),
        ("2026-11-22", 1),  # its beginning is 33 hours ago
        ("2026-11-22T09:00:01Z", 0),
        ("2026-11-24", -1),
    ],
)
def test_days_since(moment: datetime | str, days: int) -> None:
    """Days since a moment are whole days, rounded down."""
    assert moments.days_since(moment, NOW) == days

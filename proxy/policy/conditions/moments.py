"""Timestamps and durations: read from text, added, and asked how long ago they are.

To the microsecond; what a text says beyond that is cut off.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

LONGEST: Final = timedelta(microseconds=(2**63 - 1) // 1000)
"""2^63 nanoseconds, some 292 years, as in most implementations of CEL."""
_TIMESTAMP: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))", re.ASCII
)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DURATION: Final = re.compile(r"([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:d|h|ms|m|us|ns|s))+)", re.ASCII)
_STEP: Final = re.compile(r"(\d*)\.?(\d*)(d|h|ms|m|us|ns|s)", re.ASCII)
_NANOSECONDS: Final = {
    "d": 86_400 * 10**9,
    "h": 3_600 * 10**9,
    "m": 60 * 10**9,
    "s": 10**9,
    "ms": 10**6,
    "us": 10**3,
    "ns": 1,
}
_MAX_DIGITS: Final = 30
_DAY: Final = timedelta(days=1)


def timestamp(text: str) -> datetime:
    """Return the moment that an RFC 3339 text names, in UTC; `+0100` may stand for `+01:00`.

    Raises:
        ValueError: another form, or no such moment.
        OverflowError: outside the years 1 to 9999 in UTC.
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise ValueError("a timestamp is written 2026-01-31T09:00:00Z")
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    fraction = int((found[7] or "0")[:6].ljust(6, "0"))
    leap = timedelta(seconds=second == 60)  # as every system that has no leap seconds
    moment = datetime(year, month, day, hour, minute, min(second, 59 if leap else second), fraction, tzinfo=UTC)
    if found[8] is None:
        return moment + leap
    hours, minutes = int(found[9]), int(found[10])
    if hours > 23 or minutes > 59:
        raise ValueError("an offset is less than a day")
    offset = timedelta(hours=hours, minutes=minutes)
    return moment + leap + (offset if found[8] == "-" else -offset)


def duration(text: str) -> timedelta:
    """Return the duration that a text such as `1h30m`, `-1.5s` or `730d` names; a day has 24 hours.

    Raises:
        ValueError: another form.
        OverflowError: longer than LONGEST.
    """
    if text in ("0", "+0", "-0"):
        return timedelta()
    found = _DURATION.fullmatch(text)
    if found is None or len(text) > _MAX_DIGITS:
        raise ValueError("a duration is written 1h30m or 30d; units are d, h, m, s, ms, us, ns")
    nanoseconds = 0
    for whole, fraction, unit in _STEP.findall(found[2]):
        factor = _NANOSECONDS[unit]
        nanoseconds += int(whole or "0") * factor + int(fraction or "0") * factor // 10 ** len(fraction)
    length = bounded(timedelta(microseconds=nanoseconds // 1000))
    return -length if found[1] == "-" else length


def bounded(length: timedelta) -> timedelta:
    """Return the duration, raise OverflowError if it is longer than LONGEST."""
    if -LONGEST <= length <= LONGEST:
        return length
    raise OverflowError


def later(moment: datetime, length: timedelta) -> datetime:
    """Return the moment a duration after another."""
    return moment + length


def later_by(length: timedelta, moment: datetime) -> datetime:
    """Return the moment a duration after another, named the other way round."""
    return moment + length


def earlier(moment: datetime, length: timedelta) -> datetime:
    """Return the moment a duration before another."""
    return moment - length


def between(until: datetime, since: datetime) -> timedelta:
    """Return how long it is from `since` to `until`."""
    return bounded(until - since)


def longer(one: timedelta, other: timedelta) -> timedelta:
    """Return the sum of two durations."""
    return bounded(one + other)


def shorter(one: timedelta, other: timedelta) -> timedelta:
    """Return the difference of two durations."""
    return bounded(one - other)


def age(born: datetime | str, now: datetime) -> int:
    """Return the whole years of a person's life, by the calendar in UTC.

    Who was born on 29 February is a year older on 1 March where there is no such day: of two customs, the one
    that takes nobody for an adult too early.

    Raises:
        ValueError: not a date, or one to come.
    """
    day, today = _day(born), now.astimezone(UTC).date()
    years = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
    if years < 0:
        raise ValueError("born in the future")
    return years


def days_since(moment: datetime | str, now: datetime) -> int:
    """Return the whole days from a moment, or from the start of a date in UTC, until now; negative before.

    Raises:
        ValueError: neither a timestamp nor a date.
    """
    if isinstance(moment, str):
        day = _day(moment) if _DATE.fullmatch(moment) else None
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC) if day else timestamp(moment)
    return (now - moment) // _DAY


def _day(moment: datetime | str) -> date:
    if isinstance(moment, str):
        if _DATE.fullmatch(moment):
            return date.fromisoformat(moment)
        moment = timestamp(moment)
    return moment.astimezone(UTC).date()

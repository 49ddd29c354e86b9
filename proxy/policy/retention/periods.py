"""Lengths of time by the calendar: two years after a leap day are a day of February, not 730 days."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_PARTS: Final = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_SOMETIME: Final = datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole months, then whole days."""

    months: int = 0
    days: int = 0
    text: str = "P0D"
    """As it was written."""

    def after(self, moment: datetime) -> datetime:
        """Return when the period has passed; a day that its month does not have is the month's last.

        What lies beyond the calendar is its end, so that a period too long never ends early.
        """
        year, month = divmod(moment.year * 12 + moment.month - 1 + self.months, 12)
        try:
            day = min(moment.day, monthrange(year, month + 1)[1])
            return moment.replace(year=year, month=month + 1, day=day) + timedelta(self.days)
        except (ValueError, OverflowError):
            return _NEVER

    def longer(self, other: "Period") -> bool:
        """Tell whether a period is the longer one, when both begin on the first day of a year."""
        return self.after(_SOMETIME) > other.after(_SOMETIME)


def read_period(text: str) -> Period:
    """Return a period that has the shape which documents demand.

    Raises:
        ValueError: it has another.
    """
    found = _PARTS.fullmatch(text)
    if found is None:
        raise ValueError(f"{text} is no period; write P24M, P10Y or P30D")
    years, months, weeks, days = (int(each or 0) for each in found.groups())
    return Period(12 * years + months, 7 * weeks + days, text)

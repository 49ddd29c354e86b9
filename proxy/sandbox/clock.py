"""What time it is in a sandbox, and how a CRM writes it."""

from collections.abc import Callable
from datetime import UTC, datetime

Now = Callable[[], float]
"""Seconds since the epoch; `time.time` or a `StoppedClock`."""


class StoppedClock:
    """A clock that stands still until a test moves it, so that a delay of thirty days takes no time."""

    def __init__(self, at: float = 1_767_225_600.0) -> None:
        self.at = at
        """Seconds since the epoch; the default is 2026-01-01T00:00:00Z."""

    def __call__(self) -> float:
        """Return what time it is."""
        return self.at

    def advance(self, *, seconds: float = 0, days: float = 0) -> None:
        """Move the clock forward."""
        self.at += seconds + days * 86_400


def moment(seconds: float) -> datetime:
    """Return the same instant as a datetime in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def salesforce_time(seconds: float) -> str:
    """Write an instant as Salesforce does: `2026-01-01T00:00:00.000+0000`."""
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(seconds * 1000) % 1000:03d}+0000"


def hubspot_time(seconds: float) -> str:
    """Write an instant as HubSpot does: `2026-01-01T00:00:00.000Z`."""
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(seconds * 1000) % 1000:03d}Z"

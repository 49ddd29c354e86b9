"""Clocks and grounds of the laws."""

from datetime import UTC, datetime

import pytest

from proxy.erasure.law import LAWS, warnings

CASES = [
    # law, received, extended, due day, why
    ("gdpr", "2026-01-15", False, "2026-02-16", "a Sunday moves to Monday"),
    ("gdpr", "2026-01-31", False, "2026-03-02", "28 February is a Saturday"),
    ("gdpr", "2026-03-10", True, "2026-06-10", "one month and two more"),
    ("gdpr", "2026-12-05", False, "2027-01-05", "over the end of a year"),
    ("ccpa", "2026-01-15", False, "2026-03-02", "45 days: Sunday 1 March moves"),
    ("ccpa", "2026-01-15", True, "2026-04-15", "45 and 45 more"),
]


@pytest.mark.parametrize(("law", "received", "extended", "due", "why"), CASES)
def test_due_days(law: str, received: str, extended: bool, due: str, why: str) -> None:
    """Each law's clock, to the day."""
    begun = datetime.fromisoformat(received).replace(hour=14, tzinfo=UTC)
    assert LAWS[law].due(begun, extended=extended).date().isoformat() == due, why


def test_warnings_come_at_half_four_fifths_and_the_end() -> None:
    """50, 80 and 100 per cent, each once it is reached and from then on."""
    law, begun = LAWS["ccpa"], datetime(2026, 1, 1, tzinfo=UTC)
    at = [warnings(law, begun, datetime(2026, 1, 1 + day, tzinfo=UTC)) for day in (1, 24)]
    assert at == [(), (50,)]
    assert warnings(law, begun, datetime(2026, 2, 8, tzinfo=UTC)) == (50, 80)
    assert warnings(law, begun, datetime(2026, 3, 1, tzinfo=UTC)) == (50, 80, 100)


def test_the_five_grounds_and_the_five_exceptions_of_article_17() -> None:
    """Each with the provision it comes from."""
    law = LAWS["gdpr"]
    assert [law.grounds[word][-3:] for word in law.grounds] == ["(a)", "(b)", "(c)", "(d)", "(e)"]
    assert set(law.exceptions.values()) == {f"GDPR Art. 17(3)({letter})" for letter in "abcde"}


def test_hipaa_gives_no_right_to_erasure() -> None:
    """The reason names the provisions, so that it can stand in a letter."""
    assert not LAWS["hipaa"].erases
    assert "164.526" in LAWS["hipaa"].why_not

"""Which law a case is under: its grounds and exceptions, how long there is, and when somebody is warned.

Facts, not advice: each row names the provision it comes from. Months are counted as Regulation (EEC, Euratom)
No 1182/71 has it: to the same day of the month, or the last one it has; a due day that is a Saturday or Sunday
moves to the next working day (Article 3(4)). Public holidays differ by place and are not counted here, which
makes a clock strict, never late.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

WARNINGS: Final = (50, 80, 100)
"""Per cent of the time that is used up when somebody is told."""


@dataclass(frozen=True, slots=True)
class Law:
    """What one law says of erasing."""

    name: str
    grounds: Mapping[str, str]
    """Word -> provision."""
    exceptions: Mapping[str, str]
    months: int = 0
    days: int = 0
    extra_months: int = 0
    """By how much the time can be extended, once, if the person is told in the first period."""
    extra_days: int = 0
    erases: bool = True
    """False: a person has no right to erasure under it."""
    why_not: str = ""
    remedy: str = ""
    """What a refusal has to say besides its reason."""

    @property
    def extends(self) -> str:
        """By how much the time can be extended, "" if not at all."""
        if self.extra_months:
            return f"{self.extra_months} months"
        return f"{self.extra_days} days" if self.extra_days else ""

    def due(self, received: datetime, *, extended: bool = False) -> datetime:
        """Return the last moment of the last day."""
        months = self.months + (self.extra_months if extended else 0)
        days = self.days + (self.extra_days if extended else 0)
        day = _months_later(received.astimezone(UTC), months) + timedelta(days)
        while day.weekday() > 4:
            day += timedelta(1)
        return day.replace(hour=23, minute=59, second=59, microsecond=0)

    def used(self, received: datetime, now: datetime, *, extended: bool = False) -> int:
        """Return how much of the time is used up, in per cent."""
        whole = (self.due(received, extended=extended) - received).total_seconds()
        return max(0, int(100 * (now - received).total_seconds() / whole))


_ART_17: Final = MappingProxyType({
    "no_longer_necessary": "GDPR Art. 17(1)(a)",
    "consent_withdrawn": "GDPR Art. 17(1)(b)",
    "objection": "GDPR Art. 17(1)(c)",
    "unlawful_processing": "GDPR Art. 17(1)(d)",
    "legal_obligation": "GDPR Art. 17(1)(e)",
})  # fmt: skip
_ART_17_3: Final = MappingProxyType({
    "expression": "GDPR Art. 17(3)(a)",
    "legal_duty": "GDPR Art. 17(3)(b)",
    "public_health": "GDPR Art. 17(3)(c)",
    "archiving": "GDPR Art. 17(3)(d)",
    "legal_claims": "GDPR Art. 17(3)(e)",
})  # fmt: skip
LAWS: Final[Mapping[str, Law]] = MappingProxyType({
    "gdpr": Law(
        "gdpr", _ART_17, _ART_17_3, months=1, extra_months=2,
        remedy=(
            "A complaint can be lodged with a supervisory authority, and a court can be asked (GDPR Art. 12(4))."
        ),
    ),
    "ccpa": Law(
        "ccpa",
        MappingProxyType({"request": "Cal. Civ. Code 1798.105(a)"}),
        MappingProxyType({
            "legal_duty": "Cal. Civ. Code 1798.105(d)(8)",
            "transaction": "Cal. Civ. Code 1798.105(d)(1)",
        }),
        days=45, extra_days=45,
    ),
    "appi": Law(
        "appi",
        MappingProxyType({
            "no_longer_necessary": "APPI Art. 35(5)",
            "unlawful_processing": "APPI Art. 35(1)",
        }),
        MappingProxyType({"great_expense": "APPI Art. 35(2), (6)"}),
        days=30,
    ),
    "privacy_act": Law(
        "privacy_act",
        MappingProxyType({"no_longer_necessary": "Privacy Act 1988 (Cth), APP 11.2"}),
        MappingProxyType({"legal_duty": "Privacy Act 1988 (Cth), APP 11.2(d)"}),
        days=30,
        remedy="A complaint can be made to the Information Commissioner (Privacy Act 1988 (Cth), s 36).",
    ),
    "pipeda": Law(
        "pipeda",
        MappingProxyType({
            "no_longer_necessary": "PIPEDA Sch. 1, 4.5.3",
            "consent_withdrawn": "PIPEDA Sch. 1, 4.3.8",
        }),
        MappingProxyType({"legal_duty": "PIPEDA Sch. 1, 4.5.2"}),
        days=30, remedy="A complaint can be filed with the Privacy Commissioner (PIPEDA s. 11).",
    ),
    "hipaa": Law(
        "hipaa", MappingProxyType({}), MappingProxyType({}), days=60, erases=False,
        why_not=(
            "HIPAA gives a right to ask for an amendment (45 CFR 164.526), not for erasure, and its "
            "documents are kept six years (45 CFR 164.316(b)(2), 164.530(j)). The request can be taken as one "
            "to amend or to restrict (45 CFR 164.522)."
        ),
    ),
})  # fmt: skip
"""By the word that a case has. Days without a statutory number are a bound of ours: thirty."""


def warnings(law: Law, received: datetime, now: datetime, *, extended: bool = False) -> tuple[int, ...]:
    """Return which of `WARNINGS` have been reached."""
    used = law.used(received, now, extended=extended)
    return tuple(each for each in WARNINGS if used >= each)


def _months_later(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))

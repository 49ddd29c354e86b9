"""How SOQL compares: strings without regard to case, null below everything, days as spans of time."""

import re
from datetime import UTC, date, datetime, timedelta

from proxy.sandbox.clock import moment
from proxy.sandbox.salesforce.ids import full_id
from proxy.sandbox.salesforce.schema import NUMBERS, Field
from proxy.sandbox.salesforce.soql_tree import Const

Span = tuple[datetime, datetime]


def instant(text: str) -> datetime:
    """Return a stored date or datetime as an instant; a date is its midnight in UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def sort_key(value: object, *, exact: bool = False) -> tuple[int, object]:
    """Return what to order by: null first, strings without regard to case unless `exact` (ids are)."""
    if value is None:
        return (0, 0)
    if isinstance(value, str) and not exact:
        return (1, value.casefold())
    return (1, value)


def fits(item: Field, const: Const) -> bool:
    """Whether a literal of this kind may be compared with this field."""
    if const.kind == "null":
        return True
    if item.type in {"date", "datetime"}:
        return const.kind in {item.type, "days"}
    if item.type in NUMBERS:
        return const.kind == "number"
    return const.kind == ("boolean" if item.type == "boolean" else "string")


def matches(item: Field, op: str, value: object, const: Const, now: float) -> bool:
    """Whether `value op const` holds for one value of a field."""
    if op == "LIKE":
        return isinstance(value, str) and like(const.raw).fullmatch(value) is not None
    if const.kind == "days":
        return _in_span(op, value, span(str(const.value), now))
    if op in {"=", "!="}:
        return (_same(item, value, const.value)) == (op == "=")
    if value is None or const.value is None:
        return False
    return _ordered(op, _key(item, value), _key(item, const.value))


def _same(item: Field, value: object, wanted: object) -> bool:
    if value is None or wanted is None or wanted == "":
        return value in {None, ""} and wanted in {None, ""}
    if item.type in {"id", "reference"}:
        return value == (full_id(str(wanted)) or wanted)
    return bool(_key(item, value) == _key(item, wanted))


def _key(item: Field, value: object) -> object:
    if isinstance(value, str):
        return instant(value) if item.type in {"date", "datetime"} else value.casefold()
    return value


def _ordered(op: str, left: object, right: object) -> bool:
    below, equal = bool(left < right), left == right  # type: ignore[operator]
    return {"<": below, "<=": below or equal, ">": not below and not equal, ">=": not below}[op]


def like(pattern: str) -> re.Pattern[str]:
    """Return a regular expression for a LIKE pattern as it was typed: `%`, `_`, and `\\` before either."""
    tokens: list[str] = re.findall(r"\\.|.", pattern, re.DOTALL)
    parts = ({"%": ".*", "_": "."}.get(token) or re.escape(token[-1]) for token in tokens)
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def _in_span(op: str, value: object, between: Span) -> bool:
    if not isinstance(value, str):
        return op == "!="
    at, (start, end) = instant(value), between
    return {
        "=": start <= at < end,
        "!=": not start <= at < end,
        "<": at < start,
        "<=": at < end,
        ">": at >= end,
        ">=": at >= start,
    }[op]


def span(word: str, now: float) -> Span:
    """Return the time that a date literal (`LAST_N_DAYS:30`, `THIS_YEAR`) stands for, end excluded."""
    today = moment(now).date()
    name, _, count = word.partition(":")
    name, number = name.upper(), int(count or 90)
    name = {"LAST_90_DAYS": "LAST_N_DAYS", "NEXT_90_DAYS": "NEXT_N_DAYS"}.get(name, name)
    which, _, unit = name.partition("_")
    unit = unit.removeprefix("N_").rstrip("S")
    if name in {"TODAY", "YESTERDAY", "TOMORROW"}:
        shift = {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}[name]
        return _days(today, shift, shift + 1)
    if unit == "DAY":
        return _days(today, -number, 1) if which == "LAST" else _days(today, 1, number + 1)
    if unit == "WEEK":
        begin = -((today.weekday() + 1) % 7) - (7 if which == "LAST" else 0)
        return _days(today, begin, begin + 7)
    months = 1 if unit == "MONTH" else 12
    first = date(today.year, today.month if unit == "MONTH" else 1, 1)
    steps = {"THIS": (0, 1), "LAST": (-number if count else -1, 0), "NEXT": (1, number + 1)}[which]
    return _midnight(_months(first, steps[0] * months)), _midnight(_months(first, steps[1] * months))


def _days(today: date, start: int, end: int) -> Span:
    return _midnight(today + timedelta(days=start)), _midnight(today + timedelta(days=end))


def _months(first: date, count: int) -> date:
    years, month = divmod(first.month - 1 + count, 12)
    return date(first.year + years, month + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)

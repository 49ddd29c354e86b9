"""What of one record is due: pure, without a clock or I/O, for whoever sweeps.

Erasing cannot be taken back, so doubt keeps. A rule whose condition or clock cannot be read makes nothing due
and says so; a duty or a hold whose condition cannot be read holds; a duty that cannot be dated has not ended.

Between several rules the strictest holds. Each is due by itself, so of two terms the shorter is met first; a
duty to keep goes before both, as long as its longest lasts, on the fields that it names and no others. While
anything of a record is kept the record as a whole stays.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal

from proxy.message import RECORD_ITSELF
from proxy.model import ObjectSpec
from proxy.policy.conditions import ERROR
from proxy.policy.decide import consenting
from proxy.policy.plans import Answer
from proxy.policy.retention.rules import Exemption, Hold, Retention, RetentionRule
from proxy.policy.whens import When

Doubt = Literal["condition_unknown", "clock_unknown", "clock_absent"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What must stay, and until when."""

    by: str
    """Id of the hold, or of the rule that is a duty or has an exception."""
    kind: Literal["hold", "duty", "exception"]
    fields: frozenset[str]
    because: str
    refs: tuple[str, ...] = ()
    until: datetime | None = None
    """First moment at which it may go; None: nobody can say."""


@dataclass(frozen=True, slots=True)
class Due:
    """A rule whose time has come for a record."""

    rule: RetentionRule
    since: datetime
    after: datetime
    """Not to be carried out before."""
    fields: frozenset[str]
    """What it is about, less what must stay; `""` is the record as a whole. Empty: it is stopped."""
    kept: tuple[Kept, ...] = ()
    """What stands against it."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A rule of which nobody can say whether it is due: a gap, to be counted and looked at."""

    rule: RetentionRule
    why: Doubt


@dataclass(frozen=True, slots=True)
class Standing:
    """How one record stands; rules in the order of their ids."""

    due: tuple[Due, ...] = ()
    kept: tuple[Kept, ...] = ()
    """Holds and duties that reach the record, due or not."""
    doubtful: tuple[Doubtful, ...] = ()


def due(
    retention: Retention, connector: str, spec: ObjectSpec, facts: Mapping[str, object], now: datetime
) -> Standing:
    """Return which rules are due for a record, what keeps it, and what cannot be said.

    Args:
        retention: of the policy set.
        connector: where the record is.
        spec: its object.
        facts: those of `retention.attributes`, as they are read for conditions; what cannot be had raises
            KeyError when looked at.
        now: with offset.
    """
    return _Record(connector, spec, facts, now).standing(retention)


class _Record:
    def __init__(self, connector: str, spec: ObjectSpec, facts: Mapping[str, object], now: datetime) -> None:
        self.connector = connector
        self.spec = spec
        self.facts = consenting(facts)
        self.now = now
        self.today = now.astimezone(UTC).date()

    def standing(self, retention: Retention) -> Standing:
        rules = [(rule, self._fields(rule)) for rule in retention.rules if rule.in_force(self.today)]
        kept = (*self._holds(retention.holds), *self._duties(rules))
        found: list[Due] = []
        doubtful: list[Doubtful] = []
        for rule, fields in rules:
            if rule.then == "keep" or not fields:
                continue
            each = self._due(rule, fields, kept)
            if isinstance(each, Doubtful):
                doubtful.append(each)
            elif each is not None:
                found.append(each)
        return Standing(tuple(found), kept, tuple(doubtful))

    def _due(self, rule: RetentionRule, fields: frozenset[str], kept: Iterable[Kept]) -> Due | Doubtful | None:
        answer = self._answer(rule.when)
        if answer is not True:
            return Doubtful(rule, "condition_unknown") if answer is ERROR else None
        begun = self._clock(rule)
        if not isinstance(begun, datetime):
            return Doubtful(rule, begun)
        since = rule.keep.after(begun)
        if self.now < since:
            return None
        against = [*kept, *self._exceptions(rule, fields)]
        stays = frozenset[str]().union(*(each.fields for each in against))
        if RECORD_ITSELF in fields:
            # The record cannot go while any of it must stay.
            open_ = fields - stays - ({RECORD_ITSELF} if stays else frozenset())
            mattering = against
        else:
            open_ = fields - stays
            mattering = [each for each in against if not each.fields.isdisjoint(fields)]
        return Due(rule, since, rule.grace.after(since), open_, tuple(mattering))

    def _holds(self, holds: Iterable[Hold]) -> Iterator[Kept]:
        for hold in holds:
            fields = hold.on.within(self.connector, self.spec)
            ended = hold.until is not None and hold.until < self.today
            if fields and not ended and self._answer(hold.when) is not False:
                until = None
                if hold.until is not None and hold.until.year < 9999:
                    until = datetime.combine(hold.until + timedelta(1), time(), UTC)
                yield Kept(hold.id, "hold", fields, hold.because, hold.refs, until)

    def _duties(self, rules: Iterable[tuple[RetentionRule, frozenset[str]]]) -> Iterator[Kept]:
        for rule, fields in rules:
            if rule.then != "keep" or not fields or self._answer(rule.when) is False:
                continue
            if any(self._answer(each.when) is True for each in rule.exceptions if self._stands(each)):
                continue
            begun = self._clock(rule)
            until = rule.keep.after(begun) if isinstance(begun, datetime) else None
            if until is None or self.now < until:
                yield Kept(rule.id, "duty", fields, rule.description, rule.refs, until)

    def _exceptions(self, rule: RetentionRule, fields: frozenset[str]) -> Iterator[Kept]:
        for each in rule.exceptions:
            if self._stands(each) and self._answer(each.when) is not False:
                yield Kept(rule.id, "exception", fields, each.because, each.refs)

    def _stands(self, exemption: Exemption) -> bool:
        return exemption.until is None or self.today <= exemption.until

    def _fields(self, rule: RetentionRule) -> frozenset[str]:
        return rule.on.within(self.connector, self.spec)

    def _answer(self, when: When) -> Answer:
        if not when.text:
            return True
        condition = when.conditions.get((self.connector, self.spec.name))
        return ERROR if condition is None else condition.evaluate(self.facts, {}, self.now)

    def _clock(self, rule: RetentionRule) -> datetime | Doubt:
        """Return from when a rule counts: the first clock that the record has, if those before it are known."""
        for name in rule.clocks:
            if name not in self.spec.attributes:
                return "clock_unknown"
            try:
                found = self.facts.get(name)
            except KeyError:
                return "clock_unknown"
            if found is None:
                continue
            return found if isinstance(found, datetime) and found.tzinfo is not None else "clock_unknown"
        return "clock_absent"

"""Retention with every name resolved: what is due when, and what is held."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from proxy.policy.conditions import Condition
from proxy.policy.retention.documents import Then
from proxy.policy.retention.periods import Period
from proxy.policy.rules import On
from proxy.policy.whens import CONSENTS, NEVER_ASKED, When

AT_ONCE: Final = Period()


@dataclass(frozen=True, slots=True)
class Exemption:
    """Records that a rule leaves alone, and the provisions behind that."""

    because: str
    refs: tuple[str, ...]
    when: When = NEVER_ASKED
    until: date | None = None
    """Last day, UTC."""


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """How long some fields are kept; `""` among the fields of `on` is the record as a whole."""

    id: str
    on: On
    clocks: tuple[str, ...]
    """Attributes; of a record the first that it has."""
    keep: Period
    then: Then
    basis: str
    grace: Period = AT_ONCE
    when: When = NEVER_ASKED
    exceptions: tuple[Exemption, ...] = ()
    since: date | None = None
    until: date | None = None
    """First and last day in force, UTC."""
    description: str = ""
    refs: tuple[str, ...] = ()
    place: str = ""

    @property
    def always(self) -> bool:
        """True for a rule that holds for every record it names, every day."""
        return not (self.when.text or self.exceptions or self.since or self.until)

    def in_force(self, today: date) -> bool:
        """Tell whether the rule holds on a day (UTC)."""
        return (self.since is None or self.since <= today) and (self.until is None or today <= self.until)


@dataclass(frozen=True, slots=True)
class Hold:
    """What must stay as it is, whatever is due."""

    id: str
    on: On
    because: str
    owner: str
    when: When = NEVER_ASKED
    until: date | None = None
    refs: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True)
class Retention:
    """All of a policy set, sorted by id; an empty one makes nothing due."""

    rules: tuple[RetentionRule, ...] = ()
    holds: tuple[Hold, ...] = ()

    def attributes(self, connector: str, object_: str) -> frozenset[str]:
        """Return the attributes of an object that have to be had before anybody can say what is due."""
        found: set[str] = set()
        for rule in self.rules:
            found.update(rule.clocks)
        for condition in self._conditions(connector, object_):
            found |= condition.attributes
            if condition.consents:
                found.add(CONSENTS)
        return frozenset(found)

    def _conditions(self, connector: str, object_: str) -> Iterator[Condition]:
        whens = [*(each.when for each in self.rules), *(each.when for each in self.holds)]
        whens += [each.when for rule in self.rules for each in rule.exceptions]
        for when in whens:
            if (found := when.conditions.get((connector, object_))) is not None:
                yield found


NO_RETENTION: Final = Retention()

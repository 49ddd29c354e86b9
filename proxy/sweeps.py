"""A look through the people of a CRM: who is back after an erasure, whose time is over by a retention rule, and
who has withdrawn a consent.

Nothing is changed by it, and nothing of a record is kept but which one it is and why it was found.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from proxy.connectors.facts import facts_of
from proxy.connectors.playbook import Found
from proxy.erasure import Spot, normal
from proxy.exchange import Rules
from proxy.model import Facts, ObjectSpec
from proxy.policy.erasing import withdrawn
from proxy.policy.retention import due

FIRST: Final = 600.0
"""Seconds from the start of a process to its first sweep: one that starts again and again must not ask all the
while."""

Met = Callable[[Iterable[tuple[str, str]]], str | None]
"""(kind, value) pairs -> the case of somebody erased whom one of them names."""


class Rounds:
    """When the process that runs looks by itself, and what it found the last time.

    Args:
        hours: from one look to the next; None: it never looks.
        now: seconds, of a clock that only goes forward.
    """

    def __init__(self, hours: float | None, now: float) -> None:
        self._every = None if hours is None else hours * 3600
        self._next = now + min(FIRST, self._every or FIRST)
        self.found: Mapping[str, int] = {}
        """How many records by why they were found (`returned`, `retention`, `consent`)."""
        self.failed = False
        """Whether a CRM could not be asked the last time."""

    def due(self, now: float) -> bool:
        """Say whether it is time; if so, the next time is one round later."""
        if self._every is None or now < self._next:
            return False
        self._next = now + self._every
        return True

    @property
    def told(self) -> str:
        """What somebody has to do about it; "" for nothing."""
        said = ["a CRM could not be looked through"] if self.failed else []
        words = {
            "returned": "of people who were erased",
            "retention": "whose time is over",
            "consent": "of people who have withdrawn a consent",
        }
        said += [f"{count} records {words[why]}" for why, count in sorted(self.found.items()) if count]
        return f"{', '.join(said)}; `lychgate erasure sweep` says more" if said else ""


class Sweep:
    """Looks at one object's records, page by page.

    Args:
        rules: in force on the lane.
        lane: where the records are.
        object_: whose records.
        met: says of values whose erasure they tell of, if anybody's.
        found: gets what is found: why (`returned`, `retention`, `consent`) and which record -> the case or the
            rule.
    """

    def __init__(
        self, rules: Rules, lane: str, object_: str, met: Met, found: dict[tuple[str, Spot], str]
    ) -> None:
        assert rules.connector.book is not None
        self._lane, self._object, self._found = lane, object_, found
        self._telling = rules.connector.book.telling(object_)
        self._key = rules.connector.book.objects[object_].key
        self._met = met
        self._connector = rules.connector.name
        self._spec = rules.connector.catalogue.get(object_)
        self._retention = rules.policies.retention
        self._withdrawals = rules.policies.erasing.withdrawn(rules.connector.name, object_)
        self.doubtful = 0
        """Records of which nobody can say whether their time is over, or a consent is withdrawn."""

    def names(self) -> list[str]:
        """Return the fields that have to be asked for."""
        spec = self._spec
        clocks = [] if spec is None else [spec.attributes[name].field for name in self._attributes()]
        return list(dict.fromkeys([self._key, *self._telling, *clocks]))

    def look(self, records: tuple[Found, ...]) -> None:
        """Note who of a page is back, or due."""
        for record in records:
            spot = Spot(self._lane, self._object, record.id)
            values = [
                (kind, record.fields[name]) for name, kind in self._telling.items() if name in record.fields
            ]
            parts = [
                (normal.kind_of(kind, part), part)
                for kind, value in values
                for part in normal.parts(kind, value)
            ]
            if (case := self._met(parts)) is not None:
                self._found["returned", spot] = case
            if self._spec is not None and (self._retention.rules or self._withdrawals):
                facts, now = facts_of(self._spec, self._attributes(), dict(record.sent)), datetime.now(UTC)
                doubts = [self._due(spot, self._spec, facts, now), self._withdrawn(spot, self._spec, facts, now)]
                self.doubtful += any(doubts)

    def _due(self, spot: Spot, spec: ObjectSpec, facts: Facts, now: datetime) -> bool:
        """Note a record whose time is over; say whether there is a doubt."""
        standing = due(self._retention, self._connector, spec, facts, now)
        for one in standing.due:
            if "" in one.fields and one.rule.then == "erase" and one.after <= now:
                self._found["retention", spot] = one.rule.id
        return bool(standing.doubtful)

    def _withdrawn(self, spot: Spot, spec: ObjectSpec, facts: Facts, now: datetime) -> bool:
        """Note a record that says that a consent is withdrawn; say whether there is a doubt."""
        told = withdrawn(self._withdrawals, self._connector, spec, facts, now)
        if told.rule is not None:
            self._found["consent", spot] = told.rule.id
        return told.doubtful

    def _attributes(self) -> frozenset[str]:
        spec = self._spec
        if spec is None:
            return frozenset()
        asked = self._retention.attributes(self._connector, spec.name) & spec.attributes.keys()
        return asked.union(*(each.attributes(self._connector, spec) for each in self._withdrawals))

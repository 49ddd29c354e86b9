"""A look through the people of a CRM: who is back after an erasure, and whose time is over by a retention rule.

Nothing is changed by it, and nothing of a record is kept but which one it is and why it was found.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from proxy.connectors.facts import facts_of
from proxy.connectors.playbook import Found
from proxy.erasure import Spot, normal
from proxy.exchange import Rules
from proxy.policy.retention import due

Met = Callable[[Iterable[tuple[str, str]]], str | None]
"""(kind, value) pairs -> the case of somebody erased whom one of them names."""


class Sweep:
    """Looks at one object's records, page by page.

    Args:
        rules: in force on the lane.
        lane: where the records are.
        object_: whose records.
        met: says of values whose erasure they tell of, if anybody's.
        found: gets what is found: why (`returned`, `retention`) and which record -> the case or the rule.
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
        self.doubtful = 0
        """Records of which nobody can say whether their time is over."""

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
            self._due(spot, record)

    def _due(self, spot: Spot, record: Found) -> None:
        if self._spec is None or not self._retention.rules:
            return
        facts = facts_of(self._spec, self._attributes(), dict(record.sent))
        standing = due(self._retention, self._connector, self._spec, facts, datetime.now(UTC))
        self.doubtful += bool(standing.doubtful)
        for one in standing.due:
            if "" in one.fields and one.rule.then == "erase" and one.after <= datetime.now(UTC):
                self._found["retention", spot] = one.rule.id

    def _attributes(self) -> frozenset[str]:
        spec = self._spec
        if spec is None:
            return frozenset()
        return self._retention.attributes(self._connector, spec.name) & spec.attributes.keys()

"""Rules with every name resolved: what a grant or guard matches, as plain values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

from proxy.message import RECORD_ITSELF
from proxy.model import Action, Effect, Mask, ObjectSpec
from proxy.policy.conditions import Condition
from proxy.policy.taxonomy import RECORD, UNCLASSIFIED, ancestors

STRENGTH: Final = {
    "null": 90,
    "fixed": 80,
    "constant": 80,
    "address": 80,
    "year_only": 60,
    "year_month": 55,
    "email_domain": 40,
    "detect": 20,
}
"""How much each kind of mask hides, where masks meet on one field; see `DEFAULT_STRENGTH`."""
DEFAULT_STRENGTH: Final = 50
"""Kinds that show a part of the value: keep_last, keep_first, name, email, phone, iban, range, by_type."""

Names = frozenset[str] | None
"""A selector; None = any."""
Weight = tuple[int, int]
"""Effect, then strength of the mask: where a rule stands on the language's scale."""


@dataclass(frozen=True, slots=True)
class On:
    """Which fields of which objects."""

    connectors: Names = None
    objects: Names = None
    categories: Names = None
    tags: Names = None
    fields: Names = None

    def within(self, connector: str, spec: ObjectSpec) -> frozenset[str]:
        """Return the names of the fields that match in one object, `""` for the record itself.

        A field that the connector does not list, or lists as unclassified, never matches.
        """
        if not _admits(self.connectors, connector) or not _admits(self.objects, spec.name):
            return frozenset()
        found = {
            name
            for name, of in spec.fields.items()
            if of.category != UNCLASSIFIED and self._matches(name, of.category, of.tags)
        }
        if self._matches(RECORD_ITSELF, RECORD, frozenset()):
            found.add(RECORD_ITSELF)
        return frozenset(found)

    def _matches(self, name: str, category: str, tags: frozenset[str]) -> bool:
        if self.categories is None and self.tags is None and self.fields is None:
            return True
        return (
            (self.fields is not None and name in self.fields)
            or (self.tags is not None and not self.tags.isdisjoint(tags))
            or (self.categories is not None and not self.categories.isdisjoint(ancestors(category)))
        )


@dataclass(frozen=True, slots=True)
class Callers:
    """Who asks, what for, on behalf of whom; every given selector must fit."""

    roles: Names = None
    purposes: Names = None
    """Declared purposes; a parent the author wrote is already spelled out."""
    recipients: Names = None

    def fit(self, roles: frozenset[str], purpose: str, recipient: str) -> bool:
        """Tell whether a caller is among these."""
        return (
            (self.roles is None or not self.roles.isdisjoint(roles))
            and _admits(self.purposes, purpose)
            and _admits(self.recipients, recipient)
        )


_NONE: Final[Mapping[tuple[str, str], Condition]] = MappingProxyType({})
Mode = Literal["enforce", "warn", "audit"]
LAXER: Final[Sequence[Mode]] = ("enforce", "warn", "audit")
"""What a rule does when it matches, the strictest first: hold, hold and be reported, only be reported."""


@dataclass(frozen=True, slots=True)
class Spared:
    """Somebody a rule leaves out for a time, and who answers for that."""

    callers: Callers
    owner: str
    until: date
    """Last day, UTC."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One grant (a door) or guard (a wall)."""

    id: str
    kind: Literal["grant", "guard"]
    effect: Effect
    actions: frozenset[Action]
    mask: Mask | None = None
    strength: int = 0
    """Of the mask; 0 where there is none."""
    callers: Callers = field(default_factory=Callers)
    unless: Callers | None = None
    spared: tuple[Spared, ...] = ()
    on: On = field(default_factory=On)
    mode: Mode = "enforce"
    layer: str = ""
    """Digest of the floor that the rule comes from; "" for the set's own."""
    since: date | None = None
    until: date | None = None
    """First and last day in force, UTC."""
    when: str = ""
    """The rule's condition as written in one line, canonical; "" when it has none."""
    conditions: Mapping[tuple[str, str], Condition] = field(default=_NONE, compare=False)
    """The condition for each (connector, object) that the rule reaches, whose attributes may differ."""
    description: str = ""
    refs: tuple[str, ...] = ()
    place: str = ""
    """`file:line:column` of the rule's id."""
    copied: str = ""
    """Object of the fields of which those that it is on are copies; "" where it is on what its author named, or
    on copies in the same record."""
    demands: str = ""
    """Added to the name of a layer, that of one that has to have a grant as well; see `proxy.policy.copies`."""

    @property
    def weight(self) -> Weight:
        """Where the rule stands on the scale; a heavier one is more restrictive."""
        return (int(self.effect), self.strength)

    @property
    def applies(self) -> bool:
        """False for a rule that is only observed."""
        return self.mode != "audit"

    @property
    def gives(self) -> bool:
        """True for a grant that tells something of a value."""
        return self.kind == "grant" and self.applies and self.effect < Effect.REDACT

    @property
    def always(self) -> bool:
        """True for a guard that holds for all it names, every day, without exception or condition."""
        return (
            self.kind == "guard"
            and self.applies
            and self.unless is None
            and not self.spared
            and self.since is None
            and self.until is None
            and not self.when
        )

    @property
    def built_in(self) -> bool:
        """True for a guard nobody wrote; the colon in its id is what no author can write."""
        return ":" in self.id

    def concerns(self, roles: frozenset[str], purpose: str, recipient: str, today: date) -> bool:
        """Tell whether the rule speaks about this caller on a day (UTC)."""
        if not self.callers.fit(roles, purpose, recipient):
            return False
        if self.unless is not None and self.unless.fit(roles, purpose, recipient):
            return False
        return self.spares(roles, purpose, recipient, today) is None

    def spares(self, roles: frozenset[str], purpose: str, recipient: str, today: date) -> Spared | None:
        """Return the exception that leaves this caller out on a day (UTC), or None."""
        for each in self.spared:
            if today <= each.until and each.callers.fit(roles, purpose, recipient):
                return each
        return None

    def in_force(self, today: date) -> bool:
        """Tell whether the rule holds on a day (UTC)."""
        return (self.since is None or self.since <= today) and (self.until is None or today <= self.until)


CheckMask = Callable[[Mask], None]
"""Returns if a mask can be carried out, raises ValueError with a sentence for its author if not; whoever can
apply masks provides it."""


def _admits(names: Names, name: str) -> bool:
    return names is None or name in names

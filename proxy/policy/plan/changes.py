"""What differs between two policy sets, as plain values: rows of cells that changed alike, examples, notes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from proxy.model import Action
from proxy.policy.plan.cell import Verdict
from proxy.policy.plan.reading import Caller


@dataclass(frozen=True, slots=True)
class Example:
    """One concrete case of a change."""

    opens: bool
    """Whether the recipient learns more here, or something that cannot be compared."""
    caller: Caller
    action: Action
    field: str
    day: date
    facts: Mapping[str, str]
    """What has to be the case; empty where no condition is involved."""
    was: str
    was_rule: str
    """Id of the rule that decided; "" where no grant matched."""
    now: str
    now_rule: str


@dataclass(frozen=True, slots=True)
class Change:
    """Cells that changed in the same way: every combination of what stands in it."""

    verdict: Verdict
    connector: str
    object: str
    roles: tuple[frozenset[str], ...]
    """Each is the roles of one caller."""
    purposes: tuple[str, ...]
    recipients: tuple[str, ...]
    actions: tuple[Action, ...]
    fields: tuple[str, ...]
    days: tuple[tuple[date, date | None], ...]
    """First day and the first day after; None for good."""
    was: str
    now: str
    exact: bool
    """False: more conditions than can be tried; rows were drawn, and more may change than is said."""
    examples: tuple[Example, ...] = ()
    """One that opens, if any does, then one that closes, if any does."""

    @property
    def cells(self) -> int:
        """How many cells this is, whatever the day."""
        callers = len(self.roles) * len(self.purposes) * len(self.recipients)
        return callers * len(self.actions) * len(self.fields)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that differs between two policy sets."""

    changes: tuple[Change, ...]
    """What opens first."""
    cells: int
    """How many were compared."""
    counts: Mapping[Verdict, int]
    """Changed cells; one that opens on one day and closes on another is mixed."""
    inexact: int
    """Cells with more conditions than can be tried."""
    days: tuple[date, ...]
    """Today, and every later day on which a rule or an agreement begins or ends."""
    opening: frozenset[str]
    """Ids of the rules that decide, before or after, where something opens."""
    untried: tuple[str, ...] = ()
    """Who and when was not looked at, if the sets differ and it might matter there, in words."""

    @property
    def opens(self) -> bool:
        """Tell whether anybody may learn more than before; a change that cannot be ruled out counts."""
        return bool(self.untried) or any(change.verdict.opens or not change.exact for change in self.changes)


@dataclass(frozen=True, slots=True)
class Note:
    """One change that no cell shows."""

    verdict: Verdict | None
    """None where it neither opens nor closes anything by itself."""
    what: str
    """`client helpdesk`."""
    text: str
    """`gains role support_lead`."""

"""Plans: what the rules come to for one kind of question, worked out once however many records there are.

Where no condition plays a part a plan is its decision. Where some do, it is a table that fills as records
come: the answers to the distinct conditions, one bit each, lead to a decision, and a page of records asks for
few combinations. What a record costs is the asking of the conditions; how many rules there are does not matter.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from proxy.message import RECORD_ITSELF
from proxy.model import DENIED, DISCLOSING, QUERYING, Action, Decision, Outcome
from proxy.policy.combine import OWN, settle
from proxy.policy.conditions import ERROR, Condition, Error
from proxy.policy.rules import Rule
from proxy.policy.whens import CONSENTS

WHOLE_RECORD: Final = frozenset(Action) - DISCLOSING - QUERYING
"""Actions that can take the record as a whole: for these, what guards say of any of its fields is said of
the record itself. Otherwise a delete or a share would go round the guard of the most protected field."""
MOST_COMBINATIONS: Final = 1024
"""Decisions that a plan remembers."""

Answer = bool | Literal[Error.ERROR] | None
"""Of a condition; None when that is not known yet."""


@dataclass(frozen=True, slots=True)
class Reach:
    """One rule and the fields of one object that it matches."""

    rule: Rule
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Applicable(Reach):
    """A rule that speaks about a caller, action and object, and what it depends on beyond that."""

    conditions: tuple[Condition, ...] = ()
    """All of them have to hold: the rule's own, and the consent that the purpose rests on."""

    def matches(self, answers: Sequence[Answer]) -> bool:
        """Tell whether the rule matches when its conditions, in order, are answered so.

        An error keeps a grant from matching and makes a guard match. What is not known yet counts as what is
        better for the caller.
        """
        if self.rule.kind == "grant":
            return all(answer is True or answer is None for answer in answers)
        return all(answer is True or answer is ERROR for answer in answers)


class Table:
    """Decisions by the answers to conditions; filled as they are asked for, and shared between exchanges."""

    def __init__(
        self, action: Action, name: str, rules: Sequence[Applicable], layers: Collection[str] = OWN
    ) -> None:
        self._action, self._name, self._layers = action, name, layers
        distinct = {each.text: each for rule in rules for each in rule.conditions}
        self.conditions = tuple(distinct.values())
        """Each is asked once per record."""
        places = {text: at for at, text in enumerate(distinct)}
        self._rules = tuple((rule, tuple(places[each.text] for each in rule.conditions)) for rule in rules)
        consents = any(each.consents for each in self.conditions)
        self.attributes: frozenset[str] = frozenset().union(
            *(each.attributes for each in self.conditions), {CONSENTS} if consents else ()
        )
        """Names of the facts that have to be known of a record."""
        self.of_record = tuple(bool(each.attributes or each.consents) for each in self.conditions)
        """Which conditions look at the record; the others come out the same for all of a request."""
        self._found: dict[tuple[Answer, ...], Decision] = {}
        self._alike: dict[tuple[tuple[str, Outcome], ...], Decision] = {}

    def decision(self, answers: tuple[Answer, ...]) -> Decision:
        """Return the decision when the conditions, in their order, are answered so."""
        found = self._found.get(answers)
        if found is None:
            found = self._make(answers)
        return found

    def _make(self, answers: tuple[Answer, ...]) -> Decision:
        matching = (rule for rule, places in self._rules if rule.matches([answers[at] for at in places]))
        outcomes = outcomes_of(self._action, matching, self._layers)
        if len(self._found) >= MOST_COMBINATIONS:
            self._found.clear()
            self._alike.clear()
        fresh = Decision(self._action, self._name, MappingProxyType(outcomes), any(self.of_record))
        # Records that come out alike share one table of outcomes, and so all that is compiled from it.
        found = self._found[answers] = self._alike.setdefault(tuple(outcomes.items()), fresh)
        return found


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Plan:
    """What the rules come to for one kind of question; shared by every question with the same answer."""

    decision: Decision
    """Where conditions play a part: what holds if all of them are in error."""
    table: Table | None = None
    """None where no condition plays a part."""

    @property
    def attributes(self) -> frozenset[str]:
        """Names of the facts that have to be known of a record."""
        return self.table.attributes if self.table else frozenset()


def outcomes_of(action: Action, matching: Iterable[Reach], layers: Collection[str] = OWN) -> dict[str, Outcome]:
    """Return the outcome of every field that some grant opens, by name; what is missing is denied.

    Rules that are only audited change nothing but what is noted in `would`.
    """
    doors: defaultdict[str, list[Rule]] = defaultdict(list)
    walls: defaultdict[str, list[Rule]] = defaultdict(list)
    for each in matching:
        side = doors if each.rule.kind == "grant" else walls
        for name in each.fields:
            side[name].append(each.rule)
    if action in WHOLE_RECORD and RECORD_ITSELF in doors:
        every = (rule for rules in walls.values() for rule in rules if not rule.demands)
        walls[RECORD_ITSELF] = list({id(rule): rule for rule in every}.values())
    settled = ((name, settle(doors[name], walls.get(name, ()), layers)) for name in sorted(doors))
    return {name: outcome for name, outcome in settled if outcome is not DENIED}

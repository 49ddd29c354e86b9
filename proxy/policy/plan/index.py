"""A policy set with every rule as a bit: what a caller, an action and a field have in common is
one `&`.

Two cells that the same rules reach under the same conditions are the same cell. Finding that out by
arithmetic, before anything is decided, is what makes millions of cells a matter of thousands.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from proxy.message import RECORD_ITSELF
from proxy.model import Action, Outcome
from proxy.policy.combine import combine
from proxy.policy.compile import WHOLE_RECORD, PolicySet
from proxy.policy.plan.formula import Constant, Formula
from proxy.policy.rules import Rule


class Caller(NamedTuple):
    """Who asks, what for, for whom."""

    roles: frozenset[str]
    purpose: str
    recipient: str


Reading = Callable[[Caller], Formula]
"""Caller -> what is left of a rule's condition when it is known who asks."""

ALWAYS: Final = Constant(value=True)
NEVER: Final = Constant(value=False)


@dataclass(frozen=True, slots=True)
class Bit:
    """One rule under one condition."""

    rule: Rule
    condition: Formula


class Index:
    """The rules of one set; those that are only audited are left out, for they change nothing."""

    def __init__(
        self, policies: PolicySet, conditions: Mapping[str, Reading], callers: Sequence[Caller]
    ) -> None:
        """Take a set, the conditions of those of its rules that have any, by rule id, and who will ask."""
        self.policies = policies
        self.bits: list[Bit] = []
        self._by_rule: dict[int, int] = {}
        self._askers: dict[object, tuple[Rule, int]] = {}
        self._always = 0
        self._sometimes: dict[Caller, int] = {}
        self._rules = [rule for rule in policies.rules if rule.applies]
        for rule in self._rules:
            self._by_rule[id(rule)] = self._admit(rule, conditions.get(rule.id), callers)
            # Rules that ask for the same callers are asked once.
            selector = (rule.callers, rule.unless, rule.spared)
            first, before = self._askers.get(selector, (rule, 0))
            self._askers[selector] = (first, before | self._by_rule[id(rule)])
        self._actions = {
            action: self._of(rule for rule in self._rules if action in rule.actions) for action in Action
        }
        self._grants = self._of(rule for rule in self._rules if rule.kind == "grant")
        self._fields: dict[tuple[str, str], dict[str, int]] = {}
        self._in_force: dict[date, int] = {}

    def asked(self, caller: Caller, day: date) -> int:
        """Return the bits of the rules that speak about a caller on a day (UTC).

        None do about one whose words are unknown, and so everything is denied to them.
        """
        roles, purpose, recipient = caller
        policies = self.policies
        known = purpose in policies.purposes and recipient in policies.recipients
        if not known or not roles <= policies.roles.keys():
            return 0
        if day not in self._in_force:
            self._in_force[day] = self._of(rule for rule in self._rules if rule.in_force(day))
        found = 0
        for rule, bits in self._askers.values():
            if rule.concerns(roles, purpose, recipient, day):
                found |= bits
        return found & self._in_force[day] & (self._always | self._sometimes.get(caller, 0))

    def doing(self, action: Action) -> int:
        """Return the bits of the rules about an action."""
        return self._actions[action]

    def fields(self, connector: str, name: str, action: Action) -> Mapping[str, int]:
        """Return the bits of the rules about each field of one object; "" is the record itself."""
        key = (connector, name)
        if key not in self._fields:
            self._fields[key] = self._within(connector, name)
        fields = self._fields[key]
        if action in WHOLE_RECORD and RECORD_ITSELF in fields:
            walls = 0
            for bits in fields.values():
                walls |= bits & ~self._grants
            return {**fields, RECORD_ITSELF: fields[RECORD_ITSELF] | walls}
        return fields

    def members(self, bits: int) -> Iterator[Bit]:
        """Yield the rules of some bits, by id."""
        while bits:
            low = bits & -bits
            yield self.bits[low.bit_length() - 1]
            bits ^= low

    def outcome(self, matching: list[Rule]) -> Outcome:
        """Return what rules that all match come to."""
        return combine(
            (rule for rule in matching if rule.kind == "grant"),
            (rule for rule in matching if rule.kind == "guard"),
            self.policies.layers,
        )

    def opens(self, bits: int) -> bool:
        """Tell whether any grant is among some bits; without one, everything is denied."""
        return bits & self._grants != 0

    def _admit(self, rule: Rule, reading: Reading | None, callers: Sequence[Caller]) -> int:
        """Return the bits of a rule: one for each condition it comes with, none where it never matches."""
        if reading is None:
            self.bits.append(Bit(rule, ALWAYS))
            self._always |= 1 << len(self.bits) - 1
            return 1 << len(self.bits) - 1
        bits: dict[Formula, int] = {}
        for caller in callers:
            condition = reading(caller)
            if isinstance(condition, Constant):
                # What cannot be evaluated closes: such a grant does not match, such a guard does.
                condition = Constant(condition.value or (condition.value is None and rule.kind == "guard"))
            if condition == NEVER:
                continue
            if condition not in bits:
                bits[condition] = 1 << len(self.bits)
                self.bits.append(Bit(rule, condition))
            self._sometimes[caller] = self._sometimes.get(caller, 0) | bits[condition]
        return sum(bits.values())

    def _of(self, rules: Iterator[Rule]) -> int:
        found = 0
        for rule in rules:
            found |= self._by_rule[id(rule)]
        return found

    def _within(self, connector: str, name: str) -> dict[str, int]:
        spec = self.policies.catalogues.get(connector, {}).get(name)
        if spec is None:
            return {}
        found: dict[str, int] = dict.fromkeys((*spec.fields, RECORD_ITSELF), 0)
        reached: dict[object, frozenset[str]] = {}
        for rule in self._rules:
            if rule.on not in reached:
                reached[rule.on] = rule.on.within(connector, spec)
            for field in reached[rule.on]:
                found[field] |= self._by_rule[id(rule)]
        return found

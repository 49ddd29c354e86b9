"""A policy set with every rule as a bit: what a caller, an action and a field have in common is
one `&`.

Two cells that the same rules reach under the same conditions are the same cell. Finding that out by
arithmetic, before anything is decided, is what makes millions of cells a matter of thousands.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import date
from itertools import chain
from typing import Final, NamedTuple

from proxy.message import RECORD_ITSELF
from proxy.model import DISCLOSING, Action, Outcome
from proxy.policy.combine import combine
from proxy.policy.compile import WHOLE_RECORD, PolicySet
from proxy.policy.plan.formula import Constant, Formula
from proxy.policy.plan.reading import Caller, Reading
from proxy.policy.rules import Rule

ALWAYS: Final = Constant(value=True)
NEVER: Final = Constant(value=False)


class Ruled(NamedTuple):
    """One rule, and the condition under which it matches."""

    rule: Rule
    condition: Formula


class Index:
    """The rules of one set; those that are only audited are left out, for they change nothing."""

    def __init__(self, policies: PolicySet, reading: Reading) -> None:
        self.policies = policies
        self._reading = reading
        self._copied = {
            (connector, name): policies.copied(connector, name)
            for connector, catalogue in policies.catalogues.items()
            for name in catalogue
        }
        rules = chain(policies.rules, *self._copied.values())
        self._rules = [rule for rule in rules if rule.applies]
        self._bits = {id(rule): 1 << at for at, rule in enumerate(self._rules)}
        # Rules that ask for the same callers are asked once.
        self._askers: dict[object, tuple[Rule, int]] = {}
        for rule in self._rules:
            selector = (rule.callers, rule.unless, rule.spared)
            first, before = self._askers.get(selector, (rule, 0))
            self._askers[selector] = (first, before | self._bits[id(rule)])
        self._actions = {
            action: self._of(rule for rule in self._rules if action in rule.actions) for action in Action
        }
        self._grants = self._of(rule for rule in self._rules if rule.kind == "grant")
        self._demands = self._of(rule for rule in self._rules if rule.demands)
        self._fields: dict[tuple[str, str], dict[str, int]] = {}
        self._in_force: dict[date, int] = {}
        self._conditional: dict[Hashable, int] = {}
        self._read: dict[tuple[int, tuple[str, str], Hashable, bool], Formula] = {}
        self._formulas: dict[Formula, Formula] = {ALWAYS: ALWAYS, NEVER: NEVER}

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
        return found & self._in_force[day]

    def given(self, caller: Caller) -> Hashable:
        """Return what conditions can tell of a caller."""
        return self._reading.given(caller)

    def conditional(self, given: Hashable) -> int:
        """Return the bits of the rules that depend on more than who asks for what."""
        if given not in self._conditional:
            self._conditional[given] = self._of(
                rule for rule in self._rules if self._reading.conditional(rule, given)
            )
        return self._conditional[given]

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
                walls |= bits & ~self._grants & ~self._demands
            return {**fields, RECORD_ITSELF: fields[RECORD_ITSELF] | walls}
        return fields

    def ruled(self, bits: int, where: tuple[str, str], given: Hashable, action: Action) -> tuple[Ruled, ...]:
        """Return the rules of some bits that can match, by id, with their conditions.

        Args:
            bits: of rules about one cell.
            where: connector and object of the cell.
            given: what conditions can tell of its caller.
            action: of the cell.
        """
        if not bits & self._grants:
            return ()  # everything is denied, whatever guards say
        conditional = self.conditional(given)
        found = []
        for rule in self._members(bits):
            condition: Formula = ALWAYS
            if conditional & self._bits[id(rule)]:
                record = action in DISCLOSING and not rule.copied
                condition = self._condition(rule, where, given, record=record)
            if condition is not NEVER:
                found.append(Ruled(rule, condition))
        return tuple(found) if any(each.rule.kind == "grant" for each in found) else ()

    def outcome(self, matching: list[Rule]) -> Outcome:
        """Return what rules that all match come to."""
        return combine(
            (rule for rule in matching if rule.kind == "grant"),
            (rule for rule in matching if rule.kind == "guard"),
            self.policies.layers,
        )

    def _condition(self, rule: Rule, where: tuple[str, str], given: Hashable, *, record: bool) -> Formula:
        """Return a rule's condition; equal ones are one object."""
        key = (id(rule), where, given, record)
        found = self._read.get(key)
        if found is None:
            found = self._reading.formula(rule, where, given, record=record)
            if isinstance(found, Constant):
                # What cannot be evaluated closes: such a grant does not match, such a guard does.
                holds = found.value or (found.value is None and rule.kind == "guard")
                found = ALWAYS if holds else NEVER
            found = self._read[key] = self._formulas.setdefault(found, found)
        return found

    def _members(self, bits: int) -> Iterator[Rule]:
        while bits:
            low = bits & -bits
            yield self._rules[low.bit_length() - 1]
            bits ^= low

    def _of(self, rules: Iterable[Rule]) -> int:
        found = 0
        for rule in rules:
            found |= self._bits[id(rule)]
        return found

    def _within(self, connector: str, name: str) -> dict[str, int]:
        spec = self.policies.catalogues.get(connector, {}).get(name)
        if spec is None:
            return {}
        found: dict[str, int] = dict.fromkeys((*spec.fields, RECORD_ITSELF), 0)
        reached: dict[object, frozenset[str]] = {}
        for rule in (*self.policies.rules, *self._copied[connector, name]):
            if not rule.applies:
                continue
            if rule.on not in reached:
                reached[rule.on] = rule.on.within(connector, spec)
            for field in reached[rule.on]:
                found[field] |= self._bits[id(rule)]
        return found

"""A policy set ready to decide: rules in, one plan per kind of question out.

Everything that depends on policy alone happens here and is remembered. A plan is made when a question is
first asked, from the rules that can match its object and action; after that the question costs one lookup,
however many rules there are.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from weakref import WeakValueDictionary

from proxy.model import (
    Action,
    Catalogue,
    Client,
    Decision,
    Effect,
    Mask,
    Protection,
    Protections,
    Recipient,
)
from proxy.policy.conditions import ERROR, Condition
from proxy.policy.copies import copied, elsewhere
from proxy.policy.erasing.rules import NO_ERASING, Erasing
from proxy.policy.grouping import MinimumGroup, groups_on
from proxy.policy.plans import WHOLE_RECORD, Applicable, Plan, Reach, Table, outcomes_of
from proxy.policy.protection import protections_in
from proxy.policy.retention.rules import NO_RETENTION, Retention
from proxy.policy.rules import On, Rule
from proxy.policy.validity import Demands, Validity, demands_on
from proxy.policy.vocabulary import PurposeSpec, RoleSpec, Vocabulary
from proxy.policy.whens import consent_to
from proxy.policy.witness import mark

__all__ = ["MAX_PLANS", "WHOLE_RECORD", "Plan", "PolicySet", "Reach"]

MAX_PLANS: Final = 10_000
"""Questions remembered. Roles and purposes come from registered clients and objects from catalogues, so an
installation asks a few hundred; the bound is there for the one that would not."""
NO_CONNECTORS: Final[Mapping[str, object]] = MappingProxyType({})
NOTHING: Final[Protections] = MappingProxyType({})

_Question = tuple[str, frozenset[str], str, str, Action, str, int]
"""Connector, roles, purpose, recipient, action, object, stretch of time."""


class PolicySet:
    """Every rule that is in force together, immutable; safe to share between threads.

    Built by `proxy.policy.load_policies`, which is where everything about it is checked.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        vocabulary: Vocabulary,
        catalogues: Mapping[str, Catalogue],
        *,
        digest: str,
        clock: Callable[[], float],
        connectors: Mapping[str, object] = NO_CONNECTORS,
        retention: Retention = NO_RETENTION,
        erasing: Erasing = NO_ERASING,
        validity: Iterable[Validity] = (),
        groups: Iterable[MinimumGroup] = (),
        protection: Iterable[Protection] = (),
    ) -> None:
        self.rules: tuple[Rule, ...] = tuple(sorted(rules, key=lambda rule: rule.id))
        """Sorted by id, because their order means nothing."""
        self.layers = frozenset({"", *(rule.layer for rule in self.rules if rule.kind == "grant")})
        """Whose grants are all needed: the set's own, and each floor that has grants."""
        self.digest = digest
        """`sha256:` and the hex digest of everything that was loaded."""
        self.catalogues = catalogues
        self.connectors = connectors
        """Whole documents by name, as far as they were given; nothing is decided by them here."""
        self.erasing = erasing
        """What deletes come to, and who agrees before somebody is erased."""
        self.retention = retention
        """How long what is kept; no decision about a request depends on it."""
        self.validity = tuple(sorted(validity, key=lambda demand: demand.id))
        """What values have to look like when they are written."""
        self.groups = tuple(groups)
        """How large groups have to be of which something computed is shown."""
        self.has_standins = any(rule.effect in {Effect.TOKENIZE, Effect.ENCRYPT} for rule in self.rules)
        """Whether any recipient is shown something else than others where both are shown something."""
        self.protection = tuple(protection)
        """How each protected field lies in its CRM."""
        self._protections = {
            name: protections_in(self.protection, name) for name in {each.connector for each in self.protection}
        }
        self.roles: Mapping[str, RoleSpec] = vocabulary.roles
        self.purposes: Mapping[str, PurposeSpec] = vocabulary.purposes
        self.recipients: Mapping[str, Recipient] = MappingProxyType(
            {name: spec.recipient for name, spec in vocabulary.recipients.items()}
        )
        self.clients: Mapping[str, Client] = vocabulary.clients
        self.masks: Mapping[str, Mask] = MappingProxyType(
            {name: spec.mask for name, spec in vocabulary.masks.items()}
        )
        self._consents = {
            name: (consent_to(purpose.consent),) for name, purpose in self.purposes.items() if purpose.consent
        }
        self._clock = clock
        # Sets of thousands of rules have few distinct selectors; each is matched against an object once.
        self._by_selector: defaultdict[On, list[Rule]] = defaultdict(list)
        for rule in self.rules:
            self._by_selector[rule.on].append(rule)
        self._days = _turning_days(self.rules)
        self._turns = tuple(datetime.combine(day, time(), UTC).timestamp() for day in self._days)
        self._interned: WeakValueDictionary[object, Plan] = WeakValueDictionary()
        self._remembered = lru_cache(MAX_PLANS)(self._make)
        self._reaching = lru_cache(MAX_PLANS)(self._reach)
        self._copied = lru_cache(MAX_PLANS)(self._copy)
        self._marks = lru_cache(MAX_PLANS)(self._make_marks)
        self._masks_for = lru_cache(MAX_PLANS)(self._collect_masks)
        self._demands = lru_cache(MAX_PLANS)(self._collect_demands)
        self._groups = lru_cache(MAX_PLANS)(self._collect_groups)

    def plan(
        self,
        *,
        connector: str,
        roles: frozenset[str],
        purpose: str,
        recipient: str,
        action: Action,
        object: str,  # noqa: A002 - the language's word
    ) -> Plan:
        """Return what the rules come to for this kind of question, as of today (UTC).

        A connector, object, purpose, recipient or role without a word in this set gets a plan that denies
        everything.
        """
        return self._remembered((connector, roles, purpose, recipient, action, object, self._stretch()))

    def as_of(self, moment: datetime) -> "PolicySet":
        """Return the same set by a clock that stands still; what was worked out is shared with this one."""
        found = copy(self)
        found._clock = moment.timestamp
        return found

    def marks(self, connector: str, name: str, conditions: tuple[Condition, ...]) -> tuple[str, ...]:
        """Return what the ledger calls some conditions on one object, in their order."""
        return self._marks(connector, name, conditions)

    def _make_marks(self, connector: str, name: str, conditions: tuple[Condition, ...]) -> tuple[str, ...]:
        spec = self.catalogues.get(connector, {}).get(name)
        return tuple(mark(each, spec) for each in conditions)

    def implied(self, purpose: str) -> tuple[Condition, ...]:
        """Return what every grant for a purpose depends on as well: the consent that the purpose rests on."""
        return self._consents.get(purpose, ())

    def now(self) -> datetime:
        """Return the time by the clock of the set."""
        return datetime.fromtimestamp(self._clock(), UTC)

    def today(self) -> date:
        """Return a day on which the same rules are in force as now."""
        return self._day(self._stretch())

    @property
    def days(self) -> tuple[date, ...]:
        """The days (UTC) from whose beginning on another set of rules is in force, in order."""
        return self._days

    def masks_for(self, connector: str, name: str, field: str) -> frozenset[Mask]:
        """Return every mask that any rule can put on this field of object `name`: what a write may echo."""
        return self._masks_for(connector, name, field)

    def minimum_group(
        self, connector: str, name: str, *, roles: frozenset[str], purpose: str, recipient: str
    ) -> MinimumGroup | None:
        """Return what is demanded of groups of an object's records for a caller; None: nothing is."""
        found = self._groups(connector, name)
        return next((each for each in found if each.holds(roles, purpose, recipient)), None)

    def demands(self, connector: str, name: str) -> Demands:
        """Return what is demanded of values of each field of object `name` when they are written."""
        return self._demands(connector, name)

    def protections(self, connector: str) -> Protections:
        """Return how the fields of one CRM lie there, by object and field; empty where all are in clear."""
        return self._protections.get(connector, NOTHING)

    def reach(self, connector: str, name: str, action: Action) -> tuple[Reach, ...]:
        """Return the rules that match anything of object `name` for one action, audited ones included."""
        return self._reaching(connector, name, action)

    def rules_for(
        self,
        *,
        connector: str,
        roles: frozenset[str],
        purpose: str,
        recipient: str,
        action: Action,
        object: str,  # noqa: A002 - the language's word
    ) -> tuple[Applicable, ...]:
        """Return the rules that a plan for this question is made from, as of today, audited ones included."""
        return self._applicable((connector, roles, purpose, recipient, action, object, self._stretch()))

    def copied(self, connector: str, name: str) -> tuple[Rule, ...]:
        """Return what rules about fields come to for the fields of object `name` that repeat them."""
        return self._copied(connector, name)

    def _stretch(self) -> int:
        """Return where now lies: days on which rules begin or end cut time into stretches of equal answers."""
        return bisect_right(self._turns, self._clock()) if self._turns else 0

    def _make(self, question: _Question) -> Plan:
        action, name = question[4], question[5]
        rules = self._applicable(question)
        if any(each.conditions for each in rules):
            table = Table(action, name, rules, self.layers)
            return Plan(table.decision((ERROR,) * len(table.conditions)), table)
        outcomes = outcomes_of(action, rules, self.layers)
        key = (action, name, tuple(outcomes.items()))
        return self._interned.setdefault(key, Plan(Decision(action, name, MappingProxyType(outcomes))))

    def _applicable(self, question: _Question) -> tuple[Applicable, ...]:
        connector, roles, purpose, recipient, action, name, stretch = question
        if purpose not in self.purposes or recipient not in self.recipients or not roles <= self.roles.keys():
            return ()
        day = self._day(stretch)
        implied = self.implied(purpose)
        return tuple(
            Applicable(rule, each.fields, _conditions(rule, (connector, name), implied))
            for each in self._reaching(connector, name, action)
            if (rule := each.rule).in_force(day) and rule.concerns(roles, purpose, recipient, day)
        )

    def _day(self, stretch: int) -> date:
        return self._days[stretch - 1] if stretch else date.min

    def _reach(self, connector: str, name: str, action: Action) -> tuple[Reach, ...]:
        spec = self.catalogues.get(connector, {}).get(name)
        if spec is None:
            return ()
        own = (
            Reach(rule, fields)
            for on, rules in self._by_selector.items()
            if (fields := on.within(connector, spec))
            for rule in rules
            if action in rule.actions
        )
        more = (
            Reach(rule, rule.on.within(connector, spec))
            for rule in self._copied(connector, name)
            if action in rule.actions
        )
        return (*own, *more)

    def _copy(self, connector: str, name: str) -> tuple[Rule, ...]:
        catalogue = self.catalogues[connector]
        return copied(self._by_selector, connector, catalogue, catalogue[name])

    def _collect_masks(self, connector: str, name: str, field: str) -> frozenset[Mask]:
        return frozenset(
            each.rule.mask
            for action in Action
            for each in self._reaching(connector, name, action)
            if each.rule.mask is not None and each.rule.applies and field in each.fields
        )

    def _collect_groups(self, connector: str, name: str) -> tuple[MinimumGroup, ...]:
        spec = self.catalogues.get(connector, {}).get(name)
        return groups_on(self.groups, connector, spec) if spec is not None else ()

    def _collect_demands(self, connector: str, name: str) -> Demands:
        spec = self.catalogues.get(connector, {}).get(name)
        return demands_on(self.validity, connector, spec) if spec is not None else {}


def _conditions(rule: Rule, where: tuple[str, str], implied: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Return what a rule depends on: a grant also on the consent that the purpose rests on."""
    own = (rule.conditions[where],) if rule.when else ()
    if rule.copied:
        implied = tuple(map(elsewhere, implied))
    return own + implied if rule.kind == "grant" else own


def _turning_days(rules: Iterable[Rule]) -> tuple[date, ...]:
    """Return the days (UTC) from whose beginning on another set of rules is in force."""
    begins: set[date] = set()
    lasts: set[date] = set()
    for rule in rules:
        begins |= {rule.since} if rule.since is not None else set()
        lasts |= {rule.until} if rule.until is not None else set()
        lasts |= {each.until for each in rule.spared}
    return tuple(sorted(begins | {last + timedelta(days=1) for last in lasts if last < date.max}))

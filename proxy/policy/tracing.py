"""One cell of one record, explained: every rule that speaks about it, and each condition with what it saw."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypedDict

from proxy.message import RECORD_ITSELF
from proxy.model import DISCLOSING, Access, Action, Outcome
from proxy.policy.compile import PolicySet
from proxy.policy.conditions import ERROR, Condition, context_of
from proxy.policy.conditions import Question as AskedOf
from proxy.policy.conditions.atoms import Outcome as Answered
from proxy.policy.conditiontree import Node, tree_of
from proxy.policy.decide import UNKNOWN, consenting, decide
from proxy.policy.explain import Question, explain
from proxy.policy.plans import WHOLE_RECORD, Answer, Applicable
from proxy.policy.rules import Rule
from proxy.policy.whens import CONSENTS

OPEN = ("system", "organization")
"""Categories of what is not about a person: such values may be printed."""


@dataclass(frozen=True, slots=True)
class Value:
    """Something that a condition looked at."""

    name: str
    """`resource.country`, `purpose`."""
    value: object
    """None where it is absent or unknown."""
    classified: bool
    """It may be about a person: not to be printed unless somebody asks for that."""


@dataclass(frozen=True, slots=True)
class Atom:
    """One question of a condition, and its answer."""

    text: str
    answer: Answer
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One condition of a rule, with its answer."""

    tree: Node
    atoms: tuple[Atom, ...]
    """Those that the tree names by number."""


@dataclass(frozen=True, slots=True)
class Traced:
    """One rule that speaks about the field and the action."""

    rule: Rule
    counts: bool
    because: str
    """What keeps it from counting; "" where its conditions do, or nothing does."""
    atoms: tuple[Atom, ...] = ()
    """What its conditions ask."""
    conditions: tuple[Asked, ...] = ()
    """Each condition by itself, as a tree."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The outcome of one cell for one record, and every rule that was looked at, grants first."""

    question: Question
    outcome: Outcome
    category: str
    listed: bool
    considered: tuple[Traced, ...]
    retention: tuple[str, ...] = ()
    """How long the field is kept, in words."""


class Asking:
    """One access, ready to be asked conditions."""

    def __init__(self, policies: PolicySet, connector: str, access: Access) -> None:
        """Take the set as of the time of the access."""
        self.access = access
        spec = policies.catalogues.get(connector, {}).get(access.object)
        self._spec = spec
        self._context = context_of(access.principal, access.purpose)
        self._now = access.now or policies.now()
        # Before there is a record nothing is known of it, whatever the record is like that comes out of it.
        facts = access.facts if access.action in DISCLOSING else None
        self.known: Mapping[str, object] = UNKNOWN if facts is None else consenting(facts)

    def answer(self, condition: AskedOf) -> Answered:
        """Return what a condition, or an atom of one, comes to."""
        return condition.evaluate(self.known, self._context, self._now)

    def matches(self, rule: Applicable) -> bool:
        """Tell whether a rule matches."""
        return rule.matches([self.answer(each) for each in rule.conditions])

    def atoms(self, condition: Condition) -> Iterator[Atom]:
        """Yield the atoms of a condition with their answers and what they looked at."""
        for each in condition.atoms:
            yield Atom(each.text, self.answer(each), tuple(self._values(each)))

    def asked(self, condition: Condition) -> Asked:
        """Return a condition as a tree with every answer, and what each of its atoms looked at."""
        atoms = tuple(self.atoms(condition))
        return Asked(tree_of(condition, [self.answer(each) for each in condition.atoms]), atoms)

    def _values(self, atom: AskedOf) -> Iterator[Value]:
        names = atom.attributes | ({CONSENTS} if atom.consents else set())
        for name in sorted(names):
            yield Value(f"resource.{name}", self._fact(name), self._classified(name))
        for path in sorted(atom.context):
            yield Value(path, self._now if path == "now" else self._context.get(path), classified=False)

    def _fact(self, name: str) -> object:
        try:
            return self.known.get(name)
        except KeyError:
            return None

    def _classified(self, name: str) -> bool:
        attribute = self._spec.attributes.get(name) if self._spec else None
        field = self._spec.fields.get(attribute.field) if self._spec and attribute else None
        return field is None or field.category.split(".")[0] not in OPEN


def trace(policies: PolicySet, question: Question, access: Access) -> Trace:
    """Return the outcome of one cell of one record with the rules behind it, as of the time of the access."""
    static = explain(policies, question)
    plan = policies.plan(**keys_of(question))
    here = Asking(policies, question.connector, access)
    elsewhere = Asking(policies, question.connector, replace(access, facts=None))
    applicable = {id(each.rule): each for each in policies.rules_for(**keys_of(question))}
    considered = []
    for each in static.considered:
        found = applicable.get(id(each.rule))
        asking = elsewhere if each.rule.copied else here
        if found is None or not found.conditions:
            considered.append(Traced(each.rule, each.counts, "" if each.counts else each.because))
            continue
        conditions = tuple(map(asking.asked, found.conditions))
        atoms = tuple(atom for condition in conditions for atom in condition.atoms)
        counts = each.counts and asking.matches(found)
        considered.append(Traced(each.rule, counts, "" if each.counts else each.because, atoms, conditions))
    considered.sort(key=lambda each: (each.rule.kind, not each.counts, each.rule.id))
    facts = access.facts if access.action in DISCLOSING else None
    seen = Access(access.principal, access.purpose, access.action, access.object, facts, access.now)
    outcome = decide(plan, seen).of(question.field)
    return Trace(question, outcome, static.category, static.listed, tuple(considered), static.retention)


class Keys(TypedDict):
    """What a plan is made for."""

    connector: str
    roles: frozenset[str]
    purpose: str
    recipient: str
    action: Action
    object: str


def keys_of(question: Question) -> Keys:
    """Return what `PolicySet.plan` asks for."""
    return {
        "connector": question.connector,
        "roles": question.roles,
        "purpose": question.purpose,
        "recipient": question.recipient,
        "action": question.action,
        "object": question.object,
    }


def speaks(rule: Applicable, question: Question) -> bool:
    """Tell whether a rule has a say on a field; on a whole record every guard of a field has one."""
    whole = question.field == RECORD_ITSELF and question.action in WHOLE_RECORD and rule.rule.kind == "guard"
    return (whole and not rule.rule.demands) or question.field in rule.fields


def is_error(answer: Answer) -> bool:
    """Tell whether a condition could not be answered."""
    return answer is ERROR

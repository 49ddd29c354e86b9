"""The conditions of one policy set, read as formulas over facts.

What is known when it is known who asks (the recipient, the purpose, the roles) is put in: a guard for
recipients outside a set of countries is, for one recipient, a guard or nothing. The rest are facts. A test
of one attribute against constants is a class of its values; anything else is a fact of its own, yes or no.
"""

from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol

from proxy.model import ObjectSpec
from proxy.policy.compile import PolicySet
from proxy.policy.conditions import CONTEXT, ERROR, Condition, Question
from proxy.policy.conditions.escapes import quoted
from proxy.policy.conditions.syntax import Binary, Select
from proxy.policy.conditions.syntax import Name as Word
from proxy.policy.conditions.terms import Term, within
from proxy.policy.plan.formula import YES, All, Any, Atom, Choice, Constant, Formula, Not, simplified
from proxy.policy.rules import Rule
from proxy.policy.whens import CONSENTS, consent_to

KNOWN: Final = frozenset({"recipient.name", "recipient.kind", "recipient.country", "purpose", "principal.roles"})
"""What a caller of plan has a value for."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_NO_FACTS: Final[Mapping[str, object]] = {}


class Caller(NamedTuple):
    """Who asks, what for, for whom."""

    roles: frozenset[str]
    purpose: str
    recipient: str


class Reading(Protocol):
    """How the conditions of a set are read."""

    def given(self, caller: Caller) -> Hashable:
        """Return what conditions can tell of a caller: equal for callers whom they do not tell apart."""

    def conditional(self, rule: Rule, given: Hashable) -> bool:
        """Tell whether a rule depends on anything for such a caller."""

    def formula(self, rule: Rule, where: tuple[str, str], given: Hashable, *, record: bool) -> Formula:
        """Return what is left of a rule's condition, for such a caller and one (connector, object).

        Without a record, what looks at one is an error: so it is when a request is decided, and what is not
        shown is decided then for good.
        """


class Given(NamedTuple):
    """What is known of a caller, less what no condition looks at."""

    values: tuple[tuple[str, object], ...]
    consent: str
    """What people must have consented to for this purpose; "" for nothing."""


class Conditions:
    """The conditions of a policy set."""

    def __init__(self, policies: PolicySet, beside: PolicySet, side: str) -> None:
        """Take a set, the one it is compared with, and a word for the side it is on.

        An attribute that the other set's connectors read elsewhere, or otherwise, is another fact.
        """
        self._policies = policies
        self._beside = beside
        self._side = side
        conditions = {id(each): each for rule in policies.rules for each in rule.conditions.values()}
        self._looked_at = sorted(frozenset[str]().union(*(each.context for each in conditions.values())) & KNOWN)
        self._read: dict[object, Formula] = {}
        self._kept: list[Condition] = []
        self._consents: dict[str, Condition] = {}
        self._marked: dict[tuple[str, str], frozenset[str]] = {}

    def given(self, caller: Caller) -> Given:
        """Return the values that conditions look at, and the consent that the purpose rests on."""
        recipient = self._policies.recipients.get(caller.recipient)
        purpose = self._policies.purposes.get(caller.purpose)
        values: dict[str, object] = {"purpose": caller.purpose, "principal.roles": caller.roles}
        if recipient is not None:
            values |= {"recipient.name": recipient.name, "recipient.kind": str(recipient.kind)}
            values |= {"recipient.country": recipient.country} if recipient.country else {}
        seen = tuple((path, values[path]) for path in self._looked_at if path in values)
        return Given(seen, purpose.consent if purpose else "")

    def conditional(self, rule: Rule, given: Hashable) -> bool:
        """Tell whether a rule has a condition, or is a grant for a purpose that rests on consent."""
        assert isinstance(given, Given)
        return bool(rule.when) or (rule.kind == "grant" and bool(given.consent))

    def formula(self, rule: Rule, where: tuple[str, str], given: Hashable, *, record: bool) -> Formula:
        """Return the rule's own condition and, for a grant, the consent that the purpose rests on."""
        assert isinstance(given, Given)
        own = [rule.conditions[where]] if rule.when else []
        if rule.kind == "grant" and given.consent:
            own.append(self._consent(given.consent))
        return simplified(All(tuple(self._formula(each, where, given, record=record) for each in own)))

    def read(self, condition: Condition, where: tuple[str, str], given: Hashable) -> Formula:
        """Return what a condition is for such a caller, with a record."""
        assert isinstance(given, Given)
        return self._formula(condition, where, given, record=True)

    def read_atoms(self, condition: Condition, where: tuple[str, str], given: Hashable) -> tuple[Formula, ...]:
        """Return what each atom of a condition is for such a caller, with a record."""
        assert isinstance(given, Given)
        pairs = zip(condition.shape.atoms, condition.atoms, strict=True)
        return tuple(self._atom(term, question, where, given) for term, question in pairs)

    def _consent(self, purpose: str) -> Condition:
        if purpose not in self._consents:
            self._consents[purpose] = consent_to(purpose)
        return self._consents[purpose]

    def _formula(self, condition: Condition, where: tuple[str, str], given: Given, *, record: bool) -> Formula:
        key = (id(condition), where, given, record)
        if key not in self._read:
            # Kept, so that no other condition can get its id.
            self._kept.append(condition)
            atoms = [
                self._atom(term, question, where, given)
                if record or not (question.attributes or question.consents)
                else Constant(None)
                for term, question in zip(condition.shape.atoms, condition.atoms, strict=True)
            ]
            self._read[key] = simplified(_formula(condition.shape.formula, atoms))
        return self._read[key]

    def _atom(self, term: Term, question: Question, where: tuple[str, str], given: Given) -> Formula:
        """Return what one question of a condition comes to for a caller."""
        values = dict(given.values)
        if not question.attributes and not question.consents and question.context and question.context <= KNOWN:
            answer = question.evaluate(_NO_FACTS, values, _NEVER)
            return Constant(None if answer is ERROR else answer)
        marked = self._differing(where) & {*question.attributes, *([CONSENTS] if question.consents else [])}
        side = f" [{self._side}]" if marked else ""
        return _about_one(term, question, side) or Atom(
            # Two questions in the same words are not the same if what they name is not.
            fact=question.text + side + _named(term, values),
            text=question.text,
        )

    def _differing(self, where: tuple[str, str]) -> frozenset[str]:
        """Return the attributes of an object that connectors on the two sides read differently."""
        if where not in self._marked:
            one, two = (_spec(policies, where) for policies in (self._policies, self._beside))
            names = {*one.attributes, *two.attributes} if one and two else set[str]()
            self._marked[where] = frozenset(
                name for name in names if one and two and _source(one, name) != _source(two, name)
            )
        return self._marked[where]


def _formula(term: Term, atoms: list[Formula]) -> Formula:
    parts = tuple(_formula(each, atoms) for each in term.args)
    match term.op:
        case "and":
            return All(parts)
        case "or":
            return Any(parts)
        case "not":
            return Not(*parts)
        case "if":
            return Choice(*parts)
        case "constant":
            return Constant(term.value is True)
        case _:
            assert isinstance(term.value, int)
            return atoms[term.value]


def _about_one(term: Term, question: Question, side: str) -> Formula | None:
    """Return a test of one attribute against constants as a class of its values; None if it is none."""
    if term.op == "has":
        return Atom(f"{term.value}{side}", question.text, frozenset(), presence=True)
    fact = _path(term)
    if fact is not None:
        return Atom(fact + side, question.text, fails=_fails(fact))
    if len(term.args) != 2:
        return None
    equals = term.op == "apply" and isinstance(term.source, Binary) and term.source.op == "=="
    # Only `in` asks for one of a list's values: to be equal to a list is another thing, in which order counts.
    written = _one(term.args[1]) if equals else _values(term.args[1])
    fact, values = _path(term.args[0]), written
    if fact is None or values is None or not (equals or term.op == "in"):
        return None
    if equals and values == {"false"}:
        return Not(Atom(fact + side, fact, fails=_fails(fact)))
    if equals and values == {YES}:
        return Atom(fact + side, fact, fails=_fails(fact))
    return Atom(fact + side, question.text, values, fails=_fails(fact))


def _path(term: Term) -> str | None:
    """Return what an attribute is called, or something else that is known of every request."""
    if term.op == "attribute":
        return f"resource.{term.value}"
    return str(term.value) if term.op == "context" and term.value not in KNOWN else None


def _fails(fact: str) -> bool:
    return fact not in CONTEXT


def _values(term: Term) -> frozenset[str] | None:
    """Return the constants of a list or set as they are written, if they can be told apart by that."""
    if term.op == "list":
        found = [_one(each) for each in term.args]
        return None if None in found else frozenset().union(*(each for each in found if each))
    if term.op != "constant" or not isinstance(term.value, frozenset | tuple | list):
        return None
    written = [_written(each) for each in term.value]
    return None if None in written else frozenset(each for each in written if each is not None)


def _one(term: Term) -> frozenset[str] | None:
    """Return one constant as it is written; None for what is none, or has several values."""
    written = _written(term.value) if term.op == "constant" else None
    return None if written is None else frozenset({written})


def _written(value: object) -> str | None:
    if isinstance(value, bool):
        return YES if value else "false"
    if isinstance(value, str):
        return quoted(value)
    # Not doubles: 1 and 1.0 are written differently and are equal.
    return str(value) if isinstance(value, int) else None


def _named(term: Term, values: Mapping[str, object]) -> str:
    """Return the sets and the caller's values in a question: the part of its meaning it does not say."""
    said: list[str] = []
    for each in within(term):
        if each.op == "context" and each.value in values:
            value = values[str(each.value)]
            said.append(f"{each.value}={sorted(value) if isinstance(value, frozenset) else value}")
        elif each.op == "constant" and isinstance(each.source, Select) and each.source.of == Word("sets"):
            assert isinstance(each.value, frozenset)
            said.append(f"sets.{each.source.name}={sorted(each.value)}")
    return "\0" + "; ".join(said) if said else ""


def _spec(policies: PolicySet, where: tuple[str, str]) -> ObjectSpec | None:
    return policies.catalogues.get(where[0], {}).get(where[1])


def _source(spec: ObjectSpec, name: str) -> object:
    """Return where an attribute comes from and what an empty field means; None if there is no such one."""
    found = spec.attributes.get(name)
    return (found.field, found.type, found.default) if found else None

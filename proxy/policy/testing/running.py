"""Every case put to the real policy: what came out, and what had to."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.errors import LychgateError
from proxy.message import Tree
from proxy.model import DISCLOSING, Access, Action, Decision, Effect, Outcome, Purpose
from proxy.policy.compile import PolicySet
from proxy.policy.decide import decide
from proxy.policy.testing.cases import CarryOut, Case, Expected
from proxy.policy.tracing import Asking, Trace, keys_of, speaks, trace

Cell = tuple[str, str, str, Action, str, str, str]
"""Role, purpose, recipient, action, connector, object, field."""
Branch = tuple[str, str, bool]
"""Id of a rule, one of the questions that its conditions ask, and the answer."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One field that did not come out as it had to."""

    field: str
    expected: str
    got: str
    rule: str
    """Id of the deciding rule; "" where no grant matched."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one case."""

    case: Case
    mismatches: tuple[Mismatch, ...]

    @property
    def passed(self) -> bool:
        """Tell whether everything came out as it had to."""
        return not self.mismatches


@dataclass(slots=True)
class Touched:
    """What the fields that tests look at depended on."""

    matched: set[str] = field(default_factory=set)
    """Ids of rules that matched; audited ones too."""
    decided: set[str] = field(default_factory=set)
    """Ids of rules that decided."""
    branches: set[Branch] = field(default_factory=set)
    cells: set[Cell] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Results:
    """What came of a run."""

    results: tuple[Result, ...]
    touched: Touched

    @property
    def failed(self) -> tuple[Result, ...]:
        """The cases that did not pass."""
        return tuple(each for each in self.results if not each.passed)


def run_tests(policies: PolicySet, cases: Iterable[Case], carry_out: CarryOut) -> Results:
    """Return what comes of every case, each at its own time.

    Args:
        policies: the set under test.
        cases: as `link_tests` returns them for this set's vocabulary and catalogues.
        carry_out: makes of a record's fields what a decision says.
    """
    touched = Touched()
    results = tuple(_run(policies.as_of(case.now), case, carry_out, touched) for case in cases)
    return Results(results, touched)


def access_of(case: Case) -> Access:
    """Return the question a case puts; before there is a record nothing is known of it."""
    facts = case.facts if case.action in DISCLOSING else None
    return Access(case.principal, Purpose(case.purpose), case.action, case.object, facts, case.now)


def trace_of(policies: PolicySet, case: Case, name: str) -> Trace:
    """Return why one field of a case comes out as it does."""
    return trace(policies.as_of(case.now), case.question(name), access_of(case))


def outcome_text(outcome: Outcome) -> str:
    """Return `allow`, `mask(year)`, `redact`, `absent`."""
    if outcome.effect is Effect.DENY:
        return "absent"
    name = outcome.effect.name.lower()
    return f"{name}({outcome.mask.name})" if outcome.mask else name


def _run(policies: PolicySet, case: Case, carry_out: CarryOut, touched: Touched) -> Result:
    access = access_of(case)
    decision = decide(policies.plan(**keys_of(case.question(""))), access)
    _touch(policies, case, access, decision, touched)
    shown: Mapping[str, Tree] = {}
    if case.action in DISCLOSING and case.fields:
        try:
            shown = carry_out(decision, case.connector, case.object, case.fields)
        except LychgateError as error:
            return Result(case, (Mismatch("", "an answer", f"cannot be carried out: {error}", ""),))
    return Result(case, tuple(_mismatches(case, decision, shown)))


def _mismatches(case: Case, decision: Decision, shown: Mapping[str, Tree]) -> Iterator[Mismatch]:
    for name, expected in case.expected.items():
        outcome = decision.of(name)
        valued = case.action in DISCLOSING and name in case.fields
        value = shown.get(name, _ABSENT) if valued else _ABSENT
        if not _came_out(expected, outcome, value, case.fields.get(name), valued=valued):
            yield Mismatch(name, expected.text, _got(expected, outcome, value), outcome.rule)


def _came_out(expected: Expected, outcome: Outcome, value: Tree, given: Tree, *, valued: bool) -> bool:
    if expected.effect is None:
        return _same(value, expected.value)
    if outcome.effect is not expected.effect:
        return False
    if expected.mask and (outcome.mask is None or outcome.mask.name != expected.mask):
        return False
    if not valued:
        return True
    if outcome.effect is Effect.ALLOW:
        return _same(value, given)
    return (value is _ABSENT) is (outcome.effect is Effect.DENY)


def _got(expected: Expected, outcome: Outcome, value: Tree) -> str:
    text = outcome_text(outcome)
    if value is _ABSENT:
        return (
            text if outcome.effect is Effect.DENY or expected.effect is not None else f"{text}, without a value"
        )
    if expected.effect is None or expected.effect is outcome.effect:
        return f"{value if isinstance(value, str) else repr(value)} ({text})"
    return text


def _same(one: Tree, other: Tree) -> bool:
    """Tell whether two values are one; 1 is not true."""
    return type(one) is type(other) and one == other


class _Absent:
    """Stands for a field that is not in what is shown."""


_ABSENT: Final = _Absent()


def _touch(policies: PolicySet, case: Case, access: Access, decision: Decision, touched: Touched) -> None:
    asking = Asking(policies, case.connector, access)
    who = case.principal
    questions = [case.question(name) for name in case.expected]
    for rule in policies.rules_for(**keys_of(case.question(""))):
        if not any(speaks(rule, question) for question in questions):
            continue
        if asking.matches(rule):
            touched.matched.add(rule.rule.id)
        for condition in rule.conditions:
            touched.branches |= {
                (rule.rule.id, atom.text, atom.answer)
                for atom in asking.atoms(condition)
                if isinstance(atom.answer, bool)
            }
    touched.decided |= {outcome.rule for name in case.expected if (outcome := decision.of(name)).rule}
    if len(who.roles) == 1:
        (role,) = who.roles
        touched.cells |= {
            (role, case.purpose, who.recipient.name, case.action, case.connector, case.object, name)
            for name in case.expected
        }

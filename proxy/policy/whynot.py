"""What would have to be otherwise for a field to be open: the fewest things, for one rule at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from proxy.model import Access, Effect
from proxy.policy.compile import PolicySet
from proxy.policy.conditions import Condition
from proxy.policy.explain import Question
from proxy.policy.plans import Applicable
from proxy.policy.rules import Callers, Rule
from proxy.policy.tracing import Asking, Traced, keys_of, trace

MOST_TURNED: Final = 4
"""Answers turned at once; what needs more is told as the whole condition."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that would have to be otherwise."""

    rule: Rule
    what: str


def why_not(policies: PolicySet, question: Question, access: Access) -> tuple[Need, ...] | None:
    """Return the fewest things that would have to be otherwise for a field to be allowed; () if it is.

    Other callers may meet other guards, so what is said of a grant for others is where to look, not a promise.
    None: no grant speaks about the field at all.
    """
    found = trace(policies, question, access)
    if found.outcome.effect is Effect.ALLOW:
        return ()
    asking = Asking(policies, question.connector, access)
    applicable = {each.rule.id: each for each in policies.rules_for(**keys_of(question))}
    ways = [
        list(_needs(each, applicable.get(each.rule.id), asking, wanted=True, question=question))
        # Among equals those that are for this caller come first.
        for each in sorted(found.considered, key=lambda one: bool(one.because))
        if each.rule.kind == "grant" and each.rule.effect is Effect.ALLOW
    ]
    if not ways:
        return None
    walls = [
        need
        for each in found.considered
        if each.rule.kind == "guard" and each.counts
        for need in _needs(each, applicable.get(each.rule.id), asking, wanted=False, question=question)
    ]
    return (*min(ways, key=len), *walls)


def _needs(
    each: Traced, rule: Applicable | None, asking: Asking, *, wanted: bool, question: Question
) -> Iterator[Need]:
    """Yield what keeps a grant from matching, or what would keep a guard from it."""
    if each.counts is wanted:
        return
    if each.because:
        others = list(_others(each.rule.callers, question))
        yield from (Need(each.rule, other) for other in others or [each.because])
        return
    conditions = rule.conditions if rule else ()
    if not conditions:
        yield Need(each.rule, "holds without a condition: it would have to leave this caller out")
        return
    if wanted:
        for condition in conditions:
            if asking.answer(condition) is not True:
                yield from (Need(each.rule, text) for text in turned(condition, asking, wanted=True))
        return
    yield from (Need(each.rule, text) for text in turned(conditions[0], asking, wanted=False))


def _others(callers: Callers, question: Question) -> Iterator[str]:
    """Yield what of a caller does not fit."""
    if callers.roles is not None and callers.roles.isdisjoint(question.roles):
        yield f"role {' or '.join(sorted(callers.roles))}"
    if callers.purposes is not None and question.purpose not in callers.purposes:
        yield f"purpose {' or '.join(sorted(callers.purposes))}"
    if callers.recipients is not None and question.recipient not in callers.recipients:
        yield f"recipient {' or '.join(sorted(callers.recipients))}"


def turned(condition: Condition, asking: Asking, *, wanted: bool) -> Sequence[str]:
    """Return the fewest questions, with the answers they would need, for a condition to come out so."""
    atoms = condition.atoms
    answers = [asking.answer(atom) for atom in atoms]
    for count in range(1, min(MOST_TURNED, len(atoms)) + 1):
        for places in combinations(range(len(atoms)), count):
            for bits in range(1 << count):
                tried = list(answers)
                for at, place in enumerate(places):
                    tried[place] = bool(bits >> at & 1)
                if condition.under([each for each in tried if each is not None]) is wanted:
                    return [
                        f"{'true' if tried[place] else 'false'}: {atoms[place].text}"
                        for place in places
                        if tried[place] is not answers[place]
                    ]
    return [f"{'true' if wanted else 'false'}: {condition.text}"]

"""What would have to be otherwise for a field to be open: the smallest sets of changes, over all rules at once.

A change is a role, purpose or recipient that the caller would need, an answer to one of the questions that
conditions ask, or a rule that would have to be written otherwise. Every set is tried against the very algebra
that decides, so that what opens one grant and closes the field by a guard is not among them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice, product
from typing import Final

from proxy.model import Access, Effect, Purpose
from proxy.policy.compile import PolicySet
from proxy.policy.conditions import Condition
from proxy.policy.explain import Question
from proxy.policy.plans import Answer, Applicable, outcomes_of
from proxy.policy.rules import Callers, Rule
from proxy.policy.tracing import Asking, Traced, keys_of, speaks, trace

MOST_TURNED: Final = 4
"""Answers turned at once."""
MOST_ATOMS: Final = 16
MOST_OTHERS: Final = 64
"""Callers tried for one grant."""
MOST_WAYS: Final = 8


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that would have to be otherwise."""

    rule: Rule
    what: str


Way = tuple[Need, ...]


def why_not(policies: PolicySet, question: Question, access: Access) -> tuple[Way, ...] | None:
    """Return the smallest sets of things that would have to be otherwise for a field to be allowed.

    Those that need no other caller come first. One empty set: it is allowed. None: no grant allows the field
    to anybody, or none could be found to do so by so few changes; somebody would have to write one.
    """
    found = trace(policies, question, access)
    if found.outcome.effect is Effect.ALLOW:
        return ((),)
    ways = [
        way
        for needs, asker in _askers(policies, found.considered, question, access)
        for way in asker.ways(needs)
    ]
    least = min(map(len, ways), default=0)
    smallest = dict.fromkeys(way for way in ways if len(way) == least)
    return tuple(islice(_joined(list(smallest)), MOST_WAYS)) or None


def _askers(
    policies: PolicySet, considered: Sequence[Traced], question: Question, access: Access
) -> Iterator[tuple[Way, "_Asker"]]:
    """Yield the caller as it is, and then callers for whom grants are that are not for this one."""
    yield (), _Asker(policies, question, access)
    for each in considered:
        rule = each.rule
        if rule.kind == "grant" and rule.effect is Effect.ALLOW and each.because:
            others = list(islice(_others(rule, question, policies), MOST_OTHERS))
            for needs, role, purpose, recipient in others:
                roles = question.roles | ({role} if role else set())
                asks = replace(question, roles=roles, purpose=purpose, recipient=recipient)
                who = replace(access.principal, roles=roles, recipient=policies.recipients[recipient])
                changed = replace(access, principal=who, purpose=Purpose(purpose))
                yield needs, _Asker(policies, asks, changed)
            if not others:
                # In force on other days, audited only, or the caller is in its except.
                yield (Need(rule, each.because),), _Asker(policies, question, access, rule)


def _others(rule: Rule, question: Question, policies: PolicySet) -> Iterator[tuple[Way, str, str, str]]:
    """Yield what of a caller would have to be otherwise to fit: needs, a role more, purpose, recipient."""
    callers = rule.callers
    roles = [""] if _fits(callers, roles=question) else sorted(callers.roles or ())
    purposes = [question.purpose] if _fits(callers, purposes=question) else sorted(callers.purposes or ())
    recipients = (
        [question.recipient] if _fits(callers, recipients=question) else sorted(callers.recipients or ())
    )
    for role, purpose, recipient in product(roles, purposes, recipients):
        if recipient not in policies.recipients:
            continue
        needs = [Need(rule, f"role {role}")] if role else []
        needs += [Need(rule, f"purpose {purpose}")] if purpose != question.purpose else []
        needs += [Need(rule, f"recipient {recipient}")] if recipient != question.recipient else []
        if needs:
            yield tuple(needs), role, purpose, recipient


def _fits(
    callers: Callers,
    *,
    roles: Question | None = None,
    purposes: Question | None = None,
    recipients: Question | None = None,
) -> bool:
    """Tell whether one part of a question fits."""
    if roles is not None:
        return callers.roles is None or not callers.roles.isdisjoint(roles.roles)
    if purposes is not None:
        return callers.purposes is None or purposes.purpose in callers.purposes
    return recipients is None or callers.recipients is None or recipients.recipient in callers.recipients


class _Asker:
    """One caller and record, whose answers can be turned."""

    def __init__(
        self, policies: PolicySet, question: Question, access: Access, forced: Rule | None = None
    ) -> None:
        self.policies = policies
        self.question = question
        self.asking = Asking(policies, question.connector, access)
        rules = [each for each in policies.rules_for(**keys_of(question)) if speaks(each, question)]
        if forced is not None:
            rules.append(self._made(forced))
        # What closes without a condition cannot be turned: somebody would have to leave this caller out.
        self.walls = [each for each in rules if _shut(each)]
        self.rules = [each for each in rules if not _shut(each)]
        atoms = {atom.text: atom for each in self.rules for one in each.conditions for atom in one.atoms}
        self.answers: Mapping[str, Answer] = {
            text: self.asking.answer(atom) for text, atom in islice(atoms.items(), MOST_ATOMS)
        }

    def ways(self, needs: Way) -> Sequence[Way]:
        """Return the smallest sets of changes that open the field, each with what is needed anyway."""
        walls = tuple(
            Need(each.rule, "holds without a condition: it would have to leave this caller out")
            for each in self.walls
        )
        texts = list(self.answers)
        for count in range(min(MOST_TURNED, len(texts)) + 1):
            found = [
                (*needs, *(self._need(text, answer) for text, answer in turned), *walls)
                for chosen in combinations(texts, count)
                for turned in product(*(_otherwise(text, self.answers[text]) for text in chosen))
                if self._opens({**self.answers, **dict(turned)})
            ]
            if found:
                return found
        return []

    def _opens(self, answers: Mapping[str, Answer]) -> bool:
        matching = [
            each for each in self.rules if each.matches([self._under(one, answers) for one in each.conditions])
        ]
        outcomes = outcomes_of(self.question.action, matching, self.policies.layers)
        outcome = outcomes.get(self.question.field)
        return outcome is not None and outcome.effect is Effect.ALLOW

    def _under(self, condition: Condition, answers: Mapping[str, Answer]) -> Answer:
        told = [answers.get(atom.text) for atom in condition.atoms]
        known = [answer for answer in told if answer is not None]
        return condition.under(known) if len(known) == len(told) else self.asking.answer(condition)

    def _need(self, text: str, answer: Answer) -> Need:
        """Return a turned answer with a rule that asks it: a guard that it lifts, else a grant that it opens."""
        asks = [each.rule for each in self.rules for one in each.conditions if text in _texts(one)]
        rule = min(asks, key=lambda each: (each.kind == "grant", each.id)) if answer is False else asks[0]
        if answer is True:
            rule = min(asks, key=lambda each: (each.kind == "guard", each.id))
        return Need(rule, f"{'true' if answer else 'false'}: {text}")

    def _made(self, rule: Rule) -> Applicable:
        """Return a grant as if it spoke to this caller today."""
        where = (self.question.connector, self.question.object)
        reach = next(each for each in self.policies.reach(*where, self.question.action) if each.rule is rule)
        own = (rule.conditions[where],) if rule.when else ()
        applied = replace(rule, mode="enforce")
        return Applicable(applied, reach.fields, own + self.policies.implied(self.question.purpose))


def _texts(condition: Condition) -> frozenset[str]:
    return frozenset(atom.text for atom in condition.atoms)


def _shut(each: Applicable) -> bool:
    rule = each.rule
    # What the record behind a copy is like, no answer can turn.
    fixed = not each.conditions or bool(rule.copied)
    return rule.kind == "guard" and rule.applies and fixed and not rule.demands


def _otherwise(text: str, answer: Answer) -> Sequence[tuple[str, Answer]]:
    return [(text, other) for other in (True, False) if other is not answer]


def _joined(ways: Sequence[Way]) -> Iterator[Way]:
    """Yield sets of changes; those that differ in one word of one need are told as one."""
    seen: set[int] = set()
    for at, way in enumerate(ways):
        if at in seen:
            continue
        for place, need in enumerate(way):
            kind, _, word = need.what.partition(" ")
            if kind not in ("role", "purpose", "recipient"):
                continue
            alike = [
                other
                for other in range(at + 1, len(ways))
                if other not in seen and _differ_at(way, ways[other], place, kind)
            ]
            if alike:
                seen.update(alike)
                words = [word, *(ways[other][place].what.partition(" ")[2] for other in alike)]
                way = (*way[:place], Need(need.rule, f"{kind} {' or '.join(words)}"), *way[place + 1 :])  # noqa: PLW2901
                break
        yield way


def _differ_at(one: Way, other: Way, place: int, kind: str) -> bool:
    """Tell whether two sets are the same but for the word of one need."""
    if len(one) != len(other):
        return False
    same = all(at == place or one[at] == other[at] for at in range(len(one)))
    return same and one[place].rule is other[place].rule and other[place].what.startswith(f"{kind} ")

"""What a review costs: every cell of two large policy sets compared, half of the rules with conditions.

    python tests/bench/bench_plan.py

Thread CPU time, the least of several runs; the sets are read and linked before. 200 rules over 450 fields in 15
objects, 12 roles, 6 purposes, 5 recipients and 15 actions: 2.43 million cells, and those of the records
themselves. The second set has 20 rules edited, 5 dropped and 5 added.
"""

import random
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from proxy.model import Action, Effect, FieldSpec, Mask, ObjectSpec
from proxy.policy.compile import PolicySet
from proxy.policy.documents import VocabularyDocument
from proxy.policy.names import Findings
from proxy.policy.plan import Caller, Comparison, Side, compare
from proxy.policy.plan.formula import All, Atom, Formula, Not
from proxy.policy.rules import Callers, On, Rule
from proxy.policy.vocabulary import link_vocabulary
from proxy.yamlfile import YamlFile, validate

RULES, OBJECTS, FIELDS = 200, 15, 30
ROLES, PURPOSES, RECIPIENTS = 12, 6, 5
RUNS = 3
SECONDS_ALLOWED = 3.0
TODAY = date(2026, 11, 23)
LAST4 = Mask("last4", "keep_last", (("n", 4),))
ATOMS = [Atom(f"resource.a{n}", f"resource.a{n}") for n in range(4)] + [
    Atom("resource.country", f'resource.country == "{country}"', frozenset({country}))
    for country in ("IE", "DE")
]


class Read:
    """Conditions that are formulas already."""

    def __init__(self, conditions: dict[str, Formula]) -> None:
        self.conditions = conditions

    def given(self, caller: Caller) -> None:
        """Conditions here do not look at who asks."""

    def conditional(self, rule: Rule, given: object) -> bool:
        """Return whether a rule has a condition."""
        del given
        return rule.id in self.conditions

    def formula(self, rule: Rule, where: object, given: object, *, record: bool) -> Formula:
        """Return a rule's condition."""
        del where, given, record
        return self.conditions[rule.id]


def rule(n: int, draw: random.Random) -> Rule:
    """Return one rule; every fourth is a guard, every fifth a mask."""
    guard, mask = n % 4 == 3, n % 5 == 2
    return Rule(
        id=f"rule-{n}",
        kind="guard" if guard else "grant",
        effect=Effect.MASK if mask else Effect.REDACT if guard else Effect.ALLOW,
        mask=LAST4 if mask else None,
        strength=50 if mask else 0,
        actions=frozenset(draw.sample(list(Action), 4)),
        callers=Callers(
            frozenset(f"role{each}" for each in draw.sample(range(ROLES), 3)),
            frozenset(f"purpose{each}" for each in draw.sample(range(PURPOSES), 2)),
            frozenset(f"recipient{each}" for each in draw.sample(range(RECIPIENTS), 2)),
        ),
        on=On(
            objects=frozenset(f"Object{each}" for each in draw.sample(range(OBJECTS), 6)),
            categories=frozenset(f"user.group{each}" for each in draw.sample(range(10), 3)),
        ),
    )


def condition(draw: random.Random) -> Formula:
    """Return a condition over two of six questions."""
    one, two = draw.sample(ATOMS, 2)
    return All((one, Not(two)))


def side(rules: list[Rule], conditions: dict[str, Formula]) -> Side:
    """Return a set to compare."""
    document = {
        "apiVersion": "lychgate.dev/v1",
        "kind": "Vocabulary",
        "metadata": {"name": "bench"},
        "roles": {f"role{n}": {} for n in range(ROLES)},
        "purposes": {f"purpose{n}": {"lawful_basis": "contract"} for n in range(PURPOSES)},
        "recipients": {f"recipient{n}": {} for n in range(RECIPIENTS)},
    }
    file = YamlFile("words.yaml", document, {(): (1, 1)})
    words = link_vocabulary([(file, validate(file, VocabularyDocument))], lambda mask: None, Findings())
    fields = {f"F{n}": FieldSpec(f"user.group{n % 10}.leaf{n}") for n in range(FIELDS)}
    catalogue = {f"Object{n}": ObjectSpec(f"Object{n}", fields) for n in range(OBJECTS)}
    policies = PolicySet(rules, words, {"crm": catalogue}, digest="", clock=lambda: 0.0)
    return Side(policies, Read(conditions))


def sides() -> tuple[Side, Side]:
    """Return a set and the same with 20 rules edited, 5 dropped and 5 added."""
    draw = random.Random(1)
    rules = [rule(n, draw) for n in range(RULES + 5)]
    conditions = {each.id: condition(draw) for each in rules[::2]}
    edited = dict(conditions)
    for each in rules[20:40:2]:
        edited[each.id] = condition(draw)
    changed = [replace(each, effect=Effect.REDACT, mask=None, strength=0) for each in rules[41:60:2]]
    old = side(rules[:RULES], conditions)
    return old, side([*rules[5:41], *rules[42:60:2], *changed, *rules[60:]], edited)


def run() -> tuple[float, Comparison]:
    """Return the least seconds that comparing took, and what it found."""
    old, new = sides()
    best = float("inf")
    for _ in range(RUNS):
        began = time.thread_time()
        found = compare(old, new, today=TODAY)
        best = min(best, time.thread_time() - began)
    return best, found


def main() -> None:
    """Run and print; exits with 1 when a review takes too long to wait for."""
    seconds, found = run()
    counts = ", ".join(f"{number:,} {verdict}" for verdict, number in found.counts.items())
    print(
        f"{found.cells:,} cells compared in {seconds:.2f} s: {found.cells / seconds / 1e6:.1f} million a second"
    )
    print(f"{counts}; {len(found.changes):,} rows; {found.inexact} cells not exact")
    sys.exit(seconds > SECONDS_ALLOWED)


if __name__ == "__main__":
    main()

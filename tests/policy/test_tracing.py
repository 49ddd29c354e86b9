"""A cell explained with what its conditions saw."""

from typing import Any

import pytest

from proxy.model import Access, Action, Facts, Principal, Purpose, Recipient
from proxy.policy.explain import Question
from proxy.policy.tracing import is_error, trace

RULES = """\
grants:
  - {id: open, effect: allow, roles: [agent], purposes: [support], recipients: [desk],
     on: {fields: [Name]}, actions: [read, filter], when: ['principal.kind == "human"']}
  - {id: leads, effect: allow, roles: [lead], purposes: [support], recipients: [desk],
     on: {fields: [Name]}, actions: [read]}
"""


@pytest.mark.parametrize(
    ("kind", "action", "facts", "outcome", "answer"),
    [
        ("human", "read", {}, "ALLOW", True),
        ("agent", "read", {}, "DENY", False),
        ("human", "filter", {}, "ALLOW", True),
    ],
)
def test_what_counts_is_what_decides(  # noqa: PLR0917
    bench: Any, kind: Any, action: str, facts: Facts, outcome: str, answer: bool
) -> None:
    """A rule whose condition does not hold does not count, and each question has its answer and what it saw."""
    policies = bench.check(RULES).policies
    who = Principal("p", "", frozenset({"agent"}), Recipient("desk", country="IE"), kind)
    question = Question("crm", "Contact", "Name", Action(action), who.roles, "support", "desk")
    found = trace(policies, question, Access(who, Purpose("support"), Action(action), "Contact", facts, None))
    assert found.outcome.effect.name == outcome
    first = next(each for each in found.considered if each.rule.id == "open")
    assert (first.counts, first.because) == (answer, "")
    (atom,) = first.atoms
    assert (atom.answer, is_error(atom.answer)) == (answer, False)
    assert [(each.name, each.value, each.classified) for each in atom.values] == [
        ("principal.kind", kind, False)
    ]
    others = [each for each in found.considered if each.rule.id == "leads"]
    assert all((each.counts, each.because) == (False, "only for roles lead") for each in others)

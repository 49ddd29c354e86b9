"""A condition as a tree of questions, each with its answer: what explanations print and hand to machines."""

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.policy.conditions import ERROR, Condition
from proxy.policy.conditions.atoms import Outcome
from proxy.policy.conditions.running import runner
from proxy.policy.conditions.terms import Term
from proxy.policy.conditions.writing import canonical

_WORDS = {"and": "all", "or": "any", "not": "not", "if": "if"}


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a condition."""

    op: str
    """`all`, `any`, `not`, `if` (condition, then, else), `atom` or `constant`."""
    text: str
    answer: Outcome
    parts: "tuple[Node, ...]" = ()
    atom: int | None = None
    """Which of the condition's atoms it is."""


def tree_of(condition: Condition, answers: Sequence[Outcome]) -> Node:
    """Return a condition as a tree, with what each step comes to when its atoms, in order, are answered so."""
    return _Tree(condition, answers).node(condition.shape.formula)


class _Tree:
    def __init__(self, condition: Condition, answers: Sequence[Outcome]) -> None:
        self._atoms = condition.atoms
        self._answers = list(answers)

    def node(self, term: Term) -> Node:
        if term.op == "bound" and isinstance(term.value, int):
            return Node("atom", self._atoms[term.value].text, self._answers[term.value], atom=term.value)
        if term.op not in _WORDS:
            return Node("constant", canonical(term.source), self._answer(term))
        parts = tuple(map(self.node, self._flat(term)))
        return Node(_WORDS[term.op], canonical(term.source), self._answer(term), parts)

    def _flat(self, term: Term) -> list[Term]:
        """Return the parts of a step; `a && (b && c)` has three."""
        if term.op not in ("and", "or"):
            return list(term.args)
        return [part for each in term.args for part in (self._flat(each) if each.op == term.op else [each])]

    def _answer(self, term: Term) -> Outcome:
        try:
            found: Outcome = runner(term)({}, {}, list(self._answers))
        except Exception:  # noqa: BLE001 - the atoms' errors, which no operator absorbed
            return ERROR
        return found

"""What a decision about records depended on, without a value: how each condition was answered, by its mark.

The ledger keeps these, so that decisions can be made again by other policies. Nothing follows from them beyond
the truth of a policy's own conditions: a mark is a digest of what is asked, an answer one sign, and which record
was answered how, or how many were, is not said.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from proxy.model import Action, ObjectSpec
from proxy.policy.conditions import ERROR, Condition, Question
from proxy.policy.conditions.atoms import Outcome
from proxy.policy.conditions.terms import Term, within
from proxy.policy.plans import Answer
from proxy.policy.whens import CONSENTS

MOST_ALIKE: Final = 64
"""Different sets of answers on one page; beyond that nothing is said of them."""
MOST_TEXT: Final = 8_000
"""Characters of one entry."""
MORE: Final = "more"
"""Stands for answers that were too many to keep."""
_SIGNS: Final[Mapping[object, str]] = {True: "1", False: "0", ERROR: "e"}
_ANSWERS: Final[Mapping[str, Outcome]] = {"1": True, "0": False, "e": ERROR}

Answers = Mapping[str, Outcome]
"""Mark of a condition -> how it was answered."""


def mark(condition: Condition, spec: ObjectSpec | None) -> str:
    """Return what a condition is known by: equal for two that ask the same of the same fields, in any set."""
    return _mark(condition, condition.shape.atoms, spec)


def atom_marks(condition: Condition, spec: ObjectSpec | None) -> tuple[str, ...]:
    """Return what each atom of a condition is known by, which is the mark of a condition that is that atom."""
    return tuple(
        _mark(atom, (term,), spec) for atom, term in zip(condition.atoms, condition.shape.atoms, strict=True)
    )


def _mark(asked: Question, terms: Iterable[Term], spec: ObjectSpec | None) -> str:
    steps = [step for term in terms for step in within(term)]
    constants = [_plain(step.value) for step in steps if step.op == "constant"]
    names = sorted(asked.attributes | ({CONSENTS} if asked.consents else set()))
    known = spec.attributes if spec else {}
    fields = [
        [name, of.field, of.type, of.optional, repr(of.default)]
        for name in names
        if (of := known.get(name)) is not None
    ]
    said = json.dumps([asked.text, constants, fields], default=str, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    if isinstance(value, frozenset | set):
        return sorted(map(repr, value))
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else repr(value)


def written(action: Action, name: str, marks: Sequence[str], seen: Iterable[tuple[Answer, ...]]) -> str:
    """Return the answers about records of one object as the ledger keeps them."""
    alike = sorted({"".join(_SIGNS[answer] for answer in answers) for answers in seen})
    said = " ".join(alike) if len(alike) <= MOST_ALIKE else MORE
    return f"{action} {name} {','.join(marks)}: {said}"


def within_bounds(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the texts, sorted; from where they become too long, that there were more."""
    found = []
    left = MOST_TEXT
    for text in sorted(texts):
        short = text if len(text) <= left else f"{' '.join(text.split(' ', 2)[:2])} : {MORE}"
        left -= len(short)
        found.append(short)
    return tuple(found)


def read(text: str) -> tuple[str, str, tuple[Answers, ...]]:
    """Return action, object and the different sets of answers; none where they were too many, or unreadable."""
    head, _, said = text.partition(": ")
    action, name, marks = [*head.split(" "), "", "", ""][:3]
    keys = marks.split(",")
    found = []
    for signs in said.split(" "):
        if len(signs) != len(keys) or not set(signs) <= _ANSWERS.keys():
            return action, name, ()
        found.append({key: _ANSWERS[sign] for key, sign in zip(keys, signs, strict=True)})
    return action, name, tuple(found)

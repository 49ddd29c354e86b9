"""Texts that are compared with an attribute of which every possible text is known: a slip never matches."""

from collections.abc import Iterator

from proxy.policy.conditions.flaws import UNKNOWN
from proxy.policy.conditions.scope import Report, Scope
from proxy.policy.conditions.terms import Term
from proxy.yamlfile import nearest


def check_words(left: Term, right: Term, scope: Scope, report: Report) -> None:
    """Note every text on one side of `==`, `!=` or `in` that the attribute on the other side cannot be."""
    for side, other in ((left, right), (right, left)):
        path = _path(side)
        declared = None if path is None else scope.of_path(path)
        if declared is None or declared.words is None:
            continue
        for text in _texts(other):
            if text.value not in declared.words:
                word = str(text.value)
                near = nearest(word, declared.words)
                report.add(text.source.at, UNKNOWN, f'{path} is never "{word}"{near}')


def _path(term: Term) -> str | None:
    if term.op == "context":
        return str(term.value)
    return f"resource.{term.value}" if term.op == "attribute" else None


def _texts(term: Term) -> Iterator[Term]:
    """Yield the texts that stand there, alone or in a list; a named set may hold more than can occur."""
    if term.op == "constant" and isinstance(term.value, str):
        yield term
    elif term.op == "list" or (term.op == "constant" and term.args):
        for each in term.args:
            yield from _texts(each)

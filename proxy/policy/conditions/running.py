"""Steps made into closures: built once, run for every record.

A closure takes the record's facts, the context, and a sequence with the time at 0 and the variables of
`exists` and `all` after it. It returns a value of the step's type or raises, whatever it is that it raises;
`&&`, `||`, `exists` and `all` absorb what was raised as CEL does. A fact of another type than declared raises.

Why closures rather than generated Python: they need no `compile()` of text, a reader can step through them,
and what they cost is a third of what we allow.
"""

import operator
from collections.abc import Callable
from typing import Any, Final, cast

from proxy.policy.conditions.declarations import CONSENTS
from proxy.policy.conditions.direct import Run, Values, among, direct, equal, got, holding
from proxy.policy.conditions.facts import Fault, reader
from proxy.policy.conditions.terms import Term

MAX_FOLDS: Final = 2
"""`exists` or `all` within one another; each multiplies what a record costs."""
MAX_ITEMS: Final = 200
"""Of a list that `exists` or `all` goes through; with a longer one the condition is an error."""


def runner(term: Term) -> Run:
    """Return the closure of a step."""
    return _RUNNERS[term.op](term)


def _constant(term: Term) -> Run:
    value = term.value
    return lambda facts, context, local: value


def _stored(term: Term) -> Run:
    known = direct(term)
    if known is not None:
        return got(known)
    name, read = cast("str", term.value), reader(term.type)
    return lambda facts, context, local: read(facts[name])


def _now(term: Term) -> Run:
    return lambda facts, context, local: local[0]


def _bound(term: Term) -> Run:
    place = cast("int", term.value)
    return lambda facts, context, local: local[place]


def _list(term: Term) -> Run:
    items = tuple(map(runner, term.args))
    return lambda facts, context, local: tuple([item(facts, context, local) for item in items])


def _has(term: Term) -> Run:
    root, _, name = cast("str", term.value).partition(".")
    if root == "resource":
        return lambda facts, context, local: facts.get(name) is not None
    path = cast("str", term.value)
    return lambda facts, context, local: context.get(path) is not None


def _consent(term: Term) -> Run:
    covering = cast("tuple[str, ...]", term.value)

    def asked(facts: Values, context: Values, local: Any) -> bool:
        given = facts[CONSENTS]
        if type(given) is not frozenset:
            raise Fault
        return not given.isdisjoint(covering)

    return asked


def _and(term: Term) -> Run:
    items = tuple(map(runner, term.args))

    def run(facts: Values, context: Values, local: Any) -> bool:
        failed = False
        for item in items:
            try:
                if not item(facts, context, local):
                    return False
            except Exception:  # noqa: BLE001 - false && error = false, whatever the error is
                failed = True
        if failed:
            raise Fault
        return True

    return run


def _or(term: Term) -> Run:
    items = tuple(map(runner, term.args))

    def run(facts: Values, context: Values, local: Any) -> bool:
        failed = False
        for item in items:
            try:
                if item(facts, context, local):
                    return True
            except Exception:  # noqa: BLE001 - true || error = true, whatever the error is
                failed = True
        if failed:
            raise Fault
        return False

    return run


def _not(term: Term) -> Run:
    of = runner(term.args[0])
    return lambda facts, context, local: not of(facts, context, local)


def _if(term: Term) -> Run:
    test, then, otherwise = map(runner, term.args)
    return lambda facts, context, local: (
        then(facts, context, local) if test(facts, context, local) else otherwise(facts, context, local)
    )


def _in(term: Term) -> Run:
    item, items = term.args
    known, held = direct(item), direct(items)
    if items.op == "constant":
        constants = frozenset(cast("tuple[object, ...]", items.value))
        if known is not None:
            return among(known, constants)
        value = runner(item)
        return lambda facts, context, local: value(facts, context, local) in constants
    if item.op == "constant":
        constant = item.value
        if held is not None and items.type.name == "set":
            return holding(held, constant)
        values = runner(items)
        return lambda facts, context, local: constant in values(facts, context, local)
    value, values = runner(item), runner(items)
    return lambda facts, context, local: value(facts, context, local) in values(facts, context, local)


def _apply(term: Term) -> Run:
    function = cast("Callable[..., Any]", term.value)
    if len(term.args) == 1:
        only = runner(term.args[0])
        return lambda facts, context, local: function(only(facts, context, local))
    known = direct(term.args[0])
    left, right = map(runner, term.args)
    if term.args[1].op == "constant":
        constant = term.args[1].value
        if function is operator.eq and known is not None:
            return equal(known, constant)
        return lambda facts, context, local: function(left(facts, context, local), constant)
    return lambda facts, context, local: function(left(facts, context, local), right(facts, context, local))


def _exists(term: Term) -> Run:
    return _fold(term, found=True)


def _all(term: Term) -> Run:
    return _fold(term, found=False)


def _fold(term: Term, *, found: bool) -> Run:
    over, body = map(runner, term.args)
    place = cast("int", term.value)

    def run(facts: Values, context: Values, local: Any) -> bool:
        items = over(facts, context, local)
        if len(items) > MAX_ITEMS:
            raise Fault
        failed = False
        for local[place] in items:
            try:
                if bool(body(facts, context, local)) is found:
                    return found
            except Exception:  # noqa: BLE001 - absorbed as by the chain of && or || that this is
                failed = True
        if failed:
            raise Fault
        return not found

    return run


_RUNNERS: Final[dict[str, Callable[[Term], Run]]] = {
    "constant": _constant,
    "attribute": _stored,
    "context": _stored,
    "now": _now,
    "bound": _bound,
    "list": _list,
    "has": _has,
    "consent": _consent,
    "and": _and,
    "or": _or,
    "not": _not,
    "if": _if,
    "in": _in,
    "apply": _apply,
    "exists": _exists,
    "all": _all,
}

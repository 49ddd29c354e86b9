"""The commonest questions as one closure each: a call saved is a tenth of what a condition costs.

`purpose == "support"`, `resource.country in sets.eea`, `"agent" in principal.roles`. What they look at is
taken at its type, as `running` does it for everything else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from proxy.policy.conditions.facts import EXACT, Fault
from proxy.policy.conditions.terms import Term

Values = Mapping[str, Any]
Run = Callable[[Values, Values, Any], Any]
"""Of the record's facts, the context, and a sequence: the time, then the variables of `exists` and `all`."""


@dataclass(frozen=True, slots=True)
class Direct:
    """A value that stands in the facts or in the context."""

    in_facts: bool
    key: str
    wanted: type


def direct(term: Term) -> Direct | None:
    """Return where a step's value stands, None when it is computed or needs more than a look at its type."""
    wanted = EXACT.get(term.type, frozenset if term.type.name == "set" else None)
    if wanted is None or term.op not in ("attribute", "context"):
        return None
    return Direct(term.op == "attribute", cast("str", term.value), wanted)


def got(value: Direct) -> Run:
    """Return what gets the value."""
    in_facts, key, wanted = value.in_facts, value.key, value.wanted

    def run(facts: Values, context: Values, local: Any) -> object:
        found = (facts if in_facts else context)[key]
        if type(found) is wanted:
            return found
        raise Fault

    return run


def equal(value: Direct, constant: object) -> Run:
    """Return what tells whether the value is the constant."""
    in_facts, key, wanted = value.in_facts, value.key, value.wanted

    def run(facts: Values, context: Values, local: Any) -> bool:
        found = (facts if in_facts else context)[key]
        if type(found) is wanted:
            return bool(found == constant)
        raise Fault

    return run


def among(value: Direct, constants: frozenset[object]) -> Run:
    """Return what tells whether the value is one of the constants."""
    in_facts, key, wanted = value.in_facts, value.key, value.wanted

    def run(facts: Values, context: Values, local: Any) -> bool:
        found = (facts if in_facts else context)[key]
        if type(found) is wanted:
            return found in constants
        raise Fault

    return run


def holding(value: Direct, constant: object) -> Run:
    """Return what tells whether the constant is in the value, which is a set."""
    key, in_facts = value.key, value.in_facts

    def run(facts: Values, context: Values, local: Any) -> bool:
        found = (facts if in_facts else context)[key]
        if type(found) is frozenset:
            return constant in found
        raise Fault

    return run

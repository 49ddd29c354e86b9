"""Rules about a field, as rules about its copies.

What one record repeats of another tells of that other one. So each guard on a field stands on its copies too,
and a copy is open only where what it repeats is. Of the other record nothing is known where the copy stands: a
guard whose condition looks at it always holds there, and a grant whose condition does never opens.

Of a copy in the same record only the guards are repeated, which are asked of that record as ever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple

from proxy.model import DISCLOSING, QUERYING, Action, Catalogue, Effect, ObjectSpec
from proxy.policy.conditions import Condition
from proxy.policy.decide import UNKNOWN
from proxy.policy.rules import On, Rule

COPIED: Final = DISCLOSING | QUERYING | {Action.EXPORT, Action.SHARE, Action.SUBSCRIBE}
"""Actions by which somebody learns what a field holds."""
BY_COPY: Final = "copy:"
"""What the ids of guards begin with that demand grants of what is repeated."""

Selected = Mapping[On, Sequence[Rule]]
"""Rules by what they are on."""


class _Ways(NamedTuple):
    """Copies that come from one object by one way, each with what it repeats there."""

    object: str
    number: int
    """Of what a field repeats, among all that it does."""
    away: bool
    """Whether it stands in another record."""
    demanded: bool
    """Whether it has to be open there for its copies to be."""


def copied(rules: Selected, connector: str, catalogue: Catalogue, spec: ObjectSpec) -> tuple[Rule, ...]:
    """Return what rules about fields come to for those fields of an object that repeat them."""
    where = connector, spec.name
    found: list[Rule] = []
    for way, copies in _ways(spec).items():
        if way.demanded:
            found.append(_demand(where, way, frozenset(copies)))
        for on, alike in rules.items():
            reached = on.within(connector, catalogue[way.object])
            fields = frozenset(name for name, field in copies.items() if field in reached)
            if not way.away:
                fields -= on.within(connector, spec)
            found += [_made(rule, where, way, fields) for rule in alike if fields and _speaks(rule, way)]
    return tuple(found)


def _ways(spec: ObjectSpec) -> Mapping[_Ways, dict[str, str]]:
    found: dict[_Ways, dict[str, str]] = {}
    for name, of in spec.fields.items():
        for at, each in enumerate(of.copies):
            away = bool(each.by)
            found.setdefault(_Ways(each.object, at, away, away and each.direct), {})[name] = each.field
    return found


def _speaks(rule: Rule, way: _Ways) -> bool:
    return not rule.actions.isdisjoint(COPIED) and (rule.kind == "guard" or way.demanded)


def _demand(where: tuple[str, str], way: _Ways, copies: frozenset[str]) -> Rule:
    """Return the guard that has copies open only where what they repeat is."""
    return Rule(
        f"{BY_COPY}{way.object}",
        "guard",
        Effect.ALLOW,
        COPIED,
        on=_on(where, copies),
        demands=_layer(way),
        copied=way.object,
    )


def _made(rule: Rule, where: tuple[str, str], way: _Ways, copies: frozenset[str]) -> Rule:
    """Return a rule as it is about copies of what it is on."""
    conditions = rule.conditions
    if rule.when:
        condition = rule.conditions[where[0], way.object]
        conditions = MappingProxyType({where: elsewhere(condition) if way.away else condition})
    return replace(
        rule,
        actions=rule.actions & COPIED,
        on=_on(where, copies),
        layer=f"{rule.layer}{_layer(way)}" if rule.kind == "grant" else rule.layer,
        conditions=conditions,
        copied=way.object if way.away else "",
    )


def _layer(way: _Ways) -> str:
    return f" {way.object} {way.number}"


def _on(where: tuple[str, str], copies: frozenset[str]) -> On:
    return On(frozenset({where[0]}), frozenset({where[1]}), fields=copies)


def elsewhere(condition: Condition) -> Condition:
    """Return a condition as it is answered where nothing is known of the record that it looks at."""
    if not condition.attributes and not condition.consents:
        return condition
    none: frozenset[str] = frozenset()
    return replace(
        condition,
        text=f"elsewhere: {condition.text}",
        attributes=none,
        consents=none,
        _run=lambda _facts, context, places: condition._run(UNKNOWN, context, places),
    )

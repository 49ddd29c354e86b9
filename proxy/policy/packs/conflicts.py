"""Where two packs differ: the strictest holds, and whoever is under both laws gets to know."""

from collections.abc import Sequence
from itertools import combinations

from proxy.policy.cells import Cells, listed, overlap
from proxy.policy.compile import PolicySet
from proxy.policy.packs.choosing import pack_of
from proxy.policy.retention.checks import retention_conflicts
from proxy.policy.rules import Rule


def conflicts(policies: PolicySet) -> Sequence[str]:
    """Return a line for every two guards of different packs that can meet on a field with different effects.

    Conditions are taken to hold, so two guards may be listed that never meet on a record.
    """
    cells = Cells(policies.catalogues)
    guards = [rule for rule in policies.rules if rule.kind == "guard" and rule.applies and pack_of(rule.place)]
    lines = [
        line
        for one, other in combinations(sorted(guards, key=lambda rule: (rule.weight, rule.id)), 2)
        if one.weight != other.weight and pack_of(one.place) != pack_of(other.place)
        if (line := _meeting(one, other, cells, policies))
    ]
    return [*lines, *retention_conflicts(policies.retention, policies.catalogues)]


def _meeting(milder: Rule, stricter: Rule, cells: Cells, policies: PolicySet) -> str:
    if milder.actions.isdisjoint(stricter.actions):
        return ""
    if not overlap(milder.callers.recipients, stricter.callers.recipients):
        return ""
    if _purposes(milder, policies).isdisjoint(_purposes(stricter, policies)):
        return ""
    shared = sorted(cells.of(milder) & cells.of(stricter))
    if not shared:
        return ""
    return (
        f"{milder.id} ({_word(milder)}) and {stricter.id} ({_word(stricter)}) meet on {listed(shared)}: "
        f"{_word(stricter)} holds"
    )


def _purposes(rule: Rule, policies: PolicySet) -> frozenset[str]:
    """Return the purposes for which a rule can hold."""
    wanted = frozenset(policies.purposes) if rule.callers.purposes is None else rule.callers.purposes
    unless = rule.unless
    if unless is None or unless.purposes is None or unless.roles is not None or unless.recipients is not None:
        return wanted
    return wanted - unless.purposes


def _word(rule: Rule) -> str:
    return rule.effect.name.lower() + (f"({rule.mask.name})" if rule.mask else "")

"""Guards that hide some records, and queries that tell which (LG135).

A guard whose condition looks at the record hides what it hides once the record is there. A query comes before:
where a filter is open, it finds the hidden record too, and its caller learns that there is one that matches
from an aggregate, or from a page that has fewer records than it was to have.
"""

from collections.abc import Sequence
from typing import Final

from proxy.model import DISCLOSING, Effect
from proxy.policy.cells import Cell, Cells, Walls, callers_within, listed, overlap
from proxy.policy.conditions import Condition
from proxy.policy.link import Written
from proxy.policy.names import Findings
from proxy.policy.packs.choosing import pack_of
from proxy.policy.queries import TELLING
from proxy.policy.rules import Callers, Names, Rule

_WORDS: Final = "filter, sort, group"


def check_oracles(written: Sequence[Written], cells: Cells, findings: Findings) -> None:
    """Note guards that hide records by a condition, from callers who may query by what is hidden (LG135)."""
    doors = [each.rule for each in written if each.rule.gives and each.rule.actions & TELLING]
    walls = Walls((each.rule for each in written if each.rule.kind == "guard" and each.rule.applies), cells)
    for each in written:
        guard = each.rule
        if not _hides_some(guard) or pack_of(guard.place):  # packs see to queries by guards of their own
            continue
        hidden = {cell for cell in cells.of(guard) if _of_record(guard, cell)}
        told: dict[str, set[Cell]] = {}
        for door in doors:
            if not _meet(guard, door):
                continue
            open_ = {
                cell for cell in cells.of(door) & hidden if cell[2] and not _is_shut(door, guard, walls.at(cell))
            }
            if open_:
                told[door.id] = open_
        if told:
            fields = listed(set().union(*told.values()))
            message = (
                f"guard {guard.id} hides some records, and {', '.join(sorted(told))} lets callers query by "
                f"{fields}: they learn whether a hidden record matches. To shut that, write a guard for them "
                f"with actions [{_WORDS}] and without a condition"
            )
            findings.add(each.spot / "when", "LG135", message, severity="warning")


def _hides_some(rule: Rule) -> bool:
    return (
        rule.kind == "guard"
        and rule.applies
        and rule.effect >= Effect.REDACT
        and bool(rule.actions & DISCLOSING)
        and bool(rule.when)
    )


def _of_record(rule: Rule, cell: Cell) -> bool:
    condition = rule.conditions.get(cell[:2])
    return condition is not None and bool(condition.attributes or condition.consents)


def _meet(guard: Rule, door: Rule) -> bool:
    """Tell whether a guard can hold for somebody who may query by a grant."""
    if guard.unless is not None and callers_within(door.callers, guard.unless):
        return False
    return (
        overlap(guard.callers.roles, door.callers.roles)
        and overlap(guard.callers.purposes, door.callers.purposes)
        and overlap(guard.callers.recipients, door.callers.recipients)
    )


def _is_shut(door: Rule, guard: Rule, walls: Sequence[Rule]) -> bool:
    """Tell whether a guard refuses the queries anyway: one that always holds, or waits for a record in vain."""
    return any(
        wall.actions >= (door.actions & TELLING)
        and callers_within(_both(door.callers, guard.callers), wall.callers)
        and (wall.always or _waits(wall))
        for wall in walls
    )


def _both(one: Callers, other: Callers) -> Callers:
    """Return the callers that fit both; of roles those of the one, for a caller may have any of the other."""
    return Callers(one.roles, _shared(one.purposes, other.purposes), _shared(one.recipients, other.recipients))


def _shared(one: Names, other: Names) -> Names:
    return other if one is None else one if other is None else one & other


def _waits(wall: Rule) -> bool:
    """Tell whether a guard holds for everybody, every day, before there is a record: it cannot be answered."""
    bare = wall.unless is None and not wall.spared and wall.since is None and wall.until is None
    return bare and bool(wall.when) and all(_alone(one) for one in wall.conditions.values())


def _alone(condition: Condition) -> bool:
    """Tell whether a condition is one question about the record, which nothing beside it can answer with no."""
    return len(condition.atoms) == 1 and bool(condition.attributes or condition.consents)

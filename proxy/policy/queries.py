"""Queries that tell what may not be read (LG115)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from proxy.model import Action, Effect
from proxy.policy.cells import Cell, Cells, Walls, callers_within, listed, overlap
from proxy.policy.link import Written
from proxy.policy.names import Findings
from proxy.policy.rules import Rule

TELLING: Final = frozenset({Action.FILTER, Action.SORT, Action.GROUP})
"""Uses of a field that tell its value to whoever may not read it."""


def check_queries(written: Sequence[Written], cells: Cells, findings: Findings) -> None:
    """Note grants to filter, sort or group by fields that some of their callers may not read (LG115)."""
    reading: defaultdict[Cell, list[Rule]] = defaultdict(list)
    for each in written:
        rule = each.rule
        if rule.applies and rule.effect is Effect.ALLOW and rule.actions & {Action.READ, Action.LIST}:
            for cell in cells.of(rule):
                reading[cell].append(rule)
    guards = Walls((each.rule for each in written if each.rule.kind == "guard" and each.rule.applies), cells)
    for each in written:
        rule = each.rule
        if not rule.gives or not rule.actions & TELLING:
            continue
        told = {
            cell
            for cell in cells.of(rule)
            if cell[2]
            and not _is_shut(rule, guards.at(cell))
            and (_is_hidden(rule, guards.at(cell)) or not _is_read(rule, reading[cell]))
        }
        if told:
            words = "/".join(sorted(rule.actions & TELLING))
            message = f"grant {rule.id} lets callers {words} by {listed(told)}, which not all of them may read"
            findings.add(each.spot / "actions", "LG115", message, severity="warning")


def _is_read(rule: Rule, readers: Iterable[Rule]) -> bool:
    """Tell whether whoever may query a cell by a rule may also read it."""
    found = [reader for reader in readers if _same_purpose(rule, reader)]
    if any(callers_within(rule.callers, reader.callers) for reader in found):
        return True
    roles = [reader.callers.roles for reader in found]
    together = frozenset().union(*(each for each in roles if each is not None))
    return rule.callers.roles is not None and rule.callers.roles <= together


def _same_purpose(rule: Rule, reader: Rule) -> bool:
    anyone = None
    one = type(rule.callers)(anyone, rule.callers.purposes, rule.callers.recipients)
    other = type(rule.callers)(anyone, reader.callers.purposes, reader.callers.recipients)
    return callers_within(one, other)


def _is_shut(rule: Rule, guards: Iterable[Rule]) -> bool:
    """Tell whether guards refuse the queries anyway."""
    return any(
        wall.always and callers_within(rule.callers, wall.callers) and wall.actions >= (rule.actions & TELLING)
        for wall in guards
    )


def _is_hidden(rule: Rule, guards: Iterable[Rule]) -> bool:
    """Tell whether a guard hides from some caller of the rule what the rule lets them query by.

    A guard with a condition hides some records only; written for queries too it would refuse them all.
    """
    return any(
        not wall.when
        and {Action.READ, Action.LIST} & wall.actions
        and not rule.actions & TELLING <= wall.actions
        and overlap(rule.callers.roles, wall.callers.roles)
        and overlap(rule.callers.purposes, wall.callers.purposes)
        and overlap(rule.callers.recipients, wall.callers.recipients)
        and not (wall.unless is not None and callers_within(rule.callers, wall.unless))
        for wall in guards
    )

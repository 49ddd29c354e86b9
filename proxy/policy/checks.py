"""What is wrong between rules that are each right: masks that clash, grants that open nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from proxy.model import Action, Catalogue, Effect
from proxy.policy.combine import differ
from proxy.policy.link import Written
from proxy.policy.names import Findings
from proxy.policy.rules import Callers, Names, On, Rule
from proxy.policy.vocabulary import Vocabulary

Cell = tuple[str, str, str]
"""Connector, object, field."""


def check_rules(
    written: Sequence[Written],
    vocabulary: Vocabulary,
    catalogues: Mapping[str, Catalogue],
    today: date,
    findings: Findings,
) -> None:
    """Note LG102, LG104, LG111 and LG114 for rules whose names are all resolved."""
    found = _Cells(catalogues)
    _masks_that_meet(written, found, findings)
    _grants_that_open_nothing(written, found, findings)
    for each in written:
        if each.rule.until is not None and each.rule.until < today:
            message = f"{each.rule.kind} {each.rule.id} ended on {each.rule.until} and does nothing now"
            findings.add(each.spot / "valid", "LG111", message, severity="warning")
    _grants_that_reach_processors(written, vocabulary, findings)


class _Cells:
    """The fields each rule matches, worked out once per distinct selector."""

    def __init__(self, catalogues: Mapping[str, Catalogue]) -> None:
        self._catalogues = catalogues
        self._seen: dict[On, frozenset[Cell]] = {}

    def of(self, rule: Rule) -> frozenset[Cell]:
        if rule.on not in self._seen:
            self._seen[rule.on] = frozenset(
                (connector, name, field)
                for connector, catalogue in self._catalogues.items()
                for name, spec in catalogue.items()
                for field in rule.on.within(connector, spec)
            )
        return self._seen[rule.on]


@dataclass(frozen=True, slots=True)
class _Reaches:
    """What decides whether two rules can meet; roles do not, for a caller may have any set of them."""

    purposes: Names
    recipients: Names
    actions: frozenset[Action]
    on: On

    def meets(self, other: "_Reaches") -> bool:
        return (
            _overlap(self.purposes, other.purposes)
            and _overlap(self.recipients, other.recipients)
            and not self.actions.isdisjoint(other.actions)
        )


def _masks_that_meet(written: Sequence[Written], cells: _Cells, findings: Findings) -> None:
    """Note different masks of equal strength that can meet on one field (LG104).

    Rules that reach the same are compared once, so a set with thousands of rules stays checkable.
    """
    by_weight: defaultdict[tuple[int, int], dict[object, Written]] = defaultdict(dict)
    for each in written:
        rule = each.rule
        if rule.mask is not None and rule.applies:
            reaches = _Reaches(rule.callers.purposes, rule.callers.recipients, rule.actions, rule.on)
            by_weight[rule.weight].setdefault((rule.mask, reaches), each)
    for group in by_weight.values():
        reached = [(each, key[1]) for key, each in group.items() if isinstance(key, tuple)]
        for (one, here), (other, there) in combinations(reached, 2):
            if differ(one.rule, other.rule) and here.meets(there):
                shared = cells.of(one.rule) & cells.of(other.rule)
                if shared:
                    _note_meeting(one, other, min(shared), findings)


def _note_meeting(one: Written, other: Written, cell: Cell, findings: Findings) -> None:
    first, second = sorted((one, other), key=lambda each: each.rule.id)
    assert first.rule.mask is not None
    assert second.rule.mask is not None
    message = (
        f"masks {first.rule.mask.name} and {second.rule.mask.name} are equally strong and can meet on "
        f"{cell[1]}.{cell[2]}; use one of them, or give one a strength"
    )
    findings.add(second.spot / "with", "LG104", message, also=str(first.spot / "with"))


def _grants_that_open_nothing(written: Sequence[Written], cells: _Cells, findings: Findings) -> None:
    """Note grants that match no field, or whose every cell a guard denies to everyone (LG102)."""
    walls = [each for each in written if _denies_everyone(each.rule)]
    for each in written:
        rule = each.rule
        if rule.kind != "grant":
            continue
        open_ = cells.of(rule)
        if not open_:
            message = f"grant {rule.id} opens nothing: no listed field matches its on"
            findings.add(each.spot / "id", "LG102", message, severity="warning")
            continue
        shut = [wall for wall in walls if _covers(wall.rule, rule)]
        if shut and open_ <= frozenset().union(*(cells.of(wall.rule) for wall in shut)):
            message = f"grant {rule.id} can never matter: {shut[0].rule.id} denies all that it opens"
            also = str(shut[0].spot / "id")
            findings.add(each.spot / "id", "LG102", message, also=also, severity="warning")


def _denies_everyone(rule: Rule) -> bool:
    """Tell whether a guard denies without looking at roles, exceptions or dates."""
    return (
        rule.kind == "guard"
        and rule.effect is Effect.DENY
        and rule.applies
        and rule.callers.roles is None
        and rule.unless is None
        and rule.since is None
        and rule.until is None
    )


def _covers(wall: Rule, grant: Rule) -> bool:
    return (
        _within(grant.callers.purposes, wall.callers.purposes)
        and _within(grant.callers.recipients, wall.callers.recipients)
        and grant.actions <= wall.actions
    )


def _grants_that_reach_processors(
    written: Sequence[Written], vocabulary: Vocabulary, findings: Findings
) -> None:
    """Note grants that name no recipients and so reach other organisations too (LG114)."""
    outside = sorted(name for name, spec in vocabulary.recipients.items() if spec.recipient.kind != "internal")
    for each in written:
        if each.rule.kind == "grant" and each.rule.callers.recipients is None and each.rule.unless is None:
            reached = _registered(each.rule.callers, outside, vocabulary)
            if reached:
                message = f"grant {each.rule.id} names no recipients and so reaches {', '.join(reached)}"
                findings.add(each.spot / "id", "LG114", message, severity="warning")


def _registered(callers: Callers, outside: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    """Return the outside recipients; once clients are registered, only those whose clients can fit."""
    if not vocabulary.clients:
        return list(outside)
    fitting = {
        client.recipient.name
        for client in vocabulary.clients.values()
        if _overlap(callers.purposes, client.purposes) and _overlap(callers.roles, client.roles)
    }
    return [name for name in outside if name in fitting]


def _overlap(one: Names, other: Names) -> bool:
    return one is None or other is None or not one.isdisjoint(other)


def _within(inner: Names, outer: Names) -> bool:
    return outer is None or (inner is not None and inner <= outer)

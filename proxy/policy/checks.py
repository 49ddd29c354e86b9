"""What is wrong between rules that are each right: masks that clash, and rules that can never matter."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from proxy.model import Action, Catalogue, Effect
from proxy.policy.cells import Cell, Cells, Walls, covers, overlap
from proxy.policy.combine import differ
from proxy.policy.link import Written
from proxy.policy.names import Findings
from proxy.policy.packs.choosing import pack_of
from proxy.policy.rules import Callers, Names, On, Rule
from proxy.policy.vocabulary import Vocabulary


def check_rules(
    written: Sequence[Written],
    vocabulary: Vocabulary,
    catalogues: Mapping[str, Catalogue],
    findings: Findings,
) -> None:
    """Note LG102, LG103, LG104 and LG114 for rules whose names are all resolved."""
    cells = Cells(catalogues)
    _masks_that_meet(written, cells, findings)
    _grants_that_open_nothing(written, cells, findings)
    _guards_that_close_nothing(written, cells, findings)
    _grants_that_reach_processors(written, vocabulary, findings)


_NOWHERE: Final[Cell] = ("", "", "")


@dataclass(frozen=True, slots=True)
class _Reaches:
    """What decides whether two rules can meet; roles do not, for a caller may have any set of them."""

    purposes: Names
    recipients: Names
    actions: frozenset[Action]
    on: On

    def meets(self, other: "_Reaches") -> bool:
        return (
            overlap(self.purposes, other.purposes)
            and overlap(self.recipients, other.recipients)
            and not self.actions.isdisjoint(other.actions)
        )


def _masks_that_meet(written: Sequence[Written], cells: Cells, findings: Findings) -> None:
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


def _grants_that_open_nothing(written: Sequence[Written], cells: Cells, findings: Findings) -> None:
    """Note grants that match no field, or whose every cell guards deny to all their callers (LG102)."""
    places = {each.rule.id: str(each.spot / "id") for each in written}
    walls = Walls((each.rule for each in written if each.rule.always and each.rule.effect is Effect.DENY), cells)
    for each in written:
        rule = each.rule
        if rule.kind != "grant":
            continue
        if not cells.of(rule):
            message = f"grant {rule.id} opens nothing: no listed field matches its on"
            findings.add(each.spot / "id", "LG102", message, severity="warning")
        elif (wall := walls.shutting(rule)) is not None:
            message = f"grant {rule.id} can never matter: {wall.id} denies all that it opens"
            findings.add(each.spot / "id", "LG102", message, also=places[wall.id], severity="warning")


def _guards_that_close_nothing(written: Sequence[Written], cells: Cells, findings: Findings) -> None:
    """Note guards that a guard at least as strict makes needless (LG103).

    That nobody is granted what a guard closes, or that no connector lists such a field yet, is no finding: a
    wall is there for the grants and fields of tomorrow. Guards of packs are none either: they are what a law
    asks for, whatever else is closed already.
    """
    places = {each.rule.id: str(each.spot / "id") for each in written}
    walls = Walls((each.rule for each in written if each.rule.always), cells)
    for each in written:
        rule = each.rule
        if rule.kind != "guard" or rule.built_in or pack_of(each.spot.file.path):
            continue
        for wall in walls.at(min(cells.of(rule), default=_NOWHERE)):
            if _makes_needless(wall, rule, cells):
                message = f"guard {rule.id} can never matter: {wall.id} closes all of it at least as far"
                findings.add(each.spot / "id", "LG103", message, also=places[wall.id], severity="warning")
                break


def _makes_needless(wall: Rule, rule: Rule, cells: Cells) -> bool:
    """Tell whether a guard that always holds closes all that another does; of two equals one stays, by id."""
    if wall is rule or wall.weight < rule.weight or differ(wall, rule):
        return False
    if not covers(wall, rule) or not cells.of(rule) <= cells.of(wall):
        return False
    equal = rule.always and wall.weight == rule.weight and covers(rule, wall)
    return not equal or cells.of(rule) != cells.of(wall) or wall.id < rule.id


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
        if overlap(callers.purposes, client.purposes) and overlap(callers.roles, client.roles)
    }
    return [name for name in outside if name in fitting]

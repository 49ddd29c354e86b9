"""What a reviewer would ask about retention: what never matters, what contradicts, what has ended."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import combinations
from typing import Final

from proxy.message import RECORD_ITSELF
from proxy.model import Catalogue
from proxy.policy.cells import Cell, Cells, listed
from proxy.policy.names import Findings
from proxy.policy.packs.choosing import pack_of
from proxy.policy.retention.link import Linked
from proxy.policy.retention.rules import Hold, Retention, RetentionRule
from proxy.policy.retention.words import said
from proxy.policy.rules import On

_MOST: Final = 6


def check_retention(
    linked: Linked, catalogues: Mapping[str, Catalogue], today: date, findings: Findings
) -> None:
    """Note LG111, LG132 and LG133; all are warnings. Of two packs that differ `retention_conflicts` tells."""
    all_: tuple[RetentionRule | Hold, ...] = (*linked.retention.rules, *linked.retention.holds)
    for each in all_:
        for path, until in _ends(each):
            if until < today:
                spot = linked.spots[each.id]
                for step in path:
                    spot /= step
                what = "is not held any more" if isinstance(each, Hold) else "does nothing any more"
                findings.add(spot, "LG111", f"{each.id}: this ended on {until}, and {what}", severity="warning")
    reaches = _Reaches(linked.retention, catalogues)
    for rule in linked.retention.rules:
        if not pack_of(rule.place) and (message := reaches.idle(rule)):
            findings.add(linked.spots[rule.id] / "id", "LG132", message, severity="warning")
    for rule, duty in reaches.contradictions():
        if not (pack_of(rule.place) or pack_of(duty.place)):
            spot = linked.spots[rule.id] / "keep"
            findings.add(spot, "LG133", reaches.told(rule, duty), severity="warning", also=duty.place)


def retention_conflicts(retention: Retention, catalogues: Mapping[str, Catalogue]) -> Sequence[str]:
    """Return a line for every two rules, at least one of a pack, that say different things of a field."""
    reaches = _Reaches(retention, catalogues)
    lines = [
        reaches.told(rule, duty)
        for rule, duty in reaches.contradictions()
        if pack_of(rule.place) or pack_of(duty.place)
    ]
    for one, other in combinations([rule for rule in retention.rules if rule.then != "keep"], 2):
        packs = {pack_of(one.place), pack_of(other.place)}
        shared = reaches.of(one.on) & reaches.of(other.on)
        if len(packs) == 2 and shared and one.keep.text != other.keep.text:
            longer, shorter = (one, other) if one.keep.longer(other.keep) else (other, one)
            lines.append(
                f"{longer.id} ({said(longer)}) and {shorter.id} ({said(shorter)}) meet on "
                f"{listed(shared)}: {shorter.id} is due first"
            )
    return lines


def _ends(each: RetentionRule | Hold) -> Iterator[tuple[tuple[str | int, ...], date]]:
    if isinstance(each, Hold):
        if each.until is not None:
            yield ("until",), each.until
        return
    if each.until is not None:
        yield ("valid", "until"), each.until
    for at, one in enumerate(each.exceptions):
        if one.until is not None:
            yield ("exceptions", at, "until"), one.until


class _Reaches:
    """Which fields rules and holds are about, worked out once for each selector."""

    def __init__(self, retention: Retention, catalogues: Mapping[str, Catalogue]) -> None:
        self.retention = retention
        self.cells = Cells(catalogues)

    def of(self, on: On) -> frozenset[Cell]:
        return self.cells.on(on)

    def idle(self, rule: RetentionRule) -> str:
        """Return why a rule can never matter, or ""."""
        mine = self.of(rule.on)
        if not mine:
            return f"{rule.id} can never matter: no listed field matches its on"
        for other in self.retention.rules:
            if other is not rule and _makes_needless(other, rule) and mine <= self.of(other.on):
                return f"{rule.id} can never matter: {other.id} ({said(other)}) comes first"
        if rule.then != "keep":
            for hold in self.retention.holds:
                if not hold.when.text and hold.until is None and mine <= self.of(hold.on):
                    return f"{rule.id} can never matter: hold {hold.id} keeps all of it"
        return ""

    def contradictions(self) -> Iterator[tuple[RetentionRule, RetentionRule]]:
        """Yield each rule that ends something with each duty that keeps some of it longer, or may."""
        duties = [rule for rule in self.retention.rules if rule.then == "keep"]
        for rule in self.retention.rules:
            for duty in duties if rule.then != "keep" else ():
                later = duty.keep.longer(rule.keep) or duty.clocks != rule.clocks
                if later and self._together(rule, duty):
                    yield rule, duty

    def _together(self, rule: RetentionRule, duty: RetentionRule) -> frozenset[Cell]:
        """Return what a duty keeps of what a rule is about; of a whole record it is any field."""
        mine, kept = self.of(rule.on), self.of(duty.on)
        whole = {cell[:2] for cell in mine if cell[2] == RECORD_ITSELF}
        return (mine & kept) | frozenset(cell for cell in kept if cell[:2] in whole)

    def told(self, rule: RetentionRule, duty: RetentionRule) -> str:
        few = listed(self._together(rule, duty), most=_MOST)
        refs = f", {', '.join(duty.refs)}" if duty.refs else ""
        return (
            f"{rule.id} ({said(rule)}) meets the duty {duty.id} ({said(duty)}{refs}) on {few}: the duty holds, "
            "and what it names is not erased before it ends"
        )


def _makes_needless(other: RetentionRule, rule: RetentionRule) -> bool:
    """Tell whether a rule that always holds, with the same clocks, is met before another ever is."""
    if not other.always or other.clocks != rule.clocks or other.then != rule.then:
        return False
    if not (other.keep.longer(rule.keep) or rule.keep.longer(other.keep)):
        return not rule.always or other.id < rule.id
    return other.keep.longer(rule.keep) is (rule.then == "keep")

"""Warnings that somebody answers for: noted beside what they are about, with a reason and a last day.

A waiver stands in the YAML of what it is about, not in a comment, so that it is reviewed, versioned and found
when it has run out. It silences warnings; an error it cannot silence.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from proxy.policy.documents import Document, PolicyDocument, VocabularyDocument, Waive
from proxy.policy.names import Findings, Spot
from proxy.policy.retention.documents import RetentionDocument
from proxy.yamlfile import YamlFile


@dataclass(slots=True)
class Waiver:
    """One entry of a `waive`."""

    over: Spot
    """What it is about: a document, rule, role, purpose or recipient."""
    code: str
    until: date
    spot: Spot
    used: bool = False


@dataclass(slots=True)
class Waivers:
    """Every waiver of a set; those that have run out silence nothing."""

    all: tuple[Waiver, ...] = ()
    today: date = date.min
    _by_code: dict[tuple[int, str], list[Waiver]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.all:
            if self.today <= each.until:
                self._by_code.setdefault((id(each.over.file), each.code), []).append(each)

    def silence(self, spot: Spot, code: str) -> bool:
        """Tell whether somebody answers for a warning at this place."""
        for each in self._by_code.get((id(spot.file), code), ()):
            if spot.path[: len(each.over.path)] == each.over.path:
                each.used = True
                return True
        return False

    def report(self, findings: Findings) -> None:
        """Note waivers that have run out (LG111) or that silence nothing (LG119)."""
        for each in self.all:
            if each.until < self.today:
                message = f"the waiver of {each.code} ended on {each.until}; mend what it is about, or renew it"
                findings.add(each.spot / "until", "LG111", message, severity="warning")
            elif not each.used:
                message = f"there is no warning {each.code} here to waive; remove the waiver"
                findings.add(each.spot / "code", "LG119", message, severity="warning")


def waivers_of(files: Iterable[tuple[YamlFile, Document]], today: date) -> Waivers:
    """Return every waiver that stands in these documents."""
    return Waivers(tuple(_found(files)), today)


def _found(files: Iterable[tuple[YamlFile, Document]]) -> Iterator[Waiver]:
    for file, document in files:
        for over, waive in _places(Spot(file), document):
            for at, each in enumerate(waive):
                yield Waiver(over, each.code, each.until, over / "waive" / at)


def _places(spot: Spot, document: Document) -> Iterator[tuple[Spot, Waive]]:
    yield spot, document.waive
    if isinstance(document, PolicyDocument):
        for kind, rules in (("grants", document.grants), ("guards", document.guards)):
            for at, rule in enumerate(rules):
                yield spot / kind / at, rule.waive
        for at, demand in enumerate(document.validity):
            yield spot / "validity" / at, demand.waive
        for at, groups in enumerate(document.minimum_groups):
            yield spot / "minimum_groups" / at, groups.waive
        for at, protect in enumerate(document.protect):
            yield spot / "protect" / at, protect.waive
    if isinstance(document, RetentionDocument):
        for at, one in enumerate(document.rules):
            yield spot / "rules" / at, one.waive
        for at, hold in enumerate(document.holds):
            yield spot / "holds" / at, hold.waive
    if isinstance(document, VocabularyDocument):
        for name, role in document.roles.items():
            yield spot / "roles" / name, role.waive
        for name, purpose in document.purposes.items():
            yield spot / "purposes" / name, purpose.waive
        for name, recipient in document.recipients.items():
            yield spot / "recipients" / name, recipient.waive

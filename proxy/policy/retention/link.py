"""Retention as written becomes retention with every name, clock and condition checked against the connectors."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from proxy.model import AttributeSpec, Catalogue, ObjectSpec
from proxy.policy.link import Linker
from proxy.policy.names import Findings, Spot
from proxy.policy.packs.choosing import pack_of
from proxy.policy.retention.documents import (
    ExemptionDocument,
    HoldDocument,
    RetentionDocument,
    RetentionRuleDocument,
)
from proxy.policy.retention.periods import read_period
from proxy.policy.retention.rules import AT_ONCE, Exemption, Hold, Retention, RetentionRule
from proxy.policy.rules import On
from proxy.policy.vocabulary import Vocabulary
from proxy.policy.whens import NEVER_ASKED, When
from proxy.yamlfile import YamlFile, nearest

CLOCK: Final = "resource."
_SUBJECTS: Final = frozenset({"now"})
"""What conditions may look at beside the record: nobody asks for anything here."""


@dataclass(frozen=True, slots=True)
class Linked:
    """The retention of a set, and where each rule and hold was written, by id."""

    retention: Retention
    spots: Mapping[str, Spot]


def link_retention(
    files: Iterable[tuple[YamlFile, RetentionDocument]],
    vocabulary: Vocabulary,
    catalogues: Mapping[str, Catalogue],
    findings: Findings,
) -> Linked:
    """Return all rules and holds; what is wrong with them goes to `findings`."""
    linker = _Linker(vocabulary, catalogues, findings)
    rules: list[RetentionRule] = []
    holds: list[Hold] = []
    for file, document in files:
        for at, rule in enumerate(document.rules):
            rules.append(linker.rule(Spot(file) / "rules" / at, rule))
        for at, hold in enumerate(document.holds):
            holds.append(linker.hold(Spot(file) / "holds" / at, hold))
    rules.sort(key=lambda each: each.id)
    holds.sort(key=lambda each: each.id)
    return Linked(Retention(tuple(rules), tuple(holds)), linker.spots)


class _Linker:
    """Links one rule or hold at a time."""

    def __init__(self, vocabulary: Vocabulary, catalogues: Mapping[str, Catalogue], findings: Findings) -> None:
        self.catalogues = catalogues
        self.findings = findings
        self.shared = Linker(vocabulary, catalogues, findings)
        self.spots: dict[str, Spot] = {}

    def rule(self, spot: Spot, given: RetentionRuleDocument) -> RetentionRule:
        self._named(spot, given.id)
        on = self.shared.on(spot / "on", given.on)
        if given.then == "keep" and not given.refs:
            message = "keep is a duty, and a duty needs refs: the provision that it follows from"
            self.findings.add(spot / "then", "LG117", message)
        if given.then == "keep" and given.grace is not None:
            self.findings.add(spot / "grace", "LG117", "grace has no meaning for keep", key=True)
        return RetentionRule(
            id=given.id,
            on=on,
            clocks=tuple(self._clocks(spot / "clock", given, on)),
            keep=read_period(given.keep),
            then=given.then,
            basis=given.basis,
            grace=read_period(given.grace) if given.grace else AT_ONCE,
            when=self._when(spot, given, on),
            exceptions=tuple(
                self._exemption(spot / "exceptions" / at, each, on) for at, each in enumerate(given.exceptions)
            ),
            since=given.valid.from_ if given.valid else None,
            until=given.valid.until if given.valid else None,
            description=given.description or "",
            refs=given.refs,
            place=str(spot / "id"),
        )

    def hold(self, spot: Spot, given: HoldDocument) -> Hold:
        self._named(spot, given.id)
        on = self.shared.on(spot / "on", given.on)
        when = self._when(spot, given, on)
        return Hold(given.id, on, given.because, given.owner, when, given.until, given.refs, str(spot / "id"))

    def _named(self, spot: Spot, name: str) -> None:
        self.findings.once(spot / "id", "rule", name)
        self.spots.setdefault(name, spot)

    def _exemption(self, spot: Spot, given: ExemptionDocument, on: On) -> Exemption:
        return Exemption(given.because, given.refs, self._when(spot, given, on), given.until)

    def _when(self, spot: Spot, given: RetentionRuleDocument | HoldDocument | ExemptionDocument, on: On) -> When:
        if "when" not in given.model_fields_set:
            return NEVER_ASKED
        when = self.shared.whens.link(spot, given.when, on)
        asked = {path for each in when.conditions.values() for path in each.context} - _SUBJECTS
        if asked:
            message = f"nobody asks when data fall due, so there is no {', '.join(sorted(asked))} to look at"
            self.findings.add(spot / "when", "LG122", message)
        return when

    def _clocks(self, spot: Spot, given: RetentionRuleDocument, on: On) -> Iterator[str]:
        """Yield the attributes, each checked in every object that the rule reaches (LG130, LG131)."""
        texts = (given.clock,) if isinstance(given.clock, str) else given.clock
        reached = list(_reached(on, self.catalogues))
        for at, text in enumerate(texts):
            here = spot if isinstance(given.clock, str) else spot / at
            name = text.removeprefix(CLOCK)
            if not text.startswith(CLOCK):
                message = f'a clock is an attribute of the record: write {CLOCK}{name}, not "{text}"'
                self.findings.add(here, "LG130", message)
                continue
            yield name
            self._clock(here, name, reached)
        last = texts[-1].removeprefix(CLOCK)
        loose = [f"{spec.name} of {connector}" for connector, spec in reached if _may_lack(spec, last)]
        if loose and given.then != "keep":
            message = (
                f"{given.id} never comes due for records without {last} ({', '.join(loose)}); "
                "add a clock that every record has"
            )
            self.findings.add(spot, "LG131", message, severity="warning")

    def _clock(self, spot: Spot, name: str, reached: Sequence[tuple[str, ObjectSpec]]) -> None:
        # A pack cannot know the attributes of a CRM: there it is told, and its duty holds without an end.
        severity: Literal["error", "warning"] = "warning" if pack_of(spot.file.path) else "error"
        for connector, spec in reached:
            found = spec.attributes.get(name)
            if found is None:
                near = nearest(name, [known for known, of in spec.attributes.items() if _is_time(of)])
                message = f'{spec.name} of {connector} has no attribute "{name}" to count from{near}'
            elif not _is_time(found):
                message = f"{name} of {spec.name} of {connector} is a {found.type}; a clock is a timestamp"
            else:
                continue
            self.findings.add(spot, "LG130", message, severity=severity)


def _reached(on: On, catalogues: Mapping[str, Catalogue]) -> Iterator[tuple[str, ObjectSpec]]:
    for connector, catalogue in catalogues.items():
        for spec in catalogue.values():
            if on.within(connector, spec):
                yield connector, spec


def _is_time(attribute: AttributeSpec) -> bool:
    return attribute.type == "timestamp"


def _may_lack(spec: ObjectSpec, name: str) -> bool:
    found = spec.attributes.get(name)
    return found is not None and _is_time(found) and found.optional and found.default is None

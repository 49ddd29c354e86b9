"""A consent that is withdrawn: what a record says of it, and what follows.

Withdrawn is not the same as never given. A record tells of it where a condition on it holds (an opt-out, a day
of withdrawal); a list of consents alone tells what is given now, so there a withdrawal is seen only as one goes
from the list. What cannot be read is a doubt: it is told, and opens nothing. The consent is not
the only basis that there can be (GDPR Art. 17(1)(b)), so `unless` names the records that another one lets stay,
and people agree to every case.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final, Literal

from proxy.model import ObjectSpec
from proxy.policy.conditions import ERROR
from proxy.policy.decide import consenting
from proxy.policy.erasing.documents import WithdrawalDocument
from proxy.policy.erasing.laws import check_ground
from proxy.policy.link import Linker
from proxy.policy.names import Spot
from proxy.policy.plans import Answer
from proxy.policy.rules import On
from proxy.policy.whens import CONSENTS, NEVER_ASKED, When, consent_to
from proxy.yamlfile import nearest

Stands = Literal["given", "absent", "withdrawn", "unknown"]
"""How a consent stands in a record: it is given; it is not, and nothing says that it ever was; the record says
that it was withdrawn; nobody can say."""
_MOST: Final = 6
_KNOWN: Final = frozenset({"now"})
"""What conditions may look at beside the record: nobody asks for anything here."""


@dataclass(frozen=True, slots=True)
class OtherBasis:
    """Records that may stay though the consent is withdrawn."""

    because: str
    refs: tuple[str, ...]
    when: When


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What follows when somebody withdraws a consent."""

    id: str
    on: On
    consent: str
    then: Literal["case", "report"]
    ground: str
    when: When = NEVER_ASKED
    unless: tuple[OtherBasis, ...] = ()

    def admits(self, connector: str, object_: str) -> bool:
        """Say whether the rule is about an object."""
        return (self.on.connectors is None or connector in self.on.connectors) and (
            self.on.objects is None or object_ in self.on.objects
        )

    def shows(self, connector: str, spec: ObjectSpec) -> frozenset[str]:
        """Return the attributes that show the withdrawal: whoever writes one may have withdrawn the consent."""
        return (self._asks(self.when, connector, spec.name) | {CONSENTS}) & spec.attributes.keys()

    def attributes(self, connector: str, spec: ObjectSpec) -> frozenset[str]:
        """Return all attributes that have to be had before anybody can say how the consent stands."""
        others = (self._asks(each.when, connector, spec.name) for each in self.unless)
        return self.shows(connector, spec).union(*others) & spec.attributes.keys()

    def stands(self, connector: str, spec: ObjectSpec, facts: Mapping[str, object], now: datetime) -> Stands:
        """Return how the consent stands in a record; pure.

        Args:
            connector: where the record is.
            spec: its object.
            facts: those of `attributes`; what cannot be had raises KeyError when looked at.
            now: with offset.
        """
        known = consenting(facts)
        listed: Answer = False
        if CONSENTS in spec.attributes:
            listed = _consent_to(self.consent).evaluate(known, {}, now)
        said = self._answer(self.when, connector, spec.name, known, now) if self.when.text else False
        if said is True:  # whoever wrote the rule says what shows it, whatever is listed
            return "withdrawn"
        if listed is ERROR or said is ERROR:
            return "unknown"
        return "given" if listed is True else "absent"

    def spared(self, connector: str, spec: ObjectSpec, facts: Mapping[str, object], now: datetime) -> Answer:
        """Say whether another basis lets a record stay; ERROR where nobody can say."""
        known = consenting(facts)
        answers = [self._answer(each.when, connector, spec.name, known, now) for each in self.unless]
        if any(each is True for each in answers):
            return True
        return ERROR if any(each is ERROR for each in answers) else False

    @staticmethod
    def _asks(when: When, connector: str, object_: str) -> frozenset[str]:
        found = when.conditions.get((connector, object_))
        if found is None:
            return frozenset()
        return found.attributes | ({CONSENTS} if found.consents else frozenset())

    @staticmethod
    def _answer(when: When, connector: str, object_: str, facts: Mapping[str, object], now: datetime) -> Answer:
        found = when.conditions.get((connector, object_))
        return ERROR if found is None else found.evaluate(facts, {}, now)


_consent_to = cache(consent_to)


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of one record."""

    rule: Withdrawal | None = None
    """By which it is withdrawn: one that opens a case before one that reports; None: by none."""
    doubtful: bool = False
    """Of some rule nobody can say."""


Before = Mapping[str, Stands]
"""How the consent of each rule (by id) stood before something was written."""


def withdrawn(
    rules: Iterable[Withdrawal],
    connector: str,
    spec: ObjectSpec,
    facts: Mapping[str, object],
    now: datetime,
    *,
    before: Before | None = None,
) -> Told:
    """Return by which rule a consent is withdrawn, and whether there is a doubt; pure.

    Args:
        rules: about the record's object. connector: where it is. spec: its object. facts: as `Withdrawal.stands`
        takes them. now: with offset. before: None: nobody saw what it was, so only what the record says counts;
        otherwise only what has changed
            since does.
    """
    found: list[Withdrawal] = []
    doubtful = False
    for rule in rules:
        answer = _gone(rule.stands(connector, spec, facts, now), before, rule.id)
        spared = rule.spared(connector, spec, facts, now) if answer is True else False
        doubtful |= answer is ERROR or spared is ERROR
        if answer is True and spared is False:
            found.append(rule)
    return Told(min(found, key=lambda each: (each.then, each.id), default=None), doubtful)


def _gone(stands: Stands, before: Before | None, rule: str) -> Answer:
    """Say whether a consent is withdrawn; ERROR where nobody can say."""
    if before is None:
        return ERROR if stands == "unknown" else stands == "withdrawn"
    was = before.get(rule, "unknown")
    if stands == "absent":
        return ERROR if was == "unknown" else was == "given"
    return ERROR if stands == "unknown" else stands == "withdrawn" and was != "withdrawn"


def link_withdrawal(
    spot: Spot, given: WithdrawalDocument, law: str, linker: Linker, connectors: Mapping[str, object]
) -> Withdrawal:
    """Return a rule with every name resolved; what is wrong with it goes to the linker's findings.

    Args:
        spot: where it is written.
        given: as it is written.
        law: of the document.
        linker: resolves names.
        connectors: the connectors' whole documents, as far as they are known.
    """
    findings = linker.findings
    findings.once(spot / "id", "rule", given.id)
    on = linker.on(spot / "on", given.on)
    if given.on.categories or given.on.tags or given.on.fields:
        message = "a consent is a person's, and so the record's; name connectors and objects only"
        findings.add(spot / "on", "LG147", message)
    check_ground(spot, given.ground, law, findings, opens="case" if given.then == "case" else "")
    has_when = "when" in given.model_fields_set
    rule = Withdrawal(
        given.id, on, given.consent, given.then, given.ground or "",
        _when(spot, given.when, on, linker) if has_when else NEVER_ASKED,
        tuple(
            OtherBasis(each.because, each.refs, _when(spot / "unless" / at, each.when, on, linker))
            for at, each in enumerate(given.unless)
        ),
    )  # fmt: skip
    _check_consent(spot, given, linker)
    reached = [
        (connector, spec)
        for connector, catalogue in linker.catalogues.items()
        for spec in catalogue.values()
        if rule.admits(connector, spec.name)
    ]
    blind = () if has_when else (each for each in reached if not _can_be_taken(each[1]))
    lacks = f"no attribute {CONSENTS} whose field is listed, so that clients can write it"
    _note(spot, linker, blind, lacks, "write in `when` what a record says of it")
    nobody = (each for each in reached if not _holds_people(connectors.get(each[0]), each[1].name))
    _note(spot, linker, nobody, "no people in its connector's `erasure`", "say there how they are erased")
    return rule


def _when(spot: Spot, given: object, on: On, linker: Linker) -> When:
    when = linker.whens.link(spot, given, on)
    asked = {path for each in when.conditions.values() for path in each.context} - _KNOWN
    if asked:
        message = (
            f"nobody asks when a consent is withdrawn, so there is no {', '.join(sorted(asked))} to look at"
        )
        linker.findings.add(spot / "when", "LG122", message)
    return when


def _check_consent(spot: Spot, given: WithdrawalDocument, linker: Linker) -> None:
    """Note a consent that no purpose rests on (LG147): nobody could ever withdraw it."""
    known = {each.consent for each in linker.words.purposes.values() if each.consent}
    if given.consent not in known and not linker.findings.words_missing:
        there = ", ".join(sorted(known)) or "none"
        message = (
            f'no purpose rests on the consent "{given.consent}"{nearest(given.consent, known)}; '
            f"purposes rest on: {there}"
        )
        linker.findings.add(spot / "consent", "LG147", message)


def _note(spot: Spot, linker: Linker, blind: Iterable[tuple[str, ObjectSpec]], lacks: str, instead: str) -> None:
    """Note where a rule could never see a withdrawal, or have a case opened (LG147)."""
    names = [f"{spec.name} of {connector}" for connector, spec in blind]
    if names:
        more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
        message = (
            f"{', '.join(names[:_MOST])}{more}: there is {lacks}, so no consent could be seen withdrawn there; "
            f"name other objects in `on`, or {instead}"
        )
        linker.findings.add(spot / "on", "LG147", message)


def _can_be_taken(spec: ObjectSpec) -> bool:
    """Say whether a client can take a consent from a list: a field that is not listed is never written."""
    found = spec.attributes.get(CONSENTS)
    return found is not None and found.field in spec.fields


def _holds_people(document: object, object_: str) -> bool:
    """Say whether a connector's playbook has an object's records for people; yes where it is not at hand."""
    if not isinstance(document, Mapping):
        return True
    book = document.get("erasure")
    objects = book.get("objects") if isinstance(book, Mapping) else None
    each = objects.get(object_) if isinstance(objects, Mapping) else None
    return isinstance(each, Mapping) and bool(each.get("person") or each.get("same"))

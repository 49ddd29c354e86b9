"""Erasing with every name resolved, and what a delete comes to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from proxy.model import Catalogue
from proxy.policy.erasing.documents import (
    LONGEST_VALID,
    ConsentDocument,
    ErasureDocument,
    ErasureRuleDocument,
    Then,
)
from proxy.policy.erasing.laws import check_ground
from proxy.policy.erasing.withdrawals import Withdrawal, link_withdrawal
from proxy.policy.link import Linker
from proxy.policy.names import Findings, Spot
from proxy.policy.rules import On
from proxy.policy.vocabulary import Vocabulary
from proxy.yamlfile import YamlFile

STRICTER: Final[tuple[Then, ...]] = ("pass", "convert", "case", "refuse")
OPENING: Final = frozenset({"case", "convert"})


@dataclass(frozen=True, slots=True)
class Consent:
    """Who agrees."""

    roles: frozenset[str]
    people: int
    cooling_seconds: int
    valid_seconds: int
    bulk_more_than: int
    bulk_people: int


@dataclass(frozen=True, slots=True)
class ErasureRule:
    """What a delete of some records comes to."""

    id: str
    on: On
    actions: frozenset[str]
    roles: frozenset[str] | None
    then: Then
    answer: str
    ground: str
    because: str

    def admits(self, connector: str, object_: str, action: str, roles: frozenset[str]) -> bool:
        """Say whether the rule is about this."""
        return (
            action in self.actions
            and (self.on.connectors is None or connector in self.on.connectors)
            and (self.on.objects is None or object_ in self.on.objects)
            and (self.roles is None or not self.roles.isdisjoint(roles))
        )


@dataclass(frozen=True, slots=True)
class Erasing:
    """All of a policy set."""

    law: str = "gdpr"
    consent: Consent | None = None
    rules: tuple[ErasureRule, ...] = ()
    quarantines: bool = False
    """Whether a client that would store an erased person again is told that somebody will decide."""
    withdrawals: tuple[Withdrawal, ...] = ()
    """Sorted by id."""

    def withdrawn(self, connector: str, object_: str) -> tuple[Withdrawal, ...]:
        """Return what follows when somebody in a record of an object withdraws a consent."""
        return tuple(each for each in self.withdrawals if each.admits(connector, object_))

    def comes_to(self, connector: str, object_: str, action: str, roles: frozenset[str]) -> ErasureRule | None:
        """Return the strictest rule about a delete, None where none is: it goes to the CRM."""
        found = [each for each in self.rules if each.admits(connector, object_, action, roles)]
        return max(found, key=lambda each: (STRICTER.index(each.then), each.id), default=None)


NO_ERASING: Final = Erasing()


def link_erasing(
    files: Iterable[tuple[YamlFile, ErasureDocument]],
    vocabulary: Vocabulary,
    catalogues: Mapping[str, Catalogue],
    findings: Findings,
    connectors: Mapping[str, object] = MappingProxyType({}),
) -> Erasing:
    """Return what all documents say together; what is wrong with them goes to `findings`.

    Args:
        files: the documents.
        vocabulary: of the set.
        catalogues: what each connector lists.
        findings: what is wrong goes here.
        connectors: the connectors' whole documents, by name, as far as they are known.
    """
    linker = Linker(vocabulary, catalogues, findings)
    rules: list[ErasureRule] = []
    withdrawals: list[Withdrawal] = []
    consents: list[tuple[Spot, ConsentDocument]] = []
    laws: list[tuple[Spot, str]] = []
    quarantines = False
    for file, document in files:
        spot = Spot(file)
        laws.append((spot / "law", document.law))
        quarantines |= document.returns == "quarantine"
        if document.consent is not None:
            consents.append((spot / "consent", document.consent))
        for at, rule in enumerate(document.rules):
            rules.append(_rule(spot / "rules" / at, rule, document.law, linker, vocabulary))
        for at, each in enumerate(document.withdrawals):
            withdrawals.append(
                link_withdrawal(spot / "withdrawals" / at, each, document.law, linker, connectors)
            )
    _one(laws, consents, findings)
    consent = _consent(*consents[0], vocabulary, findings) if consents else None
    law, ordered = laws[0][1] if laws else "gdpr", tuple(sorted(rules, key=lambda each: each.id))
    withdrawals.sort(key=lambda each: each.id)
    return Erasing(law, consent, ordered, quarantines, tuple(withdrawals))


def _one(laws: list[tuple[Spot, str]], consents: list[tuple[Spot, ConsentDocument]], findings: Findings) -> None:
    for spot, law in laws[1:]:
        if law != laws[0][1]:
            findings.add(spot, "LG148", f"a set is under one law; another document says {laws[0][1]}")
    for spot, _ in consents[1:]:
        findings.add(spot, "LG148", "who agrees is said once; another document says it already", key=True)


def _rule(
    spot: Spot, given: ErasureRuleDocument, law: str, linker: Linker, vocabulary: Vocabulary
) -> ErasureRule:
    findings = linker.findings
    findings.once(spot / "id", "rule", given.id)
    on = linker.on(spot / "on", given.on)
    if given.on.categories or given.on.tags or given.on.fields:
        message = "a delete takes a record as a whole; name connectors and objects only"
        findings.add(spot / "on", "LG147", message)
    check_ground(spot, given.ground, law, findings, opens=given.then if given.then in OPENING else "")
    if given.then == "refuse" and given.because is None:
        findings.add(spot / "then", "LG147", "say `because`: whoever is refused wants to know why")
    roles = findings.selector(spot / "roles", "role", given.roles, vocabulary.roles)
    return ErasureRule(
        given.id, on, frozenset(given.actions), roles, given.then, given.answer, given.ground or "",
        given.because or "",
    )  # fmt: skip


def _consent(spot: Spot, given: ConsentDocument, vocabulary: Vocabulary, findings: Findings) -> Consent:
    roles = findings.selector(spot / "roles", "role", given.roles, vocabulary.roles)
    if given.cooling_off_hours >= given.valid_hours:
        longer = min(given.cooling_off_hours + 24, LONGEST_VALID)
        write = f"write valid_hours: {longer}" if longer > given.cooling_off_hours else "write fewer hours here"
        message = (
            f"an agreement that holds {given.valid_hours} hours has lapsed when the cooling-off is over; {write}"
        )
        findings.add(spot / "cooling_off_hours", "LG147", message)
    return Consent(
        frozenset(roles or ()), given.people, given.cooling_off_hours * 3600, given.valid_hours * 3600,
        given.bulk_more_than, given.bulk_people,
    )  # fmt: skip

"""The words that rules use, linked: roles, purposes, recipients, clients, categories, masks, sets."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from proxy.model import Client, Mask, Recipient
from proxy.policy.conditions import Expr, Flaw, Flawed, parse
from proxy.policy.conditions.syntax import Constant
from proxy.policy.documents import (
    ClientDocument,
    MaskDocument,
    PurposeDocument,
    RecipientDocument,
    RoleDocument,
    VocabularyDocument,
)
from proxy.policy.names import Findings, Spot, declare
from proxy.policy.rules import DEFAULT_STRENGTH, STRENGTH, CheckMask
from proxy.yamlfile import YamlFile

QUESTIONS: Final = ("needed_for_job", "extracted_or_synced", "privacy_concern")


@dataclass(frozen=True, slots=True)
class RoleSpec:
    """A role, described, with the answers to the three questions about its access to personal data."""

    name: str
    description: str
    needed_for_job: str
    extracted_or_synced: str
    privacy_concern: str
    spot: Spot

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The questions without an answer."""
        return tuple(name for name in QUESTIONS if not getattr(self, name))


@dataclass(frozen=True, slots=True)
class PurposeSpec:
    """A purpose, with what makes it lawful."""

    name: str
    description: str = ""
    use: str = ""
    lawful_basis: str = ""
    refs: tuple[str, ...] = ()
    consent: str = ""
    """What people must have consented to, on every record; "" where the purpose does not rest on consent."""


@dataclass(frozen=True, slots=True)
class RecipientSpec:
    """A recipient, with the agreement that lets data go there."""

    recipient: Recipient
    safeguards: tuple[str, ...]
    dpa_expires: date | None
    spot: Spot


@dataclass(frozen=True, slots=True)
class MaskSpec:
    """A mask, with its strength where masks meet."""

    mask: Mask
    strength: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every declared word by name."""

    roles: Mapping[str, RoleSpec]
    purposes: Mapping[str, PurposeSpec]
    recipients: Mapping[str, RecipientSpec]
    clients: Mapping[str, Client]
    masks: Mapping[str, MaskSpec]
    categories: frozenset[str]
    """Those the author declared."""
    sets: Mapping[str, frozenset[str]]
    variables: Mapping[str, Expr]
    """Named conditions, parsed; what they name is checked where they are used."""


def link_vocabulary(
    files: Iterable[tuple[YamlFile, VocabularyDocument]], check_mask: CheckMask, findings: Findings
) -> Vocabulary:
    """Return the words of all vocabulary documents together; what is wrong goes to `findings`."""
    documents = tuple(files)

    def section[T, L](name: str, what: str, link: Callable[[Spot, str, T], L]) -> Mapping[str, L]:
        sections = ((Spot(file) / name, getattr(document, name)) for file, document in documents)
        return MappingProxyType(dict(declare(sections, what, findings, link)))

    words = _Words(findings, check_mask)
    words.roles = section("roles", "role", words.role)
    words.purposes = section("purposes", "purpose", words.purpose)
    words.recipients = section("recipients", "recipient", words.recipient)
    return Vocabulary(
        roles=words.roles,
        purposes=words.purposes,
        recipients=words.recipients,
        clients=section("clients", "client", words.client),
        masks=section("masks", "mask", words.mask),
        categories=frozenset(section("categories", "category", lambda _, name, __: name)),
        sets=section("sets", "set", _members),
        variables=section("variables", "variable", words.variable),
    )


def flaw_text(flaw: Flaw) -> str:
    """Return what is wrong in a condition, with the column where that is not where the condition begins."""
    line = f"line {flaw.at.line}, " if flaw.at.line > 1 else ""
    return f"{flaw.message} ({line}column {flaw.at.column})" if line or flaw.at.column > 1 else flaw.message


def _members(_spot: Spot, _name: str, given: tuple[str, ...]) -> frozenset[str]:
    return frozenset(given)


class _Words:
    """Links one word at a time; clients need roles, purposes and recipients to be there."""

    def __init__(self, findings: Findings, check_mask: CheckMask) -> None:
        self.findings = findings
        self.check_mask = check_mask
        self.roles: Mapping[str, RoleSpec] = {}
        self.purposes: Mapping[str, PurposeSpec] = {}
        self.recipients: Mapping[str, RecipientSpec] = {}

    def role(self, spot: Spot, name: str, given: RoleDocument) -> RoleSpec:
        return RoleSpec(
            name,
            given.description or "",
            given.needed_for_job or "",
            given.extracted_or_synced or "",
            given.privacy_concern or "",
            spot,
        )

    def purpose(self, spot: Spot, name: str, given: PurposeDocument) -> PurposeSpec:
        if given.lawful_basis is None:
            message = f'purpose "{name}" has no lawful_basis; say what makes it lawful'
            self.findings.add(spot, "LG108", message, severity="warning", key=True)
        basis = given.lawful_basis or ""
        consent = given.consent or name if basis == "consent" else ""
        if given.consent is None and consent:
            message = f'purpose "{name}" rests on consent and does not say to what; write consent: {name}'
            self.findings.add(spot / "lawful_basis", "LG108", message, severity="warning")
        if given.consent is not None and not consent:
            message = "consent has no meaning without lawful_basis: consent"
            self.findings.add(spot / "consent", "LG117", message, key=True)
        return PurposeSpec(name, given.description or "", given.use or "", basis, given.refs, consent)

    def variable(self, spot: Spot, name: str, given: str) -> Expr:
        del name
        try:
            return parse(given)
        except Flawed as error:
            for flaw in error.flaws:
                self.findings.add(spot, flaw.code, flaw_text(flaw))
            return Constant(value=False)

    def recipient(self, spot: Spot, name: str, given: RecipientDocument) -> RecipientSpec:
        recipient = Recipient(name, given.kind, given.country or "")
        return RecipientSpec(recipient, given.safeguards, given.dpa_expires, spot)

    def client(self, spot: Spot, name: str, given: ClientDocument) -> Client:
        findings = self.findings
        findings.known(spot / "recipient", "recipient", given.recipient, self.recipients)
        findings.selector(spot / "roles", "role", given.roles, self.roles)
        findings.selector(spot / "purposes", "purpose", given.purposes, self.purposes)
        if given.default_purpose is not None and given.default_purpose not in given.purposes:
            message = f'default_purpose "{given.default_purpose}" is not among this client\'s purposes'
            findings.add(spot / "default_purpose", "LG101", message)
        self._told_apart(spot, given)
        found = self.recipients.get(given.recipient)
        return Client(
            name=name,
            recipient=found.recipient if found else Recipient(given.recipient),
            roles=frozenset(given.roles),
            purposes=frozenset(given.purposes),
            default_purpose=given.default_purpose,
            kind=given.kind,
            key_digests=frozenset(key.sha256 for key in given.keys),
            sans=frozenset(given.certificates),
            jwt=MappingProxyType(given.jwt.model_dump() if given.jwt else {}),
        )

    def _told_apart(self, spot: Spot, given: ClientDocument) -> None:
        """Note a credential that would stand for two clients."""
        for at, key in enumerate(given.keys):
            self.findings.once(spot / "keys" / at / "sha256", "key digest", key.sha256)
        for at, name in enumerate(given.certificates):
            self.findings.once(spot / "certificates" / at, "certificate name", name)
        if given.jwt:
            mark = f"{given.jwt.issuer} {given.jwt.claim}={given.jwt.value}"
            self.findings.once(spot / "jwt", "token mark", mark)

    def mask(self, spot: Spot, name: str, given: MaskDocument) -> MaskSpec:
        params = []
        for key, value in sorted((given.model_extra or {}).items()):
            if isinstance(value, str | int) and not isinstance(value, bool):
                params.append((key, value))
            else:
                self.findings.add(spot / key, "LG117", "expected text or a whole number")
        mask = Mask(name, given.kind, tuple(params))
        try:
            self.check_mask(mask)
        except ValueError as error:
            self.findings.add(spot, "LG117", str(error), key=True)
        strength = given.strength or STRENGTH.get(given.kind, DEFAULT_STRENGTH)
        return MaskSpec(mask, strength)

"""What a person writes: the documents of the policy language, one model per kind, names not yet linked."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from proxy.model import Action
from proxy.yamlfile import Strict

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
"""A name the author chooses; it may end up in the ledger and in metrics, so it stays short and plain."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Some = Annotated[tuple[Text, ...], Field(min_length=1)]
"""A selector's words. An empty list is refused: it could be read as nobody or as everybody."""
EffectWord = Literal["allow", "mask", "tokenize", "encrypt", "redact", "deny"]
LawfulBasis = Literal[
    "consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests"
]
"""GDPR Art. 6(1)(a) to (f)."""


class Metadata(Strict):
    """Who stands behind a document."""

    name: Word
    description: Text | None = None
    owner: Text | None = None
    review_by: date | None = None


class WaiveDocument(Strict):
    """A warning somebody has read and answers for, until a day: what it is about, and why it may stand."""

    code: Annotated[str, StringConstraints(pattern=r"^LG\d{3}$")]
    because: Text
    until: date


Waive = tuple[WaiveDocument, ...]
Mode = Literal["enforce", "warn", "audit"]


class Document(Strict):
    """What every kind has."""

    apiVersion: Literal["lychgate.dev/v1"]  # noqa: N815 - the word users know from other tools
    metadata: Metadata
    waive: Waive = ()
    """Holds for the whole document."""


class RoleDocument(Strict):
    """A role; what it may see is written in grants, not here.

    Three questions are asked of every role that gets personal data (LG120); the answers are for people.
    """

    description: Text | None = None
    needed_for_job: Text | None = None
    """Does the regular job need these data? Which part of it?"""
    extracted_or_synced: Text | None = None
    """Are they extracted, or synced to another system? Where to?"""
    privacy_concern: Text | None = None
    """Does this access raise a privacy concern? What answers it?"""
    refs: tuple[Text, ...] = ()
    waive: Waive = ()


class PurposeDocument(Strict):
    """Why data is used, and what makes that lawful."""

    description: Text | None = None
    use: Word | None = None
    lawful_basis: LawfulBasis | None = None
    consent: Text | None = None
    """With lawful basis consent: the purpose that people consent to, in the words of the CRM's records."""
    refs: tuple[Text, ...] = ()
    waive: Waive = ()


class RecipientDocument(Strict):
    """An organisation that data goes to."""

    description: Text | None = None
    kind: Literal["internal", "controller", "processor", "third_party"] = "internal"
    country: Country | None = None
    safeguards: tuple[Text, ...] = ()
    dpa_expires: date | None = None
    refs: tuple[Text, ...] = ()
    waive: Waive = ()


class KeyDocument(Strict):
    """An API key, known by its digest only."""

    sha256: str
    label: Text | None = None

    @field_validator("sha256")
    @classmethod
    def _digest(cls, given: str) -> str:
        # Not by a pattern, whose problem would quote what stands here: it may be the key itself.
        if not re.fullmatch(r"[0-9a-f]{64}", given):
            raise ValueError("expected the SHA-256 of a key, 64 lower-case hex digits; never the key itself")
        return given


class JwtDocument(Strict):
    """How a client's tokens are recognised."""

    issuer: Word
    claim: Text
    value: Text


class ClientDocument(Strict):
    """A registered API client: the authority for roles, purposes and recipient."""

    description: Text | None = None
    recipient: Text
    roles: Some
    purposes: Some
    default_purpose: Text | None = None
    kind: Literal["human", "integration", "agent"] = "integration"
    keys: tuple[KeyDocument, ...] = ()
    certificates: tuple[Annotated[str, StringConstraints(pattern=r"^(dns|uri):[!-~]{1,253}$")], ...] = ()
    jwt: JwtDocument | None = None


class CategoryDocument(Strict):
    """A category of the author's own, beside the built-in ones."""

    description: Text | None = None


class MaskDocument(Strict):
    """A mask: its kind, its strength where the kind's own will not do, and the kind's parameters."""

    model_config = ConfigDict(extra="allow")

    kind: Text
    strength: Annotated[int, Field(ge=1, le=99)] | None = None


class VocabularyDocument(Document):
    """`kind: Vocabulary`: the words that rules may use. Several of them add up."""

    kind: Literal["Vocabulary"]
    roles: dict[Word, RoleDocument] = Field(default_factory=dict)
    purposes: dict[Word, PurposeDocument] = Field(default_factory=dict)
    recipients: dict[Word, RecipientDocument] = Field(default_factory=dict)
    clients: dict[Word, ClientDocument] = Field(default_factory=dict)
    categories: dict[Word, CategoryDocument] = Field(default_factory=dict)
    masks: dict[Word, MaskDocument] = Field(default_factory=dict)
    sets: dict[Word, tuple[Text, ...]] = Field(default_factory=dict)
    variables: dict[Word, Text] = Field(default_factory=dict)
    """Named conditions."""
    packs: tuple[Text, ...] = ()
    """Packs to take in, by the names of their folders below `packs/`; no other is read."""


class OnDocument(Strict):
    """Which fields: `connectors` and `objects` narrow, while `categories`, `tags` and `fields` add up."""

    connectors: Some | None = None
    objects: Some | None = None
    categories: Some | None = None
    tags: Some | None = None
    fields: Some | None = None


class ExceptDocument(Strict):
    """Whom a rule leaves out: callers who fit every key written here."""

    roles: Some | None = None
    purposes: Some | None = None
    recipients: Some | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> "ExceptDocument":
        if not (self.roles or self.purposes or self.recipients):
            raise ValueError("names nobody; give roles, purposes or recipients, or remove it")
        return self


class ExceptionDocument(ExceptDocument):
    """Somebody whom a rule leaves out for a time; from the day after `until` it holds for them again."""

    owner: Text
    because: Text
    until: date


class ValidDocument(Strict):
    """First and last day (UTC, both included) on which a rule is in force."""

    from_: date | None = Field(default=None, alias="from")
    until: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "ValidDocument":
        if self.from_ is None and self.until is None:
            raise ValueError("valid needs from or until")
        if self.from_ and self.until and self.until < self.from_:
            raise ValueError("valid ends before it begins")
        return self


class RuleDocument(Strict):
    """One grant or guard."""

    id: Word
    description: Text | None = None
    effect: EffectWord
    with_: Text | None = Field(default=None, alias="with")
    roles: Some | None = None
    purposes: Some | None = None
    recipients: Some | None = None
    on: OnDocument = Field(default_factory=OnDocument)
    actions: Annotated[tuple[Action | Literal["*"], ...], Field(min_length=1)]
    except_: ExceptDocument | None = Field(default=None, alias="except")
    exceptions: tuple[ExceptionDocument, ...] = ()
    mode: Mode = "enforce"
    valid: ValidDocument | None = None
    refs: tuple[Text, ...] = ()
    waive: Waive = ()
    when: object = None
    """Conditions, read by `conditions.parse_when`: a list of texts that must all hold, any, all and none."""


class CountryDocument(Strict):
    """Where a value belongs: to the country that another field of the same write names."""

    field: Text
    """By two letters, or by the country's name in English."""
    default: Country | None = None
    """Where it names none that is known."""


class ValidityDocument(Strict):
    """What values of some fields have to look like whenever they are written."""

    id: Word
    description: Text | None = None
    on: OnDocument
    form: Literal["email", "phone", "iban", "postal_code", "date", "number", "pattern", "clean"]
    number: Text | None = None
    """With form number: a national number as python-stdnum calls it, such as nl.bsn."""
    pattern: Text | None = None
    """With form pattern: a regular expression (RE2) for the whole value."""
    country: Country | CountryDocument | None = None
    """With form phone or postal_code: whose. With form clean, two letters: whose telephone numbers."""
    find: Text | None = None
    """With form clean: what may not stand in the text, as the mask `detect` has it."""
    mode: Mode = "enforce"
    refs: tuple[Text, ...] = ()
    waive: Waive = ()

    @model_validator(mode="after")
    def _takes_what_it_needs(self) -> "ValidityDocument":
        for name, forms in (("number", {"number"}), ("pattern", {"pattern"})):
            if (getattr(self, name) is not None) != (self.form in forms):
                raise ValueError(f"{name} belongs to form {name}, which needs it")
        if self.country is not None and self.form not in {"phone", "postal_code", "clean"}:
            raise ValueError("country belongs to forms phone, postal_code and clean")
        if self.form == "clean" and isinstance(self.country, CountryDocument):
            raise ValueError("country of form clean is two letters")
        if self.find is not None and self.form != "clean":
            raise ValueError("find belongs to form clean")
        return self


class GroupsDocument(Strict):
    """How many records a group has to have before anything computed from them is shown."""

    id: Word
    description: Text | None = None
    on: OnDocument
    """Of every object that has one of these fields."""
    minimum: Annotated[int, Field(ge=2, le=1_000_000)]
    except_: ExceptDocument | None = Field(default=None, alias="except")
    refs: tuple[Text, ...] = ()
    waive: Waive = ()


class ProtectDocument(Strict):
    """Which fields lie in the CRM as something that only Lychgate can turn back."""

    id: Word
    description: Text | None = None
    on: OnDocument
    as_: Literal["token", "envelope", "deterministic", "digits"] = Field(alias="as")
    element: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")] | None = None
    """What the values are, for ciphertext to be bound to. Left out: the category of each field."""
    domain: Text | None = None
    """Of tokens in e-mail fields: a domain of your own, which receives what is sent to them."""
    search: bool = False
    """Whether equality finds values; with tokens, deterministic ones and digits."""
    leaving: bool = False
    """The way back: what is written from now on is written in clear, and what is protected is still opened."""
    because: Text | None = None
    refs: tuple[Text, ...] = ()
    waive: Waive = ()


class ExtendsDocument(Strict):
    """A floor: rules of a wider organisation, as they were when somebody here read them."""

    file: Text
    """Path of the file, from the folder of this one; it lies in the policy folder too."""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Of the file's bytes."""


class PolicyDocument(Document):
    """`kind: Policy`: grants open, guards close; neither order nor files matter."""

    kind: Literal["Policy"]
    extends: ExtendsDocument | None = None
    """A floor for the whole set: nothing in it comes out more open than its floors alone would have it."""
    mode: Mode = "enforce"
    """No rule of the document is stricter than this."""
    grants: tuple[RuleDocument, ...] = ()
    guards: tuple[RuleDocument, ...] = ()
    validity: tuple[ValidityDocument, ...] = ()
    """What values have to look like when they are written; it opens nothing."""
    minimum_groups: tuple[GroupsDocument, ...] = ()
    """How large groups have to be of which counts, sums and the like are shown; it opens nothing."""
    protect: tuple[ProtectDocument, ...] = ()
    """What lies in the CRM as tokens or ciphertext; who gets it in clear is for grants and guards."""

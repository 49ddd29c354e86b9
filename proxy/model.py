"""The words of Lychgate as frozen values: who asks, what for, about which fields, and what is decided.

Nothing here does I/O, knows HTTP, or holds a field's value. One word per thing, everywhere: in code, in YAML,
on the command line and in the documentation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, Literal


class Action(StrEnum):
    """What is done in the CRM's terms, or how a field is used by it."""

    READ = "read"
    LIST = "list"
    FILTER = "filter"
    SORT = "sort"
    GROUP = "group"
    AGGREGATE = "aggregate"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ERASE = "erase"
    EXPORT = "export"
    SHARE = "share"
    SUBSCRIBE = "subscribe"
    ATTACH = "attach"
    ADMINISTER = "administer"

    # Enum's own is written in Python, and every table here is looked up by actions and effects.
    __hash__ = str.__hash__


DISCLOSING: Final = frozenset({Action.READ, Action.LIST})
"""Actions whose fields come back in the answer, where they are decided again. An export does not: it is
delivered past us."""
WRITING: Final = frozenset({Action.CREATE, Action.UPDATE})
"""Actions whose fields the caller sends."""
QUERYING: Final = frozenset({Action.FILTER, Action.SORT, Action.GROUP, Action.AGGREGATE})
"""Uses of a field that reveal it without returning it: each needs a grant of its own."""


class Effect(IntEnum):
    """What the recipient learns, least restrictive first; the order is the policy language's scale."""

    ALLOW = 0
    MASK = 1
    TOKENIZE = 2
    ENCRYPT = 3
    REDACT = 4
    DENY = 5

    __hash__ = int.__hash__


UNLIMITED: Final = 1 << 30
"""Characters of a field without a limit: what PostgreSQL takes for one value, and more than we let through."""

Taken = Literal["reserved_domains", "unassigned_numbers"]
"""What a CRM may take in its fields though no mail or call gets there: addresses under a top level that nobody
can register (RFC 2606, RFC 6761), and telephone numbers of a country that there is not."""


@dataclass(frozen=True, slots=True)
class CopyOf:
    """Whose value a field repeats: what policy says of that field, it says of the copy."""

    object: str
    field: str
    by: str = ""
    """The field of the same record that names the other one; "" where it repeats a field beside it."""
    direct: bool = True
    """False: what it repeats does so in its turn, of a field beside it."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What a connector says of one field."""

    category: str
    """Dotted class, `user.contact.email`; `unclassified` when nobody has said."""
    tags: frozenset[str] = frozenset()
    semantic: str = "text"
    """How a mask should read it: text, email, phone, name, address, date, iban, number, id, url."""
    type: str = ""
    """What the CRM takes for it: text, number, boolean, date, time; "" when the connector does not say."""
    length: int | None = None
    """The most characters the CRM keeps, `UNLIMITED` where it says that there is no limit; None when the
    connector does not say."""
    copies: tuple[CopyOf, ...] = ()
    """What it repeats; where those are copies of fields beside them, these as well."""
    place: str = field(default="", compare=False)
    """`file:line:column` where the connector lists it, for those who check policies against it."""


@dataclass(frozen=True, slots=True)
class AttributeSpec:
    """One thing that conditions may know of a record, whether or not the caller may see it."""

    field: str
    """Where the CRM keeps it."""
    type: str
    """As conditions write it: string, bool, int, double, timestamp, or a list of one of these."""
    optional: bool = False
    """It may be absent, and a condition has to ask by `has` first."""
    default: object = None
    """What an empty field means; None: the attribute is absent then."""
    words: frozenset[str] | None = None
    """Every text it can be; None when the connector does not say."""


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """What a connector says of one object; a field that is not in `fields` is unclassified."""

    name: str
    fields: Mapping[str, FieldSpec]
    subject_key: str | None = None
    """The field that identifies the data subject behind a record, if the object is about a person."""
    attributes: Mapping[str, AttributeSpec] = field(default_factory=lambda: MappingProxyType({}))
    """What conditions may know of a record, by name."""
    takes: frozenset[Taken] = frozenset()
    """What the CRM is known to take in fields for addresses and telephone numbers."""
    borrowed: Mapping[str, tuple[CopyOf, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The fields that repeat what stands in other records, each with what it repeats there."""
    kin: frozenset[str] = frozenset()
    """The fields that link a record to another of the same object alone, where queries can follow them."""
    place: str = field(default="", compare=False)
    """`file:line:column` where the connector lists it."""


Catalogue = Mapping[str, ObjectSpec]
"""Every object of one CRM that policy has words for, by name."""


@dataclass(frozen=True, slots=True)
class FieldUse:
    """One field and how a request uses it; `action` is filter, sort, group, aggregate, or the operation's."""

    object: str
    field: str
    action: Action


@dataclass(frozen=True, slots=True)
class Operation:
    """What one message does in the CRM's terms."""

    action: Action
    object: str
    uses: tuple[FieldUse, ...] = ()
    """Every field named by the request, select and write included. Empty select = the CRM chooses."""
    records: tuple[str, ...] = ()
    """CRM record ids the request names; personal data, only their pseudonyms are written down."""
    revives: bool = False
    """Whoever is in these records is there again once it is done: out of a recycle bin, or in another record."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """The organisation a principal acts for; comes from the authenticated client, never from a header."""

    name: str
    kind: Literal["internal", "controller", "processor", "third_party"] = "internal"
    country: str = ""
    """ISO 3166-1 alpha-2."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller."""

    id: str
    """`client` or `client/subject`: opaque, checked, at most 128 characters."""
    client: str
    roles: frozenset[str]
    recipient: Recipient
    kind: Literal["human", "integration", "agent"] = "integration"
    via: Literal["api_key", "jwt", "mtls"] = "api_key"


@dataclass(frozen=True, slots=True)
class Credential:
    """Whose credential somebody showed, as pseudonyms: enough to tell whether two can be one person's."""

    who: str
    """The principal."""
    client: str = ""
    subject: str = ""
    """Whom the client's issuer says it is, by whichever client; "" for a credential of the client as a whole."""

    def may_be(self, other: "Credential") -> bool:
        """Say whether two can be one person's: what cannot be told apart is not two people.

        The same subject by way of two clients is one; and who has a client's own key can be any of its people.
        """
        same_client = bool(self.client) and self.client == other.client
        same_subject = bool(self.subject) and self.subject == other.subject
        whole = not (self.subject and other.subject)
        return self.who == other.who or same_subject or (same_client and whole)


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why: `name` is in force; `claimed` is what the client asked for, None when it asked for nothing."""

    name: str
    claimed: str | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """A registered API client, as the vocabulary declares it: the authority for roles and purposes."""

    name: str
    recipient: Recipient
    roles: frozenset[str]
    """Roles of every caller that authenticates with this client's key or certificate; for a JWT the upper
    bound of what its claims may give."""
    purposes: frozenset[str]
    default_purpose: str | None = None
    kind: Literal["human", "integration", "agent"] = "integration"
    key_digests: frozenset[str] = frozenset()
    """Lower-case hex SHA-256 of 256-bit random API keys."""
    sans: frozenset[str] = frozenset()
    """Certificate names, `dns:x` or `uri:y`."""
    jwt: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """`issuer`, and the `claim`/`value` that mark a token as this client's."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a value has to look like before it is written; checked when policy loads."""

    kind: str
    """email, phone, iban, postal_code, date, number, pattern or clean."""
    number: str = ""
    """Of kind number: a national number as python-stdnum names it, `nl.bsn`."""
    pattern: str = ""
    """Of kind pattern: a regular expression (RE2) for the whole value."""
    country: str = ""
    """Of kind phone or postal_code: two letters, where the record does not say. Of kind clean: two letters."""
    country_field: str = ""
    """Of the same: the field of the written record that says it, by two letters or by its name in English."""
    find: str = ""
    """Of kind clean: what may not stand in the text, as `proxy.detect` has it."""


ALWAYS_SAME: Final = frozenset({"deterministic", "digits"})
"""Kinds of protection by which the same value is the same text each time; nothing of it is kept with us."""


@dataclass(frozen=True, slots=True)
class Protection:
    """How the values of one field lie in the CRM: as something that only we can turn back."""

    rule: str
    """Id of the entry in policy that asks for it."""
    connector: str
    object: str
    field: str
    kind: Literal["token", "envelope", "deterministic", "digits"]
    element: str
    """What the value is, whichever CRM keeps it where: ciphertext opens for this element alone."""
    form: str = ""
    """Of tokens: the name of what they look like."""
    domain: str = ""
    """Of tokens in e-mail fields: the organisation's own."""
    normaliser: str = ""
    """What makes two values equal, if the field can be searched; "" if it cannot."""
    room: int | None = None
    """The most bytes that a value may have, so that what stands for it fits; None: any."""
    leaving: bool = False
    """Values are written in clear, and those that are protected still opened."""


Protections = Mapping[str, Mapping[str, Protection]]
"""Object -> field -> how it is protected; empty where nothing is."""


@dataclass(frozen=True, slots=True)
class Mask:
    """One way to make a value say less; `params` are plain strings and ints, checked when policy loads."""

    name: str
    kind: str
    params: tuple[tuple[str, str | int], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What policy says of one field: an effect, how to carry it out, and which rule said so."""

    effect: Effect
    mask: Mask | None = None
    """Set when, and only when, `effect` is MASK."""
    rule: str = ""
    """Id of the deciding rule; "" when no grant matched. Goes to the ledger, never to the client."""
    warned: bool = False
    """The deciding rule is in mode warn: it holds, and whoever reads the ledger wants to hear of it."""
    would: str = ""
    """`redact by RULE`: what this would have been if rules in mode audit held; "" where nothing changes."""


DENIED: Final = Outcome(Effect.DENY)
"""Where evaluation starts: no grant, no access."""


Facts = Mapping[str, object]
"""Attributes of one record, by the names the connector gives them."""


@dataclass(frozen=True, slots=True)
class Access:
    """The question put to policy: may this principal, for this purpose, do this to this object's fields?"""

    principal: Principal
    purpose: Purpose
    action: Action
    object: str
    facts: Facts | None = None
    """Attributes of the record that conditions may look at, never written down; None: there is no record, or
    nothing is known of it, and whatever looks at it is an error."""
    now: datetime | None = None
    """The time of the request, the same for all that is decided in it; None: to look at it is an error."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for every field of one object: whatever is not in `outcomes` is denied."""

    action: Action
    object: str
    outcomes: Mapping[str, Outcome]
    """Field -> outcome; `""` is the record itself. Shared between exchanges and immutable."""
    by_record: bool = False
    """Another record of the object may come out differently."""

    def of(self, name: str) -> Outcome:
        """Return what policy says of one field; DENIED for one nobody granted."""
        return self.outcomes.get(name, DENIED)

    @property
    def warnings(self) -> frozenset[str]:
        """Ids of the rules in mode warn that decided a field."""
        return frozenset(outcome.rule for outcome in self.outcomes.values() if outcome.warned)

    @property
    def would(self) -> tuple[str, ...]:
        """`object.field: redact by RULE` for every field that rules in mode audit would have changed, sorted."""
        return tuple(
            sorted(
                f"{dotted(self.object, name)}: {outcome.would}"
                for name, outcome in self.outcomes.items()
                if outcome.would
            )
        )


def dotted(name: str, field: str) -> str:
    """Return `object.field`, or the object alone where the field is the record itself."""
    return f"{name}.{field}" if field else name


Stage = Literal[
    "adapter", "connector", "identity", "subjects", "policy", "transform", "ledger", "upstream", "release"
]
"""Where an exchange ended: the numbered steps of `enforce`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, as the ledger keeps it: names, counts and pseudonyms, never a value.

    Subclasses are the closed set of things that can happen. Their fields are str, int (< 2**53), bool, or
    tuples of str, so that the canonical form is the same in every language.
    """

    kind: ClassVar[str] = "entry"
    id: str
    """The exchange's decision id; the same in `Requested` and in its outcome. For the rest, their own."""
    lane: str


@dataclass(frozen=True, slots=True)
class Requested(Entry):
    """The CRM is about to be asked; durable before anything leaves."""

    kind: ClassVar[str] = "requested"
    principal: str
    client: str
    recipient: str
    purpose: str
    purpose_claimed: str
    operations: tuple[str, ...]
    """`action object`, in order."""
    fields: tuple[str, ...]
    """`action object.field` in the connector's names; unknown ones appear as `unclassified`."""
    records: tuple[str, ...]
    """Pseudonyms of the record ids the request names."""
    rules: tuple[str, ...]
    policy: str
    """Digest of the policy set that decided."""
    roles: tuple[str, ...] = ()
    """Of the caller, sorted; with these, the fields and the purpose, the decision can be made again."""
    connector: str = ""
    warned: tuple[str, ...] = ()
    """Ids of the rules in mode warn that decided something."""
    would: tuple[str, ...] = ()
    """`object.field: redact by RULE`: what rules in mode audit would have changed."""


@dataclass(frozen=True, slots=True)
class Declined(Entry):
    """Lychgate said no; nothing went to the CRM, or nothing came back from it."""

    kind: ClassVar[str] = "declined"
    principal: str
    client: str
    recipient: str
    purpose: str
    operations: tuple[str, ...]
    stage: Stage
    reason: str
    detail: str
    status: int
    rules: tuple[str, ...]
    policy: str
    roles: tuple[str, ...] = ()
    connector: str = ""
    fields: tuple[str, ...] = ()
    """`action object.field` of what policy was asked about; empty when it ended before that."""


@dataclass(frozen=True, slots=True)
class Disclosed(Entry):
    """An answer is about to be released; durable before its first byte."""

    kind: ClassVar[str] = "disclosed"
    principal: str
    client: str
    recipient: str
    purpose: str
    status: int
    records: int
    """Of the whole answer; of one in rows, those that are let go with this part and were not counted in
    another."""
    part: int
    """1-based: an answer about many people takes several entries with the same id."""
    parts: int
    """How many; 0 in those of an answer in rows but for its last: rows go out before their number is known."""
    subjects: tuple[str, ...]
    """Pseudonyms of the data subjects in this part of the answer."""
    categories: tuple[str, ...]
    """Categories of the fields released, in clear or transformed."""
    fields: tuple[str, ...]
    """`effect object.field` of every field that came back, denied ones included."""
    rules: tuple[str, ...]
    policy: str
    roles: tuple[str, ...] = ()
    connector: str = ""
    warned: tuple[str, ...] = ()
    """Ids of the rules in mode warn that decided something."""
    would: tuple[str, ...] = ()
    """`object.field: redact by RULE`: what rules in mode audit would have changed."""
    facts: tuple[str, ...] = ()
    """`action object MARK,MARK: 10 1e`: how conditions came out for the records of the answer, true, false or in
    error, each combination once; in the first part only. See `proxy.policy.witness`."""


@dataclass(frozen=True, slots=True)
class Failed(Entry):
    """The CRM was contacted, and its answer was not released in good order; what it did there may be unknown.

    After a `Disclosed` of the same id it says that the answer was cut short on its way: what is disclosed had
    been let go, and the client may have got all of it, a part, or nothing. Both stay on record. To withdraw the
    disclosure would be to say that nobody has the data, which nobody can know.
    """

    kind: ClassVar[str] = "failed"
    stage: Stage
    reason: str
    detail: str
    status: int


@dataclass(frozen=True, slots=True)
class Erasure(Entry):
    """Something about one erasure; `id` is that of its case. No record id, no name, no value."""

    kind: ClassVar[str] = "erasure"
    what: str
    """opened, asked_again, planned, held, agreed, restricted, intent, outcome, notified, certified, ..."""
    step: str = ""
    """`do object PSEUDONYM` of intent and outcome."""
    how: str = ""
    """A constant word: how it came out, or the state that was reached."""
    who: str = ""
    """Pseudonym of the principal, where a person did it."""
    digest: str = ""
    """Hash of the plan that was agreed to, or of the certificate's text."""
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Noted(Entry):
    """Something about the proxy itself: started, stopped, policy activated or refused, torn tail cut."""

    kind: ClassVar[str] = "noted"
    what: str
    detail: str

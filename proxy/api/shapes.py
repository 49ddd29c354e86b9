"""What is sent to the API and what comes back, as models from which the OpenAPI document takes its schemas.

What is sent is checked against them. What comes back is what `Erasures.do` says; the tests hold that it fits.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from proxy.erasure.states import State
from proxy.yamlfile import Strict

PRINTED = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""One line of text: what a terminal would obey has no place in what people type."""
Text = Annotated[str, Field(min_length=1, max_length=2_000, pattern=PRINTED)]
Word = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
Category = Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$", max_length=200)]
Law = Literal["gdpr", "ccpa", "appi", "privacy_act", "pipeda", "hipaa"]
Identity = Literal["account", "document", "callback", "in_person", "representative", "not_needed"]
Denial = Literal[
    "suspected_fraud", "insuf_verification", "no_match", "claim_not_covered", "outside_jurisdiction",
    "too_many_requests", "other",
]  # fmt: skip


class Sent(Strict):
    """Base of what is sent: nothing but what is listed, and nothing is coerced."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class NamedValue(Sent):
    """A value that names the person."""

    kind: Literal["email", "phone", "id"]
    value: Annotated[str, Field(min_length=4, max_length=320)]


class Opening(Sent):
    """A case to be opened, about the person behind some records or values."""

    records: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[^/]+/[^/]+/.+$", max_length=400)], ...], Field(max_length=50)
    ] = ()
    """`lane/object/id` of each."""
    values: Annotated[tuple[NamedValue, ...], Field(max_length=50)] = ()
    law: Law | None = None
    """Left out: as the policies say."""
    ground: Word | None = None
    """In the law's words."""
    identity: Identity | None = None
    """How it was made sure that the person asked; without it the case waits."""
    reference: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """What the request is called where it comes from; sent again it is the same case."""


class Planning(Sent):
    """What is asked with a plan."""

    identity: Identity | None = None
    """How it was made sure that the person asked, if the case waits for that."""


class Confirming(Sent):
    """Agreement to a plan; a second person sends the same with a credential of their own."""

    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")]
    """The plan's, or at least its first twelve digits."""


class Running(Sent):
    """A case to be carried out."""

    again: bool = False
    """Repeat one that is stuck, or has left something."""


class Because(Sent):
    """A reason; the person may be told it."""

    because: Text


class Accepting(Because):
    """Agreement to leave a case at what CRMs refuse to delete or to change."""

    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")]
    """What `left` of the case is: what it is left at is what was looked at, and no more."""


class Denying(Because):
    """Why a case is denied."""

    why: Denial


class Holding(Because):
    """What has to stay."""

    owner: Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTED)] | None = None
    """Who lifts it; left out: the client that asks."""
    categories: Annotated[tuple[Category, ...], Field(max_length=50)] = ()
    """Empty: everything of the person."""


class Excepting(Holding):
    """An exception of the law; naming no categories it denies the case."""

    word: Word
    """In the law's words: legal_duty, legal_claims, ..."""


class Acknowledging(Sent):
    """A recipient has been told."""

    recipient: Word | None = None
    """Left out: the recipient for whom the client acts. Only who agrees to erasures may name another."""
    note: Annotated[str, Field(max_length=2_000, pattern=PRINTED)] = ""


class Allowing(Sent):
    """A new lawful basis to store somebody again who was erased."""

    basis: Annotated[str, Field(min_length=1, max_length=200)]


class Told(BaseModel):
    """Base of what comes back: nothing but what is listed."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Trouble(Told):
    """Why something was not done (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    """A sentence for a person; no value of anybody's data."""


class CaseInShort(Told):
    """How far a case is."""

    case: str
    state: State
    law: Law
    due: Annotated[str, Field(json_schema_extra={"format": "date"})]
    used_percent: int
    """Of the law's time."""
    clock: Literal["", "near", "passed"]
    extended: bool
    steps: int
    done: int
    reason: str
    """Why it is where it is."""
    denied: Literal["", Denial]
    busy: bool
    """It is being moved at this moment."""
    trouble: str
    """Why it could not be moved the last time."""


class Agreed(Told):
    """Somebody agreed."""

    who: str
    """A pseudonym."""
    at: int
    """Seconds since the epoch."""


class LeavingTold(Agreed):
    """Somebody agreed to leave it at what CRMs refuse."""

    because: str


class HoldTold(Told):
    """A hold that stands."""

    hold: str
    because: str
    owner: str
    categories: list[str]


class ExceptionTold(Told):
    """An exception that is applied."""

    exception: str
    word: str
    provision: str
    because: str
    owner: str
    categories: list[str]


class FindingTold(Told):
    """What a check says of one place."""

    lane: str
    place: str
    verdict: Literal["erased", "pending", "residue", "refused", "unverifiable", "kept"]
    how: str
    count: int
    until: str
    why: str


class RecipientTold(Told):
    """Who got the person's data (GDPR Art. 19)."""

    recipient: str
    disclosures: int
    sent: int
    """When a message was taken by it, in seconds since the epoch; 0 = not yet, or a person tells it."""
    tries: int
    trouble: str
    """Why the last message was not taken."""
    acknowledged: int
    """When, in seconds since the epoch; 0 = not yet."""


class IssuedTold(Told):
    """A certificate that was signed."""

    edition: Literal["live-complete", "final", "live-incomplete", "final-incomplete"]
    text: str
    """The signed note, without the proof that the ledger holds it."""
    seq: int


class CaseWhole(CaseInShort):
    """All that can be told of a case."""

    ground: str
    source: str
    follows: str
    """The case that this one goes on with: of records that came while that was carried out."""
    followed: str
    """The case that goes on with this one."""
    identity: str
    plan: str
    short: str
    """What has to be sent, at least, to agree to the plan."""
    summary: list[str]
    """What whoever agrees has to have read."""
    people_needed: int
    agreed: list[Agreed]
    left: str
    """What has to be sent to leave the case at what CRMs refuse; "" if that is not all that is left."""
    leaving: list[LeavingTold]
    extension: str
    holds: list[HoldTold]
    exceptions: list[ExceptionTold]
    findings: list[FindingTold]
    recipients: list[RecipientTold]
    issued: list[IssuedTold]


class CaseList(Told):
    """Some cases, oldest first."""

    cases: list[CaseInShort]
    next: str
    """To be sent as `after` for the cases that follow; "" if there are none."""


class Acknowledged(Told):
    """A recipient was told."""

    case: str
    recipient: str
    acknowledged: int
    """When, in seconds since the epoch."""


class Allowed(Told):
    """Who may be stored again."""

    case: str
    values: int
    """So many values that name the person."""


class Return(Told):
    """Somebody erased would have been stored again; it was refused."""

    case: str
    lane: str
    first: int
    """Seconds since the epoch, as `last`."""
    last: int
    count: int


class Returns(Told):
    """The worklist of those, oldest first."""

    returns: list[Return]


class BatchTold(Told):
    """The cases that one sweep has opened, as one."""

    batch: str
    cases: list[str]
    states: dict[str, int]
    """How many are where."""
    to_confirm: int
    people_needed: int
    hash: str
    """Over the cases and their plans; "" if nothing can be agreed to."""
    short: str
    summary: list[str]


class NotAgreedTold(Told):
    """A case of a batch that was not agreed to."""

    case: str
    why: str


class BatchAgreed(Told):
    """What became of an agreement to a batch."""

    cases: list[CaseInShort]
    refused: list[NotAgreedTold]

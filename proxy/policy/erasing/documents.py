"""`kind: Erasure`: what a delete or a withdrawn consent comes to, and who has to agree before somebody is
erased."""

from typing import Annotated, Final, Literal

from pydantic import Field

from proxy.policy.documents import Document, OnDocument, Some, Text, Waive, Word
from proxy.yamlfile import Strict

Then = Literal["pass", "convert", "case", "refuse"]
"""The delete goes to the CRM as it is; a real erasure takes its place at once; a case is opened, in which people
agree first; it is refused. In this order each is stricter than the one before."""
LawName = Literal["gdpr", "ccpa", "appi", "privacy_act", "pipeda", "hipaa"]
LONGEST_VALID: Final = 168
"""Hours for which an agreement may hold at most."""
Hours = Annotated[int, Field(ge=0, le=8760)]


class ConsentDocument(Strict):
    """Who agrees."""

    roles: Some
    """Whoever has one of them may confirm and approve."""
    people: Annotated[int, Field(ge=1, le=5)] = 1
    """How many, each with a credential of their own."""
    cooling_off_hours: Hours = 0
    """Between the first agreement and the first step; fewer than `valid_hours`."""
    valid_hours: Annotated[int, Field(ge=1, le=LONGEST_VALID)] = 24
    """How long an agreement holds."""
    bulk_more_than: Annotated[int, Field(ge=1)] = 10
    """Confirming more cases than this in one go takes `bulk_people`."""
    bulk_people: Annotated[int, Field(ge=1, le=5)] = 2
    """The quorum."""


class ErasureRuleDocument(Strict):
    """What a delete of some records comes to."""

    id: Word
    """Stands once in the whole set, rules of access included."""
    description: Text | None = None
    """For people."""
    on: OnDocument = Field(default_factory=OnDocument)
    """Which objects: connectors and objects only; a delete takes the record as a whole."""
    actions: tuple[Literal["delete", "erase"], ...] = ("delete", "erase")
    """Of the two ways in which a CRM lets go of records."""
    roles: Some | None = None
    """Whose deletes; left out: everybody's."""
    then: Then
    """What it comes to."""
    answer: Literal["done", "accepted"] = "accepted"
    """What clients are told while a case is open, in their CRM's words: as if it were done, or as not yet."""
    ground: Word | None = None
    """Which ground of the law; a case needs one."""
    because: Text | None = None
    """Why it is refused."""
    waive: Waive = ()
    """Warnings that may stand until a day."""


class OtherBasisDocument(Strict):
    """Records that may be processed though the consent is withdrawn (GDPR Art. 17(1)(b), its last words)."""

    because: Text
    """In a sentence."""
    refs: Some
    """The provisions; without one it would be no basis."""
    when: object
    """On which records; what cannot be answered opens no case and is reported."""


class WithdrawalDocument(Strict):
    """What follows once somebody has withdrawn their consent."""

    id: Word
    """Stands once in the whole set, rules of access included."""
    description: Text | None = None
    """For people."""
    on: OnDocument = Field(default_factory=OnDocument)
    """Which objects: connectors and objects only."""
    consent: Text
    """What was consented to, as a purpose of the vocabulary has it and the CRM's records."""
    when: object = None
    """What a record says that shows it; left out: it is seen only as the consent goes from the record's
    `consents`."""
    then: Literal["case", "report"] = "case"
    """A case is opened, in which people agree first; or it is only told."""
    ground: Word | None = None
    """Which ground of the law; a case needs one."""
    unless: tuple[OtherBasisDocument, ...] = ()
    """Records that another basis lets stay."""
    waive: Waive = ()
    """Warnings that may stand until a day."""


class ErasureDocument(Document):
    """`kind: Erasure`: the law that erasures are under, who agrees, and what deletes and withdrawals come to."""

    kind: Literal["Erasure"]
    law: LawName = "gdpr"
    """Whose clocks and grounds hold."""
    consent: ConsentDocument | None = None
    """Who agrees; without one nobody can be erased through Lychgate."""
    returns: Literal["refuse", "quarantine"] = "refuse"
    """What becomes of a write that would store somebody again who was erased. It is never done; `quarantine`
    tells the client that somebody will decide (409), after which it can be sent again."""
    rules: tuple[ErasureRuleDocument, ...] = ()
    """What deletes come to; what no rule names goes to the CRM, if a grant allows it."""
    withdrawals: tuple[WithdrawalDocument, ...] = ()
    """What follows when somebody withdraws a consent."""

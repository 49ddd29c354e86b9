"""`kind: Retention`: how long data are kept, counted from when, what happens then, and what forbids it."""

import re
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from proxy.policy.documents import Document, LawfulBasis, OnDocument, Some, Text, ValidDocument, Waive, Word
from proxy.yamlfile import Strict

PERIOD: Final = r"^P([0-9]{1,3}Y([0-9]{1,4}M)?([0-9]{1,5}D)?|[0-9]{1,4}M([0-9]{1,5}D)?|[0-9]{1,3}W|[0-9]{1,5}D)$"


def _period(given: str) -> str:
    # Not by a pattern of the model, whose problem would be that pattern.
    if not re.fullmatch(PERIOD, given) or given.endswith("\n"):
        raise ValueError(
            f'"{given[:40]}" is no period; write years, months, weeks or days: P10Y, P24M, P6W, P30D'
        )
    return given


Period = Annotated[str, AfterValidator(_period), WithJsonSchema({"type": "string", "pattern": PERIOD})]
"""A length of time by the calendar, as in ISO 8601: `P10Y`, `P24M`, `P6W`, `P30D`, `P1Y6M`."""
Then = Literal["erase", "review", "keep"]
"""When a rule is due: erasure is proposed, or somebody looks. `keep` is a duty: nothing goes before it ends."""


class ExemptionDocument(Strict):
    """Records that a rule leaves alone, as a law demands or allows."""

    because: Text
    """In a sentence."""
    refs: Some
    """The provisions; without one it would be no ground."""
    when: object = None
    """On which records; left out: on all of them."""
    until: date | None = None
    """Last day (UTC)."""


class RetentionRuleDocument(Strict):
    """How long some fields, or whole records, are kept."""

    id: Word
    """Stands once in the whole set, rules of access included."""
    description: Text | None = None
    """For people."""
    on: OnDocument = Field(default_factory=OnDocument)
    """Which fields; without categories, tags and fields the record as a whole."""
    when: object = None
    """Conditions on the record; what cannot be answered erases nothing."""
    clock: Text | Some
    """What the time is counted from: an attribute of the record of type timestamp, `resource.last_activity`;
    of several the first that the record has."""
    keep: Period
    """How long, by the calendar: P24M."""
    then: Then
    """What follows: erase is proposed, review asks somebody, keep is a duty not to erase before."""
    grace: Period | None = None
    """Time between being due and being carried out."""
    basis: LawfulBasis
    """What makes it lawful to keep the data until then."""
    exceptions: tuple[ExemptionDocument, ...] = ()
    """Records that the rule leaves alone, each with the provision behind it."""
    valid: ValidDocument | None = None
    """First and last day in force."""
    refs: tuple[Text, ...] = ()
    """Legal references; a duty needs one."""
    waive: Waive = ()
    """Warnings that may stand until a day."""


class HoldDocument(Strict):
    """Data that must stay as they are, whatever is due: a legal hold."""

    id: Word
    """Stands once in the whole set."""
    because: Text
    """Why."""
    owner: Text
    """Who lifts it."""
    on: OnDocument = Field(default_factory=OnDocument)
    """Which fields; without categories, tags and fields the record as a whole."""
    when: object = None
    """On which records; what cannot be answered is held."""
    until: date | None = None
    """Last day (UTC); none: until it is taken out."""
    refs: tuple[Text, ...] = ()
    """Legal references."""
    waive: Waive = ()
    """Warnings that may stand until a day."""


class RetentionDocument(Document):
    """`kind: Retention`: rules that say when data are due, and holds that keep them. Several add up."""

    kind: Literal["Retention"]
    rules: tuple[RetentionRuleDocument, ...] = ()
    """How long what is kept."""
    holds: tuple[HoldDocument, ...] = ()
    """What stays, whatever is due."""

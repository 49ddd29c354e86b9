"""What a pack says of itself: the law, what no machine controls, and a pair of tests for each rule."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from proxy.model import Action
from proxy.policy.documents import Document, Some, Text, Word
from proxy.yamlfile import Strict


class ProvisionDocument(Strict):
    """A provision, and what there is to say of it."""

    ref: Text
    """Article, section or principle."""
    what: Text
    """In a sentence."""


class ClockDocument(Strict):
    """A term that the law sets. It is here to be read, less what it asks for."""

    ref: Text
    """Article, section or principle."""
    what: Text
    """What has to be done."""
    period: Text
    """Within which time, in words."""
    asks: Literal["retention"] | None = None
    """The law leaves the time to whoever keeps the data, so that a Retention rule has to say it (LG134)."""


class OutsiderDocument(Strict):
    """An organisation that data goes to, made up for a test."""

    kind: Literal["internal", "controller", "processor", "third_party"] = "internal"
    """As for any recipient."""
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    """Two letters; none is an unknown country."""
    listed: bool = False
    """It stands in every set that the pack needs."""


class Probe(Strict):
    """One question about one field, of a caller to whom grants give everything."""

    category: Text | None = None
    """Of the field."""
    tag: Text | None = None
    """Of the field, in place of a category that matters."""
    action: Action = Action.READ
    """What is done."""
    purpose: Text = "work"
    """What for: a purpose of the pack, or work, which is none."""
    recipient: OutsiderDocument = Field(default_factory=OutsiderDocument)
    """For whom."""
    kind: Literal["human", "integration", "agent"] = "integration"
    """Who asks."""
    consents: tuple[Text, ...] = ()
    """What the person behind the record consents to."""

    @model_validator(mode="after")
    def _one_field(self) -> "Probe":
        if (self.category is None) == (self.tag is None):
            raise ValueError("a probe needs category or tag, and not both")
        return self


class PackTest(Strict):
    """How a rule is tried: it decides the one, and leaves the other open."""

    rule: Word
    """Id of a guard of the pack."""
    closes: Probe
    """What the guard decides."""
    leaves: Probe
    """What stays open."""


class PackDocument(Document):
    """`kind: Pack`: what stands beside the guards of one law, in `packs/NAME/`."""

    kind: Literal["Pack"]
    law: Text
    """Its name, as people cite it."""
    version: Annotated[int, Field(ge=1)]
    """Of the pack; a higher one replaces it."""
    effective_from: date
    """Since when the law, as it is taken here, is in force."""
    effective_until: date | None = None
    """Until when; none if no end is known."""
    sources: Some
    """Where the law can be read."""
    reviewed_on: date
    """When somebody last held the pack against the sources."""
    needs: dict[Word, Text] = Field(default_factory=dict)
    """Sets that the vocabulary of whoever takes the pack in has to have, and what belongs in them."""
    by_design: tuple[ProvisionDocument, ...] = ()
    """Provisions that no rule of the pack is about, because something in Lychgate serves them for every set."""
    clocks: tuple[ClockDocument, ...] = ()
    """Terms, for people; of those that ask for retention `check` sees that there is a rule."""
    not_covered: Annotated[tuple[ProvisionDocument, ...], Field(min_length=1)]
    """What no machine controls here. Without it a pack could be read as compliance."""
    tests: Annotated[tuple[PackTest, ...], Field(min_length=1)]
    """A pair for each rule: what it closes, and what it leaves."""

"""What a person writes to test a policy: the kind PolicyTest, names not yet linked."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from proxy.message import Tree
from proxy.model import Action
from proxy.policy.documents import Metadata, Some, Text, Word
from proxy.yamlfile import Strict

OTHERS = "*"
"""Key of `expect` for every listed field that is not named there."""
ITSELF = "(record)"
"""Key of `expect` for the record itself, as in the output of `policy matrix`."""


class RecordDocument(Strict):
    """A made-up record."""

    object: Text | None = None
    connector: Text | None = None
    """Needed where several CRMs have an object of this name."""
    extends: Text | None = None
    """Another record, whose attributes and fields are taken over where this one has none."""
    attributes: dict[str, Tree] = Field(default_factory=dict)
    """What conditions know of it, by the connector's names."""
    fields: dict[str, Tree] = Field(default_factory=dict)
    """Values, for what the test expects of them; other fields are tested without one."""


class CallerDocument(Strict):
    """Somebody who asks: a registered client, or any roles on behalf of a recipient."""

    client: Text | None = None
    roles: Some | None = None
    recipient: Text | None = None
    kind: Literal["human", "integration", "agent"] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "CallerDocument":
        if self.client is not None and (self.roles or self.recipient or self.kind):
            raise ValueError("a client says roles, recipient and kind itself; give client alone, or these")
        if self.client is None and (self.roles is None or self.recipient is None):
            raise ValueError("a caller needs client, or roles and recipient")
        return self


class AskDocument(Strict):
    """Who asks for what; a row of a table takes from its test what it does not say itself."""

    name: Text | None = None
    caller: Text | None = None
    purpose: Text | None = None
    action: Action | None = None
    record: Text | None = None
    expect: Annotated[dict[str, Tree], Field(min_length=1)] | None = None


class TestDocument(AskDocument):
    """One test: one case, or a table of them."""

    __test__ = False

    name: Text
    table: tuple[AskDocument, ...] | None = None


class PolicyTestDocument(Strict):
    """`kind: PolicyTest`: what has to come out for made-up records at a fixed time."""

    apiVersion: Literal["lychgate.dev/v1"]  # noqa: N815 - the word users know from other tools
    kind: Literal["PolicyTest"]
    metadata: Metadata | None = None
    now: AwareDatetime
    """The time at which all tests of the document are made."""
    records: dict[Word, RecordDocument] = Field(default_factory=dict)
    callers: dict[Word, CallerDocument] = Field(default_factory=dict)
    tests: tuple[TestDocument, ...]

"""A test with every name resolved: who asks, about which record, and what has to come out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from proxy.message import Tree
from proxy.model import Action, Decision, Effect, Facts, Principal
from proxy.policy.explain import Question

CarryOut = Callable[[Decision, str, str, Mapping[str, Tree]], Mapping[str, Tree]]
"""(decision, connector, object, fields) -> fields as the caller gets them; whoever can apply masks provides it.
Raises `proxy.errors.LychgateError` where it cannot be done."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What has to come of one field: an effect, with a mask if one is named, or an exact value."""

    text: str
    """As it was written."""
    effect: Effect | None = None
    mask: str = ""
    """Name of the mask; "" where any will do."""
    value: Tree = None
    """Where `effect` is None."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question to policy, and what has to come out."""

    name: str
    place: str
    """`file:line:column`."""
    caller: str
    """Its name in the document."""
    record: str
    now: datetime
    principal: Principal
    purpose: str
    action: Action
    connector: str
    object: str
    facts: Facts
    fields: Mapping[str, Tree]
    expected: Mapping[str, Expected]
    """By field, `""` for the record itself; what stood under `*` is spelled out."""

    def question(self, field: str) -> Question:
        """Return what is asked about one field."""
        who = self.principal
        return Question(
            self.connector, self.object, field, self.action, who.roles, self.purpose, who.recipient.name
        )

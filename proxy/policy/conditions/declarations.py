"""What conditions may speak about: the record's attributes, who asks and why, sets, and named conditions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from proxy.model import Principal, Purpose
from proxy.policy.conditions.kinds import STRING, Type, set_of
from proxy.policy.conditions.syntax import Expr

CONSENTS: Final = "consent()"
"""The fact that `consent` looks at: a set of the purposes that the person behind the record consents to now.
No attribute can have this name."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing known of a record or a caller."""

    type: Type
    optional: bool = False
    """It may be absent, and a condition must ask with `has` before it uses it. An attribute that is not
    optional can be absent all the same; to use it then is an error, which no rule takes for a yes."""
    words: frozenset[str] | None = None
    """Every text it can be, or its items can be; None when they are not known beforehand."""


CONTEXT: Final[Mapping[str, Attribute]] = MappingProxyType(
    {
        "principal.id": Attribute(STRING),
        "principal.client": Attribute(STRING),
        "principal.kind": Attribute(STRING, words=frozenset({"human", "integration", "agent"})),
        "principal.roles": Attribute(set_of(STRING)),
        "recipient.name": Attribute(STRING),
        "recipient.kind": Attribute(
            STRING, words=frozenset({"internal", "controller", "processor", "third_party"})
        ),
        "recipient.country": Attribute(STRING),
        "purpose": Attribute(STRING),
    }
)
"""What is known of every request."""


@dataclass(frozen=True, slots=True)
class Declarations:
    """Everything that one condition may name."""

    attributes: Mapping[str, Attribute] = field(default_factory=lambda: MappingProxyType({}))
    """`resource.NAME`, of one object."""
    sets: Mapping[str, Collection[str]] = field(default_factory=lambda: MappingProxyType({}))
    """`sets.NAME`."""
    variables: Mapping[str, Expr] = field(default_factory=lambda: MappingProxyType({}))
    """`variables.NAME`: a condition that stands for itself wherever it is named."""
    words: Mapping[str, Collection[str]] = field(default_factory=lambda: MappingProxyType({}))
    """Path of CONTEXT -> every text that the vocabulary knows for it: roles, purposes, clients, recipients.
    A condition that compares with another one is mistaken."""

    def of_context(self, path: str) -> Attribute | None:
        """Return what is declared of `purpose`, `principal.NAME` or `recipient.NAME`; None if nothing is."""
        known = CONTEXT.get(path)
        if known is None or path not in self.words:
            return known
        return Attribute(known.type, known.optional, frozenset(self.words[path]))


def context_of(principal: Principal, purpose: Purpose) -> Mapping[str, object]:
    """Return the values of CONTEXT for one request; a country that nobody registered is left out."""
    recipient = principal.recipient
    context: dict[str, object] = {
        "principal.id": principal.id,
        "principal.client": principal.client,
        "principal.kind": str(principal.kind),
        "principal.roles": principal.roles,
        "recipient.name": recipient.name,
        "recipient.kind": str(recipient.kind),
        "purpose": purpose.name,
    }
    if recipient.country:
        context["recipient.country"] = recipient.country
    return context

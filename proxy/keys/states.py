"""The life of a key encryption key, after NIST SP 800-57 part 1 rev. 5 §7, as one table.

Ours is the authoritative one: providers differ in what they call suspended or destroyed.
"""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """How an epoch stands."""

    PRE_ACTIVE = "pre-active"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Everything that needs it is refused until it is resumed."""
    DEACTIVATED = "deactivated"
    """Opens what it wrapped, wraps nothing new."""
    COMPROMISED = "compromised"
    """As deactivated, and told to everybody who looks."""
    DESTROY_PENDING = "destroy-pending"
    DESTROYED = "destroyed"


WRAPS: Final = frozenset({State.ACTIVE})
UNWRAPS: Final = frozenset({State.ACTIVE, State.DEACTIVATED, State.COMPROMISED})
ENDED: Final = frozenset({State.DESTROY_PENDING, State.DESTROYED})
"""Whatever was wrapped under such a key is gone for good."""

STEPS: Final[dict[State, frozenset[State]]] = {
    State.PRE_ACTIVE: frozenset({State.ACTIVE, State.COMPROMISED, State.DESTROYED}),
    State.ACTIVE: frozenset({State.SUSPENDED, State.DEACTIVATED, State.COMPROMISED}),
    State.SUSPENDED: frozenset({State.ACTIVE, State.DEACTIVATED, State.COMPROMISED}),
    State.DEACTIVATED: frozenset({State.SUSPENDED, State.COMPROMISED, State.DESTROY_PENDING, State.DESTROYED}),
    State.COMPROMISED: frozenset({State.DESTROY_PENDING, State.DESTROYED}),
    State.DESTROY_PENDING: frozenset({State.DESTROYED}),
    State.DESTROYED: frozenset(),
}
"""What may become of it; whatever is not here is refused."""
